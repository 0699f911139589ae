package ledger

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// Report is what a verification found. It recomputes everything: chain and leaves, balance of every transaction, every
// account from its entries, holds, usage logs and roll-ups. An incremental one does so from an earlier head on.
type Report struct {
	Transactions  int64 // of the whole log: what an earlier verification counted is not counted again
	FromSeq       int64 // where it began; 0: at the first transaction
	HeadSeq       int64
	HeadHash      Digest
	ChainValid    bool   // leaves, links, gap-free sequence, count and head agree
	Balanced      bool   // the entries of every transaction add up to 0 per asset
	BalancesMatch bool   // accounts, holds, usage logs and roll-ups are what the entries say
	FirstBadSeq   *int64 // the first transaction that is wrong, nil where none is or the fault is of an account
	Findings      []string
	// Involved are the accounts of people and resources that what was found is about; at most mostInvolved.
	Involved []AccountID
	// Causes say for each of them what of, in words that stay the same while the finding stands, whoever finds it.
	Causes    map[AccountID][]string
	CheckedAt time.Time
	// The last full run with nothing found, nil where there is none on record.
	FullCheckedAt *time.Time
	FullHeadSeq   *int64

	full    bool
	found   int // Findings are bounded
	carried carried
}

// Clean reports whether nothing was found.
func (r *Report) Clean() bool { return r.ChainValid && r.Balanced && r.BalancesMatch }

// Full reports whether it began at the first transaction.
func (r *Report) Full() bool { return r.full }

const (
	// mostFindings bounds the texts of a report: a broken chain is broken everywhere after.
	mostFindings = 50
	// mostInvolved bounds the accounts: what touches more is no case of some accounts any more.
	mostInvolved = 1000
)

// involve notes whose accounts a finding is about, and its cause. The platform's are left out: nothing stops them.
func (r *Report) involve(cause string, accounts ...AccountID) {
	for _, a := range accounts {
		known := r.Causes[a]
		if a.Owner() != "" && !slices.Contains(known, cause) && len(known) < mostFindings && (known != nil || len(r.Causes) < mostInvolved) {
			r.Causes[a] = append(known, cause)
		}
	}
}

func (r *Report) finish() *Report {
	for _, a := range sorted(r.Causes) {
		r.Involved = append(r.Involved, AccountID(a))
	}
	return r
}

func (r *Report) find(ok *bool, seq int64, format string, args ...any) {
	*ok = false
	r.found++
	if seq > 0 && r.FirstBadSeq == nil {
		r.FirstBadSeq = &seq
	}
	if len(r.Findings) < mostFindings {
		r.Findings = append(r.Findings, fmt.Sprintf(format, args...))
	}
}

// verifier replays the log.
type verifier struct {
	report  *Report
	prev    Digest
	seq     int64
	charged int64  // what wallets paid for usage
	spent   int64  // what providers took for usage
	oldest  ids.ID // of the usage logs that transactions name, the one whose id sorts first

	commitments []Digest
}

func newVerifier() *verifier {
	return &verifier{report: &Report{ChainValid: true, Balanced: true, BalancesMatch: true, Causes: map[AccountID][]string{}}}
}

// tally is what the entries of an account add up to.
type tally struct {
	id    AccountID
	asset Asset
	hot   bool
	sum   int64
	off   int64 // how far the last entry that did not fit left it from the sum
	found bool  // among the accounts
}

// stored is a transaction as the tables have it. Its salts are those that are stored with it, without the entries'.
type stored struct {
	link
	entries []storedEntry
	wrong   string // what can't even be read
}

type storedEntry struct {
	account *tally
	amount  int64
	after   int64
	known   bool // whether after is
	salt    []byte
}

