package ledger

import (
	"context"
	"database/sql"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
)

// StatementLine is a line of a user's statement with the request that it is for, "" where there is none.
type StatementLine struct {
	WalletEntry
	Usage ids.ID
	Model string
}

// Statement is what a user's statement was when it was opened, for reading from the oldest line to the newest. Lines are
// never changed and are numbered in the order of their commits, so that the last number is all it takes to keep what is
// booked meanwhile out.
type Statement struct {
	db    *sql.DB
	user  ids.ID
	seq   int64 // of the line before the next one
	n     int
	until int64
}

// Statement opens a user's statement, from a time on and before another; nil is no bound.
func (l *Ledger) Statement(ctx context.Context, user ids.ID, from, to *time.Time) (*Statement, error) {
	s := &Statement{db: l.db, user: user, n: mostEntries}
	err := l.db.QueryRowContext(ctx, `SELECT CASE WHEN $1::timestamptz IS NULL THEN 0 ELSE ledger_seq_at($1) - 1 END,
		CASE WHEN $2::timestamptz IS NULL THEN seq ELSE least(seq, ledger_seq_at($2) - 1) END
		FROM ledger_head WHERE id = 1`, from, to).Scan(&s.seq, &s.until)
	return s, err
}

// mostEntries is above the place of any entry in its transaction.
const mostEntries = 1 << 15

// statementPage is how many lines are in memory at once.
const statementPage = 1000

// Next returns the next lines, none at the end.
func (s *Statement) Next(ctx context.Context) ([]StatementLine, error) {
	// The page first, then what it names: a join of all would read the transactions from the first one on.
	rows, err := s.db.QueryContext(ctx, `WITH page AS MATERIALIZED (
			SELECT seq, n, amount, balance_after FROM ledger_entries
			WHERE account_id = $1 AND balance_after IS NOT NULL AND (seq, n) > ($2::bigint, $3::int) AND seq <= $4 ORDER BY seq, n LIMIT $5)
		SELECT e.seq, e.n, t.created_at, t.kind, e.amount, e.balance_after, t.memo, t.usage_id, coalesce(u.model, '')
		FROM page e JOIN ledger_transactions t ON t.seq = e.seq AND t.seq BETWEEN $2 AND $4 LEFT JOIN usage_logs u ON u.id = t.usage_id
		ORDER BY e.seq, e.n`, string(Wallet(s.user)), s.seq, s.n, s.until, statementPage)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var lines []StatementLine
	for rows.Next() {
		var e StatementLine
		if err := rows.Scan(&e.Seq, &e.N, &e.CreatedAt, &e.Kind, &e.Amount, &e.BalanceAfter, &e.Memo, &e.Usage, &e.Model); err != nil {
			return nil, err
		}
		e.CreatedAt = e.CreatedAt.UTC()
		s.seq, s.n = e.Seq, e.N
		lines = append(lines, e)
	}
	return lines, rows.Err()
}
