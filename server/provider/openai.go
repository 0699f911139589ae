package provider

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tidwall/gjson"
)

// Message is a turn of the conversation. Role is "system", "user" or "assistant".
type Message struct{ Role, Content string }

// ChatRequest asks Model for the next turn.
type ChatRequest struct {
	Target      Target
	Key         Key
	Model       string // the provider's own name of it
	Messages    []Message
	MaxTokens   int64 // the cap of the output; 0 sends none
	Temperature *float64
	TopP        *float64
	Stop        []string
	User        string // stands for the consumer at the provider, "" for nobody
	Reasons     bool   // the model reasons before it answers
}

// Usage is what a provider reports to have counted, unchanged: CachedRead and CacheWrite are parts of Prompt, Reasoning is
// part of Completion. Where a figure is missing, or no whole number from 0 to 2⁶², it is 0 and Malformed is set for the
// two that every report has, Prompt and Completion, and for any that is there and unusable.
type Usage struct {
	Prompt, CachedRead, CacheWrite, Completion, Reasoning int64
	Malformed                                             bool
}

// Rate is the limit on requests that the provider told with its answer.
type Rate struct {
	Requests, Remaining int64
	Reset               time.Duration // until Remaining is Requests again
}

// ChatResult is an answer.
type ChatResult struct {
	Content      string
	Reasoning    string // what the model thought aloud: not part of the answer, but counted by the provider
	FinishReason string // as the provider says: "stop", "length", …; "" where it did not say
	Usage        *Usage // nil where none came
	Model        string // as the provider names it
	Rate         *Rate  // nil where none was told
}

var bodies = sync.Pool{New: func() any { b := make([]byte, 0, 16<<10); return &b }}

// Chat makes one call and returns the whole answer. A result and a failure exclude each other.
func (c *Client) Chat(ctx context.Context, r ChatRequest) (*ChatResult, *Failure) {
	e, err := c.endpoint(r.Target)
	if err != nil {
		return nil, failed(Connection, 0, err)
	}
	ctx, cancel := deadline(ctx)
	defer cancel()
	key := r.Key.Reveal()
	resp, f := c.send(ctx, e, e.chat, key, chatBody(e.provider, &r, false), false)
	if f != nil {
		return nil, f
	}
	if resp.StatusCode != http.StatusOK {
		return nil, c.refused(e, resp, key)
	}
	defer resp.Body.Close()
	pooled := bodies.Get().(*[]byte)
	body, err := readBody(resp.Body, resp.ContentLength, (*pooled)[:0])
	defer func() {
		if cap(body) <= 256<<10 {
			*pooled = body
		}
		bodies.Put(pooled)
	}()
	if err != nil {
		return nil, c.broken(ctx, e, resp.StatusCode, err)
	}
	return c.chatAnswer(e, resp.Header, body, key)
}

var errNoAnswer = errors.New("provider: the body is not a chat answer")

// chatAnswer reads a whole answer; body is not kept.
func (c *Client) chatAnswer(e *endpoint, h http.Header, body []byte, key string) (*ChatResult, *Failure) {
	if !readable(body) {
		return nil, c.note(e, failed(Unreadable, http.StatusOK, errNoAnswer))
	}
	root := gjson.ParseBytes(body)
	choice := root.Get("choices.0")
	msg := choice.Get("message")
	if !msg.IsObject() {
		if e2, ok := readError(body); ok {
			return nil, c.note(e, inBody(e.provider, h, e2, key, c.clock))
		}
		return nil, c.note(e, failed(Unreadable, http.StatusOK, errNoAnswer))
	}
	out := &ChatResult{FinishReason: text(choice.Get("finish_reason")), Model: text(root.Get("model")), Rate: rate(h)}
	out.Content, out.Reasoning = contentOf(msg)
	if u := root.Get("usage"); u.Exists() && u.Type != gjson.Null {
		out.Usage = readUsage(u)
	}
	return out, nil
}

// contentOf reads the text of a message or a delta: a string, null, or parts of which some are thoughts.
func contentOf(m gjson.Result) (content, reasoning string) {
	switch v := m.Get("content"); {
	case v.Type == gjson.String:
		content = v.String()
	case v.IsArray():
		v.ForEach(func(_, part gjson.Result) bool {
			content += text(part.Get("text"))
			return true
		})
	}
	if content == "" {
		content = text(m.Get("refusal"))
	}
	if reasoning = text(m.Get("reasoning_content")); reasoning == "" {
		reasoning = text(m.Get("reasoning"))
	}
	return content, reasoning
}

