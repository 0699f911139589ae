package dialect_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/dialect"
	"github.com/resourcepool/resourcepool/server/fault"
)

// The requests are those of OpenAI's reference, the results are in the form of Anthropic's.
func TestChatRequestToMessages(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"Text": {
			`{"model":"m","max_tokens":100,"user":"u-1","stream":true,"stream_options":{"include_usage":true},"messages":[
			  {"role":"developer","content":"You are a helpful assistant."},
			  {"role":"user","content":"Hello!"},
			  {"role":"assistant","content":"Hi, how can I help?","refusal":null},
			  {"role":"system","content":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}]},
			  {"role":"user","content":"Bye."}]}`,
			`{"model":"m","max_tokens":100,
			  "system":[{"type":"text","text":"You are a helpful assistant."},
			            {"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],
			  "messages":[{"role":"user","content":[{"type":"text","text":"Hello!"}]},
			              {"role":"assistant","content":[{"type":"text","text":"Hi, how can I help?"}]},
			              {"role":"user","content":[{"type":"text","text":"Bye."}]}],
			  "stream":true,"metadata":{"user_id":"u-1"}}`,
		},
		"ImagesAndFiles": {
			`{"model":"m","max_tokens":100,"messages":[{"role":"user","content":[
			  {"type":"text","text":"What's in this image?","cache_control":{"type":"ephemeral","ttl":"1h"}},
			  {"type":"image_url","image_url":{"url":"https://example.com/boardwalk.jpg","detail":"high"}},
			  {"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}},
			  {"type":"file","file":{"filename":"draconomicon.pdf","file_data":"data:application/pdf;base64,JVBERi0="}}]}]}`,
			`{"model":"m","max_tokens":100,"messages":[{"role":"user","content":[
			  {"type":"text","text":"What's in this image?","cache_control":{"type":"ephemeral","ttl":"1h"}},
			  {"type":"image","source":{"type":"url","url":"https://example.com/boardwalk.jpg"}},
			  {"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}},
			  {"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0="},"title":"draconomicon.pdf"}]}]}`,
		},
		"ToolsAndTheirResults": {
			`{"model":"m","max_completion_tokens":100,"messages":[
			  {"role":"user","content":"What's the weather like in Boston and Paris?"},
			  {"role":"assistant","content":null,"tool_calls":[
			    {"id":"call_1","type":"function","function":{"name":"get_current_weather","arguments":"{\"location\": \"Boston, MA\"}"}},
			    {"id":"call 2","type":"function","function":{"name":"now","arguments":""}}]},
			  {"role":"tool","tool_call_id":"call_1","content":"22 °C"},
			  {"role":"tool","tool_call_id":"call 2","content":[{"type":"text","text":"noon"}]},
			  {"role":"user","content":"So?"}],
			 "tools":[
			  {"type":"function","function":{"name":"get_current_weather","description":"Get the current weather in a given location",
			    "parameters":{"type":"object","properties":{"location":{"type":"string"}},"required":["location"]},"strict":true}},
			  {"type":"function","function":{"name":"now"},"cache_control":{"type":"ephemeral"}}],
			 "tool_choice":"required","parallel_tool_calls":false}`,
			`{"model":"m","max_tokens":100,"messages":[
			  {"role":"user","content":[{"type":"text","text":"What's the weather like in Boston and Paris?"}]},
			  {"role":"assistant","content":[
			    {"type":"tool_use","id":"call_1","name":"get_current_weather","input":{"location":"Boston, MA"}},
			    {"type":"tool_use","id":"call_2","name":"now","input":{}}]},
			  {"role":"user","content":[
			    {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"22 °C"}]},
			    {"type":"tool_result","tool_use_id":"call_2","content":[{"type":"text","text":"noon"}]},
			    {"type":"text","text":"So?"}]}],
			 "tools":[
			  {"name":"get_current_weather","description":"Get the current weather in a given location",
			   "input_schema":{"type":"object","properties":{"location":{"type":"string"}},"required":["location"]},"strict":true},
			  {"name":"now","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral"}}],
			 "tool_choice":{"type":"any","disable_parallel_tool_use":true}}`,
		},
		"Functions": {
			`{"model":"m","max_tokens":100,"messages":[
			  {"role":"user","content":"Time?"},
			  {"role":"assistant","content":null,"function_call":{"name":"now","arguments":"{}"}},
			  {"role":"function","name":"now","content":"noon"}],
			 "functions":[{"name":"now","parameters":{}}],"function_call":{"name":"now"}}`,
			`{"model":"m","max_tokens":100,"messages":[
			  {"role":"user","content":[{"type":"text","text":"Time?"}]},
			  {"role":"assistant","content":[{"type":"tool_use","id":"call_1","name":"now","input":{}}]},
			  {"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"noon"}]}]}],
			 "tools":[{"name":"now","input_schema":{"type":"object"}}],"tool_choice":{"type":"tool","name":"now"}}`,
		},
		"EmptyMessagesAreLeftOut": {
			`{"model":"m","max_tokens":100,"messages":[{"role":"system","content":""},{"role":"user","content":"Hi"},
			  {"role":"user","content":[{"type":"text","text":"there"}]},{"role":"assistant","content":""}]}`,
			`{"model":"m","max_tokens":100,
			  "messages":[{"role":"user","content":[{"type":"text","text":"Hi"},{"type":"text","text":"there"}]}]}`,
		},
		"Schema": {
			`{"model":"m","max_tokens":100,"messages":[{"role":"user","content":"Hi"}],
			 "response_format":{"type":"json_schema","json_schema":{"name":"a","strict":true,"schema":{"type":"object","properties":{}}}}}`,
			`{"model":"m","max_tokens":100,"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}],
			 "output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{}}}}}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := dialect.ChatRequestToMessages([]byte(tt.in))
			require.NoError(t, err)
			require.JSONEq(t, tt.want, string(got))
		})
	}
}

// messagesMembers translates a small request with more members, and returns what the result has besides model and messages.
func messagesMembers(t *testing.T, more string) string {
	t.Helper()
	got, err := dialect.ChatRequestToMessages([]byte(`{"model":"m","messages":[{"role":"user","content":"Hi"}],` + more + `}`))
	require.NoError(t, err)
	members := map[string]json.RawMessage{}
	require.NoError(t, json.Unmarshal(got, &members))
	delete(members, "model")
	delete(members, "messages")
	rest, err := json.Marshal(members)
	require.NoError(t, err)
	return string(rest)
}

func TestChatRequestToMessages_Members(t *testing.T) {
	const tool = `"tools":[{"type":"function","function":{"name":"f"}}]`
	const wantTool = `"tools":[{"name":"f","input_schema":{"type":"object"}}]`
	tests := map[string]struct{ in, want string }{
		"TheSmallerCap":             {`"max_tokens":7,"max_completion_tokens":5`, `{"max_tokens":5}`},
		"NullIsNothing":             {`"max_tokens":7,"stop":null,"tools":null,"n":null,"temperature":null,"x":null`, `{"max_tokens":7}`},
		"TheFirstOfTwoCounts":       {`"max_tokens":7,"max_tokens":900,"x":1,"x":2`, `{"max_tokens":7,"x":1}`},
		"AnEscapedNameIsTheSame":    {`"max_tokens":7,"max\u005ftokens":900`, `{"max_tokens":7}`},
		"UnknownPasses":             {`"max_tokens":7,"context_management":{"edits":[]}`, `{"max_tokens":7,"context_management":{"edits":[]}}`},
		"TemperatureIsClamped":      {`"max_tokens":7,"temperature":1.5`, `{"max_tokens":7,"temperature":1}`},
		"Temperature":               {`"max_tokens":7,"temperature":0.20,"top_k":4`, `{"max_tokens":7,"temperature":0.20,"top_k":4}`},
		"TopP":                      {`"max_tokens":7,"top_p":0.9`, `{"max_tokens":7,"top_p":0.9}`},
		"ATopPOfNothingIsDropped":   {`"max_tokens":7,"top_p":1,"temperature":0.5`, `{"max_tokens":7,"temperature":0.5}`},
		"Stop":                      {`"max_tokens":7,"stop":"END"`, `{"max_tokens":7,"stop_sequences":["END"]}`},
		"Stops":                     {`"max_tokens":7,"stop":["a","b"]`, `{"max_tokens":7,"stop_sequences":["a","b"]}`},
		"TextFormat":                {`"max_tokens":7,"response_format":{"type":"text"}`, `{"max_tokens":7}`},
		"ToolChoiceNone":            {`"max_tokens":7,` + tool + `,"tool_choice":"none","parallel_tool_calls":false`, `{"max_tokens":7,` + wantTool + `,"tool_choice":{"type":"none"}}`},
		"ToolChoiceAuto":            {`"max_tokens":7,` + tool + `,"tool_choice":"auto"`, `{"max_tokens":7,` + wantTool + `,"tool_choice":{"type":"auto"}}`},
		"ToolChoiceNamed":           {`"max_tokens":7,` + tool + `,"tool_choice":{"type":"function","function":{"name":"f"}}`, `{"max_tokens":7,` + wantTool + `,"tool_choice":{"type":"tool","name":"f"}}`},
		"OneCallAtATime":            {`"max_tokens":7,` + tool + `,"parallel_tool_calls":false`, `{"max_tokens":7,` + wantTool + `,"tool_choice":{"type":"auto","disable_parallel_tool_use":true}}`},
		"AChoiceOfNothingIsDropped": {`"max_tokens":7,"tools":[],"tool_choice":"auto"`, `{"max_tokens":7}`},
		"Effort":                    {`"max_tokens":9000,"reasoning_effort":"low","temperature":0.5,"top_k":3,"top_p":0.5`, `{"max_tokens":9000,"thinking":{"type":"enabled","budget_tokens":2048}}`},
		"EffortWithinTheCap":        {`"max_tokens":3000,"reasoning_effort":"high"`, `{"max_tokens":3000,"thinking":{"type":"enabled","budget_tokens":1500}}`},
		"EffortWithoutRoom":         {`"max_tokens":2000,"reasoning_effort":"high","temperature":0.5`, `{"max_tokens":2000,"temperature":0.5}`},
		"NoEffort":                  {`"max_tokens":9000,"reasoning_effort":"minimal"`, `{"max_tokens":9000}`},
		"EffortOfAForcedCall":       {`"max_tokens":9000,"reasoning_effort":"low","tool_choice":"required",` + tool, `{"max_tokens":9000,` + wantTool + `,"tool_choice":{"type":"any"}}`},
		"OwnThinking":               {`"max_tokens":9000,"thinking":{"type":"adaptive"},"temperature":0.5,"reasoning_effort":"low"`, `{"max_tokens":9000,"thinking":{"type":"adaptive"}}`},
		"OwnThinkingOff":            {`"max_tokens":9000,"thinking":{"type":"disabled"},"temperature":0.5`, `{"max_tokens":9000,"thinking":{"type":"disabled"},"temperature":0.5}`},
		"OneAnswerInText":           {`"max_tokens":7,"n":1,"logprobs":false,"top_logprobs":0,"modalities":["text"]`, `{"max_tokens":7}`},
		"HintsAreDropped": {`"max_tokens":7,"seed":1,"logit_bias":{},"presence_penalty":1,"frequency_penalty":1,"metadata":{"a":"b"},
			"store":true,"service_tier":"flex","prompt_cache_key":"k","verbosity":"low","safety_identifier":"s"`, `{"max_tokens":7}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			require.JSONEq(t, tt.want, messagesMembers(t, tt.in))
		})
	}
}

