package gateway

import (
	"sync"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
)

// policy is when a circuit breaker opens, and for how long.
type policy struct {
	failures int           // of different origins …
	requests int           // … in at least so many requests: one that every key fails at says nothing of the provider
	window   time.Duration // … within this time, while nothing succeeded
	first    time.Duration // how long it is open the first time; twice as long after each probe that fails …
	most     time.Duration // … up to this
	// fresh says that a success makes all failures before it forgotten; else it makes up for one.
	fresh bool
}

var (
	// ofProvider: three keys of a provider that fail one after the other say that the fault is the provider's.
	ofProvider = policy{failures: 3, requests: 2, window: 10 * time.Second, first: 2 * time.Second, most: time.Minute, fresh: true}
	// ofKey: a key that fails more often than it succeeds at one model, while others of its provider do not.
	ofKey = policy{failures: 3, requests: 1, window: time.Minute, first: 5 * time.Second, most: 10 * time.Minute}
)

const probeTakes = 30 * time.Second // after it a probe that nobody heard of again counts as lost

// breakers make what fails again and again be left alone for a while. Then a single request probes it: success closes the
// breaker, failure opens it for longer. This is the memory of one server; what it learns is written for the others.
type breakers struct {
	policy
	mu sync.Mutex
	of map[string]*breaker
}

type breaker struct {
	failed      map[ids.ID]failedOnce // the last failure of each origin within the window
	openUntil   time.Time             // zero: closed
	rest        time.Duration         // of the current opening
	openings    int64                 // in a row
	probedSince time.Time             // zero: no probe is running
	probedBy    ids.ID                // the request that probes
}

// failure is who failed, and at which request.
type failure struct{ origin, request ids.ID }

type failedOnce struct {
	at      time.Time
	request ids.ID
}

func newBreakers(p policy) *breakers { return &breakers{policy: p, of: map[string]*breaker{}} }

// open reports whether it is left alone at now, and until when that is known to last.
func (b *breakers) open(name string, now time.Time) (until time.Time, open bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.of[name]
	if p == nil || p.openUntil.IsZero() {
		return time.Time{}, false
	}
	if now.Before(p.openUntil) {
		return p.openUntil, true
	}
	if p.probing(now) {
		return p.probedSince.Add(probeTakes), true
	}
	return time.Time{}, false
}

// enter is called right before a call. It is false for what is left alone; where that may be probed, the caller that is let
// in is the only one.
func (b *breakers) enter(name string, request ids.ID, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.of[name]
	switch {
	case p == nil || p.openUntil.IsZero():
		return true
	case now.Before(p.openUntil) || p.probing(now):
		return false
	}
	p.probedSince, p.probedBy = now, request
	return true
}

func (p *breaker) probing(now time.Time) bool {
	return !p.probedSince.IsZero() && now.Before(p.probedSince.Add(probeTakes))
}

// succeeded closes the breaker, and reports whether it was open.
func (b *breakers) succeeded(name string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.of[name]
	if p == nil {
		return false
	}
	if p.openUntil.IsZero() && !b.fresh {
		for one := range p.failed {
			delete(p.failed, one)
			break
		}
		if len(p.failed) > 0 {
			return false
		}
	}
	delete(b.of, name)
	return !p.openUntil.IsZero()
}

// unclear ends a probe that told nothing: another may follow.
func (b *breakers) unclear(name string, request ids.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.of[name]; p != nil && p.probedBy == request {
		p.probedSince = time.Time{}
	}
}

// sweep drops what has not failed for a while; the caller has the lock.
func (b *breakers) sweep(now time.Time) {
	for name, p := range b.of {
		idle := p.openUntil.Before(now.Add(-b.most))
		for _, once := range p.failed {
			idle = idle && now.Sub(once.at) > b.window
		}
		if idle {
			delete(b.of, name)
		}
	}
}

// opening is a breaker that has just opened: until when, and how often in a row.
type opening struct {
	until  time.Time
	times  int64
	before []ids.ID // whose failures led to it, in other requests
}

// failedBy counts a failure of an origin. It returns whether the breaker is open now, and its opening where this failure
// opened it.
func (b *breakers) failedBy(name string, f failure, now time.Time) (open bool, opened *opening) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.of[name]
	if p == nil {
		if len(b.of) >= mostResting {
			b.sweep(now)
		}
		p = &breaker{failed: map[ids.ID]failedOnce{}}
		b.of[name] = p
	}
	earlier := p.failed[f.origin]
	p.failed[f.origin] = failedOnce{now, f.request}
	requests := map[ids.ID]bool{}
	for k, once := range p.failed {
		if now.Sub(once.at) > b.window {
			delete(p.failed, k)
			continue
		}
		requests[once.request] = true
	}
	switch {
	case !p.openUntil.IsZero() && !p.probedSince.IsZero() && p.probedBy == f.request: // the probe failed
		p.rest = min(2*p.rest, b.most)
	case p.openUntil.IsZero() && len(p.failed) >= b.failures && len(requests) >= b.requests:
		p.rest = b.first
	default: // one that was under way when the breaker opened says nothing new
		return !p.openUntil.IsZero(), nil
	}
	p.openings++
	p.openUntil, p.probedSince = now.Add(p.rest), time.Time{}
	o := &opening{until: p.openUntil, times: p.openings}
	for origin, once := range p.failed {
		if once.request != f.request || origin == f.origin && earlier.request != "" && earlier.request != f.request {
			o.before = append(o.before, origin)
		}
	}
	return true, o
}
