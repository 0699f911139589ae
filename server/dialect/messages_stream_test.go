package dialect_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/dialect"
)

// translate sends the events, one a line, through tr, and returns what comes out, one a line, with the names in front.
func translate(t *testing.T, tr dialect.Translator, events string) []string {
	t.Helper()
	var out []string
	emit := func(name string, data []byte) {
		require.True(t, gjson.ValidBytes(data), "%s", data)
		out = append(out, strings.TrimPrefix(name+" "+string(data), " "))
	}
	for _, line := range strings.Split(strings.TrimSpace(events), "\n") {
		line = strings.TrimSpace(line)
		require.NoError(t, tr.Event(gjson.Get(line, "type").Str, []byte(line), emit), line)
	}
	require.NoError(t, tr.End(emit))
	return out
}

// chunks are the deltas and finish_reasons of chat completion chunks.
func chunks(t *testing.T, lines []string) []string {
	t.Helper()
	var out []string
	for _, line := range lines[:len(lines)-1] {
		root := gjson.Parse(line)
		require.Equal(t, "chatcmpl-1", root.Get("id").Str)
		require.Equal(t, "chat.completion.chunk", root.Get("object").Str)
		require.Equal(t, "claude-x", root.Get("model").Str)
		require.False(t, root.Get("usage").Exists())
		out = append(out, root.Get("choices.0.delta").Raw+" "+root.Get("choices.0.finish_reason").Raw)
	}
	last := gjson.Parse(lines[len(lines)-1])
	require.Equal(t, "[]", last.Get("choices").Raw)
	return append(out, last.Get("usage").Raw)
}

// The streams are those of Anthropic's page on streaming.
func TestChatStreamFromMessages(t *testing.T) {
	const start = `{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"claude-x","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":7,"cache_read_input_tokens":3,"cache_creation":{"ephemeral_5m_input_tokens":2,"ephemeral_1h_input_tokens":5},"output_tokens":1}}}
`
	const role = `{"role":"assistant","content":""} null`
	const usage = `{"prompt_tokens":35,"completion_tokens":15,"total_tokens":50,"prompt_tokens_details":{"cached_tokens":3,"cache_write_tokens":7,"cache_write_1h_tokens":5}}`
	tests := map[string]struct {
		in   string
		want []string
	}{
		"Text": {
			start + `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}
			{"type":"ping"}
			{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}
			{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\u0021"}}
			{"type":"content_block_stop","index":0}
			{"type":"from the future"}
			{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":15}}
			{"type":"message_stop"}`,
			[]string{role, `{"content":"Hello"} null`, `{"content":"\u0021"} null`, `{} "stop"`, usage},
		},
		"ThoughtsAndCalls": {
			start + `{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}
			{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm."}}
			{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQB"}}
			{"type":"content_block_stop","index":0}
			{"type":"content_block_start","index":1,"content_block":{"type":"server_tool_use","id":"s","name":"web_search","input":{}}}
			{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{}"}}
			{"type":"content_block_stop","index":1}
			{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"get_weather","input":{}}}
			{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""}}
			{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"location\":"}}
			{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":" \"SF\"}"}}
			{"type":"content_block_stop","index":2}
			{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_2","name":"now","input":{}}}
			{"type":"content_block_stop","index":3}
			{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":25,"cache_creation_input_tokens":7,"cache_read_input_tokens":3,"output_tokens":15}}
			{"type":"message_stop"}`,
			[]string{
				role, `{"reasoning_content":"Hm."} null`,
				`{"tool_calls":[{"index":0,"id":"toolu_1","type":"function","function":{"name":"get_weather","arguments":""}}]} null`,
				`{"tool_calls":[{"index":0,"function":{"arguments":"{\"location\":"}}]} null`,
				`{"tool_calls":[{"index":0,"function":{"arguments":" \"SF\"}"}}]} null`,
				`{"tool_calls":[{"index":1,"id":"toolu_2","type":"function","function":{"name":"now","arguments":""}}]} null`,
				`{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]} null`,
				`{} "tool_calls"`, usage,
			},
		},
		"WhatBlocksBeginWith": {
			start + `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"Hi"}}
			{"type":"content_block_stop","index":0}
			{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1}}}
			{"type":"content_block_stop","index":1}
			{"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":{"output_tokens":7}}
			{"type":"message_delta","delta":{},"usage":{"output_tokens":15}}`,
			[]string{
				role, `{"content":"Hi"} null`,
				`{"tool_calls":[{"index":0,"id":"toolu_1","type":"function","function":{"name":"f","arguments":""}}]} null`,
				`{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":1}"}}]} null`,
				`{} "length"`, usage,
			},
		},
		"NothingReported": {
			`{"type":"message_start","message":{"id":"msg_1","model":"claude-x"}}`,
			[]string{role, `{} "stop"`, `null`},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tt.want, chunks(t, translate(t, dialect.ChatStreamFromMessages(), tt.in)))
		})
	}
}

