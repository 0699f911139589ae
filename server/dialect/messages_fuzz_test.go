package dialect_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dialect"
)

var messagesRequests = []string{
	`{"model":"m","max_tokens":9000,"n":1,"user":"u","stream":true,"stop":["a"],"temperature":1.5,"reasoning_effort":"low","x":{},
		"messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"t","cache_control":{}},
		{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}},{"type":"file","file":{"file_data":"data:application/pdf;base64,AA"}}]},
		{"role":"assistant","content":null,"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"r"}],
		"tools":[{"type":"function","function":{"name":"f","parameters":{}}}],"tool_choice":"auto","parallel_tool_calls":false,
		"response_format":{"type":"json_schema","json_schema":{"schema":{}}}}`,
	`{"model":"m","max_tokens":9,"messages":[{"role":"assistant","function_call":{"name":"f","arguments":""}},
		{"role":"function","name":"f","content":"r"}],"functions":[{"name":"f"}],"function_call":"none"}`,
	`{"model":"m","max_tokens":9,"stream":true,"metadata":{"user_id":"u"},"system":[{"type":"text","text":"s"}],"thinking":{"type":"enabled","budget_tokens":9},
		"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","is_error":true,"content":[{"type":"text","text":"x"},
		{"type":"image","source":{"type":"base64","media_type":"a","data":"b"}}]},{"type":"document","source":{"type":"text","data":"b"}}]},
		{"role":"assistant","content":[{"type":"thinking"},{"type":"text","text":"t"},{"type":"tool_use","id":"t","name":"f","input":{}}]}],
		"tools":[{"name":"f","input_schema":{}}],"tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true},
		"output_config":{"format":{"type":"json_schema","schema":{}}}}`,
}

var messagesAnswers = []string{
	`{"id":"msg_1","model":"m","content":[{"type":"thinking","thinking":"h"},{"type":"text","text":"t"},{"type":"tool_use","id":"i","name":"n","input":{"a":1}}],
		"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":2,"cache_read_input_tokens":3,"cache_creation":{"ephemeral_1h_input_tokens":4}}}`,
	`{"id":"chatcmpl-1","model":"m","choices":[{"message":{"content":[{"text":"t","thinking":[{"text":"x"}]}],"reasoning":"r",
		"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{\"a\":1}"}}]},"finish_reason":"stop"}],
		"usage":{"prompt_tokens":9,"completion_tokens":1e2,"prompt_tokens_details":{"cached_tokens":1,"cache_write_1h_tokens":1}}}`,
}

var messagesStreams = []string{
	`{"type":"message_start","message":{"id":"msg_1","model":"m","usage":{"input_tokens":1}}}
{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}
{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{"}}
{"type":"content_block_stop","index":0}
{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"t"}}
{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":5}}`,
	`{"id":"c","model":"m","choices":[{"delta":{"content":"a","reasoning":"b"}}]}
{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"x","function":{"name":"f","arguments":"{"}},{"index":1,"function":{"name":"g"}}]}}]}
{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}`,
}

func seed(f *testing.F, documents []string) {
	for _, d := range documents {
		f.Add([]byte(d))
	}
}

func FuzzMessagesRequest(f *testing.F) {
	seed(f, messagesRequests)
	f.Fuzz(func(t *testing.T, body []byte) { requireJSON(t, body) })
}

func FuzzMessagesAnswer(f *testing.F) {
	seed(f, messagesAnswers)
	f.Fuzz(func(t *testing.T, body []byte) { requireJSON(t, body) })
}

// The input is events, one a line.
func FuzzMessagesStream(f *testing.F) {
	seed(f, messagesStreams)
	f.Fuzz(requireJSONEvents)
}

// requireJSON asks that every translation of body, if it is JSON at all, is an error or JSON.
func requireJSON(t *testing.T, body []byte) {
	if !json.Valid(body) {
		return // the caller has looked
	}
	for _, translate := range []func([]byte) ([]byte, error){
		dialect.ChatRequestToMessages, dialect.MessagesRequestToChat, dialect.ChatAnswerFromMessages, dialect.MessagesAnswerFromChat,
	} {
		out, err := translate(body)
		require.True(t, err != nil || json.Valid(out), "%s makes %s", body, out)
	}
}

func requireJSONEvents(t *testing.T, events []byte) {
	for _, tr := range []dialect.Translator{dialect.ChatStreamFromMessages(), dialect.MessagesStreamFromChat()} {
		emit := func(_ string, data []byte) { require.True(t, json.Valid(data), "%s makes %s", events, data) }
		for line := range bytes.Lines(events) {
			if json.Valid(line) && tr.Event("", line, emit) != nil {
				break
			}
		}
		tr.End(emit)
	}
}

// Fuzzing rarely keeps a document whole, so here every value in one is put in place of every other.
func TestMessages_WhateverTheShape(t *testing.T) {
	values := []any{nil, true, 7.0, -1.5, "", "x", []any{}, []any{nil}, []any{[]any{}}, map[string]any{}, map[string]any{"type": "text"}}
	for _, d := range append(messagesRequests, messagesAnswers...) {
		reshape(t, []byte(d), values, func(d []byte) { requireJSON(t, d) })
	}
	for _, stream := range messagesStreams {
		lines := strings.Split(stream, "\n")
		for i, line := range lines {
			reshape(t, []byte(line), values, func(d []byte) {
				changed := append([]string{}, lines...)
				changed[i] = string(d)
				requireJSONEvents(t, []byte(strings.Join(changed, "\n")))
			})
		}
	}
}

// reshape calls use with document in every form in which one value of it is one of values.
func reshape(t *testing.T, document []byte, values []any, use func([]byte)) {
	t.Helper()
	var root any
	require.NoError(t, json.Unmarshal(document, &root))
	try := func(set func(any), old any) {
		for _, v := range values {
			set(v)
			b, err := json.Marshal(root)
			require.NoError(t, err)
			use(b)
		}
		set(old)
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, child := range v {
				try(func(x any) { v[k] = x }, child)
				walk(child)
			}
		case []any:
			for i, child := range v {
				try(func(x any) { v[i] = x }, child)
				walk(child)
			}
		}
	}
	walk(root)
	try(func(x any) { root = x }, root)
}
