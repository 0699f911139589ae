package checkpoint

import (
	"context"
	"database/sql"
	"errors"

	"github.com/resourcepool/resourcepool/server/ledger"
)

// head returns the size of the log and the hash of its last transaction.
func (t tables) head(ctx context.Context) (seq int64, hash ledger.Digest, err error) {
	var b []byte
	err = t.db.QueryRowContext(ctx, `SELECT seq, hash FROM ledger_head WHERE id = 1`).Scan(&seq, &b)
	copy(hash[:], b)
	return seq, hash, err
}

// chained returns the hash of a transaction; found is false where there is none.
func (t tables) chained(ctx context.Context, seq int64) (hash ledger.Digest, found bool, err error) {
	var b []byte
	err = t.db.QueryRowContext(ctx, `SELECT hash FROM ledger_transactions WHERE seq = $1`, seq).Scan(&b)
	if errors.Is(err, sql.ErrNoRows) {
		return hash, false, nil
	}
	return hash, copy(hash[:], b) == len(b) && len(b) == len(hash), err
}

// newest returns the checkpoint that proofs are made with, "" where there is none yet, and the size that is said of it.
func (t tables) newest(ctx context.Context) (size int64, note string, err error) {
	err = t.db.QueryRowContext(ctx, `SELECT size, note FROM ledger_checkpoint WHERE id = 1`).Scan(&size, &note)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, "", nil
	}
	return size, note, err
}

// publish makes proofs be made with a checkpoint, unless a larger one was published meanwhile by a faster server; the note
// foreign is replaced whatever size it has.
func (t tables) publish(ctx context.Context, size int64, note []byte, foreign string) error {
	_, err := t.db.ExecContext(ctx, `INSERT INTO ledger_checkpoint AS c (id, size, note) VALUES (1, $1, $2)
		ON CONFLICT (id) DO UPDATE SET size = excluded.size, note = excluded.note
		WHERE (c.size, c.note) <> (excluded.size, excluded.note) AND (c.size <= excluded.size OR c.note = $3)`, size, string(note), foreign)
	return err
}
