package simulate_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/simulate"
)

const usd = money.One

// strategies are all there are.
var strategies = []simulate.Strategy{simulate.Full, simulate.Formula, simulate.RoundRobin, simulate.LeastUsed}

// plain is a key that costs $1 for a million tokens of any kind and answers a token in 10 ms, whatever its load.
func plain(name string) simulate.Key {
	return simulate.Key{Name: name, Input: usd, Cached: usd, Output: usd, Quota: 1000 * usd, PerToken: 10 * time.Millisecond}
}

// every is n requests of 1000 + 100 tokens, each of a conversation of its own.
func every(n int, apart time.Duration) []simulate.Request {
	out := make([]simulate.Request, n)
	for i := range out {
		out[i] = simulate.Request{At: time.Duration(i) * apart, Context: 1000, Generated: 100, Conversation: i}
	}
	return out
}

func run(t *testing.T, s simulate.Strategy, requests []simulate.Request, pool ...simulate.Key) simulate.Result {
	t.Helper()
	r, err := simulate.Run(pool, requests, s, 1)
	require.NoError(t, err)
	return r
}

// answers are how many requests each key answered.
func answers(r simulate.Result) (out []int) {
	for _, k := range r.Keys {
		out = append(out, k.Answered)
	}
	return out
}

func TestRoundRobinAlternates(t *testing.T) {
	a, b, c := plain("a"), plain("b"), plain("c")
	b.Input, c.PerToken = 50*usd, time.Second // what would put off routing
	require.Equal(t, []int{4, 3, 3}, answers(run(t, simulate.RoundRobin, every(10, time.Minute), a, b, c)))
	c.Backup = true
	require.Equal(t, []int{5, 5, 0}, answers(run(t, simulate.RoundRobin, every(10, time.Minute), a, b, c)), "a backup has no turn")
}

func TestLeastUsedCatchesUp(t *testing.T) {
	a, b := plain("a"), plain("b")
	b.Quota = 5000 * usd / 1000 // serves a few thousand requests
	require.Equal(t, []int{5, 5}, answers(run(t, simulate.LeastUsed, every(10, time.Second), a, b)))
}

func TestOneRequestTakesAndCostsWhatTheKeySays(t *testing.T) {
	k := plain("a")
	k.FirstToken, k.Output = 500*time.Millisecond, 10*usd
	for _, s := range strategies {
		r := run(t, s, every(1, 0), k)
		require.Equal(t, int64(1500), r.P50Ms)
		require.Equal(t, int64(1500), r.P99Ms)
		require.Equal(t, money.USD(2*usd/1000), r.Cost) // 1000 at $1 and 100 at $10 for a million
		require.Equal(t, k.Quota-r.Cost, r.Keys[0].Left)
		require.InDelta(t, 1, r.Success, 0)
	}
}

func TestLoadSlowsAKey(t *testing.T) {
	k := plain("a")
	k.SlowsAt = 2
	r := run(t, simulate.Full, every(3, 0), k) // together: 1 s, 1.5 s, 2 s
	require.Equal(t, int64(1500), r.P50Ms)
	require.Equal(t, int64(2000), r.P99Ms)
	require.Equal(t, int64(3), r.Keys[0].PeakInFlight)
}

func TestQuotaThatExpiresUnusedIsWaste(t *testing.T) {
	used, lost, later := plain("used"), plain("lost"), plain("later")
	used.ExpiresAfter, lost.ExpiresAfter, later.ExpiresAfter = 10*time.Second, 10*time.Second, time.Hour
	lost.Backup = true
	r := run(t, simulate.RoundRobin, every(3, 6*time.Second), used, lost, later)
	require.Equal(t, []int{1, 0, 2}, answers(r), "after its expiry a key serves nobody")
	require.Equal(t, 2000*usd-r.Keys[0].Cost, r.Expired)
	require.Positive(t, r.Keys[0].Cost)
	require.Zero(t, run(t, simulate.RoundRobin, every(3, time.Second), used, lost, later).Expired, "the last request came before")
}

func TestARateLimitCoolsAKey(t *testing.T) {
	tight, other := plain("tight"), plain("other")
	tight.RequestsPerMinute, other.Backup = 2, true
	// At 0 s and 1 s the bucket has two; what it says at 2 s is to come again in 28 s.
	r := run(t, simulate.RoundRobin, every(32, time.Second), tight, other)
	require.Equal(t, 1, r.RateLimited)
	require.Equal(t, []int{3, 29}, answers(r))
	require.InDelta(t, 1, r.Success, 0, "another key served those")
	require.Equal(t, int64(1000+50), r.P99Ms, "the refusal was waited for")
}

func TestAKeyThatIsFullRefuses(t *testing.T) {
	k := plain("a")
	k.Concurrency = 2
	r := run(t, simulate.Formula, every(3, 0), k)
	require.Equal(t, 2, r.Answered)
	require.Equal(t, 1, r.RateLimited)
	r = run(t, simulate.Full, every(3, 0), k)
	require.Equal(t, 2, r.Answered)
	require.Zero(t, r.RateLimited, "a router that counts does not ask")
}

func TestAHoldIsAsMuchAsAnAnswerMayCost(t *testing.T) {
	k := plain("a") // a hold is $0.002, for an answer of 1000 tokens, and this answer costs $0.0011
	k.Quota = 3_500_000
	r := run(t, simulate.Full, every(2, 0), k)
	require.Equal(t, 1, r.Answered, "what is left beside the first hold is too little")
	r = run(t, simulate.Full, every(3, 2*time.Second), k)
	require.Equal(t, 2, r.Answered, "what the first did not use is free again, and after the second too little is left")
	require.Equal(t, money.USD(1_300_000), r.Keys[0].Left)
}

