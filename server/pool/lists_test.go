package pool_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent/usagelog"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/page"
	"github.com/resourcepool/resourcepool/server/pool"
)

// request logs a request of a moment later than the last.
func (d *desk) request(by *access.Actor, on ids.ID, owner *access.Actor, status string, charge, cost, latency int64) ids.ID {
	d.t.Helper()
	d.clock.Advance(time.Minute)
	id := d.ids.New(ids.Usage)
	var who ids.ID
	if owner != nil {
		who = owner.ID
	}
	d.exec(`INSERT INTO usage_logs VALUES ($1, $2, $3, 'gpt-4', 'openai', $4, '', $5, $6, 1, 0, 0, 1, 0, $7, $8, $9,
		0, 0, 0, 0, 0, 0, 'only_candidate', 1, '', false, false, false, 1)`, id, d.clock.Now(), status, by.ID, on, who, latency, charge, cost)
	return id
}

func usageIDs(t *testing.T, d *desk, a *access.Actor, f pool.UsageFilter, o pool.UsageOrder) (out []ids.ID) {
	t.Helper()
	args := first(1)
	for range 20 {
		p, err := d.reports.UsageLogs(t.Context(), a, args, f, o)
		require.NoError(t, err)
		for _, u := range p.Nodes() {
			out = append(out, u.ID)
		}
		if !p.PageInfo.HasNextPage {
			n, err := p.TotalCount(t.Context())
			require.NoError(t, err)
			require.Len(t, out, n)
			return out
		}
		args.After = p.PageInfo.EndCursor
	}
	t.Fatal("the list does not end")
	return nil
}

func TestUsageLogsAreWhatOneMadeAndWhatOnesKeysServed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	bob, tom, eve := d.user(access.Contributor), d.user(), d.user()
	bobs, platforms := d.resource(bob, "ACTIVE", one), d.resource(nil, "ACTIVE", one)
	r1 := d.request(tom, bobs, bob, "SUCCEEDED", 10, 3, 50)
	r2 := d.request(bob, bobs, bob, "SUCCEEDED", 20, 2, 40)
	r3 := d.request(bob, platforms, nil, "FAILED", 0, 0, 30)
	r4 := d.request(tom, platforms, nil, "SUCCEEDED", 5, 9, 60)
	all := pool.UsageFilter{}
	newest := pool.UsageOrder{}
	require.Equal(t, []ids.ID{r3, r2, r1}, usageIDs(t, d, bob, all, newest), "his own once, though on his own key")
	require.Equal(t, []ids.ID{r4, r1}, usageIDs(t, d, tom, all, newest))
	require.Empty(t, usageIDs(t, d, eve, all, newest))
	require.Equal(t, []ids.ID{r4, r3, r2, r1}, usageIDs(t, d, d.admin, all, newest))
	require.Equal(t, []ids.ID{r1, r2, r3}, usageIDs(t, d, bob, all, pool.UsageOrder{Asc: true}))
	require.Equal(t, []ids.ID{r1, r2, r3}, usageIDs(t, d, bob, all, pool.UsageOrder{Field: pool.ByLatency}))

	failed, other := usagelog.StatusFAILED, "gpt-5"
	require.Equal(t, []ids.ID{r3}, usageIDs(t, d, bob, pool.UsageFilter{Status: &failed}, newest))
	require.Empty(t, usageIDs(t, d, bob, pool.UsageFilter{Model: &other}, newest))
	logs, err := d.reports.UsageLogsByID(t.Context(), r2, r3, d.ids.New(ids.Usage))
	require.NoError(t, err)
	require.Len(t, logs, 2)
	second, third := logs[r2], logs[r3]
	require.Equal(t, []ids.ID{r2}, usageIDs(t, d, d.admin, pool.UsageFilter{From: &second.CreatedAt, To: &third.CreatedAt}, newest))
	epoch, end := time.Unix(0, 0), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	require.Len(t, usageIDs(t, d, d.admin, pool.UsageFilter{From: &time.Time{}, To: &end}, newest), 4, "since ever")
	require.Len(t, usageIDs(t, d, d.admin, pool.UsageFilter{From: &epoch}, newest), 4)
	require.Empty(t, usageIDs(t, d, d.admin, pool.UsageFilter{To: &epoch}, newest))
	require.Equal(t, []ids.ID{r4, r1}, usageIDs(t, d, d.admin, pool.UsageFilter{User: &tom.ID}, newest))
	require.Equal(t, []ids.ID{r2, r1}, usageIDs(t, d, d.admin, pool.UsageFilter{ResourceOwner: &bob.ID}, newest))
	require.Equal(t, []ids.ID{r2, r1}, usageIDs(t, d, bob, pool.UsageFilter{Resource: &bobs}, newest))

	of, err := d.reports.UsageLogsOf(t.Context(), tom.ID, page.Args{})
	require.NoError(t, err)
	require.Len(t, of.Edges, 2)
	_, err = d.reports.UsageLogs(t.Context(), d.admin, page.Args{}, pool.UsageFilter{From: &third.CreatedAt, To: &second.CreatedAt}, newest)
	require.Equal(t, []string{"filter.to"}, fields(t, err))
}

