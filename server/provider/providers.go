package provider

import (
	"slices"
	"strings"
)

// Provider is a row of the table of providers.
type Provider struct {
	Key            string // what a deposit names it by
	Name           string
	BaseURL        string // "" where CustomBaseURL
	ReportsBalance bool   // an inference key can read its balance in USD
	CustomBaseURL  bool   // an admin names the address

	dialect       dialectName
	auth          authScheme
	serves        []Kind   // beside chats; see Has
	hosts         []string // the ends of the names that an admin's address may have; none: any public host
	path          string   // of every address that an admin names, "" where the admin names it too
	catalogue     string   // its id in the catalogue, "" where it has no entry
	proof         string   // the call that proves a key where the list of models is open to all, "" for the list
	balance       balanceCall
	accountHeader string // the answer header that names the account
	quirks        quirks
}

// quirks are the differences within the OpenAI dialect.
type quirks struct {
	completionTokens bool // models that reason take max_completion_tokens instead of max_tokens
	store            bool // answers are kept for the key's owner to read, unless store is false
	strict           bool // refuses fields it does not know, such as user and stream_options; usage comes unasked
	quotaIsRate      bool // says insufficient_quota for a limit per minute
	tellsCost        bool // says with each answer what it took
}

// The base address ends where "/chat/completions" and "/models" begin, or what the dialect has in their place. A provider
// that sells in China and abroad has a row for each: the keys of one are unknown to the other. Where only the prices
// abroad are in the catalogue they stand for both; those in China are the same or lower.
var table = []Provider{
	{
		Key: "openai", Name: "OpenAI", BaseURL: "https://api.openai.com/v1", catalogue: "openai", accountHeader: "Openai-Organization",
		serves: []Kind{KindCompletions, KindEmbeddings, KindResponses}, quirks: quirks{completionTokens: true, store: true},
	},
	{
		Key: "anthropic", Name: "Anthropic", BaseURL: "https://api.anthropic.com/v1", catalogue: "anthropic", accountHeader: "Anthropic-Organization-Id",
		dialect: anthropicDialect, auth: xAPIKey, serves: []Kind{KindMessages},
	},
	{
		Key: "gemini", Name: "Google Gemini", BaseURL: "https://generativelanguage.googleapis.com/v1beta", catalogue: "gemini",
		dialect: geminiDialect, auth: xGoogleKey, serves: []Kind{KindEmbeddings},
	},
	{
		Key: "deepseek", Name: "DeepSeek", BaseURL: "https://api.deepseek.com", catalogue: "deepseek",
		ReportsBalance: true, balance: deepseekBalance,
	},
	{
		Key: "openrouter", Name: "OpenRouter", BaseURL: "https://openrouter.ai/api/v1", catalogue: "openrouter",
		ReportsBalance: true, balance: openrouterBalance, proof: "key", serves: []Kind{KindCompletions, KindEmbeddings, KindResponses},
		quirks: quirks{tellsCost: true},
	},
	{Key: "moonshot", Name: "Moonshot AI", BaseURL: "https://api.moonshot.ai/v1", catalogue: "moonshot", ReportsBalance: true, balance: moonshotBalance(true)},
	{Key: "moonshot-cn", Name: "Moonshot AI (China)", BaseURL: "https://api.moonshot.cn/v1", catalogue: "moonshot", balance: moonshotBalance(false)},
	{Key: "groq", Name: "Groq", BaseURL: "https://api.groq.com/openai/v1", catalogue: "groq", serves: []Kind{KindResponses}},
	{Key: "xai", Name: "xAI", BaseURL: "https://api.x.ai/v1", catalogue: "xai", serves: []Kind{KindResponses}},
	{Key: "mistral", Name: "Mistral AI", BaseURL: "https://api.mistral.ai/v1", serves: []Kind{KindEmbeddings}, quirks: quirks{strict: true}},
	{Key: "together", Name: "Together AI", BaseURL: "https://api.together.xyz/v1", serves: []Kind{KindCompletions, KindEmbeddings}},
	{Key: "siliconflow", Name: "SiliconFlow", BaseURL: "https://api.siliconflow.cn/v1", balance: siliconflowBalance, serves: []Kind{KindEmbeddings}},
	{
		Key: "fireworks", Name: "Fireworks AI", BaseURL: "https://api.fireworks.ai/inference/v1", catalogue: "fireworks",
		serves: []Kind{KindCompletions, KindEmbeddings, KindResponses},
	},
	{
		Key: "qwen", Name: "Qwen (Alibaba Cloud)", BaseURL: "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", catalogue: "alibaba-singapore",
		serves: []Kind{KindEmbeddings}, quirks: quirks{quotaIsRate: true},
	},
	{
		Key: "qwen-cn", Name: "Qwen (Alibaba Cloud, China)", BaseURL: "https://dashscope.aliyuncs.com/compatible-mode/v1", catalogue: "alibaba-singapore",
		serves: []Kind{KindEmbeddings}, quirks: quirks{quotaIsRate: true},
	},
	{Key: "zhipu", Name: "Zhipu AI", BaseURL: "https://open.bigmodel.cn/api/paas/v4", catalogue: "zhipu", serves: []Kind{KindEmbeddings}},
	{Key: "zai", Name: "Z.ai", BaseURL: "https://api.z.ai/api/paas/v4", catalogue: "zai"},
	{
		Key: "azure", Name: "Azure OpenAI", CustomBaseURL: true, catalogue: "azure", auth: apiKey,
		hosts: []string{".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com"}, path: "/openai/v1",
		serves: []Kind{KindCompletions, KindEmbeddings, KindResponses}, quirks: quirks{completionTokens: true, store: true},
	},
	{
		Key: "custom", Name: "Another address (OpenAI-compatible)", CustomBaseURL: true, balance: relayBalance,
		serves: []Kind{KindCompletions, KindEmbeddings}, // what relays and servers of one's own commonly have
	},
}

// Providers returns the table, in the order in which to show it.
func Providers() []Provider { return slices.Clone(table) }

// Lookup returns the provider that is named key.
func Lookup(key string) (Provider, bool) {
	for i := range table {
		if table[i].Key == key {
			return table[i], true
		}
	}
	return Provider{}, false
}

// Key is a provider key that shows itself only when asked to.
type Key interface{ Reveal() string }

// Target is where a key is used: a provider of the table and, where the provider has CustomBaseURL, the address that an
// admin named. BaseURL is "" for every other provider.
type Target struct{ Provider, BaseURL string }

// Host returns the host, with its port where one is written, that the key of t is meant for: part of the associated data
// of the key's ciphertext. It is the provider's own even where Options.URLs sends the calls elsewhere. "" is no target.
func Host(t Target) string {
	p, ok := Lookup(t.Provider)
	if !ok {
		return ""
	}
	base := p.BaseURL
	if p.CustomBaseURL {
		base = t.BaseURL
	}
	_, rest, _ := strings.Cut(base, "://")
	host, _, _ := strings.Cut(rest, "/")
	return strings.ToLower(host)
}
