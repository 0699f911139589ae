package sandbox

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/money"
)

// wordsPerChunk is how many words a piece of a stream has.
const wordsPerChunk = 4

// answer is what a chat call will answer.
type answer struct {
	id, model string
	finish    string
	tokens    int // of the text
	seed      uint64
	usage     []byte // as JSON, nil where none is told
	fault     *Fault
	latency   Latency
}

type usage struct{ prompt, cached, completion int64 }

func (s *Server) serveChat(w http.ResponseWriter, r *http.Request) {
	body, ok := read(w, r)
	if !ok {
		return
	}
	k, fault, latency := s.enter(w, r, "chat", body)
	if k == nil {
		return
	}
	model, price, ok := s.model(w, k, body)
	if !ok {
		return
	}
	req, reason := parse(body)
	if reason != "" {
		problem(w, http.StatusBadRequest, "invalid_request_error", "invalid_value", reason)
		return
	}
	a := &answer{model: model, seed: req.seed, latency: latency, fault: fault, finish: "stop"}
	a.tokens = s.answerLength(req.seed)
	told := usage{prompt: req.prompt, completion: int64(a.tokens)}
	override := fault != nil && fault.Kind == UsageOverride && fault.Raw == nil
	if override {
		told = usage{fault.Prompt, fault.Cached, fault.Completion}
		a.tokens = int(min(fault.Completion, maxAnswer))
	}
	if req.cap > 0 && int64(a.tokens) > req.cap {
		a.tokens, a.finish = int(req.cap), "length"
		if !override {
			told.completion = req.cap
		}
	}
	cost, err := money.Price(
		money.Line[money.USD]{Tokens: told.prompt - told.cached, PerMillion: price.Input},
		money.Line[money.USD]{Tokens: told.cached, PerMillion: price.Cached},
		money.Line[money.USD]{Tokens: told.completion, PerMillion: price.Output},
	)
	if err != nil || !s.spend(k, cost) {
		problem(w, http.StatusTooManyRequests, "insufficient_quota", "insufficient_quota", noQuota)
		return
	}
	switch {
	case fault != nil && fault.Kind == NoUsage:
	case fault != nil && fault.Kind == UsageOverride && fault.Raw != nil:
		a.usage = fault.Raw
	case !req.stream || req.includeUsage:
		a.usage = appendUsage(nil, told)
	}
	a.id = "chatcmpl-" + strconv.FormatUint(req.seed, 36)
	if !pause(r, latency.FirstByte) {
		return
	}
	if req.stream {
		a.stream(w, r)
	} else {
		a.whole(w, r)
	}
}

func (s *Server) answerLength(seed uint64) int {
	s.mu.Lock()
	n := s.length
	s.mu.Unlock()
	if n > 0 {
		return min(n, maxAnswer)
	}
	return usualLength(seed)
}

// request is what of a chat request decides about the answer.
type request struct {
	prompt, cap  int64
	seed         uint64
	stream       bool
	includeUsage bool
}

func parse(body []byte) (request, string) {
	out := request{prompt: 3, seed: hash(body)}
	root := gjson.ParseBytes(body)
	reason := ""
	root.ForEach(func(name, v gjson.Result) bool {
		switch name.Str {
		case "messages":
			v.ForEach(func(_, m gjson.Result) bool {
				out.prompt += 3 + textTokens(m.Get("content").String())
				return true
			})
		case "max_tokens", "max_completion_tokens":
			if v.Type == gjson.Number {
				if out.cap = v.Int(); out.cap < 1 || float64(out.cap) != v.Num {
					reason = "'" + name.Str + "' must be a positive integer"
				}
			}
		case "temperature":
			if v.Type == gjson.Number && (v.Num < 0 || v.Num > 2) {
				reason = "Invalid 'temperature': expected a value between 0 and 2"
			}
		case "top_p":
			if v.Type == gjson.Number && (v.Num < 0 || v.Num > 1) {
				reason = "Invalid 'top_p': expected a value between 0 and 1"
			}
		case "n":
			if v.Type == gjson.Number && v.Num != 1 {
				reason = "'n' can only be 1"
			}
		case "stream":
			out.stream = v.Bool()
		case "stream_options":
			out.includeUsage = v.Get("include_usage").Bool()
		}
		return reason == ""
	})
	if reason == "" && out.prompt == 3 {
		reason = "'messages' must have at least one message"
	}
	return out, reason
}

