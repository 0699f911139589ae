package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/resourcepool/resourcepool/server/access"
)

// frame is a message of the protocol.
type frame struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// socket is one connection. One goroutine reads; whoever writes holds mu.
type socket struct {
	*sockets
	conn    *websocket.Conn
	exec    graphql.GraphExecutor
	headers http.Header
	ctx     context.Context
	cancel  context.CancelFunc
	cookie  string
	work    sync.WaitGroup
	rested  chan struct{} // holds one token when an operation is over
	woken   chan struct{} // holds one token when what the person may has changed

	mu       sync.Mutex
	closed   bool
	retiring bool // nothing new begins
	running  map[string]*operation

	identity // after connection_init
}

// operation is a running subscribe of the client.
type operation struct {
	id      string
	cancel  context.CancelFunc
	answers bool // a completion: paid for, and it comes to an end
	request *Request
}

// read takes the client's frames until there are no more.
func (s *socket) read() {
	s.conn.SetReadLimit(readLimitBefore)
	_ = s.conn.SetReadDeadline(s.clock.Now().Add(s.timing.init))
	s.conn.SetPongHandler(func(string) error { s.alive(); return nil })
	s.work.Go(func() {
		select {
		case <-s.stopping:
			s.retire()
		case <-s.ctx.Done():
		}
		s.close(websocket.CloseServiceRestart, "Service restart")
	})
	for {
		kind, data, err := s.conn.ReadMessage()
		if err != nil {
			s.silent(err)
			return
		}
		s.alive()
		var f frame
		if kind != websocket.TextMessage || json.Unmarshal(data, &f) != nil {
			s.close(closeBadMessage, "Invalid message received")
			continue // to drain what the client still sends, so that the close frame is not lost
		}
		s.take(f)
	}
}

// retire lets completions come to their end, for a time.
func (s *socket) retire() {
	s.mu.Lock()
	s.retiring = true
	s.mu.Unlock()
	enough := time.NewTimer(s.timing.retire)
	defer enough.Stop()
	for s.answering() {
		select {
		case <-s.rested:
		case <-enough.C:
			return
		case <-s.ctx.Done():
			return
		}
	}
}

// answering reports whether a completion runs.
func (s *socket) answering() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, op := range s.running {
		if op.answers {
			return true
		}
	}
	return false
}

// silent ends a socket that could not be read, where that is because nothing came in time.
func (s *socket) silent(err error) {
	timeout, ok := err.(interface{ Timeout() bool })
	switch {
	case !ok || !timeout.Timeout():
	case !s.greeted:
		s.close(closeInitTimeout, "Connection initialisation timeout")
	case s.person == "":
		s.close(closeUnauthorized, "Unauthorized")
	default:
		s.close(websocket.CloseGoingAway, "No answer to a ping")
	}
}

// alive gives a signed-in client more time; one that is not has to be quick.
func (s *socket) alive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed && s.person != "" {
		_ = s.conn.SetReadDeadline(s.clock.Now().Add(s.timing.silence))
	}
}

func (s *socket) take(f frame) {
	switch f.Type {
	case "connection_init":
		s.init(f.Payload)
	case "subscribe":
		s.subscribe(f)
	case "complete":
		s.stop(f.ID)
	case "ping":
		s.send(frame{Type: "pong", Payload: f.Payload})
	case "pong":
	default:
		s.close(closeBadMessage, "Invalid message received")
	}
}

func (s *socket) subscribe(f frame) {
	params, err := parseParams(f.Payload)
	switch {
	case s.person == "":
		s.close(closeUnauthorized, "Unauthorized")
		return
	case f.ID == "" || err != nil:
		s.close(closeBadMessage, "Invalid message received")
		return
	}
	ctx, cancel := context.WithCancel(s.ctx)
	op := &operation{id: f.ID, cancel: cancel, answers: asksForCompletion(params.Query), request: &Request{IP: requestFrom(s.ctx).IP}}
	s.mu.Lock()
	_, taken := s.running[f.ID]
	full, retiring := len(s.running) >= operationsPerSocket, s.retiring
	if !taken && !full && !retiring {
		s.running[f.ID] = op
	}
	s.mu.Unlock()
	switch {
	case retiring:
		cancel()
		s.send(frame{ID: f.ID, Type: "error", Payload: encoded(errRetiring)})
	case taken:
		cancel()
		s.close(closeDuplicateID, "Subscriber for "+shortened(f.ID)+" already exists")
	case full:
		cancel()
		s.send(frame{ID: f.ID, Type: "error", Payload: encoded(errTooManyOperations)})
	default:
		s.work.Go(func() { s.run(ctx, op, params) })
	}
}

