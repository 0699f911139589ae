package sandbox_test

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/sandbox"
)

const weather = `{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","$defs":{"unit":{"enum":["C","F"]}},"properties":{
"city":{"type":"string"},"days":{"type":"integer"},"exact":{"type":"boolean"},"tags":{"type":"array","items":{"type":"string"}},
"at":{"type":"object","properties":{"lat":{"type":"number","minimum":-90}},"required":["lat"]},"unit":{"$ref":"#/$defs/unit"},"more":{"type":"string"}},
"required":["city","days","exact","tags","at","unit"]}}}`

const weatherArgs = `{"city":"some text","days":1,"exact":true,"tags":["some text"],"at":{"lat":-90},"unit":"C"}`

// with adds members to a request.
func with(body, members string) string { return strings.Replace(body, "{", "{"+members+",", 1) }

type event struct{ name, data string }

// events reads a stream, and requires that its data is JSON.
func events(t *testing.T, body string) (out []event) {
	t.Helper()
	name := ""
	for sc := bufio.NewScanner(strings.NewReader(body)); sc.Scan(); {
		if v, ok := strings.CutPrefix(sc.Text(), "event: "); ok {
			name = v
		}
		if data, ok := strings.CutPrefix(sc.Text(), "data: "); ok {
			require.True(t, data == "[DONE]" || gjson.Valid(data), data)
			out = append(out, event{name, data})
			name = ""
		}
	}
	return out
}

// join concatenates what is at path in the events.
func join(list []event, path string) string {
	var b strings.Builder
	for _, e := range list {
		b.WriteString(gjson.Get(e.data, path).String())
	}
	return b.String()
}

func chat(t *testing.T, url, body string) string {
	t.Helper()
	status, _, answer := call(t, "POST", url+"/v1/chat/completions", "sk-a", body)
	require.Equal(t, 200, status, answer)
	return answer
}

func TestChatCallsTools(t *testing.T) {
	_, url := start(t, sandbox.Options{Keys: "sk-a=100", Length: 4})
	second := strings.ReplaceAll(weather, "get_weather", "other")
	offer := with(hi, `"tools":[`+weather+","+second+`]`)
	for name, tt := range map[string]struct{ body, called, finish string }{
		"the first":         {offer, "get_weather", "tool_calls"},
		"the named one":     {with(offer, `"tool_choice":{"type":"function","function":{"name":"other"}}`), "other", "tool_calls"},
		"none":              {with(offer, `"tool_choice":"none"`), "", "stop"},
		"required":          {with(offer, `"tool_choice":"required"`), "get_weather", "tool_calls"},
		"cut":               {with(offer, `"max_tokens":5`), "get_weather", "length"},
		"cut in the name":   {with(offer, `"max_tokens":2`), "", "length"},
		"after a result":    {strings.Replace(offer, `"}]}`, `"},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"20"}]}`, 1), "", "stop"},
		"nothing to offer ": {hi, "", "stop"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := chat(t, url, tt.body)
			require.Equal(t, tt.called, gjson.Get(answer, "choices.0.message.tool_calls.0.function.name").String())
			require.Equal(t, tt.finish, gjson.Get(answer, "choices.0.finish_reason").String())
			args := gjson.Get(answer, "choices.0.message.tool_calls.0.function.arguments").String()
			if tt.finish == "tool_calls" {
				require.Equal(t, weatherArgs, args)
				require.EqualValues(t, (len(tt.called)+3)/4+(len(args)+3)/4, gjson.Get(answer, "usage.completion_tokens").Int())
			}
			list := events(t, chat(t, url, with(tt.body, `"stream":true`)))
			require.Equal(t, tt.called, join(list, "choices.0.delta.tool_calls.0.function.name"))
			require.Equal(t, args, join(list, "choices.0.delta.tool_calls.0.function.arguments"))
			require.Equal(t, tt.finish, join(list, "choices.0.finish_reason"))
			require.Len(t, strings.Fields(join(list, "choices.0.delta.content")), len(strings.Fields(gjson.Get(answer, "choices.0.message.content").Str)))
			if limit := gjson.Get(tt.body, "max_tokens").Int(); limit > 0 {
				require.LessOrEqual(t, gjson.Get(answer, "usage.completion_tokens").Int(), limit)
			}
		})
	}
	pieces := 0
	for _, e := range events(t, chat(t, url, with(offer, `"stream":true`))) {
		if gjson.Get(e.data, "choices.0.delta.tool_calls.0.function.arguments").String() != "" {
			require.False(t, gjson.Get(e.data, "choices.0.delta.tool_calls.0.id").Exists())
			pieces++
		}
	}
	require.Greater(t, pieces, 3)
}

