package pool

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"slices"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
)

// Alias is a further name of a model on the price list. It never hides a model of its own name, and names no other alias.
type Alias struct{ Name, Model string }

// Aliases returns the further names, by name.
func (p *Prices) Aliases(ctx context.Context) ([]Alias, error) {
	list, err := p.current(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Alias, 0, len(list.aliases))
	for name, model := range list.aliases {
		out = append(out, Alias{name, model})
	}
	slices.SortFunc(out, func(a, b Alias) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

// Resolve returns the model that a name stands for: what an admin said, the newest version of a name without a date, else
// the name itself.
func (p *Prices) Resolve(ctx context.Context, name string) (string, error) {
	list, err := p.current(ctx)
	if err != nil {
		return "", err
	}
	if model, ok := list.aliases[name]; ok {
		return model, nil
	}
	if model, ok := list.undated[name]; ok {
		return model, nil
	}
	return name, nil
}

// SetModelAlias gives a model a further name, in the place of what the name stood for, audited, and tells all servers. It
// returns every fault of the input, FORBIDDEN or UNAUTHENTICATED.
func (p *Prices) SetModelAlias(ctx context.Context, actor *access.Actor, name, model string) (Alias, error) {
	if err := p.policy.Check(actor, "call", "Mutation.setModelAlias", ""); err != nil {
		return Alias{}, err
	}
	list, err := p.current(ctx)
	if err != nil {
		return Alias{}, err
	}
	a := Alias{name, model}
	if err := list.validAlias(a); err != nil {
		return Alias{}, err
	}
	err = p.setAlias(ctx, actor.ID, a)
	p.list.forget() // whatever the outcome: that of a COMMIT may be unknown
	return a, err
}

// RemoveModelAlias takes a further name away, audited, and tells all servers; false where there was none. It returns
// FORBIDDEN or UNAUTHENTICATED.
func (p *Prices) RemoveModelAlias(ctx context.Context, actor *access.Actor, name string) (bool, error) {
	if err := p.policy.Check(actor, "call", "Mutation.removeModelAlias", ""); err != nil {
		return false, err
	}
	removed, err := p.removeAlias(ctx, actor.ID, name)
	p.list.forget()
	return removed, err
}

func (l *priceList) validAlias(a Alias) error {
	var errs []error
	_, own := l.prices[a.Name]
	switch {
	case !ModelName(a.Name):
		errs = append(errs, fault.Invalid("name", "an alias has a name of 1 to 200 bytes without spaces"))
	case own:
		errs = append(errs, fault.Invalid("name", "a model on the price list has this name"))
	}
	_, priced := l.prices[a.Model]
	_, chained := l.aliases[a.Model]
	switch {
	case priced:
	case chained:
		errs = append(errs, fault.Invalid("model", "an alias stands for a model, not for another alias"))
	default:
		errs = append(errs, fault.Invalid("model", "there is no such model on the price list"))
	}
	return errors.Join(errs...)
}

// alias takes the aliases that mean something. A model of that name may have come, or its model gone, since one was set.
func (l *priceList) alias(all []Alias) {
	l.aliases = map[string]string{}
	for _, a := range all {
		_, own := l.prices[a.Name]
		_, priced := l.prices[a.Model]
		if priced && !own {
			l.aliases[a.Name] = a.Model
		}
	}
	l.undated = map[string]string{}
	for name := range l.prices {
		short := dated.ReplaceAllString(name, "")
		if _, own := l.prices[short]; !own && name > l.undated[short] {
			l.undated[short] = name
		}
	}
}

// dated is the date of a model at the end of its name.
var dated = regexp.MustCompile(`-20\d\d-?[01]\d-?[0-3]\d$`)
