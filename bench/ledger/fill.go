package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
)

const (
	keys     = 100              // resources of the platform
	granted  = int64(1e12)      // to each consumer, in 10⁻⁹ Credits
	quota    = int64(1e16)      // of each key, in 10⁻⁹ USD
	charge   = int64(1_500_000) // of a request
	cost     = int64(1_000_000) // of a request
	pageRows = 50_000           // transactions written at once
)

// books is a database with a history.
type books struct {
	url, owner     string // of the servers' role, and of the owner's
	postmaster     string // its process
	accounts, rows int

	db        *sql.DB
	users     []ids.ID
	resources []ids.ID
	wallets   []int64
	quotas    []int64
	seq       int64
	hash      ledger.Digest
	at        time.Time
	ids       *ids.Source
	served    map[served]int64 // usage roll-ups
}

// some returns the books with so many of their consumers.
func (b *books) some(n int) *books {
	c := *b
	c.users, c.accounts = nil, n
	for i := range n {
		c.users = append(c.users, b.users[i*len(b.users)/n])
	}
	return &c
}

type served struct{ user, resource int32 }

// fill writes the history by COPY, sealed as the writer seals it: a grant for each consumer, a deposit for each key, and
// then requests of consumers drawn in turn. A database that has one already is only read.
func (b *books) fill(ctx context.Context) (err error) {
	if b.db, err = database.Open(b.url, 16); err != nil {
		return err
	}
	if found, err := b.found(ctx); found || err != nil {
		return err
	}
	b.ids, b.at, b.served = ids.System(), clock.System.Now().UTC().Truncate(time.Microsecond), map[served]int64{}
	b.wallets, b.quotas = make([]int64, b.accounts), make([]int64, keys)
	for range b.accounts {
		b.users = append(b.users, b.ids.New(ids.User))
	}
	for range keys {
		b.resources = append(b.resources, b.ids.New(ids.Resource))
	}
	if err := b.cut(ctx); err != nil {
		return err
	}
	if err := b.history(ctx); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(os.Stderr)
	if err := b.totals(ctx); err != nil {
		return err
	}
	owner, err := database.Open(b.owner, 1)
	if err != nil {
		return err
	}
	_, err = owner.ExecContext(ctx, `VACUUM ANALYZE`)
	return errors.Join(err, owner.Close())
}

// found reads the consumers and keys of books that were filled before.
func (b *books) found(ctx context.Context) (bool, error) {
	for prefix, list := range map[string]*[]ids.ID{"wallet:": &b.users, "resource:": &b.resources} {
		rows, err := b.db.QueryContext(ctx, `SELECT substr(id, length($1) + 1) FROM ledger_accounts WHERE starts_with(id, $1) ORDER BY id`, prefix)
		if err != nil {
			return false, err
		}
		for rows.Next() {
			var id ids.ID
			if err := rows.Scan(&id); err != nil {
				return false, err
			}
			*list = append(*list, id)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return false, err
		}
	}
	return len(b.users) > 0, nil
}

