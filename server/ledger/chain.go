package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
)

// saltLen is the length of the random bytes that hide an entry or a memo in its commitment, so that a receipt can open
// some and keep the rest shut.
const saltLen = 16

// Digest is a SHA-256.
type Digest [sha256.Size]byte

// link is a transaction as the chain covers it.
type link struct {
	draft
	seq   int64
	at    time.Time
	salts []byte // the memo's, then one for each entry
	leaf  Digest
	prev  Digest
	hash  Digest
}

func (l *link) memoSalt() []byte       { return l.salts[:saltLen] }
func (l *link) entrySalt(i int) []byte { return l.salts[(i+1)*saltLen : (i+2)*saltLen] }

// seal computes the transaction's leaf and hash after the hash of the one before it.
func (l *link) seal(prev Digest) {
	commitments := make([]Digest, len(l.entries))
	for i, e := range l.entries {
		commitments[i] = Commitment(l.entrySalt(i), e.Account, e.Amount)
	}
	l.leaf = l.header().Leaf(commitments)
	l.prev = prev
	l.hash = Chained(prev, l.leaf)
}

func (l *link) header() Header {
	return Header{
		Seq: l.seq, At: l.at, Kind: l.kind, Actor: l.actor, User: l.user, Resource: l.resource, Usage: l.usage,
		Memo: MemoCommitment(l.memoSalt(), l.memo),
	}
}

// Header is what a leaf says of a transaction besides its entries.
type Header struct {
	Seq                          int64
	At                           time.Time // in whole µs
	Kind                         Kind
	Actor, User, Resource, Usage ids.ID
	Memo                         Digest // MemoCommitment
}

// Leaf returns what the chain and the tree of the checkpoints cover of a transaction.
//
//	leaf   = SHA-256(header ‖ c₁ ‖ … ‖ c_k)
//	header = seq ‖ time in µs ‖ kind ‖ actor ‖ user ‖ resource ‖ usage ‖ memo ‖ k
//
// Integers are 8 bytes, big-endian; texts are preceded by their length.
func (t Header) Leaf(commitments []Digest) (leaf Digest) {
	h := sha256.New()
	writeInt(h, t.Seq)
	writeInt(h, t.At.UnixMicro())
	for _, text := range []string{string(t.Kind), string(t.Actor), string(t.User), string(t.Resource), string(t.Usage)} {
		writeText(h, text)
	}
	h.Write(t.Memo[:])
	writeInt(h, int64(len(commitments)))
	for _, c := range commitments {
		h.Write(c[:])
	}
	h.Sum(leaf[:0])
	return leaf
}

// Chained returns the hash of a transaction: SHA-256(hash of the one before it ‖ leaf).
func Chained(prev, leaf Digest) Digest {
	return sha256.Sum256(append(append(make([]byte, 0, 2*sha256.Size), prev[:]...), leaf[:]...))
}

// Commitment hides an entry behind its salt: SHA-256(salt ‖ account ‖ asset ‖ amount).
func Commitment(salt []byte, account AccountID, amount int64) (d Digest) {
	h := sha256.New()
	h.Write(salt)
	writeText(h, string(account))
	writeText(h, string(account.Asset()))
	writeInt(h, amount)
	h.Sum(d[:0])
	return d
}

// MemoCommitment hides a memo behind its salt, so that it can be erased: SHA-256(salt ‖ memo).
func MemoCommitment(salt []byte, memo string) (d Digest) {
	h := sha256.New()
	h.Write(salt)
	writeText(h, memo)
	h.Sum(d[:0])
	return d
}

func writeInt(h hash.Hash, n int64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	h.Write(b[:])
}

func writeText(h hash.Hash, s string) {
	writeInt(h, int64(len(s)))
	h.Write([]byte(s))
}
