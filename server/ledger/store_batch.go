package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lib/pq"

	"github.com/resourcepool/resourcepool/server/ids"
)

// writer commits a server's batches on a connection of its own, with its prepared statements.
type writer struct {
	l      *Ledger
	stmts  map[string]*sql.Stmt
	wanted map[string]struct{} // to be prepared before the next batch
}

func newWriter(l *Ledger) *writer {
	return &writer{l: l, stmts: map[string]*sql.Stmt{}, wanted: map[string]struct{}{}}
}

// close closes the statements.
func (w *writer) close() {
	for _, s := range w.stmts {
		_ = s.Close() // the connection may be gone already
	}
}

// prepare prepares what earlier batches ran. It does so between transactions, when the one connection is free.
func (w *writer) prepare(ctx context.Context) error {
	for query := range w.wanted {
		s, err := w.l.batches.PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		w.stmts[query] = s
		delete(w.wanted, query)
	}
	return nil
}

// mostPrepared bounds the statements kept; which writes a batch has varies.
const mostPrepared = 256

// prepared returns the statement where it is prepared; where not, it will be before the next batch.
func (w *writer) prepared(query string) *sql.Stmt {
	s := w.stmts[query]
	if s == nil && len(w.stmts)+len(w.wanted) < mostPrepared {
		w.wanted[query] = struct{}{}
	}
	return s
}

func (w *writer) exec(ctx context.Context, tx *sql.Tx, query string, args ...any) (int64, error) {
	var r sql.Result
	var err error
	if s := w.prepared(query); s != nil {
		r, err = tx.StmtContext(ctx, s).ExecContext(ctx, args...)
	} else {
		r, err = tx.ExecContext(ctx, query, args...)
	}
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// query calls scan for each row.
func (w *writer) query(ctx context.Context, tx *sql.Tx, query string, args []any, scan func(*sql.Rows) error) error {
	var rows *sql.Rows
	var err error
	if s := w.prepared(query); s != nil {
		rows, err = tx.StmtContext(ctx, s).QueryContext(ctx, args...)
	} else {
		rows, err = tx.QueryContext(ctx, query, args...)
	}
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// errRelock says that the batch turned out to need more accounts than it had locked.
var errRelock = errors.New("ledger: more accounts to lock")

// transact runs a batch in one transaction, in the order of locks that README.md gives.
func (w *writer) transact(ctx context.Context, b *batchRun) error {
	for {
		err := w.try(ctx, b)
		if !errors.Is(err, errRelock) {
			return err
		}
	}
}

func (w *writer) try(ctx context.Context, b *batchRun) (err error) {
	if err := w.prepare(ctx); err != nil {
		return err
	}
	tx, err := w.l.batches.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		var unknown *unknownCommitError
		if err != nil && !errors.As(err, &unknown) {
			_ = tx.Rollback()
		}
	}()
	b.reset()
	n, err := w.exec(ctx, tx, renewLease, w.l.serverID(), b.id)
	if err != nil {
		return err
	}
	if n == 0 {
		return errServerDead
	}
	if len(b.requests) > 0 {
		if err := w.lock(ctx, tx, b); err != nil {
			return err
		}
		if err := w.write(ctx, tx, b); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return &unknownCommitError{cause: err}
	}
	return nil
}

func (b *batchRun) reset() {
	b.state = newState()
	b.answers = make([]answer, len(b.requests))
	b.links, b.usages, b.finished, b.freed = nil, nil, nil, nil
	b.head = head{}
}

const renewLease = `UPDATE ledger_servers SET lease_at = clock_timestamp(), batch_id = $2 WHERE id = $1 AND NOT dead`

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
		for _, a := range []AccountID{Wallet(user), Vesting(user)} {
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

func sorted[K ~string](set map[K]struct{}) []string {
	out := make([]string, 0, len(set))
	for k := range set {
		out = append(out, string(k))
	}
	slices.Sort(out)
	return out
}

func byRank(rows map[*Table][]Row) []*Table {
	return slices.SortedFunc(maps.Keys(rows), func(a, b *Table) int { return a.Rank - b.Rank })
}

// refusedByDatabase reports whether the database refused a statement for what it says, so that trying again can't help.
func refusedByDatabase(err error) bool {
	var e *pq.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code.Class() {
	case "22", "23", "42", "P0": // data, constraint, syntax or missing object, raised by a function
		return true
	}
	return false
}
