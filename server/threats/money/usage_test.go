package money_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/sandbox"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

// Whatever a provider says that a request took, nobody pays more than it can have taken, and nobody is paid.
func TestRow37_LyingUpstream(t *testing.T) {
	t.Parallel()
	u := upstreamtest.New(t)
	database := dbtest.URL(t)
	p := programtest.Launch(t, programtest.Settings(t, database, "POOL_PROVIDER_URLS="+u.ProviderURLs()))
	db := dbtest.Open(t, database)
	admin, bob, tom := p.Admin(), p.Person("bob"), p.Person("tom")
	admin.Must(programtest.SetModelPrice, vars{"i": vars{
		"model": "gpt-4o", "provider": "openai", "inputCostPerMillion": "1", "outputCostPerMillion": "2", "inputPricePerMillion": "10", "outputPricePerMillion": "10000",
	}})
	admin.Grant(tom, "1000")
	id := bob.Deposit(u, "sk-bob-0123456789", "100")
	const most = 128_000 // of the prompt, the context window; 100 of the output
	for name, c := range map[string]struct{ usage, alert string }{
		"a billion tokens of output": {`{"prompt_tokens": 10, "completion_tokens": 1000000000, "total_tokens": 1000000010}`, "usage.output"},
		"a billion of the prompt":    {`{"prompt_tokens": 1000000000, "completion_tokens": 10}`, "usage.prompt"},
		"beyond 2⁶³":                 {`{"prompt_tokens": 10, "completion_tokens": 9223372036854775808}`, "usage.malformed"},
		"beyond a float":             {`{"prompt_tokens": 10, "completion_tokens": 1e400}`, "usage.malformed"},
		"below 0":                    {`{"prompt_tokens": -1000000, "completion_tokens": -1000000}`, "usage.malformed"},
		"a fraction":                 {`{"prompt_tokens": 10.5, "completion_tokens": 0.1}`, "usage.malformed"},
		"text":                       {`{"prompt_tokens": "10", "completion_tokens": "10"}`, "usage.malformed"},
		"null in it":                 {`{"prompt_tokens": null, "completion_tokens": null}`, "usage.malformed"},
		"a list":                     {`[10, 10]`, "usage.malformed"},
		"more cached than there is":  {`{"prompt_tokens": 10, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 1000000}}`, "usage.parts"},
		"nothing":                    {`null`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := db.Exec(`UPDATE alerts SET resolved_at = now()`)
			require.NoError(t, err)
			before := amount(t, tom.Available())
			u.Script("sk-bob-0123456789", sandbox.Fault{Kind: sandbox.UsageOverride, Raw: json.RawMessage(c.usage)})
			r := tom.Must(programtest.Complete, programtest.Ask("gpt-4o", vars{"maxTokens": 100})).Get("complete")
			charged := amount(t, r.Get("creditsCharged").String())
			require.Positive(t, charged)
			require.LessOrEqual(t, charged, amount(t, "1")+most*amount(t, "0.00001"))
			require.Equal(t, before-charged, amount(t, tom.Available()))
			var clamped, estimated bool
			var cost int64
			require.NoError(t, db.QueryRow(`SELECT clamped, estimated, cost_amount FROM usage_logs ORDER BY id DESC LIMIT 1`).Scan(&clamped, &estimated, &cost))
			require.Equal(t, c.alert != "", clamped)
			require.True(t, clamped || estimated)
			require.Positive(t, cost)
			alerts := 0
			require.NoError(t, db.QueryRow(`SELECT count(*) FROM alerts WHERE resolved_at IS NULL AND kind = $1 AND subject = $2`, c.alert, id).Scan(&alerts))
			require.Equal(t, c.alert != "", alerts == 1)
		})
	}
	p.Verified()
}
