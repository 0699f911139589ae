package account

import (
	"context"
	"fmt"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
)

// store is all that this package does with the database.
type store struct{ client *ent.Client }

// inTx runs f in a transaction that is committed when f succeeds.
func (st store) inTx(ctx context.Context, f func(tx *ent.Client) error) error {
	tx, err := st.client.Tx(ctx)
	if err != nil {
		return fmt.Errorf("account: begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := f(tx.Client()); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("account: commit: %w", err)
	}
	return nil
}

// note writes what a change of a person leaves behind.
func note(ctx context.Context, tx *ent.Client, user ids.ID, e journal.Event) error {
	if err := journal.Audit(ctx, tx, e); err != nil {
		return err
	}
	return journal.Change(ctx, tx, journal.User, string(user))
}

// audit records what stands and falls with nothing.
func (st store) audit(ctx context.Context, e journal.Event) error {
	return journal.Audit(ctx, st.client, e)
}

// wellFormed reports whether any row can have this id. What a client sends may not even be text to Postgres.
func wellFormed(id ids.ID, kind ids.Kind) bool {
	_, err := ids.Parse("", string(id), kind)
	return err == nil
}
