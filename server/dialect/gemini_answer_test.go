package dialect_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/dialect"
)

func TestChatAnswerFromGemini(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"text and thoughts": {
			`{"candidates":[{"content":{"parts":[{"text":"Let me see.","thought":true},{"text":"AI learns "},{"text":"patterns.","thoughtSignature":"c2ln"}],"role":"model"},"finishReason":"STOP","index":0}],
			  "usageMetadata":{"promptTokenCount":8,"candidatesTokenCount":20,"totalTokenCount":1000,"thoughtsTokenCount":30,"cachedContentTokenCount":4,"toolUsePromptTokenCount":2,"promptTokensDetails":[{"modality":"TEXT","tokenCount":8}]},
			  "modelVersion":"gemini-2.5-flash","responseId":"R1-x_y"}`,
			`{"id":"chatcmpl-R1-x_y","object":"chat.completion","created":0,"model":"gemini-2.5-flash","choices":[{"index":0,
			  "message":{"role":"assistant","content":"AI learns patterns.","refusal":null,"reasoning_content":"Let me see."},"logprobs":null,"finish_reason":"stop"}],
			  "usage":{"prompt_tokens":10,"completion_tokens":50,"total_tokens":60,"prompt_tokens_details":{"cached_tokens":4,"cache_write_tokens":0},"completion_tokens_details":{"reasoning_tokens":30}}}`,
		},
		"calls": {
			`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"city": "Oslo"}},"thoughtSignature":"c2ln"},{"functionCall":{"name":"g","id":"own"}},{"functionCall":{"name":"g","id":"own"}}]},"finishReason":"STOP"}],
			  "usageMetadata":{"promptTokenCount":8},"responseId":"R=1"}`,
			`{"id":"chatcmpl-R=1","object":"chat.completion","created":0,"model":"","choices":[{"index":0,
			  "message":{"role":"assistant","content":null,"refusal":null,"tool_calls":[
			    {"id":"call_R1_0","type":"function","function":{"name":"f","arguments":"{\"city\": \"Oslo\"}"},"extra_content":{"google":{"thought_signature":"c2ln"}}},
			    {"id":"own","type":"function","function":{"name":"g","arguments":"{}"}},{"id":"call_R1_2","type":"function","function":{"name":"g","arguments":"{}"}}]},
			  "logprobs":null,"finish_reason":"tool_calls"}],
			  "usage":{"prompt_tokens":8,"completion_tokens":0,"total_tokens":8,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}}`,
		},
		"a prompt that was blocked": {
			`{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":3,"totalTokenCount":3},"modelVersion":"m"}`,
			`{"id":"chatcmpl-","object":"chat.completion","created":0,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":"content_filter"}],
			  "usage":{"prompt_tokens":3,"completion_tokens":0,"total_tokens":3,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}}`,
		},
		"no content, no report": {
			`{"candidates":[{"finishReason":"MAX_TOKENS"}]}`,
			`{"id":"chatcmpl-","object":"chat.completion","created":0,"model":"","choices":[{"index":0,"message":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":"length"}]}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := dialect.ChatAnswerFromGemini([]byte(tt.in))
			require.NoError(t, err)
			require.JSONEq(t, tt.want, string(got))
		})
	}
}

func TestChatAnswerFromGemini_FinishReasons(t *testing.T) {
	for reason, want := range map[string]string{
		"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "content_filter", "RECITATION": "content_filter", "BLOCKLIST": "content_filter",
		"PROHIBITED_CONTENT": "content_filter", "SPII": "content_filter", "MALFORMED_FUNCTION_CALL": "stop", "": "",
	} {
		got, err := dialect.ChatAnswerFromGemini([]byte(`{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"` + reason + `"}]}`))
		require.NoError(t, err)
		require.Equal(t, want, gjson.GetBytes(got, "choices.0.finish_reason").String(), reason)
	}
}

func TestChatAnswerFromGemini_FiguresThatAreNoneAreNull(t *testing.T) {
	for usage, want := range map[string]string{
		`{}`:                         `null null null 0 0`,
		`7`:                          `null null null null null`,
		`{"candidatesTokenCount":5}`: `null 5 null 0 0`,
		`{"promptTokenCount":"8","candidatesTokenCount":5}`:                        `null 5 null 0 0`,
		`{"promptTokenCount":8,"candidatesTokenCount":-5}`:                         `8 null null 0 0`,
		`{"promptTokenCount":8,"candidatesTokenCount":5.5}`:                        `8 null null 0 0`,
		`{"promptTokenCount":8,"candidatesTokenCount":5,"thoughtsTokenCount":"x"}`: `8 null null 0 null`,
		`{"promptTokenCount":8,"toolUsePromptTokenCount":-1}`:                      `null 0 null 0 0`,
		`{"promptTokenCount":8,"cachedContentTokenCount":[]}`:                      `8 0 8 null 0`,
		`{"promptTokenCount":8.0,"candidatesTokenCount":1e3}`:                      `8 1000 1008 0 0`,
		`{"promptTokenCount":9007199254740993,"candidatesTokenCount":1e300}`:       `null null null 0 0`,
	} {
		got, err := dialect.ChatAnswerFromGemini([]byte(`{"candidates":[{"finishReason":"STOP"}],"usageMetadata":` + usage + `}`))
		require.NoError(t, err)
		u := gjson.GetBytes(got, "usage")
		require.Equal(t, want, strings.Join([]string{
			u.Get("prompt_tokens").Raw, u.Get("completion_tokens").Raw, u.Get("total_tokens").Raw,
			u.Get("prompt_tokens_details.cached_tokens").Raw, u.Get("completion_tokens_details.reasoning_tokens").Raw,
		}, " "), usage)
	}
}

func TestChatAnswerFromGemini_OtherDocuments(t *testing.T) {
	for _, in := range []string{
		``, `[]`, `{`, `"x"`, `{}`, `{"candidates":[]}`, `{"candidates":["x"]}`, `{"choices":[]}`, `{"usageMetadata":{"promptTokenCount":1}}`, `{"promptFeedback":{}}`,
		`{"candidates":[{"content":{"parts":"x"}}]}`, `{"candidates":[{"content":{"parts":["x"]}}]}`,
		`{"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"AA=="}}]}}]}`,
		`{"candidates":[{"content":{"parts":[{"functionCall":{"args":{}}}]}}]}`, `{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":[]}}]}}]}`,
		`{"candidates":` + strings.Repeat("[", 1<<20) + `}`,
	} {
		_, err := dialect.ChatAnswerFromGemini([]byte(in))
		require.Error(t, err, in[:min(len(in), 80)])
	}
}

