package account

import (
	"context"
	"time"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/limit"
	"github.com/resourcepool/resourcepool/server/origin"
)

// failedBacklog bounds the failed sign-ins that wait for Run. One that finds no room is like many others.
const failedBacklog = 256

// failuresNoted is how often the audit log tells of an account's failed sign-ins: guessing must not fill it.
var failuresNoted = limit.Rule{Name: "sign-in.noted", Burst: 1, Wait: time.Minute, Forget: time.Minute}

// failed is a wrong password for somebody's account.
type failed struct {
	user ids.ID
	from origin.Origin
}

// failedToSignIn leaves it to Run to note a failed sign-in: whoever guesses does not wait for it, which would tell them that there
// is such an account.
func (s *Service) failedToSignIn(ctx context.Context, user ids.ID) {
	select {
	case s.failed <- failed{user, origin.From(ctx)}:
	default:
	}
}

// note writes a failed sign-in into the audit log, once a minute for an account.
func (s *Service) note(ctx context.Context, f failed) error {
	if _, err := s.throttle.Take(ctx, failuresNoted.Of(string(f.user))); err != nil {
		if fault.CodeOf(err) == fault.RateLimited {
			return nil
		}
		return err
	}
	return s.store.audit(origin.With(ctx, f.from), s.event("", "user.signInFailed", f.user, nil))
}
