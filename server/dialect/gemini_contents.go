package dialect

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/fault"
)

// gemUnsigned stands for the thought signature of a call that has none, since another model made it or the client lost it.
// Gemini documents it for this; it refuses a call without any.
const gemUnsigned = "skip_thought_signature_validator"

// gemTurns writes the contents of a request. Messages in a row that are of one turn are one content: Gemini wants the
// results of all the calls of a turn together, and alone.
type gemTurns struct {
	w      hubWriter
	turn   string            // "user", "model" or "tool": of the content that is open, "" where none is
	called bool              // the open content has a function call
	signed bool              // the model wants signatures
	system hubWriter         // the parts of systemInstruction
	names  map[string]string // of the functions, by the id of the call
}

// gemContents writes systemInstruction and contents.
func gemContents(w *hubWriter, root gjson.Result) error {
	t := gemTurns{signed: gemSigned(hubText(root.Get("model"))), names: map[string]string{}}
	if err := hubObjects("messages", root.Get("messages"), t.message); err != nil {
		return err
	}
	if t.turn == "" {
		return fault.Invalid("messages", "messages must have one with content that is not the system's")
	}
	if len(t.system) > 0 {
		w.open("systemInstruction", '{')
		w.raw("parts", "["+string(t.system)+"]")
		w.end("}")
	}
	w.raw("contents", "["+string(t.w)+"]}]")
	return nil
}

// part begins a part of a turn; the caller writes its members and ends it.
func (t *gemTurns) part(turn string) *hubWriter {
	if t.turn != turn {
		if t.turn != "" {
			t.w.end("]}")
		}
		t.turn, t.called = turn, false
		role := turn
		if turn == "tool" {
			role = "user"
		}
		t.w.open("", '{')
		t.w.text("role", role)
		t.w.open("parts", '[')
	}
	t.w.open("", '{')
	return &t.w
}

// text writes a part of text. Empty ones say nothing, and Gemini refuses them.
func (t *gemTurns) text(turn, text string) {
	if text == "" {
		return
	}
	w := t.part(turn)
	w.text("text", text)
	w.end("}")
}

func (t *gemTurns) message(path string, m gjson.Result) error {
	content := m.Get("content")
	path, here := path+".content", path
	switch hubText(m.Get("role")) {
	case "system", "developer":
		return gemTexts(path, content, func(text string) {
			if text != "" {
				t.system.open("", '{')
				t.system.text("text", text)
				t.system.end("}")
			}
		})
	case "user":
		if content.Type == gjson.String {
			t.text("user", content.Str)
			return nil
		}
		return hubObjects(path, content, t.userPart)
	case "assistant":
		if hubSet(m.Get("audio")) {
			return gemRefuse(here + ".audio")
		}
		if hubSet(m.Get("function_call")) {
			return gemRefuse(here + ".function_call")
		}
		if hubSet(content) {
			if err := gemTexts(path, content, func(text string) { t.text("model", text) }); err != nil {
				return err
			}
		}
		t.text("model", hubText(m.Get("refusal")))
		if calls := m.Get("tool_calls"); hubSet(calls) {
			return hubObjects(here+".tool_calls", calls, t.call)
		}
		return nil
	case "tool":
		return t.result(here, m)
	}
	return gemRefuse(here + ".role")
}

// gemTexts reads content that can only be text: a string, or parts.
func gemTexts(path string, content gjson.Result, f func(text string)) error {
	if content.Type == gjson.String {
		f(content.Str)
		return nil
	}
	return hubObjects(path, content, func(path string, part gjson.Result) error {
		kind := hubText(part.Get("type"))
		if kind != "text" && kind != "refusal" {
			return gemRefuse(path + ".type")
		}
		f(hubText(part.Get(kind)))
		return nil
	})
}

