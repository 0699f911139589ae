package provider_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/provider"
)

// scripted is a provider that answers "METHOD path?query" as it is told, and 404 to anything else.
type scripted struct {
	answers map[string]string // "" or what begins with a status: "429 …"
	header  http.Header
	paths   bool // answers by the path, whatever the query

	mu     sync.Mutex
	calls  []string
	bodies []string
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	call := r.Method + " " + r.URL.RequestURI()
	if s.paths {
		call = r.Method + " " + r.URL.Path
	}
	s.mu.Lock()
	s.calls = append(s.calls, call)
	if len(body) > 0 {
		s.bodies = append(s.bodies, string(body))
	}
	s.mu.Unlock()
	for k, v := range s.header {
		w.Header()[k] = v
	}
	answer, ok := s.answers[call]
	switch {
	case !ok:
		w.WriteHeader(http.StatusNotFound)
	case len(answer) > 4 && answer[3] == ' ' && strings.Trim(answer[:3], "0123456789") == "":
		w.WriteHeader(int(answer[0]-'0')*100 + int(answer[1]-'0')*10 + int(answer[2]-'0'))
		_, _ = io.WriteString(w, answer[4:])
	default:
		_, _ = io.WriteString(w, answer)
	}
}

func (s *scripted) serve(t *testing.T, name string) *provider.Client {
	t.Helper()
	u := httptest.NewServer(s)
	t.Cleanup(u.Close)
	return client(t, map[string]string{name: u.URL})
}

const (
	claudes    = `{"data":[{"type":"model","id":"claude-opus-4-8"},{"type":"model","id":"claude-haiku-4-5-20251001"}],"has_more":false,"first_id":"claude-opus-4-8","last_id":"claude-haiku-4-5-20251001"}`
	claudeHi   = `{"model":"claude-haiku-4-5-20251001","max_tokens":1,"messages":[{"role":"user","content":"Hi"}]}`
	claudeSays = `{"id":"msg_1","type":"message","role":"assistant","content":[{"type":"text","text":"Hi"}],"stop_reason":"max_tokens","usage":{"input_tokens":8,"output_tokens":1}}`
	geminis    = `{"models":[{"name":"models/gemini-2.5-flash","supportedGenerationMethods":["generateContent","countTokens"]},{"name":"models/gemini-embedding-001","supportedGenerationMethods":["embedContent"]},{"name":"models/imagen-4","supportedGenerationMethods":["predict"]}]}`
	geminiCall = "POST /models/gemini-2.5-flash:generateContent"
	geminiSays = `{"candidates":[{"finishReason":"MAX_TOKENS","index":0}],"usageMetadata":{"promptTokenCount":1,"totalTokenCount":1}}`
)

func TestVerifyAnthropic(t *testing.T) {
	s := &scripted{header: http.Header{"Anthropic-Organization-Id": {"36562039-1ae4"}}, answers: map[string]string{
		"GET /models?limit=1000":                          `{"data":[{"id":"claude-opus-4-8"}],"has_more":true,"last_id":"claude-opus-4-8"}`,
		"GET /models?after_id=claude-opus-4-8&limit=1000": claudes,
		"POST /messages":                                  claudeSays,
	}}
	v, steps, err := verify(t, s.serve(t, "anthropic"), "anthropic")
	require.NoError(t, err)
	require.Equal(t, provider.Verification{Models: []string{"claude-haiku-4-5-20251001", "claude-opus-4-8"}, Account: "36562039-1ae4"}, v)
	require.Equal(t, "KEY MODELS BALANCE", names(steps))
	require.JSONEq(t, claudeHi, s.bodies[0])
}

func TestVerifyGemini(t *testing.T) {
	s := &scripted{answers: map[string]string{
		"GET /models?pageSize=1000":              `{"models":[{"name":"models/gemini-2.5-pro","supportedGenerationMethods":["generateContent"]}],"nextPageToken":"p2"}`,
		"GET /models?pageSize=1000&pageToken=p2": geminis,
		geminiCall:                               geminiSays,
	}}
	v, steps, err := verify(t, s.serve(t, "gemini"), "gemini")
	require.NoError(t, err)
	require.Equal(t, []string{"gemini-2.5-flash", "gemini-2.5-pro", "gemini-embedding-001"}, v.Models)
	require.Equal(t, "KEY MODELS BALANCE", names(steps))
	require.JSONEq(t, `{"contents":[{"role":"user","parts":[{"text":"Hi"}]}],"generationConfig":{"maxOutputTokens":1}}`, s.bodies[0])
	for _, call := range s.calls {
		require.NotContains(t, call, "key=")
	}
}

func TestVerifyEndsAListThatGoesRound(t *testing.T) {
	s := &scripted{answers: map[string]string{
		"GET /models?pageSize=1000":             `{"models":[],"nextPageToken":"p"}`,
		"GET /models?pageSize=1000&pageToken=p": `{"models":[],"nextPageToken":"p"}`,
	}}
	_, _, err := verify(t, s.serve(t, "gemini"), "gemini")
	require.NoError(t, err)
	require.Len(t, s.calls, 5)
}

