package feed_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/feed"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
)

func start() *string {
	c := feed.Cursor(0)
	return &c
}

func TestReaderThatReconnectsSeesEveryEventOnceAndInOrderWhileTwoServersWrite(t *testing.T) {
	t.Parallel()
	const batches, size = 60, 7
	const all = 2 * batches * size
	b := newBooks(t)
	one, _ := b.hub(t)
	two, _ := b.hub(t)
	user, resource := b.user(t), b.resource(t, "")

	var writers sync.WaitGroup
	for w := range 2 {
		writers.Go(func() {
			for i := range batches {
				b.batch(t, size, user, resource, "")
				if (i+w)%2 == 0 {
					b.notify(t) // the rest is found by polling
				}
			}
		})
	}
	read := func(hubs ...*feed.Hub) func() {
		return func() {
			cursor, seq := start(), int64(0)
			for round := 0; seq < all; round++ {
				ctx, leave := context.WithCancel(t.Context())
				sub, err := hubs[round%len(hubs)].Transactions(ctx, cursor)
				require.NoError(t, err)
				for range 1 + rand.IntN(100) {
					e := next(t, sub.C)
					require.Equal(t, seq+1, e.Seq)
					cursor, seq = &e.Cursor, e.Seq
					if seq == all {
						break
					}
				}
				leave()
				for range sub.C { // what was on its way is not read: the cursor counts
				}
				require.ErrorIs(t, sub.Err(), context.Canceled)
			}
		}
	}
	var readers sync.WaitGroup
	readers.Go(read(one, two))
	readers.Go(read(two))
	readers.Go(func() { // stays connected
		sub, err := one.Transactions(t.Context(), start())
		require.NoError(t, err)
		for seq := int64(1); seq <= all; seq++ {
			require.Equal(t, seq, next(t, sub.C).Seq)
		}
		quiet(t, sub.C, 150*time.Millisecond)
	})
	writers.Wait()
	readers.Wait()
}

func TestFeedWithoutCursorHasOnlyWhatIsBookedFromNowOn(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	h, _ := b.hub(t)
	user, resource := b.user(t), b.resource(t, "")
	b.batch(t, 3, user, resource, "") // the hub may not have read it yet
	sub, err := h.Transactions(t.Context(), nil)
	require.NoError(t, err)
	quiet(t, sub.C, 250*time.Millisecond)
	b.batch(t, 1, user, resource, "")
	h.Poke()
	require.Equal(t, int64(4), next(t, sub.C).Seq)
}

func TestEventHasItsPostingsAndItsRequest(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	h, _ := b.hub(t)
	user, resource, usage := b.user(t), b.resource(t, ""), made.New(ids.Usage)
	b.usage(t, usage, user, resource)
	for _, path := range []string{"from the table", "live"} {
		cursor := feed.Cursor(b.head(t))
		if path == "from the table" {
			b.batch(t, 1, user, resource, usage)
			time.Sleep(200 * time.Millisecond) // the hub passes it unread
		}
		sub, err := h.Transactions(t.Context(), &cursor)
		require.NoError(t, err)
		if path == "live" {
			b.batch(t, 1, user, resource, usage)
		}
		e := next(t, sub.C)
		require.Equal(t, "USAGE", e.Transaction.Kind, path)
		require.Equal(t, usage, e.Usage.ID, path)
		require.Len(t, e.Postings, 4, path)
		require.Equal(t, ledger.Wallet(user), e.Postings[0].Account, path)
		require.Equal(t, int64(-5), e.Postings[0].Amount, path)
		require.Equal(t, int64(95), *e.Postings[0].BalanceAfter, path)
		require.Nil(t, e.Postings[1].BalanceAfter, path)
	}
}

func TestReaderFarBehindGoesOnFromTheTableAndHoldsUpNobody(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	h, _ := b.hub(t)
	user, resource := b.user(t), b.resource(t, "")
	slow, err := h.Transactions(t.Context(), nil)
	require.NoError(t, err)
	fast, err := h.Transactions(t.Context(), nil)
	require.NoError(t, err)
	const batches, size = 14, 500 // more than twice what is kept at hand
	seq := int64(0)
	for range batches {
		b.batch(t, size, user, resource, "")
		h.Poke()
		for range size {
			seq++
			require.Equal(t, seq, next(t, fast.C).Seq)
		}
	}
	for want := int64(1); want <= seq; want++ {
		require.Equal(t, want, next(t, slow.C).Seq)
	}
	b.batch(t, 1, user, resource, "")
	require.Equal(t, seq+1, next(t, slow.C).Seq)
	require.Equal(t, seq+1, next(t, fast.C).Seq)
}

