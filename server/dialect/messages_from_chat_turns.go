package dialect

import (
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/fault"
)

// msgTurns makes Anthropic's turns out of the hub's messages: what the system says goes before all of them, the results of
// tools are the user's, and what one side says in several messages is one turn.
type msgTurns struct {
	system  hubWriter // blocks
	doc     hubWriter // turns, the last of which is open while role is set
	start   int       // of the open turn in doc
	role    string    // of the open turn
	results bool      // the open turn has results of tools
	thinks  bool      // whether Anthropic lets the model think about the next turn

	calls map[string]string // ids made for the calls of functions, which have none, by the function's name
	made  int               // such ids
}

func (t *msgTurns) read(messages gjson.Result) error {
	for i, m := range messages.Array() {
		if err := t.message(fmt.Sprintf("messages[%d]", i), m); err != nil {
			return err
		}
	}
	// In the middle of a turn of its own the model's thoughts so far would have to be there, and the hub does not have them.
	t.thinks = t.role == "user" && !t.results && !t.doc.empty()
	t.end()
	if len(t.doc) == 0 {
		return fault.Invalid("messages", "must have a message of the user")
	}
	return nil
}

func (t *msgTurns) message(field string, m gjson.Result) error {
	switch role := m.Get("role"); role.Str {
	case "system", "developer":
		return t.instruct(field+".content", m.Get("content"))
	case "user":
		t.open("user")
		return msgParts(&t.doc, field+".content", m.Get("content"))
	case "assistant":
		t.open("assistant")
		return t.assistant(field, m)
	case "tool":
		id := m.Get("tool_call_id")
		if hubText(id) == "" {
			return fault.Invalid(field+".tool_call_id", "must be the id of a call")
		}
		return t.result(field, id.Str, m)
	case "function":
		id, ok := t.calls[m.Get("name").String()]
		if !ok {
			return fault.Invalid(field+".name", "must be the name of a function that was called")
		}
		return t.result(field, id, m)
	default:
		return fault.Invalid(field+".role", "must be system, developer, user, assistant, tool or function")
	}
}

// open begins a turn of role, unless that side is speaking already.
func (t *msgTurns) open(role string) {
	if t.role == role {
		return
	}
	t.end()
	t.start, t.role, t.results = len(t.doc), role, false
	t.doc.open("", '{')
	t.doc.text("role", role)
	t.doc.open("content", '[')
}

// end ends the open turn. One in which nothing was said is taken back: Anthropic refuses it.
func (t *msgTurns) end() {
	switch {
	case t.role == "":
	case t.doc.empty():
		t.doc = t.doc[:t.start]
	default:
		t.doc.end("]")
		t.doc.end("}")
	}
	t.role = ""
}

func (t *msgTurns) instruct(field string, content gjson.Result) error {
	for i, part := range content.Array() {
		if content.IsArray() && part.Get("type").Str != "text" {
			return fault.Invalid(fmt.Sprintf("%s[%d].type", field, i), "instructions are text")
		}
	}
	return msgParts(&t.system, field, content)
}

func (t *msgTurns) assistant(field string, m gjson.Result) error {
	if m.Get("audio").Type != gjson.Null {
		return fault.Invalid(field+".audio", "the provider of this model takes no audio")
	}
	if err := msgParts(&t.doc, field+".content", m.Get("content")); err != nil {
		return err
	}
	if refusal := m.Get("refusal"); hubText(refusal) != "" {
		msgTextBlock(&t.doc, refusal, gjson.Result{})
	}
	for i, call := range m.Get("tool_calls").Array() {
		at := fmt.Sprintf("%s.tool_calls[%d]", field, i)
		if kind := call.Get("type"); kind.Exists() && kind.Str != "function" {
			return fault.Invalid(at+".type", "the provider of this model calls functions alone")
		}
		id := hubText(call.Get("id"))
		if id == "" {
			return fault.Invalid(at+".id", "must be a string")
		}
		if err := t.use(at+".function", id, call.Get("function")); err != nil {
			return err
		}
	}
	if call := m.Get("function_call"); call.Type != gjson.Null {
		if t.calls == nil {
			t.calls = map[string]string{}
		}
		name := call.Get("name").String()
		t.made++
		id := fmt.Sprintf("call_%d", t.made)
		t.calls[name] = id
		return t.use(field+".function_call", id, call)
	}
	return nil
}

