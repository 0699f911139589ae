package gateway

import (
	"context"
	"errors"
	"fmt"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/routing"
)

// how is in which way an answer ended.
type how int

const (
	complete how = iota // with its last piece
	hungUpOn            // the consumer left a stream
	brokeOff            // the provider broke a stream off after output
)

// bill is what a request costs, to whom.
type bill struct {
	usage  metered       // what the consumer is charged for
	charge money.Credits // by the wallet
	cost   money.USD     // by the key
}

func (j *job) bounds() bounds {
	b := bounds{window: j.on.cost.ContextWindow, output: j.ask.output(j.limit)}
	if j.ask.batch {
		b.window = j.bound
	}
	return b
}

// bill works out what an answer costs. A complete one goes by the provider's report, or where there is none by a count made
// here. Of one that did not get to its end the consumer pays for the prompt and what was delivered, counted here, while the
// key is booked with the report where there is one.
func (j *job) bill(r *reply, h how) (bill, error) {
	limits := j.bounds()
	report, reported := limits.believe(r.result.Usage)
	b := bill{usage: report}
	took := &b.usage
	switch {
	case h != complete:
		b.usage = j.counted(r, report, r.text, r.other)
		if reported {
			took = &report
		}
	case !reported:
		content, other := r.result.Text()
		b.usage = j.counted(r, report, content, other)
	}
	var errCharge, errCost error
	written, long := b.usage.cacheWrite, b.usage.longWrite
	if !j.ask.prompt.caches {
		written, long = 0, 0 // what a provider keeps unasked is no matter of the consumer's
	}
	b.charge, errCharge = j.price.charge(b.usage.prompt, written, long, b.usage.completion)
	b.cost, errCost = j.took(took)
	return b, errors.Join(errCharge, errCost)
}

// counted is what was counted here: the output, and the prompt where the provider did not tell of it as it began.
func (j *job) counted(r *reply, report metered, output ...string) metered {
	limits, made := j.bounds(), answerTokens(j.ask.model, output...)
	begun, ok := limits.believe(r.result.Begun)
	if !ok {
		return limits.counted(j.ask.count(), made, report)
	}
	m := limits.counted(begun.prompt, made, report)
	m.cached, m.cacheWrite, m.longWrite = begun.cached, begun.cacheWrite, begun.longWrite
	return m
}

// took is what the key is booked with: what its provider says that it took, where it says so and within what was reserved,
// else what its price list says.
func (j *job) took(m *metered) (money.USD, error) {
	if m.cost == nil || !provider.TellsCost(j.on.key.Provider) {
		return j.on.cost.of(m)
	}
	if most, err := j.most(j.on.cost, j.limit); err != nil || *m.cost <= most {
		return *m.cost, err
	}
	m.breaches = append(m.breaches, breachCost)
	return j.on.cost.of(m)
}

// settle books an answer and resolves the hold, whether or not the client is still there.
func (g *Gateway) settle(ctx context.Context, j *job, r *reply, h how) ending {
	b, err := j.bill(r, h)
	if err != nil { // beyond 2⁶³ though within the bounds: an impossible price
		return g.exhausted(ctx, j, fmt.Errorf("gateway: bill %s: %w", j.usageID, err))
	}
	c := Completion{
		ID: g.ids.New(ids.Completion), Model: j.ask.asked, FinishReason: finishOf(r.result.Finish),
		PromptTokens: b.usage.prompt, CompletionTokens: b.usage.completion,
	}
	if j.ask.relayed {
		g.relayed(j, r, &b.usage, &c)
	} else {
		c.Content, _ = r.result.Text()
	}
	var f *fault.Error
	code := fault.Code("")
	switch h {
	case hungUpOn:
		c.cutTo(r.text)
		c.cut = true
		code = clientGone
	case brokeOff:
		c.cutTo(r.text)
		code = fault.UpstreamFailed
		f = errBrokeOff.With("creditsCharged", money.Format(b.charge)).With("usageId", string(j.usageID))
	}
	answer, err := g.seal(ctx, j, &c, c.repeated(f))
	if err != nil {
		g.log.ErrorContext(ctx, "gateway: an answer can't be recorded", "usage", j.usageID, "err", err)
	}
	for _, kind := range b.usage.breaches {
		j.notices = append(j.notices, journal.Notice{
			ID: g.ids.New(ids.Alert), At: g.clock.Now(), Kind: string(kind), Subject: string(j.on.key.ID), Message: breachMessages[kind],
		})
	}
	usage := g.usage(j, &b.usage)
	usage.Succeeded, usage.ErrorCode = h != brokeOff, string(code)
	out, err := g.resolve(ctx, j, &ledger.Settle{Hold: j.holdID, Charge: b.charge, Cost: b.cost, Usage: usage}, answer)
	if err != nil {
		return ending{err: errors.Join(fmt.Errorf("gateway: settle %s: %w", j.usageID, err), g.concede(ctx, j, b.cost, usage))}
	}
	if out.Late {
		g.log.WarnContext(ctx, "gateway: a request outlived its hold and was not charged", "usage", j.usageID)
	}
	end := ending{result: &Result{Completion: c, CreditsCharged: out.Charged, UsageID: j.usageID, Booked: out.Usage, Available: money.Credits(out.Wallet.Available()), Last: c.last}}
	if f != nil {
		end.err = f.With("creditsCharged", money.Format(out.Charged)).Because(r.failure)
	}
	return end
}

