package gateway

import (
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/fault"
)

// each calls f with the elements of a list of objects and their paths. What is no list, a text for one, has none.
func each(list gjson.Result, path string, f func(at string, v gjson.Result) error) (err error) {
	if list.IsObject() {
		return fault.Invalid(path, "this is a text or a list")
	}
	if !list.IsArray() {
		return nil
	}
	i := 0
	list.ForEach(func(_, v gjson.Result) bool {
		at := path + "[" + strconv.Itoa(i) + "]"
		if err = f(at, v); err == nil && !v.IsObject() {
			err = fault.Invalid(at, "this is an object")
		}
		i++
		return err == nil
	})
	return err
}

// findCaches finds out whether anything in a request is to be kept in a cache, and for how long. Names and values count as
// they are read, however they are written.
func (p *prompt) findCaches(v gjson.Result) {
	if !v.IsObject() && !v.IsArray() {
		return
	}
	v.ForEach(func(key, inner gjson.Result) bool {
		if key.Str == "cache_control" && inner.IsObject() {
			p.caches = true
			inner.ForEach(func(key, value gjson.Result) bool {
				p.longLife = p.longLife || key.Str == "ttl" && value.Str == "1h"
				return true
			})
		}
		p.findCaches(inner)
		return !p.longLife
	})
}

// member returns a member of an object. A name that stands there twice is refused: parsers differ in which one counts.
func member(o gjson.Result, at, name string) (out gjson.Result, err error) {
	o.ForEach(func(key, v gjson.Result) bool {
		if key.Str != name {
			return true
		}
		if out.Exists() {
			err = fault.Invalid(at+"."+name, "this stands there twice")
		}
		out = v
		return err == nil
	})
	return out, err
}

// survey finds what a conversation holds beside text, in any of the dialects.
type survey struct {
	prompt *prompt
	within bool // the result of a tool
}

// content surveys the content of a message: a text, or a list of parts.
func (s survey) content(at string, content gjson.Result) error {
	return each(content, at, s.part)
}

// part surveys a part of a message. Parts of kinds that are not known here reach the provider, and are bounded by the
// context window.
func (s survey) part(at string, p gjson.Result) error {
	if !p.IsObject() {
		return nil
	}
	kind, err := member(p, at, "type")
	if err != nil {
		return err
	}
	for _, name := range []string{"file_id", "source", "file", "image_url"} {
		inner, err := member(p, at, name)
		if err == nil && inner.IsObject() {
			_, err = member(inner, at+"."+name, "type")
		}
		if err == nil && inner.IsObject() {
			_, err = member(inner, at+"."+name, "file_id")
		}
		if err != nil {
			return err
		}
	}
	if p.Get("file_id").Type == gjson.String || p.Get("file.file_id").Exists() || p.Get("source.type").Str == "file" || p.Get("image_url.file_id").Exists() {
		return fault.Invalid(at, "a file that was uploaded lives in one account: send the file itself")
	}
	switch kind.Str {
	case "image_url", "image", "input_image":
		s.prompt.images++
		for _, place := range []string{"image_url.url", "image_url", "source.data"} {
			s.embedded(p.Get(place))
		}
	case "document", "file", "input_file", "video_url":
		s.prompt.open = true
		for _, place := range []string{"source.data", "file.file_data", "file_data", "video_url.url"} {
			s.prompt.embedded += s.embedded(p.Get(place))
		}
		return s.content(at+".source.content", p.Get("source.content"))
	case "input_audio", "audio":
		return fault.Invalid(at+".type", "sound is priced apart, and the price list does not have it")
	case "container_upload", "item_reference":
		return fault.Invalid(at+".type", "%s", stateful)
	case "tool_result":
		if s.within {
			return fault.Invalid(at+".type", "a result of a tool can't be within another")
		}
		s.within = true
		return s.content(at+".content", p.Get("content"))
	case "":
		s.prompt.open = s.prompt.open || p.Get("image_url").Exists() || p.Get("source").Exists() || p.Get("file").Exists()
	case "text", "input_text", "output_text", "refusal", "tool_use", "thinking", "redacted_thinking", "search_result", "summary_text", "reasoning_text":
	default:
		s.prompt.open = true
	}
	return nil
}

// embedded takes data that is no text out of what is counted as text, and returns how much that is.
func (s survey) embedded(v gjson.Result) int64 {
	if !isData(v) {
		return 0
	}
	s.prompt.bytes -= int64(len(v.Raw))
	return int64(len(v.Raw))
}

// isData reports whether a string is an embedded image or file.
func isData(v gjson.Result) bool {
	return v.Type == gjson.String && len(v.Str) > 256 && (strings.HasPrefix(v.Str, "data:") || !strings.ContainsAny(v.Str[:64], " \n"))
}

// message surveys an element of messages or of input.
func (s survey) message(at string, m gjson.Result) error {
	if !m.IsObject() {
		return fault.Invalid(at, "a message is an object")
	}
	s.prompt.messages++
	for _, name := range []string{"content", "role", "type", "audio"} {
		if _, err := member(m, at, name); err != nil {
			return err
		}
	}
	if m.Get("audio.id").Exists() {
		return fault.Invalid(at+".audio", "%s", stateful)
	}
	switch m.Get("type").Str {
	case "item_reference":
		return fault.Invalid(at+".type", "%s", stateful)
	case "function_call_output", "custom_tool_call_output":
		return s.content(at+".output", m.Get("output"))
	case "computer_call_output", "image_generation_call":
		s.prompt.open = true
	}
	return s.content(at+".content", m.Get("content"))
}

// framing are members of messages and parts that are no text of the prompt, as long as they are short.
var framing = map[string]bool{
	"role": true, "type": true, "id": true, "tool_call_id": true, "tool_use_id": true, "call_id": true, "detail": true, "media_type": true,
	"signature": true, "encrypted_content": true,
}

// texts collects the texts of a value, without those that are data, as they are counted where the provider does not say.
// What a tool was called with is text as it stands.
func texts(v gjson.Result, name string, out *strings.Builder) {
	switch {
	case v.IsObject() && (name == "input" || name == "arguments"):
		out.WriteString(v.Raw)
	case v.IsObject():
		v.ForEach(func(key, inner gjson.Result) bool {
			texts(inner, key.Str, out)
			return true
		})
	case v.IsArray():
		v.ForEach(func(_, inner gjson.Result) bool {
			texts(inner, name, out)
			return true
		})
	case v.Type == gjson.String && !framing[name] && !(isData(v) && (name == "url" || name == "data" || name == "file_data" || name == "image_url")):
		out.WriteString(v.Str)
		out.WriteByte('\n')
	}
}
