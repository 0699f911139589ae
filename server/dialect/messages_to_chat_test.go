package dialect_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/dialect"
)

// The requests are those of Anthropic's reference, the results are in the form of OpenAI's.
func TestMessagesRequestToChat(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"Text": {
			`{"model":"m","max_tokens":1024,"stream":true,"metadata":{"user_id":"u-1"},"system":"Be brief.",
			  "temperature":0.5,"top_p":0.9,"top_k":5,"stop_sequences":["END"],"messages":[
			  {"role":"user","content":"Hello, Claude"},
			  {"role":"assistant","content":"Hello!"},
			  {"role":"user","content":[{"type":"text","text":"Can you describe LLMs to me?","cache_control":{"type":"ephemeral"}}]}]}`,
			`{"model":"m","max_tokens":1024,"stream":true,"stream_options":{"include_usage":true},"user":"u-1",
			  "temperature":0.5,"top_p":0.9,"stop":["END"],"messages":[
			  {"role":"system","content":"Be brief."},
			  {"role":"user","content":"Hello, Claude"},
			  {"role":"assistant","content":"Hello!"},
			  {"role":"user","content":"Can you describe LLMs to me?"}]}`,
		},
		"ImagesAndDocuments": {
			`{"model":"m","max_tokens":9,"system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},{"type":"text","text":"b"}],
			  "messages":[{"role":"user","content":[
			  {"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"/9j/"}},
			  {"type":"image","source":{"type":"url","url":"https://upload.wikimedia.org/ant.jpg"}},
			  {"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0="}},
			  {"type":"document","title":"My Document","source":{"type":"text","media_type":"text/plain","data":"The grass is green."},"citations":{"enabled":false}},
			  {"type":"text","text":"What is in the above image?"}]}]}`,
			`{"model":"m","max_tokens":9,"messages":[{"role":"system","content":"a\n\nb"},{"role":"user","content":[
			  {"type":"image_url","image_url":{"url":"data:image/jpeg;base64,/9j/"}},
			  {"type":"image_url","image_url":{"url":"https://upload.wikimedia.org/ant.jpg"}},
			  {"type":"file","file":{"filename":"document.pdf","file_data":"data:application/pdf;base64,JVBERi0="}},
			  {"type":"text","text":"The grass is green."},
			  {"type":"text","text":"What is in the above image?"}]}]}`,
		},
		"ToolsAndTheirResults": {
			`{"model":"m","max_tokens":9,"tools":[{"type":"custom","name":"get_weather","description":"Get the current weather",
			   "input_schema":{"type":"object","properties":{"location":{"type":"string"}}},"cache_control":{"type":"ephemeral"},"strict":true}],
			  "tool_choice":{"type":"any","disable_parallel_tool_use":true},"messages":[
			  {"role":"user","content":"What's the weather like in San Francisco?"},
			  {"role":"assistant","content":[
			    {"type":"thinking","thinking":"Hm.","signature":"EqQB"},{"type":"redacted_thinking","data":"Emw"},
			    {"type":"text","text":"Let me "},{"type":"text","text":"look."},
			    {"type":"tool_use","id":"toolu_1","name":"get_weather","input":{"location": "San Francisco, CA"}},
			    {"type":"tool_use","id":"toolu_2","name":"get_weather","input":{}}]},
			  {"role":"user","content":[
			    {"type":"tool_result","tool_use_id":"toolu_1","content":[{"type":"text","text":"15 degrees"},
			      {"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBO"}}]},
			    {"type":"tool_result","tool_use_id":"toolu_2","content":"ConnectionError","is_error":true},
			    {"type":"text","text":"Well?"}]},
			  {"role":"assistant","content":[{"type":"thinking","thinking":"Hm.","signature":"EqQB"}]}]}`,
			`{"model":"m","max_tokens":9,"tools":[{"type":"function","function":{"name":"get_weather","description":"Get the current weather",
			   "parameters":{"type":"object","properties":{"location":{"type":"string"}}},"strict":true}}],
			  "tool_choice":"required","parallel_tool_calls":false,"messages":[
			  {"role":"user","content":"What's the weather like in San Francisco?"},
			  {"role":"assistant","content":"Let me look.","tool_calls":[
			    {"id":"toolu_1","type":"function","function":{"name":"get_weather","arguments":"{\"location\": \"San Francisco, CA\"}"}},
			    {"id":"toolu_2","type":"function","function":{"name":"get_weather","arguments":"{}"}}]},
			  {"role":"tool","tool_call_id":"toolu_1","content":"15 degrees"},
			  {"role":"tool","tool_call_id":"toolu_2","content":"Error: ConnectionError"},
			  {"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBO"}},{"type":"text","text":"Well?"}]}]}`,
		},
		"OnlyCalls": {
			`{"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]}],
			  "tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"tool","name":"f"}}`,
			`{"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":null,
			    "tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}]}],
			  "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],
			  "tool_choice":{"type":"function","function":{"name":"f"}}}`,
		},
		"Schema": {
			`{"model":"m","max_tokens":9,"messages":[],"output_config":{"effort":"max","format":{"type":"json_schema","schema":{"type":"object"}}}}`,
			`{"model":"m","max_tokens":9,"messages":[],"reasoning_effort":"high",
			  "response_format":{"type":"json_schema","json_schema":{"name":"answer","strict":true,"schema":{"type":"object"}}}}`,
		},
		"HintsAreDropped": {
			`{"model":"m","max_tokens":9,"messages":[],"stream":false,"top_k":1,"cache_control":{"type":"ephemeral"},"service_tier":"auto",
			  "context_management":{},"thinking":{"type":"disabled"},"tool_choice":{"type":"auto"},"metadata":{"user_id":null},"x":[1]}`,
			`{"model":"m","max_tokens":9,"messages":[],"stream":false,"x":[1]}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := dialect.MessagesRequestToChat([]byte(tt.in))
			require.NoError(t, err)
			require.JSONEq(t, tt.want, string(got))
		})
	}
}

func TestMessagesRequestToChat_SaysABudgetAsAnEffort(t *testing.T) {
	for budget, want := range map[string]string{"1024": "low", "2048": "low", "2049": "medium", "8192": "medium", "8193": "high"} {
		got, err := dialect.MessagesRequestToChat([]byte(
			`{"model":"m","max_tokens":99999,"messages":[],"thinking":{"type":"enabled","budget_tokens":` + budget + `}}`))
		require.NoError(t, err)
		require.Equal(t, want, gjson.GetBytes(got, "reasoning_effort").Str, budget)
	}
}

func TestMessagesRequestToChat_CopiesByteForByte(t *testing.T) {
	schema, input := `{ "type":"object","x": 1.50e+400, "ä":"\u00e4\/" }`, `{"n" : 12345678901234567890, "s":"\u0041"}`
	got, err := dialect.MessagesRequestToChat([]byte(`{"model":"m","max_tokens":9,
		"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":` + input + `}]}],
		"tools":[{"name":"f","input_schema":` + schema + `}]}`))
	require.NoError(t, err)
	require.Equal(t, schema, gjson.GetBytes(got, "tools.0.function.parameters").Raw)
	require.Equal(t, input, gjson.GetBytes(got, "messages.0.tool_calls.0.function.arguments").Str)
}

func TestMessagesRequestToChat_Refuses(t *testing.T) {
	const rest = `"max_tokens":9,"messages":[]`
	block := func(b string) string { return `"max_tokens":9,"messages":[{"role":"user","content":[` + b + `]}]` }
	said := func(b string) string { return `"max_tokens":9,"messages":[{"role":"assistant","content":[` + b + `]}]` }
	tests := map[string]struct{ in, field string }{
		"NoCap":           {`"messages":[]`, "max_tokens"},
		"NegativeCap":     {`"max_tokens":-1,"messages":[]`, "max_tokens"},
		"NoMessages":      {`"max_tokens":9`, "messages"},
		"ServerTool":      {rest + `,"tools":[{"name":"f","input_schema":{}},{"type":"web_search_20250305","name":"web_search"}]`, "tools[1].type"},
		"NoSchema":        {rest + `,"tools":[{"name":"f"}]`, "tools[0].input_schema"},
		"NoToolName":      {rest + `,"tools":[{"input_schema":{}}]`, "tools[0].name"},
		"ToolChoice":      {rest + `,"tools":[{"name":"f","input_schema":{}}],"tool_choice":{"type":"all"}`, "tool_choice.type"},
		"ToolChoiceName":  {rest + `,"tools":[{"name":"f","input_schema":{}}],"tool_choice":{"type":"tool"}`, "tool_choice.name"},
		"MCP":             {rest + `,"mcp_servers":[]`, "mcp_servers"},
		"Container":       {rest + `,"container":"c"`, "container"},
		"AnswersOfTheHub": {rest + `,"n":5`, "n"},
		"CapOfTheHub":     {rest + `,"max_completion_tokens":999999`, "max_completion_tokens"},
		"Format":          {rest + `,"output_config":{"format":{"type":"xml"}}`, "output_config.format"},
		"Effort":          {rest + `,"output_config":{"effort":"huge"}`, "output_config.effort"},
		"System":          {rest + `,"system":7`, "system"},
		"SystemImage":     {rest + `,"system":[{"type":"image"}]`, "system[0].type"},
		"StopSequences":   {rest + `,"stop_sequences":"END"`, "stop_sequences"},
		"Role":            {`"max_tokens":9,"messages":[{"role":"system","content":"x"}]`, "messages[0].role"},
		"Content":         {`"max_tokens":9,"messages":[{"role":"user"}]`, "messages[0].content"},
		"Said":            {`"max_tokens":9,"messages":[{"role":"assistant","content":7}]`, "messages[0].content"},
		"SearchResult":    {block(`{"type":"text","text":"a"},{"type":"search_result"}`), "messages[0].content[1].type"},
		"Text":            {block(`{"type":"text"}`), "messages[0].content[0].text"},
		"ImageByID":       {block(`{"type":"image","source":{"type":"file","file_id":"f"}}`), "messages[0].content[0].source.type"},
		"DocumentByURL":   {block(`{"type":"document","source":{"type":"url","url":"https://a"}}`), "messages[0].content[0].source.type"},
		"Citations":       {block(`{"type":"document","source":{"type":"text","data":"a"},"citations":{"enabled":true}}`), "messages[0].content[0].citations"},
		"ResultOfNothing": {block(`{"type":"tool_result"}`), "messages[0].content[0].tool_use_id"},
		"ResultOfNoKind":  {block(`{"type":"tool_result","tool_use_id":"t","content":7}`), "messages[0].content[0].content"},
		"ResultOfASearch": {block(`{"type":"tool_result","tool_use_id":"t","content":[{"type":"search_result"}]}`), "messages[0].content[0].content[0].type"},
		"ServerToolUse":   {said(`{"type":"server_tool_use"}`), "messages[0].content[0].type"},
		"NamelessCall":    {said(`{"type":"tool_use","id":"t"}`), "messages[0].content[0]"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := dialect.MessagesRequestToChat([]byte(`{"model":"m",` + tt.in + `}`))
			requireRefused(t, err, tt.field)
		})
	}
	_, err := dialect.MessagesRequestToChat([]byte(`{"max_tokens":9,"messages":[]}`))
	requireRefused(t, err, "model")
}
