package check

import (
	"context"
	"database/sql"
	"errors"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
)

// Books are what a person corrects.
type Books struct {
	DB     *sql.DB
	Ledger doer
	IDs    *ids.Source
}

// ErrNoActor says that no admin has this e-mail address or id.
var ErrNoActor = errors.New("no admin has this e-mail address or id")

// Admin returns the admin with an e-mail address or id.
func Admin(ctx context.Context, db *sql.DB, name string) (id ids.ID, err error) {
	err = db.QueryRowContext(ctx, `SELECT id FROM users WHERE (id = $1 OR email = lower(trim($1))) AND admin AND status = 'ACTIVE'`, name).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNoActor
	}
	return id, err
}

// Corrections returns what has corrected a transaction before, in words.
func (b *Books) Corrections(ctx context.Context, seq int64) ([]string, error) {
	rows, err := b.DB.QueryContext(ctx, `SELECT coalesce(detail->>'booked', '?') || ' at ' || to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC by ' || coalesce(actor_id, '?') || ': ' || coalesce(detail->>'reason', '')
		FROM audit_events WHERE subject = $1 AND action = $2 ORDER BY id`, transaction(seq), actionCorrect)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

var auditTable = &ledger.Table{
	Name: "audit_events", Rank: 60,
	SQL: `INSERT INTO audit_events (id, at, actor_id, action, subject, detail)
		SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::jsonb[])`,
	Types: []string{"text", "timestamptz", "text", "text", "text", "jsonb"},
}

// auditRow is the event of a correction.
type auditRow struct {
	id     ids.ID
	op     *ledger.Adjust
	out    ledger.Outcome
	detail string
}

var _ ledger.Row = auditRow{}

func (r auditRow) Table() *ledger.Table { return auditTable }
func (r auditRow) Key() string          { return string(r.id) }
func (r auditRow) Values() []any {
	return []any{string(r.id), r.out.At, string(r.op.Actor), actionCorrect, transaction(r.op.Corrects), r.detail}
}
func (r auditRow) Merge(later ledger.Row) ledger.Row { return later } // ids are unique
