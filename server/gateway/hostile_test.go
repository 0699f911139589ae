package gateway_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/gateway"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/routing"
	"github.com/resourcepool/resourcepool/server/sandbox"
)

// What follows was tried against the gateway by people who meant it no good.

const hostileKey = "sk-hostile-0123456789abcdef"

func answered(status int, on, body string) sandbox.Fault {
	return sandbox.Fault{Kind: sandbox.RawAnswer, Status: status, On: on, Body: body, Headers: map[string]string{"Content-Type": "application/json"}}
}

func callOf(kind provider.Kind, body string) gateway.Call {
	return gateway.Call{Kind: kind, Body: []byte(body)}
}

func TestEveryCompletionOfAListIsPaidWhateverComesFirst(t *testing.T) {
	w := newWorld(t)
	w.priceAt("gpt-3.5-turbo-instruct", "openai")
	w.key(hostileKey, "1000", false)
	for _, members := range []string{`"n":4,"prompt":["a","b","c","d"]`, `"prompt":["a","b","c","d"],"n":4`} {
		w.up.Script(hostileKey, answered(200, "completions", `{"id":"x","object":"text_completion","choices":[{"text":"x","finish_reason":"length"}],"usage":{"prompt_tokens":4,"completion_tokens":1600,"total_tokens":1604}}`))
		_, _, err := w.relay(t.Context(), w.consumer("50"), callOf(provider.KindCompletions, `{"model":"gpt-3.5-turbo-instruct","max_tokens":100,`+members+`}`), nil)
		require.NoError(t, err)
		require.Equal(t, int64(1600), w.log().CompletionTokens)
		require.False(t, w.log().Clamped)
	}
}

func TestACacheIsPaidHoweverItIsWritten(t *testing.T) {
	w := newWorld(t)
	w.priceAt("claude-haiku-4-5", "anthropic")
	w.keyAt("anthropic", hostileKey, "1000", false)
	var charged []money.Credits
	for _, control := range []string{`"cache_control":{"type":"ephemeral","ttl":"1h"}`, `"cache\u005fcontrol":{"type":"ephemeral","ttl":"1h"}`, `"cache_control":{"type":"ephemeral","ttl":"1\u0068"}`} {
		w.up.Script(hostileKey, answered(200, "messages", `{"id":"msg_x","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn",
			"usage":{"input_tokens":1,"cache_creation_input_tokens":100000,"cache_creation":{"ephemeral_1h_input_tokens":100000},"output_tokens":1}}`))
		r, _, err := w.relay(t.Context(), w.consumer("50"), callOf(provider.KindMessages,
			`{"model":"claude-haiku-4-5","max_tokens":20,"messages":[{"role":"user","content":[{"type":"text","text":"`+strings.Repeat("a ", 60_000)+`",`+control+`}]}]}`), nil)
		require.NoError(t, err)
		charged = append(charged, r.CreditsCharged)
	}
	require.Equal(t, charged[0], charged[1])
	require.Equal(t, charged[0], charged[2])
	require.Greater(t, charged[0], money.Credits(39*one/100), "twice the input's price for 100 000 tokens at 2 Credits a million")
}

// Who leaves a stream pays for its prompt: as the provider told it at the beginning, else as counted here.
func TestLeavingAStreamDoesNotMakeItsPromptFree(t *testing.T) {
	w := newWorld(t)
	w.priceAt("claude-haiku-4-5", "anthropic")
	w.priceAt("gpt-3.5-turbo-instruct", "openai")
	w.keyAt("anthropic", hostileKey, "1000", false)
	w.key(first, "1000", false)
	leave := func(n int) bool { return n > 4 }
	w.up.Script(hostileKey, sandbox.Fault{Kind: sandbox.UsageOverride, On: "messages", Prompt: 150_000, Completion: 100})
	_, _, _ = w.relay(t.Context(), w.consumer("50"), callOf(provider.KindMessages, `{"model":"claude-haiku-4-5","max_tokens":100,"stream":true,"messages":[{"role":"user","content":[
		{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"`+strings.Repeat("A", 20_000)+`"}}]}]}`), leave)
	require.Equal(t, int64(150_000), w.log().PromptTokens)
	_, _, _ = w.relay(t.Context(), w.consumer("50"), callOf(provider.KindCompletions,
		`{"model":"gpt-3.5-turbo-instruct","max_tokens":100,"stream":true,"prompt":[`+strings.TrimSuffix(strings.Repeat("1,", 3000), ",")+`]}`), leave)
	require.GreaterOrEqual(t, w.log().PromptTokens, int64(3000))
	w.sound()
}

