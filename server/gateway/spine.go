package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/provider"
)

const (
	// totalTime is how long all attempts of a request may take together.
	totalTime   = 10 * time.Minute
	mostAttempt = 3
)

// errLeft ends a request whose client left while nothing was under way. Nothing was charged and nothing is recorded.
var errLeft = errors.New("gateway: the client left while nothing was under way for it")

// do takes a request through the spine and returns how it ended. deliver is nil for a request that is not
// streamed.
func (g *Gateway) do(ctx context.Context, a *ask, deliver deliver) ending {
	if a.key == nil {
		return g.run(ctx, a, deliver)
	}
	waits := time.NewTimer(g.waits)
	defer waits.Stop()
	for {
		fl, leader, err := g.flights.join(a.key)
		if err != nil {
			return ending{err: err}
		}
		if leader {
			return g.lead(ctx, a, fl, deliver, waits.C)
		}
		select {
		case <-fl.done:
			if fl.end != nil {
				return *fl.end
			}
		case <-waits.C:
			return ending{err: errStillRunning}
		case <-ctx.Done():
			return ending{err: ctx.Err()}
		}
	}
}

// deliver hands out pieces of an answer as they come; it is false once the client has left.
type deliver func(provider.Piece) bool

var errStillRunning = fault.New(fault.Conflict, "the first request with this idempotency key is still running").With("retryAfterSeconds", int64(5))

// lead answers a request with an idempotency key from the record, or runs it, and tells its repetitions on this server.
func (g *Gateway) lead(ctx context.Context, a *ask, fl *flight, deliver deliver, waits <-chan time.Time) (end ending) {
	landed := (*ending)(nil)
	defer func() { g.flights.land(a.key, fl, landed) }()
	for poll := pollFirst; ; poll = min(2*poll, pollMost) {
		sealed, found, err := g.ledger.Recorded(ctx, *a.key)
		switch {
		case found:
			end = g.recall(ctx, a, sealed)
		case err == nil:
			end = g.run(ctx, a, deliver)
		default:
			end = ending{err: err}
		}
		if !errors.Is(end.err, ledger.ErrPending) {
			if !own(end.err) {
				landed = end.repeated()
			}
			return end
		}
		select { // another server runs it
		case <-time.After(poll):
		case <-waits:
			return ending{err: errStillRunning}
		case <-ctx.Done():
			return ending{err: ctx.Err()}
		}
	}
}

