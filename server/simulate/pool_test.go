package simulate_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/simulate"
)

func TestReadPool(t *testing.T) {
	got, err := simulate.ReadPool(strings.NewReader(`{"keys": [
		{"name": "ann", "input_per_million": "2.50", "cached_per_million": "1.25", "output_per_million": "10", "quota": "50",
		 "expires_after": "36h", "requests_per_minute": 500, "tokens_per_minute": 200000, "concurrency": 20,
		 "first_token": "400ms", "per_token": "15ms", "slows_at": 10, "failure_rate": 0.01},
		{"name": "pool", "platform": true, "backup": true, "input_per_million": "1", "output_per_million": "2", "quota": "0.5"}
	]}`))
	require.NoError(t, err)
	require.Equal(t, simulate.Pool{
		{Name: "ann", Input: 2.5 * usd, Cached: 1.25 * usd, Output: 10 * usd, Quota: 50 * usd, ExpiresAfter: 36 * time.Hour,
			RequestsPerMinute: 500, TokensPerMinute: 200_000, Concurrency: 20, FirstToken: 400 * time.Millisecond,
			PerToken: 15 * time.Millisecond, SlowsAt: 10, FailureRate: 0.01},
		{Name: "pool", Platform: true, Backup: true, Input: usd, Cached: usd, Output: 2 * usd, Quota: usd / 2},
	}, got)
}

func TestReadPool_NamesTheFieldAtFault(t *testing.T) {
	key := func(more string) string {
		return `{"keys": [{"name": "a", "input_per_million": "1", "output_per_million": "1", "quota": "1"},
			{"name": "b", "input_per_million": "1", "output_per_million": "1", "quota": "1", ` + more + `}]}`
	}
	tests := map[string]struct{ text, field, message string }{
		"no JSON":                {"keys:", "", "invalid character"},
		"no keys":                {`{"keys": []}`, "keys", "a key at least"},
		"an unknown field":       {`{"keys": [{"colour": "red"}]}`, "", `unknown field "colour"`},
		"a number for an amount": {key(`"quota": 1`), "keys.quota", "number"},
		"something behind":       {key(`"slows_at": 1`) + "{}", "", "something follows"},
		"no amount":              {key(`"quota": "much"`), "keys[1].quota", "amount"},
		"a negative price":       {key(`"output_per_million": "-1"`), "keys[1].output_per_million", "amount"},
		"an absurd price":        {key(`"input_per_million": "1000001"`), "keys[1].input_per_million", "dear"},
		"a cache that costs":     {key(`"cached_per_million": "1.1"`), "keys[1].cached_per_million", "not cost more"},
		"no time span":           {key(`"expires_after": "3 days"`), "keys[1].expires_after", "time span"},
		"a negative limit":       {key(`"concurrency": -1`), "keys[1].concurrency", "negative"},
		"more than all fail":     {key(`"failure_rate": 1.5`), "keys[1].failure_rate", "between 0 and 1"},
		"a name twice":           {key(`"name": "a"`), "keys[1].name", "another key"},
		"no name":                {key(`"name": ""`), "keys[1].name", "has a name"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := simulate.ReadPool(strings.NewReader(tt.text))
			f, ok := fault.As(err)
			require.True(t, ok, err)
			require.Equal(t, tt.field, f.Field)
			require.Contains(t, f.Message, tt.message)
		})
	}
}

func TestReadPool_TellsAllFaults(t *testing.T) {
	_, err := simulate.ReadPool(strings.NewReader(`{"keys": [{"name": "a", "slows_at": -1}]}`))
	var many interface{ Unwrap() []error }
	require.True(t, errors.As(err, &many))
	require.Len(t, many.Unwrap(), 4, "no input price, no output price, no quota, and the limit")
}
