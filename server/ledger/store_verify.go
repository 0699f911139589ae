package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// verifyPage is how many transactions are read at once.
const verifyPage = 5000

// VerifyOptions are what a verification runs with. The functions may be nil; they are called from one goroutine.
type VerifyOptions struct {
	Now time.Time // what the report is dated with
	// Progress is told now and then how far it is.
	Progress func(seq, head int64)
	// Watch is told of every transaction in its order, as the tables have it, whether or not it is in order itself.
	Watch func(seq int64, leaf, hash Digest)
}

// Verify recomputes the books of a database in one snapshot.
func Verify(ctx context.Context, db *sql.DB, o VerifyOptions) (*Report, error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }()
	v := newVerifier()
	v.report.CheckedAt = o.Now
	var h head
	var hash []byte
	if err := tx.QueryRowContext(ctx, `SELECT seq, hash FROM ledger_head WHERE id = 1`).Scan(&h.seq, &hash); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	copy(h.hash[:], hash)
	for {
		page, err := readPage(ctx, tx, v.seq)
		if err != nil {
			return nil, err
		}
		for i := range page {
			v.step(&page[i])
			if o.Watch != nil {
				o.Watch(page[i].seq, page[i].leaf, page[i].hash)
			}
		}
		if o.Progress != nil {
			o.Progress(v.seq, h.seq)
		}
		if len(page) < verifyPage {
			break
		}
	}
	accounts, err := readAccounts(ctx, tx)
	if err != nil {
		return nil, err
	}
	v.end(h, accounts)
	return v.report, checkSums(ctx, tx, v)
}

// readPage reads the transactions after a sequence, each with its entries.
func readPage(ctx context.Context, tx *sql.Tx, after int64) ([]stored, error) {
	rows, err := tx.QueryContext(ctx, `SELECT seq, kind, created_at, memo, memo_salt, actor_id, user_id, resource_id, usage_id, leaf, previous_hash, hash
		FROM ledger_transactions WHERE seq > $1 ORDER BY seq LIMIT $2`, after, verifyPage)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var page []stored
	for rows.Next() {
		var t stored
		var leaf, prev, hash []byte
		err := rows.Scan(&t.seq, &t.kind, &t.at, &t.memo, &t.memoOpening, &t.actor, &t.user, &t.resource, &t.usage, &leaf, &prev, &hash)
		if err != nil {
			return nil, err
		}
		if copy(t.leaf[:], leaf) != len(t.leaf) || copy(t.prev[:], prev) != len(t.prev) || copy(t.hash[:], hash) != len(t.hash) {
			t.wrong = "a hash has the wrong length"
		}
		page = append(page, t)
	}
	if err := rows.Err(); err != nil || len(page) == 0 {
		return nil, err
	}
	return page, readEntries(ctx, tx, page)
}

func readEntries(ctx context.Context, tx *sql.Tx, page []stored) error {
	rows, err := tx.QueryContext(ctx, `SELECT seq, n, account_id, amount, balance_after, salt FROM ledger_entries
		WHERE seq BETWEEN $1 AND $2 ORDER BY seq, n`, page[0].seq, page[len(page)-1].seq)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	at := 0
	for rows.Next() {
		var seq int64
		var n int
		var e storedEntry
		var after sql.NullInt64
		if err := rows.Scan(&seq, &n, &e.Account, &e.Amount, &after, &e.salt); err != nil {
			return err
		}
		if after.Valid {
			e.after = &after.Int64
		}
		for at < len(page) && page[at].seq < seq {
			at++
		}
		if at == len(page) || page[at].seq != seq {
			continue // an entry without its transaction: the gap is found by the sequence
		}
		t := &page[at]
		if n != len(t.entries) {
			t.wrong = fmt.Sprintf("entry %d is missing", len(t.entries))
		}
		t.entries = append(t.entries, e)
	}
	return rows.Err()
}

