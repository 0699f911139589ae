package simulate

import (
	"math"
	"slices"
	"time"

	"github.com/resourcepool/resourcepool/server/money"
)

// Result is what a strategy made of the requests.
type Result struct {
	Strategy Strategy `json:"strategy"`
	Requests int      `json:"requests"`
	Answered int      `json:"answered"`
	Success  float64  `json:"success"` // the answered share

	P50Ms int64 `json:"p50_ms"` // of answered requests, failed attempts included
	P99Ms int64 `json:"p99_ms"`

	Cost    money.USD `json:"cost"`    // what providers took
	Expired money.USD `json:"expired"` // quota that expired unused by the last request

	Variation   float64 `json:"variation"`     // of the answers per key: standard deviation by mean
	MaxOverMean float64 `json:"max_over_mean"` // of the answers per key

	Continued    int   `json:"continued"`     // requests that went on with a conversation
	Cacheable    int   `json:"cacheable"`     // those whose prompt began with enough of an earlier one
	CacheHits    int   `json:"cache_hits"`    // answers that found part of their prompt in a cache
	CachedTokens int64 `json:"cached_tokens"` // of those prompts

	RateLimited int         `json:"rate_limited"` // attempts that were answered with a 429
	Failed      int         `json:"failed"`       // attempts that were answered with a 5xx
	Keys        []KeyResult `json:"keys"`
}

// KeyResult is what one key did.
type KeyResult struct {
	Name         string    `json:"name"`
	Requests     int       `json:"requests"` // attempts
	Answered     int       `json:"answered"`
	RateLimited  int       `json:"rate_limited"`
	Failed       int       `json:"failed"`
	PeakInFlight int64     `json:"peak_in_flight"`
	Cost         money.USD `json:"cost"`
	Left         money.USD `json:"left"`
}

// close sums up, once all requests have ended. horizon is when the last came.
func (r *Result) close(w *world, horizon time.Duration) {
	var most, squares float64
	for _, k := range w.keys {
		t := k.tally
		t.Left = k.quota
		r.Keys = append(r.Keys, t)
		r.Answered += t.Answered
		r.RateLimited += t.RateLimited
		r.Failed += t.Failed
		r.Cost += t.Cost
		if k.ExpiresAfter > 0 && k.ExpiresAfter <= horizon {
			r.Expired += k.quota
		}
		n := float64(t.Answered)
		most, squares = max(most, n), squares+n*n
	}
	r.Success = float64(r.Answered) / float64(r.Requests)
	if mean := float64(r.Answered) / float64(len(w.keys)); mean > 0 {
		r.MaxOverMean = most / mean
		r.Variation = math.Sqrt(max(squares/float64(len(w.keys))-mean*mean, 0)) / mean
	}
	slices.Sort(w.latencies)
	r.P50Ms, r.P99Ms = percentile(w.latencies, 50).Milliseconds(), percentile(w.latencies, 99).Milliseconds()
}

// percentile is the smallest of sorted values that p in a hundred do not exceed.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max((len(sorted)*p+99)/100, 1)-1]
}
