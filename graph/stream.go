package graph

import (
	"context"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/graph/model"
	"github.com/resourcepool/resourcepool/server/feed"
	"github.com/resourcepool/resourcepool/server/gateway"
	"github.com/resourcepool/resourcepool/server/ids"
)

// follow turns every value of a channel into one to send, until the channel or ctx ends. A value without one is left out;
// an error ends the subscription, and the client is told.
func follow[S, T any](ctx context.Context, in <-chan S, turn func(S) (*T, error)) <-chan *T {
	out := make(chan *T)
	go func() {
		defer close(out)
		for {
			select {
			case v, ok := <-in:
				if !ok {
					return
				}
				t, err := turn(v)
				if err != nil {
					requestFrom(ctx).end(err)
				}
				if t != nil {
					select {
					case out <- t:
					case <-ctx.Done():
						return
					}
				}
				if err != nil {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// transactions sends a feed's events and, where it broke off, why.
func transactions(ctx context.Context, s *feed.Subscription) <-chan *feed.Event {
	out := make(chan *feed.Event)
	go func() {
		defer close(out)
		for e := range follow(ctx, s.C, func(e feed.Event) (*feed.Event, error) { return &e, nil }) {
			select {
			case out <- e:
			case <-ctx.Done():
				return
			}
		}
		if ctx.Err() == nil {
			requestFrom(ctx).end(s.Err())
		}
	}()
	return out
}

// wallets sends a user's wallet at each signal.
func (r *Resolver) wallets(ctx context.Context, user ids.ID) (<-chan *model.Wallet, error) {
	signals, err := r.Feed.Wallets(ctx, user)
	if err != nil {
		return nil, err
	}
	return follow(ctx, signals, func(struct{}) (*model.Wallet, error) { return r.wallet(ctx, user) }), nil
}

// resources sends each changed resource as it is now.
func (r *Resolver) resources(ctx context.Context, owner ids.ID) (<-chan *ent.PoolResource, error) {
	changed, err := r.Feed.Resources(ctx, owner)
	if err != nil {
		return nil, err
	}
	return follow(ctx, changed, func(id ids.ID) (*ent.PoolResource, error) { return absent(r.Reports.Resource(ctx, id)) }), nil
}

// chunks sends the pieces of a completion. Where it broke off, the last piece says what was charged, before the error.
func chunks(ctx context.Context, in <-chan gateway.Chunk) <-chan *gateway.Chunk {
	return follow(ctx, in, func(c gateway.Chunk) (*gateway.Chunk, error) {
		if c.Err != nil && c.Result == nil {
			return nil, c.Err
		}
		return &c, c.Err
	})
}
