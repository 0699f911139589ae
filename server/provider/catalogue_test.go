package provider_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/provider"
)

func TestCatalogueIsOfTheDateThatItSays(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	require.Contains(t, string(mod), "charm.land/"+provider.CatalogueSource, "another catalogue: look up its date, and the traps of its cached prices")
	require.Equal(t, "2026-08-19", provider.CatalogueDate)
}

func TestCatalogueIsSound(t *testing.T) {
	have := map[string]provider.Model{}
	for _, m := range provider.Models() {
		_, ok := provider.Lookup(m.Provider)
		require.True(t, ok)
		require.NotContains(t, have, m.Provider+" "+m.Name)
		have[m.Provider+" "+m.Name] = m
		free := strings.HasSuffix(m.Name, ":free")
		require.Equal(t, free, m.InputCost == 0 && m.OutputCost == 0, m.Name)
		require.LessOrEqual(t, m.CachedInputCost, m.InputCost, m.Name)
		require.GreaterOrEqual(t, m.CacheWriteCost, m.InputCost, m.Name)
		require.True(t, free || m.CachedInputCost > 0, m.Name)
	}
	costs := func(key string) string {
		m, ok := have[key]
		require.True(t, ok, key)
		return m.InputCost.String() + " " + m.CachedInputCost.String() + " " + m.CacheWriteCost.String() + " " + m.OutputCost.String()
	}
	require.Equal(t, "5 0.5 6.25 30", costs("openai gpt-5.6-sol"), "both cached prices, as documented")
	require.Equal(t, "5 0.5 5 30", costs("openai gpt-5.5"), "the read price in the place of the write price")
	require.Equal(t, "1.25 0.125 1.25 10", costs("openai gpt-5.1"), "the read price in both")
	require.Equal(t, "2.5 1.25 2.5 10", costs("openai gpt-4o"), "the read price alone")
	require.Equal(t, "30 30 30 180", costs("openai gpt-5.5-pro"), "no discount known")
	require.Equal(t, "0.4 0.1 0.4 1.6", costs("openai gpt-4.1-mini"), "noise of floats")
	require.Equal(t, "0.3 0.03 0.3 2.5", costs("openrouter google/gemini-2.5-flash"), "a price of storage in the place of the write price")
	require.Equal(t, "3 0.3 3.75 15", costs("anthropic claude-sonnet-4-6"))
	require.Equal(t, "1.25 0.125 1.25 10", costs("gemini gemini-2.5-pro"))
	require.Equal(t, "0.75 0.075 0.75 3.75", costs("gemini gemini-3.7-flash"), "the price of storage in the place of the read price")
	require.Equal(t, "2.5 1.25 2.5 10", costs("azure gpt-4o"))
	require.Equal(t, costs("moonshot kimi-k2.6"), costs("moonshot-cn kimi-k2.6"))
	require.Equal(t, "0.6 0.11 0.6 2.2", costs("zai glm-4.7"))
	require.Equal(t, "0.02 0.02 0.02 0", costs("openai text-embedding-3-small"))
	require.Equal(t, "0.13 0.13 0.13 0", costs("openai text-embedding-3-large"))
	require.Equal(t, "0.1 0.1 0.1 0", costs("openai text-embedding-ada-002"))
	require.Equal(t, "0.1 0.1 0.1 0", costs("mistral mistral-embed"))
	require.Equal(t, "0.15 0.15 0.15 0", costs("gemini gemini-embedding-001"))
	require.Equal(t, "1.5 1.5 1.5 2", costs("openai gpt-3.5-turbo-instruct"))
	require.Equal(t, provider.KindEmbeddings, have["openai text-embedding-3-small"].Kind)
	require.Equal(t, provider.KindCompletions, have["openai gpt-3.5-turbo-instruct"].Kind)
	require.Equal(t, provider.KindChat, have["openai gpt-4o"].Kind)
	require.True(t, have["openai o3"].Reasons)
	require.EqualValues(t, 128000, have["openai gpt-4o"].ContextWindow)
}

func TestClaudesCacheCosts(t *testing.T) {
	some := false
	for _, m := range provider.Models() {
		if m.Provider != "anthropic" {
			continue
		}
		some = true
		require.Equal(t, m.InputCost, 10*m.CachedInputCost, m.Name)
		require.Equal(t, 5*m.InputCost, 4*m.CacheWriteCost, m.Name)
	}
	require.True(t, some)
}

func TestCheapestChats(t *testing.T) {
	require.Equal(t, "gpt-4o-mini", provider.Cheapest("openai", []string{"text-embedding-3-small", "gpt-3.5-turbo-instruct", "gpt-4o", "gpt-4o-mini"}))
	require.Empty(t, provider.Cheapest("openai", []string{"text-embedding-3-small"}))
	require.Equal(t, "claude-haiku-4-5-20251001", provider.Cheapest("anthropic", []string{"claude-opus-4-8", "claude-haiku-4-5-20251001"}))
}

func TestProvidersAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range provider.Providers() {
		require.False(t, seen[p.Key], p.Key)
		seen[p.Key] = true
		require.NotEmpty(t, p.Name)
		if p.CustomBaseURL {
			require.Empty(t, p.BaseURL)
			continue
		}
		clean, err := provider.ValidateBaseURL(p.BaseURL)
		require.NoError(t, err, p.Key)
		require.Equal(t, clean, p.BaseURL)
	}
	for _, key := range []string{"openai", "deepseek", "moonshot", "openrouter", "groq", "xai", "mistral", "together", "siliconflow", "fireworks", "qwen", "zhipu", "anthropic", "gemini", "azure", "moonshot-cn", "qwen-cn", "zai", "custom"} {
		require.True(t, seen[key], key)
	}
}

func TestCountTokens(t *testing.T) {
	require.Zero(t, provider.CountTokens("gpt-4o", ""))
	require.EqualValues(t, 4, provider.CountTokens("gpt-4o", "Hello, wide world"[:17]))
	require.EqualValues(t, 30_001, provider.CountTokens("unknown", strings.Repeat("hello world ", 15_000)), "long texts are counted in pieces without a loss")
	require.Greater(t, provider.CountTokens("gpt-4", "你好世界，今天天气很好"), provider.CountTokens("gpt-4o", "你好世界，今天天气很好"), "another encoding")
	require.Positive(t, provider.CountTokens("gpt-4o", "\xff\xfe"))
	huge := provider.CountTokens("gpt-4o", strings.Repeat("hello world ", 400_000))
	require.InEpsilon(t, 800_000, huge, 0.01)
	require.Positive(t, provider.CountTokens("gpt-4o", strings.Repeat("a", 300_000)), "one endless word")
}
