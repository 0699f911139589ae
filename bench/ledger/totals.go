package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"log/slog"
	"time"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/ledger"
)

// cut makes the partitions of the months as a server does at its start, and those of all sequences to come.
func (b *books) cut(ctx context.Context) error {
	l, _, err := b.ledger()
	if err != nil {
		return err
	}
	return l.CutTo(ctx, int64(b.accounts+keys+b.rows))
}

// ledger returns a server's access to the books, and the pool of its writer.
func (b *books) ledger() (*ledger.Ledger, *sql.DB, error) {
	batches, err := database.OpenWriter(b.url)
	if err != nil {
		return nil, nil, err
	}
	return ledger.New(ledger.Options{
		DB: b.db, Batches: batches, Ent: database.Ent(b.db), Clock: clock.System, Rand: rand.Reader, IDs: b.source(), Log: slog.New(slog.DiscardHandler),
	}), batches, nil
}

// totals writes the accounts, the head and the roll-ups that the history leads to.
func (b *books) totals(ctx context.Context) error {
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	var accounts, rollups [][]any
	for i, user := range b.users {
		accounts = append(accounts, []any{string(ledger.Wallet(user)), "CREDIT", b.wallets[i], 0})
	}
	for i, key := range b.resources {
		accounts = append(accounts, []any{string(ledger.Quota(key)), "USD", b.quotas[i], 0})
	}
	if err := copyIn(ctx, tx, "ledger_accounts", []string{"id", "asset", "balance", "minimum"}, accounts); err != nil {
		return err
	}
	for s, n := range b.served {
		rollups = append(rollups, []any{b.at.Truncate(time.Hour), string(b.users[s.user]), string(b.resources[s.resource]), "", "openai", "gpt-4", n, 0, 2000 * n, 1000 * n, 400 * n, charge * n, cost * n})
	}
	if err := copyIn(ctx, tx, "usage_rollups", []string{"hour", "user_id", "resource_id", "owner_id", "provider", "model", "requests", "failed", "prompt_tokens", "completion_tokens", "latency_ms", "credits_charged", "cost_amount"}, rollups); err != nil {
		return err
	}
	n := int64(b.rows)
	for account, balance := range map[ledger.AccountID]int64{
		ledger.Issued: -granted * int64(b.accounts), ledger.Revenue: charge * n, ledger.Supply: -quota * keys, ledger.Spent: cost * n,
	} {
		if _, err := tx.ExecContext(ctx, `UPDATE ledger_accounts SET balance = $2 WHERE id = $1`, string(account), balance); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `UPDATE pool_totals SET requests = $1, succeeded = $1, credits_charged = $2, provider_cost = $3`, n, charge*n, cost*n); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE ledger_head SET seq = $1, hash = $2, at = $3`, b.seq, b.hash[:], b.at); err != nil {
		return err
	}
	return tx.Commit()
}
