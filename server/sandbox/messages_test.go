package sandbox_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/sandbox"
)

const claude = `{"model":"claude-sonnet-4-5","max_tokens":100,"messages":[{"role":"user","content":"12345"}]}`

func message(t *testing.T, url, key, path, body string) (int, http.Header, string) {
	t.Helper()
	return callWith(t, "POST", url+"/v1/"+path, http.Header{"X-Api-Key": {key}, "Anthropic-Version": {"2023-06-01"}}, body)
}

func claudeTools() string {
	return `"tools":[{"type":"web_search_20250305","name":"web_search"},{"name":"get_weather","input_schema":` + gjson.Get(weather, "function.parameters").Raw + `}]`
}

func TestMessages(t *testing.T) {
	s, url := start(t, sandbox.Options{Keys: "sk-a=100", Length: 10})
	do := func(body string) string {
		status, _, answer := message(t, url, "sk-a", "messages", body)
		require.Equal(t, 200, status, answer)
		return answer
	}
	t.Run("text", func(t *testing.T) {
		answer := do(claude)
		require.Equal(t, "message end_turn 8 10 0 0", strings.Join([]string{
			gjson.Get(answer, "type").Str, gjson.Get(answer, "stop_reason").Str, gjson.Get(answer, "usage.input_tokens").Raw, gjson.Get(answer, "usage.output_tokens").Raw,
			gjson.Get(answer, "usage.cache_creation_input_tokens").Raw, gjson.Get(answer, "usage.cache_read_input_tokens").Raw,
		}, " "))
		k, _ := s.Key("sk-a")
		require.Equal(t, "0.000174", k.Used.String(), "8 × 3 + 10 × 15 USD a million")
	})
	t.Run("streamed text", func(t *testing.T) {
		list := events(t, do(with(claude, `"stream":true,"system":[{"type":"text","text":"1234"}]`)))
		require.Equal(t, []string{"message_start", "ping", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop"}, names(list))
		for _, e := range list {
			require.Equal(t, e.name, gjson.Get(e.data, "type").Str)
		}
		require.Len(t, strings.Fields(join(list, "delta.text")), 10)
		require.Equal(t, "9 1", gjson.Get(list[0].data, "message.usage.input_tokens").Raw+" "+gjson.Get(list[0].data, "message.usage.output_tokens").Raw)
		require.Equal(t, "end_turn10", join(list, "delta.stop_reason")+join(list, "usage.output_tokens"))
	})
	t.Run("a tool, with thoughts", func(t *testing.T) {
		body := with(claude, claudeTools()+`,"thinking":{"type":"enabled","budget_tokens":1024}`)
		answer := do(body)
		require.Equal(t, `["thinking","tool_use"]tool_use`, gjson.Get(answer, "content.#.type").Raw+gjson.Get(answer, "stop_reason").Str)
		require.Equal(t, weatherArgs, gjson.Get(answer, "content.1.input").Raw)
		require.EqualValues(t, 12+3+(len(weatherArgs)+3)/4, gjson.Get(answer, "usage.output_tokens").Int())
		list := events(t, do(with(body, `"stream":true`)))
		require.Equal(t, weatherArgs, join(list, "delta.partial_json"))
		require.Len(t, strings.Fields(join(list, "delta.thinking")), 12)
		require.Equal(t, "thinkingtool_use", join(list, "content_block.type"))
		require.Equal(t, "tool_use", join(list, "delta.stop_reason"))
		require.NotEmpty(t, join(list, "delta.signature"))
	})
	t.Run("after a result", func(t *testing.T) {
		body := strings.Replace(with(claude, claudeTools()), `"}]}`, `"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"x"}]}]}`, 1)
		require.Equal(t, `["text"]`, gjson.Get(do(body), "content.#.type").Raw)
	})
	t.Run("no tool", func(t *testing.T) {
		require.Equal(t, `["text"]`, gjson.Get(do(with(claude, claudeTools()+`,"tool_choice":{"type":"none"}`)), "content.#.type").Raw)
	})
	t.Run("cut", func(t *testing.T) {
		answer := do(strings.Replace(with(claude, claudeTools()), "100", "5", 1))
		require.Equal(t, "max_tokens{}", gjson.Get(answer, "stop_reason").Str+gjson.Get(answer, "content.0.input").Raw)
	})
	t.Run("scripted usage", func(t *testing.T) {
		f := sandbox.Fault{Kind: sandbox.UsageOverride, On: "messages", Prompt: 1000, Cached: 600, CacheWrite: 300, Completion: 50}
		require.NoError(t, s.Script("sk-a", f, f))
		k, _ := s.Key("sk-a")
		answer := do(claude)
		require.Equal(t, "100 300 600 50", strings.Join([]string{
			gjson.Get(answer, "usage.input_tokens").Raw, gjson.Get(answer, "usage.cache_creation_input_tokens").Raw, gjson.Get(answer, "usage.cache_read_input_tokens").Raw, gjson.Get(answer, "usage.output_tokens").Raw,
		}, " "))
		after, _ := s.Key("sk-a")
		require.Equal(t, "0.002355", (after.Used - k.Used).String(), "100 × 3 + 600 × 0.3 + 300 × 3.75 + 50 × 15 USD a million")
		list := events(t, do(with(claude, `"stream":true`)))
		require.Equal(t, "100600", gjson.Get(list[0].data, "message.usage.input_tokens").Raw+gjson.Get(list[0].data, "message.usage.cache_read_input_tokens").Raw)
	})
}

func TestMessagesCountTokensForNothing(t *testing.T) {
	s, url := start(t, sandbox.Options{Keys: "sk-a=100"})
	status, _, answer := message(t, url, "sk-a", "messages/count_tokens", strings.Replace(claude, `"max_tokens":100,`, "", 1))
	require.Equal(t, 200, status)
	require.JSONEq(t, `{"input_tokens":8}`, answer)
	k, _ := s.Key("sk-a")
	require.Zero(t, k.Used)
	require.EqualValues(t, 1, k.Calls.TokenCounts)
}

func TestModelsInAnthropicsForm(t *testing.T) {
	s, url := start(t, sandbox.Options{})
	require.NoError(t, s.AddKey(sandbox.KeySpec{Key: "sk-a", Quota: money.One, Models: []string{"claude-haiku-4-5"}}))
	_, _, body := callWith(t, "GET", url+"/v1/models", http.Header{"X-Api-Key": {"sk-a"}, "Anthropic-Version": {"2023-06-01"}}, "")
	require.Equal(t, `claude-haiku-4-5 model false`, gjson.Get(body, "data.0.id").Str+" "+gjson.Get(body, "data.0.type").Str+" "+gjson.Get(body, "has_more").Raw)
	status, _, body := callWith(t, "GET", url+"/v1/models", http.Header{"X-Api-Key": {"sk-b"}, "Anthropic-Version": {"2023-06-01"}}, "")
	require.Equal(t, 401, status)
	require.Equal(t, "authentication_error", gjson.Get(body, "error.type").Str)
}

func TestMessagesRefuse(t *testing.T) {
	s, url := start(t, sandbox.Options{Keys: "sk-a=100,sk-empty=0"})
	on := func(f sandbox.Fault) *sandbox.Fault { f.On = "messages"; return &f }
	for name, tt := range map[string]struct {
		key, body, version string
		fault              *sandbox.Fault
		status             int
		kind, message      string
	}{
		"no key":         {"", claude, "v", nil, 401, "authentication_error", "x-api-key"},
		"unknown key":    {"sk-none", claude, "v", nil, 401, "authentication_error", "x-api-key"},
		"no version":     {"sk-a", claude, "", nil, 400, "invalid_request_error", "anthropic-version"},
		"no JSON":        {"sk-a", "{", "v", nil, 400, "invalid_request_error", "JSON"},
		"no limit":       {"sk-a", strings.Replace(claude, "max_tokens", "x", 1), "v", nil, 400, "invalid_request_error", "max_tokens"},
		"no messages":    {"sk-a", strings.Replace(claude, "messages", "x", 1), "v", nil, 400, "invalid_request_error", "messages"},
		"role":           {"sk-a", strings.Replace(claude, `"user"`, `"system"`, 1), "v", nil, 400, "invalid_request_error", "role"},
		"block":          {"sk-a", strings.Replace(claude, `"12345"`, `[{"type":"x"}]`, 1), "v", nil, 400, "invalid_request_error", "'x'"},
		"no such model":  {"sk-a", strings.Replace(claude, "claude", "clod", 1), "v", nil, 404, "not_found_error", "model"},
		"nothing left":   {"sk-empty", claude, "v", nil, 400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API"},
		"scripted key":   {"sk-a", claude, "v", on(sandbox.Fault{Kind: sandbox.Unauthorized}), 401, "authentication_error", "sk-a"},
		"scripted empty": {"sk-a", claude, "v", on(sandbox.Fault{Kind: sandbox.InsufficientQuota}), 400, "invalid_request_error", "credit balance is too low"},
		"billing":        {"sk-a", claude, "v", on(sandbox.Fault{Kind: sandbox.InsufficientQuota, Status: 402}), 402, "billing_error", "credit"},
		"rate":           {"sk-a", claude, "v", on(sandbox.Fault{Kind: sandbox.RateLimit, RetryAfter: 1500 * time.Millisecond}), 429, "rate_limit_error", "rate limit"},
		"overloaded":     {"sk-a", claude, "v", on(sandbox.Fault{Kind: sandbox.ServerError, Status: 529}), 529, "overloaded_error", "Overloaded"},
		"broken":         {"sk-a", claude, "v", on(sandbox.Fault{Kind: sandbox.ServerError}), 500, "api_error", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.fault != nil {
				require.NoError(t, s.Script("sk-a", *tt.fault))
			}
			h := http.Header{"X-Api-Key": {tt.key}}
			if tt.version != "" {
				h.Set("Anthropic-Version", "2023-06-01")
			}
			status, answered, body := callWith(t, "POST", url+"/v1/messages", h, tt.body)
			require.Equal(t, tt.status, status, body)
			require.Equal(t, "error "+tt.kind, gjson.Get(body, "type").Str+" "+gjson.Get(body, "error.type").Str)
			require.Contains(t, gjson.Get(body, "error.message").Str, tt.message)
			if tt.status == 429 {
				require.Equal(t, "2 0", answered.Get("Retry-After")+" "+answered.Get("Anthropic-Ratelimit-Requests-Remaining"))
				_, err := time.Parse(time.RFC3339, answered.Get("Anthropic-Ratelimit-Requests-Reset"))
				require.NoError(t, err)
			}
		})
	}
}