// text is a copy, so that what is kept does not hold on to the whole body.
func text(r gjson.Result) string {
	if r.Type != gjson.String {
		return ""
	}
	return strings.Clone(r.Str)
}

func readUsage(u gjson.Result) *Usage {
	out := &Usage{Malformed: !u.IsObject()}
	out.Prompt = out.figure(u.Get("prompt_tokens"), true)
	out.Completion = out.figure(u.Get("completion_tokens"), true)
	in := u.Get("prompt_tokens_details")
	out.CachedRead = out.figure(first(in.Get("cached_tokens"), u.Get("prompt_cache_hit_tokens"), u.Get("cached_tokens")), false)
	out.CacheWrite = out.figure(first(in.Get("cache_write_tokens"), in.Get("cache_creation_input_tokens"), in.Get("cache_creation_tokens")), false)
	out.Reasoning = out.figure(u.Get("completion_tokens_details.reasoning_tokens"), false)
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

func rate(h http.Header) *Rate {
	v := h["X-Ratelimit-Limit-Requests"]
	if len(v) == 0 {
		return nil
	}
	n, err := strconv.ParseInt(v[0], 10, 64)
	if err != nil || n <= 0 {
		return nil
	}
	out := &Rate{Requests: n, Remaining: n}
	if left, err := strconv.ParseInt(h.Get("X-Ratelimit-Remaining-Requests"), 10, 64); err == nil && left >= 0 {
		out.Remaining = left
	}
	out.Reset, _ = span(h.Get("X-Ratelimit-Reset-Requests"), time.Second)
	return out
}

// chatBody writes the request. It is written by hand since it is made for every call.
func chatBody(p *Provider, r *ChatRequest, stream bool) []byte {
	size := 256
	for i := range r.Messages {
		size += len(r.Messages[i].Content) + len(r.Messages[i].Content)/8 + 32
	}
	b := append(make([]byte, 0, size), `{"model":`...)
	b = gjson.AppendJSONString(b, r.Model)
	b = append(b, `,"messages":[`...)
	for i, m := range r.Messages {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"role":`...)
		b = gjson.AppendJSONString(b, m.Role)
		b = append(b, `,"content":`...)
		b = gjson.AppendJSONString(b, m.Content)
		b = append(b, '}')
	}
	b = append(b, ']')
	if r.MaxTokens > 0 {
		name := `,"max_tokens":`
		if r.Reasons && p.quirks.completionTokens {
			name = `,"max_completion_tokens":`
		}
		b = strconv.AppendInt(append(b, name...), r.MaxTokens, 10)
	}
	b = appendFloat(b, `,"temperature":`, r.Temperature)
	b = appendFloat(b, `,"top_p":`, r.TopP)
	for i, s := range r.Stop {
		if i == 0 {
			b = append(b, `,"stop":[`...)
		} else {
			b = append(b, ',')
		}
		b = gjson.AppendJSONString(b, s)
	}
	if len(r.Stop) > 0 {
		b = append(b, ']')
	}
	if r.User != "" && !p.quirks.strict {
		b = gjson.AppendJSONString(append(b, `,"user":`...), r.User)
	}
	if p.quirks.store {
		b = append(b, `,"store":false`...)
	}
	if stream {
		b = append(b, `,"stream":true`...)
		if !p.quirks.strict {
			b = append(b, `,"stream_options":{"include_usage":true}`...)
		}
	}
	return append(b, '}')
}

func appendFloat(b []byte, name string, f *float64) []byte {
	if f == nil || math.IsNaN(*f) || math.IsInf(*f, 0) {
		return b
	}
	return strconv.AppendFloat(append(b, name...), *f, 'g', -1, 64)
}

// readable reports whether b is JSON that is not nested too deeply: the parser is recursive, and a body of brackets alone
// would exhaust the stack.
func readable(b []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted:
			if c == '\\' {
				i++
			} else if c == '"' {
				quoted = false
			}
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			if depth++; depth > 200 {
				return false
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return gjson.ValidBytes(b)
}
