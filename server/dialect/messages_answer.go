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
	var calls msgDoc
	for _, block := range blocks.Array() {
		switch block.Get("type").Str {
		case "text":
			text.WriteString(msgText(block.Get("text")))
		case "thinking":
			thoughts.WriteString(msgText(block.Get("thinking")))
		case "tool_use":
			id, name := block.Get("id"), block.Get("name")
			if id.Type != gjson.String || name.Type != gjson.String {
				return nil, errMsgAnswer
			}
			msgHubCall(&calls, id, name, block.Get("input"))
		}
	}
	d := make(msgDoc, 0, len(body)+512)
	d.open('{')
	d.memberStr("id", msgID(msgText(root.Get("id")), "msg_", "chatcmpl-"))
	d.memberStr("object", "chat.completion")
	d.member("created", "0")
	d.memberStr("model", msgText(root.Get("model")))
	d.key("choices")
	d.open('[')
	d.open('{')
	d.member("index", "0")
	d.key("message")
	d.open('{')
	d.memberStr("role", "assistant")
	msgHubContent(&d, text.String(), len(calls) > 0)
	d.member("refusal", "null")
	if thoughts.Len() > 0 {
		d.memberStr("reasoning_content", thoughts.String())
	}
	if len(calls) > 0 {
		d.member("tool_calls", "["+string(calls)+"]")
	}
	d.close('}')
	d.member("logprobs", "null")
	d.memberStr("finish_reason", msgFinishReason(root.Get("stop_reason").Str))
	d.close('}')
	d.close(']')
	d.key("usage")
	var usage msgUsage
	usage.messages(root.Get("usage"))
	usage.appendChat(&d)
	d.close('}')
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
	id := msgText(root.Get("id"))
	d := make(msgDoc, 0, len(body)+512)
	d.open('{')
	msgHead(&d, id, msgText(root.Get("model")))
	d.key("content")
	d.open('[')
	text, thoughts := msgSaid(message)
	if thoughts != "" {
		d.open('{')
		d.memberStr("type", "thinking")
		d.memberStr("thinking", thoughts)
		d.memberStr("signature", "") // no provider but Anthropic signs, yet its clients want one
		d.close('}')
	}
	if text != "" {
		d.open('{')
		d.memberStr("type", "text")
		d.memberStr("text", text)
		d.close('}')
	}
	calls := message.Get("tool_calls").Array()
	for i, call := range calls {
		name := call.Get("function.name")
		if name.Type != gjson.String {
			return nil, errMsgCompletion
		}
		msgOpenCall(&d, msgCallID(msgText(call.Get("id")), id, i), name.Str)
		d.member("input", msgInput(msgText(call.Get("function.arguments"))))
		d.close('}')
	}
	d.close(']')
	d.memberStr("stop_reason", msgStopReason(choice.Get("finish_reason").Str, len(calls) > 0))
	d.member("stop_sequence", "null")
	d.key("usage")
	var usage msgUsage
	usage.chat(root.Get("usage"))
	usage.appendMessages(&d)
	d.close('}')
	return d, nil
}

func msgHead(d *msgDoc, id, model string) {
	d.memberStr("id", msgID(id, "chatcmpl-", "msg_"))
	d.memberStr("type", "message")
	d.memberStr("role", "assistant")
	d.memberStr("model", model)
}

// msgOpenCall begins a block, which lacks its input and its bracket.
func msgOpenCall(d *msgDoc, id, name string) {
	d.open('{')
	d.memberStr("type", "tool_use")
	d.memberStr("id", id)
	d.memberStr("name", name)
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
	content, reasoning := m.Get("content"), msgText(msgFirst(m.Get("reasoning_content"), m.Get("reasoning")))
	if !content.IsArray() {
		return msgText(msgFirst(content, m.Get("refusal"))), reasoning
	}
	var said, thought strings.Builder
	thought.WriteString(reasoning)
	for _, part := range content.Array() {
		said.WriteString(msgText(msgFirst(part.Get("text"), part.Get("refusal"))))
		for _, t := range part.Get("thinking").Array() {
			thought.WriteString(msgText(t.Get("text")))
		}
	}
	return said.String(), thought.String()
}