func TestChatAnswersInAFormat(t *testing.T) {
	_, url := start(t, sandbox.Options{Keys: "sk-a=100", Length: 4})
	schema := gjson.Get(weather, "function.parameters").Raw
	body := with(hi, `"response_format":{"type":"json_schema","json_schema":{"name":"w","schema":`+schema+`}}`)
	answer := chat(t, url, body)
	require.Equal(t, weatherArgs, gjson.Get(answer, "choices.0.message.content").String())
	require.Equal(t, weatherArgs, join(events(t, chat(t, url, with(body, `"stream":true`))), "choices.0.delta.content"))
	require.Equal(t, "stop", gjson.Get(answer, "choices.0.finish_reason").String())
	answer = chat(t, url, with(hi, `"response_format":{"type":"json_object"}`))
	require.True(t, gjson.Valid(gjson.Get(answer, "choices.0.message.content").String()))
	self := `{"type":"object","properties":{"a":{"$ref":"#"},"é\"":{"type":["string","null"]}},"required":["a","é\""]}`
	answer = chat(t, url, with(hi, `"response_format":{"type":"json_schema","json_schema":{"schema":`+self+`}}`))
	require.Contains(t, gjson.Get(answer, "choices.0.message.content").String(), `"é\"":"some text"`)
}

func TestChatGivesChoices(t *testing.T) {
	_, url := start(t, sandbox.Options{Keys: "sk-a=100", Length: 10})
	body := with(hi, `"n":3`)
	answer := chat(t, url, body)
	require.Equal(t, "[0,1,2]", gjson.Get(answer, "choices.#.index").Raw)
	require.EqualValues(t, 30, gjson.Get(answer, "usage.completion_tokens").Int())
	require.NotEqual(t, gjson.Get(answer, "choices.0.message").Raw, gjson.Get(answer, "choices.1.message").Raw)
	list := events(t, chat(t, url, with(body, `"stream":true,"stream_options":{"include_usage":true}`)))
	require.Len(t, list, 3*(1+3+1)+1+1)
	order := ""
	for _, e := range list {
		order += gjson.Get(e.data, "choices.0.index").Raw
	}
	require.Equal(t, "012012012012012", order)
	require.EqualValues(t, 30, gjson.Get(list[15].data, "usage.completion_tokens").Int())
}

func TestChatReasons(t *testing.T) {
	s, url := start(t, sandbox.Options{Keys: "sk-a=100", Length: 10, Recording: 10})
	answer := chat(t, url, with(hi, `"reasoning_effort":"low","stop":["x"],"seed":7`))
	require.Len(t, strings.Fields(gjson.Get(answer, "choices.0.message.reasoning_content").String()), 12)
	require.Equal(t, "22 12", gjson.Get(answer, "usage.completion_tokens").Raw+" "+gjson.Get(answer, "usage.completion_tokens_details.reasoning_tokens").Raw)
	require.Len(t, s.Calls(`"seed":7`), 1, "what is ignored is recorded")
	list := events(t, chat(t, url, with(hi, `"reasoning_effort":"low","stop":["x"],"seed":7,"stream":true`)))
	require.Len(t, strings.Fields(join(list, "choices.0.delta.reasoning_content")), 12)
	answer = chat(t, url, with(hi, `"reasoning_effort":"low","max_tokens":5`))
	require.Equal(t, "5 5 ", gjson.Get(answer, "usage.completion_tokens").Raw+" "+gjson.Get(answer, "usage.completion_tokens_details.reasoning_tokens").Raw+" "+gjson.Get(answer, "choices.0.message.content").Str)
	mini := strings.Replace(hi, "gpt-4", "gpt-5-mini", 1)
	require.EqualValues(t, 12, gjson.Get(chat(t, url, mini), "usage.completion_tokens_details.reasoning_tokens").Int())
	require.EqualValues(t, 0, gjson.Get(chat(t, url, with(mini, `"reasoning_effort":"none"`)), "usage.completion_tokens_details.reasoning_tokens").Int())
}

