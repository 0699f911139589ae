package gateway_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/ent/poolresource"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/gateway"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/sandbox"
)

// priceAt puts a model on the list at some providers.
func (w *world) priceAt(model string, providers ...string) {
	w.t.Helper()
	w.exec(`INSERT INTO model_prices VALUES ($1, $2, $3, $4, 0, now()) ON CONFLICT DO NOTHING`, string(source.New(ids.Model)), model, 2*one, 4*one)
	for _, at := range providers {
		w.exec(`INSERT INTO model_costs VALUES ($1, $2, $3, $4, $5, $6, now()) ON CONFLICT (name, provider) DO UPDATE SET input_cost = EXCLUDED.input_cost`,
			string(source.New(ids.Model)), model, at, one, one/10, 2*one)
	}
	w.prices.Invalidate()
}

// Each row of the table of errors, as its provider tells it: what becomes of the key, that another key serves the request
// without its consumer noticing, and that nothing is charged twice.
func TestEachErrorOfAProviderDoesWhatItShould(t *testing.T) {
	w := newWorld(t)
	anthropic := func(kind, message string) string {
		return `{"type":"error","error":{"type":"` + kind + `","message":"` + message + `"}}`
	}
	type row struct {
		at, on  string
		fault   sandbox.Fault
		status  poolresource.Status
		why     string // of the rest, "" for none
		failure bool   // counted against the key
		dead    bool
	}
	active, suspended := poolresource.StatusACTIVE, poolresource.StatusSUSPENDED
	raw := func(status int, body string, header ...string) sandbox.Fault {
		f := sandbox.Fault{Kind: sandbox.RawAnswer, Status: status, Body: body, Headers: map[string]string{}}
		for i := 0; i < len(header); i += 2 {
			f.Headers[header[i]] = header[i+1]
		}
		return f
	}
	n := 0
	for name, c := range map[string]row{
		"Anthropic, authentication_error": {"anthropic", "messages", raw(401, anthropic("authentication_error", "invalid x-api-key")), suspended, "", true, true},
		"Anthropic, out of credit":        {"anthropic", "messages", raw(400, anthropic("invalid_request_error", "Your credit balance is too low to access the Anthropic API.")), suspended, "", true, false},
		"Anthropic, billing_error":        {"anthropic", "messages", raw(402, anthropic("billing_error", "Pay.")), suspended, "", true, false},
		"Anthropic, rate_limit_error":     {"anthropic", "messages", raw(429, anthropic("rate_limit_error", "Slow down."), "retry-after", "30"), active, "cooling_down", true, false},
		"Anthropic, overloaded_error":     {"anthropic", "messages", raw(529, anthropic("overloaded_error", "Overloaded")), active, "", true, false},
		"Anthropic, api_error":            {"anthropic", "messages", raw(500, anthropic("api_error", "Internal")), active, "", true, false},
		"Anthropic, not_found_error":      {"anthropic", "messages", raw(404, anthropic("not_found_error", "model: x")), active, "wrong_model", false, false},
		"Anthropic, permission_error":     {"anthropic", "messages", raw(403, anthropic("permission_error", "Your API key does not have permission to use the specified resource.")), active, "wrong_model", false, false},
		"Gemini, API_KEY_INVALID": {"gemini", "gemini", raw(400, `{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}`),
			suspended, "", true, true},
		"Gemini, RESOURCE_EXHAUSTED": {"gemini", "gemini", raw(429, `{"error":{"code":429,"message":"Quota.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"37s"}]}}`),
			active, "cooling_down", true, false},
		"Gemini, UNAVAILABLE":        {"gemini", "gemini", raw(503, `{"error":{"code":503,"message":"Overloaded.","status":"UNAVAILABLE"}}`), active, "", true, false},
		"xAI, Incorrect API key":     {"xai", "chat", raw(400, `{"code":"Client specified an invalid argument","error":"Incorrect API key provided: xa***zz."}`), suspended, "", true, true},
		"DeepSeek, 402":              {"deepseek", "chat", raw(402, `{"error":{"message":"Insufficient Balance","type":"unknown_error","code":"invalid_request_error"}}`), suspended, "", true, false},
		"OpenRouter, 402":            {"openrouter", "chat", raw(402, `{"error":{"code":402,"message":"Insufficient credits."}}`), suspended, "", true, false},
		"OpenRouter, error in a 200": {"openrouter", "chat", raw(200, `{"error":{"code":502,"message":"Provider returned error"}}`, "Content-Type", "application/json"), active, "", true, false},
		"OpenAI, by the reset header": {"openai", "chat", raw(429, `{"error":{"message":"Rate limit","type":"requests","code":"rate_limit_exceeded"}}`,
			"x-ratelimit-remaining-requests", "0", "x-ratelimit-limit-requests", "60", "x-ratelimit-reset-requests", "45s"), active, "cooling_down", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			n++
			w.restart()
			w.exec(`DELETE FROM rests`)
			model := "gpt-4o-mini"
			w.priceAt(model, c.at, "groq")
			bad, good := "sk-bad-0123456789-"+strings.Repeat("x", n), "sk-good-0123456789-"+strings.Repeat("x", n)
			badID, goodID := w.keyAt(c.at, bad, "100", false), w.keyAt("groq", good, "100", true)
			defer w.pause(badID, goodID)
			tom := w.consumer("50")
			f := c.fault
			f.On, f.Count = c.on, 1
			w.up.Script(bad, f)
			if c.dead { // and says so again where that is confirmed
				f.On = "models"
				w.up.Script(bad, f)
			}
			before := w.up.Totals().Served
			r, _, err := w.relay(t.Context(), tom, gateway.Call{Kind: provider.KindChat, Body: []byte(`{"model":"` + model + `","max_tokens":20,"messages":[{"role":"user","content":"hi"}]}`)}, nil)
			require.NoError(t, err)
			require.Equal(t, before+1, w.up.Totals().Served, "answered once")
			log := w.log()
			require.Equal(t, goodID, log.ResourceID)
			require.Equal(t, int64(2), log.Attempts)
			require.Equal(t, r.CreditsCharged, log.CreditsCharged)
			require.Equal(t, "100", w.left(badID))
			row := w.row(badID)
			require.Equal(t, c.status, row.Status)
			require.Equal(t, c.failure, row.FailuresInARow == 1)
			require.Equal(t, c.why != "", w.count(`SELECT count(*) FROM rests WHERE subject = $1 AND model = $2 AND until > now()`, string(badID), model) == 1)
			if c.why != "" {
				require.Equal(t, 1, w.count(`SELECT count(*) FROM rests WHERE subject = $1 AND why = $2`, string(badID), c.why))
			}
		})
	}
	w.sound()
}

