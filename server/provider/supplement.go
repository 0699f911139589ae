package provider

import "github.com/resourcepool/resourcepool/server/money"

// SupplementDate is when the prices of the supplement were looked up.
const SupplementDate = "2026-11-25"

// supplement has what the catalogue leaves out, since it is of chat models alone: embeddings, whose output costs nothing,
// and the last model for completions. Prices are the providers' list prices in USD for a million tokens.
var supplement = []struct {
	provider, name string
	kind           Kind
	window, output int64
	in, out        float64
}{
	{"openai", "text-embedding-3-small", KindEmbeddings, 8192, 0, 0.02, 0},
	{"openai", "text-embedding-3-large", KindEmbeddings, 8192, 0, 0.13, 0},
	{"openai", "text-embedding-ada-002", KindEmbeddings, 8192, 0, 0.10, 0},
	{"openai", "gpt-3.5-turbo-instruct", KindCompletions, 4096, 4096, 1.50, 2},
	{"azure", "text-embedding-3-small", KindEmbeddings, 8192, 0, 0.02, 0},
	{"azure", "text-embedding-3-large", KindEmbeddings, 8192, 0, 0.13, 0},
	{"azure", "text-embedding-ada-002", KindEmbeddings, 8192, 0, 0.10, 0},
	{"mistral", "mistral-embed", KindEmbeddings, 8192, 0, 0.10, 0},
	{"mistral", "codestral-embed", KindEmbeddings, 8192, 0, 0.15, 0},
	{"gemini", "gemini-embedding-001", KindEmbeddings, 2048, 0, 0.15, 0},
	{"openrouter", "openai/text-embedding-3-small", KindEmbeddings, 8192, 0, 0.02, 0},
	{"openrouter", "openai/text-embedding-3-large", KindEmbeddings, 8192, 0, 0.13, 0},
	{"qwen", "text-embedding-v4", KindEmbeddings, 8192, 0, 0.07, 0},
	{"qwen-cn", "text-embedding-v4", KindEmbeddings, 8192, 0, 0.07, 0},
	{"together", "BAAI/bge-base-en-v1.5", KindEmbeddings, 512, 0, 0.008, 0},
	{"fireworks", "nomic-ai/nomic-embed-text-v1.5", KindEmbeddings, 8192, 0, 0.008, 0},
	{"fireworks", "thenlper/gte-large", KindEmbeddings, 512, 0, 0.016, 0},
}

func supplemented() []Model {
	usd := func(f float64) money.USD {
		a, err := exactly(f)
		if err != nil {
			panic(err) // the prices are above
		}
		return a
	}
	out := make([]Model, 0, len(supplement))
	for _, s := range supplement {
		in := usd(s.in)
		out = append(out, Model{
			Name: s.name, Provider: s.provider, Kind: s.kind, ContextWindow: s.window, MaxOutput: s.output,
			InputCost: in, CachedInputCost: in, CacheWriteCost: in, OutputCost: usd(s.out),
		})
	}
	return out
}