func readAccounts(ctx context.Context, tx *sql.Tx) (map[AccountID]Balance, error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, balance, held FROM ledger_accounts`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := map[AccountID]Balance{}
	for rows.Next() {
		var id AccountID
		var b Balance
		if err := rows.Scan(&id, &b.Balance, &b.Held); err != nil {
			return nil, err
		}
		out[id] = b
	}
	return out, rows.Err()
}

// sumChecks each return rows of text, one for every disagreement. They compare what the database itself can add up.
var sumChecks = []string{
	`SELECT a.id || ' holds ' || a.held || ', its holds add up to ' || coalesce(h.sum, 0) FROM ledger_accounts a
		FULL JOIN (SELECT account, sum(amount) FROM (
			SELECT 'wallet:' || user_id AS account, credits AS amount FROM ledger_holds
			UNION ALL SELECT 'resource:' || resource_id, usd FROM ledger_holds
			UNION ALL SELECT 'wallet:' || user_id, reserved FROM ledger_deposits WHERE reserved > 0) x GROUP BY account) h ON h.account = a.id
		WHERE coalesce(a.held, 0) <> coalesce(h.sum, 0)`,
	`SELECT 'token ' || b.token_id || ' holds ' || b.held || ', its holds add up to ' || coalesce(h.sum, 0) FROM ledger_budgets b
		LEFT JOIN (SELECT token_id, sum(credits) FROM ledger_holds WHERE token_id <> '' GROUP BY token_id) h ON h.token_id = b.token_id
		WHERE b.held <> coalesce(h.sum, 0)`,
	`SELECT 'the hold ' || id || ' is open past its expiry' FROM ledger_holds WHERE expires_at < clock_timestamp() - interval '60 seconds'`,
	`SELECT 'pool_totals differ from the usage logs' FROM pool_totals t, (SELECT count(*) AS requests, count(*) FILTER (WHERE status = 'SUCCEEDED') AS succeeded,
			coalesce(sum(credits_charged), 0) AS credits, coalesce(sum(cost_amount), 0) AS cost FROM usage_logs) u
		WHERE (t.requests, t.succeeded, t.credits_charged, t.provider_cost) <> (u.requests, u.succeeded, u.credits, u.cost)`,
	`SELECT 'the hourly roll-ups differ from the usage logs' FROM
		(SELECT coalesce(sum(requests), 0) AS r, coalesce(sum(failed), 0) AS f, coalesce(sum(credits_charged), 0) AS c, coalesce(sum(cost_amount), 0) AS u, coalesce(sum(prompt_tokens), 0) AS p, coalesce(sum(completion_tokens), 0) AS o FROM usage_rollups) a,
		(SELECT count(*) AS r, count(*) FILTER (WHERE status = 'FAILED') AS f, coalesce(sum(credits_charged), 0) AS c, coalesce(sum(cost_amount), 0) AS u, coalesce(sum(prompt_tokens), 0) AS p, coalesce(sum(completion_tokens), 0) AS o FROM usage_logs) b
		WHERE (a.r, a.f, a.c, a.u, a.p, a.o) <> (b.r, b.f, b.c, b.u, b.p, b.o)`,
	`SELECT 'the totals of ' || coalesce(l.owner_id, u.owner_id) || ' differ from the logs' FROM pool_ledgers l
		FULL JOIN (SELECT owner_id, count(*) AS requests, sum(credits_charged) AS credits, sum(cost_amount) AS cost FROM usage_logs WHERE owner_id <> '' GROUP BY owner_id) u ON u.owner_id = l.owner_id
		WHERE (coalesce(l.requests, 0), coalesce(l.revenue, 0), coalesce(l.consumed, 0)) <> (coalesce(u.requests, 0), coalesce(u.credits, 0), coalesce(u.cost, 0))`,
}

// checkSums compares holds, usage logs and roll-ups with each other and with the entries.
func checkSums(ctx context.Context, tx *sql.Tx, v *verifier) error {
	r := v.report
	for _, query := range sumChecks {
		disagreements, err := readTexts(ctx, tx, query)
		if err != nil {
			return err
		}
		for _, text := range disagreements {
			r.find(&r.BalancesMatch, 0, "%s", text)
		}
	}
	var charged, cost int64
	if err := tx.QueryRowContext(ctx, `SELECT coalesce(sum(credits_charged), 0), coalesce(sum(cost_amount), 0) FROM usage_logs`).Scan(&charged, &cost); err != nil {
		return err
	}
	if charged != v.charged || cost != v.spent {
		r.find(&r.BalancesMatch, 0, "usage logs add up to %d Credits and %d USD, the entries to %d and %d", charged, cost, v.charged, v.spent)
	}
	return nil
}

func readTexts(ctx context.Context, tx *sql.Tx, query string) ([]string, error) {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var text sql.NullString
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		out = append(out, text.String)
	}
	return out, rows.Err()
}

// Audit verifies the books and keeps a record of it.
func (l *Ledger) Audit(ctx context.Context) (*Report, error) {
	r, err := Verify(ctx, l.db, VerifyOptions{Now: l.clock.Now()})
	if err != nil {
		return nil, err
	}
	_, err = l.db.ExecContext(ctx, `INSERT INTO ledger_verifications (at, full_run, head_seq, head_hash, ok) VALUES ($1, true, $2, $3, $4)`,
		r.CheckedAt, r.HeadSeq, r.HeadHash[:], r.Clean())
	return r, err
}
