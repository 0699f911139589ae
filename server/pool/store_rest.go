package pool

import (
	"context"
	"fmt"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/ids"
)

// loadRests returns the rests that end after a time, by what they are about.
func (s *Service) loadRests(ctx context.Context, after time.Time) (map[string][]Rest, error) {
	rows, err := s.ent.QueryContext(ctx, `SELECT subject, model, why, until, failures FROM rests WHERE until > $1 ORDER BY subject, model`, after)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var rests map[string][]Rest
	for rows.Next() {
		var r Rest
		if err := rows.Scan(&r.Subject, &r.Model, &r.Why, &r.Until, &r.Failures); err != nil {
			return nil, err
		}
		if rests == nil {
			rests = map[string][]Rest{}
		}
		rests[r.Subject] = append(rests[r.Subject], r)
	}
	return rests, rows.Err()
}

// pruneRests waits for nobody: the ledger's writer may wait for a row that it locks.
func (s *Service) pruneRests(ctx context.Context, before time.Time) error {
	_, err := s.ent.ExecContext(ctx, `DELETE FROM rests r USING (SELECT subject, model FROM rests WHERE until < $1 FOR UPDATE SKIP LOCKED) old
		WHERE r.subject = old.subject AND r.model = old.model`, before)
	if err != nil {
		return fmt.Errorf("pool: forget old rests: %w", err)
	}
	return nil
}

// awake ends the rests of a key that passed a test.
func awake(id ids.ID) step {
	return func(ctx context.Context, tx *ent.Client) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM rests WHERE subject = $1`, string(id)); err != nil {
			return fmt.Errorf("pool: end the rests of %s: %w", id, err)
		}
		return nil
	}
}
