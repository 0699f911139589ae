package pool_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/pool"
)

// rollup adds requests to an hour: n of them, one failed, each 2 and 3 tokens, 10 ms, 4 Credits and $5 (of 10⁻⁹).
func (d *desk) rollup(hour time.Time, by *access.Actor, on ids.ID, owner *access.Actor, model string, n int64) {
	d.t.Helper()
	var who ids.ID
	if owner != nil {
		who = owner.ID
	}
	d.exec(`INSERT INTO usage_rollups VALUES ($1, $2, $3, $4, 'openai', $5, $6::bigint, 1, 2 * $6::bigint, 3 * $6::bigint, 10 * $6::bigint, 4 * $6::bigint, 5 * $6::bigint)`, hour, by.ID, on, who, model, n)
}

func TestSeriesAddsUpTheRollupsOfItsScope(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	bob, tom := d.user(), d.user()
	bobs, platforms := d.resource(bob, "ACTIVE", one), d.resource(nil, "ACTIVE", one)
	day := time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)
	at := func(h int) time.Time { return day.Add(time.Duration(h) * time.Hour) }
	d.rollup(at(10), tom, bobs, bob, "gpt-4", 1)
	d.rollup(at(10), tom, platforms, nil, "gpt-5", 2)
	d.rollup(at(11), bob, bobs, bob, "gpt-4", 4)
	d.rollup(at(34), tom, bobs, bob, "gpt-4", 8)
	ask := func(a *access.Actor, in pool.SeriesInput) []pool.UsagePoint {
		t.Helper()
		points, err := d.reports.UsageSeries(t.Context(), a, in)
		require.NoError(t, err)
		return points
	}
	type brief struct {
		at    time.Time
		group string
		n     int64
	}
	short := func(points []pool.UsagePoint) (out []brief) {
		for _, p := range points {
			b := brief{at: p.At, n: p.Requests}
			if p.Group != nil {
				b.group = *p.Group
			}
			out = append(out, b)
		}
		return out
	}
	hours := pool.SeriesInput{Scope: pool.ScopeMine, From: day, To: at(48), Bucket: pool.BucketHour}
	mine := ask(tom, hours)
	require.Equal(t, []brief{{at(10), "", 3}, {at(34), "", 8}}, short(mine))
	require.Equal(t, pool.UsagePoint{
		At: at(10), Requests: 3, Failed: 2, PromptTokens: 6, CompletionTokens: 9, CreditsCharged: to(money.Credits(12)), AverageLatencyMs: to(10.0),
	}, mine[0], "a consumer does not see the cost")

	hours.Scope = pool.ScopeMyKeys
	keys := ask(bob, hours)
	require.Equal(t, []brief{{at(10), "", 1}, {at(11), "", 4}, {at(34), "", 8}}, short(keys))
	require.Nil(t, keys[0].CreditsCharged, "an owner does not see the charge")
	require.Equal(t, money.USD(5), *keys[0].CostAmount)
	require.Empty(t, ask(d.admin, hours), "the platform's keys are nobody's own")

	hours.Scope = pool.ScopePool
	all := ask(d.admin, hours)
	require.Equal(t, []brief{{at(10), "", 3}, {at(11), "", 4}, {at(34), "", 8}}, short(all))
	require.NotNil(t, all[0].CreditsCharged)
	require.NotNil(t, all[0].CostAmount)

	days := pool.SeriesInput{Scope: pool.ScopePool, From: at(11), To: at(25), Bucket: pool.BucketDay, GroupBy: pool.GroupModel}
	require.Equal(t, []brief{{day, "gpt-4", 5}, {day, "gpt-5", 2}, {at(24), "gpt-4", 8}}, short(ask(d.admin, days)), "days that are cut count whole")
	cut := pool.SeriesInput{Scope: pool.ScopePool, From: at(10).Add(time.Minute), To: at(11), Bucket: pool.BucketHour}
	require.Equal(t, []brief{{at(10), "", 3}}, short(ask(d.admin, cut)), "to is exclusive, and an hour that is cut counts whole")

	days.GroupBy, days.To = pool.GroupUser, at(24)
	require.ElementsMatch(t, []brief{{day, string(tom.ID), 3}, {day, string(bob.ID), 4}}, short(ask(d.admin, days)))
	days.GroupBy, days.Scope = pool.GroupResource, pool.ScopeMyKeys
	require.Equal(t, []brief{{day, string(bobs), 5}}, short(ask(bob, days)))
	days.GroupBy = pool.GroupProvider
	require.Equal(t, []brief{{day, "openai", 5}}, short(ask(bob, days)))
}

