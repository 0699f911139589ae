package ledger

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lib/pq"
)

// write decides the batch and writes what follows: all tables of the ledger by one statement, then the records.
func (w *writer) write(ctx context.Context, tx *sql.Tx, b *batchRun) error {
	decisions := b.decide()
	if refused := b.refusedWithGuards(decisions); len(refused) > 0 {
		return &setAside{refused}
	}
	if books(decisions, b.requests, b.decided) {
		if err := w.lockHead(ctx, tx, b); err != nil {
			return err
		}
	}
	if err := b.number(decisions); err != nil {
		return err
	}
	if err := w.insertAccounts(ctx, tx, b); err != nil {
		return err
	}
	if err := w.insertTerms(ctx, tx, b); err != nil {
		return err
	}
	s := newStatement()
	w.writeState(s, b)
	w.writeOperations(s, b)
	if b.head.seq > 0 || len(b.usages) > 0 {
		w.writeBooks(s, b)
	}
	if s.parts != nil {
		if _, err := w.exec(ctx, tx, s.sql(), s.args...); err != nil {
			return err
		}
	}
	return w.writeRecords(ctx, tx, b)
}

// statement is one WITH of independent writes.
type statement struct {
	parts []string
	args  []any
}

func newStatement() *statement { return &statement{} }

// add appends a write whose parameters are written $1, $2, …
func (s *statement) add(query string, args ...any) {
	for i := len(args); i > 0; i-- {
		query = strings.ReplaceAll(query, fmt.Sprintf("$%d:", i), fmt.Sprintf("$%d:", len(s.args)+i))
	}
	s.parts = append(s.parts, fmt.Sprintf("w%d AS (%s)", len(s.parts), query))
	s.args = append(s.args, args...)
}

func (s *statement) sql() string { return "WITH " + strings.Join(s.parts, ",\n") + "\nSELECT" }

// insertAccounts makes the accounts that the batch moves for the first time. One that another server made in this moment
// was not seen by the decisions: the batch is decided again with it.
func (w *writer) insertAccounts(ctx context.Context, tx *sql.Tx, b *batchRun) error {
	var made []*account
	for _, id := range slices.Sorted(maps.Keys(b.state.accounts)) {
		if a := b.state.accounts[id]; !a.stored && a.accountRow != (accountRow{}) {
			made = append(made, a)
		}
	}
	if len(made) == 0 {
		return nil
	}
	var names, assets []string
	var balance, held []int64
	var closing []bool
	var minimum, maximum []sql.NullInt64
	for _, a := range made {
		names, assets = append(names, string(a.id)), append(assets, string(a.id.Asset()))
		balance, held, closing = append(balance, a.balance), append(held, a.held), append(closing, a.closing)
		low, high := a.id.bounds()
		minimum, maximum = append(minimum, nullable(low)), append(maximum, nullable(high))
	}
	n, err := w.exec(ctx, tx, `INSERT INTO ledger_accounts (id, asset, balance, held, closing, minimum, maximum)
		SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bool[], $6::bigint[], $7::bigint[]) ON CONFLICT DO NOTHING`,
		pq.Array(names), pq.Array(assets), pq.Array(balance), pq.Array(held), pq.Array(closing), pq.Array(minimum), pq.Array(maximum))
	if err == nil && int(n) < len(made) {
		return errRelock
	}
	return err
}

func nullable(n *int64) sql.NullInt64 {
	if n == nil {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: *n, Valid: true}
}

