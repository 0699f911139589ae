package limit_test

import (
	"crypto/sha256"
	"database/sql"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/limit"
)

// hasher is keyed by nothing.
type hasher struct{}

func (hasher) Hash(purpose string, b []byte) []byte {
	sum := sha256.Sum256(append([]byte(purpose), b...))
	return sum[:]
}

var guesses = limit.Rule{Name: "guesses", Burst: 3, Wait: time.Minute, Forget: 8 * time.Minute}

func throttle(t *testing.T) (*limit.Throttle, *clock.Fake, *sql.DB) {
	t.Helper()
	db, now := dbtest.New(t), clock.NewFake(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC))
	return limit.NewThrottle(db, hasher{}, now), now, db
}

func refusedFor(t *testing.T, err error) any {
	t.Helper()
	f, ok := fault.As(err)
	require.True(t, ok, "%v", err)
	require.Equal(t, fault.RateLimited, f.Code)
	return f.Details["retryAfterSeconds"]
}

func TestWhoGoesOnWaitsTwiceAsLong(t *testing.T) {
	th, now, _ := throttle(t)
	who := guesses.Of("tom@example.org", "192.0.2.1")
	for range 3 {
		require.NoError(t, th.Check(t.Context(), who))
		_, err := th.Take(t.Context(), who)
		require.NoError(t, err)
	}
	before := 0
	for i := range 6 { // less than twice as long, by what was forgotten meanwhile
		wait := refusedFor(t, th.Check(t.Context(), who)).(int)
		require.Greater(t, wait, before)
		require.LessOrEqual(t, wait, 60<<i)
		require.LessOrEqual(t, wait, 8*60)
		_, err := th.Take(t.Context(), who)
		require.Equal(t, wait, refusedFor(t, err), "what is refused is not counted")
		now.Advance(time.Duration(wait) * time.Second)
		_, err = th.Take(t.Context(), who)
		require.NoError(t, err)
		before = wait
	}
	require.Greater(t, before, 5*60)
	_, err := th.Take(t.Context(), guesses.Of("tom@example.org", "192.0.2.2"))
	require.NoError(t, err, "another has a count of their own")
	now.Advance(time.Hour)
	for range 3 {
		_, err := th.Take(t.Context(), who)
		require.NoError(t, err, "in time all is forgotten")
	}
}

func TestWhereWaitingForgetsItIsABucket(t *testing.T) {
	th, now, _ := throttle(t)
	rule := limit.Rule{Name: "mails", Burst: 2, Wait: time.Minute, Forget: time.Minute}
	for range 4 {
		for range 2 {
			_, err := th.Take(t.Context(), rule.Of("a"))
			require.NoError(t, err)
		}
		_, err := th.Take(t.Context(), rule.Of("a"))
		require.Equal(t, 60, refusedFor(t, err))
		now.Advance(2 * time.Minute)
	}
	once := limit.Rule{Name: "once", Burst: 1, Wait: time.Minute, Forget: time.Minute}
	_, err := th.Take(t.Context(), once.Of("a"))
	require.NoError(t, err)
	_, err = th.Take(t.Context(), once.Of("a"))
	require.Equal(t, 60, refusedFor(t, err))
}

func TestAnAttemptCountsUnderAllOrNone(t *testing.T) {
	th, _, db := throttle(t)
	wide := limit.Rule{Name: "wide", Burst: 100, Wait: time.Minute, Forget: time.Minute}
	for range 3 {
		_, err := th.Take(t.Context(), guesses.Of("a"), wide.Of("b"))
		require.NoError(t, err)
	}
	for range 50 {
		_, err := th.Take(t.Context(), guesses.Of("a"), wide.Of("b"))
		require.Equal(t, 60, refusedFor(t, err))
	}
	var minutes float64
	require.NoError(t, db.QueryRowContext(t.Context(),
		`SELECT extract(epoch FROM full_at - '2026-11-25T12:00:00Z') / 60 FROM throttles WHERE key LIKE 'wide:%'`).Scan(&minutes))
	require.InDelta(t, 3, minutes, 0)
}

func TestWhatWasRightIsGivenBack(t *testing.T) {
	th, now, _ := throttle(t)
	who := guesses.Of("a")
	for range 20 {
		taken, err := th.Take(t.Context(), who)
		require.NoError(t, err)
		require.NoError(t, taken.GiveBack(t.Context()))
	}
	for range 3 {
		_, err := th.Take(t.Context(), who)
		require.NoError(t, err)
	}
	now.Advance(time.Minute)
	right, err := th.Take(t.Context(), who)
	require.NoError(t, err)
	require.Error(t, th.Check(t.Context(), who), "while it is looked at")
	require.NoError(t, right.GiveBack(t.Context()))
	require.NoError(t, th.Check(t.Context(), who), "the next one need not wait for it")
}