func TestCursorThatIsNoneOrAheadOfTheLedgerIsRefused(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	h, _ := b.hub(t)
	b.batch(t, 1, b.user(t), b.resource(t, ""), "")
	for name, cursor := range map[string]string{"none": "12", "empty": "", "ahead": feed.Cursor(2), "negative": feed.Cursor(-1)} {
		_, err := h.Transactions(t.Context(), &cursor)
		f, ok := fault.As(err)
		require.True(t, ok, name)
		require.Equal(t, fault.BadUserInput, f.Code, name)
		require.Equal(t, "after", f.Field, name)
	}
	last := feed.Cursor(1) // ahead of the hub perhaps, but not of the ledger
	_, err := h.Transactions(t.Context(), &last)
	require.NoError(t, err)
}

func TestFeedDeliversAfterItsListeningConnectionIsKilled(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	h, _ := b.hub(t)
	user, resource := b.user(t), b.resource(t, "")
	sub, err := h.Transactions(t.Context(), nil)
	require.NoError(t, err)
	listening := func() (n int) {
		require.NoError(t, b.db.QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`).Scan(&n))
		return n
	}
	require.Eventually(t, func() bool { return listening() == 1 }, 5*time.Second, 10*time.Millisecond)
	_, err = b.db.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`)
	require.NoError(t, err)
	b.batch(t, 1, user, resource, "")
	require.Equal(t, int64(1), next(t, sub.C).Seq)
	require.Eventually(t, func() bool { return listening() == 1 }, 5*time.Second, 10*time.Millisecond)
	b.batch(t, 1, user, resource, "")
	b.notify(t)
	require.Equal(t, int64(2), next(t, sub.C).Seq)
}

func TestFeedGoesOnAfterEveryConnectionIsKilled(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	h, _ := b.hub(t)
	user, resource := b.user(t), b.resource(t, "")
	sub, err := h.Transactions(t.Context(), nil)
	require.NoError(t, err)
	for seq := int64(1); seq <= 3; seq++ {
		_, err = b.db.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		require.NoError(t, err)
		require.NoError(t, b.db.Ping())
		b.batch(t, 1, user, resource, "")
		require.Equal(t, seq, next(t, sub.C).Seq)
	}
}

func TestHubThatStopsEndsItsFeedsWithAReason(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	h, stop := b.hub(t)
	user := b.user(t)
	b.batch(t, 3, user, b.resource(t, ""), "")
	stuck, err := h.Transactions(t.Context(), start()) // nobody reads it
	require.NoError(t, err)
	idle, err := h.Transactions(t.Context(), nil)
	require.NoError(t, err)
	wallet, err := h.Wallets(t.Context(), user)
	require.NoError(t, err)
	resources, err := h.Resources(t.Context(), "")
	require.NoError(t, err)
	stop() // it waits for their goroutines
	_, open := <-stuck.C
	require.False(t, open)
	_, open = <-idle.C
	require.False(t, open)
	_, open = <-wallet
	require.False(t, open)
	_, open = <-resources
	require.False(t, open)
	require.ErrorIs(t, stuck.Err(), feed.ErrClosed)
	require.ErrorIs(t, idle.Err(), feed.ErrClosed)
	_, err = h.Transactions(t.Context(), nil)
	require.ErrorIs(t, err, feed.ErrClosed)
}

func TestPokedHubDeliversWithoutWaitingForItsPoll(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	h, _ := b.hub(t)
	user, resource := b.user(t), b.resource(t, "")
	sub, err := h.Transactions(t.Context(), nil)
	require.NoError(t, err)
	var total time.Duration
	const rounds = 20
	for range rounds {
		b.batch(t, 1, user, resource, "")
		began := time.Now()
		h.Poke()
		next(t, sub.C)
		total += time.Since(began)
		time.Sleep(10 * time.Millisecond)
	}
	require.Less(t, total/rounds, pollPause/2)
}

const pollPause = 100 * time.Millisecond
