package pool

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/poolresource"
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

const usageColumns = "id, created_at, status, model, user_id, resource_id, owner_id, credits_charged, cost_amount, latency_ms"

var usageExprs = map[UsageField]string{
	ByTime: "", ByCharge: usagelog.FieldCreditsCharged, ByCost: usagelog.FieldCostAmount, ByLatency: usagelog.FieldLatencyMs,
}

// base is the part of the log that may be listed. The two halves of one person's are apart so that each is read off its
// own index, in the order of the list.
func (s usageScope) base() (text string, args []any) {
	if s.all {
		return "SELECT " + usageColumns + " FROM usage_logs", nil
	}
	return "SELECT " + usageColumns + " FROM usage_logs WHERE user_id = ? UNION ALL SELECT " + usageColumns +
		" FROM usage_logs WHERE owner_id = ? AND owner_id <> '' AND user_id <> ?", []any{string(s.who), string(s.who), string(s.who)}
}

func (r *Reports) usageLogs(ctx context.Context, scope usageScope, args page.Args, f UsageFilter, order UsageOrder) (page.Connection[*ent.UsageLog], error) {
	var none page.Connection[*ent.UsageLog]
	if order.Field == "" {
		order.Field = ByTime
	}
	expr, ok := usageExprs[order.Field]
	if !ok {
		return none, errUnknownOrder
	}
	base, baseArgs := scope.base()
	filter, filterArgs := f.condition()
	found, err := page.Rows(ctx, args, page.Select[ids.ID]{
		DB: r.ent, Name: "usage", Base: base, BaseArgs: baseArgs, Filter: filter, FilterArgs: filterArgs,
		Key: page.ID("id"), KeyOf: func(id ids.ID) string { return string(id) },
		Order: page.Order{Name: string(order.Field), Expr: expr, Desc: !order.Asc},
		Scan:  scanUsageID,
	})
	if err != nil || len(found.Edges) == 0 {
		return page.Map(found, func(ids.ID) *ent.UsageLog { return nil }), err
	}
	rows, err := r.ent.UsageLog.Query().Where(usagelog.IDIn(found.Nodes()...)).All(ctx)
	if err != nil {
		return none, fmt.Errorf("pool: read requests: %w", err)
	}
	byID := make(map[ids.ID]*ent.UsageLog, len(rows))
	for _, row := range rows {
		byID[row.ID] = row
	}
	for _, id := range found.Nodes() {
		if byID[id] == nil { // rows of the log stay; only a dropped partition takes them away
			return none, fmt.Errorf("pool: request %s is gone", id)
		}
	}
	return page.Map(found, func(id ids.ID) *ent.UsageLog { return byID[id] }), nil
}

func scanUsageID(rows *sql.Rows) (id ids.ID, err error) {
	var rest [9]sql.RawBytes
	err = rows.Scan(&id, &rest[0], &rest[1], &rest[2], &rest[3], &rest[4], &rest[5], &rest[6], &rest[7], &rest[8])
	return id, err
}

// idSlack is more than the time in a request's id differs from its createdAt: it lets a time filter leave partitions out.
const idSlack = 24 * time.Hour

// condition is the filter over the columns of base.
func (f UsageFilter) condition() (string, []any) {
	var texts []string
	var args []any
	where := func(text string, arg any) { texts, args = append(texts, text), append(args, arg) }
	if f.Status != nil {
		where("status = ?", string(*f.Status))
	}
	if f.Model != nil {
		where("model = ?", *f.Model)
	}
	if f.From != nil {
		where("created_at >= ?", *f.From)
		where("id >= ?", string(ids.Floor(ids.Usage, f.From.Add(-idSlack))))
	}
	if f.To != nil {
		where("created_at < ?", *f.To)
		where("id < ?", string(ids.Floor(ids.Usage, f.To.Add(idSlack))))
	}
	if f.User != nil {
		where("user_id = ?", string(*f.User))
	}
	if f.Resource != nil {
		where("resource_id = ?", string(*f.Resource))
	}
	if f.ResourceOwner != nil {
		where("owner_id = ?", string(*f.ResourceOwner))
	}
	return strings.Join(texts, " AND "), args
}

func (r *Reports) usageLog(ctx context.Context, id ids.ID) (*ent.UsageLog, error) {
	row, err := r.ent.UsageLog.Get(ctx, id)
	if ent.IsNotFound(err) {
		return nil, errUnknownUsage
	}
	if err != nil {
		return nil, fmt.Errorf("pool: read %s: %w", id, err)
	}
	return row, nil
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
