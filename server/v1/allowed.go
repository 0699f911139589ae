package v1

import (
	"context"
	"time"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
)

// lookEvery is how often a stream sees whether its asker may still have it.
const lookEvery = time.Second

var (
	errEnded  = fault.New(fault.Unauthenticated, "this API token is not valid any more")
	errFrozen = fault.New(fault.Forbidden, "your account is frozen: you can sign in and read")
)

// whileAllowed is ctx, which also ends, with the reason as its cause, when the asker's token ends or they are frozen. Where
// that can't be found out, a stream that was allowed goes on.
func (s *server) whileAllowed(ctx context.Context, asker *access.Actor) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		look := time.NewTicker(lookEvery)
		defer look.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-look.C:
			}
			switch now, err := s.Refresh(ctx, asker); {
			case err != nil:
			case now == nil:
				cancel(errEnded)
			case now.Frozen && !asker.Frozen:
				cancel(errFrozen)
			}
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-done
	}
}
