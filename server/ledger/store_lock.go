package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// lock claims the keys, puts the guards in and locks all that the operations touch.
func (w *writer) lock(ctx context.Context, tx *sql.Tx, b *batchRun) error {
	if err := w.claim(ctx, tx, b); err != nil {
		return err
	}
	if err := w.guard(ctx, tx, b); err != nil {
		return err
	}
	t := newTouched()
	t.account(b.extra...)
	for _, i := range b.open() {
		b.requests[i].Op.touch(t)
	}
	if err := w.lockState(ctx, tx, b, t); err != nil {
		return err
	}
	return w.lockTerms(ctx, tx, b, t)
}

// claim takes the operation keys. A key that is there already answers its request: with what was recorded, or with an error.
func (w *writer) claim(ctx context.Context, tx *sql.Tx, b *batchRun) error {
	byName := map[string]int{}
	for i, p := range b.requests {
		if p.Key == nil {
			continue
		}
		if _, twice := byName[p.Key.Name]; twice {
			b.refuse(i, ErrPending)
			continue
		}
		byName[p.Key.Name] = i
	}
	if len(byName) == 0 {
		return nil
	}
	names := slices.Sorted(maps.Keys(byName))
	hashes := bytes(len(names))
	for _, name := range names {
		hashes.bytes(b.requests[byName[name]].Key.InputHash)
	}
	claimed := map[string]bool{}
	err := w.query(ctx, tx, `INSERT INTO ledger_operations (key, input_hash, server_id, done)
		SELECT key, hash, $3, false FROM unnest($1::text[], $2::bytea[]) AS u (key, hash)
		ON CONFLICT (key) DO NOTHING RETURNING key`, []any{textsOf(names), hashes, string(w.l.serverID())}, func(r *sql.Rows) error {
		var name string
		err := r.Scan(&name)
		claimed[name] = true
		return err
	})
	if err != nil {
		return err
	}
	known := slices.DeleteFunc(names, func(name string) bool { return claimed[name] })
	if len(known) == 0 {
		return nil
	}
	for _, name := range known { // stands where the key is freed in this very moment
		b.refuse(byName[name], ErrPending)
	}
	return w.query(ctx, tx, `SELECT key, input_hash, done, answer FROM ledger_operations WHERE key = ANY ($1)`, []any{textsOf(known)}, func(r *sql.Rows) error {
		var name string
		var op operation
		if err := r.Scan(&name, &op.inputHash, &op.done, &op.answer); err != nil {
			return err
		}
		i := byName[name]
		recorded, err := op.answerTo(b.requests[i].Key)
		b.answers[i] = answer{outcome: Outcome{Replayed: err == nil, Answer: recorded}, err: err}
		return nil
	})
}

// setAside names requests of a batch that are refused after their guards may have gone in: the transaction is given up,
// so that the rows are gone, and the batch is tried again without them.
type setAside struct{ refused map[int]error }

func (e *setAside) Error() string {
	return fmt.Sprintf("ledger: %d operations with guards are refused", len(e.refused))
}

// guard puts in the rows that must go in, and sets the requests aside of which one did not.
func (w *writer) guard(ctx context.Context, tx *sql.Tx, b *batchRun) error {
	rows := map[*Table][]Row{}
	owner := map[Row]int{}
	for _, i := range b.open() {
		for _, g := range b.requests[i].Guards {
			rows[g.Table()] = append(rows[g.Table()], g)
			owner[g] = i
		}
	}
	refused := map[int]error{}
	for _, t := range byRank(rows) {
		in := map[string]bool{}
		slices.SortFunc(rows[t], func(a, b Row) int { return strings.Compare(a.Key(), b.Key()) })
		args, err := columns(t, rows[t])
		if err != nil {
			return err
		}
		err = w.query(ctx, tx, t.SQL, args, func(r *sql.Rows) error {
			var key string
			err := r.Scan(&key)
			in[key] = true
			return err
		})
		if err != nil {
			return err
		}
		for _, g := range rows[t] {
			if !in[g.Key()] {
				refused[owner[g]] = &GuardError{Table: t.Name}
			}
		}
	}
	if len(refused) > 0 {
		return &setAside{refused}
	}
	return nil
}

