package dialect

import (
	"errors"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

var errMsgChunk = errors.New("dialect: the event is no chat completion chunk")

// MessagesStreamFromChat turns chat completion chunks into the events of a message of Anthropic's. Those have their blocks
// one after the other, while chunks may go to and fro between calls: the first block that is not complete is passed on as it
// comes, those behind it wait. The usage comes with the message_delta at the end, for that is when the hub tells it.
func MessagesStreamFromChat() Translator {
	return &msgStreamFromChat{calls: map[int64]*msgStreamedBlock{}}
}

type msgStreamFromChat struct {
	buf     hubWriter
	started bool
	id      string
	blocks  []*msgStreamedBlock         // in their order
	live    int                         // index of the block that is passed on as it comes
	calls   map[int64]*msgStreamedBlock // the last of each of the hub's indexes
	made    int                         // calls that were opened
	finish  string
	usage   msgUsage
}

type msgStreamedBlock struct {
	kind   string // as Anthropic says: "text", "thinking", "tool_use"
	id     string // of a call
	name   string // of a call
	opened bool
	wait   strings.Builder // what was not passed on yet
}

// Event takes one chunk.
func (s *msgStreamFromChat) Event(_ string, data []byte, emit Emit) error {
	chunk := gjson.ParseBytes(data)
	usage := msgFirst(chunk.Get("usage"), chunk.Get("choices.0.usage"), chunk.Get("x_groq.usage")) // Moonshot's, Groq's
	if !chunk.IsObject() || !chunk.Get("choices").IsArray() && usage.Type == gjson.Null {
		return errMsgChunk
	}
	if !s.started {
		s.start(chunk, emit)
	}
	s.usage.chat(usage)
	choice := chunk.Get("choices.0")
	if finish := choice.Get("finish_reason"); finish.Type == gjson.String {
		s.finish = strings.Clone(finish.Str)
	}
	delta := choice.Get("delta")
	text, thoughts := msgSaid(delta)
	s.say("thinking", thoughts)
	s.say("text", text)
	for i, call := range delta.Get("tool_calls").Array() {
		s.call(i, call)
	}
	s.pass(emit)
	return nil
}

func (s *msgStreamFromChat) start(chunk gjson.Result, emit Emit) {
	s.started, s.id = true, strings.Clone(hubText(chunk.Get("id")))
	d := s.event("message_start")
	d.open("message", '{')
	msgHead(d, s.id, hubText(chunk.Get("model")))
	d.raw("content", "[]")
	d.raw("stop_reason", "null")
	d.raw("stop_sequence", "null")
	d.raw("usage", `{"input_tokens":0,"output_tokens":0}`)
	d.end("}")
	s.emit("message_start", emit)
}

// say adds to the block of kind at the end, or begins one.
func (s *msgStreamFromChat) say(kind, text string) {
	if text == "" {
		return
	}
	if n := len(s.blocks); n == 0 || s.blocks[n-1].kind != kind {
		s.blocks = append(s.blocks, &msgStreamedBlock{kind: kind})
	}
	s.blocks[len(s.blocks)-1].wait.WriteString(text)
}

// call adds a piece of a call, the i-th of its chunk. A second id under one index is a second call: some providers number
// every call 0.
func (s *msgStreamFromChat) call(i int, piece gjson.Result) {
	key := int64(i)
	if v := piece.Get("index"); v.Type == gjson.Number {
		key = v.Int()
	}
	id := hubText(piece.Get("id"))
	block := s.calls[key]
	if block == nil || id != "" && block.id != "" && id != block.id {
		block = &msgStreamedBlock{kind: "tool_use"}
		s.blocks = append(s.blocks, block)
		s.calls[key] = block
	}
	if block.id == "" {
		block.id = strings.Clone(id)
	}
	if block.name == "" {
		block.name = strings.Clone(hubText(piece.Get("function.name")))
	}
	block.wait.WriteString(hubText(piece.Get("function.arguments")))
}

// pass passes on what the live block has got. A text is complete when another block follows, a call not before the end.
func (s *msgStreamFromChat) pass(emit Emit) {
	for s.live < len(s.blocks) {
		b := s.blocks[s.live]
		if b.kind == "tool_use" && b.name == "" {
			return
		}
		s.flush(b, emit)
		if b.kind == "tool_use" || s.live == len(s.blocks)-1 {
			return
		}
		s.closeBlock(emit)
	}
}

func (s *msgStreamFromChat) flush(b *msgStreamedBlock, emit Emit) {
	if !b.opened {
		b.opened = true
		s.openBlock(b, emit)
	}
	if b.wait.Len() == 0 {
		return
	}
	d := s.event("content_block_delta")
	d.raw("index", strconv.Itoa(s.live))
	d.open("delta", '{')
	switch b.kind {
	case "tool_use":
		d.text("type", "input_json_delta")
		d.text("partial_json", b.wait.String())
	default:
		d.text("type", b.kind+"_delta")
		d.text(b.kind, b.wait.String())
	}
	d.end("}")
	b.wait.Reset()
	s.emit("content_block_delta", emit)
}

func (s *msgStreamFromChat) openBlock(b *msgStreamedBlock, emit Emit) {
	d := s.event("content_block_start")
	d.raw("index", strconv.Itoa(s.live))
	d.key("content_block")
	switch b.kind {
	case "tool_use":
		msgOpenCall(d, msgCallID(b.id, s.id, s.made), b.name)
		d.raw("input", "{}")
		s.made++
	case "thinking":
		d.open("", '{')
		d.text("type", "thinking")
		d.text("thinking", "")
		d.text("signature", "")
	default:
		d.open("", '{')
		d.text("type", "text")
		d.text("text", "")
	}
	d.end("}")
	s.emit("content_block_start", emit)
}

func (s *msgStreamFromChat) closeBlock(emit Emit) {
	s.event("content_block_stop").raw("index", strconv.Itoa(s.live))
	s.emit("content_block_stop", emit)
	s.live++
}

// event begins the data of an event, emit ends and emits it.
func (s *msgStreamFromChat) event(name string) *hubWriter {
	s.buf = s.buf[:0]
	s.buf.open("", '{')
	s.buf.text("type", name)
	return &s.buf
}

func (s *msgStreamFromChat) emit(name string, emit Emit) {
	s.buf.end("}")
	emit(name, s.buf)
}

// End emits the blocks that waited, and the end of the message.
func (s *msgStreamFromChat) End(emit Emit) error {
	if !s.started {
		return errMsgChunk
	}
	for s.live < len(s.blocks) {
		b := s.blocks[s.live]
		if b.kind == "tool_use" && b.name == "" {
			return errMsgChunk
		}
		s.flush(b, emit)
		s.closeBlock(emit)
	}
	d := s.event("message_delta")
	d.open("delta", '{')
	d.text("stop_reason", msgStopReason(s.finish, s.made > 0))
	d.raw("stop_sequence", "null")
	d.end("}")
	s.usage.appendMessages(d)
	s.emit("message_delta", emit)
	s.event("message_stop")
	s.emit("message_stop", emit)
	return nil
}