const messageStart = `message_start {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"gpt-x","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"output_tokens":0}}}`

// chunk is a chunk of a stream of OpenAI's.
func chunk(delta, finish string) string {
	return `{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1694268190,"model":"gpt-x","choices":[{"index":0,"delta":` +
		delta + `,"logprobs":null,"finish_reason":` + finish + `}],"usage":null}` + "\n"
}

func calls(c string) string { return chunk(`{"tool_calls":[`+c+`]}`, "null") }

func TestMessagesStreamFromChat(t *testing.T) {
	const usage = `{"id":"chatcmpl-1","object":"chat.completion.chunk","model":"gpt-x","choices":[],"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":4}}}`
	end := func(reason string) []string {
		return []string{
			`message_delta {"type":"message_delta","delta":{"stop_reason":"` + reason + `","stop_sequence":null},"usage":{"input_tokens":15,"cache_creation_input_tokens":0,"cache_read_input_tokens":4,"output_tokens":10}}`,
			`message_stop {"type":"message_stop"}`,
		}
	}
	open := func(index, block string) string {
		return `content_block_start {"type":"content_block_start","index":` + index + `,"content_block":` + block + `}`
	}
	delta := func(index, d string) string {
		return `content_block_delta {"type":"content_block_delta","index":` + index + `,"delta":` + d + `}`
	}
	stop := func(index string) string {
		return `content_block_stop {"type":"content_block_stop","index":` + index + `}`
	}
	tests := map[string]struct {
		in   string
		want []string
	}{
		"ThoughtsAndText": {
			chunk(`{"role":"assistant","content":""}`, "null") + chunk(`{"reasoning_content":"Hm."}`, "null") +
				chunk(`{"content":"Hello"}`, "null") + chunk(`{"content":"!"}`, "null") + chunk(`{}`, `"stop"`) + usage,
			append([]string{
				messageStart,
				open("0", `{"type":"thinking","thinking":"","signature":""}`), delta("0", `{"type":"thinking_delta","thinking":"Hm."}`), stop("0"),
				open("1", `{"type":"text","text":""}`), delta("1", `{"type":"text_delta","text":"Hello"}`), delta("1", `{"type":"text_delta","text":"!"}`), stop("1"),
			}, end("end_turn")...),
		},
		"CallsToAndFro": {
			chunk(`{"role":"assistant","content":null}`, "null") + chunk(`{"content":"So"}`, "null") +
				calls(`{"index":0,"id":"call_a","type":"function","function":{"name":"f","arguments":""}}`) +
				calls(`{"index":0,"function":{"arguments":"{\"a\""}}`) +
				calls(`{"index":1,"id":"call_b","type":"function","function":{"name":"g","arguments":"{"}}`) +
				calls(`{"index":0,"id":"call_a","function":{"arguments":":1}"}},{"index":1,"id":"","function":{"arguments":"}"}}`) +
				chunk(`{"content":"!"}`, "null") + chunk(`{}`, `"tool_calls"`) + usage,
			append([]string{
				messageStart,
				open("0", `{"type":"text","text":""}`), delta("0", `{"type":"text_delta","text":"So"}`), stop("0"),
				open("1", `{"type":"tool_use","id":"call_a","name":"f","input":{}}`),
				delta("1", `{"type":"input_json_delta","partial_json":"{\"a\""}`), delta("1", `{"type":"input_json_delta","partial_json":":1}"}`), stop("1"),
				open("2", `{"type":"tool_use","id":"call_b","name":"g","input":{}}`), delta("2", `{"type":"input_json_delta","partial_json":"{}"}`), stop("2"),
				open("3", `{"type":"text","text":""}`), delta("3", `{"type":"text_delta","text":"!"}`), stop("3"),
			}, end("tool_use")...),
		},
		"EveryCallIsNumberZeroAndEndsWithStop": {
			calls(`{"index":0,"id":"x","function":{"name":"f","arguments":"{}"}},{"index":0,"id":"y","function":{"name":"g","arguments":"{}"}}`) +
				chunk(`{}`, `"stop"`) + usage,
			append([]string{
				messageStart,
				open("0", `{"type":"tool_use","id":"x","name":"f","input":{}}`), delta("0", `{"type":"input_json_delta","partial_json":"{}"}`), stop("0"),
				open("1", `{"type":"tool_use","id":"y","name":"g","input":{}}`), delta("1", `{"type":"input_json_delta","partial_json":"{}"}`), stop("1"),
			}, end("tool_use")...),
		},
		"CallsWithoutIDsOrNumbers": {
			calls(`{"function":{"arguments":"{"}},{"function":{"name":"g"}}`) + calls(`{"function":{"name":"f","arguments":"}"}}`) + chunk(`{}`, `"length"`) + usage,
			append([]string{
				messageStart,
				open("0", `{"type":"tool_use","id":"toolu_1_0","name":"f","input":{}}`), delta("0", `{"type":"input_json_delta","partial_json":"{}"}`), stop("0"),
				open("1", `{"type":"tool_use","id":"toolu_1_1","name":"g","input":{}}`), stop("1"),
			}, end("max_tokens")...),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tt.want, translate(t, dialect.MessagesStreamFromChat(), tt.in))
		})
	}
}

