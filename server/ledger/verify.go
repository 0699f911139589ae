package ledger

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/resourcepool/resourcepool/server/money"
)

// Report is what a verification found. It recomputes everything: chain and leaves, balance of every transaction, every
// account from its entries, holds, usage logs and roll-ups.
type Report struct {
	Transactions  int64
	HeadSeq       int64
	HeadHash      Digest
	ChainValid    bool   // leaves, links, gap-free sequence, count and head agree
	Balanced      bool   // the entries of every transaction add up to 0 per asset
	BalancesMatch bool   // accounts, holds, usage logs and roll-ups are what the entries say
	FirstBadSeq   *int64 // the first transaction that is wrong, nil where none is or the fault is of an account
	Findings      []string
	CheckedAt     time.Time
}

// Clean reports whether nothing was found.
func (r *Report) Clean() bool { return r.ChainValid && r.Balanced && r.BalancesMatch }

// mostFindings bounds the texts of a report: a broken chain is broken everywhere after.
const mostFindings = 50

func (r *Report) find(ok *bool, seq int64, format string, args ...any) {
	*ok = false
	if seq > 0 && r.FirstBadSeq == nil {
		r.FirstBadSeq = &seq
	}
	if len(r.Findings) < mostFindings {
		r.Findings = append(r.Findings, fmt.Sprintf(format, args...))
	}
}

// verifier replays the log.
type verifier struct {
	report   *Report
	prev     Digest
	seq      int64
	balances map[AccountID]int64
	charged  int64 // what wallets paid for usage
	spent    int64 // what providers took for usage
}

func newVerifier() *verifier {
	return &verifier{
		report:   &Report{ChainValid: true, Balanced: true, BalancesMatch: true},
		balances: map[AccountID]int64{},
	}
}

// stored is a transaction as the tables have it.
type stored struct {
	link
	memoOpening []byte
	entries     []storedEntry
	wrong       string // what can't even be read
}

type storedEntry struct {
	Entry
	salt  []byte
	after *int64
}

// step checks the next transaction and adds it to the balances.
func (v *verifier) step(t *stored) {
	r := v.report
	r.Transactions++
	if t.seq != v.seq+1 {
		r.find(&r.ChainValid, v.seq+1, "#%d is missing: after #%d comes #%d", v.seq+1, v.seq, t.seq)
	}
	v.seq = t.seq
	was := link{draft: t.draft, seq: t.seq, at: t.at, salts: append([]byte(nil), t.memoOpening...)}
	was.draft.entries = nil
	for _, e := range t.entries {
		was.salts = append(was.salts, e.salt...)
		was.draft.entries = append(was.draft.entries, e.Entry)
	}
	switch {
	case t.wrong != "" || !was.sealable():
		r.find(&r.ChainValid, t.seq, "#%d can't be recomputed: %s", t.seq, cmp.Or(t.wrong, "a salt has the wrong length"))
	default:
		was.seal(v.prev)
		if was.leaf != t.leaf {
			r.find(&r.ChainValid, t.seq, "#%d is not what was sealed: its content or entries changed", t.seq)
		}
		if t.prev != v.prev {
			r.find(&r.ChainValid, t.seq, "#%d does not follow the hash of #%d", t.seq, t.seq-1)
		}
		if t.hash != Chained(t.prev, t.leaf) {
			r.find(&r.ChainValid, t.seq, "the hash of #%d is wrong", t.seq)
		}
	}
	v.prev = t.hash
	v.add(t)
}

func (v *verifier) add(t *stored) {
	r := v.report
	sums := map[Asset]int64{}
	for _, e := range t.entries {
		asset := e.Account.Asset()
		var err error
		if sums[asset], err = money.Add(sums[asset], e.Amount); err != nil {
			r.find(&r.Balanced, t.seq, "#%d overflows", t.seq)
		}
		if v.balances[e.Account], err = money.Add(v.balances[e.Account], e.Amount); err != nil {
			r.find(&r.BalancesMatch, t.seq, "%s overflows at #%d", e.Account, t.seq)
		}
		if e.after != nil && *e.after != v.balances[e.Account] {
			r.find(&r.BalancesMatch, t.seq, "#%d leaves %s at %d, its entries add up to %d", t.seq, e.Account, *e.after, v.balances[e.Account])
		}
		if t.kind == KindUsage {
			switch {
			case e.Account == Spent:
				v.spent += e.Amount
			case !e.Account.Hot() && asset == Credit:
				v.charged -= e.Amount
			}
		}
	}
	for asset, sum := range sums {
		if sum != 0 {
			r.find(&r.Balanced, t.seq, "#%d does not balance: %d of %s", t.seq, sum, asset)
		}
	}
}

// end checks the head and the accounts after the last transaction.
func (v *verifier) end(h head, accounts map[AccountID]Balance) {
	r := v.report
	r.HeadSeq, r.HeadHash = h.seq, h.hash
	if h.seq != v.seq {
		r.find(&r.ChainValid, min(h.seq, v.seq)+1, "the head is at #%d, the last transaction is #%d", h.seq, v.seq)
	}
	if h.hash != v.prev {
		r.find(&r.ChainValid, v.seq, "the head's hash is not that of the last transaction")
	}
	if r.Transactions != h.seq {
		r.find(&r.ChainValid, 0, "%d transactions, the head says %d", r.Transactions, h.seq)
	}
	for _, id := range slices.Sorted(maps.Keys(v.balances)) {
		if _, ok := accounts[id]; !ok && v.balances[id] != 0 {
			r.find(&r.BalancesMatch, 0, "%s has entries and no row", id)
		}
	}
	sums := map[Asset]int64{}
	for _, id := range slices.Sorted(maps.Keys(accounts)) {
		if a := accounts[id]; a.Balance != v.balances[id] {
			r.find(&r.BalancesMatch, 0, "%s is at %d, its entries add up to %d", id, a.Balance, v.balances[id])
		}
		sums[id.Asset()] += accounts[id].Balance
	}
	for asset, sum := range sums {
		if sum != 0 {
			r.find(&r.BalancesMatch, 0, "all accounts in %s add up to %d, not to 0", asset, sum)
		}
	}
}