// gemRun hands the events of a stream to a translator and returns what it emitted.
func gemRun(t *testing.T, events ...string) ([]string, error) {
	t.Helper()
	var out []string
	emit := func(name string, data []byte) {
		require.Empty(t, name)
		require.True(t, gjson.ValidBytes(data), string(data))
		out = append(out, string(data))
	}
	tr := dialect.ChatStreamFromGemini()
	for _, e := range events {
		if err := tr.Event("", []byte(e), emit); err != nil {
			return out, err
		}
	}
	return out, tr.End(emit)
}

func TestChatStreamFromGemini(t *testing.T) {
	got, err := gemRun(t,
		`{"candidates":[{"content":{"parts":[{"text":"Hm.","thought":true}],"role":"model"}}],"usageMetadata":{"promptTokenCount":5,"totalTokenCount":5},"modelVersion":"gemini-2.5-flash","responseId":"R"}`,
		`{"candidates":[{"content":{"parts":[{"text":"Hi"},{"text":""}]}}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":1,"thoughtsTokenCount":9},"modelVersion":"gemini-2.5-flash","responseId":"R"}`,
		`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"c2ln"}]}}],"responseId":"R"}`,
		`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"g"}}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":7,"thoughtsTokenCount":9},"responseId":"R"}`,
	)
	require.NoError(t, err)
	chunk := func(choice string) string {
		return `{"id":"chatcmpl-R","object":"chat.completion.chunk","created":0,"model":"gemini-2.5-flash","choices":[` + choice + `]}`
	}
	want := []string{
		chunk(`{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}`),
		chunk(`{"index":0,"delta":{"reasoning_content":"Hm."},"finish_reason":null}`),
		chunk(`{"index":0,"delta":{"content":"Hi"},"finish_reason":null}`),
		chunk(`{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_R_0","type":"function","function":{"name":"f","arguments":"{\"a\":1}"},"extra_content":{"google":{"thought_signature":"c2ln"}}}]},"finish_reason":null}`),
		chunk(`{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_R_1","type":"function","function":{"name":"g","arguments":"{}"}}]},"finish_reason":null}`),
		chunk(`{"index":0,"delta":{},"finish_reason":"tool_calls"}`),
		`{"id":"chatcmpl-R","object":"chat.completion.chunk","created":0,"model":"gemini-2.5-flash","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":16,"total_tokens":21,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":0},"completion_tokens_details":{"reasoning_tokens":9}}}`,
	}
	require.Len(t, got, len(want))
	for i := range want {
		require.JSONEq(t, want[i], got[i])
	}
}

