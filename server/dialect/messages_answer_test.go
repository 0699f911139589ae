package dialect_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/dialect"
)

func TestChatAnswerFromMessages(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"Text": {
			`{"id":"msg_01XFDUDYJgAACzvnptvVoYEL","type":"message","role":"assistant","model":"claude-x","content":[
			  {"type":"thinking","thinking":"A greeting.","signature":"EqQB"},
			  {"type":"text","text":"Hello"},{"type":"text","text":"!","citations":[]}],
			  "stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":12,"output_tokens":6}}`,
			`{"id":"chatcmpl-01XFDUDYJgAACzvnptvVoYEL","object":"chat.completion","created":0,"model":"claude-x","choices":[{"index":0,
			  "message":{"role":"assistant","content":"Hello!","refusal":null,"reasoning_content":"A greeting."},"logprobs":null,"finish_reason":"stop"}],
			  "usage":{"prompt_tokens":12,"completion_tokens":6,"total_tokens":18,
			    "prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":0}}}`,
		},
		"Call": {
			`{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[{"type":"tool_use","id":"toolu_01A09q90qw90lq917835lq9",
			  "name":"get_weather","input":{"location": "San Francisco, CA", "unit": "celsius"}}],
			  "stop_reason":"tool_use","usage":{"input_tokens":10,"cache_creation_input_tokens":30,"cache_read_input_tokens":5,
			  "cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":8,
			  "output_tokens_details":{"thinking_tokens":3}}}`,
			`{"id":"chatcmpl-1","object":"chat.completion","created":0,"model":"claude-x","choices":[{"index":0,
			  "message":{"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"toolu_01A09q90qw90lq917835lq9","type":"function",
			  "function":{"name":"get_weather","arguments":"{\"location\": \"San Francisco, CA\", \"unit\": \"celsius\"}"}}]},
			  "logprobs":null,"finish_reason":"tool_calls"}],
			  "usage":{"prompt_tokens":45,"completion_tokens":8,"total_tokens":53,
			    "prompt_tokens_details":{"cached_tokens":5,"cache_write_tokens":30,"cache_write_1h_tokens":20},
			    "completion_tokens_details":{"reasoning_tokens":3}}}`,
		},
		"NothingSaidAndNothingReported": {
			`{"id":"x","content":[{"type":"from the future"}],"stop_reason":"refusal"}`,
			`{"id":"chatcmpl-x","object":"chat.completion","created":0,"model":"","choices":[{"index":0,
			  "message":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":"content_filter"}],"usage":null}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := dialect.ChatAnswerFromMessages([]byte(tt.in))
			require.NoError(t, err)
			require.JSONEq(t, tt.want, string(got))
		})
	}
}

func TestMessagesAnswerFromChat(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"Text": {
			`{"id":"chatcmpl-B9MBs8","object":"chat.completion","created":1741569952,"model":"gpt-x","choices":[{"index":0,
			  "message":{"role":"assistant","content":"Hello!","reasoning_content":"A greeting.","refusal":null},"logprobs":null,"finish_reason":"stop"}],
			  "usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":0},
			  "completion_tokens_details":{"reasoning_tokens":6}}}`,
			`{"id":"msg_B9MBs8","type":"message","role":"assistant","model":"gpt-x","content":[
			  {"type":"thinking","thinking":"A greeting.","signature":""},{"type":"text","text":"Hello!"}],
			  "stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":15,"cache_creation_input_tokens":0,
			  "cache_read_input_tokens":4,"output_tokens":10,"output_tokens_details":{"thinking_tokens":6}}}`,
		},
		"Calls": {
			`{"id":"chatcmpl-1","model":"gpt-x","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[
			  {"id":"call_abc","type":"function","function":{"name":"get_current_weather","arguments":"{\n\"location\": \"Boston, MA\"\n}"}},
			  {"type":"function","function":{"name":"now","arguments":""}},
			  {"id":"call_cut","type":"function","function":{"name":"now","arguments":"{\"a\":"}}]},"finish_reason":"stop"}],
			  "usage":{"prompt_tokens":82,"completion_tokens":17,"prompt_tokens_details":{"cached_tokens":2,"cache_write_tokens":30,"cache_write_1h_tokens":20}}}`,
			`{"id":"msg_1","type":"message","role":"assistant","model":"gpt-x","content":[
			  {"type":"tool_use","id":"call_abc","name":"get_current_weather","input":{"location":"Boston, MA"}},
			  {"type":"tool_use","id":"toolu_1_1","name":"now","input":{}},
			  {"type":"tool_use","id":"call_cut","name":"now","input":"{\"a\":"}],
			  "stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":50,"cache_creation_input_tokens":30,
			  "cache_read_input_tokens":2,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":17}}`,
		},
		"PartsAndNothingReported": {
			`{"id":"","model":"magistral","choices":[{"message":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm."}]},
			  {"type":"text","text":"Yes"},{"type":"text","text":"."}]},"finish_reason":"length"}]}`,
			`{"id":"msg_","type":"message","role":"assistant","model":"magistral","content":[
			  {"type":"thinking","thinking":"Hm.","signature":""},{"type":"text","text":"Yes."}],
			  "stop_reason":"max_tokens","stop_sequence":null,"usage":{"input_tokens":null,"cache_creation_input_tokens":null,
			  "cache_read_input_tokens":null,"output_tokens":null}}`,
		},
		"Refusal": {
			`{"id":"chatcmpl-1","model":"m","choices":[{"message":{"content":null,"refusal":"No."},"finish_reason":"content_filter"}],"usage":null}`,
			`{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"No."}],
			  "stop_reason":"refusal","stop_sequence":null,"usage":{"input_tokens":null,"cache_creation_input_tokens":null,
			  "cache_read_input_tokens":null,"output_tokens":null}}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := dialect.MessagesAnswerFromChat([]byte(tt.in))
			require.NoError(t, err)
			require.JSONEq(t, tt.want, string(got))
		})
	}
}

func TestAnswers_StopReasons(t *testing.T) {
	for stop, want := range map[string]string{
		"end_turn": "stop", "stop_sequence": "stop", "pause_turn": "stop", "max_tokens": "length",
		"model_context_window_exceeded": "length", "tool_use": "tool_calls", "refusal": "content_filter",
	} {
		got, err := dialect.ChatAnswerFromMessages([]byte(`{"content":[],"stop_reason":"` + stop + `"}`))
		require.NoError(t, err)
		require.Equal(t, want, gjson.GetBytes(got, "choices.0.finish_reason").Str, stop)
	}
	for finish, want := range map[string]string{
		"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal",
	} {
		got, err := dialect.MessagesAnswerFromChat([]byte(`{"choices":[{"message":{},"finish_reason":"` + finish + `"}]}`))
		require.NoError(t, err)
		require.Equal(t, want, gjson.GetBytes(got, "stop_reason").Str, finish)
	}
}

// A figure that is malformed spoils itself and the sums that it is a part of, and nothing else.
func TestAnswers_MalformedUsage(t *testing.T) {
	const details = `"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":0}`
	for usage, want := range map[string]string{
		`{"input_tokens":-1,"output_tokens":2}`:                                 `{"prompt_tokens":null,"completion_tokens":2,"total_tokens":null,` + details + `}`,
		`{"input_tokens":1.5,"output_tokens":2.0}`:                              `{"prompt_tokens":null,"completion_tokens":2,"total_tokens":null,` + details + `}`,
		`{"input_tokens":3}`:                                                    `{"prompt_tokens":3,"completion_tokens":null,"total_tokens":null,` + details + `}`,
		`{"input_tokens":"1"}`:                                                  `{"prompt_tokens":null,"completion_tokens":null,"total_tokens":null,` + details + `}`,
		`{"input_tokens":1e3,"output_tokens":1e30}`:                             `{"prompt_tokens":1000,"completion_tokens":null,"total_tokens":null,` + details + `}`,
		`{"input_tokens":4611686018427387904,"output_tokens":1}`:                `{"prompt_tokens":4611686018427387904,"completion_tokens":1,"total_tokens":null,` + details + `}`,
		`{"input_tokens":9223372036854775807,"output_tokens":1}`:                `{"prompt_tokens":null,"completion_tokens":1,"total_tokens":null,` + details + `}`,
		`{"input_tokens":1,"cache_read_input_tokens":true,"output_tokens":1}`:   `{"prompt_tokens":null,"completion_tokens":1,"total_tokens":null,"prompt_tokens_details":{"cached_tokens":null,"cache_write_tokens":0}}`,
		`{"input_tokens":1,"cache_creation_input_tokens":-3,"output_tokens":1}`: `{"prompt_tokens":null,"completion_tokens":1,"total_tokens":null,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":null}}`,
		`{"input_tokens":1,"output_tokens":1,"cache_creation":{"ephemeral_5m_input_tokens":2,"ephemeral_1h_input_tokens":3}}`: `{"prompt_tokens":6,"completion_tokens":1,
			"total_tokens":7,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":5,"cache_write_1h_tokens":3}}`,
		`7`: `{"prompt_tokens":null,"completion_tokens":null,"total_tokens":null,` + details + `}`,
	} {
		got, err := dialect.ChatAnswerFromMessages([]byte(`{"content":[],"usage":` + usage + `}`))
		require.NoError(t, err)
		require.JSONEq(t, want, gjson.GetBytes(got, "usage").Raw, usage)
	}
	for usage, want := range map[string]string{
		`{"prompt_tokens":3,"completion_tokens":-2}`:                                                      `{"input_tokens":3,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":null}`,
		`{"prompt_tokens":3,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}}`:           `{"input_tokens":null,"cache_creation_input_tokens":0,"cache_read_input_tokens":4,"output_tokens":2}`,
		`{"prompt_tokens":9,"completion_tokens":2,"prompt_cache_hit_tokens":4}`:                           `{"input_tokens":5,"cache_creation_input_tokens":0,"cache_read_input_tokens":4,"output_tokens":2}`,
		`{"prompt_tokens":null,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":[]}}`:       `{"input_tokens":null,"cache_creation_input_tokens":0,"cache_read_input_tokens":null,"output_tokens":2}`,
		`{"prompt_tokens":9,"completion_tokens":2,"prompt_tokens_details":{"cache_write_1h_tokens":"x"}}`: `{"input_tokens":9,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":2,"cache_creation":{"ephemeral_5m_input_tokens":null,"ephemeral_1h_input_tokens":null}}`,
	} {
		got, err := dialect.MessagesAnswerFromChat([]byte(`{"choices":[{"message":{}}],"usage":` + usage + `}`))
		require.NoError(t, err)
		require.JSONEq(t, want, gjson.GetBytes(got, "usage").Raw, usage)
	}
}

