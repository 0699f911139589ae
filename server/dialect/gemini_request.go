package dialect

import (
	"math"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/fault"
)

// gemMembers are the members of a chat request that have a place at Gemini, or none but may go without: true for these,
// which are hints, matters of the transport, or the caller's own. Every other is refused.
var gemMembers = map[string]bool{
	"messages": false, "tools": false, "tool_choice": false, "parallel_tool_calls": false, "response_format": false,
	"max_tokens": false, "max_completion_tokens": false, "temperature": false, "top_p": false, "top_k": false, "stop": false,
	"seed": false, "presence_penalty": false, "frequency_penalty": false, "n": false, "logprobs": false, "top_logprobs": false,
	"reasoning_effort": false, "modalities": false, "service_tier": false,

	"model": true, "stream": true, "stream_options": true, "user": true, "logit_bias": true, "metadata": true, "store": true,
	"verbosity": true, "safety_identifier": true, "prompt_cache_key": true, "prompt_cache_options": true,
	"prompt_cache_retention": true,
}

// gemNumbers are the members that Gemini has under another name.
var gemNumbers = [][2]string{
	{"temperature", "temperature"}, {"top_p", "topP"}, {"top_k", "topK"},
	{"presence_penalty", "presencePenalty"}, {"frequency_penalty", "frequencyPenalty"},
}

// gemThinking is how many tokens an effort may take. The highest is what every model that thinks accepts.
var gemThinking = map[string]int64{
	"none": 0, "minimal": 1024, "low": 1024, "medium": 8192, "high": 24576, "xhigh": 24576, "max": 24576,
}

// ChatRequestToGemini translates a chat request into the body of generateContent and streamGenerateContent. The model is
// not in it: it is a part of the address there.
func ChatRequestToGemini(body []byte) ([]byte, error) {
	root, err := hubRequest(body)
	if err != nil {
		return nil, err
	}
	if err := gemSayable(root); err != nil {
		return nil, err
	}
	w := newHubWriter(len(body) + 256)
	w.open("", '{')
	if err := gemContents(w, root); err != nil {
		return nil, err
	}
	if err := gemTools(w, root); err != nil {
		return nil, err
	}
	if err := gemConfig(w, root); err != nil {
		return nil, err
	}
	w.end("}")
	return *w, nil
}

func gemRefuse(field string) error {
	return fault.Invalid(field, "%s can't be said to this model's provider", field)
}

// gemSayable refuses the members, or the values of them, that have no equal at Gemini.
func gemSayable(root gjson.Result) error {
	var err error
	root.ForEach(func(name, v gjson.Result) bool {
		if _, ok := gemMembers[name.Str]; !ok && v.Type != gjson.Null {
			err = gemRefuse(name.Str)
		}
		return err == nil
	})
	if err != nil {
		return err
	}
	if n := root.Get("n"); hubSet(n) && n.Raw != "1" {
		return gemRefuse("n")
	}
	if v := root.Get("logprobs"); hubSet(v) && v.Type != gjson.False {
		return gemRefuse("logprobs")
	}
	if v := root.Get("top_logprobs"); hubSet(v) && v.Raw != "0" {
		return gemRefuse("top_logprobs")
	}
	if v := root.Get("service_tier"); hubSet(v) && v.Str != "auto" && v.Str != "default" {
		return gemRefuse("service_tier")
	}
	if v := root.Get("modalities"); hubSet(v) && (!v.IsArray() || v.Get("#").Int() != 1 || v.Get("0").Str != "text") {
		return gemRefuse("modalities")
	}
	return nil
}

