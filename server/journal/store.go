package journal

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/origin"
)

// Execer is a *sql.DB, a *sql.Tx or an ent client. It is an alias, so that peers that write the same literal agree
// without importing one another.
type Execer = interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// The kinds of changes, and what ref names.
const (
	User     = "user"     // a user's id
	Resource = "resource" // a resource's id
	Prices   = "prices"   // a model's name
	Settings = "settings" // nothing
	Roles    = "roles"    // a custom role's name
	Rest     = "rest"     // what is left alone for a while, or is no more: a resource's id or another name
)

// Event is something that someone did, or that the platform did by itself.
type Event struct {
	ID      ids.ID
	At      time.Time
	Actor   ids.ID // none: the platform itself
	Action  string // "user.roles", "resource.suspend", …
	Subject string // the id of what it was done to
	Reason  string // what who did it gave as the reason, "" for what the context has
	Detail  map[string]any
}

// Notice is something that needs a person.
type Notice struct {
	ID      ids.ID
	At      time.Time
	Kind    string // "usage.clamped", "key.unreadable", …
	Subject string // the id of what it is about
	Message string
}

// Change records that ref changed. Readers learn of it after the commit.
func Change(ctx context.Context, tx Execer, kind, ref string) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO changes (kind, ref) VALUES ($1, $2)`, kind, ref); err != nil {
		return fmt.Errorf("journal: change of %s %s: %w", kind, ref, err)
	}
	return nil
}

// AuditColumns are the columns of audit_events that Values has values for, and AuditTypes what Postgres calls their types.
var (
	AuditColumns = []string{"id", "at", "actor_id", "action", "subject", "detail", "session_id", "token_id", "request_id", "ip", "user_agent", "reason"}
	AuditTypes   = []string{"text", "timestamptz", "text", "text", "text", "jsonb", "text", "text", "text", "text", "text", "text"}
)

var insertAudit = `INSERT INTO audit_events (` + strings.Join(AuditColumns, ", ") + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`

// Values is the row of an event, with where it came from as the context knows it.
func (e Event) Values(ctx context.Context) ([]any, error) {
	from := origin.From(ctx)
	var actor, detail any // NULL where there is none
	if e.Actor != "" {
		actor = string(e.Actor)
	}
	if e.Detail != nil {
		text, err := json.Marshal(e.Detail)
		if err != nil {
			return nil, fmt.Errorf("journal: detail of %s: %w", e.Action, err)
		}
		detail = string(text)
	}
	return []any{
		string(e.ID), e.At, actor, e.Action, e.Subject, detail,
		string(from.Session), string(from.Token), string(from.Request), from.IP, from.UserAgent, cmp.Or(e.Reason, reason(ctx)),
	}, nil
}

// Audit records an event, and where it came from as the context knows it.
func Audit(ctx context.Context, tx Execer, e Event) error {
	values, err := e.Values(ctx)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, insertAudit, values...); err != nil {
		return fmt.Errorf("journal: audit %s: %w", e.Action, err)
	}
	return nil
}

// Alert raises an alert. Where one of the same kind and subject is open, that one stands and nothing is written.
func Alert(ctx context.Context, tx Execer, n Notice) error {
	_, err := tx.ExecContext(ctx,
		`INSERT INTO alerts (id, at, kind, subject, message) VALUES ($1, $2, $3, $4, $5)
		 ON CONFLICT (kind, subject) WHERE resolved_at IS NULL DO NOTHING`,
		n.ID, n.At, n.Kind, n.Subject, n.Message)
	if err != nil {
		return fmt.Errorf("journal: alert %s: %w", n.Kind, err)
	}
	return nil
}

// Resolve closes the open alert of the kind and subject, if there is one.
func Resolve(ctx context.Context, tx Execer, kind, subject string, at time.Time) error {
	_, err := tx.ExecContext(ctx,
		`UPDATE alerts SET resolved_at = $3 WHERE kind = $1 AND subject = $2 AND resolved_at IS NULL`, kind, subject, at)
	if err != nil {
		return fmt.Errorf("journal: resolve %s: %w", kind, err)
	}
	return nil
}
