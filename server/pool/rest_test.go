package pool_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/feed"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/routing"
)

// failed books what a request that failed on a key leaves behind.
func (w *world) failed(rests ...pool.Rest) {
	w.t.Helper()
	tom := w.person()
	w.grant(tom, one)
	bob := w.person()
	id := string(source.New(ids.Usage))
	r := w.deposit(bob, "sk-of-a-failure-"+id)
	_, err := w.ledger.Do(w.t.Context(), ledger.Request{
		Op: &ledger.Release{Hold: w.hold(tom, r, 1), Usage: usage(tom, r)},
		Records: func(ledger.Outcome) (rows []ledger.Row) {
			for _, r := range rests {
				rows = append(rows, pool.RestRow(r), pool.ChangeRow(journal.Rest, r.Subject))
			}
			return rows
		},
	})
	require.NoError(w.t, err)
}

// rests are those of a key, their times in UTC.
func (w *world) rests(s *pool.Service, id ids.ID) []pool.Rest {
	w.t.Helper()
	k, err := s.Key(w.t.Context(), id)
	require.NoError(w.t, err)
	var out []pool.Rest
	for _, r := range k.Rests {
		r.Until = r.Until.UTC()
		out = append(out, r)
	}
	return out
}

func TestARestOfAFailedRequestReachesOtherServersWithinASecond(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	r := w.deposit(bob, "sk-bob-0123456789")
	other := w.another()
	hub := feed.New(feed.Deps{Client: w.ent, Database: w.url, Clock: clock.System, Log: slog.New(slog.DiscardHandler)})
	hub.OnChange(func(kind, _ string) {
		if kind == journal.Rest {
			other.Invalidate()
		}
	})
	run(t, func(ctx context.Context, ready chan<- struct{}) error { close(ready); return hub.Run(ctx) })
	run(t, func(ctx context.Context, ready chan<- struct{}) error { close(ready); return other.Run(ctx) })
	require.Empty(t, w.rests(other, r.ID))

	until := w.clock.Now().Add(time.Minute).UTC()
	own := pool.Rest{Subject: string(r.ID), Model: "gpt-4", Why: routing.RateLimit, Until: until, Failures: 1}
	shared := pool.Rest{Subject: "provider:openai", Why: routing.BreakerOpen, Until: until.Add(time.Second), Failures: 3}
	elsewhere := pool.Rest{Subject: "provider:deepseek", Why: routing.BreakerOpen, Until: until, Failures: 3}
	w.failed(shared, own, elsewhere)
	require.Eventually(t, func() bool { return len(w.rests(other, r.ID)) == 2 }, time.Second, 5*time.Millisecond)
	require.Equal(t, []pool.Rest{own, shared}, w.rests(other, r.ID))
}

func TestOfTwoRestsTheLongerStands(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	r := w.deposit(bob, "sk-bob-0123456789")
	now := w.clock.Now().UTC()
	first := pool.Rest{Subject: string(r.ID), Why: routing.CoolingDown, Until: now.Add(time.Hour), Failures: 5}
	second := pool.Rest{Subject: string(r.ID), Why: routing.RateLimit, Until: now.Add(time.Second), Failures: 6}
	of := func() []pool.Rest { w.pool.Renew(); return w.rests(w.pool, r.ID) }
	w.failed(first, second)
	require.Equal(t, []pool.Rest{first}, of(), "of one batch")
	w.failed(second)
	require.Equal(t, []pool.Rest{first}, of(), "of two")
	w.failed(pool.Rest{Subject: string(r.ID), Why: routing.RateLimit, Until: now})
	require.Equal(t, []pool.Rest{first}, of(), "the end of another")
	third := pool.Rest{Subject: string(r.ID), Why: routing.CoolingDown, Until: now.Add(2 * time.Second)}
	w.failed(third)
	require.Equal(t, []pool.Rest{third}, of(), "its own end")
}

func TestARestThatIsOverIsKnownForAWhile(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	r := w.deposit(bob, "sk-bob-0123456789")
	w.failed(pool.Rest{Subject: string(r.ID), Why: routing.CoolingDown, Until: w.clock.Now(), Failures: 1})
	of := func() int { w.pool.Renew(); return len(w.rests(w.pool, r.ID)) }
	w.clock.Advance(9 * time.Minute)
	require.Equal(t, 1, of())
	w.clock.Advance(time.Minute)
	require.Zero(t, of())
	w.clock.Advance(49 * time.Minute)
	require.NoError(t, w.pool.PruneRests(t.Context()))
	require.Equal(t, 1, w.count(`SELECT count(*) FROM rests`))
	w.clock.Advance(2 * time.Minute)
	require.NoError(t, w.pool.PruneRests(t.Context()))
	require.Zero(t, w.count(`SELECT count(*) FROM rests`))
}

func TestATestThatAKeyPassesEndsItsRests(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	r := w.deposit(bob, "sk-bob-0123456789")
	until := w.clock.Now().Add(time.Hour).UTC()
	shared := pool.Rest{Subject: "provider:openai", Why: routing.BreakerOpen, Until: until, Failures: 3}
	w.failed(pool.Rest{Subject: string(r.ID), Why: routing.CoolingDown, Until: until}, pool.Rest{Subject: string(r.ID), Model: "gpt-4", Why: routing.WrongModel, Until: until}, shared)
	w.pool.Renew()
	require.Len(t, w.rests(w.pool, r.ID), 3)
	_, err := w.pool.Verify(t.Context(), bob, r.ID)
	require.NoError(t, err)
	require.Equal(t, []pool.Rest{shared}, w.rests(w.pool, r.ID))
}

func TestAProviderAtAnotherAddressRestsByItself(t *testing.T) {
	require.Equal(t, "provider:openai", pool.ProviderSubject(&pool.Key{Provider: "openai"}))
	require.Equal(t, "provider:custom relay.example.org", pool.ProviderSubject(&pool.Key{Provider: "custom", BaseURL: "https://relay.example.org/v1"}))
}
