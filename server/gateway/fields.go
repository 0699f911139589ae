package gateway

import (
	"log/slog"
	"regexp"
	"strings"
	"sync"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/provider"
)

// treatment is what happens to a member of a request.
type treatment int

const (
	unknown treatment = iota // passes, where the model is priced by its tokens alone; logged by name
	passes                   // reaches the provider as it came
	ours                     // read here, and said by us: model, caps, streaming, who the consumer is
	dropped                  // has no effect that may be had here: what would be stored, or who it is about
	refused                  // would change the price, or live in one provider account
)

// rule is the treatment of a member; only, where set, are the values that it may have, and why tells of a refusal.
type rule struct {
	treatment
	only []string
	why  string
}

const (
	stateful  = "the pool keeps no state at a provider; send the whole conversation with each request"
	surcharge = "this changes what the provider takes, and the price list does not have it"
	hosted    = "tools that the provider runs are priced apart; declare functions and run them yourself"
	elsewhere = "the pool itself chooses where a request goes"
)

// rules is the list of members that are known to change the price of a request or to keep something at the provider, and
// of those that are known to do neither, for all dialects; a dialect's own list comes before it.
var rules = table(map[treatment]string{
	passes: `temperature top_p top_k min_p stop seed logit_bias presence_penalty frequency_penalty repetition_penalty tools tool_choice
		parallel_tool_calls reasoning reasoning_effort reasoning_format include_reasoning thinking enable_thinking thinking_budget chat_template_kwargs
		verbosity min_tokens ignore_eos safe_prompt prefix transforms`,
	ours:    `model stream`,
	dropped: `store metadata safety_identifier user prompt_cache_retention stream_options usage`,
}, map[string]rule{
	"service_tier":         {treatment: dropped, only: []string{"auto", "default", "standard_only", "on_demand"}, why: surcharge},
	"prompt_cache_key":     {treatment: ours},
	"speed":                {treatment: dropped, only: []string{"standard"}, why: surcharge},
	"inference_geo":        {treatment: refused, why: surcharge},
	"extra_body":           {treatment: refused, why: "write its members beside the others"},
	"modalities":           {treatment: passes, only: []string{"text"}, why: "only text is made here"},
	"audio":                {treatment: refused, why: "only text is made here"},
	"prediction":           {treatment: refused, why: surcharge},
	"web_search_options":   {treatment: refused, why: hosted},
	"web_search":           {treatment: refused, why: hosted},
	"enable_search":        {treatment: refused, why: hosted},
	"search_parameters":    {treatment: refused, why: hosted},
	"plugins":              {treatment: refused, why: hosted},
	"mcp_servers":          {treatment: refused, why: hosted},
	"container":            {treatment: refused, why: stateful},
	"background":           {treatment: dropped, only: []string{"false"}, why: stateful},
	"previous_response_id": {treatment: refused, why: stateful},
	"conversation":         {treatment: refused, why: stateful},
	"conversation_id":      {treatment: refused, why: stateful},
	"models":               {treatment: refused, why: elsewhere},
	"route":                {treatment: refused, why: elsewhere},
	"provider":             {treatment: refused, why: elsewhere},
	"preset":               {treatment: refused, why: elsewhere},
	"deferred":             {treatment: dropped, only: []string{"false"}, why: stateful},
})

// dialectRules are what a dialect has beside them.
var dialectRules = map[provider.Kind]map[string]rule{
	provider.KindChat: table(map[treatment]string{
		ours:   `messages n max_tokens max_completion_tokens stream_options`,
		passes: `functions function_call response_format logprobs top_logprobs`,
	}, nil),
	provider.KindCompletions: table(map[treatment]string{ //nolint:gosec // names of members, no secrets
		ours:   `prompt n best_of max_tokens stream_options`,
		passes: `echo suffix logprobs`,
	}, nil),
	provider.KindEmbeddings: table(map[treatment]string{
		ours: `input`, passes: `dimensions encoding_format input_type truncate task_type output_dtype`,
	}, nil),
	provider.KindMessages: table(map[treatment]string{
		ours: `messages system max_tokens`, passes: `stop_sequences output_format output_config context_management cache_control`,
	}, nil),
	provider.KindResponses: table(map[treatment]string{ //nolint:gosec // likewise
		ours: `input instructions max_output_tokens`, passes: `text truncation include max_tool_calls top_logprobs`,
	}, map[string]rule{"prompt": {treatment: refused, why: stateful}}),
}

