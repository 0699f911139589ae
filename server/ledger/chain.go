package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
)

// saltLen is the length of the random bytes that hide an entry, a memo or an origin in its commitment, so that a receipt
// can open some and keep the rest shut.
const saltLen = 16

// Digest is a SHA-256.
type Digest [sha256.Size]byte

// link is a transaction as the chain covers it.
type link struct {
	draft
	seq   int64
	at    time.Time
	salts []byte // the memo's and the origin's, then one for each entry
	leaf  Digest
	prev  Digest
	hash  Digest
}

// opening is the salts of the transaction itself, as they are stored with it.
func (l *link) opening() []byte        { return l.salts[:max(0, len(l.salts)-saltLen*len(l.entries))] }
func (l *link) memoSalt() []byte       { return l.opening()[:saltLen] }
func (l *link) originSalt() []byte     { return l.opening()[saltLen:] }
func (l *link) entrySalts() []byte     { return l.salts[len(l.opening()):] }
func (l *link) entrySalt(i int) []byte { return l.entrySalts()[i*saltLen : (i+1)*saltLen] }

// sealable reports whether all salts are there.
func (l *link) sealable() bool { n := len(l.opening()); return n == saltLen || n == 2*saltLen }

// seal computes the transaction's leaf and hash after the hash of the one before it.
func (l *link) seal(prev Digest) {
	commitments := make([]Digest, len(l.entries))
	for i, e := range l.entries {
		commitments[i] = Commitment(l.entrySalt(i), e.Account, e.Amount)
	}
	l.leaf = l.leafOver(commitments)
	l.prev = prev
	l.hash = Chained(prev, l.leaf)
}

func (l *link) leafOver(commitments []Digest) Digest {
	if len(l.originSalt()) == 0 {
		return l.openLeaf(commitments)
	}
	return l.header().Leaf(commitments)
}

func (l *link) header() Header {
	return Header{
		Seq: l.seq, At: l.at, Kind: l.kind, User: l.user, Usage: l.usage,
		Origin: OriginCommitment(l.originSalt(), l.actor, l.resource), Memo: MemoCommitment(l.memoSalt(), l.memo),
	}
}

// openLeaf is the leaf of the first ledgers, whose headers had actor and resource in the clear: their memo's salt is the only
// one that is stored with the transaction.
//
//	header = seq ‖ time in µs ‖ kind ‖ actor ‖ user ‖ resource ‖ usage ‖ memo ‖ k
func (l *link) openLeaf(commitments []Digest) Digest {
	texts := []string{string(l.kind), string(l.actor), string(l.user), string(l.resource), string(l.usage)}
	return leafOf(l.seq, l.at, texts, []Digest{MemoCommitment(l.memoSalt(), l.memo)}, commitments)
}

// Header is what a leaf says of a transaction besides its entries. Who it moves value for may see all of it; whose key served
// them, and which admin acted, they may not, so these are behind a commitment.
type Header struct {
	Seq         int64
	At          time.Time // in whole µs
	Kind        Kind
	User, Usage ids.ID
	Origin      Digest // OriginCommitment
	Memo        Digest // MemoCommitment
}

// Leaf returns what the chain and the tree of the checkpoints cover of a transaction.
//
//	leaf   = SHA-256(header ‖ c₁ ‖ … ‖ c_k)
//	header = seq ‖ time in µs ‖ kind ‖ user ‖ usage ‖ origin ‖ memo ‖ k
//
// Integers are 8 bytes, big-endian; texts are preceded by their length.
func (t Header) Leaf(commitments []Digest) Digest {
	texts := []string{string(t.Kind), string(t.User), string(t.Usage)}
	return leafOf(t.Seq, t.At, texts, []Digest{t.Origin, t.Memo}, commitments)
}

func leafOf(seq int64, at time.Time, texts []string, header []Digest, commitments []Digest) Digest {
	b := make([]byte, 0, 512) // what nearly all transactions need: on the stack
	b = appendInt(b, seq)
	b = appendInt(b, at.UnixMicro())
	for _, text := range texts {
		b = appendText(b, text)
	}
	for _, d := range header {
		b = append(b, d[:]...)
	}
	b = appendInt(b, int64(len(commitments)))
	for _, c := range commitments {
		b = append(b, c[:]...)
	}
	return sha256.Sum256(b)
}

// Chained returns the hash of a transaction: SHA-256(hash of the one before it ‖ leaf).
func Chained(prev, leaf Digest) Digest {
	return sha256.Sum256(append(append(make([]byte, 0, 2*sha256.Size), prev[:]...), leaf[:]...))
}

// Commitment hides an entry behind its salt: SHA-256(salt ‖ account ‖ asset ‖ amount).
func Commitment(salt []byte, account AccountID, amount int64) Digest {
	b := append(make([]byte, 0, 128), salt...)
	b = appendText(b, string(account))
	b = appendText(b, string(account.Asset()))
	return sha256.Sum256(appendInt(b, amount))
}

// OriginCommitment hides who caused a transaction and which resource is in it: SHA-256(salt ‖ actor ‖ resource).
func OriginCommitment(salt []byte, actor, resource ids.ID) Digest {
	b := append(make([]byte, 0, 128), salt...)
	b = appendText(b, string(actor))
	return sha256.Sum256(appendText(b, string(resource)))
}

// MemoCommitment hides a memo behind its salt, so that it can be erased: SHA-256(salt ‖ memo).
func MemoCommitment(salt []byte, memo string) Digest {
	b := append(make([]byte, 0, 128), salt...)
	return sha256.Sum256(appendText(b, memo))
}

func appendInt(b []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(n)) //nolint:gosec // the same bits
}

func appendText(b []byte, s string) []byte { return append(appendInt(b, int64(len(s))), s...) }
