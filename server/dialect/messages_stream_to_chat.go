package dialect

import (
	"errors"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

var errMsgStream = errors.New("dialect: the event is not of a stream of Anthropic's")

// ChatStreamFromMessages turns the events of a message of Anthropic's into chat completion chunks: one for the role, one for
// each piece, one with the finish_reason and, always, one with the usage and no choices.
func ChatStreamFromMessages() Translator {
	return &msgStreamToChat{calls: map[int64]*msgStreamedCall{}}
}

type msgStreamToChat struct {
	head  hubWriter // of every chunk, up to its choices
	buf   hubWriter
	calls map[int64]*msgStreamedCall // those that are not complete, by the index of their block
	made  int                        // calls so far
	stop  string
	usage msgUsage
}

type msgStreamedCall struct {
	index int    // among the calls
	input string // what the block had when it was opened
	said  bool   // the arguments began
}

// Event takes one event. Events and blocks of kinds that are not known are not for us: Anthropic adds such at will.
func (s *msgStreamToChat) Event(name string, data []byte, emit Emit) error {
	event := gjson.ParseBytes(data)
	if !event.IsObject() {
		return errMsgStream
	}
	if kind := event.Get("type"); kind.Type == gjson.String {
		name = kind.Str
	}
	switch name {
	case "message_start":
		return s.start(event.Get("message"), emit)
	case "content_block_start", "content_block_delta", "content_block_stop", "message_delta":
		if s.head == nil {
			return errMsgStream
		}
	}
	index := event.Get("index").Int()
	switch name {
	case "content_block_start":
		return s.open(index, event.Get("content_block"), emit)
	case "content_block_delta":
		s.delta(index, event.Get("delta"), emit)
	case "content_block_stop":
		s.close(index, emit)
	case "message_delta":
		if reason := event.Get("delta.stop_reason"); reason.Type == gjson.String {
			s.stop = strings.Clone(reason.Str)
		}
		s.usage.messages(event.Get("usage"))
	}
	return nil
}

func (s *msgStreamToChat) start(message gjson.Result, emit Emit) error {
	if s.head != nil || !message.IsObject() {
		return errMsgStream
	}
	s.head.open("", '{')
	s.head.text("id", msgID(hubText(message.Get("id")), "msg_", "chatcmpl-"))
	s.head.text("object", "chat.completion.chunk")
	s.head.raw("created", "0")
	s.head.text("model", hubText(message.Get("model")))
	s.head.key("choices")
	s.usage.messages(message.Get("usage"))
	s.chunk(emit, `{"role":"assistant","content":""}`, "null")
	return nil
}

func (s *msgStreamToChat) open(index int64, block gjson.Result, emit Emit) error {
	switch block.Get("type").Str {
	case "text":
		s.piece(emit, "content", block.Get("text"))
	case "thinking":
		s.piece(emit, "reasoning_content", block.Get("thinking"))
	case "tool_use":
		id, name := block.Get("id"), block.Get("name")
		if id.Type != gjson.String || name.Type != gjson.String || s.calls[index] != nil {
			return errMsgStream
		}
		call := &msgStreamedCall{index: s.made, input: "{}"}
		if input := block.Get("input"); input.IsObject() {
			call.input = input.Raw
		}
		s.calls[index] = call
		s.made++
		var d hubWriter
		d.raw("id", id.Raw)
		d.text("type", "function")
		d.raw("function", `{"name":`+name.Raw+`,"arguments":""}`)
		s.call(emit, call, string(d))
	}
	return nil
}

func (s *msgStreamToChat) delta(index int64, delta gjson.Result, emit Emit) {
	switch delta.Get("type").Str {
	case "text_delta":
		s.piece(emit, "content", delta.Get("text"))
	case "thinking_delta":
		s.piece(emit, "reasoning_content", delta.Get("thinking"))
	case "input_json_delta":
		piece, call := delta.Get("partial_json"), s.calls[index]
		if call != nil && hubText(piece) != "" {
			call.said = true
			s.call(emit, call, `"function":{"arguments":`+piece.Raw+`}`)
		}
	}
}

// close ends a block. The input of a call without pieces is what the block began with, mostly {}, which the hub must be told:
// its clients parse the arguments.
func (s *msgStreamToChat) close(index int64, emit Emit) {
	call := s.calls[index]
	if call == nil {
		return
	}
	delete(s.calls, index)
	if !call.said {
		s.call(emit, call, `"function":{"arguments":`+string(gjson.AppendJSONString(nil, call.input))+`}`)
	}
}

func (s *msgStreamToChat) piece(emit Emit, name string, text gjson.Result) {
	if hubText(text) != "" {
		s.chunk(emit, `{"`+name+`":`+text.Raw+`}`, "null")
	}
}

func (s *msgStreamToChat) call(emit Emit, call *msgStreamedCall, members string) {
	s.chunk(emit, `{"tool_calls":[{"index":`+strconv.Itoa(call.index)+`,`+members+`}]}`, "null")
}

func (s *msgStreamToChat) chunk(emit Emit, delta, finish string) {
	s.buf = append(s.buf[:0], s.head...)
	s.buf.open("", '[')
	s.buf.open("", '{')
	s.buf.raw("index", "0")
	s.buf.raw("delta", delta)
	s.buf.raw("logprobs", "null")
	s.buf.raw("finish_reason", finish)
	s.buf.end("}")
	s.buf.end("]")
	s.buf.end("}")
	emit("", s.buf)
}

// End emits the chunk that ends the answer and the one that has its usage.
func (s *msgStreamToChat) End(emit Emit) error {
	if s.head == nil {
		return errMsgStream
	}
	s.chunk(emit, "{}", `"`+msgFinishReason(s.stop)+`"`)
	s.buf = append(s.buf[:0], s.head...)
	s.buf.raw("", "[]")
	s.usage.appendChat(&s.buf)
	s.buf.end("}")
	emit("", s.buf)
	return nil
}