// table makes a list of rules of names by treatment and of rules of their own.
func table(names map[treatment]string, more map[string]rule) map[string]rule {
	out := map[string]rule{}
	for t, list := range names {
		for _, name := range strings.Fields(list) {
			out[name] = rule{treatment: t}
		}
	}
	for name, r := range more {
		out[name] = r
	}
	return out
}

// ruleOf returns the rule of a member. A name that differs from a known one by case alone is refused: some parsers take it
// for that one.
func ruleOf(k provider.Kind, name string) rule {
	for _, list := range []map[string]rule{dialectRules[k], rules} {
		if r, ok := list[name]; ok {
			return r
		}
	}
	for _, other := range dialectRules {
		if other[name].treatment == ours {
			return rule{treatment: refused, why: "another dialect has this"}
		}
	}
	if lower := strings.ToLower(name); lower != name && ruleOf(k, lower).treatment != unknown {
		return rule{treatment: refused, why: "write it " + lower}
	}
	return rule{}
}

// allows reports whether a member may have the value; null says nothing.
func (r rule) allows(v gjson.Result) bool {
	if v.Type == gjson.Null {
		return true
	}
	if r.only == nil {
		return r.treatment != refused
	}
	if v.IsArray() {
		all := true
		v.ForEach(func(_, one gjson.Result) bool {
			all = r.allows(one)
			return all
		})
		return all
	}
	for _, one := range r.only {
		if v.String() == one && !v.IsObject() {
			return true
		}
	}
	return false
}

// otherwisePriced are parts of the names of models that are not paid by their tokens alone.
var otherwisePriced = []string{"audio", "realtime", "search", "tts", "whisper", "transcribe", "dall-e", "image", "sora", "video", "deep-research", "computer-use", "sonar"}

// byTokens reports whether a model is paid by its tokens alone, so that a member that nobody here knows can't change more
// than how many there are.
func byTokens(model string) bool {
	for _, part := range otherwisePriced {
		if strings.Contains(model, part) {
			return false
		}
	}
	return true
}

// noted remembers which unknown members were logged: each once, and only what looks like a name, since the words are the
// client's.
type noted struct {
	mu   sync.Mutex
	seen map[string]bool
}

var nameLike = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

const mostNoted = 500

func (n *noted) log(log *slog.Logger, k provider.Kind, names []string) {
	for _, name := range names {
		n.mu.Lock()
		is := nameLike.MatchString(name) && !n.seen[name] && len(n.seen) < mostNoted
		if is {
			if n.seen == nil {
				n.seen = map[string]bool{}
			}
			n.seen[name] = true
		}
		n.mu.Unlock()
		if is {
			log.Info("gateway: a member that is not known here passes", "kind", k, "name", name)
		}
	}
}

func refusal(field string, r rule) error {
	if r.only != nil {
		return fault.Invalid(field, "this can only be %s: %s", strings.Join(r.only, ", "), r.why)
	}
	return fault.Invalid(field, "this can't be asked for here: %s", r.why)
}

// servedTools are the beginnings of the types of tools that the caller runs.
var servedTools = map[provider.Kind][]string{
	provider.KindChat:      {"function", "custom"},
	provider.KindMessages:  {"custom", "bash_", "text_editor_", "computer_", "memory_"},
	provider.KindResponses: {"function", "custom", "local_shell", "apply_patch"},
}

// checkTools refuses tools that are not the caller's own.
func checkTools(k provider.Kind, tools gjson.Result) error {
	return each(tools, "tools", func(at string, tool gjson.Result) error {
		if !tool.IsObject() {
			return fault.Invalid(at, "a tool is an object")
		}
		kind, err := member(tool, at, "type")
		if err != nil {
			return err
		}
		if !kind.Exists() && k != provider.KindResponses {
			return nil
		}
		for _, start := range servedTools[k] {
			if kind.Str == start || strings.HasSuffix(start, "_") && strings.HasPrefix(kind.Str, start) {
				return nil
			}
		}
		return fault.Invalid(at+".type", "%s", hosted)
	})
}
