package provider

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"charm.land/catwalk/pkg/catwalk"
	"charm.land/catwalk/pkg/embedded"

	"github.com/resourcepool/resourcepool/server/money"
)

// Where the kept catalogue comes from, and when it was released.
const (
	CatalogueSource = "catwalk v0.52.1"
	CatalogueDate   = "2026-08-19"
)

// Model is a model that a provider offers, with what it takes for a million tokens.
type Model struct {
	Name, Provider  string
	Kind            Kind  // what it is for: KindChat, KindCompletions or KindEmbeddings
	ContextWindow   int64 // 0 where unknown
	MaxOutput       int64 // what the catalogue advises as the output cap, not always the hardest limit; 0 where unknown
	Reasons         bool
	InputCost       money.USD
	CachedInputCost money.USD // never above InputCost; the same where no discount is known
	CacheWriteCost  money.USD // never below InputCost
	OutputCost      money.USD
}

// Models returns the catalogue's models of the table's providers and those of the supplement, by provider and name.
func Models() []Model { return slices.Clone(models()) }

var models = sync.OnceValue(func() []Model {
	ours := map[string][]string{} // the providers of an entry
	for _, p := range table {
		if p.catalogue != "" {
			ours[p.catalogue] = append(ours[p.catalogue], p.Key)
		}
	}
	out := supplemented()
	seen := map[[2]string]bool{}
	for _, p := range embedded.GetAll() {
		for _, key := range ours[string(p.ID)] {
			for _, m := range p.Models {
				model, ok := priced(key, m)
				if ok && !seen[[2]string{key, m.ID}] {
					seen[[2]string{key, m.ID}] = true
					out = append(out, model)
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b Model) int {
		return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Name, b.Name))
	})
	return out
})

// priced turns a row of the catalogue into a model; ok is false where its price is unknown. No price means unknown, save
// for OpenRouter's models that are free by name.
func priced(provider string, m catwalk.Model) (Model, bool) {
	if m.ID == "" || m.CostPer1MIn < 0 || m.CostPer1MOut < 0 {
		return Model{}, false
	}
	if m.CostPer1MIn == 0 && m.CostPer1MOut == 0 && !strings.HasSuffix(m.ID, ":free") {
		return Model{}, false
	}
	// "in cached" is documented as the price of a cache write and "out cached" as that of a read. Half of the rows have the
	// read price in the former, and some have a price of storage there. A read is never dearer than plain input and a write
	// never cheaper, which tells them apart.
	read, write := m.CostPer1MIn, m.CostPer1MIn
	switch {
	case m.CostPer1MOutCached > 0 && m.CostPer1MOutCached < read:
		read = m.CostPer1MOutCached
	case m.CostPer1MInCached > 0 && m.CostPer1MInCached < read:
		read = m.CostPer1MInCached
	}
	write = max(write, m.CostPer1MInCached)
	out := Model{
		Name: m.ID, Provider: provider, Kind: KindChat, Reasons: m.CanReason,
		ContextWindow: max(m.ContextWindow, 0), MaxOutput: max(m.DefaultMaxTokens, 0),
	}
	var errs [4]error
	out.InputCost, errs[0] = exactly(m.CostPer1MIn)
	out.CachedInputCost, errs[1] = exactly(read)
	out.CacheWriteCost, errs[2] = exactly(write)
	out.OutputCost, errs[3] = exactly(m.CostPer1MOut)
	return out, errs == [4]error{}
}

// exactly undoes the noise of the catalogue's own arithmetic (0.39999999999999997) at twelve digits, more than any price has.
func exactly(f float64) (money.USD, error) {
	f, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', 12, 64), 64)
	if err != nil {
		return 0, err
	}
	return money.FromFloat[money.USD](f)
}
