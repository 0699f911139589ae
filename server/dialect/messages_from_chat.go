package dialect

import (
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/fault"
)

// Members of a chat request that ChatRequestToMessages translates, or drops since they are hints.
var msgChatMembers = msgSet(
	"model", "messages", "max_tokens", "max_completion_tokens", "stream", "stream_options", "stop", "temperature", "top_p",
	"top_k", "tools", "tool_choice", "parallel_tool_calls", "functions", "function_call", "user", "reasoning_effort",
	"thinking", "response_format", "output_config", "n", "logprobs", "top_logprobs", "modalities",
	"seed", "logit_bias", "presence_penalty", "frequency_penalty", "metadata", "store", "service_tier", "prompt_cache_key",
	"verbosity", "safety_identifier",
)

// ChatRequestToMessages turns a chat completions request into one of Anthropic's messages. The request has a cap of its
// output. Members that neither dialect knows pass as they are.
func ChatRequestToMessages(body []byte) ([]byte, error) {
	in, err := msgMembersOf(body)
	if err != nil {
		return nil, err
	}
	r := msgFromChat{in: in, out: make(hubWriter, 0, len(body)+len(body)/4+256)}
	r.out.open("", '{')
	for _, step := range []func() error{r.refuse, r.limits, r.conversation, r.tools, r.sampling, r.format} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if v := in.get("stream"); v.Exists() {
		r.out.raw("stream", v.Raw)
	}
	if v := in.get("user"); v.Exists() {
		r.out.open("metadata", '{')
		r.out.raw("user_id", v.Raw)
		r.out.end("}")
	}
	in.rest(&r.out, msgChatMembers)
	r.out.end("}")
	return r.out, nil
}

// msgFromChat is the translation of one request.
type msgFromChat struct {
	in       msgMembers
	out      hubWriter
	turns    msgTurns
	cap      int64 // of the output
	hasTools bool
	choice   string // the type of tool_choice, "" for none
}

// refuse finds what changes the answer or its price and has no counterpart.
func (r *msgFromChat) refuse() error {
	if n := r.in.get("n"); n.Exists() && (n.Type != gjson.Number || n.Num != 1) {
		return fault.Invalid("n", "the provider of this model gives one answer to a request")
	}
	if v := r.in.get("logprobs"); v.Exists() && v.Type != gjson.False {
		return fault.Invalid("logprobs", "the provider of this model has no log probabilities")
	}
	if v := r.in.get("top_logprobs"); v.Exists() && v.Raw != "0" {
		return fault.Invalid("top_logprobs", "the provider of this model has no log probabilities")
	}
	for _, v := range r.in.get("modalities").Array() {
		if hubText(v) != "text" {
			return fault.Invalid("modalities", "the provider of this model answers in text alone")
		}
	}
	// The last two are Anthropic's names of what comes from other members.
	return r.in.refuse("audio", "prediction", "web_search_options", "system", "stop_sequences")
}

func (r *msgFromChat) limits() error {
	model := r.in.get("model")
	if model.Type != gjson.String {
		return fault.Invalid("model", "must be a string")
	}
	r.out.raw("model", model.Raw)
	for _, name := range []string{"max_completion_tokens", "max_tokens"} {
		v := r.in.get(name)
		if !v.Exists() {
			continue
		}
		f := msgFigureOf(v)
		if f.bad || f.n == 0 {
			return fault.Invalid(name, "must be a whole number of at least 1")
		}
		if r.cap == 0 || f.n < r.cap {
			r.cap = f.n
		}
	}
	if r.cap == 0 {
		return fault.Invalid("max_tokens", "the provider of this model needs a cap of the output")
	}
	r.out.raw("max_tokens", strconv.FormatInt(r.cap, 10))
	return nil
}

// jsonOnly asks for what response_format json_object promises.
var jsonOnly = gjson.Parse(`"Answer with one JSON object and nothing else."`)

func (r *msgFromChat) conversation() error {
	messages := r.in.get("messages")
	if !messages.IsArray() {
		return fault.Invalid("messages", "must be an array")
	}
	if err := r.turns.read(messages); err != nil {
		return err
	}
	if r.in.get("response_format.type").Str == "json_object" {
		msgTextBlock(&r.turns.system, jsonOnly, gjson.Result{}) // there is no such mode; the words are what other gateways say too
	}
	if len(r.turns.system) > 0 {
		r.out.raw("system", "["+string(r.turns.system)+"]")
	}
	r.out.raw("messages", "["+string(r.turns.doc)+"]")
	return nil
}