func TestACursorOfAnotherPersonsRequestIsNoPosition(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	tom, eve := d.user(), d.user()
	key := d.resource(nil, "ACTIVE", one)
	d.request(tom, key, nil, "SUCCEEDED", 1, 1, 1)
	d.request(tom, key, nil, "SUCCEEDED", 1, 1, 1)
	toms, err := d.reports.UsageLogs(t.Context(), tom, first(1), pool.UsageFilter{}, pool.UsageOrder{})
	require.NoError(t, err)
	_, err = d.reports.UsageLogs(t.Context(), eve, page.Args{After: toms.PageInfo.EndCursor}, pool.UsageFilter{}, pool.UsageOrder{})
	require.Equal(t, []string{"after"}, fields(t, err))
}

func TestFilterAndOrderByWhatOneMayNotSeeAreForbidden(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	bob, tom := d.user(access.Contributor), d.user()
	bobs, platforms := d.resource(bob, "ACTIVE", one), d.resource(nil, "ACTIVE", one)
	unknown := d.ids.New(ids.Resource)
	r1 := d.request(tom, bobs, bob, "SUCCEEDED", 10, 3, 50)
	r2 := d.request(tom, bobs, bob, "SUCCEEDED", 20, 2, 40)
	charge, cost := pool.UsageOrder{Field: pool.ByCharge}, pool.UsageOrder{Field: pool.ByCost}
	limited := &access.Actor{ID: d.admin.ID, Roles: d.admin.Roles, TokenID: "tok", TokenLimited: true}
	for name, c := range map[string]struct {
		actor  *access.Actor
		filter pool.UsageFilter
		order  pool.UsageOrder
		want   fault.Code
	}{
		"a person's":               {bob, pool.UsageFilter{User: &tom.ID}, pool.UsageOrder{}, fault.Forbidden},
		"even oneself's":           {tom, pool.UsageFilter{User: &tom.ID}, pool.UsageOrder{}, fault.Forbidden},
		"an owner's":               {tom, pool.UsageFilter{ResourceOwner: &bob.ID}, pool.UsageOrder{}, fault.Forbidden},
		"another's key":            {tom, pool.UsageFilter{Resource: &bobs}, pool.UsageOrder{}, fault.Forbidden},
		"the platform's key":       {bob, pool.UsageFilter{Resource: &platforms}, pool.UsageOrder{}, fault.Forbidden},
		"no key":                   {bob, pool.UsageFilter{Resource: &unknown}, pool.UsageOrder{}, fault.Forbidden},
		"cost, as a consumer":      {tom, pool.UsageFilter{}, cost, fault.Forbidden},
		"cost, with own requests":  {bob, pool.UsageFilter{}, cost, fault.Forbidden},
		"charge, with others'":     {bob, pool.UsageFilter{}, charge, fault.Forbidden},
		"charge on one's key":      {bob, pool.UsageFilter{Resource: &bobs}, charge, fault.Forbidden},
		"an admin's limited token": {limited, pool.UsageFilter{User: &tom.ID}, pool.UsageOrder{}, fault.Forbidden},
		"signed out":               {nil, pool.UsageFilter{}, pool.UsageOrder{}, fault.Unauthenticated},
	} {
		_, err := d.reports.UsageLogs(t.Context(), c.actor, page.Args{}, c.filter, c.order)
		require.Equal(t, c.want, fault.CodeOf(err), name)
	}
	require.Equal(t, []ids.ID{r1, r2}, usageIDs(t, d, bob, pool.UsageFilter{Resource: &bobs}, cost), "the cost of one's own key")
	require.Equal(t, []ids.ID{r2, r1}, usageIDs(t, d, tom, pool.UsageFilter{}, charge), "who has no keys sees only what he paid")
	require.Equal(t, []ids.ID{r1, r2}, usageIDs(t, d, d.admin, pool.UsageFilter{}, cost))
	require.Empty(t, usageIDs(t, d, limited, pool.UsageFilter{}, pool.UsageOrder{}), "a limited token reads what a plain user does")
	_, err := d.reports.UsageLogs(t.Context(), d.admin, page.Args{}, pool.UsageFilter{}, pool.UsageOrder{Field: "PROMPT"})
	require.Equal(t, fault.BadUserInput, fault.CodeOf(err))
}

func TestDecisionIsShownForThirtyDays(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	tom := d.user()
	key := d.resource(nil, "ACTIVE", one)
	id := d.request(tom, key, nil, "SUCCEEDED", 1, 1, 1)
	none, err := d.reports.Decision(t.Context(), id)
	require.NoError(t, err)
	require.Nil(t, none)
	d.exec(`INSERT INTO routing_decisions VALUES ($1, jsonb_build_object('chosen', $2::text, 'reason', 'only_candidate', 'candidates', '[]'::jsonb, 'eligible', 1, 'left_out', '{}'::jsonb))`, id, key)
	got, err := d.reports.Decision(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, key, got.Chosen)
	d.clock.Advance(30*24*time.Hour + time.Minute)
	gone, err := d.reports.Decision(t.Context(), id)
	require.NoError(t, err)
	require.Nil(t, gone)
}
