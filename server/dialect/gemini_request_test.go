package dialect_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dialect"
	"github.com/resourcepool/resourcepool/server/fault"
)

func TestChatRequestToGemini(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"text": {
			`{"model":"gemini-2.5-flash","messages":[{"role":"system","content":"You are a cat. Your name is Neko."},{"role":"user","content":"Hello there"}]}`,
			`{"systemInstruction":{"parts":[{"text":"You are a cat. Your name is Neko."}]},
			  "contents":[{"role":"user","parts":[{"text":"Hello there"}]}],"generationConfig":{}}`,
		},
		"settings": {
			`{"model":"m","messages":[{"role":"user","content":"x"}],"max_completion_tokens":800,"max_tokens":7,"temperature":1.0,"top_p":0.8,
			  "top_k":10,"stop":["Title","x"],"seed":5,"presence_penalty":0.5,"frequency_penalty":-0.5,"n":1,"user":"u","logit_bias":{"1":2},
			  "stream":true,"stream_options":{"include_usage":true},"store":false,"logprobs":false,"modalities":["text"],"audio":null}`,
			`{"contents":[{"role":"user","parts":[{"text":"x"}]}],"generationConfig":{"maxOutputTokens":800,"temperature":1.0,"topP":0.8,"topK":10,
			  "presencePenalty":0.5,"frequencyPenalty":-0.5,"seed":5,"candidateCount":1,"stopSequences":["Title","x"]}}`,
		},
		"one stop, a seed that does not fit, the other cap": {
			`{"messages":[{"role":"user","content":"x"}],"max_tokens":7,"stop":"\n","seed":99999999999}`,
			`{"contents":[{"role":"user","parts":[{"text":"x"}]}],"generationConfig":{"maxOutputTokens":7,"stopSequences":["\n"]}}`,
		},
		"an effort": {
			`{"messages":[{"role":"user","content":"x"}],"reasoning_effort":"medium"}`,
			`{"contents":[{"role":"user","parts":[{"text":"x"}]}],"generationConfig":{"thinkingConfig":{"thinkingBudget":8192,"includeThoughts":true}}}`,
		},
		"no effort": {
			`{"messages":[{"role":"user","content":"x"}],"reasoning_effort":"none"}`,
			`{"contents":[{"role":"user","parts":[{"text":"x"}]}],"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}}`,
		},
		"a schema": {
			`{"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema","json_schema":{"name":"r","strict":true,"schema":{"type":"object","$defs":{"a":{"const":1}}}}}}`,
			`{"contents":[{"role":"user","parts":[{"text":"x"}]}],"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":{"type":"object","$defs":{"a":{"const":1}}}}}`,
		},
		"any JSON": {
			`{"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_object"}}`,
			`{"contents":[{"role":"user","parts":[{"text":"x"}]}],"generationConfig":{"responseMimeType":"application/json"}}`,
		},
		"media": {
			`{"messages":[{"role":"user","content":[{"type":"text","text":"Caption this."},{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,/9j/4A==","detail":"low"}},
			  {"type":"input_audio","input_audio":{"data":"UklGRg==","format":"wav"}},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERg=="}}]}]}`,
			`{"contents":[{"role":"user","parts":[{"text":"Caption this."},{"inlineData":{"mimeType":"image/jpeg","data":"/9j/4A=="}},
			  {"inlineData":{"mimeType":"audio/wav","data":"UklGRg=="}},{"inlineData":{"mimeType":"application/pdf","data":"JVBERg=="}}]}],"generationConfig":{}}`,
		},
		"tools": {
			`{"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f","description":"d","strict":true,"parameters":{"type":"object","additionalProperties":false}}},{"type":"function","function":{"name":"g"}}],"tool_choice":{"type":"function","function":{"name":"f"}}}`,
			`{"contents":[{"role":"user","parts":[{"text":"x"}]}],"tools":[{"functionDeclarations":[{"name":"f","description":"d","parametersJsonSchema":{"type":"object","additionalProperties":false}},{"name":"g"}]}],
			  "toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}},"generationConfig":{}}`,
		},
		"calls and results, those of a turn together": {
			`{"model":"gemini-2.5-pro","messages":[{"role":"user","content":"Weather?"},
			  {"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"city\": \"Oslo\"}"},"extra_content":{"google":{"thought_signature":"c2ln"}}},
			    {"id":"b","type":"function","function":{"name":"g","arguments":""}}]},
			  {"role":"tool","tool_call_id":"a","content":"{\"temp\":1.50}"},{"role":"tool","tool_call_id":"b","content":[{"type":"text","text":"12345678901234567890"}]},
			  {"role":"user","content":"And?"},{"role":"assistant","content":"","reasoning_content":"hm"},{"role":"assistant","content":[{"type":"refusal","refusal":"no"}]}]}`,
			`{"contents":[{"role":"user","parts":[{"text":"Weather?"}]},
			  {"role":"model","parts":[{"functionCall":{"id":"a","name":"f","args":{"city": "Oslo"}},"thoughtSignature":"c2ln"},{"functionCall":{"id":"b","name":"g","args":{}}}]},
			  {"role":"user","parts":[{"functionResponse":{"id":"a","name":"f","response":{"temp":1.50}}},{"functionResponse":{"id":"b","name":"g","response":{"result":"12345678901234567890"}}}]},
			  {"role":"user","parts":[{"text":"And?"}]},{"role":"model","parts":[{"text":"no"}]}],"generationConfig":{}}`,
		},
		"a call without a signature, to a model that wants one; a list and a broken object as results": {
			`{"model":"gemini-3-pro-preview","messages":[{"role":"assistant","content":"ok","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"b","type":"function","function":{"name":"f","arguments":"{}"}}]},
			  {"role":"tool","tool_call_id":"a","content":"[1,2]"},{"role":"tool","tool_call_id":"b","content":"{oops"}]}`,
			`{"contents":[{"role":"model","parts":[{"text":"ok"},{"functionCall":{"id":"a","name":"f","args":{}},"thoughtSignature":"skip_thought_signature_validator"},{"functionCall":{"id":"b","name":"f","args":{}}}]},
			  {"role":"user","parts":[{"functionResponse":{"id":"a","name":"f","response":{"result":[1,2]}}},{"functionResponse":{"id":"b","name":"f","response":{"result":"{oops"}}}]}],"generationConfig":{}}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := dialect.ChatRequestToGemini([]byte(tt.in))
			require.NoError(t, err)
			require.JSONEq(t, tt.want, string(got))
		})
	}
}

func TestChatRequestToGemini_ToolChoice(t *testing.T) {
	for choice, want := range map[string]string{
		`null`: ``, `"auto"`: `"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}},`,
		`"none"`: `"toolConfig":{"functionCallingConfig":{"mode":"NONE"}},`, `"required"`: `"toolConfig":{"functionCallingConfig":{"mode":"ANY"}},`,
	} {
		got, err := dialect.ChatRequestToGemini([]byte(`{"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":` + choice + `}`))
		require.NoError(t, err)
		require.Contains(t, string(got), `"tools":[{"functionDeclarations":[{"name":"f"}]}],`+want+`"generationConfig"`, choice)
	}
}

