// Package limit counts who does what how often, in the memory of one server: token buckets by key, bounded in number.
// Imports: fault, clock.
package limit

import (
	"net/netip"
	"sync"
	"time"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/fault"
)

// maxKeys bounds the keys that a limiter remembers.
const maxKeys = 50_000

// Limiter lets each key through burst times at once and once more every refill. It keeps, for each key, when the key
// will have all of its burst again.
type Limiter struct {
	clock  clock.Clock
	burst  time.Duration
	refill time.Duration

	mu   sync.Mutex
	full map[string]time.Time
}

// New returns a limiter: burst takes at once, and one more every refill.
func New(c clock.Clock, burst int, refill time.Duration) *Limiter {
	return &Limiter{clock: c, burst: time.Duration(burst) * refill, refill: refill, full: map[string]time.Time{}}
}

// Wait returns how long the key has to wait; 0 when it may go on.
func (l *Limiter) Wait(key string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waitLocked(key, l.clock.Now())
}

func (l *Limiter) waitLocked(key string, now time.Time) time.Duration {
	owed := max(0, l.full[key].Sub(now)) // a key that is not there is full
	return max(0, owed+l.refill-l.burst)
}

// Take takes one from the key, or returns how long it has to wait.
func (l *Limiter) Take(key string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	if w := l.waitLocked(key, now); w > 0 {
		return w
	}
	if len(l.full) >= maxKeys {
		l.sweep(now)
	}
	at := l.full[key]
	if at.Before(now) {
		at = now
	}
	l.full[key] = at.Add(l.refill)
	return 0
}

// State returns how many takes the key has in all, how many are left of them, and how long it takes until it has all again.
func (l *Limiter) State(key string) (most, left int, reset time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	owed := max(0, l.full[key].Sub(l.clock.Now()))
	return int(l.burst / l.refill), int(max(0, l.burst-owed) / l.refill), owed
}

// GiveBack undoes one Take.
func (l *Limiter) GiveBack(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, ok := l.full[key]; ok {
		l.full[key] = at.Add(-l.refill)
	}
}

// sweep drops the keys that are full again, and any others where that makes no room.
func (l *Limiter) sweep(now time.Time) {
	for key, at := range l.full {
		if !at.After(now) {
			delete(l.full, key)
		}
	}
	for key := range l.full {
		if len(l.full) < maxKeys*9/10 {
			return
		}
		delete(l.full, key)
	}
}

// Refusal is the RATE_LIMITED that tells to wait, nil where there is nothing to wait for.
func Refusal(wait time.Duration) error {
	if wait <= 0 {
		return nil
	}
	seconds := int((wait + time.Second - 1) / time.Second)
	return fault.New(fault.RateLimited, "too many attempts, try again later").With("retryAfterSeconds", seconds)
}

// Network is what an address is counted under: itself, or the /64 of an IPv6 address, which one person has all of.
func Network(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	prefix, err := addr.Prefix(64)
	if err != nil {
		return addr.String()
	}
	return prefix.String()
}
