package gateway_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/sandbox"
)

// gpt-4o has a context window of 128 000 in the catalogue; the cap is 100. 1000 Credits in, 10000 out.
func TestReportedUsageIsBelievedWithinItsBounds(t *testing.T) {
	w := newWorld(t)
	w.price("gpt-4o", "10", "30", "1000", "10000", "0")
	w.key(first, "1000", false)
	tom := w.consumer("100000")
	counted := provider.CountTokens("gpt-4o", ask("").Messages[0].Content) + 7
	for name, c := range map[string]struct {
		raw                string
		prompt, completion int64
		estimated, clamped bool
		alert              string
	}{
		"as reported":        {`{"prompt_tokens": 50, "completion_tokens": 60}`, 50, 60, false, false, ""},
		"zero":               {`{"prompt_tokens": 0, "completion_tokens": 0}`, 0, 0, false, false, ""},
		"too much output":    {`{"prompt_tokens": 50, "completion_tokens": 1000000000}`, 50, 100, false, true, "usage.output"},
		"too large a prompt": {`{"prompt_tokens": 1000000000, "completion_tokens": 60}`, 128000, 60, false, true, "usage.prompt"},
		"too much cached":    {`{"prompt_tokens": 50, "completion_tokens": 60, "prompt_tokens_details": {"cached_tokens": 51}}`, 50, 60, false, true, "usage.parts"},
		"negative":           {`{"prompt_tokens": -50, "completion_tokens": -60}`, counted, 16, true, true, "usage.malformed"},
		"text":               {`{"prompt_tokens": "50", "completion_tokens": "60"}`, counted, 16, true, true, "usage.malformed"},
		"nothing in it":      {`{"prompt_tokens": null}`, counted, 16, true, true, "usage.malformed"},
		"no object":          {`[1, 2]`, counted, 16, true, true, "usage.malformed"},
		"null":               {`null`, counted, 16, true, false, ""},
	} {
		for _, streamed := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", streamed"}[streamed], func(t *testing.T) {
				w.exec(`DELETE FROM alerts`)
				for range 2 {
					w.up.Script(first, sandbox.Fault{Kind: sandbox.UsageOverride, Raw: json.RawMessage(c.raw)})
					r := w.complete(tom, capped(ask("gpt-4o"), 100), streamed)
					row := w.log()
					require.Equal(t, c.prompt, row.PromptTokens)
					require.Equal(t, c.completion, row.CompletionTokens)
					require.Equal(t, c.estimated, row.Estimated)
					require.Equal(t, c.clamped, row.Clamped)
					require.Equal(t, c.prompt*credit(1000)+c.completion*credit(10000), int64(r.CreditsCharged)*1e6)
				}
				want := 0
				if c.alert != "" {
					want = 1
				}
				require.Equal(t, want, w.count(`SELECT count(*) FROM alerts`), "once per key and kind")
				require.Equal(t, want, w.count(`SELECT count(*) FROM alerts WHERE kind = $1`, c.alert))
			})
		}
	}
	w.sound()
}

func TestMissingUsageIsCountedHere(t *testing.T) {
	w := newWorld(t)
	key := w.key(first, "1000", false)
	for _, streamed := range []bool{false, true} {
		w.up.Script(first, sandbox.Fault{Kind: sandbox.NoUsage})
		r := w.complete(w.consumer("50"), ask("gpt-4"), streamed)
		require.Equal(t, int64(16), r.Completion.CompletionTokens)
		require.True(t, w.log().Estimated)
		require.False(t, w.log().Clamped)
	}
	require.Zero(t, w.count(`SELECT count(*) FROM alerts`))
	require.Equal(t, int64(2), w.row(key).SuccessfulRequests)
	w.sound()
}

func TestACachedPromptCostsLess(t *testing.T) {
	w := newWorld(t)
	w.key(first, "1000", false)
	w.exec(`UPDATE model_costs SET cached_input_cost = 1000000000`)
	w.prices.Invalidate()
	w.up.Script(first, sandbox.Fault{Kind: sandbox.UsageOverride, Prompt: 2000, Cached: 1000, Completion: 1000})
	w.complete(w.consumer("50"), ask("gpt-4"), false)
	row := w.log()
	require.Equal(t, usd(t, "0.041"), row.CostAmount) // 1000·10 + 1000·1 + 1000·30, per million
	require.Equal(t, int64(1000), row.CachedTokens)
	require.Equal(t, usd(t, "1"), row.CachedInputCost)
}

func TestWhatAProviderCountedBeyondTheHoldIsThePlatformsLoss(t *testing.T) {
	w := newWorld(t)
	w.price("gpt-4o", "10", "30", "1000", "0", "0")
	w.key(first, "1000", false)
	tom := w.consumer("1") // 1000 prompt tokens
	w.up.NextUsage(first, 5000, 10)
	r := w.complete(tom, capped(ask("gpt-4o"), 10), false)
	require.Equal(t, credits(t, "1"), r.CreditsCharged)
	require.Equal(t, "0", w.available(tom))
	require.Equal(t, credits(t, "1"), w.log().CreditsCharged)
	w.sound()
}
