package pool_test

import (
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/poolresource"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/page"
	"github.com/resourcepool/resourcepool/server/pool"
)

// desk is what reports are read at: a database whose books the test writes itself.
type desk struct {
	t       *testing.T
	db      *sql.DB
	ent     *ent.Client
	clock   *clock.Fake
	policy  *access.Policy
	ids     *ids.Source
	reports *pool.Reports
	admin   *access.Actor
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	db := dbtest.New(t)
	policy, err := access.New()
	require.NoError(t, err)
	d := &desk{t: t, db: db, ent: database.Ent(db), clock: clock.NewFake(time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)), policy: policy}
	d.ids = ids.NewSource(d.clock, source0{})
	d.reports = pool.NewReports(pool.ReportsDeps{Ent: d.ent, Policy: policy, Clock: d.clock})
	d.admin = d.user(access.Admin)
	for _, table := range []string{"usage_logs", "routing_decisions"} {
		d.exec(`SELECT ledger_cut($1, '0', 'use_', 'use_~')`, table)
	}
	return d
}

// source0 is no randomness: the ids of a desk follow from its clock alone.
type source0 struct{}

func (source0) Read(b []byte) (int, error) { return len(b), nil }

func (d *desk) exec(text string, args ...any) {
	d.t.Helper()
	_, err := d.db.Exec(text, args...)
	require.NoError(d.t, err)
}

func (d *desk) user(roles ...access.Role) *access.Actor {
	d.t.Helper()
	id := d.ids.New(ids.User)
	d.exec(`INSERT INTO users (id, email, display_name, password_hash, created_at) VALUES ($1, $2, 'P', 'x', $3)`, id, id, d.clock.Now())
	return &access.Actor{ID: id, Roles: append([]access.Role{access.User}, roles...), Fresh: true}
}

// resource puts a resource into the pool with so much left on it; owner nil is the platform.
func (d *desk) resource(owner *access.Actor, status string, left money.USD) ids.ID {
	d.t.Helper()
	id := d.ids.New(ids.Resource)
	var who any
	if owner != nil {
		who = string(owner.ID)
	}
	d.exec(`INSERT INTO pool_resources (id, owner_id, provider, label, masked_key, fingerprint, models, original_quota, quota_confirmed, status, created_at)
		VALUES ($1, $2, 'openai', '', '', $3, '["gpt-4"]', $4, false, $5, $6)`, id, who, []byte(id), int64(left), status, d.clock.Now())
	d.exec(`INSERT INTO ledger_accounts (id, asset, balance, minimum) VALUES ('resource:' || $1::text, 'USD', $2, 0)`, id, int64(left))
	return id
}

func (d *desk) totals(owner *access.Actor, contributed, consumed money.USD, revenue money.Credits, requests int64) {
	d.t.Helper()
	d.exec(`INSERT INTO pool_ledgers VALUES ($1, $2, $3, 0, $4, $5)`, owner.ID, int64(contributed), int64(consumed), int64(revenue), requests)
}

func first(n int) page.Args { return page.Args{First: &n} }

func TestOverviewAddsUpThePoolAndTheBooks(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	bob, eve, gone := d.user(), d.user(), d.user()
	d.resource(bob, "ACTIVE", 600*one)
	d.resource(bob, "ACTIVE", 100*one)
	d.resource(eve, "PAUSED", 50*one)
	d.resource(nil, "ACTIVE", 300*one)
	d.resource(nil, "SUSPENDED", 11*one)
	for _, u := range []*access.Actor{bob, eve, gone} {
		d.totals(u, one, 0, 0, 0)
	}
	d.exec(`UPDATE ledger_accounts SET balance = CASE id WHEN 'platform.revenue' THEN 30 WHEN 'platform.fees' THEN 7 WHEN 'provider.spent' THEN 4 ELSE balance END`)
	d.exec(`UPDATE pool_totals SET requests = 8, succeeded = 6, credits_charged = 999, provider_cost = 999`)
	got, err := d.reports.Overview(t.Context())
	require.NoError(t, err)
	require.Equal(t, &pool.Overview{
		TotalValue: 1000 * one, ActiveResources: 3, Contributors: 3, ActiveContributors: 1,
		PlatformOwned: 300 * one, PlatformShare: 0.3, UserContributed: 700 * one, UserShare: 0.7,
		CreditsCharged: 30, ProviderCost: 4, Profit: 26, DepositFees: 7, Requests: 8, SuccessRate: 0.75,
	}, got)
}

