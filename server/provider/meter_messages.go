package provider

import (
	"strings"

	"github.com/tidwall/gjson"
)

// messagesMeter reads Anthropic's messages, whose usage stays where the dialect has it.
type messagesMeter struct {
	face
	out            []byte
	got            Answer
	usage          anthropicUsage
	final          bool // the report covers the whole answer
	content, other strings.Builder
}

var messagesFinish = map[string]string{
	"end_turn": "stop", "stop_sequence": "stop", "pause_turn": "stop", "max_tokens": "length", "model_context_window_exceeded": "length",
	"tool_use": "tool_calls", "refusal": "content_filter",
}

func (m *messagesMeter) whole(body []byte, _ bool) *Answer {
	root := gjson.ParseBytes(body)
	b := m.object(make([]byte, 0, len(body)+64), root)
	root.Get("content").ForEach(func(_, block gjson.Result) bool {
		m.block(block)
		return true
	})
	m.got.Model = text(root.Get("model"))
	m.stopped(root.Get("stop_reason"))
	m.usage.take(root.Get("usage"))
	m.final = true
	a := m.answer()
	a.Body = b
	return a
}

// block takes a whole content block.
func (m *messagesMeter) block(b gjson.Result) {
	m.content.WriteString(text(b.Get("text")))
	m.other.WriteString(text(b.Get("thinking")))
	if input := b.Get("input"); input.Exists() {
		m.other.WriteString(text(b.Get("name")))
		m.other.WriteString(input.Raw)
	}
}

func (m *messagesMeter) stopped(reason gjson.Result) {
	if v := text(reason); v != "" {
		if m.got.Finish = messagesFinish[v]; m.got.Finish == "" {
			m.got.Finish = v
		}
	}
}

func (m *messagesMeter) event(name string, data []byte, _ bool) (Piece, bool) {
	p := Piece{Event: name, Data: data}
	root := gjson.ParseBytes(data)
	switch name {
	case "message_start":
		message := root.Get("message")
		m.got.Model = text(message.Get("model"))
		m.usage.take(message.Get("usage"))
		m.out = append(m.object(append(m.out[:0], `{"type":"message_start","message":`...), message), '}')
		p.Data = m.out
	case "message_delta":
		m.stopped(root.Get("delta.stop_reason"))
		m.usage.take(root.Get("usage"))
		m.final = true
	default:
		p.Text, p.Other = saidInMessages(name, root)
	}
	m.content.WriteString(p.Text)
	m.other.WriteString(p.Other)
	return p, true
}

// saidInMessages is what an event of a stream brings of the output.
func saidInMessages(name string, e gjson.Result) (content, other string) {
	switch name {
	case "content_block_start":
		other = text(e.Get("content_block.name"))
	case "content_block_delta":
		d := e.Get("delta")
		content = text(d.Get("text"))
		other = text(d.Get("thinking")) + text(d.Get("partial_json"))
	}
	return content, other
}

func (m *messagesMeter) answer() *Answer {
	a := m.got
	a.content, a.other = m.content.String(), m.other.String()
	if m.final { // what message_start tells of the output is only its first token
		a.Usage = m.usage.usage()
	}
	return &a
}
