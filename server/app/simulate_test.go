package app

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/simulate"
)

// simulated runs the command and returns what it prints, on both outputs.
func simulated(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Main(context.Background(), append([]string{"simulate"}, args...), nil, &out, &errs)
	return code, out.String(), errs.String()
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

const (
	someTrace = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,374,44\n2023-11-16 18:15:50,396,109\n"
	somePool  = `{"keys": [{"name": "a", "input_per_million": "1", "output_per_million": "1", "quota": "5"}]}`
)

func TestSimulate_ComparesAllStrategiesAnywhere(t *testing.T) {
	code, out, errs := simulated(t, "--limit", "300", "--format", "json")
	require.Zero(t, code, errs)
	var results []simulate.Result
	require.NoError(t, json.Unmarshal([]byte(out), &results))
	require.Len(t, results, 4)
	for _, r := range results {
		require.Equal(t, 300, r.Requests)
		require.Len(t, r.Keys, 12)
	}
	_, again, _ := simulated(t, "--limit", "300", "--format", "json")
	require.Equal(t, out, again)
}

func TestSimulate_ReplaysTracesOverAPool(t *testing.T) {
	trace, pool := file(t, "trace.csv", someTrace), file(t, "pool.json", somePool)
	code, out, errs := simulated(t, "--trace", trace, "--trace", trace, "--pool", pool, "--strategy", "full,round-robin", "--format", "json")
	require.Zero(t, code, errs)
	var results []simulate.Result
	require.NoError(t, json.Unmarshal([]byte(out), &results))
	require.Len(t, results, 2)
	require.Equal(t, simulate.RoundRobin, results[1].Strategy)
	require.Equal(t, 4, results[0].Answered)
	require.Equal(t, "0.001846", results[0].Cost.String())
}

func TestSimulate_SaysWhatIsWrongWhere(t *testing.T) {
	trace, pool := file(t, "trace.csv", someTrace+"now,1,1\n"), file(t, "pool.json", `{"keys": [{"name": "a", "quota": "5"}]}`)
	for name, tt := range map[string]struct {
		args []string
		want []string
	}{
		"a trace with a bad line":  {[]string{"--trace", trace}, []string{"--trace " + trace + ": line 4: "}},
		"a pool without prices":    {[]string{"--pool", pool}, []string{"--pool " + pool + ": keys[0].input_per_million: ", "keys[0].output_per_million: "}},
		"a file that is not there": {[]string{"--trace", "/nowhere"}, []string{"--trace: open /nowhere: no such file"}},
		"no rate":                  {[]string{"--rate=-1"}, []string{"--rate: between"}},
		"no number":                {[]string{"--rate", "fast"}, []string{"--rate: "}},
		"no limit":                 {[]string{"--limit=-1"}, []string{"--limit: between"}},
		"no probability":           {[]string{"--continue", "2"}, []string{"--continue: a probability"}},
		"no strategy":              {[]string{"--strategy", "best"}, []string{"--strategy must be one of"}},
		"no format":                {[]string{"--format", "pdf"}, []string{"--format must be one of"}},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errs := simulated(t, tt.args...)
			require.NotZero(t, code)
			require.Empty(t, out)
			for _, want := range tt.want {
				require.Contains(t, errs, want)
			}
		})
	}
}