func (t *msgTurns) use(field, id string, call gjson.Result) error {
	name, input := call.Get("name"), call.Get("arguments")
	if hubText(name) == "" {
		return fault.Invalid(field+".name", "must be a string")
	}
	arguments := strings.TrimSpace(hubText(input))
	switch {
	case arguments == "" && (input.Type == gjson.String || input.Type == gjson.Null):
		arguments = "{}"
	case !msgIsObject(arguments):
		return fault.Invalid(field+".arguments", "must be a JSON object in a string")
	}
	t.doc.open("", '{')
	t.doc.text("type", "tool_use")
	t.doc.text("id", msgToolID(id))
	t.doc.raw("name", name.Raw)
	t.doc.raw("input", arguments)
	t.doc.end("}")
	return nil
}

func (t *msgTurns) result(field, id string, m gjson.Result) error {
	t.open("user")
	t.results = true
	t.doc.open("", '{')
	t.doc.text("type", "tool_result")
	t.doc.text("tool_use_id", msgToolID(id))
	t.doc.open("content", '[')
	if err := msgParts(&t.doc, field+".content", m.Get("content")); err != nil {
		return err
	}
	t.doc.end("]")
	t.doc.end("}")
	return nil
}

// msgToolID has only the characters that Anthropic allows; call and result of one id get the same.
func msgToolID(id string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-':
			return r
		default:
			return '_'
		}
	}, id)
}

// msgParts writes a message's content as blocks.
func msgParts(d *hubWriter, field string, content gjson.Result) error {
	switch {
	case content.Type == gjson.Null:
	case content.Type == gjson.String:
		msgTextBlock(d, content, gjson.Result{})
	case content.IsArray():
		for i, part := range content.Array() {
			if err := msgPart(d, fmt.Sprintf("%s[%d]", field, i), part); err != nil {
				return err
			}
		}
	default:
		return fault.Invalid(field, "must be a string or an array of parts")
	}
	return nil
}

// msgTextBlock writes a block of text, unless it is empty: Anthropic refuses such.
func msgTextBlock(d *hubWriter, text, cache gjson.Result) {
	if hubText(text) == "" {
		return
	}
	d.open("", '{')
	d.text("type", "text")
	d.raw("text", text.Raw)
	msgEndBlock(d, cache)
}

func msgEndBlock(d *hubWriter, cache gjson.Result) {
	if cache.IsObject() {
		d.raw("cache_control", cache.Raw)
	}
	d.end("}")
}

func msgPart(d *hubWriter, field string, part gjson.Result) error {
	cache := part.Get("cache_control")
	switch kind := part.Get("type").Str; kind {
	case "text", "refusal":
		text := part.Get(kind)
		if text.Type != gjson.String {
			return fault.Invalid(field+"."+kind, "must be a string")
		}
		msgTextBlock(d, text, cache)
	case "image_url":
		url := hubText(part.Get("image_url.url"))
		d.open("", '{')
		d.text("type", "image")
		if mediaType, data, ok := msgDataURL(url); ok {
			msgBase64Source(d, mediaType, data)
		} else if strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://") {
			d.open("source", '{')
			d.text("type", "url")
			d.text("url", url)
			d.end("}")
		} else {
			return fault.Invalid(field+".image_url.url", "must be an https URL or a data URL in base64")
		}
		msgEndBlock(d, cache)
	case "file":
		mediaType, data, ok := msgDataURL(hubText(part.Get("file.file_data")))
		if !ok || mediaType != "application/pdf" {
			return fault.Invalid(field+".file.file_data", "must be a PDF in a data URL in base64")
		}
		d.open("", '{')
		d.text("type", "document")
		msgBase64Source(d, mediaType, data)
		if name := part.Get("file.filename"); hubText(name) != "" {
			d.raw("title", name.Raw)
		}
		msgEndBlock(d, cache)
	default:
		return fault.Invalid(field+".type", "the provider of this model takes text, images and PDF files alone")
	}
	return nil
}

func msgBase64Source(d *hubWriter, mediaType, data string) {
	d.open("source", '{')
	d.text("type", "base64")
	d.text("media_type", mediaType)
	d.text("data", data)
	d.end("}")
}
