package gateway

import (
	"context"
	"time"

	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/routing"
)

// route orders the keys for a request with this output cap.
func (g *Gateway) route(ctx context.Context, j *job, limit int64, failover bool) (routing.Decision, error) {
	s, err := g.settings.Routing(ctx)
	if err != nil {
		return routing.Decision{}, err
	}
	now := g.clock.Now()
	j.warm = g.threads.warm(j.ask.thread, now)
	prompt, answer := j.size(limit)
	candidates := make([]routing.Candidate, len(j.offers))
	for i := range j.offers {
		g.candidate(&candidates[i], j, &j.offers[i], limit, prompt, answer, now)
	}
	return routing.Decide(now, s, failover, candidates), nil
}

func (g *Gateway) candidate(c *routing.Candidate, j *job, o *offer, limit, prompt, answer int64, now time.Time) {
	k := o.key
	*c = routing.Candidate{
		ID: k.ID, Owner: k.Owner, Provider: k.Provider, Platform: k.Platform, Backup: k.Backup,
		Current: money.USD(k.Quota.Balance), Available: money.USD(k.Quota.Available()),
		ExpiresAt: k.ExpiresAt, Health: k.Health,
	}
	if o.cost == nil {
		c.Excluded = routing.Unpriced
		return
	}
	var errNeed, errExpected error
	c.Need, errNeed = j.most(o.cost, limit)
	c.Expected, errExpected = o.cost.expected(prompt, answer)
	switch why, until := g.resting.of(k, j.ask, now); {
	case !o.serves:
		c.Excluded = routing.Unsupported
	case !k.Active():
		c.Excluded = routing.NotActive
	case j.isOut(k.ID) != "":
		c.Excluded = j.isOut(k.ID)
	case errNeed != nil || errExpected != nil: // no key has that much
		c.Excluded = routing.TooLittleQuota
	case why != "":
		exclude(c, why, until)
	default:
		g.known(c, k, j.ask, now)
		g.loads.see(c, k, j.ask.model, prompt+answer, now)
	}
	c.Warm = k.ID == j.warm
}

// known leaves a key out that this server or another one saw fail too often, or whose provider as a whole did.
func (g *Gateway) known(c *routing.Candidate, k *pool.Key, a *ask, now time.Time) {
	if until, open := g.breakers.open(k.Realm(), now); open {
		exclude(c, routing.BreakerOpen, until)
		return
	}
	if until, open := g.circuits.open(circuitOf(k, a.place()), now); open {
		exclude(c, routing.BackingOff, until)
		return
	}
	for _, r := range k.Rests {
		if (r.Model == "" || r.Model == a.model || r.Model == a.place()) && now.Before(r.Until) {
			exclude(c, r.Why, r.Until)
			return
		}
	}
}

// size is about how large the request will be.
func (j *job) size(limit int64) (prompt, answer int64) {
	return min(j.ask.prompt.guess(), j.bound), min(j.ask.output(limit), usualOutput*j.ask.choices)
}

// mean counts the request as in flight on a key instead of the one before; "" ends that.
func (g *Gateway) mean(j *job, key *pool.Key) {
	if j.meant != "" {
		g.loads.end(j.meant)
		j.meant = ""
	}
	if key != nil {
		prompt, answer := j.size(j.limit)
		g.loads.begin(key, j.ask.model, prompt+answer, g.clock.Now())
		j.meant = key.ID
	}
}

// exclude leaves a key out until then, which tells the client when to come again.
func exclude(c *routing.Candidate, why routing.Exclusion, until time.Time) {
	c.Excluded = why
	if c.CoolingUntil == nil || c.CoolingUntil.Before(until) {
		c.CoolingUntil = &until
	}
}