func TestWhatXAIThinksIsPaid(t *testing.T) {
	w := newWorld(t)
	w.priceAt("gpt-4o", "xai")
	w.keyAt("xai", hostileKey, "1000", false)
	w.up.Script(hostileKey, answered(200, "chat", `{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":32,"completion_tokens":9,"total_tokens":135,"completion_tokens_details":{"reasoning_tokens":94}}}`))
	_, _, err := w.relay(t.Context(), w.consumer("50"), callOf(provider.KindChat, `{"model":"gpt-4o","max_tokens":200,"messages":[{"role":"user","content":"hi"}]}`), nil)
	require.NoError(t, err)
	require.Equal(t, int64(103), w.log().CompletionTokens)
	require.False(t, w.log().Clamped)
}

// One consumer's odd request must not take keys, models or providers away from the others.
func TestOneConsumersRequestTakesNothingFromTheOthers(t *testing.T) {
	for name, c := range map[string]struct {
		call  gateway.Call
		fault sandbox.Fault
	}{
		"the wrong endpoint": {callOf(provider.KindCompletions, `{"model":"gpt-4o","prompt":"x","max_tokens":5}`),
			answered(404, "completions", `{"error":{"message":"This is a chat model and not supported in the v1/completions endpoint.","type":"invalid_request_error"}}`)},
		"another endpoint that some lack": {callOf(provider.KindCompletions, `{"model":"gpt-4o","prompt":"x","max_tokens":5}`),
			answered(404, "completions", `{"error":{"message":"Not here.","type":"invalid_request_error","code":"model_not_found"}}`)},
		"a quotation": {callOf(provider.KindChat, `{"model":"gpt-4o","max_tokens":5,"reasoning_effort":"invalid api key","messages":[{"role":"user","content":"x"}]}`),
			answered(400, "chat", `{"error":{"message":"Invalid value: 'invalid api key'. Supported values are: 'low', 'medium', and 'high'.","type":"invalid_request_error"}}`)},
		"what every key fails at": {callOf(provider.KindChat, `{"model":"gpt-4o","max_tokens":5,"messages":[{"role":"user","content":"x"}]}`),
			answered(500, "chat", `{"error":{"message":"The server had an error","type":"server_error"}}`)},
		"more than a minute's worth": {callOf(provider.KindChat, `{"model":"gpt-4o","max_tokens":5,"messages":[{"role":"user","content":"x"}]}`),
			answered(429, "chat", `{"error":{"message":"Request too large for gpt-4o on tokens per min (TPM): Limit 10, Requested 20.","type":"tokens","code":"rate_limit_exceeded"}}`)},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.priceAt("gpt-4o", "openai")
			for i := range 3 {
				k := fmt.Sprintf("%s%d", hostileKey, i)
				w.key(k, "1000", false)
				w.up.Script(k, c.fault)
			}
			_, _, err := w.relay(t.Context(), w.consumer("50"), c.call, nil)
			require.Error(t, err)
			for i := range 3 {
				w.up.Server.ClearScript(fmt.Sprintf("%s%d", hostileKey, i))
			}
			_, _, err = w.relay(t.Context(), w.consumer("50"), callOf(provider.KindChat, `{"model":"gpt-4o","max_tokens":5,"messages":[{"role":"user","content":"y"}]}`), nil)
			require.NoError(t, err)
			require.Equal(t, int64(1), w.log().Attempts)
		})
	}
}

func TestAnErrorThatLooksLikeAnAnswerIsNone(t *testing.T) {
	w := newWorld(t)
	w.priceAt("gpt-4o", "openrouter")
	w.priceAt("gpt-4o-mini", "openai")
	w.keyAt("openrouter", hostileKey, "1000", false)
	w.up.Script(hostileKey, answered(200, "chat", `{"id":"gen-1","choices":[{"index":0,"native_finish_reason":"error","finish_reason":"error","message":{"content":""},"error":{"code":502,"message":"Upstream error from Azure: key sk-or-v1-aaaabbbb","metadata":{"provider_name":"Azure"}}}],"usage":{"prompt_tokens":5,"completion_tokens":0}}`))
	_, _, err := w.relay(t.Context(), w.consumer("50"), callOf(provider.KindChat, `{"model":"gpt-4o","max_tokens":20,"messages":[{"role":"user","content":"hi"}]}`), nil)
	requireCode(t, fault.UpstreamFailed, err)
	w.up.Script(hostileKey, answered(200, "chat", `{"id":"gen-1","provider":"Azure","choices":[{"native_finish_reason":"STOP_AZURE","finish_reason":"stop","message":{"content":"hi"}}],"usage":{"prompt_tokens":5,"completion_tokens":1}}`))
	r, _, err := w.relay(t.Context(), w.consumer("50"), callOf(provider.KindChat, `{"model":"gpt-4o","max_tokens":20,"messages":[{"role":"user","content":"hi"}]}`), nil)
	require.NoError(t, err)
	require.NotContains(t, strings.ToLower(string(r.Completion.Body)), "azure")
	w.key(first, "1000", false)
	w.up.Script(first, answered(200, "responses", `{"id":"resp_up","object":"response","status":"failed","error":{"code":"server_error","message":"org-secret123 failed"},"output":[],"usage":{"input_tokens":500,"output_tokens":0}}`))
	_, _, err = w.relay(t.Context(), w.consumer("50"), callOf(provider.KindResponses, `{"model":"gpt-4o-mini","input":"hi","max_output_tokens":50}`), nil)
	f := requireCode(t, fault.UpstreamFailed, err)
	require.NotContains(t, f.Message, "org-")
	require.Zero(t, w.log().CreditsCharged)
}