func TestOverviewOfAnEmptyPoolHasNoShares(t *testing.T) {
	t.Parallel()
	got, err := newDesk(t).reports.Overview(t.Context())
	require.NoError(t, err)
	require.Equal(t, &pool.Overview{SuccessRate: 1}, got)
}

func TestRankingIsByContributionUnlessOrderedOtherwise(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	bob, eve, tom := d.user(), d.user(), d.user()
	d.totals(bob, 10, 1, 5, 100)
	d.totals(eve, 30, 2, 4, 50)
	d.totals(tom, 20, 3, 6, 75)
	d.exec(`INSERT INTO pool_ledgers VALUES ('', 1000, 0, 0, 0, 0)`) // the platform's own keys
	for _, c := range []struct {
		order pool.ContributorOrder
		want  []ids.ID
	}{
		{pool.ContributorOrder{}, []ids.ID{eve.ID, tom.ID, bob.ID}},
		{pool.ContributorOrder{Field: pool.ByConsumed, Asc: true}, []ids.ID{bob.ID, eve.ID, tom.ID}},
		{pool.ContributorOrder{Field: pool.ByRevenue}, []ids.ID{tom.ID, bob.ID, eve.ID}},
		{pool.ContributorOrder{Field: pool.ByRequestsOnOwn}, []ids.ID{bob.ID, tom.ID, eve.ID}},
	} {
		var got []ids.ID
		args := first(2)
		for range 3 {
			p, err := d.reports.Contributors(t.Context(), args, c.order)
			require.NoError(t, err)
			for _, row := range p.Nodes() {
				got = append(got, row.ID)
			}
			n, err := p.TotalCount(t.Context())
			require.NoError(t, err)
			require.Equal(t, 3, n)
			if !p.PageInfo.HasNextPage {
				break
			}
			args.After = p.PageInfo.EndCursor
		}
		require.Equal(t, c.want, got, c.order)
	}
}

func TestRemainingIsWhatIsLeftOnKeysThatServeOrMayServeAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	bob, eve := d.user(), d.user()
	for i, status := range []string{"ACTIVE", "PAUSED", "SUSPENDED", "DEPLETED", "EXPIRED", "WITHDRAWN"} {
		d.resource(bob, status, money.USD(1)<<i)
	}
	d.resource(nil, "ACTIVE", 1000)
	got, err := d.reports.Remaining(t.Context(), bob.ID, eve.ID)
	require.NoError(t, err)
	require.Equal(t, map[ids.ID]money.USD{bob.ID: 7}, got)

	none, err := d.reports.Ledger(t.Context(), bob.ID)
	require.NoError(t, err)
	require.Nil(t, none)
	d.totals(bob, 70, 0, 0, 0)
	row, err := d.reports.Ledger(t.Context(), bob.ID)
	require.NoError(t, err)
	require.Equal(t, money.USD(70), row.Contributed)
}

func TestStandingTurnsLowBelowATenthAndDepletedAtNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		contributed, left money.USD
		want              pool.Standing
	}{
		{100, 100, pool.StandingActive}, {100, 10, pool.StandingActive}, {100, 9, pool.StandingLow}, {100, 1, pool.StandingLow},
		{100, 0, pool.StandingDepleted}, {105, 11, pool.StandingActive}, {105, 10, pool.StandingLow}, {0, 0, pool.StandingDepleted},
		{9_000_000_000 * one, 900_000_000 * one, pool.StandingActive}, {9_000_000_000 * one, 900_000_000*one - 1, pool.StandingLow},
	} {
		require.Equal(t, c.want, pool.StandingOf(&ent.PoolLedger{Contributed: c.contributed}, c.left), c)
	}
}

