package dialect

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// ResponsesAnswerFromChat translates a chat completion into a response object. What the request said is not echoed: it is
// not known here.
func ResponsesAnswerFromChat(body []byte) ([]byte, error) {
	root, ok := hubDocument(body)
	message := root.Get("choices.0.message")
	if !ok || !message.IsObject() {
		return nil, errHubAnswer
	}
	d := respDocument{}
	d.read(root)
	text, reasoning, refusal := respTexts(message)
	d.text(respReasoningKind, reasoning)
	d.text(respTextKind, text)
	d.text(respRefusalKind, refusal)
	if calls := message.Get("tool_calls"); hubSet(calls) {
		err := hubObjects("tool_calls", calls, func(_ string, call gjson.Result) error {
			name := hubText(call.Get("function.name"))
			if name == "" {
				return errHubAnswer
			}
			it := d.add(respCallKind)
			it.call(call, name)
			it.text.WriteString(respArguments(call))
			return nil
		})
		if err != nil {
			return nil, errHubAnswer
		}
	}
	w := newHubWriter(len(body) + 512)
	d.write(w, "", d.status())
	return *w, nil
}

// respKind is what an item is, and how the events of its growth are called.
type respKind struct {
	item, prefix              string // its type; what its id begins with
	part, textName, indexName string // its one part's type and member, and what counts the parts; a call has no parts
	partAdded, partDone       string
	delta, done               string
}

var (
	respReasoningKind = &respKind{
		item: "reasoning", prefix: "rs_", part: "summary_text", textName: "text", indexName: "summary_index",
		partAdded: "response.reasoning_summary_part.added", partDone: "response.reasoning_summary_part.done",
		delta: "response.reasoning_summary_text.delta", done: "response.reasoning_summary_text.done",
	}
	respTextKind = &respKind{
		item: "message", prefix: "msg_", part: "output_text", textName: "text", indexName: "content_index",
		partAdded: "response.content_part.added", partDone: "response.content_part.done",
		delta: "response.output_text.delta", done: "response.output_text.done",
	}
	respRefusalKind = &respKind{
		item: "message", prefix: "msg_", part: "refusal", textName: "refusal", indexName: "content_index",
		partAdded: "response.content_part.added", partDone: "response.content_part.done",
		delta: "response.refusal.delta", done: "response.refusal.done",
	}
	respCallKind = &respKind{
		item: "function_call", prefix: "fc_", textName: "arguments",
		delta: "response.function_call_arguments.delta", done: "response.function_call_arguments.done",
	}
)

// respItem is an item of the output. It has one part of text, or the arguments of a call.
type respItem struct {
	kind             *respKind
	index            int
	id, callID, name string
	text             strings.Builder
}

// call takes the id and the name of a call.
func (it *respItem) call(call gjson.Result, name string) {
	it.name = name
	it.callID = cmp.Or(hubText(call.Get("id")), "call_"+strings.TrimPrefix(it.id, it.kind.prefix))
}

// whole is the text that the item has at its end. A call without arguments has an empty object of them.
func (it *respItem) whole() string {
	if it.kind == respCallKind && it.text.Len() == 0 {
		return "{}"
	}
	return it.text.String()
}

// write appends the item. One in progress has nothing in it yet.
func (it *respItem) write(w *hubWriter, name, status string) {
	started := status == "in_progress"
	w.open(name, '{')
	w.text("id", it.id)
	w.text("type", it.kind.item)
	switch it.kind {
	case respCallKind:
		w.text("status", status)
		w.text("call_id", it.callID)
		w.text("name", it.name)
		if started {
			w.text("arguments", "")
		} else {
			w.text("arguments", it.whole())
		}
	case respReasoningKind:
		w.open("summary", '[')
		if !started {
			it.part(w, "", it.whole())
		}
		w.end("]")
	default:
		w.text("status", status)
		w.text("role", "assistant")
		w.open("content", '[')
		if !started {
			it.part(w, "", it.whole())
		}
		w.end("]")
	}
	w.end("}")
}

// part appends the item's part with the text that it has by now.
func (it *respItem) part(w *hubWriter, name, text string) {
	w.open(name, '{')
	w.text("type", it.kind.part)
	w.text(it.kind.textName, text)
	if it.kind == respTextKind {
		w.raw("annotations", "[]")
		w.raw("logprobs", "[]")
	}
	w.end("}")
}

// respDocument is a response as far as it is known.
type respDocument struct {
	id, model string
	created   int64
	finish    string
	usage     gjson.Result
	items     []*respItem
}

