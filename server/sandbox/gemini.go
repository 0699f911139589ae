package sandbox

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// keyInHeader is an endpoint of Gemini, which refuses a key in the address: it would be written to logs.
func (s *Server) keyInHeader(on string, serve func(*call)) http.HandlerFunc {
	next := s.endpoint(on, gemini{}, serve)
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("key") {
			refuse(w, gemini{}, trouble{code: badValue, message: "The sandbox takes no key in the address."})
			return
		}
		next(w, r)
	}
}

func (s *Server) serveGemini(c *call) {
	model, method, _ := strings.Cut(c.r.PathValue("call"), ":")
	streamed := method == "streamGenerateContent"
	if method != "generateContent" && !streamed {
		c.refuse(trouble{code: "unknown_url", status: http.StatusNotFound, message: "The method is not found."})
		return
	}
	if streamed && c.r.URL.Query().Get("alt") != "sse" {
		c.refuse(trouble{code: badValue, message: "The sandbox streams events alone: alt=sse"})
		return
	}
	req, reason := parseGemini(c.body)
	if reason != "" {
		c.refuse(trouble{code: badValue, message: reason})
		return
	}
	req.model, req.stream = model, streamed
	s.generate(c, req, geminiForm{})
}

func parseGemini(body []byte) (request, string) {
	out := request{prompt: 3, seed: hash(body)}
	root := gjson.ParseBytes(body)
	result, reason := false, ""
	out.prompt += contentTokens(root.Get("systemInstruction"), &result)
	contents := root.Get("contents")
	contents.ForEach(func(_, m gjson.Result) bool {
		result = false
		out.prompt += 3 + contentTokens(m, &result)
		return true
	})
	if !contents.IsArray() || !contents.Get("0").Exists() {
		return out, "* GenerateContentRequest.contents: contents is not specified"
	}
	config := root.Get("generationConfig")
	config.ForEach(func(name, v gjson.Result) bool {
		switch name.Str {
		case "maxOutputTokens":
			reason = limitOf(name.Str, v, &out.cap)
		case "candidateCount":
			reason = rangeOf("n", v, &out.choices)
		case "temperature":
			reason = rangeOf(name.Str, v, nil)
		case "responseMimeType":
			if v.Str == "application/json" {
				out.object = objectOf("json_object", gjson.Result{})
			}
		case "thinkingConfig":
			budget := v.Get("thinkingBudget")
			out.reason = !budget.Exists() || budget.Int() != 0
			out.hideThoughts = !v.Get("includeThoughts").Bool()
		}
		return reason == ""
	})
	for _, name := range []string{"responseSchema", "responseJsonSchema"} {
		if schema := config.Get(name); schema.Exists() && out.object != "" {
			out.object = sample(schema)
		}
	}
	if tools := root.Get("tools"); tools.Exists() {
		out.prompt += textTokens(tools.Raw)
		calling := root.Get("toolConfig.functionCallingConfig")
		if !result && calling.Get("mode").Str != "NONE" {
			out.call = declared(tools, calling.Get("allowedFunctionNames.0").Str)
		}
	}
	return out, reason
}

// declared is the function to call: the one that is named, else the first.
func declared(tools gjson.Result, named string) (out *function) {
	tools.ForEach(func(_, t gjson.Result) bool {
		t.Get("functionDeclarations").ForEach(func(_, f gjson.Result) bool {
			if name := f.Get("name").Str; name != "" && (named == "" || name == named) {
				schema := f.Get("parametersJsonSchema")
				if !schema.Exists() {
					schema = f.Get("parameters")
				}
				out = &function{name, schema}
			}
			return out == nil
		})
		return out == nil
	})
	return out
}

// contentTokens counts the parts of a content, and notes whether the result of a function is among them.
func contentTokens(content gjson.Result, result *bool) (tokens int64) {
	content.Get("parts").ForEach(func(_, part gjson.Result) bool {
		part.ForEach(func(kind, v gjson.Result) bool {
			switch kind.Str {
			case "text":
				tokens += textTokens(v.Str)
			case "inlineData", "fileData":
				tokens += partTokens
			case "functionCall":
				tokens += textTokens(v.Get("name").Str) + textTokens(v.Get("args").Raw)
			case "functionResponse":
				*result = true
				tokens += textTokens(v.Get("response").Raw)
			}
			return true
		})
		return true
	})
	return tokens
}

// geminiForm is that of generateContent.
type geminiForm struct{}

