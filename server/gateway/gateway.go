package gateway

import (
	"context"
	"log/slog"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/routing"
	"github.com/resourcepool/resourcepool/server/vault"
)

// books is what the gateway needs of the ledger.
type books interface {
	Do(ctx context.Context, r ledger.Request) (ledger.Outcome, error)
	Recorded(ctx context.Context, k ledger.Key) (answer []byte, found bool, err error)
}

// keys is what it needs of the pool.
type keys interface {
	Keys(ctx context.Context, model string) ([]*pool.Key, error)
	Key(ctx context.Context, id ids.ID) (*pool.Key, error)
	KeyCount(ctx context.Context) (int, error)
	Settled(resource ids.ID, quota ledger.Balance, d routing.Delta)
	ProviderRejected(ctx context.Context, key *pool.Key, class provider.Class) error
	KeyUnreadable(ctx context.Context, key *pool.Key) error
	MarkDepleted(ctx context.Context, resource ids.ID) error
}

// secrets is what it needs of the vault.
type secrets interface {
	Key(ctx context.Context, ref vault.Ref, why vault.Purpose) (vault.Secret, error)
	Hash(purpose string, b []byte) []byte
	SealFor(ctx context.Context, user ids.ID, purpose string, plain []byte) ([]byte, error)
	OpenFor(ctx context.Context, user ids.ID, purpose string, sealed []byte) ([]byte, error)
}

// rights is access.Policy.
type rights interface {
	Check(a *access.Actor, action, object string, owner ids.ID) error
}

// Ended is a request that was answered, for metrics: also one that never got a hold and so has no row in the usage log.
type Ended struct {
	Code     fault.Code // "" where it succeeded
	Streamed bool
	Took     time.Duration
}

// Deps are what a Gateway is made of. None may be missing but Observe.
type Deps struct {
	Ledger   books
	Pool     keys
	Prices   prices
	Settings settings
	Vault    secrets
	Upstream upstream
	Ent      *ent.Client
	Clock    clock.Clock
	IDs      *ids.Source
	Log      *slog.Logger
	Policy   rights
	Observe  func(Ended) // nil: nobody counts
}

// Gateway takes requests through the pool. It is safe for concurrent use.
type Gateway struct {
	ledger   books
	pool     keys
	prices   prices
	settings settings
	vault    secrets
	upstream upstream
	ent      *ent.Client
	clock    clock.Clock
	ids      *ids.Source
	log      *slog.Logger
	policy   rights

	resting  *resting
	breakers *breakers // of providers
	circuits *breakers // of keys at a model
	loads    *loads
	threads  *threads
	flights  *flights
	inFlight inFlight
	noted    noted

	observe func(Ended)
	total   time.Duration // of all attempts of a request
	waits   time.Duration // of a repetition for the first request
}

// New returns a gateway.
func New(d Deps) *Gateway {
	return &Gateway{
		ledger: d.Ledger, pool: d.Pool, prices: d.Prices, settings: d.Settings, vault: d.Vault, upstream: d.Upstream,
		ent: d.Ent, clock: d.Clock, ids: d.IDs, log: d.Log, policy: d.Policy,
		resting: newResting(), breakers: newBreakers(ofProvider), circuits: newBreakers(ofKey),
		loads: newLoads(), threads: newThreads(), flights: newFlights(),
		observe: d.Observe, total: totalTime, waits: replayWaits,
	}
}

// ended tells the metrics how a request ended.
func (g *Gateway) ended(began time.Time, streamed bool, err error) {
	if g.observe != nil {
		g.observe(Ended{Code: fault.CodeOf(err), Streamed: streamed, Took: g.clock.Now().Sub(began)})
	}
}

// Estimate is what a request would cost.
type Estimate struct {
	Maximum      money.Credits // that would be held
	Expected     money.Credits
	PromptTokens int64 // counted here
}

var (
	errSignIn     = fault.New(fault.Unauthenticated, "sign in first")
	errTokenModel = fault.New(fault.Forbidden, "this API token does not cover the model")
)

