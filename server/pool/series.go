package pool

import (
	"context"
	"time"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// UsageScope is whose requests a series is of, as the contract has it.
type UsageScope string

// The scopes of a series.
const (
	ScopeMine   UsageScope = "MINE"    // requests the actor made
	ScopeMyKeys UsageScope = "MY_KEYS" // requests on the actor's keys
	ScopePool   UsageScope = "POOL"    // all, for admins
)

// Bucket is the span of a point, as the contract has it. Days are UTC's.
type Bucket string

// The buckets of a series.
const (
	BucketHour Bucket = "HOUR"
	BucketDay  Bucket = "DAY"
)

func (b Bucket) span() time.Duration {
	if b == BucketDay {
		return 24 * time.Hour
	}
	return time.Hour
}

// UsageGroup is what a series is split by, as the contract has it.
type UsageGroup string

// The groups of a series; the empty one does not split it.
const (
	GroupNone     UsageGroup = ""
	GroupModel    UsageGroup = "MODEL"
	GroupProvider UsageGroup = "PROVIDER"
	GroupResource UsageGroup = "RESOURCE" // own keys, or admins
	GroupUser     UsageGroup = "USER"     // admins
)

// SeriesInput asks for a series.
type SeriesInput struct {
	Scope    UsageScope
	From, To time.Time // From is inclusive, To exclusive; a bucket that they cut counts whole
	Bucket   Bucket
	GroupBy  UsageGroup
}

// UsagePoint is the totals of a bucket that saw requests.
type UsagePoint struct {
	At               time.Time // when the bucket begins
	Group            *string   // a model, a provider or an id; nil where the series is not split
	Requests         int64
	Failed           int64
	PromptTokens     int64
	CompletionTokens int64
	CreditsCharged   *money.Credits // nil where the actor may not see it
	CostAmount       *money.USD     // likewise
	AverageLatencyMs *float64
}

// mostPoints is how many points a series has at most.
const mostPoints = 1000

// UsageSeries returns the points of a series by time and group, from the roll-ups; buckets without requests have none. It
// returns BAD_USER_INPUT that names the argument, FORBIDDEN for a scope or a group of others, or UNAUTHENTICATED.
func (r *Reports) UsageSeries(ctx context.Context, actor *access.Actor, in SeriesInput) ([]UsagePoint, error) {
	if err := r.maySee(actor, in); err != nil {
		return nil, err
	}
	if err := in.Validate(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	points, err := r.series(ctx, actor.ID, in)
	if err != nil {
		return nil, err
	}
	if len(points) > mostPoints {
		return nil, fault.Invalid("groupBy", "this is more than %d points: ask for a shorter time or fewer groups", mostPoints)
	}
	if !r.policy.Can(actor, "read", "UsageScope."+string(ScopePool), "") {
		for i := range points {
			if in.Scope == ScopeMine {
				points[i].CostAmount = nil
			} else {
				points[i].CreditsCharged = nil
			}
		}
	}
	return points, nil
}

// Validate returns the first fault of the input; it names the argument.
func (in SeriesInput) Validate() error {
	if in.Bucket != BucketHour && in.Bucket != BucketDay {
		return fault.Invalid("bucket", "a bucket is HOUR or DAY")
	}
	if _, ok := seriesGroups[in.GroupBy]; !ok {
		return fault.Invalid("groupBy", "a series is split by MODEL, PROVIDER, RESOURCE or USER")
	}
	if !in.From.Before(in.To) {
		return fault.Invalid("to", "to is after from")
	}
	from, to := in.bounds()
	if to.Sub(from)/in.Bucket.span() > mostPoints {
		return fault.Invalid("to", "this is more than %d points: ask for a shorter time or a larger bucket", mostPoints)
	}
	return nil
}

// bounds widens the time asked for to whole buckets.
func (in SeriesInput) bounds() (from, to time.Time) {
	span := in.Bucket.span()
	from, to = in.From.UTC().Truncate(span), in.To.UTC().Truncate(span)
	if to.Before(in.To) {
		to = to.Add(span)
	}
	return from, to
}

// maySee decides on scope and group: one of own keys is an owner's, all else that names a key or a person is an admin's.
func (r *Reports) maySee(actor *access.Actor, in SeriesInput) error {
	if err := r.policy.Check(actor, "call", "Query.usageSeries", ""); err != nil {
		return err
	}
	switch in.Scope {
	case ScopeMine, ScopeMyKeys, ScopePool:
	default:
		return fault.Invalid("scope", "a scope is MINE, MY_KEYS or POOL")
	}
	if err := r.policy.Check(actor, "read", "UsageScope."+string(in.Scope), ""); err != nil {
		return err
	}
	switch in.GroupBy {
	case GroupResource:
		var owner ids.ID
		if in.Scope == ScopeMyKeys {
			owner = actor.ID
		}
		return r.policy.Check(actor, "read", "UsageGroup.RESOURCE", owner)
	case GroupUser:
		return r.policy.Check(actor, "read", "UsageGroup.USER", "")
	}
	return nil
}