// stop ends an operation at the client's word. Nothing is sent under its id any more: the client may use it again.
func (s *socket) stop(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if op := s.running[id]; op != nil {
		delete(s.running, id)
		op.cancel()
	}
}

// asksForCompletion reports whether a document has to do with completions; one that only mentions them does no harm.
func asksForCompletion(document string) bool { return strings.Contains(document, "completionStream") }

// rest tells whoever waits for it that an operation is over.
func (s *socket) rest(op *operation) {
	s.mu.Lock()
	if s.running[op.id] == op {
		delete(s.running, op.id)
	}
	s.mu.Unlock()
	select {
	case s.rested <- struct{}{}:
	default:
	}
}

// run executes an operation and sends what it answers.
func (s *socket) run(ctx context.Context, op *operation, params *graphql.RawParams) {
	defer op.cancel()
	defer s.rest(op)
	a, ok := s.current(0, strictly)
	if !ok {
		return
	}
	params.Headers = s.headers
	ctx = WithRequest(access.With(ctx, a), op.request)
	ctx = graphql.StartOperationTrace(ctx)
	oc, errs := s.exec.CreateOperationContext(ctx, params)
	ctx = graphql.WithOperationContext(ctx, oc)
	if len(errs) > 0 {
		s.finish(op, frame{Type: "error", Payload: encoded(s.exec.DispatchError(ctx, errs).Errors)})
		return
	}
	freshness, patient := time.Duration(0), strictly // it costs a look at what is remembered
	if op.answers {
		freshness, patient = s.timing.check, patiently // its pieces are the asker's own and come fast
	}
	responses, ctx := s.exec.DispatchOperation(ctx, oc)
	for r := responses(ctx); r != nil; r = responses(ctx) {
		// Asked after the answer was made, which may have waited for long: who has lost the right meanwhile gets nothing.
		if _, ok := s.current(freshness, patient); !ok {
			return
		}
		if !s.sendFor(op, frame{Type: "next", Payload: encoded(r)}) {
			return
		}
	}
	if ended := requestFrom(ctx).ended.Load(); ended != nil {
		s.finish(op, frame{Type: "error", Payload: encoded(s.exec.DispatchError(ctx, gqlerror.List{gqlerror.Wrap(*ended)}).Errors)})
		return
	}
	s.finish(op, frame{Type: "complete"})
}

// sendFor sends a frame of a running operation; false where it runs no more.
func (s *socket) sendFor(op *operation, f frame) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[op.id] != op {
		return false
	}
	f.ID = op.id
	return s.write(f)
}

// finish sends the last frame of an operation.
func (s *socket) finish(op *operation, f frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[op.id] != op {
		return
	}
	delete(s.running, op.id)
	f.ID = op.id
	s.write(f)
}

func (s *socket) send(f frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write(f)
}

// write needs mu. A client that does not read in time loses its socket.
func (s *socket) write(f frame) bool {
	if s.closed {
		return false
	}
	_ = s.conn.SetWriteDeadline(s.clock.Now().Add(s.timing.write))
	if err := s.conn.WriteJSON(f); err != nil {
		s.closed = true
		s.cancel()
		_ = s.conn.Close()
		return false
	}
	return true
}

// ping keeps connections open and finds out about dead ones. It is the WebSocket's own: every client answers it.
func (s *socket) ping() {
	_ = s.conn.WriteControl(websocket.PingMessage, nil, s.clock.Now().Add(s.timing.write))
}

// close tells the client why, once, and ends all operations. The reader then waits a moment for the client's answer.
func (s *socket) close(code int, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	soon := s.clock.Now().Add(time.Second)
	_ = s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), soon)
	_ = s.conn.SetReadDeadline(soon)
	s.cancel()
}

// end gives back all that the socket had.
func (s *socket) end() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	_ = s.conn.Close()
	s.work.Wait()
	if s.person != "" {
		s.leave(s.person, s)
	}
}

func encoded(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // every part of an answer was encoded before
	}
	return b
}

// shortened keeps a reason within the 123 bytes that a close frame has for it.
func shortened(id string) string {
	const most = 60
	if len(id) > most {
		return strings.ToValidUTF8(id[:most], "") + "…"
	}
	return id
}
