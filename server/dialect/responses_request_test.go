package dialect_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dialect"
	"github.com/resourcepool/resourcepool/server/fault"
)

func TestResponsesRequestToChat(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"text": {
			`{"model":"gpt-4.1","input":"Tell me a three sentence bedtime story about a unicorn."}`,
			`{"model":"gpt-4.1","messages":[{"role":"user","content":"Tell me a three sentence bedtime story about a unicorn."}]}`,
		},
		"settings": {
			`{"model":"m","instructions":"Be short.","input":"x","max_output_tokens":50,"temperature":0.2,"top_p":0.9,"user":"u","parallel_tool_calls":false,
			  "text":{"format":{"type":"text"},"verbosity":"low"},"reasoning":{"effort":"high","summary":"auto"},"stream":true,"stream_options":{"include_obfuscation":false},
			  "store":true,"metadata":{"a":"b"},"truncation":"auto","include":["reasoning.encrypted_content"],"previous_response_id":null,"background":false,"tools":[],"tool_choice":"auto","top_logprobs":0,"prompt_cache_key":"k"}`,
			`{"model":"m","messages":[{"role":"system","content":"Be short."},{"role":"user","content":"x"}],"max_completion_tokens":50,"parallel_tool_calls":false,"temperature":0.2,"top_p":0.9,"user":"u","prompt_cache_key":"k",
			  "verbosity":"low","reasoning_effort":"high","stream":true,"stream_options":{"include_usage":true}}`,
		},
		"a schema": {
			`{"model":"m","input":"x","text":{"format":{"type":"json_schema","name":"r","strict":true,"schema":{"type":"object"}}}}`,
			`{"model":"m","messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema","json_schema":{"name":"r","schema":{"type":"object"},"strict":true}}}`,
		},
		"any JSON": {
			`{"model":"m","input":"x","text":{"format":{"type":"json_object"}}}`,
			`{"model":"m","messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_object"}}`,
		},
		"tools": {
			`{"model":"m","input":"x","tools":[{"type":"function","name":"get_current_weather","description":"d","strict":true,"parameters":{"type":"object"}},{"type":"function","name":"g","parameters":null,"strict":null}],"tool_choice":{"type":"function","name":"g"}}`,
			`{"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"get_current_weather","description":"d","parameters":{"type":"object"},"strict":true}},{"type":"function","function":{"name":"g"}}],
			  "tool_choice":{"type":"function","function":{"name":"g"}}}`,
		},
		"media": {
			`{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"what is in this image?"},{"type":"input_image","image_url":"https://x/y.jpg","detail":"auto"},
			  {"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,AA=="},{"type":"input_audio","input_audio":{"data":"AA==","format":"mp3"}}]}]}`,
			`{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"what is in this image?"},{"type":"image_url","image_url":{"url":"https://x/y.jpg","detail":"auto"}},
			  {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,AA=="}},{"type":"input_audio","input_audio":{"data":"AA==","format":"mp3"}}]}]}`,
		},
		"a conversation with calls": {
			`{"model":"m","input":[{"type":"message","role":"developer","content":"d"},{"role":"user","content":[{"type":"input_text","text":"Weather?"}]},
			  {"type":"reasoning","id":"rs_1","summary":[]},{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"I look.","annotations":[]}]},
			  {"type":"reasoning","id":"rs_2","summary":[]},{"type":"function_call","id":"fc_1","call_id":"a","name":"f","arguments":"{\"x\": 1}","status":"completed"},{"type":"function_call","call_id":"b","name":"g","arguments":"{}"},
			  {"type":"function_call_output","call_id":"a","output":"cold"},{"type":"function_call_output","call_id":"b","output":[{"type":"input_text","text":"warm"}]},
			  {"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":""},
			  {"role":"assistant","content":[{"type":"output_text","text":"a"},{"type":"refusal","refusal":"b"}]}]}`,
			`{"model":"m","messages":[{"role":"system","content":"d"},{"role":"user","content":"Weather?"},
			  {"role":"assistant","content":"I look.","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\": 1}"}},{"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}]},
			  {"role":"tool","tool_call_id":"a","content":"cold"},{"role":"tool","tool_call_id":"b","content":"warm"},
			  {"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":""},
			  {"role":"assistant","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := dialect.ResponsesRequestToChat([]byte(tt.in))
			require.NoError(t, err)
			require.JSONEq(t, tt.want, string(got))
		})
	}
}

func TestResponsesRequestToChat_CopiesSchemasByteForByte(t *testing.T) {
	got, err := dialect.ResponsesRequestToChat([]byte(`{"input":"x","tools":[{"type":"function","name":"f","parameters":{"z":1.00, "a" :1e2}}]}`))
	require.NoError(t, err)
	require.Contains(t, string(got), `"parameters":{"z":1.00, "a" :1e2}`)
}

func TestResponsesRequestToChat_RefusesByName(t *testing.T) {
	with := func(more string) string { return `{"model":"m","input":"x",` + more + `}` }
	item := func(item string) string { return `{"model":"m","input":[{"role":"user","content":"x"},` + item + `]}` }
	part := func(part string) string { return item(`{"role":"user","content":[` + part + `]}`) }
	for in, field := range map[string]string{
		`x`:                                     "",
		`{"model":"m"}`:                         "input",
		`{"input":{}}`:                          "input",
		`{"input":["x"]}`:                       "input[0]",
		with(`"instructions":[]`):               "instructions",
		with(`"previous_response_id":"resp_1"`): "previous_response_id",
		with(`"conversation":"conv_1"`):         "conversation",
		with(`"background":true`):               "background",
		with(`"prompt":{"id":"p"}`):             "prompt",
		with(`"context_management":[]`):         "context_management",
		with(`"top_logprobs":2`):                "top_logprobs",
		with(`"include":["file_search_call.results","message.output_text.logprobs"]`): "include[1]",
		with(`"text":{"format":{"type":"grammar"}}`):                                  "text.format.type",
		with(`"text":"x"`):                                                            "text",
		with(`"text":{"format":"x"}`):                                                 "text.format",
		with(`"reasoning":"high"`):                                                    "reasoning",
		with(`"reasoning":{"mode":"pro"}`):                                            "reasoning.mode",
		with(`"tools":[{"type":"web_search"}]`):                                       "tools[0].type",
		with(`"tools":[{"type":"function","function":{"name":"f"}}]`):                 "tools[0].name",
		with(`"tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"mcp"}`): "tool_choice.type",
		item(`{"type":"item_reference","id":"msg_1"}`):                                "input[1].type",
		item(`{"id":"msg_1"}`):                                                        "input[1].type",
		item(`{"type":"computer_call"}`):                                              "input[1].type",
		item(`{"role":"tool","content":"x"}`):                                         "input[1].role",
		item(`{"role":"user","content":null}`):                                        "input[1].content",
		item(`{"type":"function_call","call_id":"a"}`):                                "input[1]",
		item(`{"type":"function_call_output","output":"x"}`):                          "input[1].call_id",
		item(`{"type":"function_call_output","call_id":"a","output":[{"type":"input_image","image_url":""}]}`): "input[1].output[0].type",
		item(`{"role":"assistant","content":[{"type":"input_image"}]}`):                                        "input[1].content[0].type",
		part(`{"type":"input_image","file_id":"file-1"}`):                                                      "input[1].content[0].file_id",
		part(`{"type":"input_file","file_id":"file-1"}`):                                                       "input[1].content[0].file_id",
		part(`{"type":"input_file","file_url":"https://x"}`):                                                   "input[1].content[0].file_url",
		part(`{"type":"input_video"}`):                                                                         "input[1].content[0].type",
	} {
		_, err := dialect.ResponsesRequestToChat([]byte(in))
		f, ok := fault.As(err)
		require.True(t, ok, in)
		require.Equal(t, fault.BadUserInput, f.Code, in)
		require.Equal(t, field, f.Field, in)
	}
}