// lockRows locks the holds, then the accounts of the operations and of those holds, then the budgets likewise, then, where
// something may be booked, the head, each in the order of its ids: the parts of a UNION ALL run one after the other, and each
// array is made before its rows are looked up. What time it is, is asked once the budgets are locked, where their periods go by
// it: where something may be booked they go by the time of that.
const lockRows = `WITH h AS MATERIALIZED (
	SELECT id, user_id, resource_id, owner_id, token_id, operation, credits, usd FROM ledger_holds WHERE id = ANY ($1::text[]) ORDER BY id FOR UPDATE
), a AS MATERIALIZED (
	SELECT id, balance, held, frozen, closing FROM ledger_accounts
	WHERE id = ANY ($2::text[] || ARRAY(SELECT 'wallet:' || user_id FROM h UNION SELECT 'resource:' || resource_id FROM h))
	ORDER BY id FOR NO KEY UPDATE
), b AS MATERIALIZED (
	SELECT token_id, spend_limit, spent, held, period, period_start FROM ledger_budgets
	WHERE token_id = ANY ($3::text[] || ARRAY(SELECT token_id FROM h WHERE token_id <> '')) ORDER BY token_id FOR NO KEY UPDATE
), hd AS MATERIALIZED (
	SELECT seq, hash, greatest(at, clock_timestamp()) AS at FROM ledger_head WHERE $4::bool AND id = 1 FOR UPDATE
)
SELECT 'h', id, user_id, resource_id, owner_id, token_id, operation, credits, usd, false, false, 0, NULL::bytea, NULL::timestamptz FROM h
UNION ALL SELECT 'a', id, '', '', '', '', '', balance, held, frozen, closing, 0, NULL, NULL FROM a
UNION ALL SELECT 'b', token_id, period, '', '', '', '', spent, held, spend_limit IS NOT NULL, false, coalesce(spend_limit, 0), NULL, period_start FROM b
UNION ALL SELECT 'now', '', '', '', '', '', '', 0, 0, false, false, 0, NULL, clock_timestamp() WHERE NOT $4::bool AND EXISTS (SELECT FROM b WHERE period <> '')
UNION ALL SELECT 'head', '', '', '', '', '', '', seq, 0, false, false, 0, hash, at FROM hd`

// lockFresh is lockRows for a batch of nothing but new reservations, which is what most of a quiet server's are.
const lockFresh = `WITH a AS MATERIALIZED (
	SELECT id, balance, held, frozen, closing FROM ledger_accounts WHERE id = ANY ($1::text[]) ORDER BY id FOR NO KEY UPDATE
), b AS MATERIALIZED (
	SELECT token_id, spend_limit, spent, held, period, period_start FROM ledger_budgets WHERE token_id = ANY ($2::text[]) ORDER BY token_id FOR NO KEY UPDATE
)
SELECT 'a', id, '', '', '', '', '', balance, held, frozen, closing, 0, NULL::bytea, NULL::timestamptz FROM a
UNION ALL SELECT 'b', token_id, period, '', '', '', '', spent, held, spend_limit IS NOT NULL, false, coalesce(spend_limit, 0), NULL, period_start FROM b
UNION ALL SELECT 'now', '', '', '', '', '', '', 0, 0, false, false, 0, NULL, clock_timestamp() WHERE EXISTS (SELECT FROM b WHERE period <> '')`

// lockState locks and reads the holds, accounts and budgets that the operations touch.
func (w *writer) lockState(ctx context.Context, tx *sql.Tx, b *batchRun, t *touched) error {
	var closing []AccountID
	var kind, id, operation string
	var user, resource, owner, token ids.ID
	var n, m, most int64
	var x, y bool
	var hash []byte
	var at sql.NullTime
	query, args := lockRows, []any{textsOf(sorted(t.holds)), textsOf(sorted(t.accounts)), textsOf(sorted(t.budgets)), b.mayBook()}
	if len(t.holds) == 0 && !b.mayBook() {
		query, args = lockFresh, args[1:3]
	}
	var now time.Time
	err := w.query(ctx, tx, query, args, func(r *sql.Rows) error {
		if err := r.Scan(&kind, &id, &user, &resource, &owner, &token, &operation, &n, &m, &x, &y, &most, &hash, &at); err != nil {
			return err
		}
		switch kind {
		case "head":
			now = at.Time
			return b.after(n, hash, at)
		case "now":
			now = at.Time
		case "h":
			h := hold{user: user, resource: resource, owner: owner, token: token, operation: operation}
			h.id, h.credits, h.usd = ids.ID(id), money.Credits(n), money.USD(m)
			b.state.holds[h.id] = &h
			t.account(Wallet(h.user), Quota(h.resource))
		case "a":
			row := accountRow{balance: n, held: m, frozen: x, closing: y}
			a := &account{id: AccountID(id), accountRow: row, loaded: row, stored: true}
			b.state.accounts[a.id] = a
			if a.closing {
				t.terms[a.id.Owner()] = struct{}{}
				closing = append(closing, a.id)
			}
		case "b":
			row := budgetRow{limited: x, limit: money.Credits(most), spent: money.Credits(n), held: money.Credits(m), period: Period(user), since: at.Time.UTC()}
			b.state.budgets[ids.ID(id)] = &budget{budgetRow: row, loaded: row}
		}
		return nil
	})
	for _, t := range b.state.budgets {
		t.renew(now)
	}
	if err != nil || len(closing) == 0 {
		return err
	}
	return w.lockOwners(ctx, tx, b, t, closing)
}

