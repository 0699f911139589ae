package dialect

import (
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/fault"
)

// respMembers are the members of a Responses request that a chat request can say, or none but may go without: true for
// these, which are hints, or matters of built-in tools and of what is stored, of which there is nothing. Every other is
// refused, above all those that reach for what one account has stored.
var respMembers = map[string]bool{
	"model": false, "input": false, "instructions": false, "tools": false, "tool_choice": false, "max_output_tokens": false,
	"text": false, "reasoning": false, "stream": false, "background": false, "top_logprobs": false, "include": false,
	"parallel_tool_calls": false, "temperature": false, "top_p": false, "user": false, "service_tier": false,
	"safety_identifier": false, "prompt_cache_key": false, "prompt_cache_retention": false,

	"stream_options": true, "store": true, "metadata": true, "truncation": true, "max_tool_calls": true,
	"prompt_cache_options": true,
}

// respSame are the members that a chat request has under the same name.
var respSame = []string{
	"parallel_tool_calls", "temperature", "top_p", "user", "service_tier", "safety_identifier", "prompt_cache_key",
	"prompt_cache_retention",
}

// ResponsesRequestToChat translates a request to /v1/responses into a chat request.
func ResponsesRequestToChat(body []byte) ([]byte, error) {
	root, err := hubRequest(body)
	if err != nil {
		return nil, err
	}
	if err := respSayable(root); err != nil {
		return nil, err
	}
	w := newHubWriter(len(body) + 256)
	w.open("", '{')
	w.copy("model", root.Get("model"))
	if err := respMessages(w, root); err != nil {
		return nil, err
	}
	if err := respTools(w, root); err != nil {
		return nil, err
	}
	w.copy("max_completion_tokens", root.Get("max_output_tokens"))
	for _, name := range respSame {
		w.copy(name, root.Get(name))
	}
	if err := respText(w, root.Get("text")); err != nil {
		return nil, err
	}
	if err := respReasoning(w, root.Get("reasoning")); err != nil {
		return nil, err
	}
	if root.Get("stream").Type == gjson.True {
		w.raw("stream", "true")
		w.raw("stream_options", `{"include_usage":true}`)
	}
	w.end("}")
	return *w, nil
}

func respRefuse(field string) error {
	return fault.Invalid(field, "%s can't be said to this model's provider, which has chat completions alone", field)
}

// respSayable refuses the members, or the values of them, that have no equal in a chat request.
func respSayable(root gjson.Result) error {
	var err error
	root.ForEach(func(name, v gjson.Result) bool {
		if _, ok := respMembers[name.Str]; !ok && v.Type != gjson.Null {
			err = respRefuse(name.Str)
		}
		return err == nil
	})
	if err != nil {
		return err
	}
	if v := root.Get("background"); hubSet(v) && v.Type != gjson.False {
		return respRefuse("background")
	}
	if v := root.Get("top_logprobs"); hubSet(v) && v.Raw != "0" {
		return respRefuse("top_logprobs")
	}
	if v := root.Get("include"); hubSet(v) {
		return hubEach("include", v, func(path string, v gjson.Result) error {
			if hubText(v) == "message.output_text.logprobs" {
				return respRefuse(path)
			}
			return nil // the others are of tools and reasoning items, which the answer then has none of
		})
	}
	return nil
}

func respTools(w *hubWriter, root gjson.Result) error {
	tools := root.Get("tools")
	if !hubSet(tools) || tools.Raw == "[]" {
		return nil
	}
	w.open("tools", '[')
	err := hubObjects("tools", tools, func(path string, tool gjson.Result) error {
		if hubText(tool.Get("type")) != "function" {
			return respRefuse(path + ".type")
		}
		if hubText(tool.Get("name")) == "" {
			return fault.Invalid(path+".name", "a function must have a name")
		}
		w.open("", '{')
		w.text("type", "function")
		w.open("function", '{')
		for _, name := range []string{"name", "description", "parameters", "strict"} {
			w.copy(name, tool.Get(name))
		}
		w.end("}}")
		return nil
	})
	if err != nil {
		return err
	}
	w.end("]")
	return respToolChoice(w, root.Get("tool_choice"))
}

func respToolChoice(w *hubWriter, choice gjson.Result) error {
	switch {
	case !hubSet(choice):
	case choice.Type == gjson.String:
		w.text("tool_choice", choice.Str)
	case choice.IsObject() && hubText(choice.Get("type")) == "function":
		w.open("tool_choice", '{')
		w.text("type", "function")
		w.open("function", '{')
		w.text("name", hubText(choice.Get("name")))
		w.end("}}")
	default:
		return respRefuse("tool_choice.type")
	}
	return nil
}

// respText writes response_format and verbosity.
func respText(w *hubWriter, text gjson.Result) error {
	if !hubSet(text) {
		return nil
	}
	if !text.IsObject() {
		return fault.Invalid("text", "text must be an object")
	}
	w.copy("verbosity", text.Get("verbosity"))
	format := text.Get("format")
	if !hubSet(format) {
		return nil
	}
	if !format.IsObject() {
		return fault.Invalid("text.format", "text.format must be an object")
	}
	switch hubText(format.Get("type")) {
	case "text":
	case "json_object":
		w.raw("response_format", `{"type":"json_object"}`)
	case "json_schema":
		w.open("response_format", '{')
		w.text("type", "json_schema")
		w.open("json_schema", '{')
		for _, name := range []string{"name", "description", "schema", "strict"} {
			w.copy(name, format.Get(name))
		}
		w.end("}}")
	default:
		return respRefuse("text.format.type")
	}
	return nil
}

func respReasoning(w *hubWriter, reasoning gjson.Result) error {
	if !hubSet(reasoning) {
		return nil
	}
	if !reasoning.IsObject() {
		return fault.Invalid("reasoning", "reasoning must be an object")
	}
	if mode := reasoning.Get("mode"); hubSet(mode) && mode.Str != "standard" {
		return respRefuse("reasoning.mode")
	}
	w.copy("reasoning_effort", reasoning.Get("effort"))
	return nil
}