func (geminiForm) id(seed string) string { return seed }

// usage tells thoughts beside the answer's own tokens.
func (geminiForm) usage(b []byte, u usage) []byte {
	b = strconv.AppendInt(append(b, `{"promptTokenCount":`...), u.prompt, 10)
	b = strconv.AppendInt(append(b, `,"candidatesTokenCount":`...), u.completion-u.reasoning, 10)
	b = strconv.AppendInt(append(b, `,"totalTokenCount":`...), u.prompt+u.completion, 10)
	if u.cached > 0 {
		b = strconv.AppendInt(append(b, `,"cachedContentTokenCount":`...), u.cached, 10)
	}
	if u.reasoning > 0 {
		b = strconv.AppendInt(append(b, `,"thoughtsTokenCount":`...), u.reasoning, 10)
	}
	b = strconv.AppendInt(append(b, `,"promptTokensDetails":[{"modality":"TEXT","tokenCount":`...), u.prompt, 10)
	return append(b, "}]}"...)
}

var geminiFinish = map[finish]string{stopped: "STOP", cut: "MAX_TOKENS", called: "STOP"}

// candidate writes a candidate, parts being what is between its brackets.
func (geminiForm) candidate(b []byte, ch *choice, finish string, parts func([]byte) []byte) []byte {
	b = append(parts(append(b, `{"content":{"role":"model","parts":[`...)), `]}`...)
	if finish != "" {
		b = append(b, `,"finishReason":"`+finish+`"`...)
	}
	return append(strconv.AppendInt(append(b, `,"index":`...), int64(ch.index), 10), '}')
}

func (geminiForm) tail(b []byte, a *answer, usage []byte) []byte {
	b = append(b, ']')
	if usage != nil {
		b = append(append(b, `,"usageMetadata":`...), usage...)
	}
	b = gjson.AppendJSONString(append(b, `,"modelVersion":`...), a.model)
	return append(b, `,"responseId":"`+a.id+`"}`...)
}

func functionCall(b []byte, ch *choice) []byte {
	b = gjson.AppendJSONString(append(b, `{"functionCall":{"name":`...), ch.function)
	return append(b, `,"args":`+ch.arguments()+`}}`...)
}

func (f geminiForm) whole(b []byte, a *answer) []byte {
	b = append(b, `{"candidates":[`...)
	for i := range a.choices {
		if i > 0 {
			b = append(b, ',')
		}
		ch := &a.choices[i]
		b = f.candidate(b, ch, geminiFinish[ch.finish], func(b []byte) []byte {
			if ch.reasoning > 0 && !a.silent {
				b = append(ch.appendThought(append(b, `{"text":"`...)), `","thought":true},`...)
			}
			if ch.function != "" {
				return functionCall(b, ch)
			}
			return append(ch.appendText(append(b, `{"text":"`...)), `"}`...)
		})
	}
	return f.tail(b, a, a.told)
}

func (geminiForm) begin(b []byte, _ *answer) []byte { return b }

// piece brings a call whole, as Gemini does.
func (f geminiForm) piece(b []byte, a *answer, p piece) []byte {
	if p.kind == arguments || (p.kind == thought && a.silent) {
		return b
	}
	b = f.candidate(append(b, `data: {"candidates":[`...), p.choice, "", func(b []byte) []byte {
		switch p.kind {
		case callBegin:
			return functionCall(b, p.choice)
		case thought:
			return append(p.appendText(append(b, `{"text":"`...)), `","thought":true}`...)
		default:
			return append(p.appendText(append(b, `{"text":"`...)), `"}`...)
		}
	})
	var soFar []byte
	if a.told != nil && !a.raw {
		soFar = f.usage(nil, usage{prompt: a.usage.prompt, cached: a.usage.cached})
	}
	return append(f.tail(b, a, soFar), "\n\n"...)
}

func (f geminiForm) end(b []byte, a *answer) []byte {
	b = append(b, `data: {"candidates":[`...)
	for i := range a.choices {
		if i > 0 {
			b = append(b, ',')
		}
		ch := &a.choices[i]
		b = f.candidate(b, ch, geminiFinish[ch.finish], func(b []byte) []byte { return append(b, `{"text":""}`...) })
	}
	return append(f.tail(b, a, a.told), "\n\n"...)
}

func (geminiForm) fail(b, trouble []byte) []byte {
	return append(append(append(b, "data: "...), trouble...), "\n\n"...)
}
