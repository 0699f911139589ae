package sandbox_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/sandbox"
)

const content = `{"contents":[{"role":"user","parts":[{"text":"12345"}]}]}`

func google(t *testing.T, url, key, call, body string) (int, http.Header, string) {
	t.Helper()
	return callWith(t, "POST", url+"/v1beta/models/"+call, http.Header{"X-Goog-Api-Key": {key}}, body)
}

func TestGemini(t *testing.T) {
	s, url := start(t, sandbox.Options{Keys: "sk-a=100", Length: 10})
	do := func(method, body string) string {
		status, _, answer := google(t, url, "sk-a", "gemini-2.5-flash:"+method, body)
		require.Equal(t, 200, status, answer)
		return answer
	}
	const whole, streamed = "generateContent", "streamGenerateContent?alt=sse"
	t.Run("text", func(t *testing.T) {
		answer := do(whole, content)
		require.Equal(t, "STOP 8 10 18", strings.Join([]string{
			gjson.Get(answer, "candidates.0.finishReason").Str, gjson.Get(answer, "usageMetadata.promptTokenCount").Raw,
			gjson.Get(answer, "usageMetadata.candidatesTokenCount").Raw, gjson.Get(answer, "usageMetadata.totalTokenCount").Raw,
		}, " "))
		require.Len(t, strings.Fields(gjson.Get(answer, "candidates.0.content.parts.0.text").Str), 10)
		k, _ := s.Key("sk-a")
		require.Equal(t, "0.0000274", k.Used.String(), "8 × 0.3 + 10 × 2.5 USD a million")
	})
	t.Run("streamed text", func(t *testing.T) {
		list := events(t, do(streamed, content))
		require.Len(t, list, 3+1)
		require.Len(t, strings.Fields(join(list, "candidates.0.content.parts.0.text")), 10)
		require.Equal(t, "STOP", join(list, "candidates.0.finishReason"))
		require.Equal(t, "8888", join(list, "usageMetadata.promptTokenCount"))
		require.Equal(t, "10", gjson.Get(list[3].data, "usageMetadata.candidatesTokenCount").Raw)
	})
	t.Run("thoughts", func(t *testing.T) {
		body := with(content, `"generationConfig":{"thinkingConfig":{"includeThoughts":true}}`)
		answer := do(whole, body)
		require.Equal(t, "12 10 30", gjson.Get(answer, "usageMetadata.thoughtsTokenCount").Raw+" "+gjson.Get(answer, "usageMetadata.candidatesTokenCount").Raw+" "+gjson.Get(answer, "usageMetadata.totalTokenCount").Raw)
		require.Equal(t, "true", gjson.Get(answer, "candidates.0.content.parts.0.thought").Raw)
		list := events(t, do(streamed, body))
		require.Equal(t, "truetruetrue", join(list, "candidates.0.content.parts.0.thought"))
		hidden := strings.Replace(body, "true", "false", 1)
		require.NotContains(t, do(whole, hidden)+do(streamed, hidden), `"thought":true`)
		require.EqualValues(t, 12, gjson.Get(do(whole, hidden), "usageMetadata.thoughtsTokenCount").Int())
		require.False(t, gjson.Get(do(whole, strings.Replace(body, `"includeThoughts":true`, `"thinkingBudget":0`, 1)), "usageMetadata.thoughtsTokenCount").Exists())
	})
	t.Run("a function", func(t *testing.T) {
		schema := strings.Replace(gjson.Get(weather, "function.parameters").Raw, `"string"`, `"STRING"`, 1)
		body := with(content, `"tools":[{"functionDeclarations":[{"name":"get_weather","parameters":`+schema+`}]}]`)
		require.Equal(t, weatherArgs, gjson.Get(do(whole, body), "candidates.0.content.parts.0.functionCall.args").Raw)
		list := events(t, do(streamed, body))
		require.Equal(t, "get_weather", join(list, "candidates.0.content.parts.0.functionCall.name"))
		require.Equal(t, weatherArgs, join(list, "candidates.0.content.parts.0.functionCall.args"))
		require.NotContains(t, do(whole, with(body, `"toolConfig":{"functionCallingConfig":{"mode":"NONE"}}`)), "functionCall")
		result := strings.Replace(body, `"12345"}]}`, `"12345"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{}}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}}]}`, 1)
		require.Contains(t, result, "functionResponse")
		require.NotContains(t, do(whole, result), "functionCall")
	})
	t.Run("JSON, candidates and a cap", func(t *testing.T) {
		schema := gjson.Get(weather, "function.parameters").Raw
		answer := do(whole, with(content, `"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":`+schema+`}`))
		require.Equal(t, weatherArgs, gjson.Get(answer, "candidates.0.content.parts.0.text").Str)
		answer = do(whole, with(content, `"generationConfig":{"candidateCount":2,"maxOutputTokens":3}`))
		require.Equal(t, `["MAX_TOKENS","MAX_TOKENS"]6`, gjson.Get(answer, "candidates.#.finishReason").Raw+gjson.Get(answer, "usageMetadata.candidatesTokenCount").Raw)
	})
}

