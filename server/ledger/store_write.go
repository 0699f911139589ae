package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// aheadFrom is the number of requests from which on what is decided already is written while the rest is still sealed and
// encoded: for fewer, another round trip costs more than it saves.
const aheadFrom = 100

// write decides the batch and writes what follows. Nearly all goes in by one statement, which also renews the lease.
func (w *writer) write(ctx context.Context, tx *sql.Tx, b *batchRun) error {
	decisions := b.decide()
	if refused := b.refusedWithGuards(decisions); len(refused) > 0 {
		return &setAside{refused}
	}
	if err := w.insertAccounts(ctx, tx, b); err != nil {
		return err
	}
	if err := w.insertTerms(ctx, tx, b); err != nil {
		return err
	}
	switch needed := books(decisions, b.requests, b.decided); {
	case !needed:
		b.head = head{} // locked in vain, where it was
	case !b.headLocked:
		if err := w.lockHead(ctx, tx, b); err != nil {
			return err
		}
	}
	s := newStatement()
	w.writeState(s, b)
	written := func() error { return nil }
	if len(b.requests) >= aheadFrom && s.text.Len() > 0 {
		written = w.start(ctx, tx, s.sql("SELECT"), s.args)
		s = newStatement()
	}
	rest, err := w.addBooks(s, b, decisions)
	if err := errors.Join(written(), err); err != nil {
		return err
	}
	n, err := w.exec(ctx, tx, s.sql(renewLease, string(w.l.serverID()), string(b.id)), s.args...)
	if err != nil {
		return err
	}
	if n == 0 {
		return errServerDead
	}
	return w.writeRecords(ctx, tx, b, rest)
}

// addBooks numbers and seals what was decided and adds all that follows to the statement. Tables that have to be written
// after it are returned.
func (w *writer) addBooks(s *statement, b *batchRun, decisions []decision) (rest []*Table, err error) {
	if err := b.number(decisions); err != nil {
		return nil, err
	}
	w.writeTerms(s, b)
	w.writeOperations(s, b)
	if b.head.seq > 0 || len(b.usages) > 0 {
		w.writeBooks(s, b)
	}
	return w.addRecords(s, b)
}

// renewLease leaves the batch's id in the server's own row. It finds none where another server marked this one dead.
const renewLease = `UPDATE ledger_servers SET lease_at = clock_timestamp(), batch_id = $2::text WHERE id = $1::text AND NOT dead`

// statement is a WITH of independent writes and the one whose rows are counted.
type statement struct {
	text strings.Builder
	args []any
}

func newStatement() *statement { return &statement{} }

// add appends a write whose parameters are written $1::type, $2::type, …
func (s *statement) add(query string, args ...any) {
	if s.text.Len() == 0 {
		s.text.WriteString("WITH ")
	} else {
		s.text.WriteString(",\n")
	}
	fmt.Fprintf(&s.text, "w%d AS (", len(s.args))
	s.renumber(query, len(args))
	s.text.WriteString(")")
	s.args = append(s.args, args...)
}

// renumber writes the query with its parameters after those that are there.
func (s *statement) renumber(query string, args int) {
	for {
		i := strings.IndexByte(query, '$')
		if i < 0 {
			s.text.WriteString(query)
			return
		}
		n, end := 0, i+1
		for end < len(query) && query[end] >= '0' && query[end] <= '9' {
			n = 10*n + int(query[end]-'0')
			end++
		}
		if n == 0 || n > args {
			panic("ledger: a parameter without a value in " + query)
		}
		s.text.WriteString(query[:i+1])
		s.text.WriteString(itoa(len(s.args) + n))
		query = query[end:]
	}
}

// sql ends the statement with a write.
func (s *statement) sql(last string, args ...any) string {
	s.text.WriteString("\n")
	s.renumber(last, len(args))
	s.args = append(s.args, args...)
	return s.text.String()
}

// insertAccounts makes the accounts that the batch moves for the first time. One that another server made in this moment
// was not seen by the decisions: the batch is decided again with it.
func (w *writer) insertAccounts(ctx context.Context, tx *sql.Tx, b *batchRun) error {
	var made []*account
	for _, a := range b.state.accounts {
		if !a.stored && a.accountRow != (accountRow{}) {
			made = append(made, a)
		}
	}
	if len(made) == 0 {
		return nil
	}
	slices.SortFunc(made, func(a, b *account) int { return strings.Compare(string(a.id), string(b.id)) })
	names, assets, balance, held := texts(len(made)), texts(len(made)), ints(len(made)), ints(len(made))
	closing, minimum, maximum := bools(len(made)), ints(len(made)), ints(len(made))
	for _, a := range made {
		names.text(string(a.id))
		assets.text(string(a.id.Asset()))
		balance.int(a.balance)
		held.int(a.held)
		closing.bool(a.closing)
		low, high := a.id.bounds()
		if err := errors.Join(minimum.any(low), maximum.any(high)); err != nil {
			return err
		}
	}
	n, err := w.exec(ctx, tx, `INSERT INTO ledger_accounts (id, asset, balance, held, closing, minimum, maximum)
		SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bool[], $6::bigint[], $7::bigint[]) ON CONFLICT DO NOTHING`,
		names, assets, balance, held, closing, minimum, maximum)
	if err == nil && int(n) < len(made) {
		return errRelock
	}
	return err
}

