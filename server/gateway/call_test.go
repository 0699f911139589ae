package gateway

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/provider"
)

// hasher stands for the vault where nothing is kept.
type hasher struct{ secrets }

func (hasher) Hash(purpose string, b []byte) []byte {
	return []byte(strings.Repeat(purpose, 32)[:32-len(b)%8] + string(b[:len(b)%8]))
}

func reader(log *strings.Builder) *Gateway {
	return &Gateway{vault: hasher{}, log: slog.New(slog.NewTextHandler(log, nil))}
}

var alice = &access.Actor{ID: "usr_alice"}

func readCall(t *testing.T, kind provider.Kind, body string) (*ask, error) {
	t.Helper()
	return reader(&strings.Builder{}).read(alice, Call{Kind: kind, Body: []byte(body)})
}

const hi = `"messages":[{"role":"user","content":"hi"}]`

func TestWhatAClientSendsReachesTheProviderUnchanged(t *testing.T) {
	for name, c := range map[string]struct {
		kind       provider.Kind
		body, want string
	}{
		"chat": {
			provider.KindChat,
			`{"model":"m", "messages": [ {"role":"user","content":[{"type":"text","text":"a\u00e9"},{"type":"image_url","image_url":{"url":"https://x/y.png","detail":"low"}}]} ],
			"temperature":0.50,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"response_format":{"type":"json_object"},"seed":7,
			"reasoning_effort":"high","max_tokens":5,"stream":true,"stream_options":{"include_usage":true},"user":"me","store":true,"metadata":{"a":"b"},"service_tier":"auto","some_new_thing":{"x":[1,2]}}`,
			`{"messages":[ {"role":"user","content":[{"type":"text","text":"a\u00e9"},{"type":"image_url","image_url":{"url":"https://x/y.png","detail":"low"}}]} ],
			"temperature":0.50,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"response_format":{"type":"json_object"},"seed":7,
			"reasoning_effort":"high","some_new_thing":{"x":[1,2]}}`,
		},
		"messages": {
			provider.KindMessages,
			`{"model":"m","max_tokens":9,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],` + hi + `,"thinking":{"type":"enabled","budget_tokens":1024},"metadata":{"user_id":"me"},"service_tier":"standard_only"}`,
			`{"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],` + hi + `,"thinking":{"type":"enabled","budget_tokens":1024}}`,
		},
		"responses": {
			provider.KindResponses,
			`{"model":"m","input":"hi","instructions":"be brief","store":true,"background":false,"previous_response_id":null,"include":["reasoning.encrypted_content"],"max_output_tokens":99}`,
			`{"input":"hi","instructions":"be brief","include":["reasoning.encrypted_content"]}`,
		},
		"completions": {provider.KindCompletions, `{"model":"m","prompt":"once","n":2,"echo":true,"max_tokens":3}`, `{"prompt":"once","n":2,"echo":true}`},
		"embeddings":  {provider.KindEmbeddings, `{"model":"m","input":["a","b"],"encoding_format":"base64"}`, `{"input":["a","b"],"encoding_format":"base64"}`},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := readCall(t, c.kind, c.body)
			require.NoError(t, err)
			got, want := "{"+string(a.members)+"}", strings.ReplaceAll(c.want, "\n\t\t\t", "")
			require.True(t, json.Valid([]byte(got)), got)
			require.Equal(t, want, got)
			require.Equal(t, "m", a.asked)
			require.True(t, a.relayed)
			if name == "chat" {
				require.Equal(t, int64(5), a.cap)
				require.True(t, a.streamed)
				require.True(t, a.usage)
				require.Equal(t, int64(1), a.prompt.images)
				require.True(t, a.prompt.tools)
			}
		})
	}
}

