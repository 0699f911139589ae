package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"
	"golang.org/x/sync/errgroup"
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
	return inSnapshot(ctx, db, func(tx *sql.Tx) (*Report, error) {
		v := newVerifier()
		v.report.full = true
		r, err := newReplay(ctx, tx)
		if err != nil {
			return nil, err
		}
		if err := v.run(ctx, r, o); err != nil {
			return nil, err
		}
		if err := r.accounts(ctx, v, `SELECT id, balance FROM ledger_accounts ORDER BY id`); err != nil {
			return nil, err
		}
		if err := v.sums(ctx, tx); err != nil {
			return nil, err
		}
		if err := v.disagreement(ctx, tx, usageCheck, v.charged, v.spent); err != nil {
			return nil, err
		}
		if err := v.disagreement(ctx, tx, budgetCheck); err != nil {
			return nil, err
		}
		v.report.carried, err = readCarried(ctx, tx, o.Now.Add(-rollupsAgo), o.Now.Add(-rollupsAgo))
		return v.report.finish(), err
	})
}

func inSnapshot(ctx context.Context, db *sql.DB, f func(*sql.Tx) (*Report, error)) (*Report, error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }()
	return f(tx)
}

// run replays the log from where the verifier is to its end.
func (v *verifier) run(ctx context.Context, r *replay, o VerifyOptions) error {
	v.report.CheckedAt = o.Now
	var h head
	var hash []byte
	if err := r.tx.QueryRowContext(ctx, `SELECT seq, hash FROM ledger_head WHERE id = 1`).Scan(&h.seq, &hash); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	copy(h.hash[:], hash)
	err := r.each(ctx, v.seq, func(t *stored) {
		v.step(t)
		if o.Watch != nil {
			o.Watch(t.seq, t.leaf, t.hash)
		}
	}, func() {
		if o.Progress != nil {
			o.Progress(v.seq, h.seq)
		}
	})
	if err == nil {
		v.end(h)
	}
	return err
}

// replay reads the log page by page, the next one while the last one is checked.
type replay struct {
	tx                    *sql.Tx
	transactions, entries *sql.Stmt // prepared, so that numbers and bytes come in binary form
	tallies               map[string]*tally
	// begun, where not nil, is told of the accounts that come up for the first time, before they are moved.
	begun func(context.Context, []*tally) error
	fresh []*tally
}

func newReplay(ctx context.Context, tx *sql.Tx) (r *replay, err error) {
	r = &replay{tx: tx, tallies: map[string]*tally{}}
	r.transactions, err = tx.PrepareContext(ctx, `SELECT seq, kind, created_at, memo, memo_salt, actor_id, user_id, resource_id, usage_id, leaf, previous_hash, hash
		FROM ledger_transactions WHERE seq > $1 ORDER BY seq LIMIT $2`)
	if err != nil {
		return nil, err
	}
	r.entries, err = tx.PrepareContext(ctx, `SELECT seq, n, account_id, amount, balance_after, salt FROM ledger_entries
		WHERE seq BETWEEN $1 AND $2 ORDER BY seq, n`)
	return r, err
}