// accept checks who asks and what, and brings it into the spine's form.
func (g *Gateway) accept(actor *access.Actor, in *Input) (*ask, error) {
	if !actor.SignedIn() {
		return nil, errSignIn
	}
	if err := in.validate(); err != nil {
		return nil, err
	}
	a := &ask{
		actor: actor, kind: provider.KindChat, asked: in.Model, choices: 1, consumer: g.consumerOf(actor),
		members: in.members(), prompt: prompt{bytes: in.textBytes(), messages: int64(len(in.Messages))}, count: in.promptTokens,
	}
	if a.prompt.bytes >= threadBytes {
		a.thread = in.thread(a.newThread())
	}
	if in.MaxTokens != nil {
		a.cap = int64(*in.MaxTokens)
	}
	if in.IdempotencyKey != nil {
		a.key = &ledger.Key{Name: "complete:" + string(actor.ID) + ":" + *in.IdempotencyKey, InputHash: g.vault.Hash("input", in.canonical())}
	}
	return a, nil
}

// admit counts a request that spends in, once it was accepted: the caller counts it out.
func (g *Gateway) admit(ctx context.Context, actor *access.Actor, accept func() (*ask, error)) (*ask, error) {
	if err := g.policy.Check(actor, "call", "Mutation.complete", ""); err != nil {
		return nil, err
	}
	a, err := accept()
	if err == nil {
		err = g.cover(ctx, a)
	}
	if err != nil {
		return nil, err
	}
	return a, g.inFlight.enter()
}

// cover finds the model that is meant, and whether the caller may ask it so.
func (g *Gateway) cover(ctx context.Context, a *ask) (err error) {
	if a.model, err = g.prices.Resolve(ctx, a.asked); err != nil {
		return err
	}
	if !a.actor.MayAsk(a.asked) && !a.actor.MayAsk(a.model) {
		return errTokenModel
	}
	if len(a.unknown) > 0 && !byTokens(a.model) {
		return fault.Invalid(a.unknown[0], "this is not known here, and the model is not paid by its tokens alone")
	}
	return nil
}

// Complete answers a request as a whole. A client that leaves meanwhile is charged all the same, and gets the answer by
// repeating its idempotency key.
//
// It returns UNAUTHENTICATED, FORBIDDEN, BAD_USER_INPUT, IDEMPOTENCY_CONFLICT, CONFLICT with retryAfterSeconds while the
// first request of the key runs, MODEL_NOT_FOUND, INSUFFICIENT_CREDITS, NO_RESOURCE_AVAILABLE, OVERLOADED,
// UPSTREAM_REJECTED or UPSTREAM_FAILED; any other error is internal.
func (g *Gateway) Complete(ctx context.Context, actor *access.Actor, in Input) (_ *Result, err error) {
	began := g.clock.Now()
	defer func() { g.ended(began, false, err) }()
	a, err := g.admit(ctx, actor, func() (*ask, error) { return g.accept(actor, &in) })
	if err != nil {
		return nil, err
	}
	defer g.inFlight.leave()
	end := g.do(ctx, a, nil)
	if end.err != nil {
		return nil, end.err
	}
	return end.result, nil
}

// Estimate tells what a request would cost at most and probably. It returns the errors of Complete that come before a hold.
func (g *Gateway) Estimate(ctx context.Context, actor *access.Actor, in Input) (Estimate, error) {
	j, err := g.consider(ctx, actor, &in)
	if err != nil {
		return Estimate{}, err
	}
	a := j.ask
	e := Estimate{PromptTokens: a.count()}
	if e.Maximum, err = j.price.most(j.bound, a.output(j.limit), a.prompt); err != nil {
		return Estimate{}, err
	}
	e.Expected, err = j.price.charge(min(e.PromptTokens, j.bound), 0, 0, min(usualOutput, a.output(j.limit)))
	return e, err
}

// Preview tells how a request would be routed now, without sending it. Who may see that is the caller's to decide.
func (g *Gateway) Preview(ctx context.Context, actor *access.Actor, in Input) (routing.Decision, error) {
	j, err := g.consider(ctx, actor, &in)
	if err != nil {
		return routing.Decision{}, err
	}
	return g.first(ctx, j)
}

// consider prepares a request that is not sent.
func (g *Gateway) consider(ctx context.Context, actor *access.Actor, in *Input) (*job, error) {
	a, err := g.accept(actor, in)
	if err == nil {
		err = g.cover(ctx, a)
	}
	if err != nil {
		return nil, err
	}
	return g.prepare(ctx, a)
}

// Drain refuses new requests with OVERLOADED and waits until those that run have settled, or for ctx.
func (g *Gateway) Drain(ctx context.Context) error { return g.inFlight.drain(ctx) }
