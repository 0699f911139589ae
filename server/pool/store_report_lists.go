package pool

import (
	"context"
	"fmt"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/poolresource"
	"github.com/resourcepool/resourcepool/ent/predicate"
	"github.com/resourcepool/resourcepool/ent/usagelog"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/page"
	"github.com/resourcepool/resourcepool/server/routing"
)

// resourceExprs are over the columns of pool_resources. An id sorts by the time it was made.
var resourceExprs = map[ResourceField]string{
	ByCreated:       "",
	ByCurrentQuota:  "SELECT a.balance FROM ledger_accounts AS a (account_id) WHERE a.account_id = 'resource:' || id",
	ByOriginalQuota: poolresource.FieldOriginalQuota,
	ByLastUsed:      poolresource.FieldLastUsedAt,
	ByExpiry:        poolresource.FieldExpiresAt,
}

// resources lists what is of the owner, of everybody where that is nil.
func (r *Reports) resources(ctx context.Context, owner *ids.ID, args page.Args, f ResourceFilter, order ResourceOrder) (page.Connection[*ent.PoolResource], error) {
	if order.Field == "" {
		order.Field = ByCreated
	}
	expr, ok := resourceExprs[order.Field]
	if !ok {
		return page.Connection[*ent.PoolResource]{}, errUnknownOrder
	}
	q := r.ent.PoolResource.Query()
	if len(f.Status) > 0 {
		q.Where(poolresource.StatusIn(f.Status...))
	}
	if f.Provider != nil {
		q.Where(poolresource.Provider(*f.Provider))
	}
	if f.Platform != nil && *f.Platform {
		q.Where(poolresource.OwnerIDIsNil())
	}
	if f.Platform != nil && !*f.Platform {
		q.Where(poolresource.OwnerIDNotNil())
	}
	if f.Owner != nil {
		q.Where(poolresource.OwnerID(*f.Owner))
	}
	l := page.List[*ent.PoolResource]{
		DB: r.ent, Name: "resources", Table: poolresource.Table, Key: page.ID(poolresource.FieldID),
		KeyOf: func(p *ent.PoolResource) string { return string(p.ID) },
		Order: page.Order{Name: string(order.Field), Expr: expr, Desc: !order.Asc, NullsLast: true},
	}
	if owner != nil {
		l.Scope = append(l.Scope, poolresource.OwnerID(*owner))
	}
	return page.Of(ctx, q, args, l)
}

func (r *Reports) resource(ctx context.Context, id ids.ID) (*ent.PoolResource, error) {
	row, err := r.ent.PoolResource.Get(ctx, id)
	if ent.IsNotFound(err) {
		return nil, errUnknownResource
	}
	if err != nil {
		return nil, fmt.Errorf("pool: read %s: %w", id, err)
	}
	return row, nil
}

func (r *Reports) resourcesByID(ctx context.Context, list []ids.ID) (map[ids.ID]*ent.PoolResource, error) {
	rows, err := r.ent.PoolResource.Query().Where(poolresource.IDIn(list...)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("pool: read resources: %w", err)
	}
	out := make(map[ids.ID]*ent.PoolResource, len(rows))
	for _, row := range rows {
		out[row.ID] = row
	}
	return out, nil
}

func (r *Reports) usageLogsByID(ctx context.Context, list []ids.ID) (map[ids.ID]*ent.UsageLog, error) {
	rows, err := r.ent.UsageLog.Query().Where(usagelog.IDIn(list...)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("pool: read usage logs: %w", err)
	}
	out := make(map[ids.ID]*ent.UsageLog, len(rows))
	for _, row := range rows {
		out[row.ID] = row
	}
	return out, nil
}

// ownerOf returns the owner of a resource, "" where it is the platform's or there is none.
func (r *Reports) ownerOf(ctx context.Context, id ids.ID) (ids.ID, error) {
	row, err := r.ent.PoolResource.Get(ctx, id)
	switch {
	case ent.IsNotFound(err):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("pool: read %s: %w", id, err)
	}
	return ownerOf(row), nil
}

func (r *Reports) hasResources(ctx context.Context, owner ids.ID) (bool, error) {
	has, err := r.ent.PoolResource.Query().Where(poolresource.OwnerID(owner)).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("pool: read the resources of %s: %w", owner, err)
	}
	return has, nil
}

// usageScope is what of the log may be listed: all of it, or what somebody made and served.
type usageScope struct {
	all bool
	who ids.ID
}

var usageExprs = map[UsageField]string{
	ByTime: "", ByCharge: usagelog.FieldCreditsCharged, ByCost: usagelog.FieldCostAmount, ByLatency: usagelog.FieldLatencyMs,
}

// usageLogs lists what is in the scope. One condition with OR lets Postgres choose: the two indexes for who has few
// requests, the log from its end for who has many.
func (r *Reports) usageLogs(ctx context.Context, scope usageScope, args page.Args, f UsageFilter, order UsageOrder) (page.Connection[*ent.UsageLog], error) {
	if order.Field == "" {
		order.Field = ByTime
	}
	expr, ok := usageExprs[order.Field]
	if !ok {
		return page.Connection[*ent.UsageLog]{}, errUnknownOrder
	}
	l := page.List[*ent.UsageLog]{
		DB: r.ent, Name: "usage", Table: usagelog.Table, Key: page.ID(usagelog.FieldID),
		KeyOf: func(u *ent.UsageLog) string { return string(u.ID) },
		Order: page.Order{Name: string(order.Field), Expr: expr, Desc: !order.Asc},
	}
	if !scope.all {
		l.Scope = append(l.Scope, usagelog.Or(usagelog.UserID(scope.who), usagelog.OwnerID(scope.who)))
	}
	return page.Of(ctx, r.ent.UsageLog.Query().Where(f.predicates()...), args, l)
}

// idSlack is more than the time in a request's id differs from its createdAt: it lets a time filter leave partitions out.
const idSlack = 24 * time.Hour

func (f UsageFilter) predicates() (out []predicate.UsageLog) {
	if f.Status != nil {
		out = append(out, usagelog.StatusEQ(*f.Status))
	}
	if f.Model != nil {
		out = append(out, usagelog.Model(*f.Model))
	}
	if f.From != nil {
		out = append(out, usagelog.CreatedAtGTE(*f.From))
		if from := f.From.Add(-idSlack); from.UnixMilli() > 0 { // no id is of before 1970, and none can say so
			out = append(out, usagelog.IDGTE(ids.Floor(ids.Usage, from)))
		}
	}
	if f.To != nil {
		out = append(out, usagelog.CreatedAtLT(*f.To))
		if to := f.To.Add(idSlack); to.UnixMilli() > 0 {
			out = append(out, usagelog.IDLT(ids.Floor(ids.Usage, to)))
		}
	}
	if f.User != nil {
		out = append(out, usagelog.UserID(*f.User))
	}
	if f.Resource != nil {
		out = append(out, usagelog.ResourceID(*f.Resource))
	}
	if f.ResourceOwner != nil {
		out = append(out, usagelog.OwnerID(*f.ResourceOwner))
	}
	return out
}

func (r *Reports) decision(ctx context.Context, usage ids.ID) (*routing.Record, error) {
	row, err := r.ent.RoutingDecision.Get(ctx, usage)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("pool: read the decision on %s: %w", usage, err)
	}
	d, err := routing.UnmarshalRecord(row.Decision)
	if err != nil {
		return nil, fmt.Errorf("pool: the decision on %s: %w", usage, err)
	}
	return &d, nil
}
