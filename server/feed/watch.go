package feed

import (
	"context"
	"sync"
	"time"

	"github.com/resourcepool/resourcepool/server/clock"
)

// gap is the least time between two signals about the same thing: four in a second.
const gap = 250 * time.Millisecond

// watch collects what changed for one reader, so that it is told each thing at once, then at most once per gap, and last
// of all after the last change. Marking never waits for the reader.
type watch[K comparable] struct {
	mu      sync.Mutex
	order   []K
	waiting map[K]bool
	marked  chan struct{}
}

func newWatch[K comparable]() *watch[K] {
	return &watch[K]{waiting: map[K]bool{}, marked: make(chan struct{}, 1)}
}

// mark says that k changed.
func (w *watch[K]) mark(k K) {
	w.mu.Lock()
	if !w.waiting[k] {
		w.waiting[k] = true
		w.order = append(w.order, k)
	}
	w.mu.Unlock()
	select {
	case w.marked <- struct{}{}:
	default: // it is awake already
	}
}

// due takes out what may be told now, and returns how long the next has to wait, 0 where nothing waits.
func (w *watch[K]) due(now time.Time, told map[K]time.Time) (ready []K, wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	rest := w.order[:0]
	for _, k := range w.order {
		at, ok := told[k]
		left := gap - now.Sub(at)
		if ok && left > 0 {
			rest = append(rest, k)
			if wait == 0 || left < wait {
				wait = left
			}
			continue
		}
		ready = append(ready, k)
		delete(w.waiting, k)
	}
	w.order = rest
	return ready, wait
}

// run tells out until ctx or the hub ends, and closes it.
func (w *watch[K]) run(ctx context.Context, closing <-chan struct{}, c clock.Clock, out chan<- K) {
	defer close(out)
	told := map[K]time.Time{}
	for {
		now := c.Now()
		for k, at := range told {
			if now.Sub(at) >= gap {
				delete(told, k)
			}
		}
		ready, wait := w.due(now, told)
		for _, k := range ready {
			select {
			case out <- k:
				told[k] = c.Now()
			case <-ctx.Done():
				return
			case <-closing:
				return
			}
		}
		if len(ready) > 0 {
			continue
		}
		var timeout <-chan time.Time
		if wait > 0 {
			timeout = time.After(wait)
		}
		select {
		case <-w.marked:
		case <-timeout:
		case <-ctx.Done():
			return
		case <-closing:
			return
		}
	}
}
