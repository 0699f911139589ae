package ledger

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"github.com/lib/pq"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

func itoa[N ~int | ~int64](n N) string { return strconv.FormatInt(int64(n), 10) }

// WalletState is what a user has.
type WalletState struct {
	Available money.Credits // what can be spent
	Held      money.Credits // reserved by requests in flight
	Owed      money.Credits // a debt, ≥ 0
	Vesting   money.Credits
}

// Wallet returns what a user has; zeros for one who never had anything.
func (l *Ledger) Wallet(ctx context.Context, user ids.ID) (WalletState, error) {
	b, err := l.Balances(ctx, Wallet(user), Vesting(user), Debt(user))
	w := b[Wallet(user)]
	return WalletState{
		Available: money.Credits(w.Available()), Held: money.Credits(w.Held),
		Owed: money.Credits(-b[Debt(user)].Balance), Vesting: money.Credits(b[Vesting(user)].Balance),
	}, err
}

// Balances returns accounts; one that never moved is absent.
func (l *Ledger) Balances(ctx context.Context, accounts ...AccountID) (map[AccountID]Balance, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT id, balance, held FROM ledger_accounts WHERE id = ANY ($1)`, pq.Array(accounts))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := make(map[AccountID]Balance, len(accounts))
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

// Quotas returns what is left on resources and what of it is held, in 10⁻⁹ USD.
func (l *Ledger) Quotas(ctx context.Context, resources ...ids.ID) (map[ids.ID]Balance, error) {
	accounts := make([]AccountID, len(resources))
	for i, r := range resources {
		accounts[i] = Quota(r)
	}
	balances, err := l.Balances(ctx, accounts...)
	out := make(map[ids.ID]Balance, len(balances))
	for a, b := range balances {
		out[a.Owner()] = b
	}
	return out, err
}

// Budget is what an API token may spend and has spent. Where it has a period, that is of the one that is under way.
type Budget struct {
	Limit       *money.Credits
	Spent, Held money.Credits
	Period      Period
	PeriodEnds  time.Time // zero where it has none
}

// Budgets returns the budgets of tokens.
func (l *Ledger) Budgets(ctx context.Context, tokens ...ids.ID) (map[ids.ID]Budget, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT token_id, spend_limit, spent, held, period, period_start, clock_timestamp()
		FROM ledger_budgets WHERE token_id = ANY ($1)`, pq.Array(tokens))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := make(map[ids.ID]Budget, len(tokens))
	for rows.Next() {
		var id ids.ID
		var limit sql.NullInt64
		var since sql.NullTime
		var now time.Time
		var row budgetRow
		if err := rows.Scan(&id, &limit, &row.spent, &row.held, &row.period, &since, &now); err != nil {
			return nil, err
		}
		row.since = since.Time.UTC()
		row.renew(now)
		b := Budget{Spent: row.spent, Held: row.held, Period: row.period}
		if row.period != "" {
			b.PeriodEnds = row.period.end(row.since)
		}
		if limit.Valid {
			c := money.Credits(limit.Int64)
			b.Limit = &c
		}
		out[id] = b
	}
	return out, rows.Err()
}

// Execer runs a statement, in a transaction or outside of one.
type Execer = interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// OpenBudget gives a new token its budget, in the transaction that makes the token: in each period, or "" once.
func (l *Ledger) OpenBudget(ctx context.Context, ex Execer, token ids.ID, limit *money.Credits, period string) error {
	_, err := ex.ExecContext(ctx, `INSERT INTO ledger_budgets (token_id, spend_limit, period) VALUES ($1, $2, $3)`, string(token), (*int64)(limit), period)
	return err
}

// Recorded returns what is on record under an operation key. It returns ErrPending while the operation runs and
// ErrIdempotency where its input was another.
func (l *Ledger) Recorded(ctx context.Context, k Key) (recorded []byte, found bool, err error) {
	var op operation
	err = l.db.QueryRowContext(ctx, `SELECT input_hash, done, answer FROM ledger_operations WHERE key = $1`, k.Name).Scan(&op.inputHash, &op.done, &op.answer)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	recorded, err = op.answerTo(&k)
	return recorded, err == nil, err
}

// TrustUsed returns how much of the trust limit a contributor uses: Credits paid for quota that is only declared, less
// what use has proven.
func (l *Ledger) TrustUsed(ctx context.Context, user ids.ID) (money.Credits, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT quota, fee, paid, served FROM ledger_deposits WHERE user_id = $1 AND NOT confirmed`, string(user))
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	var used money.Credits
	for rows.Next() {
		var t terms
		if err := rows.Scan(&t.quota, &t.fee, &t.paid, &t.served); err != nil {
			return 0, err
		}
		proven, err := t.proven()
		if err != nil {
			return 0, err
		}
		if used, err = money.Add(used, max(0, t.paid-proven)); err != nil {
			return 0, err
		}
	}
	return used, rows.Err()
}

// Vestable returns the operations that release what use has proven since the last time.
func (l *Ledger) Vestable(ctx context.Context) ([]Vest, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT resource_id, user_id, quota, fee, served, vested FROM ledger_deposits WHERE vesting > 0 ORDER BY resource_id`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []Vest
	for rows.Next() {
		var t terms
		if err := rows.Scan(&t.resource, &t.user, &t.quota, &t.fee, &t.served, &t.vested); err != nil {
			return nil, err
		}
		if proven, err := t.proven(); err == nil && proven > t.vested {
			out = append(out, Vest{Resource: t.resource, Owner: t.user})
		}
	}
	return out, rows.Err()
}

// Drained returns withdrawn resources whose key may be destroyed: no hold is left, or the withdrawal is 15 minutes old.
func (l *Ledger) Drained(ctx context.Context) ([]ids.ID, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT s.resource_id FROM secrets s JOIN pool_resources r ON r.id = s.resource_id
		JOIN ledger_accounts a ON a.id = 'resource:' || s.resource_id
		WHERE a.closing AND (a.held = 0 OR r.withdrawn_at < clock_timestamp() - interval '15 minutes')`)
	if err != nil {
		return nil, err
	}
	return scanIDs(rows)
}

// Posting is a line of a transaction, for reading.
type Posting struct {
	Account      AccountID
	Amount       int64
	BalanceAfter *int64
}

// Asset returns what the posting moves.
func (p Posting) Asset() Asset { return p.Account.Asset() }

// Postings returns the lines of transactions, by sequence.
func (l *Ledger) Postings(ctx context.Context, seqs ...int64) (map[int64][]Posting, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT seq, account_id, amount, balance_after FROM ledger_entries WHERE seq = ANY ($1) ORDER BY seq, n`, pq.Array(seqs))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := make(map[int64][]Posting, len(seqs))
	for rows.Next() {
		var seq int64
		var p Posting
		var after sql.NullInt64
		if err := rows.Scan(&seq, &p.Account, &p.Amount, &after); err != nil {
			return nil, err
		}
		if after.Valid {
			p.BalanceAfter = &after.Int64
		}
		out[seq] = append(out[seq], p)
	}
	return out, rows.Err()
}

// WalletEntry is a line of a user's statement.
type WalletEntry struct {
	Seq          int64 // of its transaction
	N            int   // its place there
	CreatedAt    time.Time
	Kind         Kind
	Amount       money.Credits // signed
	BalanceAfter money.Credits // available + held
	Memo         string
}