func TestMessagesStreamFromChat_Usage(t *testing.T) {
	const head = `{"id":"chatcmpl-1","model":"gpt-x","choices":[{"delta":{},"finish_reason":"stop"`
	const five = `{"input_tokens":5,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":2}`
	for in, want := range map[string]string{
		head + `}],"usage":{"prompt_tokens":5,"completion_tokens":2}}`:                                                                five,
		head + `,"usage":{"prompt_tokens":5,"completion_tokens":2}}]}`:                                                                five,
		head + `}],"x_groq":{"usage":{"prompt_tokens":5,"completion_tokens":2}}}`:                                                     five,
		head + `}],"usage":{"prompt_tokens":1,"completion_tokens":1}}` + "\n" + `{"usage":{"prompt_tokens":5,"completion_tokens":2}}`: five,
		head + `}]}`: `{"input_tokens":null,"cache_creation_input_tokens":null,"cache_read_input_tokens":null,"output_tokens":null}`,
	} {
		out := translate(t, dialect.MessagesStreamFromChat(), in)
		require.JSONEq(t, want, gjson.Get(strings.TrimPrefix(out[len(out)-2], "message_delta "), "usage").Raw, in)
	}
}

func TestStreams_OfAnotherDialect(t *testing.T) {
	none := func(string, []byte) {}
	for _, event := range []string{`7`, `[]`, `{"type":"content_block_stop","index":0}`, `{"type":"message_delta"}`, `{"type":"message_start"}`} {
		require.Error(t, dialect.ChatStreamFromMessages().Event("", []byte(event), none), event)
	}
	for _, event := range []string{`7`, `[]`, `{}`, `{"choices":{}}`} {
		require.Error(t, dialect.MessagesStreamFromChat().Event("", []byte(event), none), event)
	}
	require.Error(t, dialect.ChatStreamFromMessages().End(none))
	require.Error(t, dialect.MessagesStreamFromChat().End(none))

	started := dialect.ChatStreamFromMessages()
	require.NoError(t, started.Event("", []byte(`{"type":"message_start","message":{}}`), none))
	require.Error(t, started.Event("", []byte(`{"type":"message_start","message":{}}`), none))
	require.Error(t, started.Event("", []byte(`{"type":"content_block_start","content_block":{"type":"tool_use"}}`), none))

	nameless := dialect.MessagesStreamFromChat()
	require.NoError(t, nameless.Event("", []byte(calls(`{"index":0,"id":"x"}`)), none))
	require.Error(t, nameless.End(none))
}