func TestAttemptsAtOnceAtSeveralServersDoNotPassTogether(t *testing.T) {
	db, now := dbtest.New(t), clock.NewFake(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC))
	wide := limit.Rule{Name: "wide", Burst: 100, Wait: time.Minute, Forget: time.Minute}
	var passed atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		th := limit.NewThrottle(db, hasher{}, now)
		for range 10 {
			wg.Go(func() {
				if _, err := th.Take(t.Context(), wide.Of("b"), guesses.Of("a")); err == nil {
					passed.Add(1)
				} else {
					refusedFor(t, err)
				}
			})
		}
	}
	wg.Wait()
	require.Equal(t, int64(3), passed.Load())
}

func TestWithoutTheDatabaseAnAttemptIsRefused(t *testing.T) {
	th, _, db := throttle(t)
	require.NoError(t, db.Close())
	_, err := th.Take(t.Context(), guesses.Of("a"))
	require.Error(t, err)
	require.Error(t, th.Check(t.Context(), guesses.Of("a")))
}

func TestTheTableNamesNobody(t *testing.T) {
	th, _, db := throttle(t)
	_, err := th.Take(t.Context(), guesses.Of("tom@example.org", "192.0.2.1"))
	require.NoError(t, err)
	var key string
	require.NoError(t, db.QueryRowContext(t.Context(), `SELECT key FROM throttles`).Scan(&key))
	require.Regexp(t, `^guesses:[\w-]{24}$`, key)
}

func TestServersTakeOverTheSum(t *testing.T) {
	db, now := dbtest.New(t), clock.NewFake(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC))
	var servers [3]*limit.Sharing
	var limits [3]*limit.Limiter
	for i := range servers {
		servers[i] = limit.NewSharing(db, hasher{}, now, slog.New(slog.DiscardHandler))
		limits[i] = servers[i].PerMinute("account", 60)
	}
	left := func(i int) int { _, n, _ := limits[i].State("a"); return n }
	merge := func() {
		for _, s := range servers {
			require.NoError(t, s.Merge(t.Context()))
		}
	}
	for i, n := range []int{30, 20, 5} {
		for range n {
			require.Zero(t, limits[i].Take("a"))
		}
	}
	require.Equal(t, []int{30, 40, 55}, []int{left(0), left(1), left(2)}, "each knows of its own")
	merge()
	require.Equal(t, 5, left(2), "the last to merge knows of all")
	require.Zero(t, limits[0].Take("a"))
	merge()
	require.Equal(t, 4, left(0))

	// What one lets through that another had used up already is paid off before anything else.
	for range 10 {
		require.Zero(t, limits[1].Take("a"), "of the others it knows the last sum")
	}
	for range 2 {
		require.Zero(t, limits[0].Take("a"))
	}
	merge()
	require.Equal(t, 0, left(1))
	now.Advance(8 * time.Second)
	require.NotZero(t, limits[1].Take("a"), "8 more than there were, and 8 s")
	now.Advance(time.Second)
	require.Zero(t, limits[1].Take("a"))
	require.Nil(t, servers[0].PerMinute("none", 0))
}

func TestAMergeThatFailsIsMadeUpFor(t *testing.T) {
	db, now := dbtest.New(t), clock.NewFake(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC))
	mine := limit.NewSharing(db, hasher{}, now, slog.New(slog.DiscardHandler))
	l := mine.PerMinute("account", 60)
	require.NoError(t, mine.Merge(t.Context()), "nothing was taken, nothing is asked")
	require.Zero(t, l.TakeMany("a", 10))
	_, err := db.ExecContext(t.Context(), `ALTER TABLE throttles RENAME TO away`)
	require.NoError(t, err)
	require.Error(t, mine.Merge(t.Context()))
	require.Zero(t, l.TakeMany("a", 5), "it goes on by itself")
	_, err = db.ExecContext(t.Context(), `ALTER TABLE away RENAME TO throttles`)
	require.NoError(t, err)
	require.NoError(t, mine.Merge(t.Context()))
	_, left, _ := l.State("a")
	require.Equal(t, 45, left)

	other := limit.NewSharing(db, hasher{}, now, slog.New(slog.DiscardHandler))
	seen := other.PerMinute("account", 60)
	require.Zero(t, seen.Take("a"))
	require.NoError(t, other.Merge(t.Context()))
	_, left, _ = seen.State("a")
	require.Equal(t, 44, left)
}
