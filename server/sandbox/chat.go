package sandbox

import (
	"strconv"

	"github.com/tidwall/gjson"
)

func (s *Server) serveChat(c *call) {
	req, reason := s.parseChat(c.body)
	if reason != "" {
		c.refuse(trouble{code: badValue, message: reason})
		return
	}
	s.generate(c, req, chatForm{})
}

func (s *Server) parseChat(body []byte) (request, string) {
	out := request{prompt: 3, seed: hash(body), quiet: true}
	root := gjson.ParseBytes(body)
	var reason, effort, role string
	var tools, choice gjson.Result
	root.ForEach(func(name, v gjson.Result) bool {
		switch name.Str {
		case "model":
			out.model = v.String()
		case "messages":
			if s.opts.Cache {
				out.prefixes = newPrefixes(root.Get("model").Str)
			}
			v.ForEach(func(_, m gjson.Result) bool {
				var tokens int64
				tokens, role, reason = messageTokens(m)
				out.prompt += 3 + tokens
				out.prefixes.add(m, out.prompt)
				return reason == ""
			})
		case "max_tokens", "max_completion_tokens":
			reason = limitOf(name.Str, v, &out.cap)
		case "temperature", "top_p", "n":
			reason = rangeOf(name.Str, v, &out.choices)
		case "tools":
			tools = v
			out.prompt += textTokens(v.Raw)
		case "tool_choice":
			choice = v
		case "response_format":
			out.object = objectOf(v.Get("type").Str, v.Get("json_schema.schema"))
		case "reasoning_effort":
			effort = v.Str
		case "stream":
			out.stream = v.Bool()
		case "stream_options":
			out.quiet = !v.Get("include_usage").Bool()
		}
		return reason == ""
	})
	if reason == "" && role == "" {
		reason = "'messages' must have at least one message"
	}
	out.reason = reasonsAt(out.model, effort)
	if role != "tool" {
		out.call = pick(tools, "function.", choice.Str == "none", choice.Get("function.name").Str)
	}
	return out, reason
}

// messageTokens counts a message and tells its role.
func messageTokens(m gjson.Result) (tokens int64, role, reason string) {
	role = orElse(m.Get("role").Str, "user")
	content := m.Get("content")
	if content.IsArray() {
		content.ForEach(func(_, part gjson.Result) bool {
			switch kind := part.Get("type").Str; kind {
			case "text", "refusal":
				tokens += textTokens(part.Get(kind).String())
			case "image_url", "file", "input_audio":
				tokens += partTokens
			default:
				reason = "Invalid value: '" + kind + "'. Supported values are: 'text', 'image_url', 'input_audio', 'refusal', and 'file'."
			}
			return reason == ""
		})
	} else {
		tokens = textTokens(content.String())
	}
	if role == "assistant" {
		m.Get("tool_calls").ForEach(func(_, t gjson.Result) bool {
			tokens += textTokens(t.Get("function.name").Str) + textTokens(t.Get("function.arguments").Str)
			return true
		})
	}
	return tokens, role, reason
}

// limitOf reads a limit of the answer's tokens.
func limitOf(name string, v gjson.Result, to *int64) (reason string) {
	if v.Type == gjson.Number {
		if *to = v.Int(); *to < 1 || float64(*to) != v.Num {
			return "'" + name + "' must be a positive integer"
		}
	}
	return ""
}

// rangeOf refuses a number outside the range of its name, and reads n.
func rangeOf(name string, v gjson.Result, n *int) (reason string) {
	if v.Type != gjson.Number {
		return ""
	}
	switch {
	case name == "temperature" && (v.Num < 0 || v.Num > 2):
		return "Invalid 'temperature': expected a value between 0 and 2"
	case name == "top_p" && (v.Num < 0 || v.Num > 1):
		return "Invalid 'top_p': expected a value between 0 and 1"
	case name == "n":
		if *n = int(v.Int()); *n < 1 || *n > 8 || float64(*n) != v.Num {
			return "'n' must be an integer from 1 to 8"
		}
	}
	return ""
}

// objectOf is the JSON that an answer in a format has; "": any text.
func objectOf(format string, schema gjson.Result) string {
	switch format {
	case "json_schema":
		return sample(schema)
	case "json_object":
		return `{"answer":"some text"}`
	}
	return ""
}

// reasonsAt says whether a model reasons with an effort, "" for its usual one.
func reasonsAt(model, effort string) bool {
	if effort == "" {
		return reasons[model]
	}
	return effort != "none" && effort != "minimal"
}

// pick chooses the function to call: the one that is named, else the first. Within a tool it is at path.
func pick(tools gjson.Result, path string, none bool, named string) (out *function) {
	if none {
		return nil
	}
	tools.ForEach(func(_, t gjson.Result) bool {
		if name := t.Get(path + "name").Str; name != "" && (named == "" || name == named) {
			out = &function{name, t.Get(path + "parameters")}
		}
		return out == nil
	})
	return out
}

