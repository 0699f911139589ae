package pool_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent/auditevent"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/provider"
)

func TestAnAliasStandsForItsModelOnAllServers(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := d.settings(pool.StandardDefaults())
	here, there := d.prices(s), d.prices(s)
	resolve := func(p *pool.Prices, name string) string {
		model, err := p.Resolve(t.Context(), name)
		require.NoError(t, err)
		return model
	}
	require.Equal(t, "best", resolve(there, "best"), "no alias yet")
	a, err := here.SetModelAlias(t.Context(), d.admin, "best", "gpt-4")
	require.NoError(t, err)
	require.Equal(t, pool.Alias{Name: "best", Model: "gpt-4"}, a)
	require.Equal(t, "gpt-4", resolve(here, "best"))
	there.Invalidate()
	require.Equal(t, "gpt-4", resolve(there, "best"))
	require.Equal(t, []string{"best"}, there.Near("bestt"), "a misspelt alias is near")

	_, err = here.SetModelAlias(t.Context(), d.admin, "best", "deepseek-chat")
	require.NoError(t, err)
	_, err = here.SetModelAlias(t.Context(), d.admin, "able", "gpt-4")
	require.NoError(t, err)
	aliases, err := here.Aliases(t.Context())
	require.NoError(t, err)
	require.Equal(t, []pool.Alias{{Name: "able", Model: "gpt-4"}, {Name: "best", Model: "deepseek-chat"}}, aliases)

	for _, want := range []bool{true, false} {
		removed, err := here.RemoveModelAlias(t.Context(), d.admin, "best")
		require.NoError(t, err)
		require.Equal(t, want, removed)
	}
	require.Equal(t, "best", resolve(here, "best"))
	require.Equal(t, []string{"prices best", "prices best", "prices able", "prices best"}, d.changes(), "nothing was removed the second time")
	events, err := d.ent.AuditEvent.Query().Where(auditevent.Subject("best")).Order(auditevent.ByID()).All(t.Context())
	require.NoError(t, err)
	var actions []string
	for _, e := range events {
		actions = append(actions, e.Action)
	}
	require.ElementsMatch(t, []string{"alias.set", "alias.set", "alias.remove"}, actions)
}

func TestAnAliasHidesNoModelAndNamesNoAlias(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.prices(d.settings(pool.StandardDefaults()))
	_, err := p.SetModelAlias(t.Context(), d.admin, "best", "gpt-4")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		name, model string
		want        []string
	}{
		"of its own model":    {"gpt-4", "gpt-4", []string{"name"}},
		"of another model":    {"gpt-4", "deepseek-chat", []string{"name"}},
		"of an alias":         {"better", "best", []string{"model"}},
		"of itself":           {"best", "best", []string{"model"}},
		"of nothing":          {"better", "gpt-9", []string{"model"}},
		"that is no name":     {"be st", "gpt-4", []string{"name"}},
		"without a name":      {"", "", []string{"name", "model"}},
		"that is too long":    {string(make([]byte, 201)), "gpt-4", []string{"name"}},
		"with a control char": {"b\x00", "gpt-4", []string{"name"}},
	} {
		_, err := p.SetModelAlias(t.Context(), d.admin, c.name, c.model)
		require.Equal(t, c.want, fields(t, err), name)
	}
	_, err = p.SetModelPrice(t.Context(), d.admin, pool.ModelPriceInput{Model: "best", Provider: "openai"})
	require.Equal(t, []string{"input.model"}, fields(t, err), "a model does not come to be behind an alias")

	_, err = p.SetModelAlias(t.Context(), d.user(), "better", "gpt-4")
	require.Equal(t, fault.Forbidden, fault.CodeOf(err))
	_, err = p.RemoveModelAlias(t.Context(), d.user(), "best")
	require.Equal(t, fault.Forbidden, fault.CodeOf(err))
	_, err = p.RemoveModelAlias(t.Context(), nil, "best")
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	require.Equal(t, []string{"prices best"}, d.changes())
}

func TestANameWithoutItsDateIsTheNewestVersion(t *testing.T) {
	l, err := pool.NewPriceListOf("claude-9-20260101", "claude-9-20250601", "m-2026-01-02", "own", "own-20260101")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"claude-9": "claude-9-20260101", "m": "m-2026-01-02"}, l)
}

// What the next version's catalogue brings, or no longer has, decides over aliases that were set before.
func TestAnAliasMeansNothingWhereItsNameIsAModelOrItsModelIsGone(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := d.settings(pool.StandardDefaults())
	d.exec(`INSERT INTO model_aliases VALUES ('deepseek-chat', 'gpt-4', now()), ('old', 'gpt-3', now()), ('best', 'gpt-4', now())`)
	aliases, err := d.prices(s).Aliases(t.Context())
	require.NoError(t, err)
	require.Equal(t, []pool.Alias{{Name: "best", Model: "gpt-4"}}, aliases)
}

func TestTheCatalogueSaysWhereItIsFrom(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.prices(d.settings(pool.StandardDefaults())).Catalogue()
	require.Equal(t, pool.Catalogue{Source: provider.CatalogueSource, Date: provider.CatalogueDate, Models: len(shelf)}, c)
	_, err := time.Parse(time.DateOnly, c.Date)
	require.NoError(t, err)
}
