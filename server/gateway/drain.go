package gateway

import (
	"context"
	"sync"

	"github.com/resourcepool/resourcepool/server/fault"
)

var errDraining = fault.New(fault.Overloaded, "the server is being stopped: nothing was done, try again").With("retryAfterSeconds", int64(1))

// inFlight counts the requests and the work behind them, so that stopping can wait for both.
type inFlight struct {
	mu       sync.Mutex
	n        int
	draining bool
	idle     chan struct{} // closed when n is 0 while draining
}

// enter counts a request in, unless the server is being stopped.
func (f *inFlight) enter() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.draining {
		return errDraining
	}
	f.n++
	return nil
}

// more counts in work of a request that is counted itself.
func (f *inFlight) more() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
}

func (f *inFlight) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n--
	if f.n == 0 && f.draining {
		close(f.idle)
	}
}

// drain refuses new requests and waits for those that run, or for ctx.
func (f *inFlight) drain(ctx context.Context) error {
	f.mu.Lock()
	if !f.draining {
		f.draining, f.idle = true, make(chan struct{})
		if f.n == 0 {
			close(f.idle)
		}
	}
	idle := f.idle
	f.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
