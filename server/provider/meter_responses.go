package provider

import (
	"strings"

	"github.com/tidwall/gjson"
)

// responsesMeter reads the Responses API, whose usage stays where the dialect has it.
type responsesMeter struct {
	face
	out            []byte
	got            Answer
	content, other strings.Builder
}

func (m *responsesMeter) whole(body []byte, _ bool) *Answer {
	root := gjson.ParseBytes(body)
	b := m.object(make([]byte, 0, len(body)+64), root)
	root.Get("output").ForEach(func(_, item gjson.Result) bool {
		m.item(item)
		return true
	})
	m.ended(root)
	a := m.answer()
	a.Body = b
	return a
}

func (m *responsesMeter) item(item gjson.Result) {
	for _, list := range []string{"content", "summary"} {
		item.Get(list).ForEach(func(_, part gjson.Result) bool {
			t := text(part.Get("text")) + text(part.Get("refusal"))
			if part.Get("type").Str == "output_text" {
				m.content.WriteString(t)
			} else {
				m.other.WriteString(t)
			}
			return true
		})
	}
	m.other.WriteString(text(item.Get("name")))
	m.other.WriteString(text(item.Get("arguments")) + text(item.Get("input")))
}

// ended takes what a response says of itself at its end.
func (m *responsesMeter) ended(response gjson.Result) {
	m.got.Model = text(response.Get("model"))
	switch response.Get("incomplete_details.reason").Str {
	case "max_output_tokens":
		m.got.Finish = "length"
	case "content_filter":
		m.got.Finish = "content_filter"
	default:
		m.got.Finish = "stop"
	}
	if u := response.Get("usage"); u.Exists() && u.Type != gjson.Null {
		m.got.Usage = responsesUsage(u)
	}
}

func (m *responsesMeter) event(name string, data []byte, _ bool) (Piece, bool) {
	root := gjson.ParseBytes(data)
	m.out = append(m.out[:0], '{')
	root.ForEach(func(name, value gjson.Result) bool {
		if name.Str == "response" {
			m.out = m.object(member(m.out, "response"), value)
		} else {
			m.out, _ = face{}.show(m.out, name, value)
		}
		return true
	})
	m.out = append(m.out, '}')
	p := Piece{Event: name, Data: m.out}
	switch name {
	case "response.completed", "response.incomplete":
		m.ended(root.Get("response"))
	default:
		p.Text, p.Other = saidInResponses(name, root)
	}
	m.content.WriteString(p.Text)
	m.other.WriteString(p.Other)
	return p, true
}

// saidInResponses is what an event of a stream brings of the output.
func saidInResponses(name string, e gjson.Result) (content, other string) {
	switch name {
	case "response.output_text.delta":
		return text(e.Get("delta")), ""
	case "response.output_item.added":
		return "", text(e.Get("item.name"))
	}
	return "", text(e.Get("delta")) // arguments, refusals, what was thought
}

func (m *responsesMeter) answer() *Answer {
	a := m.got
	a.content, a.other = m.content.String(), m.other.String()
	return &a
}