func (r *msgFromChat) sampling() error {
	think, err := r.thinking()
	if err != nil {
		return err
	}
	temperature, topP := r.in.get("temperature"), r.in.get("top_p")
	for _, name := range []string{"temperature", "top_p"} {
		if v := r.in.get(name); v.Exists() && v.Type != gjson.Number {
			return fault.Invalid(name, "must be a number")
		}
	}
	// A model that thinks takes no temperature and no top_k, and a top_p of 0.95 at least. Newer ones refuse the two together
	// even where one of them is what it would be anyway.
	if temperature.Exists() && !think {
		if temperature.Num > 1 { // of 2 in the hub, of 1 here
			temperature.Raw = "1"
		}
		r.out.raw("temperature", temperature.Raw)
	}
	if topP.Exists() && !(think && topP.Num < 0.95) && !(temperature.Exists() && topP.Num == 1) {
		r.out.raw("top_p", topP.Raw)
	}
	if v := r.in.get("top_k"); v.Exists() && !think {
		r.out.raw("top_k", v.Raw)
	}
	return r.stop()
}

func (r *msgFromChat) stop() error {
	switch v := r.in.get("stop"); {
	case !v.Exists():
	case v.Type == gjson.String:
		r.out.raw("stop_sequences", "["+v.Raw+"]")
	case v.IsArray():
		r.out.raw("stop_sequences", v.Raw)
	default:
		return fault.Invalid("stop", "must be a string or an array of strings")
	}
	return nil
}

// What the hub's efforts are worth in tokens of thought. "none" and "minimal" are answers without.
var msgBudgets = map[string]int64{"none": 0, "minimal": 0, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 32768}

const msgLeastBudget = 1024 // Anthropic takes no less

// thinking writes how the model is to think, and reports whether it will. A client's own thinking goes before the effort,
// which is a hint: it is dropped where Anthropic would refuse it.
func (r *msgFromChat) thinking() (bool, error) {
	forced := r.choice == "any" || r.choice == "tool"
	if own := r.in.get("thinking"); own.Exists() {
		if !own.IsObject() {
			return false, fault.Invalid("thinking", "must be an object")
		}
		r.out.raw("thinking", own.Raw)
		on := own.Get("type").Str != "disabled"
		if on && forced {
			return false, fault.Invalid("tool_choice", "a model that thinks can't be made to call a tool")
		}
		return on, nil
	}
	effort := r.in.get("reasoning_effort")
	if !effort.Exists() {
		return false, nil
	}
	budget, ok := msgBudgets[hubText(effort)]
	if !ok {
		return false, fault.Invalid("reasoning_effort", "must be none, minimal, low, medium, high or xhigh")
	}
	// Thoughts are a part of the output, and half of the cap is for the answer.
	if budget = min(budget, r.cap/2); budget < msgLeastBudget || forced || !r.turns.thinks {
		return false, nil
	}
	r.out.open("thinking", '{')
	r.out.text("type", "enabled")
	r.out.raw("budget_tokens", strconv.FormatInt(budget, 10))
	r.out.end("}")
	return true, nil
}

func (r *msgFromChat) format() error {
	config, format := r.in.get("output_config"), r.in.get("response_format")
	switch kind := format.Get("type"); {
	case !format.Exists(), kind.Str == "text", kind.Str == "json_object": // the last is in what the system says
		if config.Exists() {
			r.out.raw("output_config", config.Raw)
		}
	case kind.Str == "json_schema":
		schema := format.Get("json_schema.schema")
		if !schema.IsObject() {
			return fault.Invalid("response_format.json_schema.schema", "must be an object")
		}
		if config.Exists() {
			return fault.Invalid("output_config", "give output_config or response_format, not both")
		}
		r.out.open("output_config", '{')
		r.out.open("format", '{')
		r.out.text("type", "json_schema")
		r.out.raw("schema", schema.Raw)
		r.out.end("}")
		r.out.end("}")
	default:
		return fault.Invalid("response_format.type", "the provider of this model takes text, json_object and json_schema alone")
	}
	return nil
}
