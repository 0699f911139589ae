package check

import (
	"context"
	"database/sql"
	"errors"

	"github.com/lib/pq"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
	"github.com/resourcepool/resourcepool/server/ledger"
)

// Books are what a person corrects.
type Books struct {
	DB     *sql.DB
	Ledger doer
	IDs    *ids.Source
	// AuditRow makes an audit event stand or fall with an operation: pool.AuditRow.
	AuditRow func(context.Context, journal.Event) ledger.Row
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
	var out []string
	err := b.DB.QueryRowContext(ctx, `SELECT ARRAY(SELECT coalesce(detail->>'booked', '?') || ' at ' || to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC by ' ||
			coalesce(actor_id, '?') || ': ' || coalesce(detail->>'reason', '')
		FROM audit_events WHERE subject = $1 AND action = $2 ORDER BY id)`, transaction(seq), actionCorrect).Scan(pq.Array(&out))
	return out, err
}
