package pool

import (
	"context"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/provider"
)

// Model is a row of the price list: a model's name at one provider. Costs and prices are per million tokens. The prices
// belong to the name alone, so that a charge never tells which key served.
type Model struct {
	ID              ids.ID // the same on every server and for ever
	Name            string
	Provider        string
	Kind            provider.Kind // "" where unknown
	ContextWindow   *int64
	Available       bool // an ACTIVE key of the provider may call it now
	InputCost       money.USD
	CachedInputCost money.USD
	CacheWriteCost  money.USD
	OutputCost      money.USD
	InputPrice      money.Credits
	CacheWritePrice money.Credits
	OutputPrice     money.Credits
	MinimumCharge   money.Credits
}

// Price is what the platform charges for a million tokens of a model, and for a request at least. CacheWrite is for those
// of the prompt that the client wants kept in the provider's cache, never below Input.
type Price struct {
	Input, CacheWrite, Output, Minimum money.Credits
}

// Cost is what a provider takes for a million tokens of a model, and what is known of the model there: 0 where unknown.
type Cost struct {
	Input, Cached, CacheWrite, Output money.USD
	ContextWindow                     int64
	MaxOutput                         int64
	Reasons                           bool
	Kind                              provider.Kind
}

// ModelPriceInput is the cost of a model at a provider and its price at all.
type ModelPriceInput struct {
	Model           string
	Provider        string
	InputCost       money.USD
	CachedInputCost *money.USD // nil: the input cost
	OutputCost      money.USD
	InputPrice      money.Credits
	OutputPrice     money.Credits
	MinimumCharge   *money.Credits // nil: 0
}

// keyLister has the keys of the pool: *Service.
type keyLister interface {
	AllKeys(ctx context.Context) ([]*Key, error)
}

// PricesDeps are what Prices is made of. None may be missing.
type PricesDeps struct {
	Ent       *ent.Client
	Catalogue []provider.Model
	Settings  settings
	Keys      keyLister
	Policy    *access.Policy
	Clock     clock.Clock
	IDs       *ids.Source
}

// Prices is the price list: the catalogue, and over it what admins set. Reading it is fast: it is kept in memory and
// replaced as a whole. It is safe for concurrent use.
type Prices struct {
	ent       *ent.Client
	catalogue []provider.Model
	settings  settings
	keys      keyLister
	policy    *access.Policy
	clock     clock.Clock
	ids       *ids.Source

	list   *remembered[*priceList]
	active *remembered[map[modelAt]bool]
}

const (
	// priceAge is how old the list may be where nobody tells of a change.
	priceAge = 10 * time.Second
	// activeAge is how old the answer to which models have an ACTIVE key may be: it is read over all keys.
	activeAge = time.Second
)

// NewPrices returns the price list.
func NewPrices(d PricesDeps) *Prices {
	p := &Prices{
		ent: d.Ent, catalogue: d.Catalogue, settings: d.Settings, keys: d.Keys, policy: d.Policy, clock: d.Clock, ids: d.IDs,
	}
	p.list = remember(d.Clock, priceAge, p.readList)
	p.active = remember(d.Clock, activeAge, p.readActive)
	return p
}

// Invalidate says that another server changed a price.
func (p *Prices) Invalidate() { p.list.forget() }

// Catalogue is where the price list comes from, but for what admins set.
type Catalogue struct {
	Source, Date string
	Models       int
}

// Catalogue tells which catalogue the price list is laid over.
func (p *Prices) Catalogue() Catalogue {
	return Catalogue{Source: provider.CatalogueSource, Date: provider.CatalogueDate, Models: len(p.catalogue)}
}

// Models returns the price list, by name and provider.
func (p *Prices) Models(ctx context.Context) ([]Model, error) {
	list, err := p.current(ctx)
	if err != nil {
		return nil, err
	}
	active, err := p.active.get(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Model, len(list.models))
	for i, m := range list.models {
		out[i] = m
		out[i].Available = active[modelAt{m.Name, m.Provider}]
	}
	return out, nil
}

// Price returns what a model is charged at; false where it is not on the list.
func (p *Prices) Price(ctx context.Context, model string) (Price, bool, error) {
	list, err := p.current(ctx)
	if err != nil {
		return Price{}, false, err
	}
	price, ok := list.prices[model]
	return price, ok, nil
}

// Cost returns what a provider takes for a model; false where that is unknown.
func (p *Prices) Cost(ctx context.Context, model, provider string) (Cost, bool, error) {
	list, err := p.current(ctx)
	if err != nil {
		return Cost{}, false, err
	}
	cost, ok := list.costs[modelAt{model, provider}]
	return cost, ok, nil
}

// SetModelPrice sets what a provider takes for a model and what the platform charges for it at all providers, audited, and
// tells all servers. It returns every fault of the input, FORBIDDEN or UNAUTHENTICATED.
func (p *Prices) SetModelPrice(ctx context.Context, actor *access.Actor, in ModelPriceInput) (Model, error) {
	if err := p.policy.Check(actor, "call", "Mutation.setModelPrice", ""); err != nil {
		return Model{}, err
	}
	if err := in.Validate(); err != nil {
		return Model{}, inputFaults(err)
	}
	list, err := p.current(ctx)
	if err != nil {
		return Model{}, err
	}
	if _, ok := list.aliases[in.Model]; ok {
		return Model{}, fault.Invalid("input.model", "this name is an alias of another model")
	}
	err = p.set(ctx, actor.ID, in)
	p.list.forget() // whatever the outcome: that of a COMMIT may be unknown
	if err != nil {
		return Model{}, err
	}
	models, err := p.Models(ctx)
	if err != nil {
		return Model{}, err
	}
	for _, m := range models {
		if m.Name == in.Model && m.Provider == in.Provider {
			return m, nil
		}
	}
	return Model{}, fault.New(fault.Conflict, "the price was changed by somebody else meanwhile")
}

// current returns the list, built with the markup in force.
func (p *Prices) current(ctx context.Context) (*priceList, error) {
	s, err := p.settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	list, err := p.list.get(ctx)
	if err != nil || list.markup == s.PriceMarkup {
		return list, err
	}
	p.list.forget()
	return p.list.get(ctx)
}

// readActive finds which models an ACTIVE key may call at its provider.
func (p *Prices) readActive(ctx context.Context) (map[modelAt]bool, error) {
	keys, err := p.keys.AllKeys(ctx)
	if err != nil {
		return nil, err
	}
	now := p.clock.Now()
	out := map[modelAt]bool{}
	for _, k := range keys {
		if !k.Active() || k.ExpiresAt != nil && !now.Before(*k.ExpiresAt) {
			continue
		}
		for _, m := range k.Models {
			out[modelAt{m, k.Provider}] = true
		}
	}
	return out, nil
}
