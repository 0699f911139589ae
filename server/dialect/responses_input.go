package dialect

import (
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/fault"
)

// respInput writes the messages of a chat request. An assistant's message stays open for the calls that follow it: they
// are items of their own there and members of the message in the hub.
type respInput struct {
	w         hubWriter
	assistant bool // the last message is an assistant's, and open
	calls     bool // its tool_calls are open too
}

// respMessages writes messages: the instructions, then the items of the input.
func respMessages(w *hubWriter, root gjson.Result) error {
	in := respInput{}
	if v := root.Get("instructions"); hubSet(v) {
		if v.Type != gjson.String {
			return fault.Invalid("instructions", "instructions must be a string")
		}
		in.begin("system")
		in.w.text("content", v.Str)
		in.w.end("}")
	}
	switch input := root.Get("input"); {
	case input.Type == gjson.String:
		in.begin("user")
		in.w.text("content", input.Str)
		in.w.end("}")
	case input.IsArray():
		if err := hubObjects("input", input, in.item); err != nil {
			return err
		}
	default:
		return fault.Invalid("input", "input must be a string or a list of items")
	}
	in.close()
	w.raw("messages", "["+string(in.w)+"]")
	return nil
}

// begin begins a message.
func (in *respInput) begin(role string) {
	in.close()
	in.w.open("", '{')
	in.w.text("role", role)
}

// close ends an assistant's message that is still open.
func (in *respInput) close() {
	if in.calls {
		in.w.end("]")
	}
	if in.assistant {
		in.w.end("}")
	}
	in.assistant, in.calls = false, false
}

func (in *respInput) item(path string, item gjson.Result) error {
	switch kind := item.Get("type"); {
	case hubText(kind) == "message", !hubSet(kind) && item.Get("role").Exists():
		return in.message(path, item)
	case hubText(kind) == "function_call":
		return in.call(path, item)
	case hubText(kind) == "function_call_output":
		id := hubText(item.Get("call_id"))
		if id == "" {
			return fault.Invalid(path+".call_id", "%s.call_id must be the id of a call before it", path)
		}
		in.begin("tool")
		in.w.text("tool_call_id", id)
		if err := respContent(&in.w, path+".output", item.Get("output"), true); err != nil {
			return err
		}
		in.w.end("}")
		return nil
	case hubText(kind) == "reasoning": // a chat model thinks anew
		return nil
	}
	return respRefuse(path + ".type")
}

func (in *respInput) message(path string, item gjson.Result) error {
	role := hubText(item.Get("role"))
	switch role {
	case "user", "assistant", "system":
	case "developer": // only OpenAI's own models know it
		role = "system"
	default:
		return respRefuse(path + ".role")
	}
	in.begin(role)
	if err := respContent(&in.w, path+".content", item.Get("content"), role != "user"); err != nil {
		return err
	}
	if role == "assistant" {
		in.assistant = true
	} else {
		in.w.end("}")
	}
	return nil
}

func (in *respInput) call(path string, item gjson.Result) error {
	id, name := hubText(item.Get("call_id")), hubText(item.Get("name"))
	if id == "" || name == "" {
		return fault.Invalid(path, "%s must have a call_id and a name", path)
	}
	if !in.assistant {
		in.begin("assistant")
		in.w.raw("content", "null")
		in.assistant = true
	}
	if !in.calls {
		in.w.open("tool_calls", '[')
		in.calls = true
	}
	in.w.open("", '{')
	in.w.text("id", id)
	in.w.text("type", "function")
	in.w.open("function", '{')
	in.w.text("name", name)
	in.w.text("arguments", hubText(item.Get("arguments")))
	in.w.end("}}")
	return nil
}

// respContent writes a message's content. Many providers take the text of other messages than the user's as a string
// alone, so one part of text is written as one.
func respContent(w *hubWriter, path string, content gjson.Result, textOnly bool) error {
	if content.Type == gjson.String {
		w.text("content", content.Str)
		return nil
	}
	if only := content.Get("0"); content.IsArray() && only.IsObject() && content.Get("#").Int() == 1 {
		if text, ok := respPartText(only); ok {
			w.text("content", text)
			return nil
		}
	}
	w.open("content", '[')
	err := hubObjects(path, content, func(path string, part gjson.Result) error {
		return respPart(w, path, part, textOnly)
	})
	w.end("]")
	return err
}

// respPartText returns the text of a part that has text alone.
func respPartText(part gjson.Result) (string, bool) {
	switch hubText(part.Get("type")) {
	case "input_text", "output_text", "text":
		return hubText(part.Get("text")), true
	case "refusal":
		return hubText(part.Get("refusal")), true
	}
	return "", false
}

func respPart(w *hubWriter, path string, part gjson.Result, textOnly bool) error {
	text, ok := respPartText(part)
	kind := hubText(part.Get("type"))
	if textOnly && !ok {
		return respRefuse(path + ".type")
	}
	for _, elsewhere := range []string{"file_id", "file_url"} {
		if hubSet(part.Get(elsewhere)) {
			return respRefuse(path + "." + elsewhere)
		}
	}
	w.open("", '{')
	switch {
	case ok:
		w.text("type", "text")
		w.text("text", text)
	case kind == "input_image":
		w.text("type", "image_url")
		w.open("image_url", '{')
		w.text("url", hubText(part.Get("image_url")))
		w.copy("detail", part.Get("detail"))
		w.end("}")
	case kind == "input_file":
		w.text("type", "file")
		w.open("file", '{')
		w.copy("filename", part.Get("filename"))
		w.copy("file_data", part.Get("file_data"))
		w.end("}")
	case kind == "input_audio":
		w.text("type", "input_audio")
		w.copy("input_audio", part.Get("input_audio"))
	default:
		return respRefuse(path + ".type")
	}
	w.end("}")
	return nil
}
