package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"time"
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
//
//	leaf    = SHA-256(header ‖ c₁ ‖ … ‖ c_k)
//	header  = seq ‖ time in µs ‖ kind ‖ actor ‖ user ‖ resource ‖ usage ‖ SHA-256(salt ‖ memo) ‖ k
//	c_i     = SHA-256(salt_i ‖ account ‖ asset ‖ amount)
//	hash(n) = SHA-256(hash(n−1) ‖ leaf(n))
//
// Integers are 8 bytes, big-endian; texts are preceded by their length.
func (l *link) seal(prev Digest) {
	h := sha256.New()
	writeInt(h, l.seq)
	writeInt(h, l.at.UnixMicro())
	for _, text := range []string{string(l.kind), string(l.actor), string(l.user), string(l.resource), string(l.usage)} {
		writeText(h, text)
	}
	m := sha256.New()
	m.Write(l.memoSalt())
	writeText(m, l.memo)
	h.Write(m.Sum(nil))
	writeInt(h, int64(len(l.entries)))
	for i, e := range l.entries {
		c := commitment(l.entrySalt(i), e)
		h.Write(c[:])
	}
	h.Sum(l.leaf[:0])
	l.prev = prev
	l.hash = chained(prev, l.leaf)
}

func chained(prev, leaf Digest) Digest {
	return sha256.Sum256(append(append(make([]byte, 0, 2*sha256.Size), prev[:]...), leaf[:]...))
}

func commitment(salt []byte, e Entry) (d Digest) {
	h := sha256.New()
	h.Write(salt)
	writeText(h, string(e.Account))
	writeText(h, string(e.Account.Asset()))
	writeInt(h, e.Amount)
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
