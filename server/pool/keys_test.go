package pool_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/routing"
)

func TestARequestIsInTheSnapshotAtOnceAndInTheRowForAll(t *testing.T) {
	w := newWorld(t)
	bob, tom := w.person(), w.person()
	r := w.deposit(bob, "sk-bob-0123456789")
	w.grant(tom, one)
	key := func() *pool.Key {
		keys, err := w.pool.Keys(t.Context(), "gpt-4")
		require.NoError(t, err)
		require.Len(t, keys, 1)
		return keys[0]
	}
	first := key()
	require.Equal(t, ledger.Balance{Balance: 1000 * one}, first.Quota)
	require.Equal(t, r.ID, first.ID)

	now, cool := w.clock.Now(), w.clock.Now().Add(time.Minute)
	seen := []routing.Observation{
		{At: now, OK: true, Latency: time.Second, OutputTokens: 10},
		{At: now.Add(time.Second), CoolUntil: &cool},
		{At: now.Add(2 * time.Second), OK: true, Latency: 3 * time.Second, OutputTokens: 10},
		{At: now.Add(3 * time.Second)},
		{At: now.Add(4 * time.Second), ClientFault: true},
	}
	want := routing.Health{}
	for _, o := range seen {
		d := routing.DeltaOf(o)
		want = want.Apply(d)
		h := w.hold(tom, r, one)
		out, err := w.ledger.Do(t.Context(), ledger.Request{
			Op:      &ledger.Settle{Hold: h, Charge: 1, Cost: one, Usage: usage(tom, r)},
			Records: func(ledger.Outcome) []ledger.Row { return []ledger.Row{pool.HealthRow(r.ID, d)} },
		})
		require.NoError(t, err)
		w.pool.Settled(r.ID, out.Resource, d)
		require.Equal(t, out.Resource, key().Quota)
		require.Equal(t, want, key().Health)
	}
	require.Equal(t, ledger.Balance{Balance: 1000 * one}, first.Quota, "who has a key keeps what it had")

	w.pool.Invalidate()
	w.clock.Advance(time.Second)
	require.InDelta(t, *want.AverageLatencyMs, *key().Health.AverageLatencyMs, 1e-9, "read back from the row")
	stored := key().Health
	stored.AverageLatencyMs, stored.TokenLatencyMs, stored.SuccessAverage = want.AverageLatencyMs, want.TokenLatencyMs, want.SuccessAverage
	for _, at := range []**time.Time{&stored.LastFailureAt, &stored.LastUsedAt, &stored.CoolingUntil} {
		*at = ptr((*at).UTC())
	}
	require.Equal(t, want, stored)
	require.Equal(t, int64(995*one), key().Quota.Balance)
}

func TestMergedHealthIsThatOfTheWholeBatch(t *testing.T) {
	now := time.Unix(1e9, 0).UTC()
	one := routing.DeltaOf(routing.Observation{At: now, OK: true, Latency: time.Second, OutputTokens: 5})
	two := routing.DeltaOf(routing.Observation{At: now.Add(time.Second)})
	merged := pool.HealthRow("res_1", one).Merge(pool.HealthRow("res_1", two))
	require.Equal(t, pool.HealthRow("res_1", one.Then(two)).Values(), merged.Values())
	require.Len(t, merged.Values(), len(merged.Table().Types))
}

func TestAnotherServersChangeArrivesWhenToldOf(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	r := w.deposit(bob, "sk-bob-0123456789")
	active := func() bool {
		k, err := w.pool.Key(t.Context(), r.ID)
		require.NoError(t, err)
		return k.Active()
	}
	require.True(t, active())
	_, err := w.db.Exec(`UPDATE pool_resources SET status = 'PAUSED'`)
	require.NoError(t, err)
	require.True(t, active(), "nobody told")
	run(t, func(ctx context.Context, ready chan<- struct{}) error { close(ready); return w.pool.Run(ctx) })
	w.pool.Invalidate(r.ID)
	require.Eventually(t, func() bool { return !active() }, 2*time.Second, 5*time.Millisecond)
}

func TestAnOldReadingDoesNotUndoWhatThisServerDid(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	r := w.deposit(bob, "sk-bob-0123456789")
	_, err := w.pool.Keys(t.Context(), "gpt-4")
	require.NoError(t, err)
	used := routing.DeltaOf(routing.Observation{At: w.clock.Now(), OK: true, Latency: time.Second, OutputTokens: 1})
	w.pool.Settled(r.ID, ledger.Balance{Balance: 7}, used) // its row is not in the database: as if the reading had begun before
	_, err = w.pool.Pause(t.Context(), bob, r.ID)
	require.NoError(t, err)
	k, err := w.pool.Key(t.Context(), r.ID)
	require.NoError(t, err)
	require.False(t, k.Active())
	require.Equal(t, int64(1), k.Health.Requests)
	require.Equal(t, int64(7), k.Quota.Balance)
	w.clock.Advance(2 * time.Second)
	_, err = w.pool.Resume(t.Context(), bob, r.ID)
	require.NoError(t, err)
	k, err = w.pool.Key(t.Context(), r.ID)
	require.NoError(t, err)
	require.Equal(t, int64(1000*one), k.Quota.Balance, "in the end the database is right")
}

func BenchmarkKeys(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := benchWorld(b, n)
			if _, err := w.Keys(b.Context(), "gpt-4"); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				if _, err := w.Keys(b.Context(), "gpt-4"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkReadKeys(b *testing.B) {
	w := benchWorld(b, 1000)
	for b.Loop() {
		w.Renew()
		if _, err := w.Keys(b.Context(), "gpt-4"); err != nil {
			b.Fatal(err)
		}
	}
}

// benchWorld has n keys with 50 models each, written as they stand in the table.
func benchWorld(b *testing.B, n int) *pool.Service {
	b.Helper()
	db := dbtest.New(b)
	_, err := db.Exec(`INSERT INTO pool_resources (id, provider, label, masked_key, fingerprint, models, original_quota, quota_confirmed, status, verified_at, created_at)
		SELECT 'res_' || i, 'openai', 'l', 'm', decode(md5(i::text), 'hex'), (SELECT jsonb_agg('gpt-' || m) FROM generate_series(1, 50) m), 1, false, 'ACTIVE', now(), now()
		FROM generate_series(1, $1) i`, n)
	if err != nil {
		b.Fatal(err)
	}
	return pool.New(pool.Deps{Ent: database.Ent(db), Clock: clock.System})
}
