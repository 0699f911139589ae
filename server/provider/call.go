package provider

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"

	"github.com/tidwall/gjson"
)

// Request is one call for an answer, in the dialect that its client speaks.
type Request struct {
	Target Target
	Key    Key
	Kind   Kind
	// Model is the provider's own name of the model, As what the client called it: the answer says that.
	Model, As string
	// ID is what the answer is called, so that it does not tell where it came from; "" leaves the provider's.
	ID string
	// Created is when the answer was asked for, in seconds since 1970; 0 leaves what the provider says.
	Created int64
	// Members are the members of the client's JSON object that go to the provider as they are, separated by commas and
	// without the braces. Those that a Request says itself (model, output cap, stream, user, store) are not among them.
	Members []byte
	Items   int64 // texts that are embedded, 0 where that is one
	Stream  bool
	// OutputCap is the most output tokens that the provider may make for one choice, 0 for none.
	OutputCap int64
	User      string // stands for the consumer at the provider, "" for nobody
	Reasons   bool   // the model reasons before it answers
	Beta      string // the anthropic-beta header, "" for none
	Version   string // the anthropic-version header that the body was written for, "" for the usual one
}

// Answer is a provider's answer, whole or as far as it has arrived.
type Answer struct {
	// Body is the whole answer in the dialect of the request; nil of a stream. Its usage is left out where the dialect
	// has that at the end (chat, completions, embeddings): who charges for it says what was counted.
	Body   []byte
	Finish string // as chat completions say it: "stop", "length", …; "" where the provider did not say
	Model  string // as the provider names it
	Usage  *Usage // nil where none came
	// Begun is what a stream said of its prompt as it began, where it does; its output counts for nothing.
	Begun  *Usage
	Limits *Limits

	content, other string
}

// Text is the text of the answer, and all else that a provider counts as its output: what the model thought aloud, and the
// arguments of the calls that it wants made.
func (a *Answer) Text() (content, other string) { return a.content, a.other }

var bodies = sync.Pool{New: func() any { b := make([]byte, 0, 16<<10); return &b }}

// exchange is a call that was answered with success: its head is there, its body yet to be read.
type exchange struct {
	c      *Client
	e      *endpoint
	w      *way
	r      *Request
	ctx    context.Context
	cancel context.CancelFunc
	give   context.CancelCauseFunc // up, for a reason
	resp   *http.Response
	key    string
}

// begin makes a call. The caller closes the exchange.
func (c *Client) begin(ctx context.Context, r *Request) (*exchange, *Failure) {
	e, err := c.endpoint(r.Target)
	if err != nil {
		return nil, failed(Connection, 0, err)
	}
	w, body, f := c.prepare(e, r)
	if f != nil {
		return nil, f
	}
	x := &exchange{c: c, e: e, w: w, r: r, key: r.Key.Reveal()}
	ctx, x.give = context.WithCancelCause(ctx)
	x.ctx, x.cancel = deadline(ctx)
	x.resp, f = c.send(x.ctx, e, w.url(e, r), x.key, body, r) //nolint:bodyclose // Close does
	if f == nil && x.resp.StatusCode != http.StatusOK {
		f = c.refused(e, x.resp, x.key)
	}
	if f != nil {
		x.cancel()
		x.give(nil)
		return nil, f
	}
	return x, nil
}

// Close ends the exchange; the provider's work on it is cancelled at once where it is not done.
func (x *exchange) Close() {
	x.cancel()
	x.give(nil)
	_ = x.resp.Body.Close()
}

// Ask makes one call and returns the whole answer. A result and a failure exclude each other. A request that can't be put
// to the provider is Unsupported.
func (c *Client) Ask(ctx context.Context, r *Request) (*Answer, *Failure) {
	x, f := c.begin(ctx, r)
	if f != nil {
		return nil, f
	}
	defer x.Close()
	pooled := bodies.Get().(*[]byte)
	raw, err := readBody(x.resp.Body, x.resp.ContentLength, (*pooled)[:0], mostOf(r))
	defer func() {
		if cap(raw) <= 256<<10 {
			*pooled = raw
		}
		bodies.Put(pooled)
	}()
	if err != nil {
		return nil, c.broken(x.ctx, x.e, x.resp.StatusCode, err)
	}
	return x.whole(raw)
}

// mostOf is how large a whole answer may be.
func mostOf(r *Request) int {
	if r.Kind == KindEmbeddings {
		return int(min(maxBody+max(r.Items, 1)*maxVector, maxVectors))
	}
	return maxBody
}

var errNoAnswer = errors.New("provider: the body is no answer")

// whole reads a whole answer; raw is not kept.
func (x *exchange) whole(raw []byte) (*Answer, *Failure) {
	unreadable := func(cause error) *Failure { return x.c.note(x.e, failed(Unreadable, http.StatusOK, cause)) }
	if !Readable(raw) {
		return nil, unreadable(errNoAnswer)
	}
	if said, ok := failedWithin(gjson.ParseBytes(raw)); ok {
		return nil, x.said(said)
	}
	if !x.w.answers(raw) {
		if said, ok := readError(raw); ok {
			return nil, x.said(said)
		}
		return nil, unreadable(errNoAnswer)
	}
	var err error
	if x.w.in.whole != nil {
		if raw, err = x.w.in.whole(raw); err != nil {
			return nil, unreadable(err)
		}
	}
	a := meters[x.w.metered](x.r).whole(raw, x.w.out.whole != nil)
	a.Limits = limitsOf(x.resp.Header, x.c.clock)
	if x.w.out.whole != nil {
		if a.Body, err = x.w.out.whole(a.Body); err != nil {
			return nil, unreadable(err)
		}
	}
	return a, nil
}