func TestGeminiListsModels(t *testing.T) {
	_, url := start(t, sandbox.Options{Keys: "sk-a=100"})
	h := http.Header{"X-Goog-Api-Key": {"sk-a"}}
	status, _, body := callWith(t, "GET", url+"/v1beta/models", h, "")
	require.Equal(t, 200, status)
	require.Contains(t, gjson.Get(body, "models.#.name").Raw, `"models/gemini-2.5-flash"`)
	for _, path := range []string{"?key=sk-a", ""} {
		status, _, body = callWith(t, "GET", url+"/v1beta/models"+path, http.Header{}, "")
		require.Equal(t, 400, status)
		require.Equal(t, "INVALID_ARGUMENT", gjson.Get(body, "error.status").Str)
	}
	status, _, _ = callWith(t, "GET", url+"/v1beta/models?key=sk-a", h, "")
	require.Equal(t, 400, status)
}

func TestGeminiRefuses(t *testing.T) {
	s, url := start(t, sandbox.Options{Keys: "sk-a=100,sk-empty=0"})
	on := func(f sandbox.Fault) *sandbox.Fault { f.On = "gemini"; return &f }
	const ask = "gemini-2.5-flash:generateContent"
	for name, tt := range map[string]struct {
		key, call, body string
		fault           *sandbox.Fault
		status          int
		name, detail    string // what the details say at detail
	}{
		"unknown key":  {"sk-none", ask, content, nil, 400, "INVALID_ARGUMENT", "details.0.reason=API_KEY_INVALID"},
		"scripted key": {"sk-a", ask, content, on(sandbox.Fault{Kind: sandbox.Unauthorized}), 400, "INVALID_ARGUMENT", "details.0.reason=API_KEY_INVALID"},
		"no model":     {"sk-a", "gemini-0:generateContent", content, nil, 404, "NOT_FOUND", ""},
		"no method":    {"sk-a", "gemini-2.5-flash:sing", content, nil, 404, "NOT_FOUND", ""},
		"not events":   {"sk-a", "gemini-2.5-flash:streamGenerateContent", content, nil, 400, "INVALID_ARGUMENT", ""},
		"no contents":  {"sk-a", ask, `{}`, nil, 400, "INVALID_ARGUMENT", ""},
		"nothing left": {"sk-empty", ask, content, nil, 429, "RESOURCE_EXHAUSTED", ""},
		"rate":         {"sk-a", ask, content, on(sandbox.Fault{Kind: sandbox.RateLimit, RetryAfter: 37 * time.Second}), 429, "RESOURCE_EXHAUSTED", "details.0.retryDelay=37s"},
		"day":          {"sk-a", ask, content, on(sandbox.Fault{Kind: sandbox.RateLimit, QuotaID: "GenerateRequestsPerDayPerProjectPerModel"}), 429, "RESOURCE_EXHAUSTED", "details.0.violations.0.quotaId=GenerateRequestsPerDayPerProjectPerModel"},
		"overloaded":   {"sk-a", ask, content, on(sandbox.Fault{Kind: sandbox.ServerError, Status: 503}), 503, "UNAVAILABLE", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.fault != nil {
				require.NoError(t, s.Script("sk-a", *tt.fault))
			}
			status, _, body := google(t, url, tt.key, tt.call, tt.body)
			require.Equal(t, tt.status, status, body)
			require.Equal(t, tt.name, gjson.Get(body, "error.status").Str)
			require.EqualValues(t, tt.status, gjson.Get(body, "error.code").Int())
			path, want, _ := strings.Cut(tt.detail, "=")
			require.Equal(t, want, gjson.Get(body, "error."+path).Str)
		})
	}
	require.NoError(t, s.Script("sk-a", *on(sandbox.Fault{Kind: sandbox.StreamError, Status: 503})))
	_, _, body := google(t, url, "sk-a", "gemini-2.5-flash:streamGenerateContent?alt=sse", content)
	list := events(t, body)
	require.Equal(t, "UNAVAILABLE", gjson.Get(list[len(list)-1].data, "error.status").Str)
}
