package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/routing"
)

// job is a request on its way. It belongs to one goroutine.
type job struct {
	ask     *ask
	price   price
	bound   int64 // prompt tokens at most
	limit   int64 // the output cap: what is held for and what is sent
	elastic bool
	began   time.Time

	offers   []offer
	lacking  int // keys of the pool that lack the model
	decision routing.Decision
	on       *offer // the key that is held
	tried    []tried
	attempts int64
	failure  *provider.Failure // of the last attempt
	lessons  []lesson
	rests    []pool.Rest
	meant    ids.ID // the key on which the request counts as in flight, "" for none
	warm     ids.ID // the key that has the conversation in its cache
	notices  []journal.Notice
	chores   []<-chan struct{} // what was started on account of refused keys

	holdID, usageID ids.ID
	held            bool // until the hold is resolved
}

// offer is a key that offers the model, and what its provider takes.
type offer struct {
	key    *pool.Key
	cost   *cost // nil where it is unknown
	serves bool  // its provider takes such requests
}

// tried is a key that is out for this request.
type tried struct {
	resource ids.ID
	why      routing.Exclusion
}

// lesson is what an attempt taught about a key.
type lesson struct {
	resource ids.ID
	delta    routing.Delta
}

const (
	// holdTTL is longer than any request lives, so that only what a lost server left behind is swept.
	holdTTL = totalTime + 5*time.Minute
	// holdTime bounds the wait for a hold; resolveTime that for its end, which stays queued beyond it.
	holdTime    = time.Minute
	resolveTime = 2 * time.Minute
	// depletedUnder is what a key must have left to be worth a hold.
	depletedUnder money.USD = money.One / 100
)

// windows are how many keys of the order are offered to the ledger at a time: each costs the batch a lock, and the first
// has the quota nearly always.
var windows = [...]int{4, 12, 48}

// prepare prices a request and bounds it. It returns MODEL_NOT_FOUND for a model that has no price.
func (g *Gateway) prepare(ctx context.Context, a *ask) (*job, error) {
	p, err := g.price(ctx, a.model)
	if err != nil {
		return nil, err
	}
	j := &job{ask: a, price: p, began: g.clock.Now()}
	var r reach
	if j.offers, r, err = g.offers(ctx, a); err != nil {
		return nil, err
	}
	if err := a.served(j.offers); err != nil {
		return nil, err
	}
	j.bound = a.prompt.bound(a.model, r.widest, a.batch)
	if a.kind == provider.KindEmbeddings {
		j.limit = 1 // a hold has a cap; nothing is charged for it
	} else {
		j.limit, j.elastic = r.outputCap(a.cap, j.bound, a.count)
	}
	if _, err := j.price.most(j.bound, a.output(j.limit), a.prompt); err != nil {
		return nil, fault.Invalid(a.capField(), "a request of this size can't be priced").Because(err)
	}
	all, err := g.pool.KeyCount(ctx)
	if err != nil {
		return nil, err
	}
	j.lacking = max(0, all-len(j.offers))
	return j, nil
}

func (j *job) isOut(resource ids.ID) routing.Exclusion {
	for _, t := range j.tried {
		if t.resource == resource {
			return t.why
		}
	}
	return ""
}

func (j *job) out(why routing.Exclusion) { j.tried = append(j.tried, tried{j.on.key.ID, why}) }

func (j *job) offer(resource ids.ID) *offer {
	for i := range j.offers {
		if j.offers[i].key.ID == resource {
			return &j.offers[i]
		}
	}
	return nil
}

// most is the most that the request can cost with an output cap of so many tokens for each choice.
func (j *job) most(c *cost, outputCap int64) (money.USD, error) {
	return c.most(j.bound, j.ask.output(outputCap), j.ask.prompt.longLife)
}

// reserves returns what the ledger needs to know of keys, in their order.
func (j *job) reserves(order []ids.ID) []ledger.Reserve {
	out := make([]ledger.Reserve, 0, len(order))
	for _, id := range order {
		o := j.offer(id)
		out = append(out, ledger.Reserve{Resource: id, Owner: o.key.Owner, USD: func(outputCap int64) (money.USD, error) {
			return j.most(o.cost, outputCap)
		}})
	}
	return out
}

// take makes a key of the order the one that is held, and tells of those before it that lacked the quota.
func (g *Gateway) take(j *job, d routing.Decision, order []ids.ID, out ledger.Outcome) {
	id := order[out.Chosen]
	for _, before := range d.Order {
		if before == id {
			break
		}
		g.lacked(j.offer(before).key)
	}
	j.decision, j.on = d.Take(id), j.offer(id)
	if j.meant != id {
		g.mean(j, j.on.key)
	}
	g.pool.Settled(id, out.Resource, routing.Delta{})
}

// lacked tells the pool of a key that was refused a hold with next to nothing left.
func (g *Gateway) lacked(k *pool.Key) {
	now := g.clock.Now()
	if !k.Active() || money.USD(k.Quota.Balance) >= depletedUnder || !g.resting.first(k, "depleted", now.Add(depletedEvery), now) {
		return
	}
	g.behind(func(ctx context.Context) error { return g.pool.MarkDepleted(ctx, k.ID) })
}

