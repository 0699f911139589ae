package gateway

import (
	"context"
	"strings"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/routing"
)

// settings tells how routing weighs keys now.
type settings interface {
	Routing(ctx context.Context) (routing.Settings, error)
}

// prices is the price list.
type prices interface {
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
	near := g.prices.Near(model)
	if len(near) == 0 {
		return price{}, fault.New(fault.ModelNotFound, "the model %q is not on the price list", model)
	}
	return price{}, fault.New(fault.ModelNotFound, "the model %q is not on the price list; near it: %s", model, strings.Join(near, ", ")).With("near", near)
}

// offers puts the keys that may call the job's model with what their providers take for it.
func (g *Gateway) offers(ctx context.Context, model string) (offers []offer, r reach, err error) {
	keys, err := g.pool.Keys(ctx, model)
	if err != nil {
		return nil, reach{}, err
	}
	offers = make([]offer, len(keys))
	known := map[string]*cost{}
	for i, k := range keys {
		c, seen := known[k.Provider]
		if !seen {
			read, priced, err := g.prices.Cost(ctx, model, k.Provider)
			if err != nil {
				return nil, reach{}, err
			}
			if priced {
				c = (*cost)(&read)
				r.add(c)
			}
			known[k.Provider] = c
		}
		offers[i] = offer{key: k, cost: c}
	}
	return offers, r, nil
}