// read takes the members around the message or the delta.
func (d *respDocument) read(root gjson.Result) {
	d.id = cmp.Or(d.id, strings.TrimPrefix(strings.TrimPrefix(hubText(root.Get("id")), "chatcmpl-"), "resp_"))
	d.model = cmp.Or(d.model, hubText(root.Get("model")))
	created, _ := hubFigure(root.Get("created"))
	d.created = cmp.Or(d.created, created)
	d.finish = cmp.Or(hubText(root.Get("choices.0.finish_reason")), d.finish)
	if u := root.Get("usage"); hubSet(u) {
		d.usage = u
	}
}

// add appends an empty item.
func (d *respDocument) add(kind *respKind) *respItem {
	it := &respItem{kind: kind, index: len(d.items)}
	it.id = kind.prefix + d.id + "_" + strconv.Itoa(it.index)
	d.items = append(d.items, it)
	return it
}

// text appends an item where there is text for one.
func (d *respDocument) text(kind *respKind, text string) {
	if text != "" {
		d.add(kind).text.WriteString(text)
	}
}

// status is that of the whole response at its end.
func (d *respDocument) status() string {
	if d.incomplete() != "" {
		return "incomplete"
	}
	return "completed"
}

// incomplete is why the response ended too early, "" where it did not.
func (d *respDocument) incomplete() string {
	switch d.finish {
	case "length":
		return "max_output_tokens"
	case "content_filter":
		return "content_filter"
	}
	return ""
}

// itemStatus is that of an item at its end: of a response that ended too early the last is incomplete.
func (d *respDocument) itemStatus(it *respItem) string {
	if it.index == len(d.items)-1 {
		return d.status()
	}
	return "completed"
}

// write appends the response. One in progress has neither output nor usage.
func (d *respDocument) write(w *hubWriter, name, status string) {
	w.open(name, '{')
	w.text("id", "resp_"+d.id)
	w.text("object", "response")
	w.number("created_at", d.created)
	w.text("status", status)
	w.raw("error", "null")
	if status == "incomplete" {
		w.open("incomplete_details", '{')
		w.text("reason", d.incomplete())
		w.end("}")
	} else {
		w.raw("incomplete_details", "null")
	}
	w.raw("instructions", "null")
	w.raw("metadata", "{}")
	w.text("model", d.model)
	w.open("output", '[')
	for _, it := range d.items {
		it.write(w, "", d.itemStatus(it))
	}
	w.end("]")
	w.raw("parallel_tool_calls", "true")
	w.raw("store", "false")
	w.raw("temperature", "null")
	w.text("tool_choice", "auto")
	w.raw("tools", "[]")
	w.raw("top_p", "null")
	if status != "in_progress" && d.usage.Exists() {
		respUsage(w, d.usage)
	} else {
		w.raw("usage", "null")
	}
	w.end("}")
}

func respUsage(w *hubWriter, u gjson.Result) {
	var in, cached, written, out, reasoning int64
	var inOK, cachedOK, writtenOK, outOK, reasoningOK bool
	if u.IsObject() {
		in, inOK = hubFigure(u.Get("prompt_tokens"))
		out, outOK = hubFigure(u.Get("completion_tokens"))
		cached, cachedOK = hubCount(u.Get("prompt_tokens_details.cached_tokens"))
		written, writtenOK = hubCount(u.Get("prompt_tokens_details.cache_write_tokens"))
		reasoning, reasoningOK = hubCount(u.Get("completion_tokens_details.reasoning_tokens"))
	}
	w.open("usage", '{')
	w.figure("input_tokens", in, inOK)
	w.open("input_tokens_details", '{')
	w.figure("cached_tokens", cached, cachedOK)
	w.figure("cache_write_tokens", written, writtenOK)
	w.end("}")
	w.figure("output_tokens", out, outOK)
	w.open("output_tokens_details", '{')
	w.figure("reasoning_tokens", reasoning, reasoningOK)
	w.end("}")
	w.figure("total_tokens", in+out, inOK && outOK)
	w.end("}")
}

// respTexts reads the texts of a message or a delta. Some providers give content in parts, with thoughts among them.
func respTexts(m gjson.Result) (text, reasoning, refusal string) {
	switch v := m.Get("content"); {
	case v.Type == gjson.String:
		text = v.Str
	case v.IsArray():
		v.ForEach(func(_, part gjson.Result) bool {
			if part.IsObject() {
				text += hubText(part.Get("text"))
			}
			return true
		})
	}
	reasoning = cmp.Or(hubText(m.Get("reasoning_content")), hubText(m.Get("reasoning")))
	return text, reasoning, hubText(m.Get("refusal"))
}

// respArguments reads what of a call's arguments is there: a string, or the object itself as some providers give it.
func respArguments(call gjson.Result) string {
	args := call.Get("function.arguments")
	if args.IsObject() {
		return args.Raw
	}
	return hubText(args)
}