func TestChatStreamFromGemini_Ends(t *testing.T) {
	got, err := gemRun(t, `{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":3}}`)
	require.NoError(t, err)
	require.Len(t, got, 3)
	require.Equal(t, "content_filter", gjson.Get(got[1], "choices.0.finish_reason").Str)
	require.EqualValues(t, 3, gjson.Get(got[2], "usage.total_tokens").Int())

	got, err = gemRun(t, `{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"MAX_TOKENS"}]}`, `{"usageMetadata":{"promptTokenCount":3}}`)
	require.NoError(t, err)
	require.Equal(t, "length", gjson.Get(got[2], "choices.0.finish_reason").Str)
	require.Equal(t, "3", gjson.Get(got[3], "usage.prompt_tokens").Raw)

	got, err = gemRun(t, `{"candidates":[{"finishReason":"STOP"}]}`)
	require.NoError(t, err)
	require.Len(t, got, 2, "no usage was told")

	_, err = gemRun(t, `{"candidates":[{"content":{"parts":[{"text":"x"}]}}]}`)
	require.Error(t, err, "the stream broke off")
	_, err = gemRun(t)
	require.Error(t, err)
	for _, event := range []string{`{}`, `[]`, `"x"`, `{"choices":[]}`, `{"candidates":[{"content":{"parts":[{"executableCode":{}}]}}]}`} {
		_, err = gemRun(t, event)
		require.Error(t, err, event)
	}
}

func FuzzGemini(f *testing.F) {
	for _, seed := range []string{
		`{"model":"gemini-3","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"x"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"[1]"}],"tools":[{"type":"function","function":{"name":"f","parameters":{}}}],"tool_choice":"auto","stop":["a"],"max_tokens":3,"reasoning_effort":"low","response_format":{"type":"json_schema","json_schema":{"schema":{}}}}`,
		`{"candidates":[{"content":{"parts":[{"text":"a","thought":true},{"text":"b"},{"functionCall":{"name":"f","args":{"a":[1]},"id":"i"},"thoughtSignature":"c2ln"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1,"thoughtsTokenCount":2},"modelVersion":"m","responseId":"r"}`,
		`{"promptFeedback":{"blockReason":"OTHER"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if out, err := dialect.ChatRequestToGemini(data); err == nil {
			require.True(t, json.Valid(out), string(out))
		}
		if out, err := dialect.ChatAnswerFromGemini(data); err == nil {
			require.True(t, json.Valid(out), string(out))
		}
		if !gjson.ValidBytes(data) {
			return
		}
		emit := func(_ string, data []byte) { require.True(t, json.Valid(data), string(data)) }
		tr := dialect.ChatStreamFromGemini()
		for range 2 {
			_ = tr.Event("", data, emit)
		}
		_ = tr.End(emit)
	})
}
