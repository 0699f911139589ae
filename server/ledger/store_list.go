package ledger

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"time"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/ledgertransaction"
	"github.com/resourcepool/resourcepool/ent/predicate"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/page"
)

// Filter narrows a list of transactions; empty fields don't.
type Filter struct {
	Kinds          []Kind
	From, To       *time.Time // inclusive, exclusive
	User, Resource ids.ID
}

// List returns a page of the log, newest first.
func (l *Ledger) List(ctx context.Context, args page.Args, f Filter) (page.Connection[*ent.LedgerTransaction], error) {
	narrow, err := l.predicates(ctx, f)
	if err != nil {
		return page.Connection[*ent.LedgerTransaction]{}, err
	}
	q := l.ent.LedgerTransaction.Query().Where(narrow...)
	return page.Of(ctx, q, args, page.List[*ent.LedgerTransaction]{
		DB: l.db, Table: ledgertransaction.Table, Key: seqKey, KeyOf: func(t *ent.LedgerTransaction) string { return itoa(t.ID) },
		Order: page.Order{Name: "SEQ", Desc: true},
	})
}

var seqKey = page.Key{Columns: []string{"seq"}, Parse: func(text string) ([]any, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return []any{n}, err == nil
}}

// predicates turns times into sequences, which rise with them: that is where the index is.
func (l *Ledger) predicates(ctx context.Context, f Filter) ([]predicate.LedgerTransaction, error) {
	var out []predicate.LedgerTransaction
	if len(f.Kinds) > 0 {
		kinds := make([]string, len(f.Kinds))
		for i, k := range f.Kinds {
			kinds[i] = string(k)
		}
		out = append(out, ledgertransaction.KindIn(kinds...))
	}
	if f.From != nil {
		seq, err := l.seqAt(ctx, *f.From)
		if err != nil {
			return nil, err
		}
		out = append(out, ledgertransaction.IDGTE(seq))
	}
	if f.To != nil {
		seq, err := l.seqAt(ctx, *f.To)
		if err != nil {
			return nil, err
		}
		out = append(out, ledgertransaction.IDLT(seq))
	}
	if f.User != "" {
		out = append(out, ledgertransaction.UserID(f.User), func(s *entsql.Selector) { s.Where(entsql.NEQ(s.C("user_id"), "")) })
	}
	if f.Resource != "" {
		out = append(out, ledgertransaction.ResourceID(f.Resource), func(s *entsql.Selector) { s.Where(entsql.NEQ(s.C("resource_id"), "")) })
	}
	return out, nil
}

// seqAt returns the first sequence that is not older than t; the next free one where all are.
func (l *Ledger) seqAt(ctx context.Context, t time.Time) (seq int64, err error) {
	err = l.db.QueryRowContext(ctx, `SELECT ledger_seq_at($1)`, t).Scan(&seq)
	return seq, err
}

// TransactionsBySeq returns those of the transactions that exist.
func (l *Ledger) TransactionsBySeq(ctx context.Context, seqs ...int64) (map[int64]*ent.LedgerTransaction, error) {
	list, err := l.ent.LedgerTransaction.Query().Where(ledgertransaction.IDIn(seqs...)).All(ctx)
	out := make(map[int64]*ent.LedgerTransaction, len(list))
	for _, t := range list {
		out[t.ID] = t
	}
	return out, err
}

// Entries returns a page of a user's statement, newest first.
func (l *Ledger) Entries(ctx context.Context, user ids.ID, args page.Args) (page.Connection[WalletEntry], error) {
	return page.Rows(ctx, args, page.Select[WalletEntry]{
		DB: l.db, Name: "statement",
		// No join, which might read the transactions from one end: what a line says of its own is looked up.
		Base: `SELECT e.seq, e.n, (SELECT t.created_at FROM ledger_transactions t WHERE t.seq = e.seq) AS created_at,
			(SELECT t.kind FROM ledger_transactions t WHERE t.seq = e.seq) AS kind, e.amount, e.balance_after,
			(SELECT t.memo FROM ledger_transactions t WHERE t.seq = e.seq) AS memo
			FROM ledger_entries e WHERE e.account_id = ? AND e.balance_after IS NOT NULL`,
		BaseArgs: []any{string(Wallet(user))},
		Key:      page.Key{Columns: []string{"seq", "n"}, Parse: parseEntryKey},
		KeyOf:    WalletEntry.ID,
		Order:    page.Order{Name: "SEQ", Desc: true},
		Scan: func(r *sql.Rows) (e WalletEntry, err error) {
			err = r.Scan(&e.Seq, &e.N, &e.CreatedAt, &e.Kind, &e.Amount, &e.BalanceAfter, &e.Memo)
			e.CreatedAt = e.CreatedAt.UTC()
			return e, err
		},
	})
}

// ID names the line: the transaction's sequence and the entry's place in it.
func (e WalletEntry) ID() string { return itoa(e.Seq) + "." + itoa(e.N) }

func parseEntryKey(text string) ([]any, bool) {
	seq, n, ok := strings.Cut(text, ".")
	s, err1 := strconv.ParseInt(seq, 10, 64)
	k, err2 := strconv.ParseInt(n, 10, 16)
	return []any{s, k}, ok && err1 == nil && err2 == nil
}
