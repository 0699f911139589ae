package dialect

import (
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/fault"
)

// msgHubUser writes what the user says: the results of tools, each a message of its own, for they must follow the calls; then
// the rest in one message, which the images among the results begin, since the hub's results are text.
func msgHubUser(d *hubWriter, field string, content gjson.Result) error {
	if content.Type == gjson.String {
		msgHubMessage(d, "user", content.Raw)
		return nil
	}
	if !content.IsArray() {
		return fault.Invalid(field, "must be a string or an array of blocks")
	}
	var parts, said hubWriter
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
		parts.raw("", string(said))
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

func msgHubMessage(d *hubWriter, role, content string) {
	d.open("", '{')
	d.text("role", role)
	d.raw("content", content)
	d.end("}")
}

// msgHubResult writes the result of a tool, and puts into parts what of it is no text.
func msgHubResult(d, parts *hubWriter, field string, block gjson.Result) error {
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
				texts = append(texts, hubText(part.Get("text")))
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
	d.open("", '{')
	d.text("role", "tool")
	d.raw("tool_call_id", id.Raw)
	d.text("content", text)
	d.end("}")
	return nil
}

// msgHubPart writes a block as a part of a message.
func msgHubPart(d *hubWriter, field string, block gjson.Result) error {
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
		url := hubText(source.Get("url"))
		switch kind {
		case "url":
		case "base64":
			url = msgHubDataURL(source)
		default:
			return fault.Invalid(field+".source.type", "must be base64 or url")
		}
		d.open("", '{')
		d.text("type", "image_url")
		d.open("image_url", '{')
		d.text("url", url)
		d.end("}")
		d.end("}")
	case "document":
		return msgHubDocument(d, field, block)
	default:
		return fault.Invalid(field+".type", "the provider of this model takes text, images, documents and results of tools alone")
	}
	return nil
}

func msgHubTextPart(d *hubWriter, text gjson.Result) {
	d.open("", '{')
	d.text("type", "text")
	d.raw("text", text.Raw)
	d.end("}")
}

func msgHubDocument(d *hubWriter, field string, block gjson.Result) error {
	source := block.Get("source")
	if block.Get("citations.enabled").Type == gjson.True {
		return fault.Invalid(field+".citations", "the provider of this model has no citations")
	}
	switch kind := source.Get("type").Str; {
	case kind == "text" && source.Get("data").Type == gjson.String:
		msgHubTextPart(d, source.Get("data"))
	case kind == "base64" && source.Get("media_type").Str == "application/pdf":
		name := hubText(block.Get("title"))
		if name == "" {
			name = "document.pdf"
		}
		d.open("", '{')
		d.text("type", "file")
		d.open("file", '{')
		d.text("filename", name)
		d.text("file_data", msgHubDataURL(source))
		d.end("}")
		d.end("}")
	default:
		return fault.Invalid(field+".source.type", "must be text, or base64 of a PDF")
	}
	return nil
}

func msgHubDataURL(source gjson.Result) string {
	return "data:" + hubText(source.Get("media_type")) + ";base64," + hubText(source.Get("data"))
}

// msgHubAssistant writes what the model said and called. Its thoughts are left out: the hub has no place for them, and they
// are signed for Anthropic alone.
func msgHubAssistant(d *hubWriter, field string, content gjson.Result) error {
	if content.Type == gjson.String {
		msgHubMessage(d, "assistant", content.Raw)
		return nil
	}
	if !content.IsArray() {
		return fault.Invalid(field, "must be a string or an array of blocks")
	}
	var text strings.Builder
	var calls hubWriter
	for i, block := range content.Array() {
		at := fmt.Sprintf("%s[%d]", field, i)
		switch block.Get("type").Str {
		case "text":
			text.WriteString(hubText(block.Get("text")))
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
	d.open("", '{')
	d.text("role", "assistant")
	msgHubContent(d, text.String(), len(calls) > 0)
	if len(calls) > 0 {
		d.raw("tool_calls", "["+string(calls)+"]")
	}
	d.end("}")
	return nil
}

// msgHubContent writes a message's text, null where the message only calls tools.
func msgHubContent(d *hubWriter, text string, calls bool) {
	if text == "" && calls {
		d.raw("content", "null")
		return
	}
	d.text("content", text)
}

// msgHubCall writes a call. Its input is an object, or a string where a model's arguments were none.
func msgHubCall(d *hubWriter, id, name, input gjson.Result) {
	arguments := input.Raw
	switch input.Type {
	case gjson.String:
		arguments = input.Str
	case gjson.Null:
		arguments = "{}"
	}
	d.open("", '{')
	d.raw("id", id.Raw)
	d.text("type", "function")
	d.open("function", '{')
	d.raw("name", name.Raw)
	d.text("arguments", arguments)
	d.end("}")
	d.end("}")
}