// A validator that recurses must not be led on by brackets, however well they are closed.
func TestDocumentsThatAreNestedTooDeeply(t *testing.T) {
	deep := strings.Repeat("[", 1000) + strings.Repeat("]", 1000)
	_, err := dialect.ChatRequestToGemini([]byte(`{"messages":[{"role":"user","content":"x"}],"metadata":` + deep + `}`))
	require.Equal(t, fault.BadUserInput, fault.CodeOf(err))
	_, err = dialect.ResponsesRequestToChat([]byte(`{"input":"x","metadata":` + deep + `}`))
	require.Equal(t, fault.BadUserInput, fault.CodeOf(err))
	_, err = dialect.ResponsesAnswerFromChat([]byte(`{"choices":[{"message":{"content":"x"}}],"more":` + deep + `}`))
	require.Error(t, err)
	// What only looks like an object is text to the one who wrote it.
	got, err := dialect.ChatRequestToGemini([]byte(`{"messages":[{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f"}}]},{"role":"tool","tool_call_id":"a","content":"` + deep + `"}]}`))
	require.NoError(t, err)
	require.Contains(t, string(got), `"response":{"result":"[`)
}

// Schemas and arguments are bytes of the client's: their order and the form of their numbers are kept.
func TestChatRequestToGemini_CopiesSchemasByteForByte(t *testing.T) {
	got, err := dialect.ChatRequestToGemini([]byte(`{"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"z":1.00, "a" :1e2}}}]}`))
	require.NoError(t, err)
	require.Contains(t, string(got), `"parametersJsonSchema":{"z":1.00, "a" :1e2}`)
}