func (w *writer) insertTerms(ctx context.Context, tx *sql.Tx, b *batchRun) error {
	for _, id := range slices.Sorted(maps.Keys(b.state.terms)) {
		t := b.state.terms[id]
		if t.stored {
			continue
		}
		_, err := w.exec(ctx, tx, `INSERT INTO ledger_deposits (resource_id, user_id, confirmed, quota, fee, paid, vesting)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, string(t.resource), string(t.user), t.confirmed, int64(t.quota), int64(t.fee), int64(t.paid), int64(t.vesting))
		if err != nil {
			return err
		}
	}
	return nil
}

// writeState writes the accounts, budgets, terms and holds that changed.
func (w *writer) writeState(s *statement, b *batchRun) {
	var names []string
	var balance, held []int64
	var closing []bool
	for _, id := range slices.Sorted(maps.Keys(b.state.accounts)) {
		if a := b.state.accounts[id]; a.stored && a.accountRow != a.loaded {
			names, balance, held, closing = append(names, string(id)), append(balance, a.balance), append(held, a.held), append(closing, a.closing)
		}
	}
	if names != nil {
		s.add(`UPDATE ledger_accounts a SET balance = u.balance, held = u.held, closing = u.closing
			FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bool[]) AS u (id, balance, held, closing) WHERE a.id = u.id`,
			pq.Array(names), pq.Array(balance), pq.Array(held), pq.Array(closing))
	}
	names, held = nil, nil
	var spent []int64
	for _, id := range slices.Sorted(maps.Keys(b.state.budgets)) {
		if t := b.state.budgets[id]; t.budgetRow != t.loaded {
			names, spent, held = append(names, string(id)), append(spent, int64(t.spent)), append(held, int64(t.held))
		}
	}
	if names != nil {
		s.add(`UPDATE ledger_budgets b SET spent = u.spent, held = u.held
			FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS u (id, spent, held) WHERE b.token_id = u.id`,
			pq.Array(names), pq.Array(spent), pq.Array(held))
	}
	w.writeTerms(s, b)
	w.writeHolds(s, b)
}

func (w *writer) writeTerms(s *statement, b *batchRun) {
	for _, id := range slices.Sorted(maps.Keys(b.state.terms)) {
		t := b.state.terms[id]
		if !t.stored || t.termsRow == t.loaded {
			continue
		}
		// What the key served goes along: one statement changes a row once.
		served := b.rollups.served[id]
		delete(b.rollups.served, id)
		s.add(`UPDATE ledger_deposits SET paid = $2::bigint, vesting = $3::bigint, vested = $4::bigint, withdrawn = $5::bigint,
			fee_undone = $6::bigint, reserved = $7::bigint, served = served + $8::bigint WHERE resource_id = $1::text`,
			string(id), int64(t.paid), int64(t.vesting), int64(t.vested), int64(t.withdrawn), int64(t.feeUndone), int64(t.reserved), int64(served))
	}
}

func (w *writer) writeHolds(s *statement, b *batchRun) {
	var gone, made, users, resources, owners, tokens, operations []string
	var credits, usd, ttl []int64
	var moved, movedTo, movedOwner []string
	var movedUSD []int64
	for _, id := range slices.Sorted(maps.Keys(b.state.holds)) {
		h := b.state.holds[id]
		switch h.fate {
		case holdMade:
			made, users, resources, owners = append(made, string(id)), append(users, string(h.user)), append(resources, string(h.resource)), append(owners, string(h.owner))
			tokens, operations = append(tokens, string(h.token)), append(operations, h.operation)
			credits, usd, ttl = append(credits, int64(h.credits)), append(usd, int64(h.usd)), append(ttl, h.ttl.Milliseconds())
		case holdMoved:
			moved, movedTo, movedOwner, movedUSD = append(moved, string(id)), append(movedTo, string(h.resource)), append(movedOwner, string(h.owner)), append(movedUSD, int64(h.usd))
		case holdResolved:
			gone = append(gone, string(id))
		}
	}
	if gone != nil {
		s.add(`DELETE FROM ledger_holds WHERE id = ANY ($1::text[])`, pq.Array(gone))
	}
	if moved != nil {
		s.add(`UPDATE ledger_holds h SET resource_id = u.resource, owner_id = u.owner, usd = u.usd
			FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS u (id, resource, owner, usd) WHERE h.id = u.id`,
			pq.Array(moved), pq.Array(movedTo), pq.Array(movedOwner), pq.Array(movedUSD))
	}
	if made != nil {
		s.add(`INSERT INTO ledger_holds (id, server_id, user_id, credits, resource_id, owner_id, usd, token_id, operation, expires_at)
			SELECT id, $1::text, usr, credits, resource, owner, usd, token, operation, clock_timestamp() + ttl * interval '1 millisecond'
			FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[], $10::bigint[])
				AS u (id, usr, credits, resource, owner, usd, token, operation, ttl)`,
			string(w.l.serverID()), pq.Array(made), pq.Array(users), pq.Array(credits), pq.Array(resources), pq.Array(owners), pq.Array(usd),
			pq.Array(tokens), pq.Array(operations), pq.Array(ttl))
	}
}

func (w *writer) writeOperations(s *statement, b *batchRun) {
	if b.finished != nil {
		var names []string
		var answers pq.ByteaArray
		for _, f := range b.finished {
			names, answers = append(names, f.name), append(answers, f.answer)
		}
		s.add(`UPDATE ledger_operations o SET done = true, answer = u.answer FROM unnest($1::text[], $2::bytea[]) AS u (key, answer) WHERE o.key = u.key`,
			pq.Array(names), answers)
	}
	if b.freed != nil {
		s.add(`DELETE FROM ledger_operations WHERE key = ANY ($1::text[]) AND NOT done`, pq.Array(b.freed))
	}
}

// writeRecords writes the rows of others that stand or fall with the operations.
func (w *writer) writeRecords(ctx context.Context, tx *sql.Tx, b *batchRun) error {
	for _, t := range byRank(b.records) {
		args, err := columns(t, merged(b.records[t]))
		if err != nil {
			return err
		}
		if _, err := w.exec(ctx, tx, t.SQL, args...); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	return nil
}

// columns turns rows into one array per column.
func columns(t *Table, rows []Row) ([]any, error) {
	arrays := make([][]any, len(t.Types))
	for _, r := range rows {
		values := r.Values()
		if len(values) != len(t.Types) {
			return nil, fmt.Errorf("ledger: a row of %s has %d values for %d columns", t.Name, len(values), len(t.Types))
		}
		for i, v := range values {
			arrays[i] = append(arrays[i], element(v, t.Types[i]))
		}
	}
	args := make([]any, len(arrays))
	for i, a := range arrays {
		args[i] = pq.Array(a)
	}
	return args, nil
}

// element returns a value as lib/pq writes it into an array: it would take bytes for text there.
func element(v any, typ string) any {
	switch v := v.(type) {
	case []byte:
		if v == nil {
			return nil
		}
		if typ == "bytea" {
			return `\x` + hex.EncodeToString(v)
		}
		return string(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case *time.Time:
		if v == nil {
			return nil
		}
		return v.UTC().Format(time.RFC3339Nano)
	}
	return v
}
