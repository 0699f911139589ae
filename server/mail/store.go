package mail

import (
	"context"
	"fmt"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
)

// queued is a mail of the outbox.
type queued struct {
	id       ids.ID
	at       time.Time
	sealed   []byte
	attempts int64 // this one included
}

func put(ctx context.Context, tx journal.Execer, id ids.ID, sealed []byte, at time.Time) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO mails (id, created_at, sealed, next_at) VALUES ($1, $2, $3, $2)`, string(id), at, sealed); err != nil {
		return fmt.Errorf("mail: put into the outbox: %w", err)
	}
	return nil
}

// take returns mails that are due, and keeps other servers off them for a while.
func take(ctx context.Context, client *ent.Client, now time.Time, lease time.Duration, n int) (_ []queued, err error) {
	rows, err := client.QueryContext(ctx, `UPDATE mails SET attempts = attempts + 1, next_at = $2 WHERE id IN
		(SELECT id FROM mails WHERE next_at <= $1 ORDER BY next_at LIMIT $3 FOR UPDATE SKIP LOCKED)
		RETURNING id, created_at, sealed, attempts`, now, now.Add(lease*time.Duration(n)), n)
	if err != nil {
		return nil, fmt.Errorf("mail: read the outbox: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []queued
	for rows.Next() {
		var q queued
		if err := rows.Scan(&q.id, &q.at, &q.sealed, &q.attempts); err != nil {
			return nil, fmt.Errorf("mail: read the outbox: %w", err)
		}
		out = append(out, q)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("mail: read the outbox: %w", err)
	}
	return out, nil
}

func drop(ctx context.Context, client *ent.Client, id ids.ID) error {
	if _, err := client.ExecContext(ctx, `DELETE FROM mails WHERE id = $1`, string(id)); err != nil {
		return fmt.Errorf("mail: take out of the outbox: %w", err)
	}
	return nil
}

func later(ctx context.Context, client *ent.Client, id ids.ID, at time.Time, why string) error {
	if _, err := client.ExecContext(ctx, `UPDATE mails SET next_at = $2, last_error = $3 WHERE id = $1`, string(id), at, why); err != nil {
		return fmt.Errorf("mail: put off: %w", err)
	}
	return nil
}
