package pool_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent/auditevent"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/provider"
)

// held are the keys of a pool.
type held struct{ keys []*pool.Key }

func (h *held) AllKeys(context.Context) ([]*pool.Key, error) { return h.keys, nil }

func usd(text string) money.USD {
	a, err := money.Parse[money.USD](text)
	if err != nil {
		panic(err)
	}
	return a
}

func cr(text string) money.Credits { return money.Credits(usd(text)) }

var shelf = []provider.Model{
	{Name: "gpt-4", Provider: "openai", ContextWindow: 8192, MaxOutput: 4096, InputCost: usd("30"), CachedInputCost: usd("15"), CacheWriteCost: usd("37.5"), OutputCost: usd("60")},
	{Name: "gpt-4", Provider: "openrouter", Reasons: true, InputCost: usd("20.000000001"), CachedInputCost: usd("20"), CacheWriteCost: usd("20.000000001"), OutputCost: usd("70.000000001")},
	{Name: "deepseek-chat", Provider: "deepseek", InputCost: usd("0.28"), CachedInputCost: usd("0.028"), OutputCost: usd("0.42")},
}

func (d *desk) prices(s *pool.SettingsStore, keys ...*pool.Key) *pool.Prices {
	return pool.NewPrices(pool.PricesDeps{
		Ent: d.ent, Catalogue: shelf, Settings: s, Keys: &held{keys}, Policy: d.policy, Clock: d.clock, IDs: d.ids,
	})
}

func TestCatalogueModelIsPricedAtItsDearestProviderTimesTheMarkup(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := d.settings(pool.StandardDefaults())
	p := d.prices(s)
	price, ok, err := p.Price(t.Context(), "gpt-4")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, pool.Price{Input: cr("36"), CacheWrite: cr("45"), Output: cr("84.000000002")}, price, "each part of its own dearest, rounded up")

	_, err = s.Update(t.Context(), d.admin, pool.SettingsPatch{PriceMarkup: to(2.0)})
	require.NoError(t, err)
	price, _, err = p.Price(t.Context(), "gpt-4")
	require.NoError(t, err)
	require.Equal(t, pool.Price{Input: cr("60"), CacheWrite: cr("75"), Output: cr("140.000000002")}, price, "the new markup is in force at once")

	_, ok, err = p.Price(t.Context(), "gpt-5")
	require.NoError(t, err)
	require.False(t, ok)
	cost, ok, err := p.Cost(t.Context(), "gpt-4", "openai")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, pool.Cost{Input: usd("30"), Cached: usd("15"), CacheWrite: usd("37.5"), Output: usd("60"), ContextWindow: 8192, MaxOutput: 4096}, cost)
	_, ok, err = p.Cost(t.Context(), "gpt-4", "deepseek")
	require.NoError(t, err)
	require.False(t, ok)
}

func TestPriceThatAnAdminSetsHoldsAtAllProvidersOnAllServers(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := d.settings(pool.StandardDefaults())
	here, there := d.prices(s), d.prices(s)
	before, err := there.Models(t.Context())
	require.NoError(t, err)
	m, err := here.SetModelPrice(t.Context(), d.admin, pool.ModelPriceInput{
		Model: "gpt-4", Provider: "openai", InputCost: usd("10"), OutputCost: usd("30"), OutputPrice: cr("10000"),
	})
	require.NoError(t, err)
	require.Equal(t, "gpt-4", m.Name)
	require.Equal(t, usd("10"), m.CachedInputCost, "omitted: the input cost")
	require.Zero(t, m.InputPrice)
	require.Zero(t, m.MinimumCharge)
	require.Equal(t, int64(8192), *m.ContextWindow)

	for _, p := range []*pool.Prices{here, there} {
		p.Invalidate()
		price, _, err := p.Price(t.Context(), "gpt-4")
		require.NoError(t, err)
		require.Equal(t, pool.Price{Output: cr("10000")}, price)
	}
	cost, _, err := there.Cost(t.Context(), "gpt-4", "openai")
	require.NoError(t, err)
	require.Equal(t, pool.Cost{Input: usd("10"), Cached: usd("10"), CacheWrite: usd("12.5"), Output: usd("30"), ContextWindow: 8192, MaxOutput: 4096}, cost)
	cost, _, err = there.Cost(t.Context(), "gpt-4", "openrouter")
	require.NoError(t, err)
	require.Equal(t, usd("20.000000001"), cost.Input, "another provider takes what it took")

	after, err := there.Models(t.Context())
	require.NoError(t, err)
	require.Len(t, after, len(before))
	for i := range after {
		require.Equal(t, before[i].ID, after[i].ID)
		_, err := ids.Parse("id", string(after[i].ID), ids.Model)
		require.NoError(t, err)
		if after[i].Name == "gpt-4" {
			require.Equal(t, cr("10000"), after[i].OutputPrice)
		}
	}
	require.Equal(t, []string{"prices gpt-4"}, d.changes())
	e, err := d.ent.AuditEvent.Query().Where(auditevent.Action("price.set")).Only(t.Context())
	require.NoError(t, err)
	require.Equal(t, "10000", e.Detail["outputPrice"])

	_, err = here.SetModelPrice(t.Context(), d.admin, pool.ModelPriceInput{ // again, and for a model of no catalogue
		Model: "house-1", Provider: "custom", InputCost: usd("1"), CachedInputCost: to(usd("0.5")), OutputCost: usd("2"),
		InputPrice: cr("3"), OutputPrice: cr("4"), MinimumCharge: to(cr("0.1")),
	})
	require.NoError(t, err)
	price, ok, err := here.Price(t.Context(), "house-1")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, pool.Price{Input: cr("3"), CacheWrite: cr("3"), Output: cr("4"), Minimum: cr("0.1")}, price)
	_, err = here.SetModelPrice(t.Context(), d.admin, pool.ModelPriceInput{Model: "house-1", Provider: "custom", OutputPrice: cr("5")})
	require.NoError(t, err)
	price, _, err = here.Price(t.Context(), "house-1")
	require.NoError(t, err)
	require.Equal(t, pool.Price{Output: cr("5")}, price)
}

