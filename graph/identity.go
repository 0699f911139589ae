package graph

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
)

var errTooManyOperations = gqlerror.List{{
	Message:    "too many operations on this socket",
	Extensions: map[string]any{"code": fault.RateLimited},
}}

// errRetiring refuses what would begin on a socket that is kept for a running completion alone.
var errRetiring = gqlerror.List{{
	Message:    "the server is being stopped: nothing was done, try again",
	Extensions: map[string]any{"code": fault.Overloaded, "retryAfterSeconds": 1},
}}

// identity is who is on a socket, asked again and again while it lives: a session may end, a token be revoked, a role
// be taken.
type identity struct {
	greeted bool   // connection_init came; the reader's alone
	person  ids.ID // "" where signed out; set once, by the reader, before any operation

	asking    sync.Mutex
	actor     *access.Actor
	checkedAt time.Time
}

// init takes connection_init.
func (s *socket) init(payload json.RawMessage) {
	if s.greeted {
		s.close(closeTooMany, "Too many initialisation requests")
		return
	}
	authorization, ok := authorizationOf(payload)
	if !ok {
		s.close(closeBadMessage, "Invalid message received")
		return
	}
	s.greeted = true
	ctx, cancel := context.WithTimeout(s.ctx, s.timing.patience)
	defer cancel()
	a, err := s.who(ctx, authorization, s.cookie)
	switch {
	case fault.CodeOf(err) == fault.Forbidden:
		s.close(closeForbidden, "Forbidden")
		return
	case err != nil:
		s.log.ErrorContext(s.ctx, "graphql: a socket can't be authenticated", "err", err)
		s.close(websocket.CloseTryAgainLater, "Try again later")
		return
	case a == nil && (authorization != "" || s.cookie != ""):
		s.close(closeUnauthorized, "Unauthorized")
		return
	case a != nil && !s.enter(a.ID, s):
		s.close(closeTooMany, "Too many sockets")
		return
	case a != nil:
		s.mu.Lock()
		s.person, s.actor, s.checkedAt = a.ID, a, s.clock.Now()
		s.mu.Unlock()
		s.conn.SetReadLimit(readLimit)
		s.alive()
		s.work.Go(s.watch)
	}
	s.send(frame{Type: "connection_ack"})
}

// authorizationOf reads connection_init's payload: an object or nothing.
func authorizationOf(payload json.RawMessage) (string, bool) {
	if len(payload) == 0 || string(payload) == "null" {
		return "", true
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(payload, &fields) != nil {
		return "", false
	}
	for name, raw := range fields {
		var value string
		if strings.EqualFold(name, "Authorization") {
			return value, json.Unmarshal(raw, &value) == nil && value != ""
		}
	}
	return "", true
}

// watch looks after the socket while nothing is sent.
func (s *socket) watch() {
	check, ping := time.NewTicker(s.timing.check), time.NewTicker(s.timing.ping)
	defer check.Stop()
	defer ping.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-check.C:
			s.current(s.timing.check/2, patiently)
		case <-s.woken:
			s.current(0, patiently)
		case <-ping.C:
			s.ping()
		}
	}
}

// wake has watch look at once. It never blocks.
func (s *socket) wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// How to take it that who is there can't be found out: it may be in a moment, or something is to be done now.
const (
	strictly  = false
	patiently = true
)

// current returns who is there, as known at most maxAge ago. It closes the socket and returns false where nobody is, where
// they have lost a role that the operations may stand on or the right to one that runs, and where that can't be found out,
// for too long if asked patiently.
func (s *socket) current(maxAge time.Duration, patient bool) (*access.Actor, bool) {
	s.asking.Lock()
	defer s.asking.Unlock()
	a, ok := s.known(maxAge, patient)
	if ok && !s.mayGoOn(a) {
		s.close(closeForbidden, "Forbidden")
		return nil, false
	}
	return a, ok
}

// mayGoOn reports whether the actor still has the right to all that runs: it may have gone with a status or a custom role.
func (s *socket) mayGoOn(a *access.Actor) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, op := range s.running {
		if !op.request.standsOn(func(object string) bool { return s.policy.Can(a, "call", object, "") }) {
			return false
		}
	}
	return true
}

// known needs asking.
func (s *socket) known(maxAge time.Duration, patient bool) (*access.Actor, bool) {
	now := s.clock.Now()
	if maxAge > 0 && now.Sub(s.checkedAt) <= maxAge {
		return s.actor, s.ctx.Err() == nil
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.timing.patience)
	defer cancel()
	a, err := s.auth.Refresh(ctx, s.actor)
	switch {
	case s.ctx.Err() != nil:
		return nil, false
	case err != nil && patient && now.Sub(s.checkedAt) < s.timing.patience:
		return s.actor, true
	case err != nil:
		s.log.WarnContext(s.ctx, "graphql: who is on a socket can't be found out", "err", err)
		s.close(websocket.CloseTryAgainLater, "Try again later")
		return nil, false
	case a == nil:
		s.close(closeUnauthorized, "Unauthorized")
		return nil, false
	case s.actor.LostTo(a):
		s.close(closeForbidden, "Forbidden")
		return nil, false
	}
	s.actor, s.checkedAt = a, now
	return a, true
}
