package dialect

import (
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/fault"
)

// Members of a messages request that MessagesRequestToChat translates, or drops since they are hints.
var msgMessagesMembers = msgSet(
	"model", "messages", "system", "max_tokens", "stream", "stop_sequences", "temperature", "top_p", "tools", "tool_choice",
	"thinking", "output_config", "metadata",
	"top_k", "cache_control", "service_tier", "context_management", "speed",
)

// MessagesRequestToChat turns a request for Anthropic's messages into a chat completions request. Members that neither
// dialect knows pass as they are.
func MessagesRequestToChat(body []byte) ([]byte, error) {
	in, err := msgMembersOf(body)
	if err != nil {
		return nil, err
	}
	r := msgToChat{in: in, out: make(hubWriter, 0, len(body)+len(body)/4+256)}
	r.out.open("", '{')
	for _, step := range []func() error{r.refuse, r.limits, r.conversation, r.tools, r.sampling, r.format} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if v := in.get("stream"); v.Exists() {
		r.out.raw("stream", v.Raw)
		if v.Bool() {
			r.out.raw("stream_options", `{"include_usage":true}`)
		}
	}
	if v := in.get("metadata").Get("user_id"); v.Type == gjson.String {
		r.out.raw("user", v.Raw)
	}
	in.rest(&r.out, msgMessagesMembers)
	r.out.end("}")
	return r.out, nil
}

// msgToChat is the translation of one request.
type msgToChat struct {
	in  msgMembers
	out hubWriter
}

// refuse finds what changes the answer or its price and has no counterpart, and what belongs to the hub alone: such would
// slip past everything that was checked in the client's dialect.
func (r *msgToChat) refuse() error {
	return r.in.refuse("container", "mcp_servers", "inference_geo",
		"n", "max_completion_tokens", "stop", "user", "stream_options", "response_format", "reasoning_effort", "functions",
		"function_call", "parallel_tool_calls", "logprobs", "top_logprobs", "audio", "modalities", "prediction",
		"web_search_options", "store")
}

func (r *msgToChat) limits() error {
	model, most := r.in.get("model"), msgFigureOf(r.in.get("max_tokens"))
	if model.Type != gjson.String {
		return fault.Invalid("model", "must be a string")
	}
	if !most.exists || most.bad || most.n == 0 {
		return fault.Invalid("max_tokens", "must be a whole number of at least 1")
	}
	r.out.raw("model", model.Raw)
	r.out.raw("max_tokens", most.json())
	return nil
}

func (r *msgToChat) conversation() error {
	r.out.open("messages", '[')
	if err := r.system(); err != nil {
		return err
	}
	messages := r.in.get("messages")
	if !messages.IsArray() {
		return fault.Invalid("messages", "must be an array")
	}
	for i, m := range messages.Array() {
		field := fmt.Sprintf("messages[%d]", i)
		var err error
		switch m.Get("role").Str {
		case "user":
			err = msgHubUser(&r.out, field+".content", m.Get("content"))
		case "assistant":
			err = msgHubAssistant(&r.out, field+".content", m.Get("content"))
		default:
			err = fault.Invalid(field+".role", "must be user or assistant")
		}
		if err != nil {
			return err
		}
	}
	r.out.end("]")
	return nil
}

func (r *msgToChat) system() error {
	system := r.in.get("system")
	if !system.Exists() {
		return nil
	}
	texts := []string{hubText(system)}
	if system.IsArray() {
		texts = texts[:0]
		for i, block := range system.Array() {
			if block.Get("type").Str != "text" {
				return fault.Invalid(fmt.Sprintf("system[%d].type", i), "must be text")
			}
			texts = append(texts, hubText(block.Get("text")))
		}
	} else if system.Type != gjson.String {
		return fault.Invalid("system", "must be a string or an array of blocks")
	}
	if text := strings.Join(texts, "\n\n"); text != "" {
		r.out.open("", '{')
		r.out.text("role", "system")
		r.out.text("content", text)
		r.out.end("}")
	}
	return nil
}

