package sandbox

import (
	"strconv"

	"github.com/tidwall/gjson"
)

func (s *Server) serveResponses(c *call) {
	req, reason := parseResponses(c.body)
	if reason != "" {
		c.refuse(trouble{code: badValue, message: reason})
		return
	}
	s.generate(c, req, &responsesForm{})
}

func parseResponses(body []byte) (request, string) {
	out := request{prompt: 3, seed: hash(body)}
	var reason, effort, last string
	var tools, choice gjson.Result
	gjson.ParseBytes(body).ForEach(func(name, v gjson.Result) bool {
		switch name.Str {
		case "model":
			out.model = v.String()
		case "instructions":
			out.prompt += textTokens(v.String())
		case "input":
			if v.Type == gjson.String {
				last = "message"
				out.prompt += 3 + textTokens(v.Str)
				return true
			}
			v.ForEach(func(_, item gjson.Result) bool {
				var tokens int64
				last = orElse(item.Get("type").Str, "message")
				tokens, reason = itemTokens(last, item)
				out.prompt += 3 + tokens
				return reason == ""
			})
		case "max_output_tokens":
			reason = limitOf(name.Str, v, &out.cap)
		case "temperature", "top_p":
			reason = rangeOf(name.Str, v, nil)
		case "tools":
			tools = v
			out.prompt += textTokens(v.Raw)
		case "tool_choice":
			choice = v
		case "text":
			out.object = objectOf(v.Get("format.type").Str, v.Get("format.schema"))
		case "reasoning":
			effort = v.Get("effort").Str
		case "stream":
			out.stream = v.Bool()
		}
		return reason == ""
	})
	if reason == "" && last == "" {
		reason = "'input' must be a text or have at least one item"
	}
	out.reason = reasonsAt(out.model, effort)
	if last != "function_call_output" {
		out.call = pick(tools, "", choice.Str == "none", choice.Get("name").Str)
	}
	return out, reason
}

// itemTokens counts an item of the input.
func itemTokens(kind string, item gjson.Result) (tokens int64, reason string) {
	parts := item.Get("content")
	switch kind {
	case "message":
	case "function_call":
		return textTokens(item.Get("name").Str) + textTokens(item.Get("arguments").Str), ""
	case "function_call_output":
		parts = item.Get("output")
	case "reasoning":
		parts = item.Get("summary")
	default:
		return 0, "Invalid value: '" + kind + "'. The sandbox knows messages, function calls, their outputs and reasoning."
	}
	if !parts.IsArray() {
		return textTokens(parts.String()), ""
	}
	parts.ForEach(func(_, part gjson.Result) bool {
		switch kind := part.Get("type").Str; kind {
		case "input_text", "output_text", "summary_text":
			tokens += textTokens(part.Get("text").Str)
		case "refusal":
			tokens += textTokens(part.Get("refusal").Str)
		case "input_image", "input_file", "input_audio":
			tokens += partTokens
		default:
			reason = "Invalid value: '" + kind + "'."
		}
		return reason == ""
	})
	return tokens, reason
}

// responsesForm is that of responses. It knows how far a stream is.
type responsesForm struct {
	sequence int
	items    int // begun
	open     pieceKind
}

func (*responsesForm) id(seed string) string { return "resp_" + seed }

func (*responsesForm) usage(b []byte, u usage) []byte {
	b = strconv.AppendInt(append(b, `{"input_tokens":`...), u.prompt, 10)
	b = strconv.AppendInt(append(b, `,"input_tokens_details":{"cached_tokens":`...), u.cached, 10)
	if u.written > 0 {
		b = strconv.AppendInt(append(b, `,"cache_write_tokens":`...), u.written, 10)
	}
	b = strconv.AppendInt(append(b, `},"output_tokens":`...), u.completion, 10)
	b = strconv.AppendInt(append(b, `,"output_tokens_details":{"reasoning_tokens":`...), u.reasoning, 10)
	b = strconv.AppendInt(append(b, `},"total_tokens":`...), u.prompt+u.completion, 10)
	return append(b, '}')
}

// response writes the response. output is what is between the brackets.
func (f *responsesForm) response(b []byte, a *answer, status string, output func([]byte) []byte, usage []byte) []byte {
	b = append(b, `{"id":"`+a.id+`","object":"response","created_at":1700000000,"status":"`+status+`","error":null,"incomplete_details":`...)
	if status == "incomplete" {
		b = append(b, `{"reason":"max_output_tokens"}`...)
	} else {
		b = append(b, "null"...)
	}
	b = gjson.AppendJSONString(append(b, `,"instructions":null,"model":`...), a.model)
	b = append(output(append(b, `,"output":[`...)), `],"parallel_tool_calls":true,"tool_choice":"auto","tools":[],"metadata":{},"usage":`...)
	if usage == nil {
		usage = []byte("null")
	}
	return append(append(b, usage...), '}')
}

// output writes all items of a choice.
func (f *responsesForm) output(b []byte, ch *choice) []byte {
	if ch.reasoning > 0 {
		b = append(f.item(b, ch, thought, "completed"), ',')
	}
	if ch.function != "" {
		return f.item(b, ch, callBegin, ch.status())
	}
	return f.item(b, ch, text, ch.status())
}

func (ch *choice) status() string {
	if ch.finish == cut {
		return "incomplete"
	}
	return "completed"
}

// item writes an item, whose contents are there unless it is in_progress.
func (f *responsesForm) item(b []byte, ch *choice, kind pieceKind, status string) []byte {
	b = append(b, `{"id":"`+itemID(ch, kind)+`",`...)
	full := status != "in_progress"
	switch kind {
	case thought:
		b = append(b, `"type":"reasoning","summary":[`...)
		if full {
			b = f.part(b, ch, kind, true)
		}
		return append(b, "]}"...)
	case text:
		b = append(b, `"type":"message","role":"assistant","status":"`+status+`","content":[`...)
		if full {
			b = f.part(b, ch, kind, true)
		}
		return append(b, "]}"...)
	default:
		b = append(b, `"type":"function_call","status":"`+status+`","call_id":"`+callID(ch)+`","name":`...)
		b = append(gjson.AppendJSONString(b, ch.function), `,"arguments":"`...)
		if full {
			b = ch.appendText(b)
		}
		return append(b, `"}`...)
	}
}

// part writes the part of a message or a summary.
func (f *responsesForm) part(b []byte, ch *choice, kind pieceKind, full bool) []byte {
	if kind == thought {
		b = append(b, `{"type":"summary_text","text":"`...)
		if full {
			b = ch.appendThought(b)
		}
		return append(b, `"}`...)
	}
	b = append(b, `{"type":"output_text","annotations":[],"logprobs":[],"text":"`...)
	if full {
		b = ch.appendText(b)
	}
	return append(b, `"}`...)
}

var itemPrefixes = map[pieceKind]string{thought: "rs_", text: "msg_", callBegin: "fc_"}

func itemID(ch *choice, kind pieceKind) string {
	return itemPrefixes[kind] + strconv.FormatUint(ch.seed, 36)
}

func (f *responsesForm) whole(b []byte, a *answer) []byte {
	ch := &a.choices[0]
	return f.response(b, a, ch.status(), func(b []byte) []byte { return f.output(b, ch) }, a.told)
}
