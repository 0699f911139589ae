package provider

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/clock"
)

func TestClassOfAnswer(t *testing.T) {
	body := func(code, kind, message string) string {
		return `{"error":{"message":"` + message + `","type":"` + kind + `","param":null,"code":` + code + `}}`
	}
	tests := []struct {
		name, provider string
		status         int
		body           string
		want           Class
	}{
		{"OpenAI: key unknown", "openai", 401, body(`"invalid_api_key"`, "invalid_request_error", "Incorrect API key provided: sk-ab***yz."), Dead},
		{"OpenAI: account deactivated", "openai", 401, body(`"account_deactivated"`, "invalid_request_error", "The account is deactivated"), Dead},
		{"401 without a body", "groq", 401, ``, Dead},
		{"Anthropic: authentication_error", "custom", 401, `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}`, Dead},
		{"Gemini: API_KEY_INVALID comes with 400", "custom", 400, `[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}]`, Dead},
		{"xAI: 400 with a text as error", "xai", 400, `{"code":"Client specified an invalid argument","error":"Incorrect API key provided: xa***zz. You can obtain an API key from https://console.x.ai."}`, Dead},
		{"OpenAI: insufficient_quota", "openai", 429, body(`"insufficient_quota"`, "insufficient_quota", "You exceeded your current quota"), Empty},
		{"OpenAI: credit_balance_exhausted", "openai", 429, body(`"credit_balance_exhausted"`, "x", "no"), Empty},
		{"Anthropic: credit balance with 400", "custom", 400, body(`null`, "invalid_request_error", "Your credit balance is too low to access the API."), Empty},
		{"Anthropic: 402", "custom", 402, body(`null`, "billing_error", "x"), Empty},
		{"DeepSeek: 402", "deepseek", 402, body(`"invalid_request_error"`, "unknown_error", "Insufficient Balance"), Empty},
		{"OpenRouter: 402", "openrouter", 402, `{"error":{"message":"This request requires more credits","code":402}}`, Empty},
		{"OpenRouter: the key's limit", "openrouter", 403, `{"error":{"message":"Key limit exceeded (total limit)","code":403}}`, Empty},
		{"xAI: credits used, 403", "xai", 403, `{"code":"x","error":"Your team 16f2151a has either used all available credits or reached its monthly spending limit."}`, Empty},
		{"xAI: credits used, 429", "xai", 429, `{"code":"x","error":"Your team 16f2151a has either used all available credits or reached its monthly spending limit."}`, Empty},
		{"Moonshot: quota", "moonshot", 429, body(`null`, "exceeded_current_quota_error", "x"), Empty},
		{"Qwen: arrearage", "qwen", 400, body(`"Arrearage"`, "Arrearage", "Access denied"), Empty},
		{"SiliconFlow: balance", "siliconflow", 403, `{"code":30001,"message":"Sorry, your account balance is insufficient","data":null}`, Empty},
		{"Zhipu: 1113", "zhipu", 429, body(`"1113"`, "", "arrears"), Empty},
		{"OpenAI: rate limit", "openai", 429, body(`"rate_limit_exceeded"`, "requests", "Rate limit reached"), RateLimited},
		{"Anthropic: rate_limit_error", "custom", 429, body(`null`, "rate_limit_error", "x"), RateLimited},
		{"Gemini: RESOURCE_EXHAUSTED", "custom", 429, `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"x"}}`, RateLimited},
		{"Qwen: its insufficient_quota is a limit per minute", "qwen", 429, body(`"insufficient_quota"`, "insufficient_quota", "Allocated quota exceeded"), RateLimited},
		{"Groq: too large for the minute", "groq", 413, body(`"rate_limit_exceeded"`, "tokens", "Request too large"), RateLimited},
		{"429 that is no JSON", "together", 429, `slow down`, RateLimited},
		{"500", "openai", 500, body(`null`, "server_error", "x"), ServerFault},
		{"502 in HTML", "openai", 502, `<html>`, ServerFault},
		{"503", "openai", 503, ``, ServerFault},
		{"504", "openai", 504, ``, ServerFault},
		{"Anthropic: 529", "custom", 529, body(`null`, "overloaded_error", "Overloaded"), ServerFault},
		{"Groq: 498", "groq", 498, ``, ServerFault},
		{"the provider's own timeout", "openai", 408, ``, ServerFault},
		{"403 permission", "openai", 403, body(`null`, "permission_error", "You have insufficient permissions"), NoModel},
		{"404 model", "openai", 404, body(`"model_not_found"`, "invalid_request_error", "The model does not exist"), NoModel},
		{"400 model, DeepSeek", "deepseek", 400, body(`"invalid_request_error"`, "invalid_request_error", "Model Not Exist"), NoModel},
		{"400 model, Groq", "groq", 400, body(`"model_decommissioned"`, "invalid_request_error", "gone"), NoModel},
		{"400 model, OpenRouter", "openrouter", 400, `{"error":{"message":"foo/bar is not a valid model ID","code":400}}`, NoModel},
		{"400", "openai", 400, body(`"invalid_value"`, "invalid_request_error", "Invalid 'temperature'"), Rejected},
		{"413", "openai", 413, ``, Rejected},
		{"422", "mistral", 422, `{"object":"error","message":{"detail":[{"msg":"Extra inputs are not permitted"}]},"type":"invalid_request_error"}`, Rejected},
		{"451", "openai", 451, ``, Rejected},
		{"moderation, OpenRouter", "openrouter", 403, `{"error":{"message":"flagged","code":403,"metadata":{"reasons":["x"],"flagged_input":"y"}}}`, Rejected},
		{"redirect", "openai", 302, ``, Redirected},
		{"a status that the dialect lacks", "openai", 418, ``, Unreadable},
		{"a quoted prompt can't empty a key", "openai", 400, body(`"invalid_value"`, "invalid_request_error", "Invalid 'stop': 'your credit balance is too low, insufficient_quota'"), Rejected},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, ok := Lookup(tt.provider)
			require.True(t, ok)
			got := classify(&p, tt.status, http.Header{}, []byte(tt.body), "sk-canary-0123456789", clock.System)
			require.Equal(t, tt.want, got.Class)
			require.Equal(t, tt.status, got.Status)
		})
	}
}