// first routes a request that was not tried before. Where no key has the quota for the cap of an elastic one, those that
// afford a small one may serve.
func (g *Gateway) first(ctx context.Context, j *job) (routing.Decision, error) {
	d, err := g.route(ctx, j, j.limit, false)
	if err != nil || len(d.Order) > 0 || !j.elastic || j.limit <= smallCap {
		return d, err
	}
	return g.route(ctx, j, smallCap, false)
}

// reserve routes the request and takes its hold. Funds are decided first, so that a consumer without any learns that even
// where no key could serve. A request that turns out to be a repetition ends with what was recorded.
func (g *Gateway) reserve(ctx context.Context, j *job) (*ending, error) {
	d, err := g.first(ctx, j)
	if err != nil {
		return nil, err
	}
	for _, c := range d.Candidates[len(d.Order):] {
		if c.Excluded == routing.TooLittleQuota {
			g.lacked(j.offer(c.ID).key)
		}
	}
	if best, ok := d.Chosen(); ok {
		g.mean(j, j.offer(best).key)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), holdTime)
	defer cancel()
	j.holdID, j.usageID = g.ids.New(ids.Hold), g.ids.New(ids.Usage)
	for order, window := range windowed(d.Order) {
		out, err := g.ledger.Do(ctx, ledger.Request{
			Op: &ledger.Hold{
				ID: j.holdID, User: j.ask.actor.ID, Token: j.ask.actor.TokenID, OutputCap: j.limit, Elastic: j.elastic,
				Credits: func(outputCap int64) (money.Credits, error) {
					return j.price.most(j.bound, j.ask.output(outputCap), j.ask.prompt)
				},
				Candidates: j.reserves(window), TTL: holdTTL,
			},
			Caller: string(j.ask.actor.ID),
			Key:    j.ask.key,
		})
		switch {
		case errors.Is(err, ledger.ErrNoQuota) && order < len(d.Order):
			continue
		case errors.Is(err, ledger.ErrNoQuota):
			return nil, g.nobody(j, d)
		case ctx.Err() != nil:
			g.behind(func(ctx context.Context) error { return g.disown(ctx, j) })
			return nil, err
		case err != nil:
			return nil, err
		case out.Replayed:
			return g.replay(ctx, j.ask, out.Answer)
		}
		j.held, j.limit = true, out.OutputCap
		g.take(j, d, window, out)
		return nil, nil
	}
	return nil, g.nobody(j, d)
}

// windowed yields the parts of an order that are offered to the ledger one after the other, each with how many of the
// order it and those before it make up. An empty order is one empty window: the ledger still has to judge the funds.
func windowed(order []ids.ID) func(yield func(upTo int, window []ids.ID) bool) {
	return func(yield func(int, []ids.ID) bool) {
		from := 0
		for _, n := range windows {
			to := min(from+n, len(order))
			last := to == len(order) || n == windows[len(windows)-1]
			upTo := to
			if last {
				upTo = len(order)
			}
			if !yield(upTo, order[from:to]) || last {
				return
			}
			from = to
		}
	}
}

// disown gives back a hold that may yet be taken, though nobody waits for it any more. The ledger decides the requests of
// one caller in their order, so that this comes after it.
func (g *Gateway) disown(ctx context.Context, j *job) error {
	_, err := g.ledger.Do(ctx, ledger.Request{Op: &ledger.Release{Hold: j.holdID}, Caller: string(j.ask.actor.ID)})
	if errors.Is(err, ledger.ErrHoldGone) {
		return nil
	}
	return err
}

// nobody is the refusal of a request that no key can serve.
func (g *Gateway) nobody(j *job, d routing.Decision) error {
	for _, id := range d.Order {
		g.lacked(j.offer(id).key)
	}
	return retryLater(ledger.ErrNoQuota, d, g.clock.Now())
}

// retryLater adds when a key may serve again, where that is known.
func retryLater(f *fault.Error, d routing.Decision, now time.Time) error {
	if wait, ok := d.RetryAfter(now); ok {
		return f.With("retryAfterSeconds", seconds(wait))
	}
	return f
}

func seconds(d time.Duration) int64 { return max(1, int64((d+time.Second-1)/time.Second)) }

// moveOn takes the hold to the next key. It returns ErrNoQuota where none is left.
func (g *Gateway) moveOn(ctx context.Context, j *job) error {
	d, err := g.route(ctx, j, j.limit, true)
	if err != nil {
		return err
	}
	if len(d.Order) == 0 {
		return retryLater(ledger.ErrNoQuota, d, g.clock.Now())
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), holdTime)
	defer cancel()
	for _, window := range windowed(d.Order) {
		out, err := g.ledger.Do(ctx, ledger.Request{
			Op:     &ledger.Move{Hold: j.holdID, OutputCap: j.limit, Candidates: j.reserves(window)},
			Caller: string(j.ask.actor.ID),
		})
		if errors.Is(err, ledger.ErrNoQuota) {
			continue
		}
		if err != nil {
			return err
		}
		g.take(j, d, window, out)
		return nil
	}
	return ledger.ErrNoQuota
}