// each calls step for every transaction after a sequence in order, and paged after each page.
func (r *replay) each(ctx context.Context, after int64, step func(*stored), paged func()) error {
	full, empty := make(chan *replayPage), make(chan *replayPage, 2)
	empty <- &replayPage{}
	empty <- &replayPage{}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(full)
		for {
			p := <-empty
			if err := r.read(ctx, p, after); err != nil {
				return err
			}
			if len(p.transactions) == 0 {
				return nil
			}
			after = p.transactions[len(p.transactions)-1].seq
			select {
			case full <- p:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
	for p := range full {
		for i := range p.transactions {
			step(&p.transactions[i])
		}
		paged()
		empty <- p
	}
	return g.Wait()
}

// replayPage is a page of the log; its memory serves again.
type replayPage struct {
	transactions []stored
	entries      []storedEntry
	bytes        []byte // the salts
}

// keep copies b to where it lasts as long as the page.
func (p *replayPage) keep(b []byte) []byte {
	from := len(p.bytes)
	p.bytes = append(p.bytes, b...)
	return p.bytes[from:len(p.bytes):len(p.bytes)]
}

// read fills the page with the transactions after a sequence, each with its entries.
func (r *replay) read(ctx context.Context, p *replayPage, after int64) error {
	p.transactions, p.entries, p.bytes = p.transactions[:0], p.entries[:0], p.bytes[:0]
	rows, err := r.transactions.QueryContext(ctx, after, verifyPage)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var kind, opening, leaf, prev, hash sql.RawBytes
	for rows.Next() {
		p.transactions = append(p.transactions, stored{})
		t := &p.transactions[len(p.transactions)-1]
		if err := rows.Scan(&t.seq, &kind, &t.at, &t.memo, &opening, &t.actor, &t.user, &t.resource, &t.usage, &leaf, &prev, &hash); err != nil {
			return err
		}
		t.kind = kindOf(kind)
		t.salts = p.keep(opening)
		if copy(t.leaf[:], leaf) != len(t.leaf) || copy(t.prev[:], prev) != len(t.prev) || copy(t.hash[:], hash) != len(t.hash) {
			t.wrong = "a hash has the wrong length"
		}
	}
	if err := rows.Err(); err != nil || len(p.transactions) == 0 {
		return err
	}
	if err := r.readEntries(ctx, p); err != nil || r.begun == nil || len(r.fresh) == 0 {
		return err
	}
	fresh := r.fresh
	r.fresh = nil
	return r.begun(ctx, fresh)
}

// kindOf returns a kind without making a string of it each time.
func kindOf(text []byte) Kind {
	if string(text) == string(KindUsage) {
		return KindUsage
	}
	return Kind(text)
}

func (r *replay) readEntries(ctx context.Context, p *replayPage) error {
	rows, err := r.entries.QueryContext(ctx, p.transactions[0].seq, p.transactions[len(p.transactions)-1].seq)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	at, first := 0, 0 // the transaction that is read, and its first entry
	for rows.Next() {
		var seq, n int64
		var e storedEntry
		var account, salt sql.RawBytes
		var after sql.NullInt64
		if err := rows.Scan(&seq, &n, &account, &e.amount, &after, &salt); err != nil {
			return err
		}
		for at < len(p.transactions) && p.transactions[at].seq < seq {
			at++
			first = len(p.entries)
		}
		if at == len(p.transactions) || p.transactions[at].seq != seq {
			continue // an entry without its transaction: the gap is found by the sequence
		}
		t := &p.transactions[at]
		if int(n) != len(t.entries) {
			t.wrong = fmt.Sprintf("entry %d is missing", len(t.entries))
		}
		e.account, e.after, e.known, e.salt = r.tally(account), after.Int64, after.Valid, p.keep(salt)
		p.entries = append(p.entries, e)
		t.entries = p.entries[first:len(p.entries):len(p.entries)]
	}
	return rows.Err()
}

func (r *replay) tally(account []byte) *tally {
	if t := r.tallies[string(account)]; t != nil {
		return t
	}
	id := AccountID(account)
	t := &tally{id: id, asset: id.Asset(), hot: id.Hot()}
	r.tallies[string(id)] = t
	if r.begun != nil {
		r.fresh = append(r.fresh, t)
	}
	return t
}

// accounts compares the accounts of a query with the entries.
func (r *replay) accounts(ctx context.Context, v *verifier, query string, args ...any) error {
	rows, err := r.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id sql.RawBytes
		var balance int64
		if err := rows.Scan(&id, &balance); err != nil {
			return err
		}
		v.account(r.tally(id), balance)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	v.rowless(r.tallies)
	return nil
}

// sumChecks are what the database itself can add up, without the logs. Each returns one row for every disagreement: a text, with
// amounts in whole units, the accounts that it is about, and the cause, which stays the same while amounts that are right move.
// An overdue hold involves nobody: its amounts are right.
var sumChecks = []string{
	`SELECT 'all accounts in ' || asset || ' add up to ' || trim_scale(sum(balance) * 0.000000001) || ', not to 0', '{}'::text[], ''
		FROM ledger_accounts GROUP BY asset HAVING sum(balance) <> 0 ORDER BY asset`,
	`SELECT coalesce(a.id, h.account) || ' holds ' || trim_scale(coalesce(a.held, 0) * 0.000000001) || ', its holds add up to ' || trim_scale(coalesce(h.sum, 0) * 0.000000001),
		ARRAY[coalesce(a.id, h.account)],
			'its holds are off by ' || coalesce(a.held, 0) - coalesce(h.sum, 0)
		FROM (SELECT id, held FROM ledger_accounts WHERE held <> 0) a
		FULL JOIN (SELECT account, sum(amount) FROM (
			SELECT 'wallet:' || user_id AS account, credits AS amount FROM ledger_holds
			UNION ALL SELECT 'resource:' || resource_id, usd FROM ledger_holds
			UNION ALL SELECT 'wallet:' || user_id, reserved FROM ledger_deposits WHERE reserved > 0) x GROUP BY account) h ON h.account = a.id
		WHERE coalesce(a.held, 0) <> coalesce(h.sum, 0) ORDER BY 1`,
	`SELECT 'token ' || b.token_id || ' holds ' || trim_scale(b.held * 0.000000001) || ', its holds add up to ' || trim_scale(coalesce(h.sum, 0) * 0.000000001),
			ARRAY(SELECT 'wallet:' || t.user_id FROM api_tokens t WHERE t.id = b.token_id),
			'the holds of token ' || b.token_id || ' are off by ' || b.held - coalesce(h.sum, 0)
		FROM ledger_budgets b LEFT JOIN (SELECT token_id, sum(credits) FROM ledger_holds WHERE token_id <> '' GROUP BY token_id) h ON h.token_id = b.token_id
		WHERE b.held <> coalesce(h.sum, 0) ORDER BY 1`,
	`SELECT 'the hold ' || id || ' is open past its expiry', '{}'::text[], '' FROM ledger_holds WHERE expires_at < clock_timestamp() - interval '60 seconds' ORDER BY 1`,
}

// usageCheck compares what follows from the usage logs with them, in one pass over them. $1 and $2 are what wallets paid and
// providers took for usage by the entries.
const usageCheck = `WITH owners AS MATERIALIZED (
	SELECT owner_id, count(*) AS requests, count(*) FILTER (WHERE status = 'SUCCEEDED') AS succeeded, sum(credits_charged) AS credits, sum(cost_amount) AS cost,
		sum(prompt_tokens) AS prompt, sum(completion_tokens) AS completion
	FROM usage_logs GROUP BY owner_id
), logs AS (
	SELECT coalesce(sum(requests), 0) AS requests, coalesce(sum(succeeded), 0) AS succeeded, coalesce(sum(credits), 0) AS credits, coalesce(sum(cost), 0) AS cost,
		coalesce(sum(prompt), 0) AS prompt, coalesce(sum(completion), 0) AS completion
	FROM owners
), hours AS (
	SELECT coalesce(sum(requests), 0) AS requests, coalesce(sum(failed), 0) AS failed, coalesce(sum(credits_charged), 0) AS credits, coalesce(sum(cost_amount), 0) AS cost,
		coalesce(sum(prompt_tokens), 0) AS prompt, coalesce(sum(completion_tokens), 0) AS completion
	FROM usage_rollups
)
SELECT 'usage logs add up to ' || trim_scale(credits * 0.000000001) || ' Credits and ' || trim_scale(cost * 0.000000001) || ' USD, the entries to ' || trim_scale($1::bigint * 0.000000001)
		|| ' and ' || trim_scale($2::bigint * 0.000000001), '{}'::text[], '' FROM logs
	WHERE (credits, cost) <> ($1::bigint, $2::bigint)
UNION ALL SELECT 'pool_totals differ from the usage logs', '{}', '' FROM pool_totals t, logs u
	WHERE (t.requests, t.succeeded, t.credits_charged, t.provider_cost) <> (u.requests, u.succeeded, u.credits, u.cost)
UNION ALL SELECT 'the hourly roll-ups differ from the usage logs', '{}', '' FROM hours a, logs b
	WHERE (a.requests, a.failed, a.credits, a.cost, a.prompt, a.completion) <> (b.requests, b.requests - b.succeeded, b.credits, b.cost, b.prompt, b.completion)
UNION ALL SELECT 'the totals of ' || coalesce(l.owner_id, u.owner_id) || ' differ from the logs', '{}', '' FROM pool_ledgers l
	FULL JOIN (SELECT * FROM owners WHERE owner_id <> '') u ON u.owner_id = l.owner_id
	WHERE (coalesce(l.requests, 0), coalesce(l.revenue, 0), coalesce(l.consumed, 0)) <> (coalesce(u.requests, 0), coalesce(u.credits, 0), coalesce(u.cost, 0))`

// budgetCheck compares what tokens have spent, in the period that their budget is in, with the usage logs, and looks for periods
// that begin in the middle of one.
const budgetCheck = `SELECT 'token ' || b.token_id || ' has spent ' || trim_scale(b.spent * 0.000000001) || ', its usage adds up to ' || trim_scale(coalesce(u.sum, 0) * 0.000000001),
		ARRAY(SELECT 'wallet:' || t.user_id FROM api_tokens t WHERE t.id = b.token_id), 'the spending of token ' || b.token_id || ' is off by ' || b.spent - coalesce(u.sum, 0)
	FROM ledger_budgets b LEFT JOIN (
		SELECT l.token_id, sum(l.credits_charged) FROM usage_logs l JOIN ledger_budgets b ON b.token_id = l.token_id
			LEFT JOIN ledger_transactions t ON b.period <> '' AND t.seq = l.transaction_seq
		WHERE b.period = '' OR t.created_at >= b.period_start GROUP BY l.token_id) u ON u.token_id = b.token_id
	WHERE b.spent <> coalesce(u.sum, 0)
UNION ALL SELECT 'the budget of token ' || token_id || ' counts from ' || period_start || ', where no ' || lower(period) || ' begins', '{}', ''
	FROM ledger_budgets WHERE period <> '' AND period_start <> date_trunc(lower(period), period_start, 'UTC')
ORDER BY 1`

// sums runs the checks of sums.
func (v *verifier) sums(ctx context.Context, tx *sql.Tx) error {
	for _, check := range sumChecks {
		if err := v.disagreement(ctx, tx, check); err != nil {
			return err
		}
	}
	return nil
}

// disagreement runs a check and reports what it returns.
func (v *verifier) disagreement(ctx context.Context, tx *sql.Tx, check string, args ...any) error {
	rows, err := tx.QueryContext(ctx, check, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var text, cause sql.NullString
		var accounts []string
		if err := rows.Scan(&text, pq.Array(&accounts), &cause); err != nil {
			return err
		}
		v.report.find(&v.report.BalancesMatch, 0, "%s", text.String)
		for _, a := range accounts {
			v.report.involve(cause.String, AccountID(a))
		}
	}
	return rows.Err()
}
