package audit

import (
	"context"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/auditevent"
	"github.com/resourcepool/resourcepool/ent/predicate"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/page"
)

// store is all that this package does with the database.
type store struct{ client *ent.Client }

// events lists what one person did and what was done to them, or for "" everything.
func (s store) events(ctx context.Context, who ids.ID, args page.Args, f Filter) (page.Connection[*ent.AuditEvent], error) {
	l := page.List[*ent.AuditEvent]{
		DB: s.client, Name: "audit", Table: auditevent.Table, Key: page.ID(auditevent.FieldID),
		KeyOf: func(e *ent.AuditEvent) string { return string(e.ID) },
		Order: page.Order{Name: "AT", Desc: true},
	}
	if who != "" {
		l.Scope = append(l.Scope, auditevent.Or(auditevent.ActorID(who), auditevent.Subject(string(who))))
	}
	return page.Of(ctx, s.client.AuditEvent.Query().Where(f.predicates()...), args, l)
}

func (f Filter) predicates() (out []predicate.AuditEvent) {
	if f.Actor != nil {
		out = append(out, auditevent.ActorID(*f.Actor))
	}
	if f.Subject != nil {
		out = append(out, auditevent.Subject(*f.Subject))
	}
	if f.Action != nil {
		out = append(out, auditevent.Action(*f.Action))
	}
	if f.From != nil {
		out = append(out, auditevent.AtGTE(*f.From))
	}
	if f.To != nil {
		out = append(out, auditevent.AtLT(*f.To))
	}
	return out
}
