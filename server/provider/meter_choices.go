package provider

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// choicesMeter reads chat completions, the older completions, and embeddings, which are alike but for their content.
type choicesMeter struct {
	face
	usage func(gjson.Result) *Usage
	pack  bool // embeddings are to be packed in base64, which not every provider does

	out            []byte
	got            Answer
	content, other strings.Builder
}

func (m *choicesMeter) whole(body []byte, keepUsage bool) *Answer {
	if m.pack {
		body = packed(body)
	}
	b := append(make([]byte, 0, len(body)+64), '{')
	gjson.ParseBytes(body).ForEach(func(name, value gjson.Result) bool {
		b = m.member(b, name, value, keepUsage)
		if name.Str == "choices" {
			value.ForEach(func(_, choice gjson.Result) bool {
				m.choice(choice, choice.Get("message"))
				return true
			})
		}
		return true
	})
	a := m.answer()
	a.Body = append(b, '}')
	return a
}

// member takes a member of an answer or of an event.
func (m *choicesMeter) member(b []byte, name, value gjson.Result, keepUsage bool) []byte {
	switch name.Str {
	case "usage":
		m.report(value)
		if !keepUsage {
			return b
		}
	case "x_groq":
		m.report(value.Get("usage"))
	case "model":
		if m.got.Model == "" {
			m.got.Model = text(value)
		}
	}
	if name.Str == "choices" && value.IsArray() {
		return shownChoices(member(b, "choices"), value)
	}
	b, _ = m.show(b, name, value)
	return b
}

// shownChoices appends choices without what tells of the provider.
func shownChoices(b []byte, choices gjson.Result) []byte {
	if !slices.ContainsFunc(tellingOfChoice, func(name string) bool { return strings.Contains(choices.Raw, `"`+name+`"`) }) {
		return append(b, choices.Raw...)
	}
	b = append(b, '[')
	choices.ForEach(func(_, choice gjson.Result) bool {
		if b[len(b)-1] == '}' {
			b = append(b, ',')
		}
		b = append(b, '{')
		choice.ForEach(func(name, value gjson.Result) bool {
			if !slices.Contains(tellingOfChoice, name.Str) {
				b = sameMember(b, name, value)
			}
			return true
		})
		b = append(b, '}')
		return true
	})
	return append(b, ']')
}

// report takes what was counted. Reports are totals: the last one stands.
func (m *choicesMeter) report(u gjson.Result) {
	if u.Exists() && u.Type != gjson.Null {
		m.got.Usage = m.usage(u)
	}
}

// choice takes what a choice says; said is its message or the piece of one.
func (m *choicesMeter) choice(choice, said gjson.Result) (content, other string) {
	content, other = contentOf(said)
	if content == "" {
		content = text(choice.Get("text"))
	}
	for _, call := range said.Get("tool_calls").Array() {
		other += text(call.Get("function.name")) + text(call.Get("function.arguments")) + text(call.Get("custom.input"))
	}
	if call := said.Get("function_call"); call.Exists() {
		other += text(call.Get("name")) + text(call.Get("arguments"))
	}
	m.content.WriteString(content)
	m.other.WriteString(other)
	if v := text(choice.Get("finish_reason")); v != "" {
		m.got.Finish = v
	}
	m.report(choice.Get("usage")) // Moonshot says it here
	return content, other
}

func (m *choicesMeter) event(_ string, data []byte, keepUsage bool) (p Piece, ok bool) {
	m.out = append(m.out[:0], '{')
	gjson.ParseBytes(data).ForEach(func(name, value gjson.Result) bool {
		m.out = m.member(m.out, name, value, keepUsage)
		if name.Str == "choices" {
			value.ForEach(func(_, choice gjson.Result) bool {
				content, other := m.choice(choice, choice.Get("delta"))
				p.Text += content
				p.Other += other
				ok = true
				return true
			})
		}
		return true
	})
	p.Data = append(m.out, '}')
	m.out = p.Data
	return p, ok || keepUsage
}

func (m *choicesMeter) answer() *Answer {
	a := m.got
	a.content, a.other = m.content.String(), m.other.String()
	return &a
}

// contentOf reads the text of a message or a delta: a string, null, or parts of which some are thoughts.
func contentOf(m gjson.Result) (content, reasoning string) {
	switch v := m.Get("content"); {
	case v.Type == gjson.String:
		content = text(v)
	case v.IsArray():
		v.ForEach(func(_, part gjson.Result) bool {
			content += text(part.Get("text"))
			return true
		})
	}
	if content == "" {
		content = text(m.Get("refusal"))
	}
	if reasoning = text(m.Get("reasoning_content")); reasoning == "" {
		reasoning = text(m.Get("reasoning"))
	}
	return content, reasoning
}
