package provider

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/clock"
)

// An answer that a provider gives, word for word where it is known.
type answered struct {
	provider string
	status   int
	h        http.Header
	body     string
	rest     time.Duration // the RetryAfter that follows
}

const (
	leakedKey = `{"error":{"code":403,"message":"Your API key was reported as leaked. Please use another API key.","status":"PERMISSION_DENIED"}}`
	suspended = `{"error":{"code":403,"message":"Permission denied: Consumer 'api_key:x' has been suspended.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"CONSUMER_SUSPENDED","domain":"googleapis.com","metadata":{"service":"generativelanguage.googleapis.com"}}]}}`
	perDay    = `{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED","details":[` +
		`{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"x","quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier"},{"quotaMetric":"x","quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]},` +
		`{"@type":"type.googleapis.com/google.rpc.Help"},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"37s"}]}}`
	perMinute = `{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED","details":[` +
		`{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateContentInputTokensPerModelPerMinute-FreeTier"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"37.5s"}]}}`
	credits = `{"code":"The caller does not have permission to execute the specified operation","error":"Your newly created team doesn't have any credits yet. You can purchase credits on https://console.x.ai."}`
	safety  = `{"code":"The caller does not have permission to execute the specified operation","error":"Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO"}`
)

func anthropicError(kind, message string) string {
	return `{"type":"error","error":{"type":"` + kind + `","message":"` + message + `"},"request_id":"req_011CSHoEeqs5C35K2UUqR7Fy"}`
}

func openaiError(code, kind, message string) string {
	return `{"error":{"message":"` + message + `","type":"` + kind + `","param":null,"code":"` + code + `"}}`
}