// gemConfig writes generationConfig.
func gemConfig(w *hubWriter, root gjson.Result) error {
	w.open("generationConfig", '{')
	limit := root.Get("max_completion_tokens")
	if !hubSet(limit) {
		limit = root.Get("max_tokens")
	}
	if hubSet(limit) {
		n, ok := hubFigure(limit)
		if !ok {
			return fault.Invalid("max_tokens", "max_tokens must be a whole number")
		}
		w.number("maxOutputTokens", n)
	}
	for _, m := range gemNumbers {
		v := root.Get(m[0])
		if hubSet(v) && v.Type != gjson.Number {
			return fault.Invalid(m[0], "%s must be a number", m[0])
		}
		w.copy(m[1], v)
	}
	// A seed is of 32 bits there; one that does not fit is a hint that can't be given.
	if v := root.Get("seed"); v.Type == gjson.Number && v.Num == math.Trunc(v.Num) && math.Abs(v.Num) <= math.MaxInt32 {
		w.number("seed", int64(v.Num))
	}
	if hubSet(root.Get("n")) {
		w.raw("candidateCount", "1")
	}
	if err := gemStop(w, root.Get("stop")); err != nil {
		return err
	}
	if err := gemFormat(w, root.Get("response_format")); err != nil {
		return err
	}
	if v := root.Get("reasoning_effort"); hubSet(v) {
		budget, ok := gemThinking[hubText(v)]
		if !ok {
			return gemRefuse("reasoning_effort")
		}
		w.open("thinkingConfig", '{')
		w.number("thinkingBudget", budget)
		if budget > 0 {
			w.raw("includeThoughts", "true")
		}
		w.end("}")
	}
	w.end("}")
	return nil
}

func gemStop(w *hubWriter, stop gjson.Result) error {
	switch {
	case !hubSet(stop):
		return nil
	case stop.Type == gjson.String:
		w.open("stopSequences", '[')
		w.text("", stop.Str)
	default:
		w.open("stopSequences", '[')
		err := hubEach("stop", stop, func(path string, v gjson.Result) error {
			if v.Type != gjson.String {
				return fault.Invalid(path, "%s must be a string", path)
			}
			w.text("", v.Str)
			return nil
		})
		if err != nil {
			return err
		}
	}
	w.end("]")
	return nil
}

func gemFormat(w *hubWriter, format gjson.Result) error {
	if !hubSet(format) {
		return nil
	}
	if !format.IsObject() {
		return fault.Invalid("response_format", "response_format must be an object")
	}
	switch hubText(format.Get("type")) {
	case "text":
	case "json_object":
		w.text("responseMimeType", "application/json")
	case "json_schema":
		w.text("responseMimeType", "application/json")
		w.copy("responseJsonSchema", format.Get("json_schema.schema"))
	default:
		return gemRefuse("response_format.type")
	}
	return nil
}

// gemTools writes tools and toolConfig. The schemas are copied as they are: Gemini takes JSON Schema beside its own subset.
func gemTools(w *hubWriter, root gjson.Result) error {
	tools := root.Get("tools")
	if !hubSet(tools) || tools.Raw == "[]" {
		return nil
	}
	w.open("tools", '[')
	w.open("", '{')
	w.open("functionDeclarations", '[')
	err := hubObjects("tools", tools, func(path string, tool gjson.Result) error {
		if hubText(tool.Get("type")) != "function" {
			return gemRefuse(path + ".type")
		}
		f := tool.Get("function")
		if !f.IsObject() || hubText(f.Get("name")) == "" {
			return fault.Invalid(path+".function.name", "a function must have a name")
		}
		w.open("", '{')
		w.text("name", f.Get("name").Str)
		if v := f.Get("description"); v.Type == gjson.String {
			w.text("description", v.Str)
		}
		w.copy("parametersJsonSchema", f.Get("parameters"))
		w.end("}")
		return nil
	})
	if err != nil {
		return err
	}
	w.end("]}]")
	return gemToolChoice(w, root.Get("tool_choice"))
}

func gemToolChoice(w *hubWriter, choice gjson.Result) error {
	var name string
	switch {
	case !hubSet(choice):
		return nil
	case choice.IsObject():
		if name = hubText(choice.Get("function.name")); name == "" || hubText(choice.Get("type")) != "function" {
			return gemRefuse("tool_choice")
		}
	}
	mode := map[string]string{"auto": "AUTO", "none": "NONE", "required": "ANY"}[hubText(choice)]
	if name != "" {
		mode = "ANY"
	}
	if mode == "" {
		return gemRefuse("tool_choice")
	}
	w.open("toolConfig", '{')
	w.open("functionCallingConfig", '{')
	w.text("mode", mode)
	if name != "" {
		w.open("allowedFunctionNames", '[')
		w.text("", name)
		w.end("]")
	}
	w.end("}}")
	return nil
}

// gemSigned reports whether a model wants every function call of its past to be signed: all since Gemini 3 do.
func gemSigned(model string) bool {
	_, version, ok := strings.Cut(model, "gemini-")
	return ok && !strings.HasPrefix(version, "1") && !strings.HasPrefix(version, "2")
}
