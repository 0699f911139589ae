package checkpoint

import (
	"context"
	"database/sql"
	"fmt"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
)

// policy is access.Policy.
type policy interface {
	Can(a *access.Actor, action, object string, owner ids.ID) bool
}

// ProofsDeps are what Proofs works with.
type ProofsDeps struct {
	DB     *sql.DB
	Policy policy
	Keys   note.Verifiers
}

// Proofs makes receipts. It is safe for concurrent use.
type Proofs struct {
	ProofsDeps
	store tables
}

// NewProofs returns the maker of receipts.
func NewProofs(d ProofsDeps) *Proofs { return &Proofs{ProofsDeps: d, store: tables{d.DB}} }

// What a receipt is refused with.
var (
	// ErrNotFound is for a transaction that is not there, or that the asker may not see: a stranger can't tell which.
	ErrNotFound = fault.New(fault.NotFound, "there is no such transaction")
	// ErrNotYet is for one that no checkpoint covers.
	ErrNotYet = fault.New(fault.Conflict, "no checkpoint covers this transaction yet; the next one does, within a minute").With("retryAfterSeconds", 60)
	// ErrTooOld is for one of the first ledgers, whose leaves open too much of them.
	ErrTooOld = fault.New(fault.NotFound, "the transaction is older than receipts")
)

// Receipt returns the receipt of a transaction for who asks. It opens what they may see elsewhere: entries on their own
// accounts, the memo, and, for the owner of the resource in it, the origin; for admins all. It returns ErrNotFound, ErrNotYet,
// ErrTooOld, or an internal error, also where the books are not what was signed: a receipt that does not verify is not made.
func (p *Proofs) Receipt(ctx context.Context, a *access.Actor, seq int64) (*Receipt, error) {
	b, err := p.store.booked(ctx, seq)
	if err != nil {
		return nil, err
	}
	if b == nil || !p.visible(a, b) {
		return nil, ErrNotFound
	}
	if b.originSalt == nil {
		return nil, ErrTooOld
	}
	_, signed, err := p.store.newest(ctx)
	if err != nil {
		return nil, err
	}
	if signed == "" {
		return nil, ErrNotYet
	}
	c, err := Open([]byte(signed), p.Keys)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: the one in the database: %w; all servers need the same POOL_SIGNING_KEY", err)
	}
	if c.Size < seq {
		return nil, ErrNotYet
	}
	path, err := tlog.ProveRecord(c.Size, seq-1, reader{ctx, p.store})
	if err != nil {
		return nil, err
	}
	r := &Receipt{Receipt: receiptVersion, Transaction: p.open(a, b), Checkpoint: signed}
	r.Proof = Inclusion{Leaf: encode(b.leaf), Index: seq - 1, Size: c.Size, Path: make([]string, len(path))}
	for i := range path {
		r.Proof.Path[i] = encode(path[i][:])
	}
	if _, err := r.Verify(p.Keys); err != nil {
		return nil, fmt.Errorf("checkpoint: no receipt of #%d: %w", seq, err)
	}
	return r, nil
}

// visible reports whether the asker may see the transaction: it is of their doing, or on their statement.
func (p *Proofs) visible(a *access.Actor, b *booked) bool {
	if p.Policy.Can(a, "read", "LedgerTransaction", b.User) {
		return true
	}
	for _, e := range b.entries {
		if owner := e.account.Owner(); owner.Kind() == ids.User && p.Policy.Can(a, "read", "Posting", owner) {
			return true
		}
	}
	return false
}

// open shows what the asker may see.
func (p *Proofs) open(a *access.Actor, b *booked) Transaction {
	t := Transaction{Seq: b.Seq, Time: timeText(b.At), Kind: b.Kind, User: b.User, Usage: b.Usage}
	t.Memo = Memo{Salt: encode(b.memoSalt), Text: b.memo}
	if p.Policy.Can(a, "read", "PoolUsageLog.resource", b.originOwner()) { // whose key it was, also of a charge
		t.Origin = Origin{Salt: encode(b.originSalt), Actor: b.actor, Resource: b.resource}
	} else {
		d := ledger.OriginCommitment(b.originSalt, b.actor, b.resource)
		t.Origin = Origin{Commitment: encode(d[:])}
	}
	for _, e := range b.entries {
		if p.Policy.Can(a, "read", "Posting", e.owner) {
			t.Entries = append(t.Entries, Entry{Salt: encode(e.salt), Account: e.account, Asset: e.account.Asset(), Amount: money.Format(money.Credits(e.amount))})
			continue
		}
		d := ledger.Commitment(e.salt, e.account, e.amount)
		t.Entries = append(t.Entries, Entry{Commitment: encode(d[:])})
	}
	return t
}
