package dialect

import "github.com/tidwall/gjson"

// ChatStreamFromGemini translates the events of streamGenerateContent?alt=sse, which have no names, into those of a stream
// of chat completions. That its source has ended says nothing of the answer: End returns an error where no event said why
// it ended. The last chunk has the usage, where any was told.
func ChatStreamFromGemini() Translator { return &gemStream{} }

type gemStream struct {
	a       gemAnswer
	w       hubWriter
	started bool
}

var _ Translator = (*gemStream)(nil)

func (s *gemStream) Event(_ string, data []byte, emit Emit) error {
	root := gjson.ParseBytes(data)
	if err := s.a.read(root); err != nil {
		return err
	}
	if !s.started {
		s.started = true
		s.begin()
		s.w.text("role", "assistant")
		s.w.text("content", "")
		s.finish("", emit)
	}
	return gemParts(root, func(part gjson.Result) error {
		p, err := s.a.part(part)
		if err != nil || !p.call && p.text == "" {
			return err
		}
		s.begin()
		switch {
		case p.call:
			s.w.open("tool_calls", '[')
			p.write(&s.w, true)
			s.w.end("]")
		case p.thought:
			s.w.text("reasoning_content", p.text)
		default:
			s.w.text("content", p.text)
		}
		s.finish("", emit)
		return nil
	})
}

// End emits the chunk that says why the answer ended, and that of the usage: later events may still change both.
func (s *gemStream) End(emit Emit) error {
	reason := s.a.finishReason()
	if reason == "" {
		return errGemCut
	}
	s.begin()
	s.finish(reason, emit)
	if s.a.usage.Exists() {
		s.head()
		s.w.raw("choices", "[]")
		gemUsage(&s.w, s.a.usage)
		s.w.end("}")
		emit("", s.w)
	}
	return nil
}

func (s *gemStream) head() {
	s.w = s.w[:0]
	s.a.head(&s.w, "chat.completion.chunk")
}

// begin begins a chunk up to the members of its delta.
func (s *gemStream) begin() {
	s.head()
	s.w.open("choices", '[')
	s.w.open("", '{')
	s.w.number("index", 0)
	s.w.open("delta", '{')
}

// finish emits the chunk that was begun.
func (s *gemStream) finish(reason string, emit Emit) {
	s.w.end("}")
	if reason == "" {
		s.w.raw("finish_reason", "null")
	} else {
		s.w.text("finish_reason", reason)
	}
	s.w.end("}]}")
	emit("", s.w)
}
