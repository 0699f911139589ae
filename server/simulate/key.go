package simulate

import (
	"math"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/routing"
)

const (
	cacheLasts    = 5 * time.Minute // since the last use of a prompt
	cacheFrom     = 1024            // tokens: providers do not cache shorter prompts
	longestAnswer = time.Hour       // then the connection is closed
	busyFor       = time.Second     // what a provider says that counts requests at once: when one of them ends is not known
)

// state is a key while it serves.
type state struct {
	Key
	id     ids.ID
	health routing.Health
	quota  money.USD // left, the held part included
	held   money.USD
	cache  map[int]prompt // by conversation

	inFlight         int64
	requests, tokens bucket
	tally            KeyResult
}

// prompt is what a provider still has of a conversation.
type prompt struct {
	tokens int64
	until  time.Duration
}

func newState(k Key) *state {
	return &state{
		Key: k, id: ids.ID(k.Name), quota: k.Quota, cache: map[int]prompt{}, tally: KeyResult{Name: k.Name},
		requests: newBucket(k.RequestsPerMinute), tokens: newBucket(k.TokensPerMinute),
	}
}

// cost of a request of which so many tokens come from the cache.
func (k *Key) cost(context, cached, generated int64) (money.USD, error) {
	return money.Price(money.Line[money.USD]{Tokens: context - cached, PerMillion: k.Input},
		money.Line[money.USD]{Tokens: cached, PerMillion: k.Cached}, money.Line[money.USD]{Tokens: generated, PerMillion: k.Output})
}

// warm reports whether the conversation's prompt was served here not long ago.
func (s *state) warm(conversation int, now time.Duration) bool {
	p, ok := s.cache[conversation]
	return ok && now < p.until
}

// cached is how many tokens of q the provider has at now.
func (s *state) cached(q *Request, now time.Duration) int64 {
	if !s.warm(q.Conversation, now) {
		return 0
	}
	if n := min(q.Prefix, s.cache[q.Conversation].tokens); n >= cacheFrom {
		return n
	}
	return 0
}

// admit takes a request of so many tokens in. Where the provider's limits do not allow it, it says when to come again.
func (s *state) admit(tokens int64, now time.Duration) (retryAfter time.Duration, ok bool) {
	s.requests.fill(now)
	s.tokens.fill(now)
	if wait := max(s.requests.wait(1), s.tokens.wait(float64(tokens))); wait > 0 {
		return wait, false
	}
	if s.Concurrency > 0 && s.inFlight >= s.Concurrency {
		return busyFor, false
	}
	s.requests.take(1)
	s.tokens.take(float64(tokens))
	s.inFlight++
	s.tally.PeakInFlight = max(s.tally.PeakInFlight, s.inFlight)
	return 0, true
}

// used is the share of the nearest rate limit that is used up at now, as the headers of a last answer would have told.
func (s *state) used(now time.Duration) float64 {
	s.requests.fill(now)
	s.tokens.fill(now)
	return max(s.requests.used(), s.tokens.used())
}

// takes is how long an answer of so many tokens takes under the load of now, which counts the request itself.
func (s *state) takes(generated int64) time.Duration {
	t := float64(s.FirstToken) + float64(generated)*float64(s.PerToken)
	if s.SlowsAt > 0 {
		t *= 1 + float64(s.inFlight-1)/float64(s.SlowsAt)
	}
	return time.Duration(min(t, float64(longestAnswer)))
}

// bucket is a limit for a minute that fills evenly and is full at first. The zero value has no limit.
type bucket struct {
	limit, left float64
	at          time.Duration
}

func newBucket(perMinute int64) bucket {
	return bucket{limit: float64(perMinute), left: float64(perMinute)}
}

func (b *bucket) fill(now time.Duration) {
	b.left = min(b.limit, b.left+b.limit*(now-b.at).Minutes())
	b.at = now
}

// wait is how long it takes until n fit. What is more than the limit fits a full bucket.
func (b *bucket) wait(n float64) time.Duration {
	missing := min(n, b.limit) - b.left
	if missing <= 0 {
		return 0
	}
	return max(time.Duration(math.Ceil(missing/b.limit*float64(time.Minute))), time.Millisecond)
}

func (b *bucket) take(n float64) { b.left -= min(n, b.limit) }

func (b *bucket) used() float64 {
	if b.limit == 0 {
		return 0
	}
	return 1 - b.left/b.limit
}