func TestEveryRowOfTheErrorTable(t *testing.T) {
	now := clock.NewFake(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)) // 4:00 in California
	rows := []struct {
		name    string
		want    Class
		answers map[string]answered
	}{
		{"dead key", Dead, map[string]answered{
			"OpenAI invalid_api_key":        {provider: "openai", status: 401, body: openaiError("invalid_api_key", "invalid_request_error", "Incorrect API key provided: sk-ab***yz.")},
			"OpenAI account_deactivated":    {provider: "openai", status: 401, body: openaiError("account_deactivated", "invalid_request_error", "The OpenAI account has been deactivated.")},
			"Anthropic":                     {provider: "anthropic", status: 401, body: anthropicError("authentication_error", "invalid x-api-key")},
			"Anthropic, account disabled":   {provider: "anthropic", status: 400, body: anthropicError("invalid_request_error", "This organization has been disabled.")},
			"Anthropic, account forbidden":  {provider: "anthropic", status: 403, body: anthropicError("permission_error", "Your organization has been disabled.")},
			"Gemini API_KEY_INVALID":        {provider: "gemini", status: 400, body: `{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"},{"reason":"OTHER"}]}}`},
			"Gemini, suspended":             {provider: "gemini", status: 403, body: suspended},
			"Gemini, leaked":                {provider: "gemini", status: 403, body: leakedKey},
			"xAI":                           {provider: "xai", status: 400, body: `{"code":"Client specified an invalid argument","error":"Incorrect API key provided: xa***zz."}`},
			"Azure":                         {provider: "azure", status: 401, body: `{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint."}}`},
			"Azure, firewall":               {provider: "azure", status: 403, body: `{"error":{"code":"403","message":"Access denied due to Virtual Network/Firewall rules."}}`},
			"Mistral":                       {provider: "mistral", status: 401, body: `{"detail":"Unauthorized"}`},
			"SiliconFlow":                   {provider: "siliconflow", status: 401, body: `"Invalid token"`},
			"DeepSeek":                      {provider: "deepseek", status: 401, body: openaiError("invalid_request_error", "authentication_error", "Authentication Fails")},
			"Moonshot":                      {provider: "moonshot-cn", status: 401, body: openaiError("", "invalid_authentication_error", "Invalid Authentication")},
			"Qwen":                          {provider: "qwen", status: 401, body: `{"code":"InvalidApiKey","message":"Invalid API-key provided.","request_id":"x"}`},
			"Zhipu, account locked":         {provider: "zhipu", status: 429, body: `{"error":{"code":"1112","message":"您的账户已被锁定，请联系客服解锁"}}`},
			"Z.ai":                          {provider: "zai", status: 401, body: `{"error":{"code":"1000","message":"Authentication Failed"}}`},
			"Groq, organization restricted": {provider: "groq", status: 400, body: openaiError("organization_restricted", "invalid_request_error", "Organization has been restricted.")},
		}},
		{"empty", Empty, map[string]answered{
			"OpenAI insufficient_quota":       {provider: "openai", status: 429, body: openaiError("insufficient_quota", "insufficient_quota", "You exceeded your current quota")},
			"OpenAI credit_balance_exhausted": {provider: "openai", status: 429, body: openaiError("credit_balance_exhausted", "insufficient_quota", "x")},
			"OpenAI account not active":       {provider: "openai", status: 429, body: openaiError("billing_not_active", "billing_not_active", "Your account is not active, please check your billing details on our website.")},
			"Anthropic 400":                   {provider: "anthropic", status: 400, body: anthropicError("invalid_request_error", "Your credit balance is too low to access the Anthropic API.")},
			"Anthropic 402":                   {provider: "anthropic", status: 402, body: anthropicError("billing_error", "x")},
			"Anthropic, the owner's limit":    {provider: "anthropic", status: 400, body: anthropicError("invalid_request_error", "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.")},
			"Gemini, prepaid":                 {provider: "gemini", status: 429, body: `{"error":{"code":429,"message":"Your prepayment credits are depleted.","status":"RESOURCE_EXHAUSTED"}}`},
			"DeepSeek 402":                    {provider: "deepseek", status: 402, body: openaiError("invalid_request_error", "unknown_error", "Insufficient Balance")},
			"OpenRouter 402":                  {provider: "openrouter", status: 402, body: `{"error":{"message":"This request requires more credits","code":402}}`},
			"xAI":                             {provider: "xai", status: 403, body: credits},
			"Zhipu":                           {provider: "zhipu", status: 429, body: `{"error":{"code":"1113","message":"您的账户已欠费，请充值后重试"}}`},
			"SiliconFlow":                     {provider: "siliconflow", status: 403, body: `{"code":30001,"message":"Sorry, your account balance is insufficient","data":null}`},
			"Moonshot":                        {provider: "moonshot", status: 429, body: openaiError("", "exceeded_current_quota_error", "x")},
			"Qwen, bill overdue with 429":     {provider: "qwen", status: 429, body: `{"error":{"code":"PostpaidBillOverdue","message":"The postpaid bill is overdue."}}`},
			"Qwen, arrears":                   {provider: "qwen-cn", status: 400, body: openaiError("Arrearage", "Arrearage", "Access denied")},
			"Fireworks 412":                   {provider: "fireworks", status: 412, body: `{"error":{"message":"Account bob is suspended, possibly due to reaching the monthly spending limit."}}`},
			"Groq, spend limit":               {provider: "groq", status: 400, body: openaiError("blocked_api_access", "invalid_request_error", "x")},
		}},
		{"rate limit", RateLimited, map[string]answered{
			"OpenAI":                       {provider: "openai", status: 429, h: header("Retry-After", "20", "x-ratelimit-reset-requests", "6m0s"), body: openaiError("rate_limit_exceeded", "requests", "Rate limit reached"), rest: 20 * time.Second},
			"OpenAI, by its limits":        {provider: "openai", status: 429, h: header("x-ratelimit-remaining-tokens", "0", "x-ratelimit-reset-tokens", "1.5s"), body: openaiError("rate_limit_exceeded", "tokens", "x"), rest: 1500 * time.Millisecond},
			"Anthropic":                    {provider: "anthropic", status: 429, h: header("retry-after", "7", "anthropic-ratelimit-requests-remaining", "0", "anthropic-ratelimit-requests-reset", "2026-11-25T12:10:00Z"), body: anthropicError("rate_limit_error", "x"), rest: 7 * time.Second},
			"Anthropic, by its limits":     {provider: "anthropic", status: 429, h: header("anthropic-ratelimit-requests-remaining", "9", "anthropic-ratelimit-requests-reset", "2026-11-25T12:10:00Z", "anthropic-ratelimit-input-tokens-remaining", "0", "anthropic-ratelimit-input-tokens-reset", "2026-11-25T12:00:30Z"), body: anthropicError("rate_limit_error", "x"), rest: 30 * time.Second},
			"Gemini, of the minute":        {provider: "gemini", status: 429, body: perMinute, rest: 37500 * time.Millisecond},
			"Gemini, of the day":           {provider: "gemini", status: 429, body: perDay, rest: 20 * time.Hour},
			"Gemini, as an array":          {provider: "gemini", status: 429, body: "[" + perDay + "]", rest: 20 * time.Hour},
			"Qwen says insufficient_quota": {provider: "qwen", status: 429, body: openaiError("insufficient_quota", "insufficient_quota", "Allocated quota exceeded")},
			"Zhipu, concurrency":           {provider: "zhipu", status: 429, body: `{"error":{"code":"1302","message":"您的账户已达到速率限制"}}`},
			"Mistral":                      {provider: "mistral", status: 429, body: `{"object":"error","message":"Requests rate limit exceeded","type":"rate_limited","param":null,"code":"1300"}`},
			"SiliconFlow":                  {provider: "siliconflow", status: 429, body: `{"message":"Request was rejected due to rate limiting.","data":null}`},
		}},
		{"fault of the provider", ServerFault, map[string]answered{
			"Anthropic 529":           {provider: "anthropic", status: 529, body: anthropicError("overloaded_error", "Overloaded")},
			"Anthropic 500":           {provider: "anthropic", status: 500, body: anthropicError("api_error", "x")},
			"502":                     {provider: "openai", status: 502, body: "<html>"},
			"503":                     {provider: "gemini", status: 503, body: `{"error":{"code":503,"status":"UNAVAILABLE","message":"The model is overloaded."}}`},
			"504":                     {provider: "deepseek", status: 504},
			"Moonshot, overloaded":    {provider: "moonshot", status: 429, body: openaiError("", "engine_overloaded_error", "The engine is currently overloaded")},
			"Zhipu, overloaded":       {provider: "zhipu", status: 429, body: `{"error":{"code":"1305","message":"该模型当前访问量过大"}}`},
			"OpenAI, our country":     {provider: "openai", status: 403, body: openaiError("unsupported_country_region_territory", "request_forbidden", "Country, region, or territory not supported")},
			"Anthropic, our country":  {provider: "anthropic", status: 403, body: anthropicError("forbidden", "Request not allowed")},
			"Gemini, our country":     {provider: "gemini", status: 400, body: `{"error":{"code":400,"message":"User location is not supported for the API use.","status":"FAILED_PRECONDITION"}}`},
			"a hint how long to wait": {provider: "openai", status: 503, h: header("Retry-After", "5"), rest: 5 * time.Second},
		}},
		{"key lacks the model", NoModel, map[string]answered{
			"Anthropic 403":   {provider: "anthropic", status: 403, body: anthropicError("permission_error", "Your API key does not have permission to use the specified resource.")},
			"Anthropic 404":   {provider: "anthropic", status: 404, body: anthropicError("not_found_error", "model: claude-9")},
			"OpenAI 403":      {provider: "openai", status: 403, body: openaiError("model_not_found", "invalid_request_error", "Project `proj_x` does not have access to model `o3`")},
			"OpenAI 404":      {provider: "openai", status: 404, body: openaiError("model_not_found", "invalid_request_error", "The model `x` does not exist")},
			"Gemini 404":      {provider: "gemini", status: 404, body: `{"error":{"code":404,"message":"models/x is not found for API version v1beta","status":"NOT_FOUND"}}`},
			"Azure":           {provider: "azure", status: 404, body: `{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}`},
			"Mistral 400":     {provider: "mistral", status: 400, body: `{"object":"error","message":"Invalid model: x","type":"invalid_model","param":null,"code":"1500"}`},
			"DeepSeek 400":    {provider: "deepseek", status: 400, body: openaiError("invalid_request_error", "invalid_request_error", "Model Not Exist")},
			"Zhipu 400":       {provider: "zhipu", status: 400, body: `{"error":{"code":"1211","message":"模型不存在，请检查模型代码。"}}`},
			"SiliconFlow 400": {provider: "siliconflow", status: 400, body: `{"code":20012,"message":"Model does not exist. Please check it carefully.","data":null}`},
			"Qwen 404":        {provider: "qwen", status: 404, body: openaiError("model_not_found", "invalid_request_error", "The model `x` does not exist or you do not have access to it.")},
			"Groq":            {provider: "groq", status: 400, body: openaiError("model_terms_required", "invalid_request_error", "x")},
		}},
		{"client's fault", Rejected, map[string]answered{
			"400":           {provider: "openai", status: 400, body: openaiError("invalid_value", "invalid_request_error", "Invalid 'temperature'")},
			"413":           {provider: "anthropic", status: 413, body: anthropicError("request_too_large", "Request exceeds the maximum size")},
			"422":           {provider: "mistral", status: 422, body: `{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","foo"],"msg":"Extra inputs are not permitted","input":1}]},"type":"invalid_request_error","param":null,"code":null}`},
			"451":           {provider: "openai", status: 451},
			"Anthropic 400": {provider: "anthropic", status: 400, body: anthropicError("invalid_request_error", "max_tokens: Field required")},
			"Gemini 400":    {provider: "gemini", status: 400, body: `{"error":{"code":400,"message":"Invalid JSON payload received.","status":"INVALID_ARGUMENT"}}`},
			"DeepSeek 422":  {provider: "deepseek", status: 422, body: openaiError("invalid_request_error", "invalid_request_error", "Invalid max_tokens value")},
			"Zhipu, unsafe": {provider: "zhipu", status: 400, body: `{"error":{"code":"1301","message":"系统检测到输入或生成内容可能包含不安全或敏感内容"}}`},
			"Qwen, unsafe":  {provider: "qwen", status: 400, body: openaiError("data_inspection_failed", "data_inspection_failed", "Input data may contain inappropriate content.")},
			"xAI, unsafe":   {provider: "xai", status: 403, body: safety},
			"Azure, unsafe": {provider: "azure", status: 400, body: openaiError("content_filter", "", "The response was filtered")},
			"a prompt that quotes another class": {provider: "anthropic", status: 400, body: anthropicError("invalid_request_error",
				"messages.0: 'this organization has been disabled', 'your credit balance is too low', 'user location is not supported'")},
		}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			for name, a := range row.answers {
				t.Run(name, func(t *testing.T) {
					p, ok := Lookup(a.provider)
					require.True(t, ok)
					got := classify(&p, a.status, a.h, []byte(a.body), "sk-canary-0123456789", now)
					require.Equal(t, row.want, got.Class)
					require.Equal(t, a.status, got.Status)
					require.Equal(t, a.rest, got.RetryAfter)
				})
			}
		})
	}
	t.Run("timeout of our own", func(t *testing.T) {
		require.False(t, failed(Timeout, 0, nil).Replayable(), "it may have been billed")
	})
	t.Run("error in the body of a success", func(t *testing.T) {
		for name, a := range map[string]struct {
			provider, body string
			want           Class
		}{
			"OpenRouter, after the start": {"openrouter", `{"id":"x","error":{"code":502,"message":"x"},"choices":[{"finish_reason":"error"}]}`, ServerFault},
			"Anthropic, after the start":  {"anthropic", anthropicError("overloaded_error", "Overloaded"), ServerFault},
			"Gemini":                      {"gemini", perDay, RateLimited},
			"Zhipu":                       {"zhipu", `{"error":{"code":"1113","message":"x"}}`, Empty},
		} {
			p, _ := Lookup(a.provider)
			e, ok := readError([]byte(a.body))
			require.True(t, ok, name)
			require.Equal(t, a.want, inBody(&p, http.Header{}, e, "", now).Class, name)
		}
	})
}

