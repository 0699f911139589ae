package ledger

import (
	"context"
	"sync"
)

// queue holds what waits for the next batch. It is fair by caller: a batch takes one request of each caller in turn, so
// that nobody fills it alone.
type queue struct {
	mu      sync.Mutex
	callers map[string]*line
	turn    []*line // callers with something waiting, the next one first
	waiting int
	closed  bool
	wake    chan struct{} // holds one token while something waits
}

type line struct {
	caller  string
	waiting []*pending
}

// pending is a request that waits for its batch.
type pending struct {
	Request
	ctx  context.Context // of the caller, who may have left
	done chan answer
}

type answer struct {
	outcome Outcome
	err     error
}

func newQueue() *queue {
	return &queue{callers: map[string]*line{}, wake: make(chan struct{}, 1)}
}

// put adds a request. Below bound waiting requests it refuses nobody. From there on it refuses with ErrOverloaded who has
// an even share of the bound waiting already, so that one caller can't keep the others out, and everybody at twice the
// bound. Operations that resolve a hold are always taken, since what was reserved must come free.
func (q *queue) put(p *pending, bound int) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	resolves := p.Op.holdID() != ""
	if q.closed && !resolves {
		return ErrClosed
	}
	l := q.callers[p.Caller]
	if q.waiting >= bound && !resolves && (q.waiting >= 2*bound || l != nil && len(l.waiting)*len(q.callers) >= bound) {
		return ErrOverloaded
	}
	if l == nil {
		l = &line{caller: p.Caller}
		q.callers[p.Caller] = l
		q.turn = append(q.turn, l)
	}
	l.waiting = append(l.waiting, p)
	q.waiting++
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return nil
}

// take removes up to most requests, one of each caller in turn.
func (q *queue) take(most int) []*pending {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(most, q.waiting)
	batch := make([]*pending, 0, n)
	for len(batch) < n {
		l := q.turn[0]
		q.turn[0], q.turn = nil, q.turn[1:] // what was taken is nobody's to keep
		batch = append(batch, l.waiting[0])
		l.waiting[0], l.waiting = nil, l.waiting[1:]
		if len(l.waiting) > 0 {
			q.turn = append(q.turn, l)
		} else {
			delete(q.callers, l.caller)
		}
	}
	q.waiting -= n
	if q.waiting > 0 {
		select {
		case q.wake <- struct{}{}:
		default:
		}
	}
	return batch
}

// forsaken answers the requests of a batch whose callers have left, and returns the others. Operations that resolve a hold
// stay: what was reserved must come free.
func forsaken(batch []*pending) []*pending {
	kept := batch[:0]
	for _, p := range batch {
		if err := p.ctx.Err(); err != nil && p.Op.holdID() == "" {
			p.done <- answer{err: err}
			continue
		}
		kept = append(kept, p)
	}
	return kept
}

// close refuses new requests from now on, save those that resolve a hold.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting
}
