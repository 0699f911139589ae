package limit

import (
	"sync"
	"time"

	"github.com/resourcepool/resourcepool/server/clock"
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
	// taken is what was let through since the last merge; nil where this server counts for itself.
	taken map[string]time.Duration
}

// New returns a limiter of this server alone: burst takes at once, and one more every refill.
func New(c clock.Clock, burst int, refill time.Duration) *Limiter {
	return &Limiter{clock: c, burst: time.Duration(burst) * refill, refill: refill, full: map[string]time.Time{}}
}

// Wait returns how long the key has to wait; 0 when it may go on.
func (l *Limiter) Wait(key string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waitLocked(key, l.clock.Now(), l.refill)
}

func (l *Limiter) waitLocked(key string, now time.Time, cost time.Duration) time.Duration {
	owed := max(0, l.full[key].Sub(now)) // a key that is not there is full
	return max(0, owed+cost-l.burst)
}

// Take takes one from the key, or returns how long it has to wait.
func (l *Limiter) Take(key string) time.Duration { return l.TakeMany(key, 1) }

// TakeMany takes n from the key, or returns how long it has to wait and takes none. More than a burst is a burst.
func (l *Limiter) TakeMany(key string, n int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, cost := l.clock.Now(), min(time.Duration(n)*l.refill, l.burst)
	if w := l.waitLocked(key, now, cost); w > 0 {
		return w
	}
	if len(l.full) >= maxKeys {
		l.sweep(now)
	}
	at := l.full[key]
	if at.Before(now) {
		at = now
	}
	l.full[key] = at.Add(cost)
	if l.taken != nil {
		l.taken[key] += cost
	}
	return 0
}

// State returns how many takes the key has in all, how many are left of them, and how long it takes until it has all again.
func (l *Limiter) State(key string) (most, left int, reset time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	owed := max(0, l.full[key].Sub(l.clock.Now()))
	return int(l.burst / l.refill), int(max(0, l.burst-owed) / l.refill), owed
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

// uncounted hands over what was let through since the last time.
func (l *Limiter) uncounted() map[string]time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.taken
	l.taken = make(map[string]time.Duration, len(out))
	return out
}

// recount takes it back: it could not be counted.
func (l *Limiter) recount(taken map[string]time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, d := range taken {
		l.taken[key] += d
	}
}

// counted sets when a key is full as all servers know it, plus what was let through meanwhile.
func (l *Limiter) counted(key string, full time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.full[key] = full.Add(l.taken[key])
}
