package v1

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/gateway"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/provider"
)

// heartbeat is how long a stream is silent at most: proxies end connections that are.
const heartbeat = 15 * time.Second

const (
	chargedHeader = "X-Credits-Charged"
	leftHeader    = "X-Credits-Remaining"
)

// costs tells what a request cost and what is left; of a repetition only the former.
func (s *server) costs(h http.Header, r *gateway.Result) {
	h.Set(chargedHeader, money.Format(r.CreditsCharged))
	if r.Booked != nil {
		h.Set(leftHeader, money.Format(r.Available))
	}
}

// events writes server-sent events. Until the first of them, or the first heartbeat, the answer may still be an error with
// a status of its own.
type events struct {
	ctx     context.Context
	w       http.ResponseWriter
	control *http.ResponseController
	every   time.Duration

	mu    sync.Mutex
	begun bool
	ended bool
	quiet *time.Timer
	buf   []byte
	n     int // pieces sent
	err   error
}

func newEvents(w http.ResponseWriter, r *http.Request, every time.Duration) *events {
	e := &events{ctx: r.Context(), w: w, control: http.NewResponseController(w), every: every}
	e.mu.Lock() // beat may come before this is done
	defer e.mu.Unlock()
	e.quiet = time.AfterFunc(every, e.beat)
	return e
}

// beat keeps a silent stream alive.
func (e *events) beat() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return
	}
	e.write([]byte(": keep-alive\n\n"))
	e.quiet.Reset(e.every)
}

// write writes and flushes; the caller has the lock.
func (e *events) write(b []byte) {
	if e.err != nil {
		return
	}
	if !e.begun {
		e.begun = true
		h := e.w.Header()
		h.Set("Content-Type", "text/event-stream; charset=utf-8")
		h.Set("X-Accel-Buffering", "no")
		h.Set("Trailer", chargedHeader+", "+leftHeader)
		e.w.WriteHeader(http.StatusOK)
	}
	if _, e.err = e.w.Write(b); e.err == nil {
		e.err = e.control.Flush()
	}
}

// send sends a piece; it is false once the client has left.
func (e *events) send(p provider.Piece) bool {
	if e.ctx.Err() != nil {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.buf = gateway.AppendEvent(e.buf[:0], p.Event, p.Data)
	e.n++
	e.write(e.buf)
	e.quiet.Reset(e.every)
	return e.err == nil
}

// end sends the last bytes of a stream.
func (e *events) end(b []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = true
	e.quiet.Stop()
	if len(b) > 0 {
		e.write(b)
	}
}

// stop ends the heartbeat and reports whether anything was sent.
func (e *events) stop() (begun bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = true
	e.quiet.Stop()
	return e.begun
}

// stream answers piece by piece.
func (s *server) stream(w http.ResponseWriter, r *http.Request, actor *access.Actor, accepted *gateway.Relay, kind provider.Kind) {
	e := newEvents(w, r, s.heartbeat)
	defer e.stop() // the heartbeat must not outlive the answer, whatever ends that
	ctx, stop := s.untilStopped(r.Context())
	defer stop()
	ctx, release := s.whileAllowed(ctx, actor)
	defer release()
	result, err := accepted.Do(ctx, e.send)
	if why, ok := fault.As(context.Cause(ctx)); ok && err != nil {
		err = why
	}
	begun := e.stop() // a heartbeat now would write the header while costs does
	var last []byte
	if result != nil && e.n == 0 { // a repetition
		last = result.Completion.Events
	}
	switch {
	case err != nil && last == nil && !begun:
		s.fail(w, r, err)
		return
	case err != nil:
		sent := e.n + bytes.Count(last, []byte("\n\n"))
		last = append(last, errorEvent(kind, s.shown(r, w, err), sent)...)
	case last == nil:
		last = result.Last
	}
	if result != nil {
		s.costs(w.Header(), result)
		last = append(last, fmt.Sprintf(": credits charged %s\n\n", money.Format(result.CreditsCharged))...)
	}
	if err == nil && endsWithDone[kind] {
		last = append(last, "data: [DONE]\n\n"...)
	}
	e.end(last)
}

// streamGrace is how long a stream goes on once the server is told to stop; then it ends as if its client had left.
const streamGrace = 20 * time.Second

// untilStopped is ctx, which also ends a while after the server is told to stop.
func (s *server) untilStopped(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	unhook := context.AfterFunc(s.over, cancel)
	return ctx, func() {
		unhook()
		cancel()
	}
}

// stopped returns a context that ends a while after stopping is closed.
func stopped(stopping <-chan struct{}) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	go func() { // for as long as the program runs
		<-stopping
		time.AfterFunc(streamGrace, cancel)
	}()
	return ctx
}

// endsWithDone are the dialects whose streams say that they are over in a way of their own.
var endsWithDone = map[provider.Kind]bool{provider.KindChat: true, provider.KindCompletions: true}

// errorEvent is how a stream tells that it failed.
func errorEvent(kind provider.Kind, p problem, after int) []byte {
	switch kind {
	case provider.KindMessages:
		return gateway.AppendEvent(nil, "error", p.anthropic())
	case provider.KindResponses:
		return gateway.AppendEvent(nil, "error", p.event(after))
	}
	return gateway.AppendEvent(nil, "", p.openAI())
}

var (
	errEncoded    = fault.New(fault.BadUserInput, "send the body uncompressed").With(statusDetail, http.StatusUnsupportedMediaType)
	errTooLarge   = fault.New(fault.BadUserInput, "the body has at most %d MiB", MaxBody>>20).With(statusDetail, http.StatusRequestEntityTooLarge)
	errBrokenBody = fault.New(fault.BadUserInput, "the body did not arrive")
)