func TestRejectionOfAFieldNamesIt(t *testing.T) {
	p, _ := Lookup("mistral")
	for _, body := range []string{
		`{"object":"error","message":{"detail":[{"loc":["body","messages",0,"foo"],"msg":"Extra inputs are not permitted"}]}}`,
		`{"object":"Error","message":[{"loc":["body","messages",0,"foo"],"msg":"Extra inputs are not permitted"}]}`,
		`{"detail":[{"loc":["body","messages",0,"foo"],"msg":"Extra inputs are not permitted"}]}`,
	} {
		require.Equal(t, "body.messages.0.foo: Extra inputs are not permitted", classify(&p, 422, nil, []byte(body), "", clock.System).Message)
	}
}

func TestQuotaOfADayLastsUntilMidnightInCalifornia(t *testing.T) {
	for at, want := range map[string]time.Duration{
		"2026-11-25T07:59:59Z": time.Second,
		"2026-11-25T08:00:00Z": 24 * time.Hour,
		"2026-07-01T07:00:00Z": 24 * time.Hour,
		"2026-11-01T07:00:00Z": 25 * time.Hour, // the clocks go back, and maxRest does not cut it
		"2026-03-08T08:00:00Z": 23 * time.Hour,
	} {
		moment, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		require.Equal(t, want, untilPacificMidnight(clock.NewFake(moment)), at)
	}
}
