package dialect

import (
	"errors"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

var (
	errMsgAnswer     = errors.New("dialect: the document is no message of Anthropic's")
	errMsgCompletion = errors.New("dialect: the document is no chat completion")
)

// ChatAnswerFromMessages turns a message of Anthropic's into a chat completion. Its created is 0, for a message has no time.
func ChatAnswerFromMessages(body []byte) ([]byte, error) {
	root := gjson.ParseBytes(body)
	blocks := root.Get("content")
	if !blocks.IsArray() {
		return nil, errMsgAnswer
	}
	var text, thoughts strings.Builder
	var calls hubWriter
	for _, block := range blocks.Array() {
		switch block.Get("type").Str {
		case "text":
			text.WriteString(hubText(block.Get("text")))
		case "thinking":
			thoughts.WriteString(hubText(block.Get("thinking")))
		case "tool_use":
			id, name := block.Get("id"), block.Get("name")
			if id.Type != gjson.String || name.Type != gjson.String {
				return nil, errMsgAnswer
			}
			msgHubCall(&calls, id, name, block.Get("input"))
		}
	}
	d := make(hubWriter, 0, len(body)+512)
	d.open("", '{')
	d.text("id", msgID(hubText(root.Get("id")), "msg_", "chatcmpl-"))
	d.text("object", "chat.completion")
	d.raw("created", "0")
	d.text("model", hubText(root.Get("model")))
	d.open("choices", '[')
	d.open("", '{')
	d.raw("index", "0")
	d.open("message", '{')
	d.text("role", "assistant")
	msgHubContent(&d, text.String(), len(calls) > 0)
	d.raw("refusal", "null")
	if thoughts.Len() > 0 {
		d.text("reasoning_content", thoughts.String())
	}
	if len(calls) > 0 {
		d.raw("tool_calls", "["+string(calls)+"]")
	}
	d.end("}")
	d.raw("logprobs", "null")
	d.text("finish_reason", msgFinishReason(root.Get("stop_reason").Str))
	d.end("}")
	d.end("]")
	var usage msgUsage
	usage.messages(root.Get("usage"))
	usage.appendChat(&d)
	d.end("}")
	return d, nil
}

// MessagesAnswerFromChat turns a chat completion into a message of Anthropic's. Of several choices it takes the first.
func MessagesAnswerFromChat(body []byte) ([]byte, error) {
	root := gjson.ParseBytes(body)
	choice := root.Get("choices.0")
	message := choice.Get("message")
	if !message.IsObject() {
		return nil, errMsgCompletion
	}
	id := hubText(root.Get("id"))
	d := make(hubWriter, 0, len(body)+512)
	d.open("", '{')
	msgHead(&d, id, hubText(root.Get("model")))
	d.open("content", '[')
	text, thoughts := msgSaid(message)
	if thoughts != "" {
		d.open("", '{')
		d.text("type", "thinking")
		d.text("thinking", thoughts)
		d.text("signature", "") // no provider but Anthropic signs, yet its clients want one
		d.end("}")
	}
	if text != "" {
		d.open("", '{')
		d.text("type", "text")
		d.text("text", text)
		d.end("}")
	}
	calls := message.Get("tool_calls").Array()
	for i, call := range calls {
		name := call.Get("function.name")
		if name.Type != gjson.String {
			return nil, errMsgCompletion
		}
		msgOpenCall(&d, msgCallID(hubText(call.Get("id")), id, i), name.Str)
		d.raw("input", msgInput(hubText(call.Get("function.arguments"))))
		d.end("}")
	}
	d.end("]")
	d.text("stop_reason", msgStopReason(choice.Get("finish_reason").Str, len(calls) > 0))
	d.raw("stop_sequence", "null")
	var usage msgUsage
	usage.chat(root.Get("usage"))
	usage.appendMessages(&d)
	d.end("}")
	return d, nil
}

func msgHead(d *hubWriter, id, model string) {
	d.text("id", msgID(id, "chatcmpl-", "msg_"))
	d.text("type", "message")
	d.text("role", "assistant")
	d.text("model", model)
}

// msgOpenCall begins a block, which lacks its input and its bracket.
func msgOpenCall(d *hubWriter, id, name string) {
	d.open("", '{')
	d.text("type", "tool_use")
	d.text("id", id)
	d.text("name", name)
}

// msgCallID returns a call's id, or makes one for the i-th call of an answer: not every provider gives ids, but Anthropic's
// clients can't answer a call without.
func msgCallID(id, answer string, i int) string {
	if id != "" {
		return id
	}
	return msgID(answer, "chatcmpl-", "toolu_") + "_" + strconv.Itoa(i)
}

// msgInput returns what a tool is called with. What a model wrote that is no object, cut short perhaps, stays visible as a
// string.
func msgInput(arguments string) string {
	trimmed := strings.TrimSpace(arguments)
	switch {
	case trimmed == "":
		return "{}"
	case msgIsObject(trimmed):
		return trimmed
	default:
		return string(gjson.AppendJSONString(nil, arguments))
	}
}

// msgSaid reads the text and the thoughts of a message or a delta of the hub. Content is a string, or parts of which some may
// be thoughts; a refusal is a text too.
func msgSaid(m gjson.Result) (text, thoughts string) {
	content, reasoning := m.Get("content"), hubText(msgFirst(m.Get("reasoning_content"), m.Get("reasoning")))
	if !content.IsArray() {
		return hubText(msgFirst(content, m.Get("refusal"))), reasoning
	}
	var said, thought strings.Builder
	thought.WriteString(reasoning)
	for _, part := range content.Array() {
		said.WriteString(hubText(msgFirst(part.Get("text"), part.Get("refusal"))))
		for _, t := range part.Get("thinking").Array() {
			thought.WriteString(hubText(t.Get("text")))
		}
	}
	return said.String(), thought.String()
}
