package pool_test

import (
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent/auditevent"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/routing"
)

func (d *desk) settings(first pool.Defaults) *pool.SettingsStore {
	d.t.Helper()
	s, err := pool.NewSettings(d.t.Context(), pool.SettingsDeps{Ent: d.ent, Policy: d.policy, Clock: d.clock, IDs: d.ids}, first)
	require.NoError(d.t, err)
	return s
}

func (d *desk) changes() (kinds []string) {
	d.t.Helper()
	rows, err := d.db.Query(`SELECT kind || ' ' || ref FROM changes ORDER BY xid, id`)
	require.NoError(d.t, err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var k string
		require.NoError(d.t, rows.Scan(&k))
		kinds = append(kinds, k)
	}
	require.NoError(d.t, rows.Err())
	return kinds
}

// fields are the arguments that err finds fault with.
func fields(t *testing.T, err error) (out []string) {
	t.Helper()
	var many interface{ Unwrap() []error }
	if f, ok := err.(*fault.Error); ok { //nolint:errorlint // one level
		require.Equal(t, fault.BadUserInput, f.Code)
		return []string{f.Field}
	}
	if errors.As(err, &many) {
		for _, e := range many.Unwrap() {
			out = append(out, fields(t, e)...)
		}
	}
	return out
}

func to[T any](v T) *T { return &v }

func TestFirstSettingsAreWrittenOnceAndStay(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var servers sync.WaitGroup
	for range 4 {
		servers.Go(func() {
			_, err := pool.NewSettings(t.Context(), pool.SettingsDeps{Ent: d.ent, Policy: d.policy, Clock: d.clock, IDs: d.ids}, pool.StandardDefaults())
			require.NoError(t, err)
		})
	}
	servers.Wait()
	other := pool.StandardDefaults()
	other.DepositFeeRate, other.PriceMarkup = 0, money.One
	s := d.settings(other)
	row, err := s.Current(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(100_000_000), row.DepositFeeRate)
	require.Equal(t, 1000*money.USD(one), row.UnconfirmedTrustLimit)
	require.Equal(t, int64(72), row.ClawbackGraceHours)
	require.Equal(t, int64(1_200_000_000), row.PriceMarkup)
	r, err := s.Routing(t.Context())
	require.NoError(t, err)
	require.Equal(t, routing.Defaults(), r)

	other.Routing.CostWeight = 0.5
	_, err = pool.NewSettings(t.Context(), pool.SettingsDeps{Ent: d.ent, Policy: d.policy, Clock: d.clock, IDs: d.ids}, other)
	require.Equal(t, []string{"costWeight"}, fields(t, err))
}

func TestUpdatedSettingsAreInForceAtOnceHereAndWithinASecondElsewhere(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	here, there := d.settings(pool.StandardDefaults()), d.settings(pool.StandardDefaults())
	for _, s := range []*pool.SettingsStore{here, there} {
		_, err := s.Current(t.Context())
		require.NoError(t, err)
	}
	row, err := here.Update(t.Context(), d.admin, pool.SettingsPatch{
		DepositFeeRate: to(0.05), UnconfirmedTrustLimit: to(money.USD(7)), ClawbackGraceHours: to(1), PriceMarkup: to(1.5),
		CostWeight: to(0.2), PerformanceWeight: to(0.5), LowQuotaThreshold: to(money.USD(3)), UsedRecentlySeconds: to(30),
	})
	require.NoError(t, err)
	require.Equal(t, int64(50_000_000), row.DepositFeeRate)
	require.Equal(t, int64(1_500_000_000), row.PriceMarkup)
	now, err := here.Current(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(50_000_000), now.DepositFeeRate)
	require.Equal(t, 30*time.Second, pool.RoutingSettings(now).UsedRecently)
	require.InDelta(t, 0.3, now.ReliabilityWeight, 0)

	old, err := there.Current(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(100_000_000), old.DepositFeeRate, "it is remembered for a second")
	d.clock.Advance(time.Second)
	now, err = there.Current(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(50_000_000), now.DepositFeeRate)

	require.Equal(t, []string{"settings "}, d.changes())
	e, err := d.ent.AuditEvent.Query().Where(auditevent.Action("settings.update")).Only(t.Context())
	require.NoError(t, err)
	require.Equal(t, d.admin.ID, *e.ActorID)
	require.Equal(t, map[string]any{"from": 1e8, "to": 5e7}, e.Detail["depositFeeRate"])
	require.Len(t, e.Detail, 8)

	_, err = here.Update(t.Context(), d.admin, pool.SettingsPatch{DepositFeeRate: to(0.05)})
	require.NoError(t, err)
	require.Len(t, d.changes(), 1, "what changes nothing is no change")
}