func TestKeepingAPromptInACacheIsPricedLikeItsInput(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.prices(d.settings(pool.StandardDefaults()))
	price := func(model string) pool.Price {
		price, ok, err := p.Price(t.Context(), model)
		require.NoError(t, err)
		require.True(t, ok)
		return price
	}
	require.Equal(t, price("deepseek-chat").Input, price("deepseek-chat").CacheWrite, "where the provider takes no more for it")
	set := func(model, provider, cost, input string) {
		_, err := p.SetModelPrice(t.Context(), d.admin, pool.ModelPriceInput{Model: model, Provider: provider, InputCost: usd(cost), InputPrice: cr(input)})
		require.NoError(t, err)
	}
	set("gpt-4", "openrouter", "20", "8")
	require.Equal(t, cr("10"), price("gpt-4").CacheWrite, "a quarter more than input, as at the provider where it is dearest")
	set("gpt-4", "openrouter", "50", "8")
	require.Equal(t, cr("8"), price("gpt-4").CacheWrite, "the dearest provider takes no more for it now")
	set("gpt-4", "openrouter", "0", "0.000000003")
	require.Equal(t, cr("0.000000004"), price("gpt-4").CacheWrite, "rounded up")

	models, err := p.Models(t.Context())
	require.NoError(t, err)
	require.Equal(t, "gpt-4 openai", models[1].Name+" "+models[1].Provider)
	require.Equal(t, usd("37.5"), models[1].CacheWriteCost)
	require.Equal(t, cr("0.000000004"), models[1].CacheWritePrice)
}

func TestPricesThatCannotBeAreRefusedByName(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.prices(d.settings(pool.StandardDefaults()))
	good := pool.ModelPriceInput{Model: "m", Provider: "openai", InputCost: 2, OutputCost: 2, InputPrice: 2, OutputPrice: 2}
	for want, spoil := range map[string]func(in *pool.ModelPriceInput){
		"input.model":                     func(in *pool.ModelPriceInput) { in.Model = "" },
		"input.provider":                  func(in *pool.ModelPriceInput) { in.Provider = "nobody" },
		"input.inputCostPerMillion":       func(in *pool.ModelPriceInput) { in.InputCost = -1 },
		"input.outputCostPerMillion":      func(in *pool.ModelPriceInput) { in.OutputCost = 1_000_001 * one },
		"input.inputPricePerMillion":      func(in *pool.ModelPriceInput) { in.InputPrice = -1 },
		"input.outputPricePerMillion":     func(in *pool.ModelPriceInput) { in.OutputPrice = -1 },
		"input.cachedInputCostPerMillion": func(in *pool.ModelPriceInput) { in.CachedInputCost = to(money.USD(3)) },
		"input.minimumCharge":             func(in *pool.ModelPriceInput) { in.MinimumCharge = to(money.Credits(-1)) },
	} {
		in := good
		spoil(&in)
		_, err := p.SetModelPrice(t.Context(), d.admin, in)
		require.Equal(t, []string{want}, fields(t, err))
	}
	_, err := p.SetModelPrice(t.Context(), d.user(), good)
	require.Equal(t, fault.Forbidden, fault.CodeOf(err))
	require.Empty(t, d.changes())
}

func TestModelIsAvailableWhereAnActiveKeyOfItsProviderMayCallIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	past := d.clock.Now().Add(-time.Second)
	p := d.prices(d.settings(pool.StandardDefaults()),
		&pool.Key{Provider: "openai", Status: pool.Active, Models: []string{"gpt-4"}},
		&pool.Key{Provider: "openrouter", Status: pool.Paused, Models: []string{"gpt-4"}},
		&pool.Key{Provider: "deepseek", Status: pool.Active, Models: []string{"deepseek-chat"}, ExpiresAt: &past})
	models, err := p.Models(t.Context())
	require.NoError(t, err)
	var got []string
	for _, m := range models {
		if m.Available {
			got = append(got, m.Provider+" "+m.Name)
		}
	}
	require.Equal(t, []string{"openai gpt-4"}, got)
}

func TestMisspeltModelHasNearNames(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.prices(d.settings(pool.StandardDefaults()))
	require.Empty(t, p.Near("gpt-4"), "nothing is known yet")
	_, _, err := p.Price(t.Context(), "gpt-4")
	require.NoError(t, err)
	require.Equal(t, []string{"gpt-4"}, p.Near("GPT4"))
	require.Equal(t, []string{"gpt-4"}, p.Near("gpt-5"))
	require.Equal(t, []string{"deepseek-chat"}, p.Near("deepseek"))
	require.Equal(t, []string{"deepseek-chat"}, p.Near("depseek-chatt"))
	require.Empty(t, p.Near("llama"))
	require.Empty(t, p.Near(""))
	require.Empty(t, p.Near(string(make([]byte, 1<<20))))
}