func (w *writer) insertTerms(ctx context.Context, tx *sql.Tx, b *batchRun) error {
	for _, id := range slices.Sorted(maps.Keys(b.state.terms)) {
		t := b.state.terms[id]
		if t.stored {
			continue
		}
		_, err := w.exec(ctx, tx, `INSERT INTO ledger_deposits (resource_id, user_id, confirmed, quota, fee, paid, vesting, vested, withdrawn, fee_undone, reserved)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, string(t.resource), string(t.user), t.confirmed, int64(t.quota), int64(t.fee), int64(t.paid),
			int64(t.vesting), int64(t.vested), int64(t.withdrawn), int64(t.feeUndone), int64(t.reserved))
		if err != nil {
			return err
		}
	}
	return nil
}

// writeState writes the accounts, budgets and holds that changed.
func (w *writer) writeState(s *statement, b *batchRun) {
	names, balance, held, closing := texts(len(b.state.accounts)), ints(len(b.state.accounts)), ints(len(b.state.accounts)), bools(len(b.state.accounts))
	for _, id := range slices.Sorted(maps.Keys(b.state.accounts)) {
		if a := b.state.accounts[id]; a.stored && a.accountRow != a.loaded {
			names.text(string(id))
			balance.int(a.balance)
			held.int(a.held)
			closing.bool(a.closing)
		}
	}
	if names.n > 0 {
		s.add(`UPDATE ledger_accounts a SET balance = u.balance, held = u.held, closing = u.closing
			FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bool[]) AS u (id, balance, held, closing) WHERE a.id = u.id`,
			names, balance, held, closing)
	}
	names, held = texts(len(b.state.budgets)), ints(len(b.state.budgets))
	spent, since := ints(len(b.state.budgets)), times(len(b.state.budgets))
	for _, id := range slices.Sorted(maps.Keys(b.state.budgets)) {
		if t := b.state.budgets[id]; t.budgetRow != t.loaded {
			names.text(string(id))
			spent.int(int64(t.spent))
			held.int(int64(t.held))
			since.time(t.since)
		}
	}
	if names.n > 0 {
		s.add(`UPDATE ledger_budgets b SET spent = u.spent, held = u.held, period_start = CASE WHEN b.period <> '' THEN u.since END
			FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::timestamptz[]) AS u (id, spent, held, since) WHERE b.token_id = u.id`, names, spent, held, since)
	}
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
	gone, made, moved := texts(len(b.state.holds)), newHoldColumns(len(b.state.holds)), newHoldColumns(0)
	for _, id := range slices.Sorted(maps.Keys(b.state.holds)) {
		switch h := b.state.holds[id]; h.fate {
		case holdMade:
			made.add(h)
		case holdMoved:
			moved.add(h)
		case holdResolved:
			gone.text(string(id))
		}
	}
	if gone.n > 0 {
		s.add(`DELETE FROM ledger_holds WHERE id = ANY ($1::text[])`, gone)
	}
	if moved.ids.n > 0 {
		s.add(`UPDATE ledger_holds h SET resource_id = u.resource, owner_id = u.owner, usd = u.usd
			FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS u (id, resource, owner, usd) WHERE h.id = u.id`,
			moved.ids, moved.resources, moved.owners, moved.usd)
	}
	if made.ids.n > 0 {
		s.add(`INSERT INTO ledger_holds (id, server_id, user_id, credits, resource_id, owner_id, usd, token_id, operation, expires_at)
			SELECT id, $1::text, usr, credits, resource, owner, usd, token, operation, clock_timestamp() + ttl * interval '1 millisecond'
			FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[], $10::bigint[])
				AS u (id, usr, credits, resource, owner, usd, token, operation, ttl)`,
			string(w.l.serverID()), made.ids, made.users, made.credits, made.resources, made.owners, made.usd, made.tokens, made.operations, made.ttl)
	}
}

type holdColumns struct {
	ids, users, credits, resources, owners, usd, tokens, operations, ttl *array
}

func newHoldColumns(n int) *holdColumns {
	return &holdColumns{texts(n), texts(n), ints(n), texts(n), texts(n), ints(n), texts(n), texts(n), ints(n)}
}

func (c *holdColumns) add(h *hold) {
	c.ids.text(string(h.id))
	c.users.text(string(h.user))
	c.credits.int(int64(h.credits))
	c.resources.text(string(h.resource))
	c.owners.text(string(h.owner))
	c.usd.int(int64(h.usd))
	c.tokens.text(string(h.token))
	c.operations.text(h.operation)
	c.ttl.int(h.ttl.Milliseconds())
}

func (w *writer) writeOperations(s *statement, b *batchRun) {
	if b.finished != nil {
		names, answers := texts(len(b.finished)), bytes(len(b.finished))
		for _, f := range b.finished {
			names.text(f.name)
			answers.bytes(f.answer)
		}
		s.add(`UPDATE ledger_operations o SET done = true, answer = u.answer FROM unnest($1::text[], $2::bytea[]) AS u (key, answer) WHERE o.key = u.key`,
			names, answers)
	}
	if b.freed != nil {
		s.add(`DELETE FROM ledger_operations WHERE key = ANY ($1::text[]) AND NOT done`, textsOf(b.freed))
	}
}

// addRecords adds the rows of others that stand or fall with the operations to the batch's statement. One statement changes
// a row only once: where two of the tables are views of one, the later one is returned, to be written after.
func (w *writer) addRecords(s *statement, b *batchRun) (rest []*Table, err error) {
	written := map[string]bool{}
	for _, t := range byRank(b.records) {
		stored, _, _ := strings.Cut(t.Name, ".")
		if written[stored] {
			rest = append(rest, t)
			continue
		}
		written[stored] = true
		args, err := columns(t, merged(b.records[t]))
		if err != nil {
			return nil, err
		}
		s.add(t.SQL, args...)
	}
	return rest, nil
}

func (w *writer) writeRecords(ctx context.Context, tx *sql.Tx, b *batchRun, tables []*Table) error {
	for _, t := range tables {
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