func TestWhatIsRefusedIsNamed(t *testing.T) {
	chat := func(member string) string { return `{"model":"m",` + hi + `,` + member + `}` }
	parts := func(part string) string {
		return `{"model":"m","messages":[{"role":"user","content":[` + part + `]}]}`
	}
	for name, c := range map[string]struct {
		kind        provider.Kind
		body, field string
	}{
		"no JSON":                    {provider.KindChat, `{"model"`, ""},
		"no object":                  {provider.KindChat, `[]`, ""},
		"no model":                   {provider.KindChat, `{` + hi + `}`, "model"},
		"a model that is no text":    {provider.KindChat, `{"model":5,` + hi + `}`, "model"},
		"no messages":                {provider.KindChat, `{"model":"m"}`, "messages"},
		"empty messages":             {provider.KindChat, `{"model":"m","messages":[]}`, "messages"},
		"a message that is none":     {provider.KindChat, `{"model":"m","messages":["hi"]}`, "messages[0]"},
		"a member twice":             {provider.KindChat, chat(`"n":1,"n":5`), "n"},
		"another case":               {provider.KindChat, chat(`"STORE":true`), "STORE"},
		"a fraction of a token":      {provider.KindChat, chat(`"max_tokens":1.5`), "max_tokens"},
		"no tokens":                  {provider.KindChat, chat(`"max_completion_tokens":0`), "max_completion_tokens"},
		"too many choices":           {provider.KindChat, chat(`"n":17`), "n"},
		"a stream that is no answer": {provider.KindChat, chat(`"stream":"yes"`), "stream"},
		"a dearer tier":              {provider.KindChat, chat(`"service_tier":"priority"`), "service_tier"},
		"sound out":                  {provider.KindChat, chat(`"modalities":["text","audio"]`), "modalities"},
		"a voice":                    {provider.KindChat, chat(`"audio":{"voice":"x"}`), "audio"},
		"predictions":                {provider.KindChat, chat(`"prediction":{"type":"content"}`), "prediction"},
		"web search":                 {provider.KindChat, chat(`"web_search_options":{}`), "web_search_options"},
		"another provider":           {provider.KindChat, chat(`"provider":{"order":["x"]}`), "provider"},
		"other models":               {provider.KindChat, chat(`"models":["x"]`), "models"},
		"a hosted tool":              {provider.KindChat, chat(`"tools":[{"type":"function"},{"type":"web_search_preview"}]`), "tools[1].type"},
		"a tool of two types":        {provider.KindChat, chat(`"tools":[{"type":"function","type":"web_search"}]`), "tools[0].type"},
		"sound in":                   {provider.KindChat, parts(`{"type":"input_audio","input_audio":{}}`), "messages[0].content[0].type"},
		"an uploaded file":           {provider.KindChat, parts(`{"type":"text","text":"a"},{"type":"file","file":{"file_id":"f"}}`), "messages[0].content[1]"},
		"a part of two types":        {provider.KindChat, parts(`{"type":"text","type":"input_audio"}`), "messages[0].content[0].type"},
		"a sound of before":          {provider.KindChat, `{"model":"m","messages":[{"role":"assistant","audio":{"id":"a"}}]}`, "messages[0].audio"},
		"no cap":                     {provider.KindMessages, `{"model":"m",` + hi + `}`, "max_tokens"},
		"servers of tools":           {provider.KindMessages, `{"model":"m","max_tokens":1,` + hi + `,"mcp_servers":[{}]}`, "mcp_servers"},
		"a container":                {provider.KindMessages, `{"model":"m","max_tokens":1,` + hi + `,"container":"c"}`, "container"},
		"fast mode":                  {provider.KindMessages, `{"model":"m","max_tokens":1,` + hi + `,"speed":"fast"}`, "speed"},
		"a place":                    {provider.KindMessages, `{"model":"m","max_tokens":1,` + hi + `,"inference_geo":"us"}`, "inference_geo"},
		"Anthropic's search":         {provider.KindMessages, `{"model":"m","max_tokens":1,` + hi + `,"tools":[{"type":"web_search_20250305","name":"web_search"}]}`, "tools[0].type"},
		"a file of Anthropic's":      {provider.KindMessages, `{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"document","source":{"type":"file","file_id":"f"}}]}]}`, "messages[0].content[0]"},
		"what was said before":       {provider.KindResponses, `{"model":"m","input":"x","previous_response_id":"r"}`, "previous_response_id"},
		"a conversation":             {provider.KindResponses, `{"model":"m","input":"x","conversation":"c"}`, "conversation"},
		"in the background":          {provider.KindResponses, `{"model":"m","input":"x","background":true}`, "background"},
		"a stored prompt":            {provider.KindResponses, `{"model":"m","input":"x","prompt":{"id":"p"}}`, "prompt"},
		"a reference":                {provider.KindResponses, `{"model":"m","input":[{"type":"item_reference","id":"x"}]}`, "input[0].type"},
		"a hosted tool of responses": {provider.KindResponses, `{"model":"m","input":"x","tools":[{"type":"file_search"}]}`, "tools[0].type"},
		"no input":                   {provider.KindEmbeddings, `{"model":"m","input":[]}`, "input"},
		"too many prompts":           {provider.KindCompletions, `{"model":"m","n":16,"prompt":["a","b"]}`, "prompt"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readCall(t, c.kind, c.body)
			f, ok := fault.As(err)
			require.True(t, ok, "%v", err)
			require.Equal(t, fault.BadUserInput, f.Code)
			require.Equal(t, c.field, f.Field)
			require.NotEmpty(t, f.Message)
		})
	}
}

func TestWhatNobodyKnowsIsLoggedByNameAlone(t *testing.T) {
	var log strings.Builder
	_, err := reader(&log).read(alice, Call{Kind: provider.KindChat, Body: []byte(`{"model":"m",` + hi + `,"new_thing":"CANARY"}`)})
	require.NoError(t, err)
	require.Contains(t, log.String(), "new_thing")
	require.NotContains(t, log.String(), "CANARY")
}

