package simulate_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/simulate"
)

var results = []simulate.Result{
	{Strategy: simulate.Full, Requests: 8, Answered: 4, Success: 0.5, P50Ms: 1234, P99Ms: 20_000, Cost: 2 * usd, Expired: usd / 2,
		Variation: 0.25, MaxOverMean: 1.5, Continued: 4, Cacheable: 3, CacheHits: 2, RateLimited: 7, Failed: 1},
	{Strategy: simulate.RoundRobin, Requests: 8},
}

func written(t *testing.T, f simulate.Format) string {
	var out strings.Builder
	require.NoError(t, simulate.Write(&out, f, results))
	return out.String()
}

func TestWrite_Markdown(t *testing.T) {
	require.Equal(t, `| strategy | success | p50 | p99 | cost | per 1000 | expired | variation | max/mean | cache hits | 429s | 5xx |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| full | 50.00 % | 1.23 s | 20.00 s | $2.00 | $500.00 | $0.50 | 0.25 | 1.50 | 2 of 3 | 7 | 1 |
| round-robin | 0.00 % | 0.00 s | 0.00 s | $0.00 | $0.00 | $0.00 | 0.00 | 0.00 | 0 of 0 | 0 | 0 |
`, written(t, simulate.Markdown))
}

func TestWrite_Table(t *testing.T) {
	lines := strings.Split(written(t, simulate.Table), "\n")
	require.Len(t, lines, 4)
	require.Equal(t, strings.Fields("full 50.00 % 1.23 s 20.00 s $2.00 $500.00 $0.50 0.25 1.50 2 of 3 7 1"), strings.Fields(lines[1]))
	require.Len(t, lines[1], len(lines[0]), "columns are aligned")
}

func TestWrite_JSONHasExactAmounts(t *testing.T) {
	var got []simulate.Result
	text := written(t, simulate.JSON)
	require.NoError(t, json.Unmarshal([]byte(text), &got))
	require.Equal(t, results, got)
	require.Contains(t, text, `"cost": "2"`)
}
