package pool

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/provider"
)

// modelAt is a model's name at a provider.
type modelAt struct{ name, provider string }

// priceList is the price list as it was at one time. It is never changed.
type priceList struct {
	markup int64
	models []Model // by name and provider; Available is not filled in
	prices map[string]Price
	costs  map[modelAt]Cost
	// aliases are further names, none of them on the list, each of a model that is.
	aliases map[string]string
	// undated are names without the date that the catalogue's have at their end, each of the newest of these, as their
	// providers have it too.
	undated map[string]string
}

// newPriceList lays what admins set over the catalogue. A name that no admin priced costs what its dearest provider takes,
// times the markup.
func newPriceList(catalogue []provider.Model, costs []*ent.ModelCost, prices []*ent.ModelPrice, aliases []Alias, markup int64) (*priceList, error) {
	l := &priceList{markup: markup, prices: map[string]Price{}, costs: make(map[modelAt]Cost, len(catalogue)+len(costs))}
	for _, m := range catalogue {
		l.costs[modelAt{m.Name, m.Provider}] = Cost{
			Input: m.InputCost, Cached: m.CachedInputCost, CacheWrite: max(m.CacheWriteCost, m.InputCost), Output: m.OutputCost,
			ContextWindow: m.ContextWindow, MaxOutput: m.MaxOutput, Reasons: m.Reasons, Kind: m.Kind,
		}
	}
	for _, c := range costs {
		at := modelAt{c.Name, c.Provider}
		old := l.costs[at]
		write, err := scaled(c.InputCost, old.CacheWrite, old.Input)
		if err != nil {
			return nil, fmt.Errorf("pool: cost of %s at %s: %w", c.Name, c.Provider, err)
		}
		old.Input, old.Cached, old.CacheWrite, old.Output = c.InputCost, c.CachedInputCost, write, c.OutputCost
		l.costs[at] = old
	}
	if err := l.priceAll(markup); err != nil {
		return nil, err
	}
	writes := l.dearestWrites()
	for _, p := range prices {
		write, err := scaled(p.InputPrice, writes[p.Name].CacheWrite, writes[p.Name].Input)
		if err != nil {
			return nil, fmt.Errorf("pool: price of %s: %w", p.Name, err)
		}
		l.prices[p.Name] = Price{Input: p.InputPrice, CacheWrite: write, Output: p.OutputPrice, Minimum: p.MinimumCharge}
	}
	l.alias(aliases)
	l.models = make([]Model, 0, len(l.costs))
	for at, c := range l.costs {
		price := l.prices[at.name]
		m := Model{
			ID: modelID(at), Name: at.name, Provider: at.provider,
			Kind:      c.Kind,
			InputCost: c.Input, CachedInputCost: c.Cached, CacheWriteCost: c.CacheWrite, OutputCost: c.Output,
			InputPrice: price.Input, CacheWritePrice: price.CacheWrite, OutputPrice: price.Output, MinimumCharge: price.Minimum,
		}
		if c.ContextWindow > 0 {
			m.ContextWindow = &c.ContextWindow
		}
		l.models = append(l.models, m)
	}
	slices.SortFunc(l.models, func(a, b Model) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Provider, b.Provider))
	})
	return l, nil
}

// scaled is what writing to a cache comes to where plain input comes to `input`: dearer by as much as write is than plain.
func scaled[A money.Amount](input A, write, plain money.USD) (A, error) {
	if plain <= 0 || write <= plain {
		return input, nil
	}
	return money.MulDivCeil(input, int64(write), int64(plain))
}

func (l *priceList) priceAll(markup int64) error {
	for at, c := range l.costs {
		in, err1 := money.MulDivCeil(money.Credits(c.Input), markup, money.One)
		write, err2 := money.MulDivCeil(money.Credits(c.CacheWrite), markup, money.One)
		out, err3 := money.MulDivCeil(money.Credits(c.Output), markup, money.One)
		if err := errors.Join(err1, err2, err3); err != nil {
			return fmt.Errorf("pool: price of %s at %s: %w", at.name, at.provider, err)
		}
		p := l.prices[at.name]
		l.prices[at.name] = Price{Input: max(p.Input, in), CacheWrite: max(p.CacheWrite, write), Output: max(p.Output, out)}
	}
	return nil
}

// dearestWrites returns for each name what it costs where writing to a cache is dearest.
func (l *priceList) dearestWrites() map[string]Cost {
	dearest := map[string]Cost{}
	for at, c := range l.costs {
		d, known := dearest[at.name]
		if !known || c.CacheWrite > d.CacheWrite || c.CacheWrite == d.CacheWrite && c.Input < d.Input {
			dearest[at.name] = c
		}
	}
	return dearest
}

var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// modelID is the id of a row of the price list. It follows from name and provider: the catalogue's rows have no other.
func modelID(at modelAt) ids.ID {
	sum := sha256.Sum256([]byte(at.provider + "\x00" + at.name))
	return ids.ID(string(ids.Model) + "_" + crockford.EncodeToString(sum[:16]))
}

const (
	mostModelName = 200                   // bytes
	mostPrice     = 1_000_000 * money.One // of a million tokens, and of a minimum charge
)

// Validate returns every fault of the input, joined: each names its argument.
func (in ModelPriceInput) Validate() error {
	var errs []error
	refuse := func(bad bool, field, message string) {
		if bad {
			errs = append(errs, fault.Invalid(field, "%s", message))
		}
	}
	const amount = "a price or a cost is between 0 and a million"
	badAmount := func(field string, a int64) { refuse(a < 0 || a > mostPrice, field, amount) }
	refuse(!ModelName(in.Model), "model", "a model has a name of 1 to 200 bytes without spaces")
	_, known := provider.Lookup(in.Provider)
	refuse(!known, "provider", "there is no such provider")
	badAmount("inputCostPerMillion", int64(in.InputCost))
	badAmount("outputCostPerMillion", int64(in.OutputCost))
	badAmount("inputPricePerMillion", int64(in.InputPrice))
	badAmount("outputPricePerMillion", int64(in.OutputPrice))
	if in.CachedInputCost != nil {
		refuse(*in.CachedInputCost < 0 || *in.CachedInputCost > in.InputCost, "cachedInputCostPerMillion", "cached input costs at least 0 and at most what other input does")
	}
	if in.MinimumCharge != nil {
		badAmount("minimumCharge", int64(*in.MinimumCharge))
	}
	return errors.Join(errs...)
}

// ModelName reports whether a text can be a model's name: 1 to 200 bytes without spaces and control characters.
func ModelName(name string) bool {
	return name != "" && len(name) <= mostModelName && clean(name) && utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsSpace)
}