func appendUsage(b []byte, u usage) []byte {
	b = strconv.AppendInt(append(b, `{"prompt_tokens":`...), u.prompt, 10)
	b = strconv.AppendInt(append(b, `,"completion_tokens":`...), u.completion, 10)
	b = strconv.AppendInt(append(b, `,"total_tokens":`...), u.prompt+u.completion, 10)
	b = strconv.AppendInt(append(b, `,"prompt_tokens_details":{"cached_tokens":`...), u.cached, 10)
	return append(b, `},"completion_tokens_details":{"reasoning_tokens":0}}`...)
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

func (a *answer) whole(w http.ResponseWriter, r *http.Request) {
	if !pause(r, time.Duration(a.tokens)*a.latency.PerToken) {
		return
	}
	pooled := buffers.Get().(*[]byte)
	defer buffers.Put(pooled)
	b := a.head((*pooled)[:0], "chat.completion")
	b = append(b, `"message":{"role":"assistant","content":"`...)
	b = appendText(b, a.seed, 0, a.tokens)
	b = append(b, `","refusal":null},"logprobs":null,"finish_reason":"`+a.finish+`"}]`...)
	if a.usage != nil {
		b = append(append(b, `,"usage":`...), a.usage...)
	}
	b = append(b, '}')
	*pooled = b
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	if a.fault != nil && a.fault.Kind == CutStream {
		_, _ = w.Write(b[:len(b)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(b)
}

// head writes an answer up to the contents of its choice.
func (a *answer) head(b []byte, object string) []byte {
	b = append(b, `{"id":"`+a.id+`","object":"`+object+`","created":1700000000,"model":`...)
	b = gjson.AppendJSONString(b, a.model)
	return append(b, `,"choices":[{"index":0,`...)
}

func (a *answer) stream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	out := http.NewResponseController(w)
	pooled := buffers.Get().(*[]byte)
	defer buffers.Put(pooled)
	b := (*pooled)[:0]
	send := func() {
		b = append(b, "\n\n"...)
		_, _ = w.Write(b)
		*pooled, b = b, b[:0]
	}
	event := func(delta func(), finish string) {
		b = a.head(append(b, "data: "...), "chat.completion.chunk")
		b = append(b, `"delta":{`...)
		delta()
		b = append(b, `},"finish_reason":`+finish+`}]`...)
		if a.usage != nil {
			b = append(b, `,"usage":null`...)
		}
		b = append(b, '}')
		send()
	}
	event(func() { b = append(b, `"role":"assistant","content":""`...) }, "null")
	_ = out.Flush()
	for at, chunk := 0, 0; at < a.tokens; chunk++ {
		if a.fault != nil && a.fault.Kind == CutStream && chunk >= a.fault.Chunks {
			_ = out.Flush()
			panic(http.ErrAbortHandler)
		}
		n := min(wordsPerChunk, a.tokens-at)
		if d := time.Duration(n) * a.latency.PerToken; d > 0 {
			// Without latency the pieces leave as the buffer fills.
			if out.Flush() != nil || !pause(r, d) {
				return
			}
		}
		event(func() {
			b = append(b, `"content":"`...)
			b = append(appendText(b, a.seed, at, n), '"')
		}, "null")
		at += n
	}
	if a.fault != nil && a.fault.Kind == CutStream {
		_ = out.Flush()
		panic(http.ErrAbortHandler)
	}
	event(func() {}, `"`+a.finish+`"`)
	if a.usage != nil {
		b = append(b, `data: {"id":"`+a.id+`","object":"chat.completion.chunk","created":1700000000,"model":`...)
		b = gjson.AppendJSONString(b, a.model)
		b = append(append(append(b, `,"choices":[],"usage":`...), a.usage...), '}')
		send()
	}
	b = append(b, "data: [DONE]"...)
	send()
}
