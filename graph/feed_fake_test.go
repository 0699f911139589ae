package graph

import (
	"context"
	"sync"

	"github.com/resourcepool/resourcepool/server/feed"
	"github.com/resourcepool/resourcepool/server/ids"
)

// someFeed signals wallets when the test says so.
type someFeed struct {
	mu      sync.Mutex
	signals []chan struct{}
	fail    error
}

func newFeed() *someFeed { return &someFeed{} }

func (f *someFeed) Wallets(ctx context.Context, _ ids.ID) (<-chan struct{}, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return nil, f.fail
	}
	c := make(chan struct{}, 1)
	c <- struct{}{}
	f.signals = append(f.signals, c)
	return c, nil
}

func (f *someFeed) Resources(context.Context, ids.ID) (<-chan ids.ID, error) {
	return make(chan ids.ID), nil
}

func (f *someFeed) Transactions(context.Context, *string) (*feed.Subscription, error) {
	return &feed.Subscription{C: make(chan feed.Event)}, nil
}

func (f *someFeed) poke() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.signals {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
