package dialect

import (
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/fault"
)

// msgHubUser writes what the user says: the results of tools, each a message of its own, for they must follow the calls; then
// the rest in one message, which the images among the results begin, since the hub's results are text.
func msgHubUser(d *msgDoc, field string, content gjson.Result) error {
	if content.Type == gjson.String {
		msgHubMessage(d, "user", content.Raw)
		return nil
	}
	if !content.IsArray() {
		return fault.Invalid(field, "must be a string or an array of blocks")
	}
	var parts, said msgDoc
	blocks := content.Array()
	for i, block := range blocks {
		at := fmt.Sprintf("%s[%d]", field, i)
		var err error
		if block.Get("type").Str == "tool_result" {
			err = msgHubResult(d, &parts, at, block)
		} else {
			err = msgHubPart(&said, at, block)
		}
		if err != nil {
			return err
		}
	}
	if len(said) > 0 {
		parts.raw(string(said))
	}
	switch {
	case len(parts) == 0:
	case len(blocks) == 1 && blocks[0].Get("type").Str == "text": // not every provider takes parts
		msgHubMessage(d, "user", blocks[0].Get("text").Raw)
	default:
		msgHubMessage(d, "user", "["+string(parts)+"]")
	}
	return nil
}

func msgHubMessage(d *msgDoc, role, content string) {
	d.open('{')
	d.memberStr("role", role)
	d.member("content", content)
	d.close('}')
}

// msgHubResult writes the result of a tool, and puts into parts what of it is no text.
func msgHubResult(d, parts *msgDoc, field string, block gjson.Result) error {
	id := block.Get("tool_use_id")
	if id.Type != gjson.String {
		return fault.Invalid(field+".tool_use_id", "must be a string")
	}
	var texts []string
	switch content := block.Get("content"); {
	case content.Type == gjson.String:
		texts = append(texts, content.Str)
	case content.IsArray():
		for i, part := range content.Array() {
			if part.Get("type").Str == "text" {
				texts = append(texts, msgText(part.Get("text")))
			} else if err := msgHubPart(parts, fmt.Sprintf("%s.content[%d]", field, i), part); err != nil {
				return err
			}
		}
	case content.Type != gjson.Null:
		return fault.Invalid(field+".content", "must be a string or an array of blocks")
	}
	text := strings.Join(texts, "\n")
	if block.Get("is_error").Type == gjson.True {
		text = "Error: " + text
	}
	d.open('{')
	d.memberStr("role", "tool")
	d.member("tool_call_id", id.Raw)
	d.memberStr("content", text)
	d.close('}')
	return nil
}

// msgHubPart writes a block as a part of a message.
func msgHubPart(d *msgDoc, field string, block gjson.Result) error {
	source := block.Get("source")
	kind := source.Get("type").Str
	switch block.Get("type").Str {
	case "text":
		text := block.Get("text")
		if text.Type != gjson.String {
			return fault.Invalid(field+".text", "must be a string")
		}
		msgHubTextPart(d, text)
	case "image":
		url := msgText(source.Get("url"))
		switch kind {
		case "url":
		case "base64":
			url = msgHubDataURL(source)
		default:
			return fault.Invalid(field+".source.type", "must be base64 or url")
		}
		d.open('{')
		d.memberStr("type", "image_url")
		d.key("image_url")
		d.open('{')
		d.memberStr("url", url)
		d.close('}')
		d.close('}')
	case "document":
		return msgHubDocument(d, field, block)
	default:
		return fault.Invalid(field+".type", "the provider of this model takes text, images, documents and results of tools alone")
	}
	return nil
}

func msgHubTextPart(d *msgDoc, text gjson.Result) {
	d.open('{')
	d.memberStr("type", "text")
	d.member("text", text.Raw)
	d.close('}')
}

func msgHubDocument(d *msgDoc, field string, block gjson.Result) error {
	source := block.Get("source")
	if block.Get("citations.enabled").Type == gjson.True {
		return fault.Invalid(field+".citations", "the provider of this model has no citations")
	}
	switch kind := source.Get("type").Str; {
	case kind == "text" && source.Get("data").Type == gjson.String:
		msgHubTextPart(d, source.Get("data"))
	case kind == "base64" && source.Get("media_type").Str == "application/pdf":
		name := msgText(block.Get("title"))
		if name == "" {
			name = "document.pdf"
		}
		d.open('{')
		d.memberStr("type", "file")
		d.key("file")
		d.open('{')
		d.memberStr("filename", name)
		d.memberStr("file_data", msgHubDataURL(source))
		d.close('}')
		d.close('}')
	default:
		return fault.Invalid(field+".source.type", "must be text, or base64 of a PDF")
	}
	return nil
}

func msgHubDataURL(source gjson.Result) string {
	return "data:" + msgText(source.Get("media_type")) + ";base64," + msgText(source.Get("data"))
}

// msgHubAssistant writes what the model said and called. Its thoughts are left out: the hub has no place for them, and they
// are signed for Anthropic alone.
func msgHubAssistant(d *msgDoc, field string, content gjson.Result) error {
	if content.Type == gjson.String {
		msgHubMessage(d, "assistant", content.Raw)
		return nil
	}
	if !content.IsArray() {
		return fault.Invalid(field, "must be a string or an array of blocks")
	}
	var text strings.Builder
	var calls msgDoc
	for i, block := range content.Array() {
		at := fmt.Sprintf("%s[%d]", field, i)
		switch block.Get("type").Str {
		case "text":
			text.WriteString(msgText(block.Get("text")))
		case "thinking", "redacted_thinking":
		case "tool_use":
			id, name := block.Get("id"), block.Get("name")
			if id.Type != gjson.String || name.Type != gjson.String {
				return fault.Invalid(at, "must have an id and a name")
			}
			msgHubCall(&calls, id, name, block.Get("input"))
		default:
			return fault.Invalid(at+".type", "the provider of this model says text and calls tools alone")
		}
	}
	if text.Len() == 0 && len(calls) == 0 {
		return nil
	}
	d.open('{')
	d.memberStr("role", "assistant")
	msgHubContent(d, text.String(), len(calls) > 0)
	if len(calls) > 0 {
		d.member("tool_calls", "["+string(calls)+"]")
	}
	d.close('}')
	return nil
}

// msgHubContent writes a message's text, null where the message only calls tools.
func msgHubContent(d *msgDoc, text string, calls bool) {
	if text == "" && calls {
		d.member("content", "null")
		return
	}
	d.memberStr("content", text)
}

// msgHubCall writes a call. Its input is an object, or a string where a model's arguments were none.
func msgHubCall(d *msgDoc, id, name, input gjson.Result) {
	arguments := input.Raw
	switch input.Type {
	case gjson.String:
		arguments = input.Str
	case gjson.Null:
		arguments = "{}"
	}
	d.open('{')
	d.member("id", id.Raw)
	d.memberStr("type", "function")
	d.key("function")
	d.open('{')
	d.member("name", name.Raw)
	d.memberStr("arguments", arguments)
	d.close('}')
	d.close('}')
}
