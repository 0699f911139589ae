package gateway

import (
	"sync"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/routing"
)

// loads are what this server runs on each key now, and how much more its provider lets it: what the headers of answers told,
// and what was sent since. A healthy key is not pushed into a rate limit that can be seen coming.
type loads struct {
	mu sync.RWMutex
	of map[ids.ID]*load
}

// load is that of one key.
type load struct {
	mu       sync.Mutex
	inFlight int64
	ceiling  int64 // how many at once turned out to be too many, 0 for none known
	raised   time.Time
	models   map[string]*room // "": all models, by what its owner or an admin set
}

// room is what is left of the limits at one model.
type room struct{ requests, tokens bucket }

// bucket is a limit that fills up by and by, as those of providers do.
type bucket struct {
	most, left float64 // most 0: none is known
	at         time.Time
	full       time.Duration // from at until it is full again
}

const (
	ceilingRaises = 30 * time.Second // after which one more is tried
	defaultWindow = time.Minute      // of a limit whose reset is not told
)

func newLoads() *loads { return &loads{of: map[ids.ID]*load{}} }

func (l *loads) get(key ids.ID) *load {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.of[key]
}

func (l *loads) make(key ids.ID) *load {
	if k := l.get(key); k != nil {
		return k
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of[key] == nil {
		l.of[key] = &load{models: map[string]*room{}}
	}
	return l.of[key]
}

// begin counts a request of so many tokens in, from when it is meant for the key: requests that come together are not all
// sent to the key that looked idle to each of them.
func (l *loads) begin(k *pool.Key, model string, tokens int64, now time.Time) {
	of := l.make(k.ID)
	of.mu.Lock()
	defer of.mu.Unlock()
	of.inFlight++
	if k.Limits.RequestsPerMinute > 0 || k.Limits.TokensPerMinute > 0 {
		own := of.room("")
		own.requests.set(k.Limits.RequestsPerMinute)
		own.tokens.set(k.Limits.TokensPerMinute)
	}
	for _, name := range [...]string{"", model} {
		if r := of.models[name]; r != nil {
			r.requests.take(1, now)
			r.tokens.take(float64(tokens), now)
		}
	}
}

// end counts it out.
func (l *loads) end(key ids.ID) {
	of := l.make(key)
	of.mu.Lock()
	defer of.mu.Unlock()
	of.inFlight--
}

// told takes what an answer says of the limits of its key.
func (l *loads) told(key ids.ID, model string, said *provider.Limits, now time.Time) {
	if said == nil {
		return
	}
	of := l.make(key)
	of.mu.Lock()
	defer of.mu.Unlock()
	r := of.room(model)
	r.requests.tell(said.Requests, now)
	r.tokens.tell(said.Tokens, now)
}

// crowded notes that a key refused a request while others ran on it, though no limit that is known was used up: then it
// was one too many at once.
func (l *loads) crowded(key ids.ID, model string, now time.Time) {
	of := l.make(key)
	of.mu.Lock()
	defer of.mu.Unlock()
	if r := of.models[model]; r != nil && (r.requests.empty(now) || r.tokens.empty(now)) {
		return
	}
	if n := of.inFlight - 1; n >= 1 && (of.ceiling == 0 || n < of.ceiling) {
		of.ceiling, of.raised = n, now
	}
}

// see puts what is known of a key's load into a candidate, and leaves it out where a limit is used up.
func (l *loads) see(c *routing.Candidate, k *pool.Key, model string, tokens int64, now time.Time) {
	c.Capacity = k.Limits.Concurrency
	of := l.get(k.ID)
	if of == nil {
		return
	}
	of.mu.Lock()
	defer of.mu.Unlock()
	c.InFlight = of.inFlight
	if n := of.allowed(now); n > 0 && (c.Capacity == 0 || n < c.Capacity) {
		c.Capacity = n
	}
	for _, name := range [...]string{"", model} {
		r := of.models[name]
		if r == nil {
			continue
		}
		for _, b := range [...]struct {
			*bucket
			need float64
		}{{&r.requests, 1}, {&r.tokens, float64(tokens)}} {
			used, until := b.used(b.need, now)
			c.Used = max(c.Used, used)
			if !until.IsZero() && c.Excluded == "" {
				exclude(c, routing.RateLimit, until)
			}
		}
	}
}

// allowed is how many may run at once, 0 where nothing is known; it rises again by and by.
func (k *load) allowed(now time.Time) int64 {
	if k.ceiling > 0 && now.Sub(k.raised) >= ceilingRaises {
		k.ceiling += int64(now.Sub(k.raised) / ceilingRaises)
		k.raised = now
	}
	if k.ceiling > 1000 {
		k.ceiling = 0
	}
	return k.ceiling
}

func (k *load) room(model string) *room {
	r := k.models[model]
	if r == nil {
		r = &room{}
		k.models[model] = r
	}
	return r
}

// set makes the bucket that of a limit per minute.
func (b *bucket) set(most int64) {
	if float64(most) != b.most {
		*b = bucket{most: float64(most), left: float64(most), full: defaultWindow}
	}
}

// tell takes what the provider says. What was sent meanwhile and is not answered yet is in its count.
func (b *bucket) tell(l provider.Limit, now time.Time) {
	if !l.Known {
		return
	}
	*b = bucket{most: float64(l.Max), left: float64(l.Remaining), at: now, full: l.Reset}
	if b.full <= 0 {
		b.full = defaultWindow
	}
}

// refill brings the bucket up to now.
func (b *bucket) refill(now time.Time) {
	if b.left >= b.most {
		b.at = now
		return
	}
	passed := now.Sub(b.at)
	if passed <= 0 {
		return
	}
	if passed >= b.full {
		b.left, b.at = b.most, now
		return
	}
	b.left += (b.most - b.left) * float64(passed) / float64(b.full)
	b.full -= passed
	b.at = now
}

// take takes what a request needs. The bucket is full again when all of it has come back at the rate of a window.
func (b *bucket) take(n float64, now time.Time) {
	if b.most == 0 {
		return
	}
	b.refill(now)
	b.left = max(b.left-n, 0)
	b.full = max(b.full, time.Duration(float64(defaultWindow)*(b.most-b.left)/b.most))
}

func (b *bucket) empty(now time.Time) bool {
	if b.most == 0 {
		return false
	}
	b.refill(now)
	return b.left < 1
}

// used returns the share that is used up, and, where what is left is not enough, when it will be.
func (b *bucket) used(need float64, now time.Time) (share float64, until time.Time) {
	if b.most == 0 {
		return 0, time.Time{}
	}
	b.refill(now)
	if need = min(need, b.most); b.left < need {
		until = now.Add(time.Duration(float64(b.full) * (need - b.left) / (b.most - b.left)))
	}
	return 1 - b.left/b.most, until
}