func TestSettingsThatCannotBeAreRefusedByName(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := d.settings(pool.StandardDefaults())
	for name, c := range map[string]struct {
		patch pool.SettingsPatch
		want  []string
	}{
		"fee of all":        {pool.SettingsPatch{DepositFeeRate: to(1.0)}, []string{"input.depositFeeRate"}},
		"negative fee":      {pool.SettingsPatch{DepositFeeRate: to(-0.1)}, []string{"input.depositFeeRate"}},
		"no number":         {pool.SettingsPatch{DepositFeeRate: to(math.NaN())}, []string{"input.depositFeeRate"}},
		"negative limit":    {pool.SettingsPatch{UnconfirmedTrustLimit: to(money.USD(-1))}, []string{"input.unconfirmedTrustLimit"}},
		"negative grace":    {pool.SettingsPatch{ClawbackGraceHours: to(-1)}, []string{"input.clawbackGraceHours"}},
		"free":              {pool.SettingsPatch{PriceMarkup: to(0.0)}, []string{"input.priceMarkup"}},
		"absurd markup":     {pool.SettingsPatch{PriceMarkup: to(1e6)}, []string{"input.priceMarkup"}},
		"sum over merged":   {pool.SettingsPatch{CostWeight: to(0.5)}, []string{"input.costWeight"}},
		"weight NaN":        {pool.SettingsPatch{ReliabilityWeight: to(math.NaN())}, []string{"input.reliabilityWeight"}},
		"factor 0":          {pool.SettingsPatch{LowQuotaFactor: to(0.0)}, []string{"input.lowQuotaFactor"}},
		"factor above 1":    {pool.SettingsPatch{PlatformOwnedFactor: to(1.1)}, []string{"input.platformOwnedFactor"}},
		"seconds":           {pool.SettingsPatch{UsedRecentlySeconds: to(-1)}, []string{"input.usedRecentlySeconds"}},
		"threshold":         {pool.SettingsPatch{LowQuotaThreshold: to(money.USD(-1))}, []string{"input.lowQuotaThreshold"}},
		"several at a time": {pool.SettingsPatch{DepositFeeRate: to(2.0), UsedRecentlyFactor: to(-1.0)}, []string{"input.depositFeeRate", "input.usedRecentlyFactor"}},
	} {
		_, err := s.Update(t.Context(), d.admin, c.patch)
		require.Equal(t, c.want, fields(t, err), name)
	}
	require.Empty(t, d.changes())
	_, err := s.Update(t.Context(), d.admin, pool.SettingsPatch{CostWeight: to(0.5), PerformanceWeight: to(0.2)})
	require.NoError(t, err)
}

func TestOnlyAdminsUpdateSettings(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := d.settings(pool.StandardDefaults())
	_, err := s.Update(t.Context(), d.user(), pool.SettingsPatch{DepositFeeRate: to(0.0)})
	require.Equal(t, fault.Forbidden, fault.CodeOf(err))
	_, err = s.Update(t.Context(), nil, pool.SettingsPatch{DepositFeeRate: to(0.0)})
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
}

func TestSettingsThatCannotBeReadAreNotGuessed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := d.settings(pool.StandardDefaults())
	_, err := s.Current(t.Context())
	require.NoError(t, err)
	d.exec(`ALTER TABLE settings RENAME TO away`)
	_, err = s.Current(t.Context())
	require.NoError(t, err)
	d.clock.Advance(time.Second)
	_, err = s.Current(t.Context())
	require.Error(t, err)
}
