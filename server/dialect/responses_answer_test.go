package dialect_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/dialect"
)

func TestResponsesAnswerFromChat(t *testing.T) {
	// respond is a response object around what differs.
	respond := func(status, details, output, usage string) string {
		return `{"id":"resp_B9","object":"response","created_at":1741569952,"status":"` + status + `","error":null,"incomplete_details":` + details + `,
		  "instructions":null,"metadata":{},"model":"gpt-4.1","output":` + output + `,"parallel_tool_calls":true,"store":false,"temperature":null,
		  "tool_choice":"auto","tools":[],"top_p":null,"usage":` + usage + `}`
	}
	complete := func(choice, more string) string {
		return `{"id":"chatcmpl-B9","object":"chat.completion","created":1741569952,"model":"gpt-4.1","choices":[` + choice + `]` + more + `}`
	}
	tests := map[string]struct{ in, want string }{
		"text": {
			complete(`{"index":0,"message":{"role":"assistant","content":"Hello! How can I assist you today?","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}`,
				`,"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":4,"cache_write_tokens":3},"completion_tokens_details":{"reasoning_tokens":2}}`),
			respond("completed", "null", `[{"id":"msg_B9_0","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Hello! How can I assist you today?","annotations":[],"logprobs":[]}]}]`,
				`{"input_tokens":19,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":3},"output_tokens":10,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":29}`),
		},
		"thoughts and calls": {
			complete(`{"message":{"role":"assistant","content":null,"reasoning_content":"Hm.","tool_calls":[{"id":"call_a","type":"function","function":{"name":"f","arguments":"{\"x\": 1}"}},{"type":"function","function":{"name":"g","arguments":""}},{"id":"c","function":{"name":"h","arguments":{"y": 2}}}]},"finish_reason":"tool_calls"}`, ``),
			respond("completed", "null", `[{"id":"rs_B9_0","type":"reasoning","summary":[{"type":"summary_text","text":"Hm."}]},
			  {"id":"fc_B9_1","type":"function_call","status":"completed","call_id":"call_a","name":"f","arguments":"{\"x\": 1}"},
			  {"id":"fc_B9_2","type":"function_call","status":"completed","call_id":"call_B9_2","name":"g","arguments":"{}"},
			  {"id":"fc_B9_3","type":"function_call","status":"completed","call_id":"c","name":"h","arguments":"{\"y\": 2}"}]`, "null"),
		},
		"a refusal": {
			complete(`{"message":{"content":null,"refusal":"No."},"finish_reason":"stop"}`, ``),
			respond("completed", "null", `[{"id":"msg_B9_0","type":"message","status":"completed","role":"assistant","content":[{"type":"refusal","refusal":"No."}]}]`, "null"),
		},
		"too long": {
			complete(`{"message":{"content":[{"type":"thinking","thinking":[]},{"type":"text","text":"a"}],"reasoning":"r"},"finish_reason":"length"}`, `,"usage":{"prompt_tokens":-1,"completion_tokens":2}`),
			respond("incomplete", `{"reason":"max_output_tokens"}`, `[{"id":"rs_B9_0","type":"reasoning","summary":[{"type":"summary_text","text":"r"}]},
			  {"id":"msg_B9_1","type":"message","status":"incomplete","role":"assistant","content":[{"type":"output_text","text":"a","annotations":[],"logprobs":[]}]}]`,
				`{"input_tokens":null,"input_tokens_details":{"cached_tokens":0,"cache_write_tokens":0},"output_tokens":2,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":null}`),
		},
		"withheld": {
			complete(`{"message":{"content":""},"finish_reason":"content_filter"}`, ``),
			respond("incomplete", `{"reason":"content_filter"}`, `[]`, "null"),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := dialect.ResponsesAnswerFromChat([]byte(tt.in))
			require.NoError(t, err)
			require.JSONEq(t, tt.want, string(got))
		})
	}
}

func TestResponsesAnswerFromChat_OtherDocuments(t *testing.T) {
	for _, in := range []string{
		``, `[]`, `{`, `{}`, `{"choices":[]}`, `{"choices":[{"message":"x"}]}`, `{"choices":[{"message":{"tool_calls":"x"}}]}`,
		`{"choices":[{"message":{"tool_calls":["x"]}}]}`, `{"choices":[{"message":{"tool_calls":[{"type":"function"}]}}]}`,
	} {
		_, err := dialect.ResponsesAnswerFromChat([]byte(in))
		require.Error(t, err, in)
	}
}