// chatForm is that of chat completions.
type chatForm struct{}

func (chatForm) id(seed string) string { return "chatcmpl-" + seed }

func (chatForm) usage(b []byte, u usage) []byte {
	b = strconv.AppendInt(append(b, `{"prompt_tokens":`...), u.prompt, 10)
	b = strconv.AppendInt(append(b, `,"completion_tokens":`...), u.completion, 10)
	b = strconv.AppendInt(append(b, `,"total_tokens":`...), u.prompt+u.completion, 10)
	b = strconv.AppendInt(append(b, `,"prompt_tokens_details":{"cached_tokens":`...), u.cached, 10)
	if u.written > 0 {
		b = strconv.AppendInt(append(b, `,"cache_write_tokens":`...), u.written, 10)
	}
	b = strconv.AppendInt(append(b, `},"completion_tokens_details":{"reasoning_tokens":`...), u.reasoning, 10)
	return append(b, "}}"...)
}

// head writes an answer up to the list of its choices.
func (chatForm) head(b []byte, a *answer, object string) []byte {
	b = append(b, `{"id":"`+a.id+`","object":"`+object+`","created":1700000000,"model":`...)
	return append(gjson.AppendJSONString(b, a.model), `,"choices":[`...)
}

var chatFinish = map[finish]string{stopped: "stop", cut: "length", called: "tool_calls"}

func (f chatForm) whole(b []byte, a *answer) []byte {
	b = f.head(b, a, "chat.completion")
	for i := range a.choices {
		ch := &a.choices[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, `{"index":`...), int64(i), 10)
		b = append(b, `,"message":{"role":"assistant",`...)
		if ch.reasoning > 0 {
			b = append(ch.appendThought(append(b, `"reasoning_content":"`...)), `",`...)
		}
		if ch.function != "" {
			b = append(b, `"content":null,"tool_calls":[{"id":"`+callID(ch)+`","type":"function","function":{"name":`...)
			b = append(gjson.AppendJSONString(b, ch.function), `,"arguments":"`...)
			b = append(ch.appendText(b), `"}}]`...)
		} else {
			b = append(ch.appendText(append(b, `"content":"`...)), '"')
		}
		b = append(b, `,"refusal":null},"logprobs":null,"finish_reason":"`+chatFinish[ch.finish]+`"}`...)
	}
	b = append(b, ']')
	if a.told != nil {
		b = append(append(b, `,"usage":`...), a.told...)
	}
	return append(b, '}')
}

// callID is the id of the call that a choice makes.
func callID(ch *choice) string { return "call_" + strconv.FormatUint(ch.seed, 36) }

// open writes a chunk up to the contents of its delta, close the rest of it. finish is JSON.
func (f chatForm) open(b []byte, a *answer, index int) []byte {
	b = f.head(append(b, "data: "...), a, "chat.completion.chunk")
	b = strconv.AppendInt(append(b, `{"index":`...), int64(index), 10)
	return append(b, `,"delta":{`...)
}

func (chatForm) close(b []byte, a *answer, finish string) []byte {
	b = append(b, `},"finish_reason":`+finish+`}]`...)
	if a.told != nil {
		b = append(b, `,"usage":null`...)
	}
	return append(b, "}\n\n"...)
}

func (f chatForm) begin(b []byte, a *answer) []byte {
	for i := range a.choices {
		b = append(f.open(b, a, i), `"role":"assistant","content":""`...)
		b = f.close(b, a, "null")
	}
	return b
}

func (f chatForm) piece(b []byte, a *answer, p piece) []byte {
	b = f.open(b, a, p.choice.index)
	switch p.kind {
	case thought:
		b = append(p.appendText(append(b, `"reasoning_content":"`...)), '"')
	case text:
		b = append(p.appendText(append(b, `"content":"`...)), '"')
	case callBegin:
		b = append(b, `"tool_calls":[{"index":0,"id":"`+callID(p.choice)+`","type":"function","function":{"name":`...)
		b = append(gjson.AppendJSONString(b, p.choice.function), `,"arguments":""}}]`...)
	case arguments:
		b = append(p.appendText(append(b, `"tool_calls":[{"index":0,"function":{"arguments":"`...)), `"}}]`...)
	}
	return f.close(b, a, "null")
}

func (f chatForm) end(b []byte, a *answer) []byte {
	for i := range a.choices {
		b = f.close(f.open(b, a, i), a, `"`+chatFinish[a.choices[i].finish]+`"`)
	}
	if a.told != nil {
		b = f.head(append(b, "data: "...), a, "chat.completion.chunk")
		b = append(append(append(b, `],"usage":`...), a.told...), "}\n\n"...)
	}
	return append(b, "data: [DONE]\n\n"...)
}

func (chatForm) fail(b, trouble []byte) []byte {
	return append(append(append(b, "data: "...), trouble...), "\n\n"...)
}