func TestSeriesOfOthersIsForbidden(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	tom := d.user(access.Contributor)
	now := d.clock.Now()
	for _, c := range []struct {
		actor *access.Actor
		scope pool.UsageScope
		group pool.UsageGroup
		want  fault.Code
	}{
		{tom, pool.ScopePool, pool.GroupNone, fault.Forbidden},
		{tom, pool.ScopeMine, pool.GroupResource, fault.Forbidden},
		{tom, pool.ScopeMine, pool.GroupUser, fault.Forbidden},
		{tom, pool.ScopeMyKeys, pool.GroupUser, fault.Forbidden},
		{nil, pool.ScopeMine, pool.GroupNone, fault.Unauthenticated},
		{tom, pool.ScopeMyKeys, pool.GroupResource, ""},
		{d.admin, pool.ScopeMine, pool.GroupResource, ""},
	} {
		_, err := d.reports.UsageSeries(t.Context(), c.actor, pool.SeriesInput{Scope: c.scope, GroupBy: c.group, From: now, To: now.Add(time.Hour), Bucket: pool.BucketHour})
		require.Equal(t, c.want, fault.CodeOf(err), c)
	}
}

func TestSeriesIsAtMostAThousandPoints(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	ask := func(in pool.SeriesInput) ([]pool.UsagePoint, error) {
		in.Scope = pool.ScopePool
		return d.reports.UsageSeries(t.Context(), d.admin, in)
	}
	_, err := ask(pool.SeriesInput{From: from, To: from.Add(1000 * time.Hour), Bucket: pool.BucketHour})
	require.NoError(t, err)
	_, err = ask(pool.SeriesInput{From: from, To: from.Add(1000*time.Hour + 1), Bucket: pool.BucketHour})
	require.Equal(t, []string{"to"}, fields(t, err))
	_, err = ask(pool.SeriesInput{From: from, To: from, Bucket: pool.BucketHour})
	require.Equal(t, []string{"to"}, fields(t, err))
	_, err = ask(pool.SeriesInput{To: from.AddDate(5000, 0, 0), Bucket: pool.BucketDay})
	require.Equal(t, []string{"to"}, fields(t, err))
	_, err = ask(pool.SeriesInput{From: from, To: from.Add(time.Hour), Bucket: "WEEK"})
	require.Equal(t, []string{"bucket"}, fields(t, err))

	d.exec(`INSERT INTO usage_rollups SELECT $1, 'usr', 'res', '', 'openai', 'm' || g, 1, 0, 1, 1, 1, 1, 1 FROM generate_series(1, 1000) g`, from)
	points, err := ask(pool.SeriesInput{From: from, To: from.Add(time.Hour), Bucket: pool.BucketHour, GroupBy: pool.GroupModel})
	require.NoError(t, err)
	require.Len(t, points, 1000)
	d.exec(`INSERT INTO usage_rollups VALUES ($1, 'usr', 'res', '', 'openai', 'one more', 1, 0, 1, 1, 1, 1, 1)`, from)
	_, err = ask(pool.SeriesInput{From: from, To: from.Add(time.Hour), Bucket: pool.BucketHour, GroupBy: pool.GroupModel})
	require.Equal(t, []string{"groupBy"}, fields(t, err))
}