func TestChatRequestToMessages_NoThoughtsInTheMiddleOfATurn(t *testing.T) {
	got, err := dialect.ChatRequestToMessages([]byte(`{"model":"m","max_tokens":9000,"reasoning_effort":"low","messages":[
		{"role":"user","content":"Time?"},
		{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"now","arguments":"{}"}}]},
		{"role":"tool","tool_call_id":"c","content":"noon"}]}`))
	require.NoError(t, err)
	require.False(t, gjson.GetBytes(got, "thinking").Exists(), "Anthropic wants the thoughts that led to the call")
}

func TestChatRequestToMessages_CopiesByteForByte(t *testing.T) {
	schema, input := `{ "type":"object","x": 1.50e+400, "ä":"\u00e4\/" }`, `{"n" : 12345678901234567890, "s":"\u0041"}`
	arguments, err := json.Marshal(input)
	require.NoError(t, err)
	got, err := dialect.ChatRequestToMessages([]byte(`{"model":"m","max_tokens":9,"messages":[{"role":"assistant","tool_calls":[
		{"id":"c","function":{"name":"f","arguments":` + string(arguments) + `}}]}],
		"tools":[{"type":"function","function":{"name":"f","parameters":` + schema + `}}]}`))
	require.NoError(t, err)
	require.Equal(t, schema, gjson.GetBytes(got, "tools.0.input_schema").Raw)
	require.Equal(t, input, gjson.GetBytes(got, "messages.0.content.0.input").Raw)
}

