package provider

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/clock"
)

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func TestLimits(t *testing.T) {
	now := clock.NewFake(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	tests := []struct {
		name string
		h    http.Header
		want *Limits
	}{
		{"none", header("Content-Type", "application/json"), nil},
		{"OpenAI", header(
			"x-ratelimit-limit-requests", "5000", "x-ratelimit-remaining-requests", "4999", "x-ratelimit-reset-requests", "12ms",
			"x-ratelimit-limit-tokens", "160000", "x-ratelimit-remaining-tokens", "159976", "x-ratelimit-reset-tokens", "6m0s",
		), &Limits{Requests: Limit{5000, 4999, 12 * time.Millisecond, true}, Tokens: Limit{160000, 159976, 6 * time.Minute, true}}},
		{"Anthropic: moments, and the tighter of input and output", header(
			"anthropic-ratelimit-requests-limit", "1000", "anthropic-ratelimit-requests-remaining", "999", "anthropic-ratelimit-requests-reset", "2026-11-22T12:00:30Z",
			"anthropic-ratelimit-input-tokens-limit", "80000", "anthropic-ratelimit-input-tokens-remaining", "80000", "anthropic-ratelimit-input-tokens-reset", "2026-11-22T12:00:00Z",
			"anthropic-ratelimit-output-tokens-limit", "16000", "anthropic-ratelimit-output-tokens-remaining", "15000", "anthropic-ratelimit-output-tokens-reset", "2026-11-22T12:01:00Z",
		), &Limits{Requests: Limit{1000, 999, 30 * time.Second, true}, Tokens: Limit{16000, 15000, time.Minute, true}}},
		{"Anthropic: one limit on tokens", header(
			"anthropic-ratelimit-tokens-limit", "96000", "anthropic-ratelimit-tokens-remaining", "0", "anthropic-ratelimit-tokens-reset", "2026-11-22T13:00:00+00:00",
		), &Limits{Tokens: Limit{96000, 0, time.Hour, true}}},
		{"a maximum alone is all left", header("x-ratelimit-limit-requests", "10"), &Limits{Requests: Limit{Max: 10, Remaining: 10, Known: true}}},
		{"what remains without a maximum says nothing", header("x-ratelimit-remaining-requests", "10"), nil},
		{"more than the maximum can't remain", header("x-ratelimit-limit-tokens", "10", "x-ratelimit-remaining-tokens", "99"), &Limits{Tokens: Limit{Max: 10, Remaining: 10, Known: true}}},
		{"nonsense", header("x-ratelimit-limit-requests", "many", "x-ratelimit-limit-tokens", "-1"), nil},
		{"a moment gone by", header("x-ratelimit-limit-requests", "10", "x-ratelimit-reset-requests", "2026-11-22T11:00:00Z"), &Limits{Requests: Limit{Max: 10, Remaining: 10, Known: true}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { require.Equal(t, tt.want, limitsOf(tt.h, now)) })
	}
}
