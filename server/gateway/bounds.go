package gateway

import (
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/provider"
)

const (
	// messageTokens bounds what a provider adds around a message: role, separators. requestTokens is for the whole.
	messageTokens = 16
	requestTokens = 16
	// toolTokens bounds the instructions that a provider puts before tools.
	toolTokens = 1024
	// framingTokens and primingTokens are what most providers really add.
	framingTokens = 4
	primingTokens = 3
	// defaultCap is the output cap where the caller names none; what a model thinks aloud comes on top of the answer.
	defaultCap  = 4096
	thinkingCap = 4 * defaultCap
	// smallCap is what a key must at least afford of an elastic request; the ledger goes no lower for want of quota.
	smallCap = 16
	// largestWindow bounds the prompt tokens that are believed where the model's context window is unknown.
	largestWindow = 10_000_000
	// usualOutput is the mean of answers in traces of production chats: what a request is expected to cost goes by it.
	usualOutput = 210
)

// price is what the consumer pays, in force when the request came, until it is settled.
type price pool.Price

// charge returns what a consumer pays for tokens. written are those of the prompt that went into a cache because the client
// asked for that, long those of them that stay there for an hour.
func (p *price) charge(prompt, written, long, completion int64) (money.Credits, error) {
	c, err := money.Price(
		money.Line[money.Credits]{Tokens: prompt - written, PerMillion: p.Input},
		money.Line[money.Credits]{Tokens: written - long, PerMillion: p.written(false)},
		money.Line[money.Credits]{Tokens: long, PerMillion: p.written(true)},
		money.Line[money.Credits]{Tokens: completion, PerMillion: p.Output})
	return max(c, p.Minimum), err
}

// written is the price of prompt tokens that go into a cache.
func (p *price) written(long bool) money.Credits {
	if long {
		return max(p.CacheWrite, longWrite*p.Input)
	}
	return max(p.CacheWrite, p.Input)
}

// most returns the most that a consumer can pay for a request.
func (p *price) most(bound, output int64, of prompt) (money.Credits, error) {
	switch {
	case of.longLife:
		return p.charge(bound, bound, bound, output)
	case of.caches:
		return p.charge(bound, bound, 0, output)
	}
	return p.charge(bound, 0, 0, output)
}

// cost is what a provider takes, and what is known of the model there.
type cost pool.Cost

// longWrite is how much dearer than plain input a token is that stays in the cache for an hour.
const longWrite = 2

// of returns what the provider takes for what was metered.
func (c *cost) of(m *metered) (money.USD, error) {
	return money.Price(
		money.Line[money.USD]{Tokens: m.prompt - m.cached - m.cacheWrite, PerMillion: c.Input},
		money.Line[money.USD]{Tokens: m.cached, PerMillion: c.Cached},
		money.Line[money.USD]{Tokens: m.cacheWrite - m.longWrite, PerMillion: c.CacheWrite},
		money.Line[money.USD]{Tokens: m.longWrite, PerMillion: max(c.CacheWrite, longWrite*c.Input)},
		money.Line[money.USD]{Tokens: m.completion, PerMillion: c.Output})
}

// most returns the most that a request can take: its prompt in the dearest input bucket that it may fall into, its output
// up to the cap.
func (c *cost) most(promptBound, output int64, longLife bool) (money.USD, error) {
	dearest := max(c.Input, c.Cached, c.CacheWrite)
	if longLife {
		dearest = max(dearest, longWrite*c.Input)
	}
	return money.Price(
		money.Line[money.USD]{Tokens: promptBound, PerMillion: dearest},
		money.Line[money.USD]{Tokens: output, PerMillion: c.Output})
}

// expected returns what a request will probably take, without any cache.
func (c *cost) expected(prompt, completion int64) (money.USD, error) {
	return money.Price(money.Line[money.USD]{Tokens: prompt, PerMillion: c.Input}, money.Line[money.USD]{Tokens: completion, PerMillion: c.Output})
}

// snapshot is what of the prices goes into the usage log.
func snapshot(p *price, c *cost) ledger.Prices {
	return ledger.Prices{
		Input: p.Input, CacheWrite: p.CacheWrite, Output: p.Output, Minimum: p.Minimum,
		InputCost: c.Input, CachedCost: c.Cached, CacheWriteCost: c.CacheWrite, OutputCost: c.Output,
	}
}

// reach is what is known of a model at all the providers that offer it: a request may go to any of them.
type reach struct {
	widest    int64 // context window; 0 where that of some provider is unknown
	narrowest int64 // of the known windows, 0 where none is known
	advised   int64 // the smallest advised output cap, 0 where none is known
	reasons   bool
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
	r.reasons = r.reasons || c.Reasons
	r.narrowest = leastKnown(r.narrowest, c.ContextWindow)
	r.advised = leastKnown(r.advised, c.MaxOutput)
}

func leastKnown(a, b int64) int64 {
	if a == 0 || (b > 0 && b < a) {
		return b
	}
	return a
}

// bound returns the most tokens that a prompt can have: no tokenizer makes more tokens than there are bytes. A longer prompt
// than the context window is refused by every provider, so that it also bounds what has no bound of its own; where several
// prompts share a request, each has a window.
func (p prompt) bound(model string, window int64, batch bool) int64 {
	bound := p.bytes + p.messages*messageTokens + requestTokens
	if p.images > 0 {
		bound += p.images * provider.ImageTokens(model)
	}
	if p.tools {
		bound += toolTokens
	}
	if p.open {
		bound = largestWindow
	}
	if window > 0 && !batch {
		bound = min(bound, window)
	}
	return bound
}

// guess is a cheap count for the ranking of keys: four bytes a token.
func (p prompt) guess() int64 {
	return p.bytes/4 + p.messages*framingTokens + primingTokens + p.images*usualImage
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
	if r.reasons {
		limit = thinkingCap
	}
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
