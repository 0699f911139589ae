package pool

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/poolresource"
	"github.com/resourcepool/resourcepool/server/ids"
)

// graceRuns begins the time that an owner has to repair a key, unless it runs already.
func graceRuns(id ids.ID, at time.Time) step {
	return func(ctx context.Context, tx *ent.Client) error {
		_, err := tx.ExecContext(ctx, `UPDATE pool_resources SET suspended_at = $2 WHERE id = $1 AND suspended_at IS NULL`, string(id), at)
		if err != nil {
			return fmt.Errorf("pool: begin the grace of %s: %w", id, err)
		}
		return nil
	}
}

// graceStops ends it and remembers what of it is gone.
func graceStops(id ids.ID, at time.Time) step {
	return func(ctx context.Context, tx *ent.Client) error {
		_, err := tx.ExecContext(ctx, `UPDATE pool_resources
			SET grace_used_ms = grace_used_ms + GREATEST(0, (extract(epoch FROM $2 - suspended_at) * 1000)::bigint), suspended_at = NULL
			WHERE id = $1 AND suspended_at IS NOT NULL`, string(id), at)
		if err != nil {
			return fmt.Errorf("pool: stop the grace of %s: %w", id, err)
		}
		return nil
	}
}

// suspendedFor holds where a key has been suspended by its provider for as long as grace, what is remembered included.
func suspendedFor(now time.Time, grace time.Duration) condition {
	return func(s *sql.Selector) {
		s.Where(sql.P(func(b *sql.Builder) {
			b.Ident(s.C(poolresource.FieldSuspendedAt)).WriteString(" - ").Ident(s.C(poolresource.FieldGraceUsedMs)).
				WriteString(" * interval '1 millisecond' <= ").Arg(now.Add(-grace))
		}))
	}
}

// credited holds where somebody was credited for the key: it is not the platform's own.
var credited condition = poolresource.OwnerIDNotNil()

// some returns some of the resources for which the conditions hold.
func (s *Service) some(ctx context.Context, most int, where []condition) ([]ids.ID, error) {
	found, err := s.ent.PoolResource.Query().Where(where...).Limit(most).IDs(ctx)
	if err != nil {
		return nil, fmt.Errorf("pool: look for keys to end: %w", err)
	}
	return found, nil
}

// leftover is a resource that is over, with something left on it.
type leftover struct {
	id, owner ids.ID
	label     string
}

// leftOver returns resources that expired or were forfeited and on which something is left that is not held.
func (s *Service) leftOver(ctx context.Context) ([]leftover, error) {
	rows, err := s.ent.QueryContext(ctx, `SELECT r.id, coalesce(r.owner_id, ''), r.label
		FROM pool_resources r JOIN ledger_accounts a ON a.id = 'resource:' || r.id
		WHERE (r.status = 'EXPIRED' OR r.status = 'DEPLETED' AND r.suspended_at IS NOT NULL) AND a.balance > a.held AND NOT a.closing`)
	if err != nil {
		return nil, fmt.Errorf("pool: look for what ended keys left: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var over []leftover
	for rows.Next() {
		var r leftover
		if err := rows.Scan(&r.id, &r.owner, &r.label); err != nil {
			return nil, err
		}
		over = append(over, r)
	}
	return over, rows.Err()
}
