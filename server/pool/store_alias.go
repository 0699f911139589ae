package pool

import (
	"context"
	"fmt"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
)

const (
	actionAlias   = "alias.set"
	actionUnalias = "alias.remove"
)

func readAliases(ctx context.Context, tx *ent.Tx) ([]Alias, error) {
	rows, err := tx.QueryContext(ctx, `SELECT name, model FROM model_aliases`)
	if err != nil {
		return nil, fmt.Errorf("pool: read aliases: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var all []Alias
	for rows.Next() {
		var a Alias
		if err := rows.Scan(&a.Name, &a.Model); err != nil {
			return nil, fmt.Errorf("pool: read aliases: %w", err)
		}
		all = append(all, a)
	}
	return all, rows.Err()
}

func (p *Prices) setAlias(ctx context.Context, actor ids.ID, a Alias) error {
	return p.changeAlias(ctx, actor, actionAlias, a.Name, map[string]any{"model": a.Model}, func(ctx context.Context, tx *ent.Client) (bool, error) {
		_, err := tx.ExecContext(ctx, `INSERT INTO model_aliases (name, model, updated_at) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET model = EXCLUDED.model, updated_at = EXCLUDED.updated_at`, a.Name, a.Model, p.clock.Now())
		return true, err
	})
}

func (p *Prices) removeAlias(ctx context.Context, actor ids.ID, name string) (removed bool, err error) {
	err = p.changeAlias(ctx, actor, actionUnalias, name, nil, func(ctx context.Context, tx *ent.Client) (bool, error) {
		result, err := tx.ExecContext(ctx, `DELETE FROM model_aliases WHERE name = $1`, name)
		if err != nil {
			return false, err
		}
		n, err := result.RowsAffected()
		removed = n > 0
		return removed, err
	})
	return removed && err == nil, err
}

// changeAlias commits a change with its audit event and what wakes the other servers, where it changed anything.
func (p *Prices) changeAlias(ctx context.Context, actor ids.ID, action, name string, detail map[string]any, change func(context.Context, *ent.Client) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return inTransaction(ctx, p.ent, func(tx *ent.Client) error {
		changed, err := change(ctx, tx)
		if err != nil {
			return fmt.Errorf("pool: %s of %s: %w", action, name, err)
		}
		if !changed {
			return nil
		}
		err = journal.Audit(ctx, tx, journal.Event{
			ID: p.ids.New(ids.Audit), At: p.clock.Now(), Actor: actor, Action: action, Subject: name, Detail: detail,
		})
		if err != nil {
			return err
		}
		return journal.Change(ctx, tx, journal.Prices, name)
	})
}
