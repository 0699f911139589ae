package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lib/pq"

	"github.com/resourcepool/resourcepool/server/ids"
)

// lock claims the keys, puts the guards in and locks all that the operations touch.
func (w *writer) lock(ctx context.Context, tx *sql.Tx, b *batchRun) error {
	if err := w.claim(ctx, tx, b); err != nil {
		return err
	}
	if err := w.guard(ctx, tx, b); err != nil {
		return err
	}
	if err := w.lockHolds(ctx, tx, b); err != nil {
		return err
	}
	t := newTouched()
	t.account(b.extra...)
	for _, i := range b.open() {
		op := b.requests[i].Op
		op.touch(t, b.state.holds[op.holdID()])
	}
	if err := w.lockAccounts(ctx, tx, b, t); err != nil {
		return err
	}
	if err := w.lockBudgets(ctx, tx, b, t); err != nil {
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
	hashes := make(pq.ByteaArray, len(names))
	for n, name := range names {
		hashes[n] = b.requests[byName[name]].Key.InputHash
	}
	claimed := map[string]bool{}
	err := w.query(ctx, tx, `INSERT INTO ledger_operations (key, input_hash, server_id, done)
		SELECT key, hash, $3, false FROM unnest($1::text[], $2::bytea[]) AS u (key, hash)
		ON CONFLICT (key) DO NOTHING RETURNING key`, []any{pq.Array(names), hashes, string(w.l.serverID())}, func(r *sql.Rows) error {
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
	return w.query(ctx, tx, `SELECT key, input_hash, done, answer FROM ledger_operations WHERE key = ANY ($1)`, []any{pq.Array(known)}, func(r *sql.Rows) error {
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

func (w *writer) lockHolds(ctx context.Context, tx *sql.Tx, b *batchRun) error {
	var want []string
	for _, i := range b.open() {
		if id := b.requests[i].Op.holdID(); id != "" {
			want = append(want, string(id))
		}
	}
	if len(want) == 0 {
		return nil
	}
	slices.Sort(want)
	return w.query(ctx, tx, `SELECT id, user_id, credits, resource_id, owner_id, usd, token_id, operation FROM ledger_holds
		WHERE id = ANY ($1) ORDER BY id FOR UPDATE`, []any{pq.Array(want)}, func(r *sql.Rows) error {
		var h hold
		err := r.Scan(&h.id, &h.user, &h.credits, &h.resource, &h.owner, &h.usd, &h.token, &h.operation)
		b.state.holds[h.id] = &h
		return err
	})
}

func (w *writer) lockAccounts(ctx context.Context, tx *sql.Tx, b *batchRun, t *touched) error {
	names := sorted(t.accounts)
	var more []AccountID
	err := w.query(ctx, tx, `SELECT id, balance, held, frozen, closing FROM ledger_accounts
		WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE`, []any{pq.Array(names)}, func(r *sql.Rows) error {
		a := account{stored: true}
		if err := r.Scan(&a.id, &a.balance, &a.held, &a.frozen, &a.closing); err != nil {
			return err
		}
		a.loaded = a.accountRow
		b.state.accounts[a.id] = &a
		if a.closing {
			t.terms[a.id.Owner()] = struct{}{}
			more = append(more, a.id)
		}
		return nil
	})
	if err != nil || len(more) == 0 {
		return err
	}
	return w.lockOwners(ctx, tx, b, t, more)
}

// lockOwners makes sure that the accounts are locked from which a withdrawn key's Credits are taken when holds give back.
// They are known only now, and may sort before accounts that are locked: then the batch starts again with them.
func (w *writer) lockOwners(ctx context.Context, tx *sql.Tx, b *batchRun, t *touched, closing []AccountID) error {
	var resources []string
	for _, a := range closing {
		resources = append(resources, string(a.Owner()))
	}
	found := false
	err := w.query(ctx, tx, `SELECT user_id FROM ledger_deposits WHERE resource_id = ANY ($1)`, []any{pq.Array(resources)}, func(r *sql.Rows) error {
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

func (w *writer) lockBudgets(ctx context.Context, tx *sql.Tx, b *batchRun, t *touched) error {
	if len(t.budgets) == 0 {
		return nil
	}
	return w.query(ctx, tx, `SELECT token_id, spend_limit IS NOT NULL, coalesce(spend_limit, 0), spent, held FROM ledger_budgets
		WHERE token_id = ANY ($1) ORDER BY token_id FOR NO KEY UPDATE`, []any{pq.Array(sorted(t.budgets))}, func(r *sql.Rows) error {
		var id ids.ID
		var row budgetRow
		err := r.Scan(&id, &row.limited, &row.limit, &row.spent, &row.held)
		b.state.budgets[id] = &budget{budgetRow: row, loaded: row}
		return err
	})
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
		if err := w.query(ctx, tx, read+`WHERE resource_id = ANY ($1) ORDER BY resource_id FOR NO KEY UPDATE`, []any{pq.Array(resources)}, scan); err != nil {
			return err
		}
	}
	if len(t.users) == 0 {
		return nil
	}
	return w.query(ctx, tx, read+`WHERE user_id = ANY ($1) AND resource_id <> ALL ($2)`, []any{pq.Array(sorted(t.users)), pq.Array(resources)}, scan)
}

// lockHead takes the place after which the batch's transactions go.
func (w *writer) lockHead(ctx context.Context, tx *sql.Tx, b *batchRun) error {
	return w.query(ctx, tx, `SELECT seq, hash, greatest(at, clock_timestamp()) FROM ledger_head WHERE id = 1 FOR UPDATE`, nil, func(r *sql.Rows) error {
		var hash []byte
		if err := r.Scan(&b.head.seq, &hash, &b.head.at); err != nil {
			return err
		}
		if copy(b.head.hash[:], hash) != len(b.head.hash) {
			return fmt.Errorf("ledger: the head's hash has %d bytes", len(hash))
		}
		b.head.at = b.head.at.UTC().Truncate(time.Microsecond)
		return nil
	})
}
