package dialect

import (
	"cmp"

	"github.com/tidwall/gjson"
)

// ResponsesStreamFromChat translates the chunks of a stream of chat completions, which have no names, into the typed
// events of a stream of the Responses API. The last event, "response.completed" or "response.incomplete", has the whole
// response with its usage; the provider must have been asked for the usage.
func ResponsesStreamFromChat() Translator { return &respStream{calls: map[int64]*respItem{}} }

// respStream has at most one text growing, and the calls: their arguments may come in turns, so they all end with the
// stream.
type respStream struct {
	d       respDocument
	w       hubWriter
	started bool
	seq     int64
	open    *respItem           // the text that grows, nil where none does
	calls   map[int64]*respItem // by their index in the hub
}

var _ Translator = (*respStream)(nil)

func (s *respStream) Event(_ string, data []byte, emit Emit) error {
	root := gjson.ParseBytes(data)
	choices := root.Get("choices")
	if !root.IsObject() || !choices.IsArray() && !hubSet(root.Get("usage")) {
		return errHubAnswer
	}
	s.d.read(root)
	delta := choices.Get("0.delta")
	if !choices.IsArray() || !delta.IsObject() {
		return nil // what the provider says of the prompt may come before the answer's id does, and the usage after it
	}
	s.start(emit)
	text, reasoning, refusal := respTexts(delta)
	s.grow(respReasoningKind, reasoning, emit)
	s.grow(respTextKind, text, emit)
	s.grow(respRefusalKind, refusal, emit)
	if calls := delta.Get("tool_calls"); hubSet(calls) {
		err := hubObjects("tool_calls", calls, func(_ string, call gjson.Result) error { return s.call(call, emit) })
		if err != nil {
			return errHubAnswer
		}
	}
	return nil
}

func (s *respStream) End(emit Emit) error {
	if s.d.id == "" && !s.started {
		return errHubAnswer
	}
	s.start(emit)
	s.close(emit)
	for _, it := range s.d.items {
		if it.kind == respCallKind {
			s.finish(it, emit)
		}
	}
	s.response("response."+s.d.status(), s.d.status(), emit)
	return nil
}

// start emits what opens the stream, once.
func (s *respStream) start(emit Emit) {
	if s.started {
		return
	}
	s.started = true
	s.d.id = cmp.Or(s.d.id, "0") // one that came later would be another answer's to the client
	s.response("response.created", "in_progress", emit)
	s.response("response.in_progress", "in_progress", emit)
}

// grow adds to the text that is open, or opens one where the last was of another kind.
func (s *respStream) grow(kind *respKind, text string, emit Emit) {
	if text == "" {
		return
	}
	if s.open == nil || s.open.kind != kind {
		s.close(emit)
		s.open = s.d.add(kind)
		s.added(s.open, emit)
	}
	s.delta(s.open, text, emit)
}

// call adds to a call. Some providers do not count their calls, or count all as the first: a name, or another id, then
// begins the next.
func (s *respStream) call(call gjson.Result, emit Emit) error {
	id, name := hubText(call.Get("id")), hubText(call.Get("function.name"))
	index, ok := hubFigure(call.Get("index"))
	if !ok {
		index = int64(len(s.calls))
		if name == "" {
			index--
		}
	}
	it := s.calls[index]
	if it == nil || id != "" && id != it.callID && name != "" {
		if name == "" {
			return errHubAnswer
		}
		s.close(emit)
		it = s.d.add(respCallKind)
		it.call(call, name)
		s.calls[index] = it
		s.added(it, emit)
	}
	if args := respArguments(call); args != "" {
		s.delta(it, args, emit)
	}
	return nil
}

// close ends the text that is open.
func (s *respStream) close(emit Emit) {
	if s.open != nil {
		s.finish(s.open, emit)
		s.open = nil
	}
}

func (s *respStream) added(it *respItem, emit Emit) {
	s.begin("response.output_item.added")
	s.w.number("output_index", int64(it.index))
	it.write(&s.w, "item", "in_progress")
	s.end("response.output_item.added", emit)
	if it.kind.part != "" {
		s.of(it.kind.partAdded, it)
		it.part(&s.w, "part", "")
		s.end(it.kind.partAdded, emit)
	}
}

func (s *respStream) delta(it *respItem, text string, emit Emit) {
	it.text.WriteString(text)
	s.of(it.kind.delta, it)
	s.w.text("delta", text)
	s.logprobs(it)
	s.end(it.kind.delta, emit)
}

func (s *respStream) finish(it *respItem, emit Emit) {
	s.of(it.kind.done, it)
	if it.kind == respCallKind {
		s.w.text("name", it.name)
	}
	s.w.text(it.kind.textName, it.whole())
	s.logprobs(it)
	s.end(it.kind.done, emit)
	if it.kind.part != "" {
		s.of(it.kind.partDone, it)
		it.part(&s.w, "part", it.whole())
		s.end(it.kind.partDone, emit)
	}
	s.begin("response.output_item.done")
	s.w.number("output_index", int64(it.index))
	it.write(&s.w, "item", s.d.itemStatus(it))
	s.end("response.output_item.done", emit)
}

func (s *respStream) logprobs(it *respItem) {
	if it.kind == respTextKind {
		s.w.raw("logprobs", "[]")
	}
}

func (s *respStream) response(event, status string, emit Emit) {
	s.begin(event)
	s.d.write(&s.w, "response", status)
	s.end(event, emit)
}

// begin begins an event.
func (s *respStream) begin(event string) {
	s.w = s.w[:0]
	s.w.open("", '{')
	s.w.text("type", event)
	s.w.number("sequence_number", s.seq)
	s.seq++
}

// of begins an event of an item's growth.
func (s *respStream) of(event string, it *respItem) {
	s.begin(event)
	s.w.text("item_id", it.id)
	s.w.number("output_index", int64(it.index))
	if it.kind.indexName != "" {
		s.w.number(it.kind.indexName, 0)
	}
}

// end emits the event that was begun.
func (s *respStream) end(event string, emit Emit) {
	s.w.end("}")
	emit(event, s.w)
}