func TestAnAnswerThatIsTooLongToKeepIsNotGivenAsAnEmptyOne(t *testing.T) {
	w := newWorld(t)
	w.priceAt("gpt-4o", "openai")
	w.key(hostileKey, "1000", false)
	tom := w.consumer("50")
	w.up.SetLength(100_000)
	call := keyed(callOf(provider.KindChat, `{"model":"gpt-4o","max_tokens":100000,"stream":true,"messages":[{"role":"user","content":"hi"}]}`), "k")
	_, events, err := w.relay(t.Context(), tom, call, nil)
	require.NoError(t, err)
	require.Greater(t, len(events), 4<<20)
	_, _, err = w.relay(t.Context(), tom, call, nil)
	requireCode(t, fault.Conflict, err)
	require.Equal(t, 1, w.count(`SELECT count(*) FROM usage_logs`))
}

func TestThousandsOfEmbeddingsAreAnOrdinaryAnswer(t *testing.T) {
	w := newWorld(t)
	w.priceAt("text-embedding-3-large", "openai")
	w.key(hostileKey, "1000", false)
	r, _, err := w.relay(t.Context(), w.consumer("50"), callOf(provider.KindEmbeddings,
		`{"model":"text-embedding-3-large","encoding_format":"base64","dimensions":3072,"input":[`+strings.TrimSuffix(strings.Repeat(`"x",`, 2048), ",")+`]}`), nil)
	require.NoError(t, err)
	require.Greater(t, len(r.Completion.Body), 32<<20)
	require.Equal(t, int64(1), w.log().Attempts)
}

func TestARequestMadeToHurtIsRefusedAtOnce(t *testing.T) {
	w := newWorld(t)
	var log bytes.Buffer
	gw := gateway.New(gateway.Deps{Vault: w.vault, Log: slog.New(slog.NewTextHandler(&log, nil))})
	tom := w.consumer("50")
	nested := strings.Repeat(`{"type":"tool_result","content":[`, 90) + `{"type":"text","text":"` + strings.Repeat("x", 1<<20) + `"}` + strings.Repeat(`]}`, 90)
	var members strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&members, `,"the prompt says %d":1`, i)
	}
	for name, body := range map[string]string{
		"nested results": `{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[` + nested + `]}]}`,
		"many members":   `{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"}]` + members.String() + `}`,
		"an odd image":   `{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"image_url","image_url":"` + strings.Repeat(`\u0061`, 50) + `"},{"type":"x","type":"y"}]}]}`,
		"many tokens":    `{"model":"m","input":[` + strings.TrimSuffix(strings.Repeat("1,", 400_000), ",") + `]}`,
	} {
		t.Run(name, func(t *testing.T) {
			kind := provider.KindMessages
			if strings.Contains(body, `"input"`) {
				kind = provider.KindEmbeddings
			}
			_, err := gw.Accept(tom, callOf(kind, body))
			requireCode(t, fault.BadUserInput, err)
		})
	}
	require.Zero(t, log.Len(), "the client's words are no names")
}

// A rest of another server is not cut short by what this one hears of an older call.
func TestALongerRestStands(t *testing.T) {
	w := newWorld(t)
	until := time.Now().Add(time.Minute)
	write := func(why routing.Exclusion, at time.Time, failures int64) {
		_, err := w.ledger.Do(t.Context(), ledger.Request{
			Op: &ledger.Grant{User: w.person().ID, Amount: one, Memo: "x"},
			Records: func(ledger.Outcome) []ledger.Row {
				return []ledger.Row{pool.RestRow(pool.Rest{Subject: string(source.New(ids.Resource))[:4] + "a", Model: "m", Why: why, Until: at, Failures: failures})}
			},
		})
		require.NoError(t, err)
	}
	left := func() int { return w.count(`SELECT count(*) FROM rests WHERE until > now() + interval '50 seconds'`) }
	write(routing.CoolingDown, until, 1)
	write(routing.CoolingDown, time.Now().Add(time.Second), 1)
	require.Equal(t, 1, left())
	write(routing.BackingOff, time.Now(), 0)
	require.Equal(t, 1, left(), "the end of another rest")
	write(routing.CoolingDown, time.Now(), 0)
	require.Zero(t, left(), "its own end")
}

func TestAnEventStaysOneEvent(t *testing.T) {
	require.Equal(t, "data: {\"a\": 1}\n\n", string(gateway.AppendEvent(nil, "", []byte("{\"a\":\n1}"))))
}
