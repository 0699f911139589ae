package gateway

import (
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/pool"
)

const (
	// messageTokens bounds what a provider adds around a message: role, separators. requestTokens is for the whole.
	messageTokens = 16
	requestTokens = 16
	// framingTokens and primingTokens are what most providers really add.
	framingTokens = 4
	primingTokens = 3
	// defaultCap is the output cap where the caller names none.
	defaultCap = 4096
	// smallCap is what a key must at least afford of an elastic request; the ledger goes no lower for want of quota.
	smallCap = 16
	// largestWindow bounds the prompt tokens that are believed where the model's context window is unknown.
	largestWindow = 10_000_000
	// usualOutput is the mean of answers in traces of production chats: what a request is expected to cost goes by it.
	usualOutput = 210
)

// price is what the consumer pays, in force when the request came, until it is settled.
type price pool.Price

// charge returns what a consumer pays for tokens.
func (p *price) charge(prompt, completion int64) (money.Credits, error) {
	c, err := money.Price(money.Line[money.Credits]{Tokens: prompt, PerMillion: p.Input}, money.Line[money.Credits]{Tokens: completion, PerMillion: p.Output})
	return max(c, p.Minimum), err
}

// cost is what a provider takes, and what is known of the model there.
type cost pool.Cost

// of returns what the provider takes for what was metered.
func (c *cost) of(m *metered) (money.USD, error) {
	return money.Price(
		money.Line[money.USD]{Tokens: m.prompt - m.cached - m.cacheWrite, PerMillion: c.Input},
		money.Line[money.USD]{Tokens: m.cached, PerMillion: c.Cached},
		money.Line[money.USD]{Tokens: m.cacheWrite, PerMillion: c.CacheWrite},
		money.Line[money.USD]{Tokens: m.completion, PerMillion: c.Output})
}

// most returns the most that a request can take: its prompt in the dearest input bucket, its output up to the cap.
func (c *cost) most(promptBound, outputCap int64) (money.USD, error) {
	return money.Price(
		money.Line[money.USD]{Tokens: promptBound, PerMillion: max(c.Input, c.Cached, c.CacheWrite)},
		money.Line[money.USD]{Tokens: outputCap, PerMillion: c.Output})
}

// expected returns what a request will probably take, without any cache.
func (c *cost) expected(prompt, completion int64) (money.USD, error) {
	return money.Price(money.Line[money.USD]{Tokens: prompt, PerMillion: c.Input}, money.Line[money.USD]{Tokens: completion, PerMillion: c.Output})
}

// snapshot is what of the prices goes into the usage log.
func snapshot(p *price, c *cost) ledger.Prices {
	return ledger.Prices{
		Input: p.Input, Output: p.Output, Minimum: p.Minimum,
		InputCost: c.Input, CachedCost: c.Cached, OutputCost: c.Output,
	}
}

// reach is what is known of a model at all the providers that offer it: a request may go to any of them.
type reach struct {
	widest    int64 // context window; 0 where that of some provider is unknown
	narrowest int64 // of the known windows, 0 where none is known
	advised   int64 // the smallest advised output cap, 0 where none is known
	some      bool
}

// add takes in one more provider.
func (r *reach) add(c *cost) {
	switch {
	case !r.some:
		r.widest = c.ContextWindow
	case c.ContextWindow == 0 || r.widest == 0:
		r.widest = 0
	default:
		r.widest = max(r.widest, c.ContextWindow)
	}
	r.some = true
	r.narrowest = leastKnown(r.narrowest, c.ContextWindow)
	r.advised = leastKnown(r.advised, c.MaxOutput)
}

func leastKnown(a, b int64) int64 {
	if a == 0 || (b > 0 && b < a) {
		return b
	}
	return a
}

// promptBound returns the most prompt tokens that text of so many bytes can have: no tokenizer makes more tokens than
// there are bytes. A longer prompt than the context window is refused by every provider.
func promptBound(bytes, messages int64, window int64) int64 {
	bound := bytes + messages*messageTokens + requestTokens
	if window > 0 {
		bound = min(bound, window)
	}
	return bound
}

// guessTokens is a cheap count for the ranking of keys: four bytes a token.
func guessTokens(bytes, messages int64) int64 {
	return bytes/4 + messages*framingTokens + primingTokens
}

// outputCap returns the cap for a request and whether it may be lowered further to what funds and quota afford.
//
// What the caller asks for is sent, unless no context window holds as much: providers refuse that as a whole. The
// catalogue's advice on the output is no hard limit, so it counts only where the caller asks for nothing; then the default
// leaves room for the prompt in the window too. count is only asked where the bound on the prompt does not settle that.
func (r *reach) outputCap(asked, bound int64, count func() int64) (limit int64, elastic bool) {
	if asked > 0 {
		if r.widest > 0 {
			asked = min(asked, r.widest)
		}
		return asked, false
	}
	limit = defaultCap
	if r.advised > 0 {
		limit = min(limit, r.advised)
	}
	if r.narrowest == 0 || bound+limit <= r.narrowest {
		return limit, true
	}
	prompt := count()
	room := r.narrowest - prompt - prompt/50 - requestTokens // the provider's count differs by a little
	return min(limit, max(room, smallCap)), true
}