func (t *gemTurns) userPart(path string, part gjson.Result) error {
	switch hubText(part.Get("type")) {
	case "text":
		t.text("user", hubText(part.Get("text")))
		return nil
	case "image_url":
		return t.data(path+".image_url.url", part.Get("image_url.url"))
	case "input_audio":
		format := hubText(part.Get("input_audio.format"))
		if format == "" {
			return fault.Invalid(path+".input_audio.format", "input_audio must have a format")
		}
		t.inline("audio/"+format, hubText(part.Get("input_audio.data")))
		return nil
	case "file":
		if hubSet(part.Get("file.file_id")) {
			return gemRefuse(path + ".file.file_id")
		}
		return t.data(path+".file.file_data", part.Get("file.file_data"))
	}
	return gemRefuse(path + ".type")
}

// data writes what a data: URL has in it. Gemini fetches nothing from elsewhere.
func (t *gemTurns) data(path string, url gjson.Result) error {
	meta, data, ok := strings.Cut(strings.TrimPrefix(hubText(url), "data:"), ",")
	kind, _, _ := strings.Cut(meta, ";")
	if !ok || !strings.HasPrefix(url.Str, "data:") || !strings.HasSuffix(meta, ";base64") || !strings.Contains(kind, "/") {
		return fault.Invalid(path, "%s must be the data itself, data:<type>;base64,<data>: this model's provider fetches no addresses", path)
	}
	t.inline(kind, data)
	return nil
}

func (t *gemTurns) inline(kind, data string) {
	w := t.part("user")
	w.open("inlineData", '{')
	w.text("mimeType", kind)
	w.text("data", data)
	w.end("}}")
}

// call writes a call that the model made before. Where the model wants signatures, the first of a turn has one at least.
func (t *gemTurns) call(path string, call gjson.Result) error {
	if hubText(call.Get("type")) != "function" {
		return gemRefuse(path + ".type")
	}
	id, name := hubText(call.Get("id")), hubText(call.Get("function.name"))
	if name == "" {
		return fault.Invalid(path+".function.name", "a call must name its function")
	}
	args := strings.TrimSpace(hubText(call.Get("function.arguments")))
	if args == "" {
		args = "{}"
	}
	if _, ok := hubDocument([]byte(args)); !ok {
		return fault.Invalid(path+".function.arguments", "%s.function.arguments must be a JSON object", path)
	}
	t.names[id] = name
	w := t.part("model")
	w.open("functionCall", '{')
	if id != "" {
		w.text("id", id)
	}
	w.text("name", name)
	w.raw("args", args)
	w.end("}")
	signature := hubText(call.Get("extra_content.google.thought_signature"))
	if signature == "" && t.signed && !t.called {
		signature = gemUnsigned
	}
	if signature != "" {
		w.text("thoughtSignature", signature)
	}
	w.end("}")
	t.called = true
	return nil
}

// result writes what a function returned. Gemini wants an object; what is none becomes the member "result" of one.
func (t *gemTurns) result(path string, m gjson.Result) error {
	id := hubText(m.Get("tool_call_id"))
	name, ok := t.names[id]
	if !ok {
		return fault.Invalid(path+".tool_call_id", "%s.tool_call_id must be the id of a call before it", path)
	}
	var text strings.Builder
	if err := gemTexts(path+".content", m.Get("content"), func(s string) { text.WriteString(s) }); err != nil {
		return err
	}
	w := t.part("tool")
	w.open("functionResponse", '{')
	if id != "" {
		w.text("id", id)
	}
	w.text("name", name)
	value := strings.TrimSpace(text.String())
	switch {
	case strings.HasPrefix(value, "{") && hubValid(value):
		w.raw("response", value)
	case strings.HasPrefix(value, "[") && hubValid(value):
		w.raw("response", `{"result":`+value+"}")
	default: // numbers too stay what they were: as ones they would lose digits
		w.open("response", '{')
		w.text("result", text.String())
		w.end("}")
	}
	w.end("}}")
	return nil
}