func TestChatRequestToMessages_Refuses(t *testing.T) {
	const user = `"max_tokens":9,"messages":[{"role":"user","content":"Hi"}]`
	messages := func(m string) string { return `"max_tokens":9,"messages":[{"role":"user","content":"Hi"},` + m + `]` }
	calls := func(c string) string { return messages(`{"role":"assistant","tool_calls":[` + c + `]}`) }
	tests := map[string]struct{ in, field string }{
		"NoCap":            {`"messages":[{"role":"user","content":"Hi"}]`, "max_tokens"},
		"CapOfNothing":     {`"max_tokens":0,"messages":[]`, "max_tokens"},
		"CapInPieces":      {`"max_completion_tokens":1.5,"messages":[]`, "max_completion_tokens"},
		"NoMessages":       {`"max_tokens":9`, "messages"},
		"NobodySpeaks":     {`"max_tokens":9,"messages":[{"role":"system","content":"Hi"}]`, "messages"},
		"Several":          {user + `,"n":2`, "n"},
		"SeveralInWords":   {user + `,"n":"1"`, "n"},
		"Logprobs":         {user + `,"logprobs":true`, "logprobs"},
		"TopLogprobs":      {user + `,"top_logprobs":2`, "top_logprobs"},
		"Audio":            {user + `,"audio":{"voice":"alloy"}`, "audio"},
		"Modalities":       {user + `,"modalities":["text","audio"]`, "modalities"},
		"Prediction":       {user + `,"prediction":{"type":"content"}`, "prediction"},
		"WebSearch":        {user + `,"web_search_options":{}`, "web_search_options"},
		"System":           {user + `,"system":"x"`, "system"},
		"StopSequences":    {user + `,"stop_sequences":[]`, "stop_sequences"},
		"FormatUnknown":    {user + `,"response_format":{"type":"grammar"}`, "response_format.type"},
		"NoSchema":         {user + `,"response_format":{"type":"json_schema"}`, "response_format.json_schema.schema"},
		"TwoFormats":       {user + `,"output_config":{},"response_format":{"type":"json_schema","json_schema":{"schema":{}}}`, "output_config"},
		"Effort":           {user + `,"reasoning_effort":"huge"`, "reasoning_effort"},
		"Temperature":      {user + `,"temperature":"hot"`, "temperature"},
		"Stop":             {user + `,"stop":7`, "stop"},
		"ToolType":         {user + `,"tools":[{"type":"custom","custom":{"name":"x"}}]`, "tools[0].type"},
		"ToolName":         {user + `,"tools":[{"type":"function"}]`, "tools[0].function.name"},
		"ToolSchema":       {user + `,"functions":[{"name":"f","parameters":7}]`, "functions[0].parameters"},
		"ToolsOfNoKind":    {user + `,"tools":{}`, "tools"},
		"ToolChoice":       {user + `,"tools":[{"function":{"name":"f"}}],"tool_choice":{"type":"allowed_tools"}`, "tool_choice"},
		"NothingToCall":    {user + `,"tool_choice":"required"`, "tool_choice"},
		"ForcedToThink":    {user + `,"thinking":{"type":"enabled"},"tools":[{"function":{"name":"f"}}],"tool_choice":"required"`, "tool_choice"},
		"Role":             {messages(`{"role":"critic","content":"x"}`), "messages[1].role"},
		"Content":          {messages(`{"role":"user","content":7}`), "messages[1].content"},
		"InputAudio":       {messages(`{"role":"user","content":[{"type":"text","text":"a"},{"type":"input_audio"}]}`), "messages[1].content[1].type"},
		"AnsweredAloud":    {messages(`{"role":"assistant","audio":{"id":"a"}}`), "messages[1].audio"},
		"TextOfNoKind":     {messages(`{"role":"user","content":[{"type":"text","text":7}]}`), "messages[1].content[0].text"},
		"SystemImage":      {messages(`{"role":"system","content":[{"type":"image_url"}]}`), "messages[1].content[0].type"},
		"LocalImage":       {messages(`{"role":"user","content":[{"type":"image_url","image_url":{"url":"file:///etc/passwd"}}]}`), "messages[1].content[0].image_url.url"},
		"FileByID":         {messages(`{"role":"user","content":[{"type":"file","file":{"file_id":"f"}}]}`), "messages[1].content[0].file.file_data"},
		"ResultOfNothing":  {messages(`{"role":"tool","content":"x"}`), "messages[1].tool_call_id"},
		"FunctionUncalled": {messages(`{"role":"function","name":"f","content":"x"}`), "messages[1].name"},
		"CallType":         {calls(`{"id":"c","type":"custom"}`), "messages[1].tool_calls[0].type"},
		"CallID":           {calls(`{"function":{"name":"f"}}`), "messages[1].tool_calls[0].id"},
		"CallName":         {calls(`{"id":"c"}`), "messages[1].tool_calls[0].function.name"},
		"BrokenArguments":  {calls(`{"id":"c","function":{"name":"f","arguments":"{\"a\":"}}`), "messages[1].tool_calls[0].function.arguments"},
		"ListOfArguments":  {calls(`{"id":"c","function":{"name":"f","arguments":"[1]"}}`), "messages[1].tool_calls[0].function.arguments"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := dialect.ChatRequestToMessages([]byte(`{"model":"m",` + tt.in + `}`))
			requireRefused(t, err, tt.field)
		})
	}
	_, err := dialect.ChatRequestToMessages([]byte(`[]`))
	requireRefused(t, err, "")
}

func requireRefused(t *testing.T, err error, field string) {
	t.Helper()
	f, ok := fault.As(err)
	require.True(t, ok, "%v", err)
	require.Equal(t, fault.BadUserInput, f.Code)
	require.Equal(t, field, f.Field)
}