func TestVerifyRefusesInEveryDialect(t *testing.T) {
	low := `400 {"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}}`
	for _, tt := range []struct {
		name, provider string
		answers        map[string]string
		want           fault.Code
		steps          string
	}{
		{"Anthropic: unknown key", "anthropic", map[string]string{"GET /models?limit=1000": `401 {"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}`}, fault.KeyRejected, "KEY!"},
		{"Anthropic: disabled", "anthropic", map[string]string{"GET /models?limit=1000": `400 {"type":"error","error":{"type":"invalid_request_error","message":"This organization has been disabled."}}`}, fault.KeyRejected, "KEY!"},
		{"Anthropic: empty", "anthropic", map[string]string{"GET /models?limit=1000": claudes, "POST /messages": low}, fault.DeclaredQuotaTooHigh, "KEY MODELS BALANCE!"},
		{"Anthropic: overloaded", "anthropic", map[string]string{"GET /models?limit=1000": claudes, "POST /messages": `529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`}, fault.ProviderUnreachable, "KEY MODELS BALANCE!"},
		{"Anthropic: garbage", "anthropic", map[string]string{"GET /models?limit=1000": claudes, "POST /messages": `"Hi"`}, fault.ProviderUnreachable, "KEY MODELS BALANCE!"},
		{"Anthropic: our country", "anthropic", map[string]string{"GET /models?limit=1000": `403 {"error":{"type":"forbidden","message":"Request not allowed"}}`}, fault.ProviderUnreachable, "KEY!"},
		{"Gemini: unknown key", "gemini", map[string]string{"GET /models?pageSize=1000": `400 {"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}`}, fault.KeyRejected, "KEY!"},
		{"Gemini: empty", "gemini", map[string]string{"GET /models?pageSize=1000": geminis, geminiCall: `429 {"error":{"code":429,"message":"Your prepayment credits are depleted.","status":"RESOURCE_EXHAUSTED"}}`}, fault.DeclaredQuotaTooHigh, "KEY MODELS BALANCE!"},
		{"OpenRouter: a list that is open to all proves nothing", "openrouter", map[string]string{"GET /models": `{"data":[{"id":"m"}]}`, "GET /key": `401 {"error":{"message":"User not found.","code":401}}`}, fault.KeyRejected, "KEY!"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, steps, err := verify(t, (&scripted{answers: tt.answers}).serve(t, tt.provider), tt.provider)
			require.Equal(t, tt.want, fault.CodeOf(err))
			require.Equal(t, tt.steps, names(steps))
		})
	}
}

func TestVerifyPassesUnderALimitInEveryDialect(t *testing.T) {
	for name, answers := range map[string]map[string]string{
		"anthropic": {"GET /models?limit=1000": claudes, "POST /messages": `429 {"type":"error","error":{"type":"rate_limit_error","message":"x"}}`},
		"gemini":    {"GET /models?pageSize=1000": geminis, geminiCall: `429 {"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"x"}}`},
	} {
		v, _, err := verify(t, (&scripted{answers: answers}).serve(t, name), name)
		require.NoError(t, err, name)
		require.NotEmpty(t, v.Models)
	}
}

func TestModelsOfAzureAreNamedWithAndWithoutTheirVersion(t *testing.T) {
	s := &scripted{answers: map[string]string{
		"GET /models":            `{"data":[{"id":"gpt-4o-2024-08-06","capabilities":{"inference":true}},{"id":"gpt-4-0613","capabilities":{"inference":true}},{"id":"text-embedding-3-small"},{"id":"ft-only","capabilities":{"inference":false}}]}`,
		"POST /chat/completions": `{"choices":[{"message":{"content":"x"}}]}`,
	}}
	v, err := s.serve(t, "azure").Verify(t.Context(), provider.Target{Provider: "azure", BaseURL: "https://bob.openai.azure.com"}, plain(canary), provider.VerifyOptions{})
	require.NoError(t, err)
	require.Equal(t, []string{"gpt-4", "gpt-4-0613", "gpt-4o", "gpt-4o-2024-08-06", "text-embedding-3-small"}, v.Models)
	require.Contains(t, s.bodies[0], `"gpt-4o"`)
}

func TestAzureIsNotCalledElsewhere(t *testing.T) {
	_, err := client(t, nil).Verify(t.Context(), provider.Target{Provider: "azure", BaseURL: "https://llm.example.com"}, plain(canary), provider.VerifyOptions{})
	require.Equal(t, fault.BadUserInput, fault.CodeOf(err))
}

func TestConfirmInEveryDialect(t *testing.T) {
	for _, tt := range []struct{ name, provider, call, refusal string }{
		{"Anthropic", "anthropic", "GET /models", `401 {"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}`},
		{"Gemini", "gemini", "GET /models", `400 {"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}`},
		{"OpenRouter", "openrouter", "GET /key", `401 {"error":{"message":"User not found.","code":401}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			confirm := func(answer string) bool {
				s := &scripted{answers: map[string]string{"GET /models": `{"data":[]}`, tt.call: answer}}
				return s.serve(t, tt.provider).Confirm(t.Context(), provider.Target{Provider: tt.provider}, plain(canary))
			}
			require.True(t, confirm(tt.refusal))
			require.False(t, confirm(`{"data":[]}`), "a key that works")
			require.False(t, confirm(`503 {}`))
			require.False(t, confirm(`403 {"error":{"type":"forbidden","message":"Request not allowed"}}`), "our country is no fault of the key")
		})
	}
}