func TestChatRequestToGemini_RefusesByName(t *testing.T) {
	user := func(more string) string { return `{"messages":[{"role":"user","content":"x"}],` + more + `}` }
	part := func(p string) string {
		return `{"messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"x"},` + p + `]}]}`
	}
	message := func(m string) string { return `{"messages":[{"role":"user","content":"x"},` + m + `]}` }
	for in, field := range map[string]string{
		`[]`:                   "",
		`{"messages":[`:        "",
		`{"messages":"hello"}`: "messages",
		`{}`:                   "messages",
		`{"messages":[]}`:      "messages",
		`{"messages":[{"role":"system","content":"s"}]}`:   "messages",
		`{"messages":["x"]}`:                               "messages[0]",
		`{"messages":[{"role":"function","content":"s"}]}`: "messages[0].role",
		`{"messages":[{"role":"user","content":7}]}`:       "messages[0].content",
		user(`"n":2`):                                "n",
		user(`"logprobs":true`):                      "logprobs",
		user(`"top_logprobs":3`):                     "top_logprobs",
		user(`"modalities":["text","audio"]`):        "modalities",
		user(`"audio":{"voice":"alloy"}`):            "audio",
		user(`"prediction":{"type":"content"}`):      "prediction",
		user(`"web_search_options":{}`):              "web_search_options",
		user(`"functions":[]`):                       "functions",
		user(`"service_tier":"priority"`):            "service_tier",
		user(`"reasoning_effort":"extreme"`):         "reasoning_effort",
		user(`"temperature":"hot"`):                  "temperature",
		user(`"max_tokens":1.5`):                     "max_tokens",
		user(`"stop":[1]`):                           "stop[0]",
		user(`"response_format":{"type":"grammar"}`): "response_format.type",
		user(`"tools":[{"type":"custom"}]`):          "tools[0].type",
		user(`"tools":[{"type":"function"}]`):        "tools[0].function.name",
		user(`"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"maybe"`):                          "tool_choice",
		user(`"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"custom"}`):                "tool_choice",
		part(`{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}`):                                 "messages[1].content[1].image_url.url",
		part(`{"type":"image_url","image_url":{"url":"data:image/png,raw"}}`):                                        "messages[1].content[1].image_url.url",
		part(`{"type":"file","file":{"file_id":"file-1"}}`):                                                          "messages[1].content[1].file.file_id",
		part(`{"type":"file","file":{}}`):                                                                            "messages[1].content[1].file.file_data",
		part(`{"type":"input_audio","input_audio":{"data":"x"}}`):                                                    "messages[1].content[1].input_audio.format",
		part(`{"type":"video_url"}`):                                                                                 "messages[1].content[1].type",
		message(`{"role":"tool","tool_call_id":"a","content":"x"}`):                                                  "messages[1].tool_call_id",
		message(`{"role":"assistant","audio":{"id":"a"}}`):                                                           "messages[1].audio",
		message(`{"role":"assistant","content":[{"type":"image_url"}]}`):                                             "messages[1].content[0].type",
		message(`{"role":"assistant","tool_calls":[{"type":"custom"}]}`):                                             "messages[1].tool_calls[0].type",
		message(`{"role":"assistant","tool_calls":[{"type":"function","function":{"name":"f","arguments":"[1]"}}]}`): "messages[1].tool_calls[0].function.arguments",
	} {
		_, err := dialect.ChatRequestToGemini([]byte(in))
		f, ok := fault.As(err)
		require.True(t, ok, in)
		require.Equal(t, fault.BadUserInput, f.Code, in)
		require.Equal(t, field, f.Field, in)
	}
}
