package gateway

import (
	"crypto/subtle"
	"sync"
	"time"

	"github.com/resourcepool/resourcepool/server/ledger"
)

const (
	replayWaits = 30 * time.Second
	pollFirst   = 20 * time.Millisecond
	pollMost    = time.Second
)

// flights are the requests with an idempotency key that run on this server. Repetitions that arrive meanwhile wait for the
// first one instead of asking the database again and again.
type flights struct {
	mu sync.Mutex
	by map[string]*flight
}

type flight struct {
	inputHash []byte
	done      chan struct{}
	end       *ending // set before done is closed; nil: the next one runs anew
}

func newFlights() *flights { return &flights{by: map[string]*flight{}} }

// join returns the flight under the key. leader is true for the one who has to land it. It returns ErrIdempotency where
// the flight has another input.
func (f *flights) join(k *ledger.Key) (fl *flight, leader bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl = f.by[k.Name]; fl != nil {
		if subtle.ConstantTimeCompare(fl.inputHash, k.InputHash) == 0 {
			return nil, false, ledger.ErrIdempotency
		}
		return fl, false, nil
	}
	fl = &flight{inputHash: k.InputHash, done: make(chan struct{})}
	f.by[k.Name] = fl
	return fl, true, nil
}

// land ends the leader's flight.
func (f *flights) land(k *ledger.Key, fl *flight, end *ending) {
	f.mu.Lock()
	delete(f.by, k.Name)
	f.mu.Unlock()
	fl.end = end
	close(fl.done)
}