// A client's fault is the client's, in any dialect: not charged, not sent again, no key blamed.
func TestARefusalOfAnyDialectReachesTheClient(t *testing.T) {
	w := newWorld(t)
	for at, on := range map[string]string{"anthropic": "messages", "gemini": "gemini"} {
		model := map[string]string{"anthropic": "claude-haiku-4-5", "gemini": "gemini-2.5-flash"}[at]
		w.priceAt(model, at)
		key := w.keyAt(at, "sk-refuses-0123456789-"+at, "100", false)
		tom := w.consumer("50")
		w.up.Script("sk-refuses-0123456789-"+at, sandbox.Fault{Kind: sandbox.BadRequest, On: on, Message: "top_k is too large"})
		_, _, err := w.relay(t.Context(), tom, gateway.Call{Kind: provider.KindChat, Body: []byte(`{"model":"` + model + `","max_tokens":20,"messages":[{"role":"user","content":"hi"}]}`)}, nil)
		f := requireCode(t, fault.UpstreamRejected, err)
		require.Contains(t, f.Message, "top_k is too large")
		require.Equal(t, "50", w.available(tom))
		require.Zero(t, w.row(key).TotalRequests)
	}
	w.sound()
}

// Every client's dialect is answered by every provider's, whole and streamed, in its own form, and paid by the same rules.
func TestEveryDialectIsServedByEveryProvider(t *testing.T) {
	w := newWorld(t)
	models := map[string]string{"openai": "gpt-4o", "deepseek": "deepseek-v4-flash", "anthropic": "claude-haiku-4-5", "gemini": "gemini-2.5-flash"}
	bodies := map[provider.Kind]string{
		provider.KindChat:      `{"model":"MODEL","max_tokens":50,"messages":[{"role":"system","content":"be brief"},{"role":"user","content":"hi"}]`,
		provider.KindMessages:  `{"model":"MODEL","max_tokens":50,"system":"be brief","messages":[{"role":"user","content":"hi"}]`,
		provider.KindResponses: `{"model":"MODEL","max_output_tokens":50,"instructions":"be brief","input":"hi"`,
	}
	tools := map[provider.Kind]string{
		provider.KindChat:      `,"tools":[{"type":"function","function":{"name":"look_up","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}]`,
		provider.KindMessages:  `,"tools":[{"name":"look_up","input_schema":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}]`,
		provider.KindResponses: `,"tools":[{"type":"function","name":"look_up","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}]`,
	}
	answers := map[provider.Kind]string{provider.KindChat: "choices.0.message.content", provider.KindMessages: "content.0.text", provider.KindResponses: "output.#(type==message).content.0.text"}
	ends := map[provider.Kind]string{provider.KindChat: `"finish_reason":"`, provider.KindMessages: "event: message_stop", provider.KindResponses: "event: response.completed"}
	called := map[provider.Kind]string{provider.KindChat: "choices.0.message.tool_calls.0.function.name", provider.KindMessages: "content.#(type==tool_use).name", provider.KindResponses: "output.#(type==function_call).name"}
	for at, model := range models {
		w.priceAt(model, at)
		w.keyAt(at, "sk-every-0123456789-"+at, "100", false)
		for kind, body := range bodies {
			t.Run(string(kind)+" at "+at, func(t *testing.T) {
				tom := w.consumer("50")
				call := func(more string) gateway.Call {
					return gateway.Call{Kind: kind, Body: []byte(strings.ReplaceAll(body, "MODEL", model) + more + "}")}
				}
				r, _, err := w.relay(t.Context(), tom, call(""), nil)
				require.NoError(t, err)
				require.NotEmpty(t, gjson.GetBytes(r.Completion.Body, answers[kind]).String(), "%s", r.Completion.Body)
				require.Equal(t, model, gjson.GetBytes(r.Completion.Body, "model").String())
				require.True(t, strings.HasSuffix(gjson.GetBytes(r.Completion.Body, "id").String(), r.UsageID.Tail()))
				require.Positive(t, r.CreditsCharged)
				require.False(t, w.log().Estimated, "the provider's own count is read in every form")
				require.Equal(t, string(kind), w.log().Endpoint)

				s, events, err := w.relay(t.Context(), tom, call(`,"stream":true`), nil)
				require.NoError(t, err)
				require.Contains(t, events, ends[kind])
				require.Contains(t, events, s.UsageID.Tail())
				require.False(t, w.log().Estimated)
				require.Equal(t, r.CreditsCharged, s.CreditsCharged, "whole or streamed, it costs the same")

				c, _, err := w.relay(t.Context(), tom, call(tools[kind]), nil)
				require.NoError(t, err)
				require.Equal(t, "look_up", gjson.GetBytes(c.Completion.Body, called[kind]).String(), "%s", c.Completion.Body)
				_, events, err = w.relay(t.Context(), tom, call(tools[kind]+`,"stream":true`), nil)
				require.NoError(t, err)
				require.Contains(t, events, `look_up`)
			})
		}
	}
	w.sound()
}

