package sandbox

import (
	"net/http"
	"strconv"

	"github.com/tidwall/gjson"
)

// versioned is an endpoint of Anthropic, which wants to know the version of its API that is meant.
func (s *Server) versioned(on string, serve func(*call)) http.HandlerFunc {
	return s.endpoint(on, anthropic{}, func(c *call) {
		if c.r.Header.Get("Anthropic-Version") == "" {
			c.refuse(trouble{code: badValue, message: "anthropic-version: header is required"})
			return
		}
		serve(c)
	})
}

func (s *Server) serveMessages(c *call) {
	req, limited, reason := parseMessages(c.body)
	if reason == "" && !limited {
		reason = "max_tokens: Field required"
	}
	if reason != "" {
		c.refuse(trouble{code: badValue, message: reason})
		return
	}
	s.generate(c, req, &messagesForm{})
}

// countTokens counts a prompt, for nothing.
func (s *Server) countTokens(c *call) {
	req, _, reason := parseMessages(c.body)
	if reason != "" {
		c.refuse(trouble{code: badValue, message: reason})
		return
	}
	if _, ok := s.model(c, req.model); ok && c.wait() {
		reply(c.w, map[string]int64{"input_tokens": req.prompt})
	}
}

// parseMessages also says whether the request limits the answer.
func parseMessages(body []byte) (out request, limited bool, reason string) {
	out = request{prompt: 3, seed: hash(body)}
	var tools, choice gjson.Result
	role, result := "", false
	gjson.ParseBytes(body).ForEach(func(name, v gjson.Result) bool {
		switch name.Str {
		case "model":
			out.model = v.String()
		case "system":
			tokens, _, why := blockTokens(v)
			out.prompt, reason = out.prompt+tokens, why
		case "messages":
			v.ForEach(func(_, m gjson.Result) bool {
				var tokens int64
				if role = m.Get("role").Str; role != "user" && role != "assistant" {
					reason = `messages: Unexpected role "` + role + `"`
				} else {
					tokens, result, reason = blockTokens(m.Get("content"))
				}
				out.prompt += 3 + tokens
				return reason == ""
			})
		case "max_tokens":
			if out.cap, limited = v.Int(), true; out.cap < 1 || float64(out.cap) != v.Num {
				reason = "max_tokens: Input should be greater than or equal to 1"
			}
		case "temperature":
			if v.Type == gjson.Number && (v.Num < 0 || v.Num > 1) {
				reason = "temperature: range: 0..1"
			}
		case "tools":
			tools = v
			out.prompt += textTokens(v.Raw)
		case "tool_choice":
			choice = v
		case "output_config", "output_format":
			format := v
			if name.Str == "output_config" {
				format = v.Get("format")
			}
			out.object = objectOf(format.Get("type").Str, format.Get("schema"))
		case "thinking":
			kind := v.Get("type").Str
			out.reason = kind == "enabled" || kind == "adaptive"
		case "stream":
			out.stream = v.Bool()
		}
		return reason == ""
	})
	if reason == "" && role == "" {
		reason = "messages: at least one message is required"
	}
	if !result && choice.Get("type").Str != "none" {
		tools.ForEach(func(_, t gjson.Result) bool {
			if n := t.Get("name").Str; t.Get("input_schema").Exists() && (choice.Get("name").Str == "" || choice.Get("name").Str == n) {
				out.call = &function{n, t.Get("input_schema")}
			}
			return out.call == nil
		})
	}
	return out, limited, reason
}

// blockTokens counts a text or a list of blocks, and says whether the result of a tool is among them.
func blockTokens(content gjson.Result) (tokens int64, result bool, reason string) {
	if !content.IsArray() {
		return textTokens(content.String()), false, ""
	}
	content.ForEach(func(_, block gjson.Result) bool {
		switch kind := block.Get("type").Str; kind {
		case "text", "thinking":
			tokens += textTokens(block.Get(kind).Str)
		case "redacted_thinking":
		case "image", "document":
			tokens += partTokens
		case "tool_use":
			tokens += textTokens(block.Get("name").Str) + textTokens(block.Get("input").Raw)
		case "tool_result":
			var n int64
			n, _, reason = blockTokens(block.Get("content"))
			tokens, result = tokens+n, true
		default:
			reason = "messages.content: Input tag '" + kind + "' found using 'type' does not match any of the expected tags"
		}
		return reason == ""
	})
	return tokens, result, reason
}

// messagesForm is that of Anthropic's messages. It knows the block that a stream is in.
type messagesForm struct {
	blocks int // begun
	open   pieceKind
}

func (*messagesForm) id(seed string) string { return "msg_" + seed }

