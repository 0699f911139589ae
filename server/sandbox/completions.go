package sandbox

import (
	"strconv"

	"github.com/tidwall/gjson"
)

// serveCompletions answers the completions that came before chats.
func (s *Server) serveCompletions(c *call) {
	req, reason := parseCompletions(c.body)
	if reason != "" {
		c.refuse(trouble{code: badValue, message: reason})
		return
	}
	s.generate(c, req, completionsForm{})
}

func parseCompletions(body []byte) (request, string) {
	out := request{seed: hash(body), quiet: true, choices: 1, cap: 16}
	var reason string
	best, prompts := 0, 0
	gjson.ParseBytes(body).ForEach(func(name, v gjson.Result) bool {
		switch name.Str {
		case "model":
			out.model = v.String()
		case "prompt":
			prompts = eachInput(v, func(in gjson.Result) { out.prompt += inputTokens(in) })
		case "max_tokens":
			reason = limitOf(name.Str, v, &out.cap)
		case "temperature", "top_p", "n":
			reason = rangeOf(name.Str, v, &out.choices)
		case "best_of":
			best = int(v.Int())
		case "stream":
			out.stream = v.Bool()
		case "stream_options":
			out.quiet = !v.Get("include_usage").Bool()
		}
		return reason == ""
	})
	n := out.choices
	switch {
	case reason != "":
		return out, reason
	case prompts == 0:
		return out, "'prompt' must be a text, tokens, or a list of those"
	case best != 0 && (best < n || best > 20 || out.stream):
		return out, "'best_of' must be from 'n' to 20, and can't be streamed"
	case prompts*max(n, best) > maxChoices:
		return out, "too many choices"
	}
	out.choices, out.spare = prompts*n, prompts*max(best-n, 0)
	return out, ""
}

// eachInput calls do with every text, or list of tokens, of v: one, or a list of them. It returns how many there are, 0 where
// anything is neither.
func eachInput(v gjson.Result, do func(gjson.Result)) int {
	list := v.Array()
	if v.IsArray() && len(list) > 0 && list[0].Type == gjson.Number {
		list = []gjson.Result{v}
	}
	for _, in := range list {
		if in.Type != gjson.String && !in.IsArray() {
			return 0
		}
		do(in)
	}
	return len(list)
}

// inputTokens counts a text, or a list of tokens.
func inputTokens(in gjson.Result) int64 {
	if in.IsArray() {
		return max(int64(len(in.Array())), 1)
	}
	return max(textTokens(in.Str), 1)
}

// completionsForm is that of text completions.
type completionsForm struct{ chat chatForm }

func (completionsForm) id(seed string) string { return "cmpl-" + seed }

func (f completionsForm) usage(b []byte, u usage) []byte { return f.chat.usage(b, u) }

func (completionsForm) choice(b []byte, ch *choice, text func([]byte) []byte, finish string) []byte {
	b = append(text(append(b, `{"text":"`...)), `","index":`...)
	b = strconv.AppendInt(b, int64(ch.index), 10)
	return append(b, `,"logprobs":null,"finish_reason":`+finish+`}`...)
}

func (f completionsForm) whole(b []byte, a *answer) []byte {
	b = f.chat.head(b, a, "text_completion")
	for i := range a.choices {
		if i > 0 {
			b = append(b, ',')
		}
		ch := &a.choices[i]
		b = f.choice(b, ch, ch.appendText, `"`+chatFinish[ch.finish]+`"`)
	}
	b = append(b, ']')
	if a.told != nil {
		b = append(append(b, `,"usage":`...), a.told...)
	}
	return append(b, '}')
}

func (completionsForm) begin(b []byte, _ *answer) []byte { return b }

func (f completionsForm) event(b []byte, a *answer, ch *choice, text func([]byte) []byte, finish string) []byte {
	b = f.chat.head(append(b, "data: "...), a, "text_completion")
	b = append(f.choice(b, ch, text, finish), ']')
	if a.told != nil {
		b = append(b, `,"usage":null`...)
	}
	return append(b, "}\n\n"...)
}

func (f completionsForm) piece(b []byte, a *answer, p piece) []byte {
	return f.event(b, a, p.choice, p.appendText, "null")
}

func (f completionsForm) end(b []byte, a *answer) []byte {
	for i := range a.choices {
		ch := &a.choices[i]
		b = f.event(b, a, ch, func(b []byte) []byte { return b }, `"`+chatFinish[ch.finish]+`"`)
	}
	if a.told != nil {
		b = f.chat.head(append(b, "data: "...), a, "text_completion")
		b = append(append(append(b, `],"usage":`...), a.told...), "}\n\n"...)
	}
	return append(b, "data: [DONE]\n\n"...)
}

func (f completionsForm) fail(b, trouble []byte) []byte { return f.chat.fail(b, trouble) }
