package dialect

import (
	"errors"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

var (
	errGemAnswer = errors.New("dialect: not an answer of Gemini's generateContent")
	errGemPart   = errors.New("dialect: Gemini's answer has a part that a chat completion can't have")
	errGemCut    = errors.New("dialect: Gemini's stream ended before the answer did")
)

// ChatAnswerFromGemini translates an answer of generateContent into a chat completion. There is no time of creation in it:
// "created" is 0. A prompt that was blocked has an answer too, without content.
func ChatAnswerFromGemini(body []byte) ([]byte, error) {
	root, ok := hubDocument(body)
	if !ok {
		return nil, errGemAnswer
	}
	a := gemAnswer{}
	if err := a.read(root); err != nil {
		return nil, err
	}
	if !a.candidate && a.finish == "" {
		return nil, errGemAnswer
	}
	var content, reasoning strings.Builder
	calls := new(hubWriter)
	err := gemParts(root, func(part gjson.Result) error {
		p, err := a.part(part)
		switch {
		case err != nil:
			return err
		case p.call:
			p.write(calls, false)
		case p.thought:
			reasoning.WriteString(p.text)
		default:
			content.WriteString(p.text)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	w := newHubWriter(len(body) + 256)
	a.head(w, "chat.completion")
	w.open("choices", '[')
	w.open("", '{')
	w.number("index", 0)
	w.open("message", '{')
	w.text("role", "assistant")
	if content.Len() == 0 && len(*calls) > 0 {
		w.raw("content", "null")
	} else {
		w.text("content", content.String())
	}
	w.raw("refusal", "null")
	if reasoning.Len() > 0 {
		w.text("reasoning_content", reasoning.String())
	}
	if len(*calls) > 0 {
		w.raw("tool_calls", "["+string(*calls)+"]")
	}
	w.end("}")
	w.raw("logprobs", "null")
	if reason := a.finishReason(); reason != "" {
		w.text("finish_reason", reason)
	} else {
		w.raw("finish_reason", "null")
	}
	w.end("}]")
	if a.usage.Exists() {
		gemUsage(w, a.usage)
	}
	w.end("}")
	return *w, nil
}

// gemAnswer is what of an answer is known so far: one document of it, or those of a stream up to here.
type gemAnswer struct {
	id, model string
	candidate bool         // there was one
	finish    string       // why it ended, in Gemini's words: its finishReason, or the blockReason of the prompt
	usage     gjson.Result // the last report, which is of all that came before it too
	calls     int
	ids       map[string]bool // of the calls
}

// read takes the members of a document around its parts.
func (a *gemAnswer) read(root gjson.Result) error {
	candidate, feedback, usage := root.Get("candidates.0"), root.Get("promptFeedback"), root.Get("usageMetadata")
	if !root.IsObject() || !candidate.IsObject() && !feedback.IsObject() && !usage.Exists() {
		return errGemAnswer
	}
	if a.id == "" {
		a.id = hubText(root.Get("responseId"))
	}
	if a.model == "" {
		a.model = hubText(root.Get("modelVersion"))
	}
	if hubSet(usage) {
		a.usage = usage
	}
	a.candidate = a.candidate || candidate.IsObject()
	switch {
	case candidate.IsObject() && hubText(candidate.Get("finishReason")) != "":
		a.finish = candidate.Get("finishReason").Str
	case feedback.IsObject() && hubText(feedback.Get("blockReason")) != "":
		a.finish = gemBlocked
	}
	return nil
}

// gemBlocked is the finish of an answer to a blocked prompt, whatever the reason.
const gemBlocked = "SAFETY"

// finishReason is why the answer ended in the hub's words, "" where it did not.
func (a *gemAnswer) finishReason() string {
	switch a.finish {
	case "", "FINISH_REASON_UNSPECIFIED":
		return ""
	case "MAX_TOKENS":
		return "length"
	case gemBlocked, "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "OTHER",
		"IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION":
		return "content_filter"
	}
	if a.calls > 0 {
		return "tool_calls"
	}
	return "stop"
}

// head begins a completion or a chunk.
func (a *gemAnswer) head(w *hubWriter, object string) {
	w.open("", '{')
	w.text("id", "chatcmpl-"+a.id)
	w.text("object", object)
	w.number("created", 0)
	w.text("model", a.model)
}

func gemParts(root gjson.Result, f func(part gjson.Result) error) error {
	parts := root.Get("candidates.0.content.parts")
	if !hubSet(parts) {
		return nil
	}
	if !parts.IsArray() {
		return errGemAnswer
	}
	var err error
	parts.ForEach(func(_, part gjson.Result) bool {
		err = f(part)
		return err == nil
	})
	return err
}

// gemPart is a part of an answer: text, or a call where call is set.
type gemPart struct {
	text          string
	thought, call bool

	index               int
	id, name, signature string
	args                string // JSON
}

func (a *gemAnswer) part(r gjson.Result) (gemPart, error) {
	if !r.IsObject() {
		return gemPart{}, errGemAnswer
	}
	f := r.Get("functionCall")
	if !f.Exists() {
		text := r.Get("text")
		if text.Type == gjson.String {
			return gemPart{text: text.Str, thought: r.Get("thought").Type == gjson.True}, nil
		}
		var err error
		r.ForEach(func(name, _ gjson.Result) bool {
			if name.Str != "thought" && name.Str != "thoughtSignature" {
				err = errGemPart
			}
			return err == nil
		})
		return gemPart{}, err
	}
	args := f.Get("args")
	if !f.IsObject() || hubText(f.Get("name")) == "" || hubSet(args) && !args.IsObject() {
		return gemPart{}, errGemAnswer
	}
	p := gemPart{call: true, index: a.calls, name: f.Get("name").Str, args: "{}"}
	if args.IsObject() {
		p.args = args.Raw
	}
	p.signature = hubText(r.Get("thoughtSignature"))
	p.id = a.callID(hubText(f.Get("id")))
	a.calls++
	return p, nil
}

// callID returns the id of the next call: Gemini's own where it gives one that no other call has. A made one has the
// answer's id in it, as far as ids of calls may be that long, so that a conversation has each only once.
func (a *gemAnswer) callID(given string) string {
	if a.ids == nil {
		a.ids = map[string]bool{}
	}
	id := given
	for n := a.calls; id == "" || a.ids[id]; n++ {
		id = "call_" + strconv.Itoa(n)
		if stem := gemStem(a.id); stem != "" {
			id = "call_" + stem + "_" + strconv.Itoa(n)
		}
	}
	a.ids[id] = true
	return id
}

// gemStem is what of an id any dialect takes as a part of one.
func gemStem(id string) string {
	stem := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '-', r == '_':
			return r
		}
		return -1
	}, id)
	return stem[:min(len(stem), 28)]
}

// write appends a call as an element of tool_calls. Those of a stream have an index.
func (p gemPart) write(w *hubWriter, stream bool) {
	w.open("", '{')
	if stream {
		w.number("index", int64(p.index))
	}
	w.text("id", p.id)
	w.text("type", "function")
	w.open("function", '{')
	w.text("name", p.name)
	w.text("arguments", p.args)
	w.end("}")
	if p.signature != "" {
		w.open("extra_content", '{')
		w.open("google", '{')
		w.text("thought_signature", p.signature)
		w.end("}}")
	}
	w.end("}")
}

// gemUsage writes usage. Gemini counts thoughts and the prompts of tools beside the rest and leaves out what is 0, save for
// the prompt, which no report is without.
func gemUsage(w *hubWriter, u gjson.Result) {
	var in, tool, cached, out, thoughts int64
	var inOK, toolOK, cachedOK, outOK, thoughtsOK bool
	if u.IsObject() {
		in, inOK = hubFigure(u.Get("promptTokenCount"))
		tool, toolOK = hubCount(u.Get("toolUsePromptTokenCount"))
		cached, cachedOK = hubCount(u.Get("cachedContentTokenCount"))
		thoughts, thoughtsOK = hubCount(u.Get("thoughtsTokenCount"))
		out, outOK = hubCount(u.Get("candidatesTokenCount"))
		outOK = outOK && (inOK || hubSet(u.Get("candidatesTokenCount")))
	}
	inOK, outOK = inOK && toolOK, outOK && thoughtsOK
	w.open("usage", '{')
	w.figure("prompt_tokens", in+tool, inOK)
	w.figure("completion_tokens", out+thoughts, outOK)
	w.figure("total_tokens", in+tool+out+thoughts, inOK && outOK)
	w.open("prompt_tokens_details", '{')
	w.figure("cached_tokens", cached, cachedOK)
	w.number("cache_write_tokens", 0)
	w.end("}")
	w.open("completion_tokens_details", '{')
	w.figure("reasoning_tokens", thoughts, thoughtsOK)
	w.end("}}")
}