func TestWhatNoProviderCanBeAskedIsRefusedByName(t *testing.T) {
	w := newWorld(t)
	w.priceAt("claude-haiku-4-5", "anthropic")
	w.keyAt("anthropic", "sk-ant-0123456789abcdef", "100", false)
	tom := w.consumer("50")
	_, _, err := w.relay(t.Context(), tom, gateway.Call{Kind: provider.KindChat, Body: []byte(`{"model":"claude-haiku-4-5","max_tokens":20,"response_format":{"type":"grammar"},"messages":[{"role":"user","content":"hi"}]}`)}, nil)
	f := requireCode(t, fault.BadUserInput, err)
	require.Contains(t, f.Field, "response_format")
	require.Equal(t, "50", w.available(tom))
	_, _, err = w.relay(t.Context(), tom, gateway.Call{Kind: provider.KindEmbeddings, Body: []byte(`{"model":"claude-haiku-4-5","input":"hi"}`)}, nil)
	require.Equal(t, "model", requireCode(t, fault.BadUserInput, err).Field)
	_, _, err = w.relay(t.Context(), tom, gateway.Call{Kind: provider.KindChat, Body: []byte(`{"model":"claude-haiku-4-5","n":2,"messages":[{"role":"user","content":"hi"}]}`)}, nil)
	require.Equal(t, "n", requireCode(t, fault.BadUserInput, err).Field)

	w.priceAt("gpt-4o-search-preview", "openai")
	unknown := `,"messages":[{"role":"user","content":"hi"}],"new_thing":1}`
	_, _, err = w.relay(t.Context(), tom, gateway.Call{Kind: provider.KindChat, Body: []byte(`{"model":"gpt-4o-search-preview"` + unknown)}, nil)
	require.Equal(t, "new_thing", requireCode(t, fault.BadUserInput, err).Field, "what nobody knows, at a model that is not paid by its tokens alone")
	w.exec(`INSERT INTO model_aliases (name, model, updated_at) VALUES ('seeker', 'gpt-4o-search-preview', now())`)
	w.prices.Invalidate()
	_, _, err = w.relay(t.Context(), tom, gateway.Call{Kind: provider.KindChat, Body: []byte(`{"model":"seeker"` + unknown)}, nil)
	require.Equal(t, "new_thing", requireCode(t, fault.BadUserInput, err).Field, "nor by another name")
	w.sound()
}
