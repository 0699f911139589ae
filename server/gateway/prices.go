package gateway

import (
	"context"
	"slices"
	"strings"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/routing"
)

// settings tells how routing weighs keys now.
type settings interface {
	Routing(ctx context.Context) (routing.Settings, error)
}

// prices is the price list.
type prices interface {
	// Resolve returns the model that a name stands for: itself where it is no alias.
	Resolve(ctx context.Context, name string) (string, error)
	Price(ctx context.Context, model string) (pool.Price, bool, error)
	Cost(ctx context.Context, model, provider string) (pool.Cost, bool, error)
	Near(name string) []string
}

// price returns what is in force for a model, MODEL_NOT_FOUND with near names where it is not on the price list.
func (g *Gateway) price(ctx context.Context, model string) (price, error) {
	p, ok, err := g.prices.Price(ctx, model)
	if err != nil {
		return price{}, err
	}
	if ok {
		return price(p), nil
	}
	return price{}, UnknownModel(model, g.prices.Near(model))
}

// UnknownModel is the MODEL_NOT_FOUND of a name, which tells the names that are near it.
func UnknownModel(name string, near []string) error {
	if len(near) == 0 {
		return fault.New(fault.ModelNotFound, "the model %q is not on the price list", name)
	}
	return fault.New(fault.ModelNotFound, "the model %q is not on the price list; near it: %s", name, strings.Join(near, ", ")).With("near", near)
}

// served refuses what no provider of the model can be asked, whatever its keys do: trying again would not help.
func (a *ask) served(offers []offer) error {
	if len(offers) == 0 || slices.ContainsFunc(offers, func(o offer) bool { return o.serves }) { // none: that is for the ledger and the routing to say
		return nil
	}
	if slices.ContainsFunc(offers, func(o offer) bool { return provider.Serves(o.key.Provider, a.kind, 1) }) {
		return fault.Invalid("n", "the providers of this model make one answer for each request")
	}
	return fault.Invalid("model", "no provider of this model takes such requests (%s)", a.kind)
}

// offers puts the keys that may call the job's model with what their providers take for it.
func (g *Gateway) offers(ctx context.Context, a *ask) (offers []offer, r reach, err error) {
	keys, err := g.pool.Keys(ctx, a.model)
	if err != nil {
		return nil, reach{}, err
	}
	offers = make([]offer, len(keys))
	known := map[string]offer{}
	for i, k := range keys {
		o, seen := known[k.Provider]
		if !seen {
			read, priced, err := g.prices.Cost(ctx, a.model, k.Provider)
			if err != nil {
				return nil, reach{}, err
			}
			o.serves = provider.Serves(k.Provider, a.kind, a.choices)
			if priced {
				o.cost = (*cost)(&read)
				r.add(o.cost)
			}
			known[k.Provider] = o
		}
		o.key = k
		offers[i] = o
	}
	return offers, r, nil
}
