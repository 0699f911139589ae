package gateway

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/provider"
)

// Chunk is a piece of a streamed completion: text until the last one, which has the result, or the error that ended the
// stream.
type Chunk struct {
	Text   string
	Done   bool
	Result *Result // of the last chunk
	Err    error   // of the last chunk: what was delivered so far was charged, Result says how much
}

// Stream answers a request piece by piece. It returns once the first piece is there, so that whatever ends the request
// before comes as an error, with nothing charged: the errors are those of Complete. A repetition gets the recorded text in
// one piece.
//
// The channel is closed after the last chunk, and when ctx ends: that hangs up, which ends the provider's work at once and
// charges the prompt and what was received from the channel. The receiver must read on or end ctx.
func (g *Gateway) Stream(ctx context.Context, actor *access.Actor, in Input) (<-chan Chunk, error) {
	began := g.clock.Now()
	a, err := g.admit(ctx, actor, func() (*ask, error) { return g.accept(actor, &in) })
	if err != nil {
		g.ended(began, true, err)
		return nil, err
	}
	a.streamed = true
	s := &sender{ctx: ctx, out: make(chan Chunk), begun: make(chan error, 1)}
	go func() {
		defer g.inFlight.leave()
		defer close(s.out)
		end := g.safely(ctx, a, s.text)
		g.ended(began, true, end.err)
		s.finish(end)
	}()
	select {
	case err := <-s.begun:
		if err != nil {
			return nil, err
		}
		return s.out, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// safely is do for a goroutine of our own, in which a panic would end the whole server.
func (g *Gateway) safely(ctx context.Context, a *ask, deliver deliver) (end ending) {
	defer func() {
		if p := recover(); p != nil {
			g.log.ErrorContext(ctx, "gateway: a stream panicked", "panic", p, "stack", string(debug.Stack()))
			end = ending{err: fmt.Errorf("gateway: a stream panicked: %v", p)}
		}
	}()
	return g.do(ctx, a, deliver)
}

// sender hands chunks to a receiver for as long as that is there. It belongs to one goroutine.
type sender struct {
	ctx   context.Context
	out   chan Chunk
	begun chan error // once: nil with the first piece, or the error instead of it
	some  bool
}

func (s *sender) begin(err error) {
	if !s.some {
		s.some = true
		s.begun <- err
	}
}

func (s *sender) send(c Chunk) bool {
	select {
	case s.out <- c:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// text hands out a piece; it is false once the receiver has left.
func (s *sender) text(p provider.Piece) bool { return s.say(p.Text) }

func (s *sender) say(piece string) bool {
	s.begin(nil)
	if s.ctx.Err() != nil {
		return false
	}
	return s.send(Chunk{Text: piece})
}

// finish sends what ends the stream. A result of which nothing was handed out is a repetition's.
func (s *sender) finish(end ending) {
	if end.result == nil {
		if s.some { // it failed after output and could not even be settled
			s.send(Chunk{Done: true, Err: end.err})
		}
		s.begin(end.err)
		return
	}
	if !s.some && end.result.Completion.Content != "" && !s.say(end.result.Completion.Content) {
		return
	}
	s.begin(nil)
	s.send(Chunk{Done: true, Result: end.result, Err: end.err})
}
