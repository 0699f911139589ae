package pool_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent/auditevent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/pool"
)

func TestLimitsOfAKeyHoldAtOnceAndWakeOthers(t *testing.T) {
	w := newWorld(t)
	bob, admin := w.person(), w.person(access.Admin)
	r := w.deposit(bob, "sk-bob-0123456789")
	limits := func() pool.KeyLimits {
		k, err := w.pool.Key(t.Context(), r.ID)
		require.NoError(t, err)
		return k.Limits
	}
	require.Zero(t, limits())
	changes := w.count(`SELECT count(*) FROM changes WHERE kind = 'resource' AND ref = $1`, r.ID)
	want := pool.KeyLimits{Concurrency: 3, RequestsPerMinute: 60, TokensPerMinute: 100_000}
	row, err := w.pool.SetResourceLimits(t.Context(), bob, r.ID, want)
	require.NoError(t, err)
	require.Equal(t, want, limits())
	require.Equal(t, want, pool.KeyLimits{Concurrency: row.MaxConcurrency, RequestsPerMinute: row.MaxRequestsPerMinute, TokensPerMinute: row.MaxTokensPerMinute})
	require.Equal(t, changes+1, w.count(`SELECT count(*) FROM changes WHERE kind = 'resource' AND ref = $1`, r.ID))
	e, err := w.ent.AuditEvent.Query().Where(auditevent.Action("resource.limit")).Only(t.Context())
	require.NoError(t, err)
	require.Equal(t, bob.ID, *e.ActorID)
	require.InDelta(t, 60, e.Detail["maxRequestsPerMinute"], 0)

	most := pool.KeyLimits{Concurrency: 10_000, RequestsPerMinute: 1_000_000, TokensPerMinute: 1_000_000_000}
	for _, l := range []pool.KeyLimits{most, {}} {
		_, err = w.pool.SetResourceLimits(t.Context(), admin, r.ID, l)
		require.NoError(t, err)
		require.Equal(t, l, limits())
	}
}

func TestLimitsThatCannotBeAreRefused(t *testing.T) {
	w := newWorld(t)
	bob, eve, frozen := w.person(), w.person(), w.person()
	r := w.deposit(bob, "sk-bob-0123456789")
	mine := w.deposit(frozen, "sk-frozen-0123456789")
	frozen.Frozen = true
	_, err := w.pool.SetResourceLimits(t.Context(), bob, r.ID, pool.KeyLimits{Concurrency: -1, RequestsPerMinute: 1_000_001, TokensPerMinute: 1_000_000_001})
	require.Equal(t, []string{"maxConcurrency", "maxRequestsPerMinute", "maxTokensPerMinute"}, fields(t, err))
	_, err = w.pool.SetResourceLimits(t.Context(), eve, r.ID, pool.KeyLimits{})
	refused(t, fault.NotFound, err)
	_, err = w.pool.SetResourceLimits(t.Context(), nil, r.ID, pool.KeyLimits{})
	refused(t, fault.Unauthenticated, err)
	_, err = w.pool.SetResourceLimits(t.Context(), frozen, mine.ID, pool.KeyLimits{Concurrency: 1})
	refused(t, fault.Forbidden, err)
	_, err = w.pool.Pause(t.Context(), bob, r.ID)
	require.NoError(t, err)
	_, err = w.pool.SetResourceLimits(t.Context(), bob, r.ID, pool.KeyLimits{Concurrency: 1})
	require.NoError(t, err, "while it is paused")
	_, err = w.pool.Withdraw(t.Context(), bob, r.ID)
	require.NoError(t, err)
	_, err = w.pool.SetResourceLimits(t.Context(), bob, r.ID, pool.KeyLimits{})
	refused(t, fault.Conflict, err)
}
