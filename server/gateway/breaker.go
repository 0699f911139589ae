package gateway

import (
	"sync"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
)

const (
	breakerKeys   = 3                // of one provider that failed …
	breakerWindow = 10 * time.Second // … within this time, while none succeeded
	breakerFirst  = 2 * time.Second  // how long the provider is left alone the first time
	breakerMost   = time.Minute
	probeTakes    = 30 * time.Second // after it a probe that nobody heard of again counts as lost
)

// breakers make a provider as a whole back off when its keys fail one after the other: then the fault is the provider's,
// and no key is blamed. After a while a single request probes it. This is the memory of one server.
type breakers struct {
	mu sync.Mutex
	of map[string]*breaker
}

type breaker struct {
	failed      map[ids.ID]time.Time // the last failure of each key within the window
	openUntil   time.Time            // zero: closed
	rest        time.Duration        // of the current opening
	probedSince time.Time            // zero: no probe is running
}

func newBreakers() *breakers { return &breakers{of: map[string]*breaker{}} }

// open reports whether the provider is left alone at now, and until when that is known to last.
func (b *breakers) open(provider string, now time.Time) (until time.Time, open bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.of[provider]
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

// enter is called right before a call to the provider. It is false where the provider is left alone; where it may be
// probed, the caller that is let in is the only one.
func (b *breakers) enter(provider string, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.of[provider]
	switch {
	case p == nil || p.openUntil.IsZero():
		return true
	case now.Before(p.openUntil) || p.probing(now):
		return false
	}
	p.probedSince = now
	return true
}

func (p *breaker) probing(now time.Time) bool {
	return !p.probedSince.IsZero() && now.Before(p.probedSince.Add(probeTakes))
}

// succeeded closes the provider's breaker.
func (b *breakers) succeeded(provider string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.of[provider] != nil {
		delete(b.of, provider)
	}
}

// unclear ends a probe that told nothing: another may follow.
func (b *breakers) unclear(provider string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.of[provider]; p != nil {
		p.probedSince = time.Time{}
	}
}

// failedBy counts a failure that may be the provider's own.
func (b *breakers) failedBy(provider string, key ids.ID, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.of[provider]
	if p == nil {
		p = &breaker{failed: map[ids.ID]time.Time{}}
		b.of[provider] = p
	}
	p.failed[key] = now
	for k, at := range p.failed {
		if now.Sub(at) > breakerWindow {
			delete(p.failed, k)
		}
	}
	switch {
	case !p.openUntil.IsZero() && !p.probedSince.IsZero(): // the probe failed
		p.rest = min(2*p.rest, breakerMost)
	case p.openUntil.IsZero() && len(p.failed) >= breakerKeys:
		p.rest = breakerFirst
	default: // one that was under way when the breaker opened says nothing new
		return
	}
	p.openUntil, p.probedSince = now.Add(p.rest), time.Time{}
}
