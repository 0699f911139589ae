package checkpoint

import (
	"context"
	"database/sql"

	"github.com/lib/pq"
	"golang.org/x/mod/sumdb/tlog"
)

// tables are the nodes in the database: the leaves are those of the transactions, the rows above are in ledger_tree.
type tables struct{ db *sql.DB }

var _ nodes = tables{}

func (t tables) pick(ctx context.Context, row int, ns []int64) ([]tlog.Hash, error) {
	var rows *sql.Rows
	var err error
	if row == 0 {
		rows, err = t.db.QueryContext(ctx, `SELECT seq - 1, leaf FROM ledger_transactions WHERE seq = ANY ($1) ORDER BY seq`, pq.Array(leavesOf(ns)))
	} else {
		rows, err = t.db.QueryContext(ctx, `SELECT n, hash FROM ledger_tree WHERE level = $1 AND n = ANY ($2) ORDER BY n`, row, pq.Array(ns))
	}
	if err != nil {
		return nil, err
	}
	return scanHashes(rows, row, len(ns), func(i int) int64 { return ns[i] })
}

func leavesOf(ns []int64) []int64 {
	seqs := make([]int64, len(ns))
	for i, n := range ns {
		seqs[i] = n + 1
	}
	return seqs
}

func (t tables) span(ctx context.Context, row int, from, to int64) ([]tlog.Hash, error) {
	var rows *sql.Rows
	var err error
	if row == 0 {
		rows, err = t.db.QueryContext(ctx, `SELECT seq - 1, leaf FROM ledger_transactions WHERE seq > $1 AND seq <= $2 ORDER BY seq`, from, to)
	} else {
		rows, err = t.db.QueryContext(ctx, `SELECT n, hash FROM ledger_tree WHERE level = $1 AND n >= $2 AND n < $3 ORDER BY n`, row, from, to)
	}
	if err != nil {
		return nil, err
	}
	return scanHashes(rows, row, int(to-from), func(i int) int64 { return from + int64(i) })
}

// scanHashes reads want hashes, of which the i-th is number(i).
func scanHashes(rows *sql.Rows, row, want int, number func(i int) int64) ([]tlog.Hash, error) {
	defer func() { _ = rows.Close() }()
	out := make([]tlog.Hash, 0, want)
	for rows.Next() {
		var n int64
		var b []byte
		if err := rows.Scan(&n, &b); err != nil {
			return nil, err
		}
		if len(out) == want || n != number(len(out)) {
			break
		}
		var h tlog.Hash
		if row == 0 {
			h = tlog.RecordHash(b)
		} else if copy(h[:], b) != len(b) || len(b) != len(h) {
			break
		}
		out = append(out, h)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if len(out) < want {
		return nil, missing(row, number(len(out)))
	}
	return out, nil
}

func (t tables) count(ctx context.Context, row int) (n int64, err error) {
	err = t.db.QueryRowContext(ctx, `SELECT coalesce(max(n) + 1, 0) FROM ledger_tree WHERE level = $1`, row).Scan(&n)
	return n, err
}

func (t tables) add(ctx context.Context, row int, from int64, hashes []tlog.Hash) error {
	values := make(pq.ByteaArray, len(hashes))
	for i := range hashes {
		values[i] = hashes[i][:]
	}
	_, err := t.db.ExecContext(ctx, `INSERT INTO ledger_tree (level, n, hash)
		SELECT $1, $2 + ordinality - 1, hash FROM unnest($3::bytea[]) WITH ORDINALITY AS u (hash, ordinality) ON CONFLICT DO NOTHING`, row, from, values)
	return err
}