func TestResourcesAreListedToAdminsAlone(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	bob := d.user(access.Contributor)
	_, err := d.reports.Resources(t.Context(), bob, page.Args{}, pool.ResourceFilter{}, pool.ResourceOrder{})
	require.ErrorContains(t, err, "FORBIDDEN")
	_, err = d.reports.Resources(t.Context(), nil, page.Args{}, pool.ResourceFilter{}, pool.ResourceOrder{})
	require.ErrorContains(t, err, "UNAUTHENTICATED")
}

func TestResourcesFilterAndOrder(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	bob, eve := d.user(), d.user()
	a := d.resource(bob, "ACTIVE", 5)
	b := d.resource(eve, "PAUSED", 9)
	c := d.resource(nil, "ACTIVE", 7)
	d.exec(`UPDATE pool_resources SET expires_at = $2 WHERE id = $1`, b, d.clock.Now())
	d.exec(`UPDATE pool_resources SET provider = 'deepseek' WHERE id = $1`, c)
	d.exec(`UPDATE ledger_accounts SET balance = 20 WHERE id = 'resource:' || $1::text`, a)
	d.exec(`DELETE FROM ledger_accounts WHERE id = 'resource:' || $1::text`, b) // booked with the deposit; no quota sorts last
	yes, no, deepseek := true, false, "deepseek"
	for name, q := range map[string]struct {
		filter pool.ResourceFilter
		order  pool.ResourceOrder
		want   []ids.ID
	}{
		"newest first":   {want: []ids.ID{c, b, a}},
		"oldest first":   {order: pool.ResourceOrder{Field: pool.ByCreated, Asc: true}, want: []ids.ID{a, b, c}},
		"current quota":  {order: pool.ResourceOrder{Field: pool.ByCurrentQuota}, want: []ids.ID{a, c, b}},
		"least quota":    {order: pool.ResourceOrder{Field: pool.ByCurrentQuota, Asc: true}, want: []ids.ID{c, a, b}},
		"original quota": {order: pool.ResourceOrder{Field: pool.ByOriginalQuota}, want: []ids.ID{b, c, a}},
		"expiry":         {order: pool.ResourceOrder{Field: pool.ByExpiry, Asc: true}, want: []ids.ID{b, a, c}},
		"status":         {filter: pool.ResourceFilter{Status: []poolresource.Status{"PAUSED", "SUSPENDED"}}, want: []ids.ID{b}},
		"platform":       {filter: pool.ResourceFilter{Platform: &yes}, want: []ids.ID{c}},
		"users":          {filter: pool.ResourceFilter{Platform: &no}, want: []ids.ID{b, a}},
		"owner":          {filter: pool.ResourceFilter{Owner: &bob.ID}, want: []ids.ID{a}},
		"provider":       {filter: pool.ResourceFilter{Provider: &deepseek}, want: []ids.ID{c}},
	} {
		var got []ids.ID
		args := first(1)
		for range 4 {
			p, err := d.reports.Resources(t.Context(), d.admin, args, q.filter, q.order)
			require.NoError(t, err, name)
			for _, r := range p.Nodes() {
				got = append(got, r.ID)
			}
			if !p.PageInfo.HasNextPage {
				break
			}
			args.After = p.PageInfo.EndCursor
		}
		require.Equal(t, q.want, got, name)
	}
	own, err := d.reports.ResourcesOf(t.Context(), eve.ID, page.Args{})
	require.NoError(t, err)
	require.Len(t, own.Edges, 1)
	require.Equal(t, b, own.Edges[0].Node.ID)
	_, err = d.reports.Resource(t.Context(), d.ids.New(ids.Resource))
	require.ErrorContains(t, err, "NOT_FOUND")
}
