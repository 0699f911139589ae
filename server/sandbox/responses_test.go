package sandbox_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/sandbox"
)

func names(list []event) (out []string) {
	for _, e := range list {
		if n := len(out); n == 0 || out[n-1] != e.name {
			out = append(out, e.name)
		}
	}
	return out
}

func TestResponses(t *testing.T) {
	s, url := start(t, sandbox.Options{Keys: "sk-a=100", Length: 10, Recording: 10})
	do := func(members string, want int) string {
		status, _, answer := call(t, "POST", url+"/v1/responses", "sk-a", `{"model":"gpt-4",`+members+`}`)
		require.Equal(t, want, status, answer)
		return answer
	}
	tool := strings.Replace(strings.Replace(weather, `"function":{`, "", 1), "}}}}", "}}}", 1)
	tool = strings.TrimSuffix(tool, "}")
	require.True(t, gjson.Valid(tool))

	t.Run("text", func(t *testing.T) {
		answer := do(`"input":"12345","store":false`, 200)
		require.Equal(t, "completed message 8 10 18", strings.Join([]string{
			gjson.Get(answer, "status").Str, gjson.Get(answer, "output.0.type").Str, gjson.Get(answer, "usage.input_tokens").Raw,
			gjson.Get(answer, "usage.output_tokens").Raw, gjson.Get(answer, "usage.total_tokens").Raw,
		}, " "))
		require.Len(t, strings.Fields(gjson.Get(answer, "output.0.content.0.text").Str), 10)
		require.Len(t, s.Calls(`"store":false`), 1)
	})
	t.Run("streamed text", func(t *testing.T) {
		list := events(t, do(`"input":[{"role":"user","content":[{"type":"input_text","text":"12345"},{"type":"input_image"}]}],"stream":true`, 200))
		require.Equal(t, []string{
			"response.created", "response.in_progress", "response.output_item.added", "response.content_part.added", "response.output_text.delta",
			"response.output_text.done", "response.content_part.done", "response.output_item.done", "response.completed",
		}, names(list))
		for i, e := range list {
			require.Equal(t, e.name, gjson.Get(e.data, "type").Str)
			require.EqualValues(t, i, gjson.Get(e.data, "sequence_number").Int())
		}
		last := list[len(list)-1].data
		require.Equal(t, join(list, "delta"), gjson.Get(last, "response.output.0.content.0.text").Str)
		require.Equal(t, "93 10", gjson.Get(last, "response.usage.input_tokens").Raw+" "+gjson.Get(last, "response.usage.output_tokens").Raw)
	})
	t.Run("a call, with thoughts", func(t *testing.T) {
		body := `"input":"a","reasoning":{"effort":"high"},"tools":[` + tool + `]`
		answer := do(body, 200)
		require.Equal(t, `["reasoning","function_call"]`, gjson.Get(answer, "output.#.type").Raw)
		require.Equal(t, weatherArgs, gjson.Get(answer, "output.1.arguments").Str)
		require.EqualValues(t, 12, gjson.Get(answer, "usage.output_tokens_details.reasoning_tokens").Int())
		list := events(t, do(body+`,"stream":true`, 200))
		require.Equal(t, []string{
			"response.created", "response.in_progress",
			"response.output_item.added", "response.reasoning_summary_part.added", "response.reasoning_summary_text.delta",
			"response.reasoning_summary_text.done", "response.reasoning_summary_part.done", "response.output_item.done",
			"response.output_item.added", "response.function_call_arguments.delta", "response.function_call_arguments.done",
			"response.output_item.done", "response.completed",
		}, names(list))
		var args, texts string
		for _, e := range list {
			if e.name == "response.function_call_arguments.delta" {
				args += gjson.Get(e.data, "delta").Str
				require.EqualValues(t, 1, gjson.Get(e.data, "output_index").Int())
			}
			if e.name == "response.reasoning_summary_text.delta" {
				texts += gjson.Get(e.data, "delta").Str
			}
		}
		require.Equal(t, weatherArgs, args)
		require.Equal(t, texts, gjson.Get(list[len(list)-1].data, "response.output.0.summary.0.text").Str)
	})
	t.Run("after a result", func(t *testing.T) {
		answer := do(`"input":[{"role":"user","content":"a"},{"type":"function_call","name":"f","arguments":"{}","call_id":"c"},{"type":"function_call_output","call_id":"c","output":"x"}],"tools":[`+tool+`]`, 200)
		require.Equal(t, "message", gjson.Get(answer, "output.0.type").Str)
	})
	t.Run("a format", func(t *testing.T) {
		answer := do(`"input":"a","text":{"format":{"type":"json_schema","name":"w","schema":`+gjson.Get(tool, "parameters").Raw+`}}`, 200)
		require.Equal(t, weatherArgs, gjson.Get(answer, "output.0.content.0.text").Str)
	})
	t.Run("cut", func(t *testing.T) {
		answer := do(`"input":"a","max_output_tokens":3`, 200)
		require.Equal(t, "incomplete max_output_tokens 3", gjson.Get(answer, "status").Str+" "+gjson.Get(answer, "incomplete_details.reason").Str+" "+gjson.Get(answer, "usage.output_tokens").Raw)
		list := events(t, do(`"input":"a","max_output_tokens":3,"stream":true`, 200))
		require.Equal(t, "response.incomplete", list[len(list)-1].name)
	})
	for _, bad := range []string{`"input":[]`, `"store":true`, `"input":[{"type":"item_reference"}]`, `"input":[{"role":"user","content":[{"type":"x"}]}]`, `"input":"a","max_output_tokens":0`} {
		do(bad, 400)
	}
	require.NoError(t, s.Script("sk-a", sandbox.Fault{Kind: sandbox.StreamError, On: "responses", Chunks: 1, Message: "gone"}))
	list := events(t, do(`"input":"a","stream":true`, 200))
	last := list[len(list)-1]
	require.Equal(t, "error error gone", last.name+" "+gjson.Get(last.data, "type").Str+" "+gjson.Get(last.data, "message").Str)
	require.EqualValues(t, len(list)-1, gjson.Get(last.data, "sequence_number").Int())
	k, _ := s.Key("sk-a")
	require.EqualValues(t, 14, k.Calls.Responses)
}
