package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/resourcepool/resourcepool/server/ids"
)

// rollupsAgo is how far back the hours are added up that a check compares: longer than any request takes to be booked.
const rollupsAgo = 26 * time.Hour

// carried are sums as they are at the head of a verification.
type carried struct {
	Hot      map[AccountID]int64 `json:"hot"`
	Credits  int64               `json:"credits"` // pool_totals
	Cost     int64               `json:"cost"`
	Revenue  int64               `json:"revenue"` // of all contributors
	Consumed int64               `json:"consumed"`
	// The hourly roll-ups from an hour on.
	RollupsFrom   time.Time `json:"rollupsFrom"`
	RollupCredits int64     `json:"rollupCredits"`
	RollupCost    int64     `json:"rollupCost"`
	// The same from the hour of the verification before, to compare with that one's.
	sinceCredits, sinceCost int64
}

func readCarried(ctx context.Context, tx *sql.Tx, from, since time.Time) (c carried, err error) {
	c.Hot, c.RollupsFrom = map[AccountID]int64{}, from.UTC().Truncate(time.Hour)
	const rollups = `(SELECT coalesce(sum(%s), 0) FROM usage_rollups WHERE hour >= $%d)`
	err = tx.QueryRowContext(ctx, `SELECT t.credits_charged, t.provider_cost, o.revenue, o.consumed, `+
		fmt.Sprintf(rollups, "credits_charged", 1)+`, `+fmt.Sprintf(rollups, "cost_amount", 1)+`, `+fmt.Sprintf(rollups, "credits_charged", 2)+`, `+fmt.Sprintf(rollups, "cost_amount", 2)+`
		FROM pool_totals t, (SELECT coalesce(sum(revenue), 0) AS revenue, coalesce(sum(consumed), 0) AS consumed FROM pool_ledgers) o`, c.RollupsFrom, since).
		Scan(&c.Credits, &c.Cost, &c.Revenue, &c.Consumed, &c.RollupCredits, &c.RollupCost, &c.sinceCredits, &c.sinceCost)
	if err != nil {
		return c, err
	}
	rows, err := tx.QueryContext(ctx, `SELECT id, balance FROM ledger_accounts WHERE id = ANY ($1)`, pq.Array(hotAccounts))
	if err != nil {
		return c, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id AccountID
		var balance int64
		if err := rows.Scan(&id, &balance); err != nil {
			return c, err
		}
		c.Hot[id] = balance
	}
	return c, rows.Err()
}

// Verification is one on record.
type Verification struct {
	At       time.Time
	Full     bool
	OK       bool
	HeadSeq  int64
	HeadHash Digest
	carried  carried
}

// Last returns the newest full, or the newest incremental, verification on record, nil where there is none.
func Last(ctx context.Context, db *sql.DB, full bool) (*Verification, error) {
	if full {
		return readVerification(ctx, db, `WHERE full_run`)
	}
	return readVerification(ctx, db, `WHERE NOT full_run`)
}

// LastGood returns the newest verification that found nothing, of the full ones alone where full; nil where there is none.
func LastGood(ctx context.Context, db *sql.DB, full bool) (*Verification, error) {
	if full {
		return readVerification(ctx, db, `WHERE full_run AND ok AND carried IS NOT NULL`)
	}
	return readVerification(ctx, db, `WHERE ok AND carried IS NOT NULL`)
}

func readVerification(ctx context.Context, db *sql.DB, where string) (*Verification, error) {
	var v Verification
	var hash, sums []byte
	err := db.QueryRowContext(ctx, `SELECT at, full_run, ok, head_seq, head_hash, carried FROM ledger_verifications `+where+` ORDER BY id DESC LIMIT 1`).
		Scan(&v.At, &v.Full, &v.OK, &v.HeadSeq, &hash, &sums)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	copy(v.HeadHash[:], hash)
	if sums != nil {
		err = json.Unmarshal(sums, &v.carried)
	}
	return &v, err
}