func TestAnswers_OfAnotherDialect(t *testing.T) {
	for _, body := range []string{``, `7`, `[]`, `{}`, `"content"`, `{"content":{}}`, `{"choices":[]}`, `{"choices":[{"message":[]}]}`,
		`{"choices":[{"message":{"tool_calls":[{}]}}],"content":[{"type":"tool_use"}]}`} {
		_, err := dialect.ChatAnswerFromMessages([]byte(body))
		require.Error(t, err, body)
		_, err = dialect.MessagesAnswerFromChat([]byte(body))
		require.Error(t, err, body)
	}
}

// The arguments of a call are JSON in a string, which nobody has bounded.
func TestArguments_DepthBomb(t *testing.T) {
	bomb := `{\"a\":` + strings.Repeat("[", 16<<20)
	_, err := dialect.ChatRequestToMessages([]byte(`{"model":"m","max_tokens":9,"messages":[{"role":"assistant","tool_calls":[
		{"id":"c","function":{"name":"f","arguments":"` + bomb + `"}}]}]}`))
	requireRefused(t, err, "messages[0].tool_calls[0].function.arguments")
	got, err := dialect.MessagesAnswerFromChat([]byte(`{"choices":[{"message":{"tool_calls":[{"id":"c","function":{"name":"f","arguments":"` + bomb + `"}}]}}]}`))
	require.NoError(t, err)
	require.Equal(t, gjson.String, gjson.GetBytes(got, "content.0.input").Type)
}