func TestThePromptIsBoundedByWhatIsInIt(t *testing.T) {
	image := "data:image/png;base64," + strings.Repeat("A", 100_000)
	body := `{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"what is it?"},{"type":"image_url","image_url":{"url":"` + image + `"}}]}]}`
	a, err := readCall(t, provider.KindChat, body)
	require.NoError(t, err)
	require.Less(t, a.prompt.bytes, int64(300), "an image is no text")
	require.Equal(t, int64(1), a.prompt.images)
	require.GreaterOrEqual(t, a.prompt.bound("m", 0, false), provider.ImageTokens("m"))
	require.Less(t, a.count(), int64(2000))

	pdf := `{"model":"m","messages":[{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,` + strings.Repeat("A", 1000) + `"}}]}]}`
	a, err = readCall(t, provider.KindChat, pdf)
	require.NoError(t, err)
	require.Equal(t, int64(128_000), a.prompt.bound("m", 128_000, false), "pages have the window as their bound")

	for _, text := range []string{"", "Σφάλμα 🙂", strings.Repeat("word ", 100), "\\u0001\\u0002", "data:," + strings.Repeat("spaces are text ", 40)} {
		a, err := readCall(t, provider.KindChat, `{"model":"gpt-4o","messages":[{"role":"user","content":"x`+text+`"}],"tools":[{"type":"function","function":{"name":"`+strings.Repeat("f", 50)+`"}}]}`)
		require.NoError(t, err)
		require.LessOrEqual(t, a.count(), a.prompt.bound("gpt-4o", 0, false))
	}

	long, err := readCall(t, provider.KindMessages, `{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h"}}]}]}`)
	require.NoError(t, err)
	require.True(t, long.prompt.longLife)
}

func TestAConversationIsKnownByItsBeginning(t *testing.T) {
	long := strings.Repeat("long ", 1000)
	thread := func(body string) string {
		a, err := readCall(t, provider.KindChat, body)
		require.NoError(t, err)
		return a.thread
	}
	one := thread(`{"model":"m","messages":[{"role":"system","content":"` + long + `"},{"role":"user","content":"a"}]}`)
	require.NotEmpty(t, one)
	require.Equal(t, one, thread(`{"model":"m","messages":[{"role":"system","content":"`+long+`"},{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]}`))
	require.NotEqual(t, one, thread(`{"model":"m","messages":[{"role":"system","content":"`+long+`"},{"role":"user","content":"b"}]}`))
	require.NotEqual(t, one, thread(`{"model":"n","messages":[{"role":"system","content":"`+long+`"},{"role":"user","content":"a"}]}`))
	require.Empty(t, thread(`{"model":"m",`+hi+`}`), "what no provider caches needs no key of its own")

	keyed := `{"model":"m","prompt_cache_key":"SECRET","messages":[{"role":"user","content":"` + long + `"}]}`
	a, err := readCall(t, provider.KindChat, keyed)
	require.NoError(t, err)
	require.NotContains(t, string(a.members), "SECRET")
	require.Contains(t, string(a.members), `"prompt_cache_key":"`)
	require.True(t, json.Valid([]byte("{"+string(a.members)+"}")))
}

func TestAnInputsConversationIsKnownByItsBeginning(t *testing.T) {
	g := reader(&strings.Builder{})
	long := strings.Repeat("long ", 1000)
	thread := func(messages ...Message) string {
		a, err := g.accept(alice, &Input{Model: "m", Messages: messages})
		require.NoError(t, err)
		return a.thread
	}
	one := thread(Message{System, long}, Message{User, "a"})
	require.NotEmpty(t, one)
	require.Equal(t, one, thread(Message{System, long}, Message{User, "a"}, Message{Assistant, "b"}, Message{User, "c"}))
	require.NotEqual(t, one, thread(Message{System, long}, Message{User, "b"}))
	require.Empty(t, thread(Message{User, "hi"}))
}

func TestOnlyHarmlessFeaturesOfAnthropicsPass(t *testing.T) {
	require.Equal(t, "interleaved-thinking-2025-05-14,prompt-caching-2024-07-31",
		harmless("interleaved-thinking-2025-05-14, context-1m-2025-08-07,files-api-2025-04-14,prompt-caching-2024-07-31,fast-mode-2026-02-01"))
	require.Empty(t, harmless(""))
}

func FuzzRead(f *testing.F) {
	f.Add(`{"model":"m",` + hi + `,"tools":[{"type":"function"}]}`)
	f.Add(`{"model":"m","input":[{"type":"message","content":[{"type":"input_image","image_url":"data:"}]}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		for kind := range dialectRules {
			a, err := reader(&strings.Builder{}).read(alice, Call{Kind: kind, Body: []byte(body)})
			if err != nil {
				_, ok := fault.As(err)
				require.True(t, ok)
				continue
			}
			require.True(t, json.Valid([]byte("{"+string(a.members)+"}")), "%s", a.members)
			require.GreaterOrEqual(t, a.prompt.bound(a.asked, 0, false), int64(0))
		}
	})
}