func TestChatTakesParts(t *testing.T) {
	_, url := start(t, sandbox.Options{Keys: "sk-a=100", Length: 4})
	parts := `{"model":"gpt-4","messages":[{"role":"user","content":[{"type":"text","text":"12345"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},{"type":"file","file":{}},{"type":"input_audio","input_audio":{}}]}]}`
	require.EqualValues(t, 6+2+3*85, gjson.Get(chat(t, url, parts), "usage.prompt_tokens").Int())
	status, _, _ := call(t, "POST", url+"/v1/chat/completions", "sk-a", strings.Replace(parts, "image_url", "hologram", 1))
	require.Equal(t, 400, status)
}

func TestPromptsAreCachedForTheirAccount(t *testing.T) {
	now := clock.NewFake(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	s, url := start(t, sandbox.Options{Keys: "sk-a=100", Length: 4, Cache: true, Clock: now})
	long := func(last string) string { // 3 + 3 + 1100 tokens, then 3 + 1
		return `{"model":"gpt-4o","messages":[{"role":"user","content":"` + strings.Repeat("a", 4400) + `"},{"role":"user","content":"` + last + `"}]}`
	}
	cached := func(body string) int64 {
		return gjson.Get(chat(t, url, body), "usage.prompt_tokens_details.cached_tokens").Int()
	}
	require.EqualValues(t, 0, cached(long("a")))
	k, _ := s.Key("sk-a")
	first := k.Used
	require.EqualValues(t, 1024, cached(long("b")))
	k, _ = s.Key("sk-a")
	require.Equal(t, "0.00128", (first - (k.Used - first)).String(), "1024 tokens at half of 2.5 USD")
	require.EqualValues(t, 0, cached(strings.Replace(long("a"), "gpt-4o", "gpt-4.1", 1)), "another model")
	require.EqualValues(t, 0, cached(hi), "too short")
	now.Advance(5 * time.Minute)
	require.EqualValues(t, 0, cached(long("a")))

	_, url = start(t, sandbox.Options{Keys: "sk-a=100", Length: 4})
	cached(long("a"))
	require.EqualValues(t, 0, cached(long("a")), "off unless asked for")
}

func TestCompletions(t *testing.T) {
	s, url := start(t, sandbox.Options{Keys: "sk-a=100", Length: 10})
	do := func(body string, want int) string {
		status, _, answer := call(t, "POST", url+"/v1/completions", "sk-a", `{"model":"gpt-3.5-turbo-instruct",`+body+`}`)
		require.Equal(t, want, status, answer)
		return answer
	}
	answer := do(`"prompt":"12345"`, 200)
	require.Equal(t, "text_completion 2 10 stop", gjson.Get(answer, "object").Str+" "+gjson.Get(answer, "usage.prompt_tokens").Raw+" "+gjson.Get(answer, "usage.completion_tokens").Raw+" "+gjson.Get(answer, "choices.0.finish_reason").Str)
	answer = do(`"prompt":["a","b"],"n":2,"best_of":3`, 200)
	require.Equal(t, "[0,1,2,3] 60", gjson.Get(answer, "choices.#.index").Raw+" "+gjson.Get(answer, "usage.completion_tokens").Raw)
	require.EqualValues(t, 3, gjson.Get(do(`"prompt":[1,2,3]`, 200), "usage.prompt_tokens").Int())
	require.EqualValues(t, 3, gjson.Get(do(`"prompt":[[1,2],[3]]`, 200), "usage.prompt_tokens").Int())
	list := events(t, do(`"prompt":"12345","stream":true,"stream_options":{"include_usage":true}`, 200))
	require.Len(t, strings.Fields(join(list, "choices.0.text")), 10)
	require.Equal(t, "stop10", join(list, "choices.0.finish_reason")+join(list, "usage.completion_tokens"))
	for _, bad := range []string{`"n":1`, `"prompt":{}`, `"prompt":[true]`, `"prompt":"a","n":3,"best_of":2`, `"prompt":"a","max_tokens":0`} {
		do(bad, 400)
	}
	k, _ := s.Key("sk-a")
	require.EqualValues(t, 10, k.Calls.Completions)
}

func TestEmbeddingsArePacked(t *testing.T) {
	_, url := start(t, sandbox.Options{Keys: "sk-a=100"})
	do := func(members string) string {
		status, _, answer := call(t, "POST", url+"/v1/embeddings", "sk-a", `{"model":"text-embedding-3-large","dimensions":8,`+members+`}`)
		require.Equal(t, 200, status, answer)
		return answer
	}
	plain, packed := gjson.Get(do(`"input":"hello"`), "data.0.embedding").Array(), gjson.Get(do(`"input":"hello","encoding_format":"base64"`), "data.0.embedding")
	raw, err := base64.StdEncoding.DecodeString(packed.Str)
	require.NoError(t, err)
	require.Len(t, raw, 8*4)
	for i, v := range plain {
		require.InDelta(t, v.Num, math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])), 1e-6)
	}
	require.EqualValues(t, 3, gjson.Get(do(`"input":[1,2,3]`), "usage.total_tokens").Int())
	require.EqualValues(t, 2, gjson.Get(do(`"input":[[1,2],[3]]`), "data.#").Int())
	for _, bad := range []string{`{}`, `[]`, `[true]`, `["a",1]`} {
		status, _, _ := call(t, "POST", url+"/v1/embeddings", "sk-a", `{"model":"text-embedding-3-large","input":`+bad+`}`)
		require.Equal(t, 400, status, bad)
	}
}

