package pool

import (
	"context"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/poolresource"
	"github.com/resourcepool/resourcepool/ent/usagelog"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/page"
	"github.com/resourcepool/resourcepool/server/routing"
)

var (
	errUnknownOrder = fault.Invalid("orderBy.field", "this list has no such order")
	errOrder        = fault.New(fault.Forbidden, "you may not order by what you may not see in every row")
)

// ResourceFilter narrows a list of resources; what is empty takes all.
type ResourceFilter struct {
	Status   []poolresource.Status
	Provider *string
	Platform *bool // true: the platform's own, false: users'
	Owner    *ids.ID
}

// ResourceOrder is an order of resources; the zero value is the newest first.
type ResourceOrder struct {
	Field ResourceField
	Asc   bool
}

// ResourceField is what resources can be ordered by, as the contract has it. Where it is null the resource comes last.
type ResourceField string

// The fields of resources to order by.
const (
	ByCreated       ResourceField = "CREATED_AT"
	ByCurrentQuota  ResourceField = "CURRENT_QUOTA"
	ByOriginalQuota ResourceField = "ORIGINAL_QUOTA"
	ByLastUsed      ResourceField = "LAST_USED_AT"
	ByExpiry        ResourceField = "EXPIRES_AT"
)

// Resources returns all resources of the pool to an admin.
func (r *Reports) Resources(ctx context.Context, actor *access.Actor, args page.Args, f ResourceFilter, order ResourceOrder) (page.Connection[*ent.PoolResource], error) {
	if err := r.policy.Check(actor, "call", "Query.resources", ""); err != nil {
		return page.Connection[*ent.PoolResource]{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	return r.resources(ctx, nil, args, f, order)
}

// ResourcesOf returns the resources of an owner, the newest first.
func (r *Reports) ResourcesOf(ctx context.Context, owner ids.ID, args page.Args) (page.Connection[*ent.PoolResource], error) {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	return r.resources(ctx, &owner, args, ResourceFilter{}, ResourceOrder{})
}

// Resource returns a resource, or NOT_FOUND.
func (r *Reports) Resource(ctx context.Context, id ids.ID) (*ent.PoolResource, error) {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	return r.resource(ctx, id)
}

// ResourcesByID returns those of the resources that exist.
func (r *Reports) ResourcesByID(ctx context.Context, list ...ids.ID) (map[ids.ID]*ent.PoolResource, error) {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	return r.resourcesByID(ctx, list)
}

// UsageFilter narrows a list of requests; what is nil takes all. From is inclusive, To exclusive.
type UsageFilter struct {
	Status        *usagelog.Status
	Model         *string
	From, To      *time.Time
	User          *ids.ID // admins
	Resource      *ids.ID // its owner and admins
	ResourceOwner *ids.ID // admins
}

// UsageOrder is an order of requests; the zero value is the newest first.
type UsageOrder struct {
	Field UsageField
	Asc   bool
}

// UsageField is what requests can be ordered by, as the contract has it.
type UsageField string

// The fields of requests to order by.
const (
	ByTime    UsageField = "CREATED_AT"
	ByCharge  UsageField = "CREDITS_CHARGED" // who sees it in every row: admins, and people who have no keys
	ByCost    UsageField = "COST_AMOUNT"     // admins, and owners who filter by a key of theirs
	ByLatency UsageField = "LATENCY_MS"
)

// UsageLogs returns the requests that the actor made and those on the actor's keys; to admins all. A filter on what the
// actor may not see, and an order by what is not to be seen in every row of the list, are FORBIDDEN.
func (r *Reports) UsageLogs(ctx context.Context, actor *access.Actor, args page.Args, f UsageFilter, order UsageOrder) (page.Connection[*ent.UsageLog], error) {
	var none page.Connection[*ent.UsageLog]
	if err := r.policy.Check(actor, "call", "Query.usageLogs", ""); err != nil {
		return none, err
	}
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	if err := r.mayFilter(ctx, actor, f); err != nil {
		return none, err
	}
	if err := r.mayOrder(ctx, actor, f, order.Field); err != nil {
		return none, err
	}
	if f.From != nil && f.To != nil && !f.From.Before(*f.To) {
		return none, fault.Invalid("filter.to", "to is after from")
	}
	scope := usageScope{all: r.policy.Can(actor, "read", "PoolUsageLog", ""), who: actor.ID}
	return r.usageLogs(ctx, scope, args, f, order)
}

// UsageLogsOf returns the requests that the user made and those on the user's keys, the newest first.
func (r *Reports) UsageLogsOf(ctx context.Context, user ids.ID, args page.Args) (page.Connection[*ent.UsageLog], error) {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	return r.usageLogs(ctx, usageScope{who: user}, args, UsageFilter{}, UsageOrder{})
}

// UsageLogsByID returns those of the requests that exist.
func (r *Reports) UsageLogsByID(ctx context.Context, list ...ids.ID) (map[ids.ID]*ent.UsageLog, error) {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	return r.usageLogsByID(ctx, list)
}

// decisionsKept is for how long admins can see why a request went to its key.
const decisionsKept = 30 * 24 * time.Hour

// Decision returns why a request went to its key, nil where that is not kept, or no longer.
func (r *Reports) Decision(ctx context.Context, usage ids.ID) (*routing.Record, error) {
	if usage < ids.Floor(ids.Usage, r.clock.Now().Add(-decisionsKept)) {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	return r.decision(ctx, usage)
}

func (r *Reports) mayFilter(ctx context.Context, actor *access.Actor, f UsageFilter) error {
	if f.User != nil {
		if err := r.policy.Check(actor, "filter", "PoolUsageLogFilter.userId", ""); err != nil {
			return err
		}
	}
	if f.ResourceOwner != nil {
		if err := r.policy.Check(actor, "filter", "PoolUsageLogFilter.resourceOwnerId", ""); err != nil {
			return err
		}
	}
	if f.Resource == nil {
		return nil
	}
	owner, err := r.ownerOf(ctx, *f.Resource) // "" where there is no such resource: nobody learns which ids exist
	if err != nil {
		return err
	}
	return r.policy.Check(actor, "filter", "PoolUsageLogFilter.resourceId", owner)
}

// mayOrder decides whether an order tells the actor nothing that the rows do not. Beside admins, who see everything: an
// owner sees the cost of every request on one key of his; who has no keys sees only requests of his own, with their charge.
func (r *Reports) mayOrder(ctx context.Context, actor *access.Actor, f UsageFilter, field UsageField) error {
	if field != ByCharge && field != ByCost || r.policy.Can(actor, "order", "PoolUsageLogOrder."+string(field), "") {
		return nil
	}
	if field == ByCost {
		if f.Resource != nil { // mayFilter took it: it is the actor's
			return nil
		}
		return errOrder
	}
	has, err := r.hasResources(ctx, actor.ID)
	if err != nil {
		return err
	}
	if has {
		return errOrder
	}
	return nil
}
