package gateway

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/routing"
)

// resting remembers which keys this server leaves alone for a while, until what it learnt has reached the database, and
// which models a key turned out to lack. A test that the key passed since ends it. It is empty most of the time, which a
// request finds out without a lock.
type resting struct {
	some atomic.Bool

	mu   sync.RWMutex
	keys map[restKey]rest
}

// restKey is a key as a whole where model is "".
type restKey struct {
	resource ids.ID
	model    string
}

type rest struct {
	why      routing.Exclusion
	until    time.Time
	verified time.Time // when the key had passed its last test then
}

func verifiedAt(k *pool.Key) time.Time {
	if k.VerifiedAt == nil {
		return time.Time{}
	}
	return *k.VerifiedAt
}

const mostResting = 10_000

func newResting() *resting { return &resting{keys: map[restKey]rest{}} }

// add leaves a key alone until then. A rest that is there and lasts longer stands.
func (r *resting) add(key *pool.Key, model string, why routing.Exclusion, until, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := restKey{key.ID, model}
	if old, ok := r.keys[k]; ok && old.until.After(until) && old.verified.Equal(verifiedAt(key)) {
		return
	}
	if len(r.keys) >= mostResting {
		r.sweep(now)
	}
	if len(r.keys) < mostResting {
		r.keys[k] = rest{why, until, verifiedAt(key)}
		r.some.Store(true)
	}
}

// sweep drops what is over; the caller has the lock.
func (r *resting) sweep(now time.Time) {
	for k, v := range r.keys {
		if !now.Before(v.until) {
			delete(r.keys, k)
		}
	}
	r.some.Store(len(r.keys) > 0)
}

// of returns why a key is left alone for the model, "" where it is not.
func (r *resting) of(key *pool.Key, a *ask, now time.Time) (routing.Exclusion, time.Time) {
	if !r.some.Load() {
		return "", time.Time{}
	}
	r.mu.RLock()
	whole, model, place := r.keys[restKey{key.ID, ""}], r.keys[restKey{key.ID, a.model}], r.keys[restKey{key.ID, a.place()}]
	r.mu.RUnlock()
	for _, v := range [...]rest{whole, model, place} {
		if now.Before(v.until) && v.verified.Equal(verifiedAt(key)) {
			return v.why, v.until
		}
	}
	return "", time.Time{}
}

// first reports whether nobody has claimed what for the key yet, and claims it until then: work that one goroutine does
// for all of this server's requests.
func (r *resting) first(key *pool.Key, what string, until, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := restKey{key.ID, "\x00" + what} // no model has such a name
	if v, ok := r.keys[k]; ok && now.Before(v.until) && v.verified.Equal(verifiedAt(key)) {
		return false
	}
	if len(r.keys) >= mostResting {
		r.sweep(now)
	}
	r.keys[k] = rest{until: until, verified: verifiedAt(key)}
	r.some.Store(true)
	return true
}

// shorten ends what is left of a key's rest, and of the claims on it, at that time.
func (r *resting) shorten(resource ids.ID, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, v := range r.keys {
		if k.resource == resource && v.until.After(until) && (k.model == "" || k.model[0] == 0) {
			v.until = until
			r.keys[k] = v
		}
	}
}
