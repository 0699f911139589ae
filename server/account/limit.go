package account

import (
	"net/netip"
	"sync"
	"time"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/fault"
)

// maxKeys bounds the keys that a limiter remembers.
const maxKeys = 50_000

// limiter lets each key through burst times at once and once more every refill. It keeps, for each key, when the key
// will have all of its burst again.
type limiter struct {
	clock  clock.Clock
	burst  time.Duration
	refill time.Duration

	mu   sync.Mutex
	full map[string]time.Time
}

func newLimiter(c clock.Clock, burst int, refill time.Duration) *limiter {
	return &limiter{clock: c, burst: time.Duration(burst) * refill, refill: refill, full: map[string]time.Time{}}
}

// wait returns how long the key has to wait; 0 when it may go on.
func (l *limiter) wait(key string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waitLocked(key, l.clock.Now())
}

func (l *limiter) waitLocked(key string, now time.Time) time.Duration {
	owed := max(0, l.full[key].Sub(now)) // a key that is not there is full
	return max(0, owed+l.refill-l.burst)
}

// take takes one from the key, or returns how long it has to wait.
func (l *limiter) take(key string) time.Duration {
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

// giveBack undoes one take.
func (l *limiter) giveBack(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, ok := l.full[key]; ok {
		l.full[key] = at.Add(-l.refill)
	}
}

// sweep drops the keys that are full again, and any others where that makes no room.
func (l *limiter) sweep(now time.Time) {
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

// failures limits wrong passwords: of an account from one address, of one address over all accounts, and of an account
// over all addresses. The last is wide, so that whoever guesses from elsewhere does not lock the owner out soon.
type failures struct {
	pair, address, account *limiter
}

func newFailures(c clock.Clock) failures {
	return failures{
		pair:    newLimiter(c, 10, time.Minute),
		address: newLimiter(c, 20, 30*time.Second),
		account: newLimiter(c, 100, 30*time.Second),
	}
}

type attempt struct {
	f                      failures
	pair, address, account string
}

func (f failures) attempt(account, ip string) attempt {
	address := network(ip)
	return attempt{f: f, pair: account + " " + address, address: address, account: account}
}

func (a attempt) each(do func(*limiter, string) time.Duration) time.Duration {
	return max(do(a.f.pair, a.pair), do(a.f.address, a.address), do(a.f.account, a.account))
}

// check refuses without counting.
func (a attempt) check() error { return tooMany(a.each((*limiter).wait)) }

// begin counts the attempt as failed, until succeeded says otherwise: those that run at once can't pass together.
func (a attempt) begin() error {
	if err := a.check(); err != nil {
		return err
	}
	return tooMany(a.each((*limiter).take))
}

func (a attempt) succeeded() {
	a.each(func(l *limiter, key string) time.Duration {
		l.giveBack(key)
		return 0
	})
}

func tooMany(wait time.Duration) error {
	if wait <= 0 {
		return nil
	}
	seconds := int((wait + time.Second - 1) / time.Second)
	return fault.New(fault.RateLimited, "too many attempts, try again later").With("retryAfterSeconds", seconds)
}

// network is what an address is counted under: itself, or the /64 of an IPv6 address, which one person has all of.
func network(ip string) string {
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