func TestAFaultGoesToTheNextThreeTimes(t *testing.T) {
	broken := func(name string) simulate.Key {
		k := plain(name)
		k.FailureRate, k.FirstToken = 1, time.Second
		return k
	}
	good := plain("z")
	good.Backup = true
	r := run(t, simulate.Full, every(1, 0), broken("a"), broken("b"), good)
	require.Equal(t, 2, r.Failed)
	require.Equal(t, 1, r.Answered)
	require.Equal(t, int64(3000), r.P50Ms)
	r = run(t, simulate.Full, every(1, 0), broken("a"), broken("b"), broken("c"), good)
	require.Equal(t, 3, r.Failed)
	require.Zero(t, r.Answered, "there is no fourth attempt")
	require.Zero(t, r.Cost, "what has no answer costs nothing")
}

func TestLuckIsAsOftenAsTheKeySays(t *testing.T) {
	k := plain("a")
	k.FailureRate, k.Quota = 0.1, 1_000_000*usd
	r := run(t, simulate.Formula, every(10_000, time.Second), k)
	require.InDelta(t, 1000, r.Failed, 100)
}

// chat is a conversation of n turns, one a minute, beside others that begin every three seconds and are answered in ten.
func chat(n int) []simulate.Request {
	out := every(20*n, 3*time.Second)
	for i := range out {
		out[i].Generated = 1000
	}
	for turn := range n {
		q := &out[20*turn]
		q.Conversation, q.Context, q.Generated = 0, 2000+200*int64(turn), 100
		if turn > 0 {
			q.Prefix = q.Context - 200
		}
	}
	return out
}

func TestAConversationStaysWarm(t *testing.T) {
	pool := []simulate.Key{plain("a"), plain("b"), plain("c")}
	for i := range pool {
		pool[i].Cached = usd / 2
	}
	full := run(t, simulate.Full, chat(8), pool...)
	require.Equal(t, 7, full.Continued)
	require.Equal(t, 7, full.CacheHits)
	require.Equal(t, int64(2000+2200+2400+2600+2800+3000+3200), full.CachedTokens, "each turn finds all of the one before")
	require.Less(t, full.MaxOverMean, 1.5, "while the others spread")
	blind := run(t, simulate.RoundRobin, chat(8), pool...)
	require.Equal(t, int64(2000+2200+2400+2600+2800), blind.CachedTokens, "every third turn comes to the same key")
	require.Equal(t, money.USD((full.CachedTokens-blind.CachedTokens)*1000/2), blind.Cost-full.Cost, "half of each cached token")
}

func TestACacheIsForgottenAfterFiveMinutes(t *testing.T) {
	for apart, want := range map[time.Duration]int{5 * time.Minute: 1, 5*time.Minute + time.Second: 0} {
		q := every(2, apart)
		q[0].Context, q[1] = 2000, simulate.Request{At: apart, Context: 3000, Generated: 1, Prefix: 2000}
		require.Equal(t, want, run(t, simulate.Full, q, plain("a")).CacheHits, apart) // it was answered after 1 s
	}
}

func TestShortPromptsAreNotCached(t *testing.T) {
	q := every(2, time.Minute)
	q[1].Conversation, q[1].Prefix, q[1].Context = 0, 1000, 3000
	r := run(t, simulate.Full, q, plain("a"))
	require.Equal(t, 1, r.Continued)
	require.Zero(t, r.Cacheable)
	require.Zero(t, r.CacheHits)
}

func drawn(r *rand.Rand) (int, int) { return 500 + r.IntN(3000), 10 + r.IntN(400) }

func TestTheSameSeedGivesTheSameResult(t *testing.T) {
	world := func(seed uint64) (simulate.Pool, []simulate.Request) {
		q := simulate.Poisson(2000, 5, seed, drawn)
		simulate.Converse(q, 0.7, seed)
		p, err := simulate.BuiltIn(q)
		require.NoError(t, err)
		return p, q
	}
	for _, s := range strategies {
		p, q := world(1)
		first, err := simulate.Run(p, q, s, 1)
		require.NoError(t, err)
		p, q = world(1)
		again, err := simulate.Run(p, q, s, 1)
		require.NoError(t, err)
		require.Equal(t, first, again)
		other, err := simulate.Run(p, q, s, 2)
		require.NoError(t, err)
		require.NotEqual(t, first, other)
	}
}

func TestBuiltIn_IsAChallengeThatRoutingMeetsBest(t *testing.T) {
	q := simulate.Poisson(5000, 5, 1, drawn)
	simulate.Converse(q, 0.7, 1)
	p, err := simulate.BuiltIn(q)
	require.NoError(t, err)
	results := map[simulate.Strategy]simulate.Result{}
	for _, s := range strategies {
		r := run(t, s, q, p...)
		results[s] = r
		var cost money.USD
		for i, k := range r.Keys {
			require.Equal(t, p[i].Quota-k.Left, k.Cost, "what a key lost is what its answers cost")
			require.GreaterOrEqual(t, k.Left, money.USD(0))
			require.Equal(t, k.Requests, k.Answered+k.RateLimited+k.Failed, "every attempt ends once")
			cost += k.Cost
		}
		require.Equal(t, cost, r.Cost)
	}
	full := results[simulate.Full]
	for _, s := range strategies[1:] {
		require.GreaterOrEqual(t, full.Success, results[s].Success, s)
		require.Less(t, full.RateLimited, results[s].RateLimited, s)
		require.Greater(t, full.CacheHits, results[s].CacheHits, s)
	}
	require.Less(t, results[simulate.Formula].Success, 0.999)
}
