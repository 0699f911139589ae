package simulate

import (
	"time"

	"github.com/resourcepool/resourcepool/server/money"
)

const day = 24 * time.Hour

// share is a Key whose quota and limits are measured by the requests that it will have to serve, in percent: the quota by what
// all of them cost at the first key's price, the limits per minute by how many requests and tokens come in one on average, the
// concurrency by how many are under way on average. 0 is no limit.
type share struct {
	Key
	quota, requests, tokens, concurrency int64
	expires                              int64 // by the time from the first request to the last
}

// BuiltIn is a pool for requests: contributed keys and the platform's own, some that expire before the last request, dear and
// cheap, fast and slow, with little quota and with tight limits. Together they can serve all, none of them alone.
func BuiltIn(requests []Request) (Pool, error) {
	shares := []share{
		{Key: priced("ann", 2.5, 10, 500, 18, 20, 0.002), quota: 20, requests: 20, expires: 50},
		{Key: priced("ben", 5, 20, 700, 25, 15, 0.005), quota: 12, requests: 12, expires: 85},
		{Key: priced("cem", 2, 8, 600, 20, 15, 0.002), quota: 15, requests: 6, tokens: 8},
		{Key: priced("dee", 1.25, 5, 800, 22, 10, 0.05), quota: 25, tokens: 12},
		{Key: priced("eli", 5, 15, 250, 7, 20, 0.002), quota: 30, requests: 18},
		{Key: priced("fay", 1.5, 6, 1200, 40, 8, 0.005), quota: 30, concurrency: 20},
		{Key: priced("gus", 2.5, 10, 500, 15, 20, 0.002), quota: 3, requests: 10},
		{Key: priced("hal", 2.5, 10, 450, 18, 20, 0.01), quota: 25, requests: 15, tokens: 15},
		{Key: priced("ivy", 3, 12, 500, 16, 15, 0.002), quota: 8, tokens: 20, expires: 25},
		{Key: priced("pool-1", 2.5, 10, 400, 16, 30, 0.002), quota: 60, requests: 25},
		{Key: priced("pool-2", 4, 14, 300, 9, 30, 0.002), quota: 60, concurrency: 25},
		{Key: priced("reserve", 10, 30, 400, 15, 30, 0.001), quota: 200, concurrency: 25},
	}
	for i := range shares {
		shares[i].Platform = i >= 9
	}
	shares[2].ExpiresAfter, shares[7].ExpiresAfter, shares[11].Backup = 5*day, 20*day, true

	first := &shares[0].Key
	var total money.USD
	var tokens, generated int64
	for _, r := range requests {
		cost, err := first.cost(r.Context, 0, r.Generated)
		if err == nil {
			total, err = money.Add(total, cost)
		}
		if err != nil {
			return nil, err
		}
		tokens += r.Context + r.Generated
		generated += r.Generated
	}
	n, last := int64(len(requests)), max(requests[len(requests)-1].At, time.Second)
	perMinute := func(count int64) float64 { return float64(count) / max(last.Minutes(), 1) }
	busy := time.Duration(n)*first.FirstToken + time.Duration(generated)*first.PerToken
	pool := make(Pool, len(shares))
	for i, s := range shares {
		k := s.Key
		k.RequestsPerMinute, k.TokensPerMinute = portion(s.requests, perMinute(n)), portion(s.tokens, perMinute(tokens))
		k.Concurrency = portion(s.concurrency, busy.Seconds()/last.Seconds())
		if s.expires > 0 {
			k.ExpiresAfter = last * time.Duration(s.expires) / 100
		}
		var err error
		if k.Quota, err = money.MulDivCeil(total, s.quota, 100); err != nil {
			return nil, err
		}
		pool[i] = k
	}
	return pool, nil
}

// portion is a limit of so many percent, 1 at least.
func portion(percent int64, of float64) int64 {
	if percent == 0 {
		return 0
	}
	return max(int64(of*float64(percent)/100), 1)
}

// priced is a key with USD for a million tokens, cached ones at half of it, and with times in ms.
func priced(name string, input, output float64, firstToken, perToken, slowsAt int64, failureRate float64) Key {
	usd := func(x float64) money.USD { return money.USD(x * money.One) }
	return Key{
		Name: name, Input: usd(input), Cached: usd(input) / 2, Output: usd(output),
		FirstToken: time.Duration(firstToken) * time.Millisecond, PerToken: time.Duration(perToken) * time.Millisecond,
		SlowsAt: slowsAt, FailureRate: failureRate,
	}
}