// respRun hands the chunks of a stream to a translator and returns the events it emitted.
func respRun(t *testing.T, chunks ...string) ([]gjson.Result, error) {
	t.Helper()
	var out []gjson.Result
	emit := func(name string, data []byte) {
		require.True(t, gjson.ValidBytes(data), string(data))
		e := gjson.ParseBytes(data)
		require.Equal(t, name, e.Get("type").Str)
		require.EqualValues(t, len(out), e.Get("sequence_number").Int())
		out = append(out, e)
	}
	tr := dialect.ResponsesStreamFromChat()
	for _, c := range chunks {
		if err := tr.Event("", []byte(c), emit); err != nil {
			return out, err
		}
	}
	return out, tr.End(emit)
}

// respChunk is a chunk with a delta and, where it has one, a reason to end.
func respChunk(delta, reason string) string {
	if reason != "" {
		reason = `,"finish_reason":"` + reason + `"`
	}
	return `{"id":"chatcmpl-B9","object":"chat.completion.chunk","created":7,"model":"m","choices":[{"index":0,"delta":` + delta + reason + `}]}`
}

func TestResponsesStreamFromChat(t *testing.T) {
	got, err := respRun(t,
		`{"id":"","model":"","choices":[],"prompt_filter_results":[]}`,
		respChunk(`{"role":"assistant","content":""}`, ""),
		respChunk(`{"reasoning_content":"H"}`, ""), respChunk(`{"reasoning_content":"m"}`, ""),
		respChunk(`{"content":"Hel"}`, ""), respChunk(`{"content":"lo"}`, ""),
		respChunk(`{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]}`, ""),
		respChunk(`{"tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":"{"}}]}`, ""),
		respChunk(`{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":1}"}},{"index":1,"function":{"arguments":"}"}}]}`, ""),
		respChunk(`{}`, "tool_calls"),
		`{"id":"chatcmpl-B9","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":6}}`,
	)
	require.NoError(t, err)
	want := []string{
		`response.created`, `response.in_progress`,
		`response.output_item.added 0 {"id":"rs_B9_0","type":"reasoning","summary":[]}`,
		`response.reasoning_summary_part.added 0 rs_B9_0 {"type":"summary_text","text":""}`,
		`response.reasoning_summary_text.delta 0 rs_B9_0 H`, `response.reasoning_summary_text.delta 0 rs_B9_0 m`,
		`response.reasoning_summary_text.done 0 rs_B9_0 Hm`,
		`response.reasoning_summary_part.done 0 rs_B9_0 {"type":"summary_text","text":"Hm"}`,
		`response.output_item.done 0 {"id":"rs_B9_0","type":"reasoning","summary":[{"type":"summary_text","text":"Hm"}]}`,
		`response.output_item.added 1 {"id":"msg_B9_1","type":"message","status":"in_progress","role":"assistant","content":[]}`,
		`response.content_part.added 1 msg_B9_1 {"type":"output_text","text":"","annotations":[],"logprobs":[]}`,
		`response.output_text.delta 1 msg_B9_1 Hel`, `response.output_text.delta 1 msg_B9_1 lo`,
		`response.output_text.done 1 msg_B9_1 Hello`,
		`response.content_part.done 1 msg_B9_1 {"type":"output_text","text":"Hello","annotations":[],"logprobs":[]}`,
		`response.output_item.done 1 {"id":"msg_B9_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Hello","annotations":[],"logprobs":[]}]}`,
		`response.output_item.added 2 {"id":"fc_B9_2","type":"function_call","status":"in_progress","call_id":"a","name":"f","arguments":""}`,
		`response.output_item.added 3 {"id":"fc_B9_3","type":"function_call","status":"in_progress","call_id":"b","name":"g","arguments":""}`,
		`response.function_call_arguments.delta 3 fc_B9_3 {`,
		`response.function_call_arguments.delta 2 fc_B9_2 {"x":1}`, `response.function_call_arguments.delta 3 fc_B9_3 }`,
		`response.function_call_arguments.done 2 fc_B9_2 {"x":1}`,
		`response.output_item.done 2 {"id":"fc_B9_2","type":"function_call","status":"completed","call_id":"a","name":"f","arguments":"{\"x\":1}"}`,
		`response.function_call_arguments.done 3 fc_B9_3 {}`,
		`response.output_item.done 3 {"id":"fc_B9_3","type":"function_call","status":"completed","call_id":"b","name":"g","arguments":"{}"}`,
		`response.completed`,
	}
	var lines []string
	for _, e := range got {
		line := e.Get("type").Str
		for _, member := range []string{"output_index", "item_id", "delta", "text", "arguments", "part", "item"} {
			if v := e.Get(member); v.Exists() {
				line += " " + v.String()
			}
		}
		lines = append(lines, line)
	}
	require.Equal(t, want, lines)

	first, last := got[0].Get("response"), got[len(got)-1].Get("response")
	require.Equal(t, "resp_B9 in_progress [] null 7 m", first.Get("id").Str+" "+first.Get("status").Str+" "+first.Get("output").Raw+" "+first.Get("usage").Raw+" "+first.Get("created_at").Raw+" "+first.Get("model").Str)
	require.Equal(t, first.Get("id").Str, last.Get("id").Str)
	require.Equal(t, "completed", last.Get("status").Str)
	require.EqualValues(t, 11, last.Get("usage.total_tokens").Int())
	for i, e := range []int{8, 15, 22, 24} {
		require.Equal(t, got[e].Get("item").Raw, last.Get("output").Array()[i].Raw, "the output is what the items ended as")
	}
}