func TestAnswersUnderTheAddressesOfProviders(t *testing.T) {
	_, url := start(t, sandbox.Options{Keys: "sk-a=100", Length: 4})
	for _, root := range []string{"", "/v1", "/openai/v1", "/api/v1", "/inference/v1", "/api/paas/v4", "/compatible-mode/v1"} {
		for path, body := range map[string]string{
			"/chat/completions": hi, "/completions": `{"model":"gpt-4","prompt":"a"}`, "/responses": `{"model":"gpt-4","input":"a"}`, "/embeddings": `{"model":"text-embedding-3-small","input":"a"}`,
		} {
			status, _, answer := call(t, "POST", url+root+path, "sk-a", body)
			require.Equal(t, 200, status, "%s%s: %s", root, path, answer)
		}
		status, _, _ := call(t, "GET", url+root+"/models", "sk-a", "")
		require.Equal(t, 200, status, root)
	}
	for path, want := range map[string]int{"/openai/v1/models": 200, "/v1/models": 401} {
		status, _, _ := callWith(t, "GET", url+path, http.Header{"Api-Key": {"sk-a"}}, "")
		require.Equal(t, want, status, "Azure's header: %s", path)
	}
}

func TestBalancesAreThoseOfProviders(t *testing.T) {
	s, url := start(t, sandbox.Options{Keys: "sk-a=2.5", Length: 4})
	require.NoError(t, s.Script("sk-a", sandbox.Fault{Kind: sandbox.UsageOverride, Completion: 10_000}))
	chat(t, url, hi) // 0.3 USD
	for path, want := range map[string]string{
		"/user/balance|balance_infos.0.total_balance": `"2.2"`,
		"/api/v1/key|data.limit_remaining":            "2.2",
		"/api/v1/key|data.usage":                      "0.3",
		"/api/v1/credits|data.total_credits":          "2.5",
		"/api/v1/credits|data.total_usage":            "0.3",
		"/v1/user/info|code":                          "20000",
		"/v1/user/info|data.totalBalance":             `"2.2"`,
		"/v1/users/me/balance|data.available_balance": "2.2",
	} {
		path, field, _ := strings.Cut(path, "|")
		status, _, body := call(t, "GET", url+path, "sk-a", "")
		require.Equal(t, fmt.Sprint(200, want), fmt.Sprint(status, gjson.Get(body, field).Raw), "%s %s", path, field)
		status, _, _ = call(t, "GET", url+path, "sk-none", "")
		require.Equal(t, 401, status)
	}
	k, _ := s.Key("sk-a")
	require.EqualValues(t, 8, k.Calls.Balances)
}