// failedWithin reads the error of an answer that looks like one: of a response that failed, of a choice.
func failedWithin(root gjson.Result) (answerError, bool) {
	if root.Get("error").IsObject() {
		return readError([]byte(root.Raw))
	}
	if root.Get("status").Str == "failed" && root.Get("object").Str == "response" {
		e, _ := readError([]byte(root.Raw))
		return e, true
	}
	if choice := root.Get("choices.0"); choice.Get("finish_reason").Str == "error" || choice.Get("error").IsObject() {
		e, _ := readError([]byte(choice.Raw))
		return e, true
	}
	return answerError{}, false
}

// said is the failure that an error within a success means.
func (x *exchange) said(e answerError) *Failure {
	return x.c.note(x.e, inBody(x.e.provider, x.resp.Header, e, x.key, x.c.clock))
}

// prepare finds the way of a request to the provider and writes its body.
func (c *Client) prepare(e *endpoint, r *Request) (*way, []byte, *Failure) {
	w := e.provider.way(r.Kind)
	if w == nil {
		return nil, nil, failed(Unsupported, 0, nil)
	}
	body := w.write(e.provider, r)
	for _, translate := range w.requests {
		var err error
		if body, err = translate(body); err != nil {
			f := failed(Unsupported, 0, err)
			f.Message = err.Error()
			return nil, nil, f
		}
	}
	if w.wire.chat && len(w.requests) > 0 {
		body = openAIChat.write(e.provider, r.asChat(body))
	}
	return w, body, nil
}

// saidByUs are the members of a chat request that a Request says itself.
var saidByUs = map[string]bool{
	"model": true, "max_tokens": true, "max_completion_tokens": true, "stream": true, "stream_options": true, "user": true, "store": true, "service_tier": true,
}

// asChat is r as a chat request, of which body is the translation: what differs between providers of the dialect is said
// anew. How hard to think is only for models that do.
func (r *Request) asChat(body []byte) *Request {
	b := append(make([]byte, 0, len(body)+1), '{')
	gjson.ParseBytes(body).ForEach(func(name, value gjson.Result) bool {
		if !saidByUs[name.Str] && (name.Str != "reasoning_effort" || r.Reasons) {
			b = sameMember(b, name, value)
		}
		return true
	})
	chat := *r
	chat.Kind, chat.Members = KindChat, b[1:]
	return &chat
}

// comma appends one where an object that is being written needs it before its next member.
func comma(b []byte) []byte {
	if b[len(b)-1] == '{' {
		return b
	}
	return append(b, ',')
}

// member appends `"name":` to an object that is being written.
func member(b []byte, name string) []byte {
	return append(append(append(comma(b), '"'), name...), '"', ':')
}

// sameMember appends a member as it was read.
func sameMember(b []byte, name, value gjson.Result) []byte {
	return append(append(append(comma(b), name.Raw...), ':'), value.Raw...)
}

func textMember(b []byte, name, value string) []byte {
	return gjson.AppendJSONString(member(b, name), value)
}

func rawMember(b []byte, name, raw string) []byte { return append(member(b, name), raw...) }

func countMember(b []byte, name string, n int64) []byte {
	return strconv.AppendInt(member(b, name), n, 10)
}

// write writes the request in the dialect of its client: what the Request says itself, then the client's own members.
func (w *way) write(p *Provider, r *Request) []byte {
	b := append(make([]byte, 0, len(r.Members)+320), '{')
	b = textMember(b, "model", r.Model)
	native := len(w.requests) == 0
	switch r.Kind {
	case KindMessages:
		if r.User != "" {
			b = append(gjson.AppendJSONString(append(member(b, "metadata"), `{"user_id":`...), r.User), '}')
		}
		if native {
			b = rawMember(b, "service_tier", `"standard_only"`)
		}
	default:
		if r.User != "" && !p.quirks.strict {
			b = textMember(b, "user", r.User)
		}
		talks := native && (r.Kind == KindChat || r.Kind == KindResponses)
		if talks && (p.quirks.store || r.Kind == KindResponses) {
			b = rawMember(b, "store", "false")
		}
		if talks && p.quirks.store {
			b = rawMember(b, "service_tier", `"default"`)
		}
	}
	if r.OutputCap > 0 {
		b = countMember(b, capName(p, r, native), r.OutputCap)
	}
	if r.Stream {
		b = rawMember(b, "stream", "true")
		if (r.Kind == KindChat || r.Kind == KindCompletions) && (!native || !p.quirks.strict) {
			b = rawMember(b, "stream_options", `{"include_usage":true}`)
		}
	}
	if len(r.Members) > 0 {
		b = append(append(b, ','), r.Members...)
	}
	return append(b, '}')
}

// capName is what the dialect calls the output cap.
func capName(p *Provider, r *Request, native bool) string {
	switch {
	case r.Kind == KindResponses:
		return "max_output_tokens"
	case r.Kind == KindChat && native && r.Reasons && p.quirks.completionTokens:
		return "max_completion_tokens"
	}
	return "max_tokens"
}