// Record keeps a report, so that a later verification can begin where this one ended.
func Record(ctx context.Context, ex Execer, r *Report) error {
	sums, err := json.Marshal(r.carried)
	if err != nil {
		return err
	}
	_, err = ex.ExecContext(ctx, `INSERT INTO ledger_verifications (at, full_run, from_seq, head_seq, head_hash, ok, findings, involved, carried)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		r.CheckedAt, r.Full(), r.FromSeq, r.HeadSeq, r.HeadHash[:], r.Clean(), pq.Array(append([]string{}, r.Findings...)), pq.Array(append([]AccountID{}, r.Involved...)), string(sums))
	return err
}

// CheckSince verifies what was booked since an earlier verification, in one snapshot; its cost does not grow with what was
// booked before. What it takes for granted is that verification's record and the rows of accounts that did not move.
func CheckSince(ctx context.Context, db *sql.DB, base *Verification, o VerifyOptions) (*Report, error) {
	return inSnapshot(ctx, db, func(tx *sql.Tx) (*Report, error) {
		v := newVerifier()
		v.seq, v.prev, v.report.FromSeq, v.report.Transactions = base.HeadSeq, base.HeadHash, base.HeadSeq, base.HeadSeq
		r, err := newReplay(ctx, tx)
		if err != nil {
			return nil, err
		}
		for id, balance := range base.carried.Hot {
			r.tally([]byte(id)).sum = balance
		}
		r.begun = func(ctx context.Context, fresh []*tally) error { return begun(ctx, tx, base.HeadSeq, fresh) }
		if err := v.run(ctx, r, o); err != nil {
			return nil, err
		}
		if err := r.accounts(ctx, v, `SELECT id, balance FROM ledger_accounts WHERE id = ANY ($1) ORDER BY id`, pq.Array(sorted(r.tallies))); err != nil {
			return nil, err
		}
		if err := v.sums(ctx, tx); err != nil {
			return nil, err
		}
		if err := v.disagreement(ctx, tx, unguarded); err != nil {
			return nil, err
		}
		if v.report.carried, err = readCarried(ctx, tx, o.Now.Add(-rollupsAgo), base.carried.RollupsFrom); err != nil {
			return nil, err
		}
		if err := v.checkAdvance(ctx, tx, base); err != nil {
			return nil, err
		}
		return v.report.finish(), nil
	})
}

// begun finds what accounts were at up to a sequence: by their last entry.
func begun(ctx context.Context, tx *sql.Tx, upTo int64, fresh []*tally) error {
	byID := make(map[AccountID]*tally, len(fresh))
	for _, t := range fresh {
		if !t.hot {
			byID[t.id] = t
		}
	}
	rows, err := tx.QueryContext(ctx, `SELECT a.id, e.balance_after FROM unnest($1::text[]) AS a (id), LATERAL (
		SELECT balance_after FROM ledger_entries WHERE account_id = a.id AND balance_after IS NOT NULL AND seq <= $2 ORDER BY seq DESC, n DESC LIMIT 1) e`,
		pq.Array(sorted(byID)), upTo)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id AccountID
		var balance int64
		if err := rows.Scan(&id, &balance); err != nil {
			return err
		}
		byID[id].sum = balance
	}
	return rows.Err()
}

// unguarded finds partitions of the books whose triggers are missing or off.
const unguarded = `SELECT i.inhrelid::regclass || ' is not guarded against changes: a trigger is missing or off', '{}'::text[], '' FROM pg_inherits i
	WHERE i.inhparent IN ('ledger_transactions'::regclass, 'ledger_entries'::regclass, 'usage_logs'::regclass) AND (SELECT count(*) FROM pg_trigger t
		WHERE t.tgrelid = i.inhrelid AND t.tgfoid = 'ledger_refuse'::regproc AND t.tgenabled = 'A' AND t.tgname IN ('append_only', 'no_truncate')) < 2 ORDER BY 1`

// checkAdvance compares the usage logs of what was booked since the base with its entries, and what is kept of the logs with
// what it was then.
func (v *verifier) checkAdvance(ctx context.Context, tx *sql.Tx, base *Verification) error {
	r := v.report
	oldest := v.oldest
	if oldest == "" {
		oldest = ids.Floor(ids.Usage, r.CheckedAt.Add(-time.Minute))
	}
	var credits, cost, revenue, consumed int64
	err := tx.QueryRowContext(ctx, `SELECT coalesce(sum(credits_charged), 0), coalesce(sum(cost_amount), 0),
			coalesce(sum(credits_charged) FILTER (WHERE owner_id <> ''), 0), coalesce(sum(cost_amount) FILTER (WHERE owner_id <> ''), 0)
		FROM usage_logs WHERE id >= $1 AND transaction_seq > $2`, string(oldest), base.HeadSeq).Scan(&credits, &cost, &revenue, &consumed)
	if err != nil {
		return err
	}
	if credits != v.charged || cost != v.spent {
		r.find(&r.BalancesMatch, 0, "usage logs since #%d add up to %s Credits and %s USD, the entries to %s and %s", base.HeadSeq,
			decimal(credits), decimal(cost), decimal(v.charged), decimal(v.spent))
		if err := v.disagreement(ctx, tx, usageThatDiffers, base.HeadSeq); err != nil {
			return err
		}
	}
	was, is := base.carried, r.carried
	for _, c := range []struct {
		what                   string
		credits, cost          int64
		expected, expectedCost int64
	}{
		{"pool_totals", is.Credits - was.Credits, is.Cost - was.Cost, v.charged, v.spent},
		{"the totals of contributors", is.Revenue - was.Revenue, is.Consumed - was.Consumed, revenue, consumed},
		{"the hourly roll-ups", is.sinceCredits - was.RollupCredits, is.sinceCost - was.RollupCost, v.charged, v.spent},
	} {
		if c.credits != c.expected || c.cost != c.expectedCost {
			r.find(&r.BalancesMatch, 0, "%s grew by %s Credits and %s USD since #%d, what was booked says %s and %s", c.what,
				decimal(c.credits), decimal(c.cost), base.HeadSeq, decimal(c.expected), decimal(c.expectedCost))
		}
	}
	return nil
}

// usageThatDiffers names the requests whose log is missing or says another amount than their entries.
const usageThatDiffers = `SELECT 'the usage log of #' || t.seq || ' is missing or differs from its entries', ARRAY['wallet:' || t.user_id, 'resource:' || t.resource_id], '#' || t.seq
	FROM ledger_transactions t LEFT JOIN usage_logs u ON u.id = t.usage_id AND u.transaction_seq = t.seq,
		LATERAL (SELECT coalesce(-sum(amount) FILTER (WHERE account_id LIKE 'wallet:%'), 0) AS charged, coalesce(sum(amount) FILTER (WHERE account_id = 'provider.spent'), 0) AS spent
			FROM ledger_entries e WHERE e.seq = t.seq) e
	WHERE t.seq > $1 AND t.kind = 'USAGE' AND (u.id IS NULL OR u.credits_charged <> e.charged OR u.cost_amount <> e.spent) ORDER BY t.seq LIMIT 20`

// Audit verifies the books from the last full verification on, all of them where there is none. It
// keeps a record where it finds nothing: what it does find is for the keeper of the checks to find too, who looks twice,
// freezes and tells, and must not take one person's look for its own.
func (l *Ledger) Audit(ctx context.Context) (*Report, error) {
	full, err := LastGood(ctx, l.db, true)
	if err != nil {
		return nil, err
	}
	o := VerifyOptions{Now: l.clock.Now()}
	var r *Report
	if full == nil {
		r, err = Verify(ctx, l.db, o)
	} else {
		r, err = CheckSince(ctx, l.db, full, o)
	}
	if err != nil {
		return nil, err
	}
	switch {
	case full != nil:
		r.FullCheckedAt, r.FullHeadSeq = &full.At, &full.HeadSeq
	case r.Clean():
		r.FullCheckedAt, r.FullHeadSeq = &r.CheckedAt, &r.HeadSeq
	}
	if !r.Clean() {
		return r, nil
	}
	return r, Record(ctx, l.db, r)
}