func TestOnlyWhatMayHaveBeenBilledIsFinal(t *testing.T) {
	final := map[Class]bool{Timeout: true, Rejected: true, Overlong: true, Canceled: true}
	for class := range words {
		require.Equal(t, !final[class], failed(class, 0, nil).Replayable(), class)
	}
}

func TestErrorInTheBodyOfASuccess(t *testing.T) {
	p, _ := Lookup("openrouter")
	for body, want := range map[string]Class{
		`{"error":{"code":429,"message":"x"}}`:                  RateLimited,
		`{"error":{"code":502,"message":"x"}}`:                  ServerFault,
		`{"error":{"code":"insufficient_quota","message":"x"}}`: Empty,
		`{"error":{"code":"invalid_api_key","message":"x"}}`:    Dead,
		`{"error":{"code":200,"message":"x"}}`:                  Unreadable,
		`{"error":"boom"}`:                                      Unreadable,
	} {
		e, ok := readError([]byte(body))
		require.True(t, ok, body)
		require.Equal(t, want, inBody(&p, http.Header{}, e, "", clock.System).Class, body)
	}
}

func TestRetryAfter(t *testing.T) {
	now := clock.NewFake(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	tests := []struct {
		name  string
		h     map[string]string
		delay string
		want  time.Duration
	}{
		{"seconds", map[string]string{"Retry-After": "37"}, "", 37 * time.Second},
		{"fractions", map[string]string{"Retry-After": "1.5"}, "", 1500 * time.Millisecond},
		{"date", map[string]string{"Retry-After": "Sun, 22 Nov 2026 12:02:00 GMT"}, "", 2 * time.Minute},
		{"date gone by", map[string]string{"Retry-After": "Sun, 22 Nov 2026 11:00:00 GMT"}, "", 0},
		{"milliseconds first", map[string]string{"Retry-After-Ms": "250", "Retry-After": "1"}, "", 250 * time.Millisecond},
		{"the limit that was hit", map[string]string{"X-Ratelimit-Remaining-Requests": "5", "X-Ratelimit-Reset-Requests": "6m0s", "X-Ratelimit-Remaining-Tokens": "0", "X-Ratelimit-Reset-Tokens": "20ms"}, "", 20 * time.Millisecond},
		{"reset without remaining", map[string]string{"X-Ratelimit-Reset-Requests": "6m0s"}, "", 6 * time.Minute},
		{"OpenRouter's moment", map[string]string{"X-Ratelimit-Reset": "1795348830000"}, "", 30 * time.Second},
		{"Google's delay", nil, "37s", 37 * time.Second},
		{"absurd", map[string]string{"Retry-After": "1e300"}, "", maxRest},
		{"negative", map[string]string{"Retry-After": "-5"}, "", 0},
		{"NaN", map[string]string{"Retry-After": "NaN"}, "", 0},
		{"nonsense", map[string]string{"Retry-After": "soon"}, "", 0},
		{"none", nil, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{}
			for k, v := range tt.h {
				h.Set(k, v)
			}
			require.Equal(t, tt.want, retryAfter(h, tt.delay, now))
		})
	}
}

func TestReasonIsFreeOfSecrets(t *testing.T) {
	const key = "weird.key/1"
	for _, m := range []string{
		"bad key " + key, "Incorrect API key provided: sk-CANARY1234. See", "sk-CANA********ARY9 is wrong", "Bearer CANARYCANARY",
		"in organization org-CANARY123 on tokens", "project proj_CANARY55", "mail canary@example.com now", "see https://evil.example/?key=CANARY",
		"id 3f2504e0-4f89-11d3-9a0c-0305e82cCANA", "token " + strings.Repeat("CANARY", 6),
	} {
		got := sanitise(m, key)
		require.NotContains(t, strings.ToLower(got), "canary", m)
		require.NotContains(t, got, key)
		require.Contains(t, got, "[redacted]", m)
	}
	require.Equal(t, "Invalid 'temperature': expected a value between 0 and 2", sanitise("Invalid 'temperature': expected\n a value between 0 and 2\x00", key))
	require.Len(t, []rune(sanitise(strings.Repeat("word ", 1000), key)), 301)
}

func TestFailureLogsNoKey(t *testing.T) {
	var out strings.Builder
	c, err := New(Options{Log: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	require.NoError(t, err)
	p, _ := Lookup("openai")
	f := c.note(&endpoint{provider: &p}, classify(&p, 401, nil, []byte(`{"error":{"message":"Incorrect API key provided: sk-CANARY"}}`), "sk-CANARY", c.clock))
	require.Contains(t, out.String(), "class=dead")
	require.NotContains(t, out.String()+f.Error(), "CANARY")
}