// concede ends a hold whose settlement the ledger refused: the consumer pays nothing, and what the provider took is booked
// where that goes. Nothing of the request may keep its funds.
func (g *Gateway) concede(ctx context.Context, j *job, cost money.USD, usage *ledger.Usage) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resolveTime)
	defer cancel()
	free := *usage
	free.Succeeded, free.ErrorCode = false, string(fault.Internal)
	_, err := g.ledger.Do(ctx, ledger.Request{Op: &ledger.Settle{Hold: j.holdID, Cost: cost, Usage: &free}, Caller: string(j.ask.actor.ID)})
	if err == nil {
		return nil
	}
	return errors.Join(err, g.disown(ctx, j))
}

// release gives the hold back: the request failed and is free. answer is recorded under the operation key; without one
// the key is free again.
func (g *Gateway) release(ctx context.Context, j *job, f *fault.Error, answer []byte) error {
	usage := g.usage(j, &metered{})
	usage.ErrorCode = string(f.Code)
	_, err := g.resolve(ctx, j, &ledger.Release{Hold: j.holdID, Usage: usage}, answer)
	if err != nil && !errors.Is(err, ledger.ErrHoldGone) {
		return fmt.Errorf("gateway: release %s: %w", j.usageID, err)
	}
	return nil
}

// resolve hands the operation that ends the hold to the ledger, with all that is recorded beside it.
func (g *Gateway) resolve(ctx context.Context, j *job, op ledger.Operation, answer []byte) (ledger.Outcome, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resolveTime)
	defer cancel()
	j.held = false // queued once, it is decided whatever becomes of this call
	on, lessons := j.on.key.ID, j.merged()
	rows := rows(j, lessons)
	out, err := g.ledger.Do(ctx, ledger.Request{
		Op: op, Caller: string(j.ask.actor.ID), Answer: answer,
		Records: func(out ledger.Outcome) []ledger.Row {
			if out.Resource.Balance > 0 {
				return rows
			}
			return append(rows[:len(rows):len(rows)], pool.DepletedRow(on), pool.ChangeRow(journal.Resource, string(on)))
		},
	})
	if err != nil {
		return ledger.Outcome{}, err
	}
	for _, l := range lessons {
		if l.resource == on {
			g.pool.Settled(on, out.Resource, l.delta)
		} else if k, err := g.pool.Key(ctx, l.resource); err == nil && k != nil {
			g.pool.Settled(l.resource, k.Quota, l.delta)
		}
	}
	return out, nil
}

// merged returns what the attempts taught, one lesson for each key.
func (j *job) merged() []lesson {
	out := j.lessons[:0:0]
	for _, l := range j.lessons {
		known := false
		for i := range out {
			if known = out[i].resource == l.resource; known {
				out[i].delta = out[i].delta.Then(l.delta)
				break
			}
		}
		if !known {
			out = append(out, l)
		}
	}
	return out
}

// rows are what is recorded with a request: the health of its keys, why that key, and what needs a person.
func rows(j *job, lessons []lesson) []ledger.Row {
	rows := make([]ledger.Row, 0, len(lessons)+len(j.notices)+2)
	for _, l := range lessons {
		rows = append(rows, pool.HealthRow(l.resource, l.delta))
	}
	record := j.decision.Record()
	if lack := j.lacking; lack > 0 {
		record.LeftOut[routing.WrongModel] += lack
	}
	rows = append(rows, decisionRow{j.usageID, record.JSON()})
	for _, r := range j.rests {
		rows = append(rows, pool.RestRow(r), pool.ChangeRow(journal.Rest, r.Subject))
	}
	for _, n := range j.notices {
		rows = append(rows, pool.AlertRow(n))
	}
	return rows
}

// usage is the row of the usage log, for the key that is held.
func (g *Gateway) usage(j *job, m *metered) *ledger.Usage {
	now := g.clock.Now()
	return &ledger.Usage{
		ID: j.usageID, CreatedAt: j.began, Model: j.ask.model, RequestedModel: j.ask.requested(), Endpoint: string(j.ask.kind), Provider: j.on.key.Provider,
		User: j.ask.actor.ID, Token: j.ask.actor.TokenID, Resource: j.on.key.ID, Owner: j.on.key.Owner,
		PromptTokens: m.prompt, CachedTokens: m.cached, CacheWriteTokens: m.cacheWrite,
		CompletionTokens: m.completion, ReasoningTokens: m.reasoning,
		Latency: now.Sub(j.began), Prices: snapshot(&j.price, j.on.cost),
		RoutingReason: string(j.decision.Reason), Attempts: j.attempts, Streamed: j.ask.streamed,
		Estimated: m.estimated, Clamped: m.clamped(),
	}
}
