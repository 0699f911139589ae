package graph

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
)

// The transport speaks graphql-transport-ws on gorilla/websocket itself. gqlgen's own never sends the protocol's close
// codes, takes an operation's id twice and knows nothing of who left meanwhile.
const subprotocol = "graphql-transport-ws"

// Close codes of the protocol.
const (
	closeBadMessage   = 4400
	closeUnauthorized = 4401
	closeForbidden    = 4403
	closeSubprotocol  = 4406
	closeInitTimeout  = 4408
	closeDuplicateID  = 4409
	closeTooMany      = 4429 // connection_inits, and sockets of one person
)

const (
	readLimitBefore     = 64 << 10 // until it is known who is there
	readLimit           = 1 << 20
	socketsPerUser      = 10
	operationsPerSocket = 20
)

// timing is how long a socket waits for what.
type timing struct {
	init     time.Duration // for connection_init, and for a sign of who it is
	ping     time.Duration
	silence  time.Duration // without an answer to a ping
	write    time.Duration // for the client to take a frame
	check    time.Duration // between two looks at who is there
	patience time.Duration // while it can't be found out
	retire   time.Duration // for completions to get to their end once the server is told to stop
}

var usualTiming = timing{
	init: 5 * time.Second, ping: 15 * time.Second, silence: 40 * time.Second, write: 10 * time.Second,
	check: 500 * time.Millisecond, patience: 5 * time.Second,
	retire: 20 * time.Second, // within what app gives open requests
}

// Authenticator finds out who a secret belongs to, and what has become of them since. (nil, nil) is nobody.
type Authenticator interface {
	ActorBySession(ctx context.Context, secret string) (*access.Actor, error)
	ActorByToken(ctx context.Context, bearer string) (*access.Actor, error)
	Refresh(ctx context.Context, a *access.Actor) (*access.Actor, error)
}

type sockets struct {
	auth     Authenticator
	policy   policy
	log      *slog.Logger
	clock    clock.Clock
	upgrader websocket.Upgrader
	stopping <-chan struct{}
	timing   timing

	mu   sync.Mutex
	open map[ids.ID]map[*socket]struct{} // by person
}

func newSockets(c Config) *sockets {
	return &sockets{
		auth: c.Auth, policy: c.Resolver.Policy, log: c.Log, clock: c.Clock, open: map[ids.ID]map[*socket]struct{}{},
		stopping: c.Stopping, timing: usualTiming,
		upgrader: websocket.Upgrader{
			HandshakeTimeout: usualTiming.init,
			Subprotocols:     []string{subprotocol},
			CheckOrigin:      func(r *http.Request) bool { return r.Header.Get("Origin") == "" || c.AllowedOrigin(r) },
			Error: func(w http.ResponseWriter, _ *http.Request, status int, _ error) {
				refuse(w, status, "this is no WebSocket handshake that is taken here")
			},
		},
	}
}

// serve serves one socket until either side ends it. It returns when all of its operations have.
func (t *sockets) serve(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	conn, err := t.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // answered by the upgrader
	}
	ctx, cancel := context.WithCancel(r.Context())
	s := &socket{sockets: t, conn: conn, exec: exec, headers: r.Header, cancel: cancel, running: map[string]*operation{}, rested: make(chan struct{}, 1), woken: make(chan struct{}, 1)}
	defer s.end()
	if conn.Subprotocol() != subprotocol {
		s.close(closeSubprotocol, "Subprotocol not acceptable")
		return
	}
	request := requestFrom(ctx)
	s.ctx = WithRequest(ctx, &Request{IP: request.IP})
	// A cookie counts only with an Origin, which the handshake has found to be allowed.
	if r.Header.Get("Origin") != "" {
		s.cookie = request.Session
	}
	s.read()
}

// enter notes a socket of a person; leave is to be called in the end.
func (t *sockets) enter(person ids.ID, s *socket) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.open[person]) >= socketsPerUser {
		return false
	}
	if t.open[person] == nil {
		t.open[person] = map[*socket]struct{}{}
	}
	t.open[person][s] = struct{}{}
	return true
}

func (t *sockets) leave(person ids.ID, s *socket) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if delete(t.open[person], s); len(t.open[person]) == 0 {
		delete(t.open, person)
	}
}

// recheck has the sockets of a person, or with "" all, look at once who is there and what they may.
func (t *sockets) recheck(person ids.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for s := range t.open[person] {
		s.wake()
	}
	if person != "" {
		return
	}
	for _, list := range t.open {
		for s := range list {
			s.wake()
		}
	}
}

// who finds out who opens a socket: by the token of its connection_init, else by its cookie. nil is nobody.
func (t *sockets) who(ctx context.Context, authorization, cookie string) (*access.Actor, error) {
	scheme, token, _ := strings.Cut(authorization, " ")
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		a, err := t.auth.ActorByToken(ctx, strings.TrimSpace(token))
		if fault.CodeOf(err) == fault.Unauthenticated {
			return nil, nil
		}
		return a, err
	case authorization == "" && cookie != "":
		return t.auth.ActorBySession(ctx, cookie)
	}
	return nil, nil
}
