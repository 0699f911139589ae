package feed_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/feed"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
)

func TestWalletSignalsAtOnceThenAtMostFourTimesASecondAndAfterTheLastChange(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	h, _ := b.hub(t)
	user, other, resource := b.user(t), b.user(t), b.resource(t, "")
	mine, err := h.Wallets(t.Context(), user)
	require.NoError(t, err)
	theirs, err := h.Wallets(t.Context(), other)
	require.NoError(t, err)
	next(t, mine)
	next(t, theirs)

	var at []time.Time
	begin := time.Now()
	var last time.Time
	var writing sync.WaitGroup
	writing.Go(func() {
		for time.Since(begin) < 900*time.Millisecond {
			b.batch(t, 1, user, resource, "")
			h.Poke()
			last = time.Now()
			time.Sleep(10 * time.Millisecond)
		}
	})
	for done := false; !done; {
		select {
		case <-mine:
			at = append(at, time.Now())
		case <-time.After(time.Second):
			done = true
		}
	}
	writing.Wait()
	require.GreaterOrEqual(t, len(at), 3)
	for i := 1; i < len(at); i++ {
		require.Greater(t, at[i].Sub(at[i-1]), 240*time.Millisecond)
	}
	require.True(t, at[len(at)-1].After(last), "the last change has its signal")
	quiet(t, theirs, 0)
}

func TestWalletSignalsAfterTheFeedHadNobodyToReadFor(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	h, _ := b.hub(t)
	user, resource := b.user(t), b.resource(t, "")
	for range 5 { // the demand comes and goes between batches
		ctx, leave := context.WithCancel(t.Context())
		c, err := h.Wallets(ctx, user)
		require.NoError(t, err)
		next(t, c)
		b.batch(t, 1, user, resource, "")
		next(t, c)
		leave()
		for range c {
		}
		b.batch(t, 1, user, resource, "")
		h.Poke()
	}
}

func TestResourcesTellTheirOwnerAndWhoSeesAllOfQuotaAndStatus(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	h, _ := b.hub(t)
	bob, eve, tom := b.user(t), b.user(t), b.user(t)
	bobs, platforms := b.resource(t, bob), b.resource(t, "")
	open := func(owner ids.ID) <-chan ids.ID {
		c, err := h.Resources(t.Context(), owner)
		require.NoError(t, err)
		return c
	}
	toBob, toEve, toAll := open(bob), open(eve), open("")

	b.batch(t, 3, tom, bobs, "")
	require.Equal(t, bobs, next(t, toBob))
	require.Equal(t, bobs, next(t, toAll))
	b.batch(t, 1, tom, platforms, "")
	require.Equal(t, platforms, next(t, toAll))
	b.change(t, feed.Resource, string(bobs))
	require.Equal(t, bobs, next(t, toBob))
	require.Equal(t, bobs, next(t, toAll))
	quiet(t, toBob, 400*time.Millisecond)
	quiet(t, toEve, 0)
}

func TestQuotaIsToldWhileTransactionsAreReadToo(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	var mu sync.Mutex
	var moved []ledger.AccountID
	var seqs []int64
	h, _ := b.hub(t, func(h *feed.Hub) {
		h.OnMoved(func(a []ledger.AccountID) { mu.Lock(); defer mu.Unlock(); moved = append(moved, a...) })
		h.OnTransactions(func(events []feed.Event) {
			mu.Lock()
			defer mu.Unlock()
			for _, e := range events {
				seqs = append(seqs, e.Seq)
			}
		})
	})
	bob := b.user(t)
	bobs := b.resource(t, bob)
	c, err := h.Resources(t.Context(), bob)
	require.NoError(t, err)
	b.batch(t, 2, bob, bobs, "")
	require.Equal(t, bobs, next(t, c))
	require.Eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return len(seqs) == 2 }, 5*time.Second, 5*time.Millisecond)
	require.Equal(t, []ledger.AccountID{ledger.Wallet(bob), ledger.Quota(bobs)}, moved)
	require.Equal(t, []int64{1, 2}, seqs)
}
