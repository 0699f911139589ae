package feed

import (
	"context"
	"sync"

	"github.com/resourcepool/resourcepool/server/ids"
)

// Subscription is a feed of transactions. C is closed when it ends; Err then says why.
type Subscription struct {
	C <-chan Event

	mu  sync.Mutex
	err error
}

// Err returns why the feed ended: the context's error where the reader left, ErrClosed where the hub stopped, or what
// kept it from reading. It is nil while C is open.
func (s *Subscription) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *Subscription) end(err error, c chan<- Event) {
	s.mu.Lock()
	s.err = err
	s.mu.Unlock()
	close(c)
}

// Transactions returns every transaction booked after the cursor `after`, and from then on each as it commits, once and
// in the order of seq. Without `after` only what commits from now on. It ends with ctx. A cursor that is none, or that is
// ahead of the ledger, is a BadUserInput on "after".
func (h *Hub) Transactions(ctx context.Context, after *string) (*Subscription, error) {
	if err := h.running(ctx); err != nil {
		return nil, err
	}
	from := int64(-1)
	if after != nil {
		seq, err := parseCursor(*after)
		if err != nil {
			return nil, err
		}
		from = seq
	}
	// The hub may be a moment behind the ledger, and another server's cursor ahead of the hub.
	head, err := h.store.head(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case from > head:
		return nil, errAhead
	case from < 0:
		from = head
	}
	c := make(chan Event)
	sub := &Subscription{C: c}
	err = h.spawn(
		func() { h.readers++ },
		func() { sub.end(h.pump(ctx, from, c), c) },
		func() { h.readers-- },
	)
	if err != nil {
		return nil, err
	}
	return sub, nil
}

// pump sends all events after `at` to c: from the hub's tail where they are at hand, else page by page from the table. It
// returns why it ended.
func (h *Hub) pump(ctx context.Context, at int64, c chan<- Event) error {
	for {
		events, behind, grown := h.tail.after(at)
		if behind {
			head := h.tail.position()
			page, err := h.store.events(ctx, at, head, catchUpPage)
			if err != nil {
				return cause(ctx, err)
			}
			events = page
			if len(page) == 0 {
				at = head // the books end earlier than their head, which the checks report
			}
		}
		for _, e := range events {
			select {
			case c <- e:
				at = e.Seq
			case <-ctx.Done():
				return ctx.Err()
			case <-h.closing:
				return ErrClosed
			}
		}
		if behind || len(events) > 0 {
			continue
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		case <-h.closing:
			return ErrClosed
		}
	}
}

// catchUpPage is how many transactions a reader that is behind reads at once.
const catchUpPage = 200

func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// Wallets signals at once, and then after each change of the user's wallet, vesting or debt, at most four times a second.
// The channel is closed when ctx or the hub ends. The reader reads the latest state.
func (h *Hub) Wallets(ctx context.Context, user ids.ID) (<-chan struct{}, error) {
	if err := h.running(ctx); err != nil {
		return nil, err
	}
	w := newWatch[struct{}]()
	w.mark(struct{}{})
	return serve(ctx, h, h.wallets, user, w)
}

// Resources sends the id of each resource of the owner (of any, where owner is "") whose status or quota changed, at most
// four times a second for each. The channel is closed when ctx or the hub ends. The reader reads the latest state.
func (h *Hub) Resources(ctx context.Context, owner ids.ID) (<-chan ids.ID, error) {
	if err := h.running(ctx); err != nil {
		return nil, err
	}
	return serve(ctx, h, h.resources, owner, newWatch[ids.ID]())
}

// serve registers w under id for as long as it runs.
func serve[K comparable](ctx context.Context, h *Hub, all map[ids.ID]map[*watch[K]]bool, id ids.ID, w *watch[K]) (<-chan K, error) {
	out := make(chan K)
	err := h.spawn(
		func() {
			if all[id] == nil {
				all[id] = map[*watch[K]]bool{}
			}
			all[id][w] = true
		},
		func() { w.run(ctx, h.closing, h.clock, out) },
		func() {
			delete(all[id], w)
			if len(all[id]) == 0 {
				delete(all, id)
			}
		},
	)
	return out, err
}

// running waits until the hub knows where the ledger ends.
func (h *Hub) running(ctx context.Context) error {
	select {
	case <-h.ready:
		return nil
	case <-h.closing:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// spawn runs body in a goroutine that the hub waits for, between enter and leave, which hold its lock.
func (h *Hub) spawn(enter, body, leave func()) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return ErrClosed
	}
	enter()
	h.open.Add(1)
	go func() {
		defer h.open.Done()
		defer func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			leave()
		}()
		body()
	}()
	return nil
}