func (r *msgToChat) tools() error {
	tools := r.in.get("tools")
	if tools.Exists() && !tools.IsArray() {
		return fault.Invalid("tools", "must be an array")
	}
	all := tools.Array()
	if len(all) == 0 {
		return nil
	}
	r.out.open("tools", '[')
	for i, tool := range all {
		field := fmt.Sprintf("tools[%d]", i)
		if kind := tool.Get("type"); kind.Type != gjson.Null && kind.Str != "custom" {
			return fault.Invalid(field+".type", "the provider of this model has no tools of its own")
		}
		name, schema := tool.Get("name"), tool.Get("input_schema")
		if name.Type != gjson.String {
			return fault.Invalid(field+".name", "must be a string")
		}
		if !schema.IsObject() {
			return fault.Invalid(field+".input_schema", "must be an object")
		}
		r.out.open("", '{')
		r.out.text("type", "function")
		r.out.open("function", '{')
		r.out.raw("name", name.Raw)
		if v := tool.Get("description"); v.Type == gjson.String {
			r.out.raw("description", v.Raw)
		}
		r.out.raw("parameters", schema.Raw)
		if tool.Get("strict").Type == gjson.True {
			r.out.raw("strict", "true")
		}
		r.out.end("}")
		r.out.end("}")
	}
	r.out.end("]")
	return r.toolChoice()
}

func (r *msgToChat) toolChoice() error {
	choice := r.in.get("tool_choice")
	if !choice.Exists() {
		return nil
	}
	switch choice.Get("type").Str {
	case "auto":
		r.out.text("tool_choice", "auto")
	case "none":
		r.out.text("tool_choice", "none")
	case "any":
		r.out.text("tool_choice", "required")
	case "tool":
		name := choice.Get("name")
		if name.Type != gjson.String {
			return fault.Invalid("tool_choice.name", "must be a string")
		}
		r.out.raw("tool_choice", `{"type":"function","function":{"name":`+name.Raw+`}}`)
	default:
		return fault.Invalid("tool_choice.type", "must be auto, any, tool or none")
	}
	if choice.Get("disable_parallel_tool_use").Type == gjson.True {
		r.out.raw("parallel_tool_calls", "false")
	}
	return nil
}

func (r *msgToChat) sampling() error {
	for _, name := range []string{"temperature", "top_p"} {
		if v := r.in.get(name); v.Exists() {
			r.out.raw(name, v.Raw)
		}
	}
	stop := r.in.get("stop_sequences")
	if stop.Exists() && !stop.IsArray() {
		return fault.Invalid("stop_sequences", "must be an array")
	}
	if len(stop.Array()) > 0 {
		r.out.raw("stop", stop.Raw)
	}
	return nil
}

// format writes how much the model is to think and in which form it is to answer.
func (r *msgToChat) format() error {
	config, thinking := r.in.get("output_config"), r.in.get("thinking")
	effort := config.Get("effort").Str
	switch effort {
	case "xhigh", "max": // few providers know more than high
		effort = "high"
	case "", "low", "medium", "high":
	default:
		return fault.Invalid("output_config.effort", "must be low, medium, high, xhigh or max")
	}
	if thinking.Get("type").Str == "enabled" {
		switch budget := thinking.Get("budget_tokens").Num; {
		case budget <= 2048:
			effort = "low"
		case budget <= 8192:
			effort = "medium"
		default:
			effort = "high"
		}
	}
	if effort != "" {
		r.out.text("reasoning_effort", effort)
	}
	format := config.Get("format")
	if format.Type == gjson.Null {
		return nil
	}
	schema := format.Get("schema")
	if format.Get("type").Str != "json_schema" || !schema.IsObject() {
		return fault.Invalid("output_config.format", "must be a json_schema")
	}
	r.out.raw("response_format",
		`{"type":"json_schema","json_schema":{"name":"answer","strict":true,"schema":`+schema.Raw+`}}`)
	return nil
}