// lockOwners makes sure that the accounts are locked from which a withdrawn key's Credits are taken when holds give back.
// They are known only now, and may sort before accounts that are locked: then the batch starts again with them.
func (w *writer) lockOwners(ctx context.Context, tx *sql.Tx, b *batchRun, t *touched, closing []AccountID) error {
	var resources []string
	for _, a := range closing {
		resources = append(resources, string(a.Owner()))
	}
	found := false
	err := w.query(ctx, tx, `SELECT user_id FROM ledger_deposits WHERE resource_id = ANY ($1)`, []any{textsOf(resources)}, func(r *sql.Rows) error {
		var user ids.ID
		err := r.Scan(&user)
		for _, a := range []AccountID{Wallet(user), Vesting(user), Debt(user)} {
			if _, ok := t.accounts[a]; !ok {
				b.extra = append(b.extra, a)
				found = true
			}
		}
		return err
	})
	if err == nil && found {
		return errRelock
	}
	return err
}

// lockTerms locks the terms of resources, whose accounts are locked, and reads those of users: what a deposit decides by
// only a deposit or a vesting of the same user can raise, and those wait for the wallet.
func (w *writer) lockTerms(ctx context.Context, tx *sql.Tx, b *batchRun, t *touched) error {
	const read = `SELECT resource_id, user_id, confirmed, quota, fee, paid, vesting, served, vested, withdrawn, fee_undone, reserved FROM ledger_deposits `
	scan := func(r *sql.Rows) error {
		d := terms{stored: true}
		err := r.Scan(&d.resource, &d.user, &d.confirmed, &d.quota, &d.fee, &d.paid, &d.vesting, &d.served, &d.vested, &d.withdrawn, &d.feeUndone, &d.reserved)
		d.loaded = d.termsRow
		b.state.terms[d.resource] = &d
		return err
	}
	resources := sorted(t.terms)
	if len(resources) > 0 {
		if err := w.query(ctx, tx, read+`WHERE resource_id = ANY ($1) ORDER BY resource_id FOR NO KEY UPDATE`, []any{textsOf(resources)}, scan); err != nil {
			return err
		}
	}
	if len(t.users) == 0 {
		return nil
	}
	return w.query(ctx, tx, read+`WHERE user_id = ANY ($1) AND resource_id <> ALL ($2)`, []any{textsOf(sorted(t.users)), textsOf(resources)}, scan)
}

// lockHead takes the place after which the batch's transactions go.
func (w *writer) lockHead(ctx context.Context, tx *sql.Tx, b *batchRun) error {
	return w.query(ctx, tx, `SELECT seq, hash, greatest(at, clock_timestamp()) FROM ledger_head WHERE id = 1 FOR UPDATE`, nil, func(r *sql.Rows) error {
		var seq int64
		var hash []byte
		var at sql.NullTime
		if err := r.Scan(&seq, &hash, &at); err != nil {
			return err
		}
		return b.after(seq, hash, at)
	})
}

// mayBook reports whether the batch has more than reservations, so that the head is locked together with the accounts.
func (b *batchRun) mayBook() bool {
	for _, i := range b.open() {
		switch b.requests[i].Op.(type) {
		case *Hold, *Move:
		default:
			return true
		}
	}
	return false
}

// after is the place after which the batch's transactions go.
func (b *batchRun) after(seq int64, hash []byte, at sql.NullTime) error {
	b.head.seq, b.head.at, b.headLocked = seq, at.Time.UTC().Truncate(time.Microsecond), true
	if copy(b.head.hash[:], hash) != len(b.head.hash) {
		return fmt.Errorf("ledger: the head's hash has %d bytes", len(hash))
	}
	return nil
}