// step checks the next transaction and adds it to the balances. What is about its own row or its entries involves all of its
// accounts. A link involves nobody: it is wrong because of the row before, and whose that was the one after can't tell.
func (v *verifier) step(t *stored) {
	r := v.report
	r.Transactions++
	if t.seq != v.seq+1 {
		r.find(&r.ChainValid, v.seq+1, "#%d is missing: after #%d comes #%d", v.seq+1, v.seq, t.seq)
	}
	v.seq = t.seq
	v.commitments = v.commitments[:0]
	for _, e := range t.entries {
		if len(e.salt) != saltLen {
			t.wrong = cmp.Or(t.wrong, "a salt has the wrong length")
		}
		v.commitments = append(v.commitments, Commitment(e.salt, e.account.id, e.amount))
	}
	if t.wrong == "" && !t.sealable() {
		t.wrong = "a salt has the wrong length"
	}
	if t.wrong != "" {
		r.find(&r.ChainValid, t.seq, "#%d can't be recomputed: %s", t.seq, t.wrong)
		v.involve(t)
	} else {
		if t.leafOver(v.commitments) != t.leaf {
			r.find(&r.ChainValid, t.seq, "#%d is not what was sealed: its content or entries changed", t.seq)
			v.involve(t)
		}
		if t.prev != v.prev {
			r.find(&r.ChainValid, t.seq, "#%d does not follow the hash of #%d", t.seq, t.seq-1)
		}
		if t.hash != Chained(t.prev, t.leaf) {
			r.find(&r.ChainValid, t.seq, "the hash of #%d is wrong", t.seq)
			v.involve(t)
		}
	}
	v.prev = t.hash
	v.add(t)
}

func (v *verifier) involve(t *stored) {
	for _, e := range t.entries {
		v.report.involve(transaction(t.seq), e.account.id)
	}
	if t.user != "" {
		v.report.involve(transaction(t.seq), Wallet(t.user))
	}
	if t.resource != "" {
		v.report.involve(transaction(t.seq), Quota(t.resource))
	}
}

// transaction is the cause of what is wrong with one.
// decimal writes an amount of either asset as people read it.
func decimal(amount int64) string { return money.Format(money.Credits(amount)) }

func transaction(seq int64) string { return fmt.Sprintf("#%d", seq) }

func (v *verifier) add(t *stored) {
	r := v.report
	var credit, usd int64
	if t.kind == KindUsage && (v.oldest == "" || t.usage < v.oldest) {
		v.oldest = t.usage
	}
	for _, e := range t.entries {
		sum := &credit
		if e.account.asset == USD {
			sum = &usd
		}
		var err error
		if *sum, err = money.Add(*sum, e.amount); err != nil {
			r.find(&r.Balanced, t.seq, "#%d overflows", t.seq)
			v.involve(t)
		}
		if e.account.sum, err = money.Add(e.account.sum, e.amount); err != nil {
			r.find(&r.BalancesMatch, t.seq, "%s overflows at #%d", e.account.id, t.seq)
			r.involve(transaction(t.seq), e.account.id)
		}
		if e.known {
			v.left(t, e)
		}
		if t.kind == KindUsage {
			switch {
			case e.account.id == Spent:
				v.spent += e.amount
			case !e.account.hot && e.account.asset == Credit:
				v.charged -= e.amount
			}
		}
	}
	if credit != 0 {
		r.find(&r.Balanced, t.seq, "#%d does not balance: %s of %s", t.seq, decimal(credit), Credit)
		v.involve(t)
	}
	if usd != 0 {
		r.find(&r.Balanced, t.seq, "#%d does not balance: %s of %s", t.seq, decimal(usd), USD)
		v.involve(t)
	}
}

// left compares what an entry says that it left its account at with what its entries add up to. One that is wrong is found
// once, not again at each later entry that carries the same difference along: those are of others, who did nothing wrong but
// share a key.
func (v *verifier) left(t *stored, e storedEntry) {
	off := e.after - e.account.sum
	if off != 0 && off != e.account.off {
		v.report.find(&v.report.BalancesMatch, t.seq, "#%d leaves %s at %s, its entries add up to %s", t.seq, e.account.id, decimal(e.after), decimal(e.account.sum))
		v.report.involve(transaction(t.seq), e.account.id)
	}
	e.account.off = off
}

// end checks the head after the last transaction.
func (v *verifier) end(h head) {
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
}

// account compares an account's row with what its entries add up to.
func (v *verifier) account(t *tally, balance int64) {
	t.found = true
	if balance != t.sum {
		v.report.find(&v.report.BalancesMatch, 0, "%s is at %s, its entries add up to %s", t.id, decimal(balance), decimal(t.sum))
		v.report.involve(fmt.Sprintf("the row is off by %d", balance-t.sum), t.id)
	}
}

// rowless checks that each account with something on it had a row.
func (v *verifier) rowless(tallies map[string]*tally) {
	for _, id := range sorted(tallies) {
		if t := tallies[id]; !t.found && t.sum != 0 {
			v.report.find(&v.report.BalancesMatch, 0, "%s has entries and no row", id)
		}
	}
}