// usage tells parts of the prompt that have nothing in common.
func (*messagesForm) usage(b []byte, u usage) []byte {
	b = strconv.AppendInt(append(b, `{"input_tokens":`...), u.prompt-u.cached-u.written, 10)
	b = strconv.AppendInt(append(b, `,"cache_creation_input_tokens":`...), u.written, 10)
	b = strconv.AppendInt(append(b, `,"cache_read_input_tokens":`...), u.cached, 10)
	b = strconv.AppendInt(append(b, `,"cache_creation":{"ephemeral_5m_input_tokens":`...), u.written, 10)
	b = strconv.AppendInt(append(b, `,"ephemeral_1h_input_tokens":0},"output_tokens":`...), u.completion, 10)
	return append(b, '}')
}

var messagesFinish = map[finish]string{stopped: "end_turn", cut: "max_tokens", called: "tool_use"}

func (*messagesForm) head(b []byte, a *answer) []byte {
	b = append(b, `{"id":"`+a.id+`","type":"message","role":"assistant","model":`...)
	return append(gjson.AppendJSONString(b, a.model), `,"content":[`...)
}

// toolUse writes the block of a call, up to the end of its input.
func toolUse(b []byte, ch *choice, input string) []byte {
	b = append(b, `{"type":"tool_use","id":"toolu_`+strconv.FormatUint(ch.seed, 36)+`","name":`...)
	return append(gjson.AppendJSONString(b, ch.function), `,"input":`+input+`}`...)
}

func (f *messagesForm) whole(b []byte, a *answer) []byte {
	ch := &a.choices[0]
	b = f.head(b, a)
	if ch.reasoning > 0 {
		b = append(ch.appendThought(append(b, `{"type":"thinking","thinking":"`...)), `","signature":"c2FuZGJveA=="},`...)
	}
	if ch.function != "" {
		b = toolUse(b, ch, ch.arguments())
	} else {
		b = append(ch.appendText(append(b, `{"type":"text","text":"`...)), `"}`...)
	}
	b = append(b, `],"stop_reason":"`+messagesFinish[ch.finish]+`","stop_sequence":null`...)
	if a.told != nil {
		b = append(append(b, `,"usage":`...), a.told...)
	}
	return append(b, '}')
}

func (f *messagesForm) begin(b []byte, a *answer) []byte {
	b = append(b, "event: message_start\ndata: {\"type\":\"message_start\",\"message\":"...)
	b = append(f.head(b, a), `],"stop_reason":null,"stop_sequence":null`...)
	switch {
	case a.raw:
		b = append(append(b, `,"usage":`...), a.told...)
	case a.told != nil:
		u := a.usage
		u.completion = min(u.completion, 1) // the first token is there
		b = f.usage(append(b, `,"usage":`...), u)
	}
	return append(b, "}}\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n"...)
}

// index writes an event up to what it brings for the block that is open.
func (f *messagesForm) index(b []byte, event string) []byte {
	b = append(b, "event: "+event+"\ndata: {\"type\":\""+event+"\",\"index\":"...)
	return strconv.AppendInt(b, int64(f.blocks-1), 10)
}

func (f *messagesForm) close(b []byte) []byte {
	if f.blocks == 0 {
		return b
	}
	if f.open == thought {
		b = append(f.index(b, "content_block_delta"), ",\"delta\":{\"type\":\"signature_delta\",\"signature\":\"c2FuZGJveA==\"}}\n\n"...)
	}
	return append(f.index(b, "content_block_stop"), "}\n\n"...)
}

func (f *messagesForm) piece(b []byte, _ *answer, p piece) []byte {
	if f.blocks == 0 || (f.open != p.kind && p.kind != arguments) {
		b = f.close(b)
		f.blocks, f.open = f.blocks+1, p.kind
		b = append(f.index(b, "content_block_start"), `,"content_block":`...)
		switch p.kind {
		case thought:
			b = append(b, `{"type":"thinking","thinking":"","signature":""}`...)
		case text:
			b = append(b, `{"type":"text","text":""}`...)
		default:
			b = toolUse(b, p.choice, "{}")
		}
		b = append(b, "}\n\n"...)
	}
	b = append(f.index(b, "content_block_delta"), `,"delta":{"type":"`...)
	switch p.kind {
	case thought:
		b = append(b, `thinking_delta","thinking":"`...)
	case text:
		b = append(b, `text_delta","text":"`...)
	default:
		b = append(b, `input_json_delta","partial_json":"`...)
	}
	if p.kind != callBegin {
		b = p.appendText(b)
	}
	return append(b, "\"}}\n\n"...)
}

func (f *messagesForm) end(b []byte, a *answer) []byte {
	b = f.close(b)
	b = append(b, "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\""+messagesFinish[a.choices[0].finish]+"\",\"stop_sequence\":null}"...)
	if a.told != nil {
		b = append(append(b, `,"usage":`...), a.told...)
	}
	return append(b, "}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"...)
}

func (*messagesForm) fail(b, trouble []byte) []byte {
	return append(append(append(b, "event: error\ndata: "...), trouble...), "\n\n"...)
}
