// Package audit tells who did what: to admins all of it, to everybody else what they did and what was done to them. Events are
// written by package journal, in the transactions of what they tell of, and never change.
//
// Invariant: from where somebody acted is shown to themself and to admins alone. Imports: ent, access, page, ids, fault. Ent
// is in store.go.
package audit

import (
	"context"
	"encoding/json"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/page"
)

// Log reads the audit log.
type Log struct {
	store  store
	policy *access.Policy
}

// New returns a log.
func New(client *ent.Client, p *access.Policy) *Log {
	return &Log{store: store{client}, policy: p}
}

// Event is an event as its reader may see it.
type Event struct {
	ID      ids.ID
	At      time.Time
	Actor   ids.ID // "": the platform itself, or somebody who is not known
	Action  string
	Subject string
	Detail  *string // JSON
	Reason  *string
	Origin
}

// Origin is where somebody acted from; nil is what is not known or not to be seen.
type Origin struct {
	IP, UserAgent           *string
	Session, Token, Request *ids.ID
}

// Filter narrows a list of events; what is nil takes all. From is inclusive, To exclusive.
type Filter struct {
	Actor    *ids.ID
	Subject  *string
	Action   *string
	From, To *time.Time
}

// Events returns the events that the actor may see, the newest first. A filter on what another did, or on what was done to
// another, is FORBIDDEN for all but admins.
func (l *Log) Events(ctx context.Context, actor *access.Actor, args page.Args, f Filter) (page.Connection[Event], error) {
	var none page.Connection[Event]
	if err := l.policy.Check(actor, "call", "Query.auditLog", ""); err != nil {
		return none, err
	}
	if err := l.mayFilter(actor, f); err != nil {
		return none, err
	}
	var scope ids.ID
	all := l.policy.Can(actor, "read", "AuditEvent", "")
	if !all {
		scope = actor.ID
	}
	found, err := l.store.events(ctx, scope, args, f)
	if err != nil {
		return none, err
	}
	return page.Map(found, func(e *ent.AuditEvent) Event { return shown(e, all, actor.ID) }), nil
}

func (l *Log) mayFilter(actor *access.Actor, f Filter) error {
	if f.Actor != nil {
		if err := l.policy.Check(actor, "filter", "AuditFilter.actorId", *f.Actor); err != nil {
			return err
		}
	}
	// What is no person is part of what the list has anyway, or of nothing.
	if f.Subject != nil && ids.ID(*f.Subject).Kind() == ids.User {
		return l.policy.Check(actor, "filter", "AuditFilter.subject", ids.ID(*f.Subject))
	}
	for field, text := range map[string]*string{"filter.subject": f.Subject, "filter.action": f.Action} {
		if text != nil && !plain(*text) {
			return fault.Invalid(field, "this is plain text of at most %d bytes", maxText)
		}
	}
	return nil
}

const maxText = 300

func plain(s string) bool {
	if len(s) > maxText {
		return false
	}
	for _, r := range s {
		if r < ' ' || r == '\ufffd' {
			return false
		}
	}
	return true
}

// shown is an event for a reader: an admin, or somebody whom it is about.
func shown(e *ent.AuditEvent, all bool, reader ids.ID) Event {
	out := Event{ID: e.ID, At: e.At, Action: e.Action, Subject: e.Subject, Reason: known(e.Reason)}
	if e.ActorID != nil {
		out.Actor = *e.ActorID
	}
	if e.Detail != nil {
		text, _ := json.Marshal(e.Detail) // it came from JSON: can't fail
		out.Detail = known(string(text))
	}
	if all || out.Actor == "" || out.Actor == reader {
		out.Origin = Origin{
			IP: known(e.IP), UserAgent: known(e.UserAgent), Session: known(e.SessionID), Token: known(e.TokenID), Request: known(e.RequestID),
		}
	}
	return out
}

func known[T ~string](v T) *T {
	if v == "" {
		return nil
	}
	return &v
}