// Whatever the providers make of the index, each call is one.
func TestResponsesStreamFromChat_CallsWithoutIndex(t *testing.T) {
	for name, chunks := range map[string][]string{
		"none": {
			`{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{"}}]}`, `{"tool_calls":[{"function":{"arguments":"}"}}]}`,
			`{"tool_calls":[{"id":"b","function":{"name":"g","arguments":"{}"}}]}`,
		},
		"always 0": {
			`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}`, `{"tool_calls":[{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}]}`,
		},
		"id and name repeated": {
			`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}`, `{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"}"}}]}`,
			`{"tool_calls":[{"index":1,"id":"b","function":{"name":"g"}}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var in []string
			for _, c := range chunks {
				in = append(in, respChunk(c, ""))
			}
			got, err := respRun(t, in...)
			require.NoError(t, err)
			out := got[len(got)-1].Get("response.output")
			require.Equal(t, `["f","g"] ["{}","{}"] ["a","b"]`, out.Get("#.name").Raw+" "+out.Get("#.arguments").Raw+" "+out.Get("#.call_id").Raw)
		})
	}
}

func TestResponsesStreamFromChat_Ends(t *testing.T) {
	got, err := respRun(t, respChunk(`{"content":"a"}`, ""), respChunk(`{"refusal":"No"}`, ""), respChunk(`{}`, "length"))
	require.NoError(t, err)
	last := got[len(got)-1]
	require.Equal(t, "response.incomplete", last.Get("type").Str)
	require.Equal(t, "max_output_tokens", last.Get("response.incomplete_details.reason").Str)
	require.Equal(t, `["completed","incomplete"]`, last.Get("response.output.#.status").Raw)
	require.Equal(t, "No", last.Get("response.output.1.content.0.refusal").Str)
	require.Equal(t, gjson.Null, last.Get("response.usage").Type)

	got, err = respRun(t, `{"choices":[{"delta":{"content":"a"}}]}`, respChunk(`{"content":"b"}`, "stop"))
	require.NoError(t, err)
	require.Equal(t, got[0].Get("response.id").Str, got[len(got)-1].Get("response.id").Str, "an id that comes late changes nothing")

	_, err = respRun(t)
	require.Error(t, err, "nothing came")
	for _, chunk := range []string{`[]`, `"x"`, `{}`, `{"choices":7}`, respChunk(`{"tool_calls":"x"}`, ""), respChunk(`{"tool_calls":[{"index":0,"function":{"arguments":"x"}}]}`, "")} {
		_, err = respRun(t, chunk)
		require.Error(t, err, chunk)
	}
}

func FuzzResponses(f *testing.F) {
	for _, seed := range []string{
		`{"model":"m","instructions":"i","input":[{"role":"user","content":[{"type":"input_text","text":"x"},{"type":"input_image","image_url":"u"}]},{"type":"function_call","call_id":"a","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"a","output":"x"}],"tools":[{"type":"function","name":"f","parameters":{}}],"tool_choice":"auto","text":{"format":{"type":"json_object"}},"reasoning":{"effort":"low"},"stream":true}`,
		`{"id":"chatcmpl-1","created":1,"model":"m","choices":[{"message":{"content":"a","reasoning_content":"b","refusal":"c","tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}`,
		respChunk(`{"content":"a","reasoning":"b","refusal":"c","tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}},{"function":{"name":"g"}}]}`, "length"),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if out, err := dialect.ResponsesRequestToChat(data); err == nil {
			require.True(t, json.Valid(out), string(out))
		}
		if out, err := dialect.ResponsesAnswerFromChat(data); err == nil {
			require.True(t, json.Valid(out), string(out))
		}
		if !gjson.ValidBytes(data) {
			return
		}
		emit := func(_ string, data []byte) { require.True(t, json.Valid(data), string(data)) }
		tr := dialect.ResponsesStreamFromChat()
		for range 2 {
			_ = tr.Event("", data, emit)
		}
		_ = tr.End(emit)
	})
}
