package checkpoint

import (
	"context"
	"database/sql"

	"github.com/lib/pq"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/resourcepool/resourcepool/server/ledger"
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
	return scanHashes(rows, row, ns)
}

func leavesOf(ns []int64) []int64 {
	seqs := make([]int64, len(ns))
	for i, n := range ns {
		seqs[i] = n + 1
	}
	return seqs
}

// scanHashes reads the hashes ns.
func scanHashes(rows *sql.Rows, row int, ns []int64) ([]tlog.Hash, error) {
	defer func() { _ = rows.Close() }()
	out := make([]tlog.Hash, 0, len(ns))
	for rows.Next() {
		var n int64
		var b []byte
		if err := rows.Scan(&n, &b); err != nil {
			return nil, err
		}
		if len(out) == len(ns) || n != ns[len(out)] {
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
	if len(out) < len(ns) {
		return nil, missing(row, ns[len(out)])
	}
	return out, nil
}

// step is what a transaction adds to the log.
type step struct{ leaf, hash ledger.Digest }

// steps reads the transactions from < seq ≤ to, up to the first that is missing or not to be read.
func (t tables) steps(ctx context.Context, from, to int64) ([]step, error) {
	rows, err := t.db.QueryContext(ctx, `SELECT seq, leaf, hash FROM ledger_transactions WHERE seq > $1 AND seq <= $2 ORDER BY seq`, from, to)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := make([]step, 0, to-from)
	for rows.Next() {
		var seq int64
		var leaf, hash sql.RawBytes
		if err := rows.Scan(&seq, &leaf, &hash); err != nil {
			return nil, err
		}
		var s step
		if seq != from+int64(len(out))+1 || len(leaf) != len(s.leaf) || len(hash) != len(s.hash) {
			break
		}
		copy(s.leaf[:], leaf)
		copy(s.hash[:], hash)
		out = append(out, s)
	}
	return out, rows.Err()
}

// add stores hashes of the tree. It returns how many others were in their place.
func (t tables) add(ctx context.Context, nodes []node) (replaced int64, err error) {
	levels, ns, hashes := make([]int64, len(nodes)), make([]int64, len(nodes)), make(pq.ByteaArray, len(nodes))
	for i := range nodes {
		levels[i], ns[i], hashes[i] = int64(nodes[i].row), nodes[i].n, nodes[i].hash[:]
	}
	args := []any{pq.Array(levels), pq.Array(ns), hashes}
	done, err := t.db.ExecContext(ctx, `UPDATE ledger_tree t SET hash = u.hash FROM unnest($1::smallint[], $2::bigint[], $3::bytea[]) AS u (level, n, hash)
		WHERE t.level = u.level AND t.n = u.n AND t.hash <> u.hash`, args...)
	if err != nil {
		return 0, err
	}
	if replaced, err = done.RowsAffected(); err != nil {
		return 0, err
	}
	_, err = t.db.ExecContext(ctx, `INSERT INTO ledger_tree (level, n, hash) SELECT level, n, hash FROM unnest($1::smallint[], $2::bigint[], $3::bytea[]) AS u (level, n, hash)
		ON CONFLICT (level, n) DO UPDATE SET hash = excluded.hash WHERE ledger_tree.hash <> excluded.hash`, args...)
	return replaced, err
}