// own reports whether an error concerns one client's connection alone, so that a repetition runs anew.
func own(err error) bool {
	return errors.Is(err, errLeft) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// recall opens a recorded answer.
func (g *Gateway) recall(ctx context.Context, a *ask, sealed []byte) ending {
	end, err := g.replay(ctx, a, sealed)
	if err != nil {
		return ending{err: err}
	}
	return *end
}

func (g *Gateway) replay(ctx context.Context, a *ask, sealed []byte) (*ending, error) {
	end, err := g.unseal(ctx, a, sealed, func(usage ids.ID) (money.Credits, error) { return g.charged(ctx, usage) })
	return &end, err
}

// run prices, routes, holds and calls. From the hold on the request outlives its client: whatever happens, the hold is
// resolved.
func (g *Gateway) run(ctx context.Context, a *ask, deliver deliver) ending {
	j, err := g.prepare(ctx, a)
	if err != nil {
		return ending{err: err}
	}
	defer g.mean(j, nil)
	before, err := g.reserve(ctx, j)
	if err != nil {
		return ending{err: err}
	}
	if before != nil {
		return *before
	}
	defer g.abandon(ctx, j)
	end := g.serve(ctx, j, deliver)
	j.await()
	return end
}

// abandon releases the hold of a request that a panic ended.
func (g *Gateway) abandon(ctx context.Context, j *job) {
	if j.held {
		g.log.ErrorContext(ctx, "gateway: a request ended without resolving its hold", "usage", j.usageID)
		_ = g.release(ctx, j, fault.New(fault.Internal, "the request could not be finished"), nil)
	}
}

// serve calls one key after the other until one answers, and resolves the hold.
func (g *Gateway) serve(ctx context.Context, j *job, deliver deliver) ending {
	up, cancel := context.WithTimeout(context.WithoutCancel(ctx), g.total)
	defer cancel()
	if j.ask.streamed {
		defer context.AfterFunc(ctx, cancel)() // hanging up on a stream ends the provider's work at once
	}
	for {
		if j.attempts == 0 && ctx.Err() != nil {
			return g.left(ctx, j)
		}
		r, called := g.attempt(up, j, deliver)
		if !called {
			if err := g.moveOn(up, j); err != nil {
				return g.exhausted(ctx, j, err)
			}
			continue
		}
		hungUp := r.hungUp || (r.failure != nil && r.failure.Class == provider.Canceled && ctx.Err() != nil)
		g.learn(j, r, hungUp)
		switch {
		case r.finished:
			return g.settle(ctx, j, r, complete)
		case hungUp:
			return g.settle(ctx, j, r, hungUpOn)
		case r.text != "" || r.other != "":
			return g.settle(ctx, j, r, brokeOff)
		case r.delivered: // the head of an answer and none of its output: free, and what is begun is not begun anew
			return g.exhausted(ctx, j, ledger.ErrNoQuota)
		case !r.failure.Replayable():
			return g.final(ctx, j, r)
		}
		if j.ask.streamed && ctx.Err() != nil {
			return g.left(ctx, j)
		}
		if j.attempts >= mostAttempt {
			return g.exhausted(ctx, j, ledger.ErrNoQuota)
		}
		if err := g.moveOn(up, j); err != nil {
			return g.exhausted(ctx, j, err)
		}
	}
}

// left ends a request whose client was gone while nothing was under way for it: nothing is charged.
func (g *Gateway) left(ctx context.Context, j *job) ending {
	if err := g.release(ctx, j, fault.New(clientGone, "the client left"), nil); err != nil {
		return ending{err: err}
	}
	return ending{err: errors.Join(errLeft, context.Cause(ctx))}
}

// final ends a request that must not be sent again: refused by the provider, or perhaps served and billed.
func (g *Gateway) final(ctx context.Context, j *job, r *reply) ending {
	f := errUpstreamSlow.Because(r.failure)
	if r.failure.Class == provider.Overlong {
		f = errOverlong.Because(r.failure)
	}
	var answer []byte
	if r.rejected() {
		f = rejection(r.failure, j.on.key.Provider).Because(r.failure)
		var err error
		if answer, err = g.seal(ctx, j, nil, f); err != nil {
			g.log.ErrorContext(ctx, "gateway: a refusal can't be recorded", "usage", j.usageID, "err", err)
		}
	}
	if err := g.release(ctx, j, f, answer); err != nil {
		return ending{err: err}
	}
	return ending{err: f}
}

// exhausted ends a request after its last attempt. cause is why there was no further one.
func (g *Gateway) exhausted(ctx context.Context, j *job, cause error) ending {
	known, isFault := fault.As(cause)
	f := errUpstreamFailed.Because(cause)
	if j.failure != nil {
		f = errUpstreamFailed.Because(errors.Join(cause, j.failure))
	}
	switch {
	case errors.Is(cause, ledger.ErrHoldGone):
		j.held = false
		return ending{err: f}
	case !isFault:
		f = fault.New(fault.Internal, "the request could not be finished").Because(cause)
	case j.attempts == 0 && j.failure != nil && j.failure.Class == provider.Unsupported: // by all that were asked
		f = untranslatable(j.failure)
	case j.failure != nil && j.failure.Class == provider.Oversized:
		f = errOversized.Because(j.failure)
	case j.attempts == 0: // every key turned out to be unusable before anything was sent
		f = known
	case known.Details["retryAfterSeconds"] != nil:
		f = f.With("retryAfterSeconds", known.Details["retryAfterSeconds"])
	case j.failure != nil && j.failure.Class == provider.RateLimited:
		f = f.With("retryAfterSeconds", seconds(coolFor(j.failure.RetryAfter, 0)))
	}
	if err := g.release(ctx, j, f, nil); err != nil {
		return ending{err: err}
	}
	return ending{err: f}
}
