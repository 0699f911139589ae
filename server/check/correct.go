package check

import (
	"context"
	"fmt"
	"strconv"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
	"github.com/resourcepool/resourcepool/server/ledger"
)

// actionCorrect is what the audit log calls a correction; its subject is the transaction that it corrects.
const actionCorrect = "ledger.correct"

// doer is ledger.Ledger.
type doer interface {
	Do(ctx context.Context, r ledger.Request) (ledger.Outcome, error)
}

func transaction(seq int64) string { return "txn_" + strconv.FormatInt(seq, 10) }

// Reversal returns the entries that undo a transaction.
func Reversal(postings []ledger.Posting) []ledger.Entry {
	sums := map[ledger.AccountID]int64{}
	var order []ledger.AccountID
	for _, p := range postings {
		if _, ok := sums[p.Account]; !ok {
			order = append(order, p.Account)
		}
		sums[p.Account] -= p.Amount
	}
	var out []ledger.Entry
	for _, a := range order {
		if sums[a] != 0 {
			out = append(out, ledger.Entry{Account: a, Amount: sums[a]})
		}
	}
	return out
}

// Correct books a correction, with its row in the audit log. Without again it is done once for each transaction: two at a time
// exclude one another by an operation key, and later ones find the first by Corrections.
func (b *Books) Correct(ctx context.Context, op *ledger.Adjust, again bool) (ledger.Outcome, error) {
	r := ledger.Request{Op: op, Caller: string(op.Actor), Records: func(o ledger.Outcome) []ledger.Row {
		entries := map[string]int64{}
		for _, e := range op.Entries {
			entries[string(e.Account)] = e.Amount
		}
		return []ledger.Row{b.AuditRow(ctx, journal.Event{
			ID: b.IDs.New(ids.Audit), At: o.At, Actor: op.Actor, Action: actionCorrect, Subject: transaction(op.Corrects), Reason: op.Reason,
			Detail: map[string]any{"reason": op.Reason, "booked": transaction(o.Seq), "entries": entries},
		})}
	}}
	if !again {
		r.Key = &ledger.Key{Name: fmt.Sprintf("correct:%d", op.Corrects), InputHash: []byte("once")}
		r.Answer = []byte("booked")
	}
	out, err := b.Ledger.Do(ctx, r)
	if err == nil && out.Replayed {
		return out, fmt.Errorf("#%d was corrected a moment ago; --again does it once more", op.Corrects)
	}
	return out, err
}
