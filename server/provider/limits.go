package provider

import (
	"net/http"
	"strconv"
	"time"

	"github.com/resourcepool/resourcepool/server/clock"
)

// Limits are what a provider told with an answer about how much more it lets the key do.
type Limits struct{ Requests, Tokens Limit }

// Limit is one limit. Where Known is false the rest is zero.
type Limit struct {
	Max, Remaining int64
	Reset          time.Duration // until Remaining is Max again, 0 where it was not told
	Known          bool
}

// limitHeaders are the names of the three headers of a limit, in the canonical form, so that reading them makes no string.
type limitHeaders struct{ max, remaining, reset string }

var (
	requestLimits = []limitHeaders{
		{"X-Ratelimit-Limit-Requests", "X-Ratelimit-Remaining-Requests", "X-Ratelimit-Reset-Requests"},
		{"Anthropic-Ratelimit-Requests-Limit", "Anthropic-Ratelimit-Requests-Remaining", "Anthropic-Ratelimit-Requests-Reset"},
	}
	tokenLimits = []limitHeaders{
		{"X-Ratelimit-Limit-Tokens", "X-Ratelimit-Remaining-Tokens", "X-Ratelimit-Reset-Tokens"},
		{"Anthropic-Ratelimit-Tokens-Limit", "Anthropic-Ratelimit-Tokens-Remaining", "Anthropic-Ratelimit-Tokens-Reset"},
		{"Anthropic-Ratelimit-Input-Tokens-Limit", "Anthropic-Ratelimit-Input-Tokens-Remaining", "Anthropic-Ratelimit-Input-Tokens-Reset"},
		{"Anthropic-Ratelimit-Output-Tokens-Limit", "Anthropic-Ratelimit-Output-Tokens-Remaining", "Anthropic-Ratelimit-Output-Tokens-Reset"},
	}
)

// limitsOf reads the limits of an answer, nil where it tells none.
func limitsOf(h http.Header, now clock.Clock) *Limits {
	out := Limits{Requests: tightest(h, requestLimits, now), Tokens: tightest(h, tokenLimits, now)}
	if !out.Requests.Known && !out.Tokens.Known {
		return nil
	}
	return &out
}

// tightest returns the limit of which least is left: Anthropic counts input and output apart.
func tightest(h http.Header, names []limitHeaders, now clock.Clock) Limit {
	var out Limit
	for _, n := range names {
		if l := limitOf(h, n, now); l.Known && (!out.Known || l.Remaining < out.Remaining) {
			out = l
		}
	}
	return out
}

func limitOf(h http.Header, n limitHeaders, now clock.Clock) Limit {
	most, ok := count(h, n.max)
	if !ok || most == 0 {
		return Limit{}
	}
	out := Limit{Max: most, Remaining: most, Known: true}
	if left, ok := count(h, n.remaining); ok {
		out.Remaining = min(left, most)
	}
	out.Reset, _ = until(h.Get(n.reset), now)
	return out
}

func count(h http.Header, name string) (int64, bool) {
	n, err := strconv.ParseInt(h.Get(name), 10, 64)
	return n, err == nil && n >= 0
}

// until reads when a limit is reset: as a span ("6m0s", "12ms", seconds) or as a moment of RFC 3339.
func until(s string, now clock.Clock) (time.Duration, bool) {
	if d, ok := span(s, time.Second); ok {
		return d, true
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return 0, false
	}
	return clamp(at.Sub(now.Now())), true
}
