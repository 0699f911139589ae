package pool

import (
	"context"
	"errors"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
)

const (
	mostConcurrency = 10_000
	mostRequests    = 1_000_000     // per minute
	mostTokens      = 1_000_000_000 // per minute
)

// SetResourceLimits sets what a key may do at most at a time. It returns every fault of the limits, CONFLICT where the life
// of the resource is over, NOT_FOUND, FORBIDDEN or UNAUTHENTICATED.
func (s *Service) SetResourceLimits(ctx context.Context, actor *access.Actor, id ids.ID, l KeyLimits) (*ent.PoolResource, error) {
	if _, err := s.mine(ctx, actor, "limit", id); err != nil {
		return nil, err
	}
	if err := l.validate(); err != nil {
		return nil, err
	}
	return s.change(ctx, "limited", move{
		id: id, event: s.event(actor.ID, actionLimited, id, map[string]any{
			"maxConcurrency": l.Concurrency, "maxRequestsPerMinute": l.RequestsPerMinute, "maxTokensPerMinute": l.TokensPerMinute,
		}),
		from: []condition{inState(living)}, set: []setter{toLimits(l)},
	})
}

func (l KeyLimits) validate() error {
	var errs []error
	for _, c := range []struct {
		field       string
		value, most int64
	}{
		{"maxConcurrency", l.Concurrency, mostConcurrency},
		{"maxRequestsPerMinute", l.RequestsPerMinute, mostRequests},
		{"maxTokensPerMinute", l.TokensPerMinute, mostTokens},
	} {
		if c.value < 0 || c.value > c.most {
			errs = append(errs, fault.Invalid(c.field, "this limit is between 0, for none, and %d", c.most))
		}
	}
	return errors.Join(errs...)
}
