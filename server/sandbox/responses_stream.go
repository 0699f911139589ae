package sandbox

import (
	"strconv"

	"github.com/tidwall/gjson"
)

// event begins an event; its data is open.
func (f *responsesForm) event(b []byte, name string) []byte {
	b = append(b, "event: "+name+"\ndata: {\"type\":\""+name+"\",\"sequence_number\":"...)
	b = strconv.AppendInt(b, int64(f.sequence), 10)
	f.sequence++
	return b
}

// onItem begins an event about the contents of the item that is open.
func (f *responsesForm) onItem(b []byte, name string, ch *choice) []byte {
	b = f.event(b, name)
	b = append(b, `,"item_id":"`+itemID(ch, f.open)+`","output_index":`...)
	b = strconv.AppendInt(b, int64(f.items-1), 10)
	switch f.open {
	case thought:
		b = append(b, `,"summary_index":0`...)
	case text:
		b = append(b, `,"content_index":0`...)
	}
	return b
}

// aboutItem is an event about the item that is open itself.
func (f *responsesForm) aboutItem(b []byte, name string, ch *choice, status string) []byte {
	b = append(f.event(b, name), `,"output_index":`...)
	b = append(strconv.AppendInt(b, int64(f.items-1), 10), `,"item":`...)
	return append(f.item(b, ch, f.open, status), "}\n\n"...)
}

// The names of the events about the contents of items.
var (
	partEvents = map[pieceKind]string{thought: "response.reasoning_summary_part.", text: "response.content_part."}
	textEvents = map[pieceKind]string{thought: "response.reasoning_summary_text.", text: "response.output_text.", callBegin: "response.function_call_arguments."}
)

func (f *responsesForm) begin(b []byte, a *answer) []byte {
	none := func(b []byte) []byte { return b }
	for _, name := range []string{"response.created", "response.in_progress"} {
		b = append(f.event(b, name), `,"response":`...)
		b = append(f.response(b, a, "in_progress", none, nil), "}\n\n"...)
	}
	return b
}

func (f *responsesForm) piece(b []byte, _ *answer, p piece) []byte {
	ch := p.choice
	if f.items == 0 || (f.open != p.kind && p.kind != arguments) {
		b = f.close(b, ch)
		f.items, f.open = f.items+1, p.kind
		b = f.aboutItem(b, "response.output_item.added", ch, "in_progress")
		if part := partEvents[f.open]; part != "" {
			b = append(f.onItem(b, part+"added", ch), `,"part":`...)
			b = append(f.part(b, ch, f.open, false), "}\n\n"...)
		}
	}
	if p.kind == callBegin {
		return b
	}
	b = append(f.onItem(b, textEvents[f.open]+"delta", ch), `,"delta":"`...)
	b = append(p.appendText(b), '"')
	if f.open == text {
		b = append(b, `,"logprobs":[]`...)
	}
	return append(b, "}\n\n"...)
}

// close ends the item that is open.
func (f *responsesForm) close(b []byte, ch *choice) []byte {
	if f.items == 0 {
		return b
	}
	b = f.onItem(b, textEvents[f.open]+"done", ch)
	switch f.open {
	case thought:
		b = append(ch.appendThought(append(b, `,"text":"`...)), '"')
	case text:
		b = append(ch.appendText(append(b, `,"logprobs":[],"text":"`...)), '"')
	default:
		b = gjson.AppendJSONString(append(b, `,"name":`...), ch.function)
		b = append(ch.appendText(append(b, `,"arguments":"`...)), '"')
	}
	b = append(b, "}\n\n"...)
	if part := partEvents[f.open]; part != "" {
		b = append(f.onItem(b, part+"done", ch), `,"part":`...)
		b = append(f.part(b, ch, f.open, true), "}\n\n"...)
	}
	status := "completed"
	if f.open != thought {
		status = ch.status()
	}
	return f.aboutItem(b, "response.output_item.done", ch, status)
}

func (f *responsesForm) end(b []byte, a *answer) []byte {
	ch := &a.choices[0]
	b = f.close(b, ch)
	b = append(f.event(b, "response."+ch.status()), `,"response":`...)
	b = f.response(b, a, ch.status(), func(b []byte) []byte { return f.output(b, ch) }, a.told)
	return append(b, "}\n\n"...)
}

// fail tells the trouble flat, as this stream has it.
func (f *responsesForm) fail(b, trouble []byte) []byte {
	e := gjson.GetBytes(trouble, "error")
	b = append(f.event(b, "error"), `,"code":`...)
	b = append(b, orElse(e.Get("code").Raw, "null")...)
	b = gjson.AppendJSONString(append(b, `,"message":`...), e.Get("message").Str)
	return append(b, ",\"param\":null}\n\n"...)
}
