package provider

import (
	"math"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/money"
)

// Usage is what a provider reports to have counted, unchanged: CachedRead and CacheWrite are parts of Prompt, LongWrite (kept
// for an hour, at a higher price) is part of CacheWrite, Reasoning is part of Completion. Where a figure is missing, or no
// whole number from 0 to 2⁶², it is 0 and Malformed is set for the two that every report has, Prompt and Completion, and for
// any that is there and unusable.
type Usage struct {
	Prompt, CachedRead, CacheWrite, LongWrite, Completion, Reasoning int64
	// Cost is what the provider says that it took, nil where it does not.
	Cost      *money.USD
	Malformed bool
}

// TellsCost reports whether the provider says with each answer what it took from the key.
func TellsCost(provider string) bool {
	p, ok := Lookup(provider)
	return ok && p.quirks.tellsCost
}

// chatUsage reads a report in the form of chat completions and of what descends from them.
func chatUsage(u gjson.Result) *Usage { return tokenUsage(u, true) }

// inputUsage reads a report of a call that has no output.
func inputUsage(u gjson.Result) *Usage { return tokenUsage(u, false) }

func tokenUsage(u gjson.Result, hasOutput bool) *Usage {
	out := &Usage{Malformed: !u.IsObject()}
	out.Prompt = out.figure(u.Get("prompt_tokens"), true)
	out.Completion = out.figure(u.Get("completion_tokens"), hasOutput)
	in := u.Get("prompt_tokens_details")
	out.CachedRead = out.figure(first(in.Get("cached_tokens"), u.Get("prompt_cache_hit_tokens"), u.Get("cached_tokens")), false)
	out.CacheWrite = out.figure(first(in.Get("cache_write_tokens"), in.Get("cache_creation_input_tokens"), in.Get("cache_creation_tokens")), false)
	out.LongWrite = out.figure(in.Get("cache_write_1h_tokens"), false)
	out.Reasoning = out.figure(u.Get("completion_tokens_details.reasoning_tokens"), false)
	if total := u.Get("total_tokens").Int(); out.Reasoning > 0 && total > 0 && total == out.Prompt+out.Completion+out.Reasoning {
		out.Completion += out.Reasoning // xAI counts what was thought beside the answer, and takes the same for it
	}
	if cost, ok := decimal(u.Get("cost")); ok {
		out.Cost = &cost
	}
	return out
}

// responsesUsage reads a report in the form of the Responses API.
func responsesUsage(u gjson.Result) *Usage {
	out := &Usage{Malformed: !u.IsObject()}
	out.Prompt = out.figure(u.Get("input_tokens"), true)
	out.Completion = out.figure(u.Get("output_tokens"), true)
	out.CachedRead = out.figure(u.Get("input_tokens_details.cached_tokens"), false)
	out.Reasoning = out.figure(u.Get("output_tokens_details.reasoning_tokens"), false)
	return out
}

// anthropicUsage is a report in the form of the Messages API, whose parts of the prompt are disjoint. A stream tells it in
// several events, each of which has what counts from then on.
type anthropicUsage struct {
	parts map[string]gjson.Result
}

func (a *anthropicUsage) take(u gjson.Result) {
	if !u.Exists() || u.Type == gjson.Null {
		return
	}
	if a.parts == nil {
		a.parts = map[string]gjson.Result{}
	}
	if !u.IsObject() {
		a.parts["input_tokens"] = u // unusable, and seen as such
		return
	}
	u.ForEach(func(name, v gjson.Result) bool {
		if v.Type != gjson.Null {
			v.Raw = string(append([]byte(nil), v.Raw...)) // what is kept must not hold on to the event
			a.parts[name.Str] = v
		}
		return true
	})
}

// usage is the report as it stands, nil where none came.
func (a *anthropicUsage) usage() *Usage {
	if a.parts == nil {
		return nil
	}
	out := &Usage{}
	plain := out.figure(a.parts["input_tokens"], true)
	out.Completion = out.figure(a.parts["output_tokens"], true)
	out.CachedRead = out.figure(a.parts["cache_read_input_tokens"], false)
	out.CacheWrite = out.figure(a.parts["cache_creation_input_tokens"], false)
	out.LongWrite = out.figure(gjson.Get(a.parts["cache_creation"].Raw, "ephemeral_1h_input_tokens"), false)
	out.Prompt = plain + out.CachedRead + out.CacheWrite
	if out.Prompt < 0 { // figures that add up to more than there are numbers
		out.Prompt, out.Malformed = 0, true
	}
	return out
}

func first(rs ...gjson.Result) gjson.Result {
	for _, r := range rs {
		if r.Exists() && r.Type != gjson.Null {
			return r
		}
	}
	return gjson.Result{}
}

// figure reads a count. A whole number with a sign is kept as it is, so that the caller sees what was claimed.
func (u *Usage) figure(r gjson.Result, required bool) int64 {
	if !r.Exists() || r.Type == gjson.Null {
		u.Malformed = u.Malformed || required
		return 0
	}
	n, err := strconv.ParseInt(r.Raw, 10, 64)
	if err != nil && r.Type == gjson.Number {
		// 12.0 and 1e3 are whole numbers too.
		if f := r.Num; f == math.Trunc(f) && math.Abs(f) <= 1<<53 {
			n, err = int64(f), nil
		}
	}
	if err != nil || n > 1<<62 || n < -(1<<62) {
		u.Malformed = true
		return 0
	}
	if n < 0 {
		u.Malformed = true
	}
	return n
}