// history makes the transactions, and writes each page while the next is made.
func (b *books) history(ctx context.Context) error {
	total := b.accounts + keys + b.rows
	pages := make(chan page)
	made, ctx := errgroup.WithContext(ctx)
	made.Go(func() error {
		defer close(pages)
		for first := 0; first < total; first += pageRows {
			p, err := b.page(first, min(pageRows, total-first))
			if err != nil {
				return err
			}
			select {
			case pages <- p:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	made.Go(func() error {
		done := 0
		for p := range pages {
			if err := b.write(ctx, p); err != nil {
				return err
			}
			done += len(p.transactions)
			_, _ = fmt.Fprintf(os.Stderr, "\rfilling: %d of %d", done, total)
		}
		return nil
	})
	return made.Wait()
}

// page is what is written at once.
type page struct {
	first                 int64
	transactions, entries [][]any
}

// page makes the transactions number first to first+n−1.
func (b *books) page(first, n int) (p page, err error) {
	salts := make([]byte, n*6*16)
	if _, err := rand.Read(salts); err != nil {
		return p, err
	}
	salt := func(n int) []byte { s := salts[:16*n]; salts = salts[16*n:]; return s }
	p.first = b.seq + 1
	for i := first; i < first+n; i++ {
		t := b.transaction(i)
		b.seq++
		opening := salt(2)
		h := ledger.Header{
			Seq: b.seq, At: b.at, Kind: t.kind, User: t.user, Usage: t.usage,
			Memo: ledger.MemoCommitment(opening[:16], ""), Origin: ledger.OriginCommitment(opening[16:], "", t.resource),
		}
		var commitments []ledger.Digest
		for k, e := range t.entries {
			s := salt(1)
			commitments = append(commitments, ledger.Commitment(s, e.account, e.amount))
			p.entries = append(p.entries, []any{b.seq, k, string(e.account), e.amount, e.after, s})
		}
		leaf, prev := h.Leaf(commitments), b.hash
		hash := ledger.Chained(prev, leaf)
		p.transactions = append(p.transactions, []any{
			b.seq, string(t.kind), b.at, "", opening, "", string(t.user), string(t.resource), string(t.usage), leaf[:], prev[:], hash[:],
		})
		b.hash = hash
	}
	return p, nil
}

func (b *books) write(ctx context.Context, p page) error {
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if err := copyIn(ctx, tx, "ledger_transactions", []string{
		"seq", "kind", "created_at", "memo", "memo_salt", "actor_id", "user_id", "resource_id", "usage_id", "leaf", "previous_hash", "hash",
	}, p.transactions); err != nil {
		return err
	}
	if err := copyIn(ctx, tx, "ledger_entries", []string{"seq", "n", "account_id", "amount", "balance_after", "salt"}, p.entries); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO usage_logs (id, created_at, status, model, provider, user_id, token_id, resource_id, owner_id, prompt_tokens, cached_tokens,
			cache_write_tokens, completion_tokens, reasoning_tokens, latency_ms, credits_charged, cost_amount, input_price, output_price, minimum_charge, input_cost, cached_input_cost,
			output_cost, routing_reason, attempts, error_code, streamed, estimated, clamped, transaction_seq)
		SELECT usage_id, created_at, 'SUCCEEDED', 'gpt-4', 'openai', user_id, '', resource_id, '', 2000, 0, 0, 1000, 0, 400, $3, $4, 0, 0, 0, 0, 0, 0, 'only_candidate', 1, '',
			false, false, false, seq
		FROM ledger_transactions WHERE seq BETWEEN $1 AND $2 AND usage_id <> ''`, p.first, p.first+int64(len(p.transactions))-1, charge, cost); err != nil {
		return err
	}
	return tx.Commit()
}

type transaction struct {
	kind                  ledger.Kind
	user, resource, usage ids.ID
	entries               []entry
}

type entry struct {
	account ledger.AccountID
	amount  int64
	after   any
}

// transaction returns the i-th of the history and moves the balances.
func (b *books) transaction(i int) transaction {
	switch {
	case i < b.accounts:
		user := b.users[i]
		b.wallets[i] = granted
		return transaction{kind: ledger.KindGrant, user: user, entries: []entry{{ledger.Issued, -granted, nil}, {ledger.Wallet(user), granted, granted}}}
	case i < b.accounts+keys:
		k := i - b.accounts
		b.quotas[k] = quota
		return transaction{kind: ledger.KindDeposit, resource: b.resources[k], entries: []entry{{ledger.Supply, -quota, nil}, {ledger.Quota(b.resources[k]), quota, quota}}}
	}
	// A step that is prime to any number of accounts visits all of them, as random draws would.
	u, k := int(int64(i)*7_368_787%int64(b.accounts)), i%keys
	b.wallets[u] -= charge
	b.quotas[k] -= cost
	b.served[served{int32(u), int32(k)}]++
	user, key := b.users[u], b.resources[k]
	return transaction{kind: ledger.KindUsage, user: user, resource: key, usage: b.ids.New(ids.Usage), entries: []entry{
		{ledger.Wallet(user), -charge, b.wallets[u]}, {ledger.Revenue, charge, nil}, {ledger.Quota(key), -cost, b.quotas[k]}, {ledger.Spent, cost, nil},
	}}
}

func copyIn(ctx context.Context, tx *sql.Tx, table string, columns []string, rows [][]any) error {
	stmt, err := tx.PrepareContext(ctx, "COPY "+table+" ("+strings.Join(columns, ", ")+") FROM STDIN")
	if err != nil {
		return err
	}
	for _, r := range rows {
		if _, err := stmt.ExecContext(ctx, r...); err != nil {
			return err
		}
	}
	if _, err := stmt.ExecContext(ctx); err != nil {
		return err
	}
	return stmt.Close()
}
