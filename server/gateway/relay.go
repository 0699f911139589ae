package gateway

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/provider"
)

// Relay is a request that is answered in its own dialect, read and accepted.
type Relay struct {
	g        *Gateway
	ask      *ask
	Streamed bool
}

// Accept reads a call. It returns UNAUTHENTICATED, FORBIDDEN, or a BAD_USER_INPUT that names the member at fault.
func (g *Gateway) Accept(actor *access.Actor, c Call) (*Relay, error) {
	if !actor.SignedIn() {
		return nil, errSignIn
	}
	a, err := g.read(actor, c)
	if err != nil {
		return nil, err
	}
	return &Relay{g: g, ask: a, Streamed: a.streamed}, nil
}

// Do takes the request through the pool. send gets the pieces of a streamed answer as they come, and is false once the
// client has left; where the stream needs one more event after the settlement, that is Result.Last. A repetition of a
// streamed request gets all of its events in Result.Completion.Events instead.
//
// An error that comes with a Result came after output: what was delivered was charged. Errors are those of Complete.
func (r *Relay) Do(ctx context.Context, send func(provider.Piece) bool) (result *Result, err error) {
	g := r.g
	began := g.clock.Now()
	defer func() { g.ended(began, r.Streamed, err) }()
	if _, err := g.admit(ctx, r.ask.actor, func() (*ask, error) { return r.ask, nil }); err != nil {
		return nil, err
	}
	defer g.inFlight.leave()
	end := g.do(ctx, r.ask, send)
	return end.result, end.err
}

// PromptTokens counts the prompt here.
func (r *Relay) PromptTokens() int64 { return r.ask.count() }

// relayed puts an answer as the client gets it and as it is recorded.
func (g *Gateway) relayed(j *job, r *reply, m *metered, c *Completion) {
	a := j.ask
	switch {
	case !a.streamed:
		c.Body = r.result.Body
		if n := len(c.Body); n > 0 && tellsAtEnd[a.kind] {
			c.Body = append(appendUsage(append(c.Body[:n-1], `,"usage":`...), a.kind, m), '}')
		}
	default:
		if a.usage && r.finished && tellsAtEnd[a.kind] {
			c.last = AppendEvent(nil, "", j.usageEvent(m))
		}
		if a.key != nil {
			c.unkept = len(r.events) > mostRecorded
			c.Events = slices.Clip(append(r.events, c.last...)) // repetitions share it
		}
	}
}

// tellsAtEnd are the dialects in which usage is the last thing that is told, so that it can be what was charged.
var tellsAtEnd = map[provider.Kind]bool{provider.KindChat: true, provider.KindCompletions: true, provider.KindEmbeddings: true}

func appendUsage(b []byte, k provider.Kind, m *metered) []byte {
	figure := func(name string, n int64) { b = strconv.AppendInt(append(b, name...), n, 10) }
	figure(`{"prompt_tokens":`, m.prompt)
	if k != provider.KindEmbeddings {
		figure(`,"completion_tokens":`, m.completion)
	}
	figure(`,"total_tokens":`, m.prompt+m.completion)
	if k == provider.KindChat {
		figure(`,"prompt_tokens_details":{"cached_tokens":`, m.cached)
		figure(`},"completion_tokens_details":{"reasoning_tokens":`, m.reasoning)
		b = append(b, '}')
	}
	return append(b, '}')
}

// usageEvent is the last event of a stream whose client asked for its usage.
func (j *job) usageEvent(m *metered) []byte {
	object := "chat.completion.chunk"
	if j.ask.kind == provider.KindCompletions {
		object = "text_completion"
	}
	b := append([]byte(`{"id":"`), answerID(j.ask.kind, j.usageID)...)
	b = append(append(b, `","object":"`...), object...)
	b = strconv.AppendInt(append(b, `","created":`...), j.began.Unix(), 10)
	b = gjson.AppendJSONString(append(b, `,"model":`...), j.ask.asked)
	return append(appendUsage(append(b, `,"choices":[],"usage":`...), j.ask.kind, m), '}')
}

// untranslatable is the refusal of a request that no provider of the pool can be asked.
func untranslatable(f *provider.Failure) *fault.Error {
	var invalid *fault.Error
	if errors.As(f, &invalid) {
		return invalid
	}
	return fault.New(fault.BadUserInput, "no provider of this model takes such a request")
}
