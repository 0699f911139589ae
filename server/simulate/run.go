package simulate

import (
	"cmp"
	"container/heap"
	"math"
	"math/rand/v2"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/routing"
)

const (
	mostAttempts = 3   // of one request, as in the gateway
	usualOutput  = 210 // what an answer is expected to have before it is there, as in the gateway
	outputCap    = 1000
	refusalTakes = 50 * time.Millisecond // of a rate limit
)

// epoch is when the first request comes. Any time would do.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// world is what there is while a strategy runs.
type world struct {
	strategy Strategy
	settings routing.Settings
	seed     uint64
	keys     []*state
	byID     map[ids.ID]int
	last     int // the key that was tried last
	now      time.Duration
	flights  flights
	begun    int // flights, for their order

	candidates []routing.Candidate
	order      []int
	result     Result
	latencies  []time.Duration
}

// flight is an attempt under way; the request's earlier attempts are in tried.
type flight struct {
	request   *Request
	number    int // of the request
	tried     []int
	key       int
	held      money.USD
	cost      money.USD
	cached    int64
	end       time.Duration
	outcome   outcome
	retry     time.Duration // after a rate limit
	startedAt time.Duration
	turn      int // when it began among all flights
}

type outcome uint8

const (
	answered outcome = iota
	rateLimited
	failed
)

// Run lets the strategy route requests over a pool. There must be one request at least, and they are in the order of their
// times. It returns money.ErrOverflow for sizes and prices that ReadTrace and ReadPool would have refused.
func Run(pool Pool, requests []Request, strategy Strategy, seed uint64) (Result, error) {
	w := &world{
		strategy: strategy, settings: routing.Defaults(), seed: seed, last: -1,
		keys: make([]*state, len(pool)), byID: map[ids.ID]int{}, candidates: make([]routing.Candidate, len(pool)),
		result: Result{Strategy: strategy, Requests: len(requests)},
	}
	for i, k := range pool {
		w.keys[i] = newState(k)
		w.byID[w.keys[i].id] = i
	}
	for i := range requests {
		q := &requests[i]
		if err := w.until(q.At); err != nil {
			return Result{}, err
		}
		w.now = q.At
		if q.Prefix > 0 {
			w.result.Continued++
		}
		if q.Prefix >= cacheFrom {
			w.result.Cacheable++
		}
		if err := w.try(&flight{request: q, number: i}); err != nil {
			return Result{}, err
		}
	}
	if err := w.until(math.MaxInt64); err != nil {
		return Result{}, err
	}
	w.result.close(w, requests[len(requests)-1].At)
	return w.result, nil
}

// until ends the flights that end by then, in their order.
func (w *world) until(then time.Duration) error {
	for len(w.flights) > 0 && w.flights[0].end <= then {
		f := heap.Pop(&w.flights).(*flight)
		w.now = f.end
		if err := w.land(f); err != nil {
			return err
		}
	}
	return nil
}

// try begins the next attempt of a request, if any key may serve it.
func (w *world) try(f *flight) error {
	decision, err := w.decide(f)
	if err != nil || len(decision.Order) == 0 {
		return err
	}
	w.order = w.order[:0]
	for _, id := range decision.Order {
		w.order = append(w.order, w.byID[id])
	}
	f.key = w.strategy.choose(w.order, w)
	f.held = w.candidates[f.key].Need
	f.startedAt, f.turn = w.now, w.begun
	w.last = f.key
	w.begun++

	k := w.keys[f.key]
	k.tally.Requests++
	k.held += f.held
	retry, ok := k.admit(f.request.Context+f.request.Generated, w.now)
	switch {
	case !ok:
		f.outcome, f.retry, f.end = rateLimited, retry, w.now+refusalTakes
	case w.unlucky(f.number, f.key):
		f.outcome, f.end = failed, w.now+k.takes(0)
	default:
		f.cached = k.cached(f.request, w.now)
		if f.cost, err = k.cost(f.request.Context, f.cached, f.request.Generated); err != nil {
			return err
		}
		f.outcome, f.end = answered, w.now+k.takes(f.request.Generated)
	}
	heap.Push(&w.flights, f)
	return nil
}

// decide asks routing, which leaves out the same keys whatever the strategy.
func (w *world) decide(f *flight) (routing.Decision, error) {
	for i, k := range w.keys {
		if err := w.candidate(&w.candidates[i], k, f.request); err != nil {
			return routing.Decision{}, err
		}
	}
	for _, i := range f.tried {
		w.candidates[i].Excluded = routing.TriedAlready
	}
	return routing.Decide(epoch.Add(w.now), w.settings, len(f.tried) > 0, w.candidates), nil
}

func (w *world) candidate(c *routing.Candidate, k *state, q *Request) (err error) {
	*c = routing.Candidate{
		ID: k.id, Platform: k.Platform, Backup: k.Backup, Current: k.quota, Available: k.quota - k.held, Health: k.health,
	}
	if k.ExpiresAfter > 0 {
		at := epoch.Add(k.ExpiresAfter)
		c.ExpiresAt = &at
	}
	if c.Need, err = k.cost(q.Context, 0, max(outputCap, q.Generated)); err != nil {
		return err
	}
	if c.Expected, err = k.cost(q.Context, 0, usualOutput); err != nil {
		return err
	}
	if w.strategy == Full {
		c.InFlight, c.Capacity, c.Used = k.inFlight, k.Concurrency, k.used(w.now)
		c.Warm = k.warm(q.Conversation, w.now)
	}
	return nil
}

// unlucky reports whether a key fails a request: the same for every strategy.
func (w *world) unlucky(request, key int) bool {
	r := rand.New(rand.NewPCG(^w.seed, uint64(request)*uint64(len(w.keys))+uint64(key)))
	return r.Float64() < w.keys[key].FailureRate
}

// land draws the conclusions of an attempt, and begins the next where it failed.
func (w *world) land(f *flight) error {
	k := w.keys[f.key]
	k.held -= f.held
	if f.outcome != rateLimited {
		k.inFlight--
	}
	seen := routing.Observation{At: epoch.Add(w.now), Latency: w.now - f.startedAt}
	switch f.outcome {
	case answered:
		seen.OK, seen.OutputTokens = true, f.request.Generated
		w.answer(f, k)
	case rateLimited:
		cool := epoch.Add(w.now + f.retry)
		seen.CoolUntil = &cool
		k.tally.RateLimited++
	case failed:
		k.tally.Failed++
	}
	k.health = routing.Observe(k.health, seen)
	f.tried = append(f.tried, f.key)
	if f.outcome == answered || len(f.tried) == mostAttempts {
		return nil
	}
	return w.try(f)
}

func (w *world) answer(f *flight, k *state) {
	k.quota -= f.cost
	k.cache[f.request.Conversation] = prompt{f.request.Context, w.now + cacheLasts}
	k.tally.Answered++
	k.tally.Cost += f.cost
	if f.cached > 0 {
		w.result.CacheHits++
		w.result.CachedTokens += f.cached
	}
	w.latencies = append(w.latencies, w.now-f.request.At)
}

// flights are a heap: the first to end is on top, of those that end together the one that began first.
type flights []*flight

func (f flights) Len() int { return len(f) }
func (f flights) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(f[i].end, f[j].end), cmp.Compare(f[i].turn, f[j].turn)) < 0
}
func (f flights) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *flights) Push(x any)   { *f = append(*f, x.(*flight)) }
func (f *flights) Pop() any {
	last := len(*f) - 1
	top := (*f)[last]
	*f = (*f)[:last]
	return top
}
