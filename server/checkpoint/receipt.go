package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
)

// receiptVersion is the first thing that a receipt says.
const receiptVersion = "resourcepool receipt v1"

// Receipt shows one transaction to one person and proves that it is in the ledger: what is opened is there in the clear with
// the salt of its commitment, of the rest there is the commitment alone. README.md describes its JSON.
type Receipt struct {
	Receipt     string      `json:"receipt"`
	Transaction Transaction `json:"transaction"`
	Proof       Inclusion   `json:"proof"`
	Checkpoint  string      `json:"checkpoint"` // the signed note
}

// Transaction is the header of a leaf and what it covers.
type Transaction struct {
	Seq     int64       `json:"seq"`
	Time    string      `json:"time"` // RFC 3339 in UTC, in µs
	Kind    ledger.Kind `json:"kind"`
	User    ids.ID      `json:"user"`
	Usage   ids.ID      `json:"usage"`
	Origin  Origin      `json:"origin"`
	Memo    Memo        `json:"memo"`
	Entries []Entry     `json:"entries"`
}

// Origin is who caused a transaction and the resource in it: opened by a salt, or a commitment.
type Origin struct {
	Commitment string `json:"commitment,omitempty"`
	Salt       string `json:"salt,omitempty"`
	Actor      ids.ID `json:"actor,omitempty"`
	Resource   ids.ID `json:"resource,omitempty"`
}

// Memo is opened by a salt, or a commitment.
type Memo struct {
	Commitment string `json:"commitment,omitempty"`
	Salt       string `json:"salt,omitempty"`
	Text       string `json:"text,omitempty"`
}

// Entry is opened by a salt, or a commitment.
type Entry struct {
	Commitment string           `json:"commitment,omitempty"`
	Salt       string           `json:"salt,omitempty"`
	Account    ledger.AccountID `json:"account,omitempty"`
	Asset      ledger.Asset     `json:"asset,omitempty"`
	Amount     string           `json:"amount,omitempty"` // decimal, signed
}

// Inclusion is the way from the leaf to the root of the checkpoint.
type Inclusion struct {
	Leaf  string   `json:"leaf"`
	Index int64    `json:"index"` // seq − 1
	Size  int64    `json:"size"`
	Path  []string `json:"path"`
}

// saltLen is the length of a salt in the ledger.
const saltLen = 16

// mostReceipt bounds a receipt: a transaction has a handful of entries, and the path of 2⁶³ leaves 63 hashes.
const mostReceipt = 1 << 20

// ReadReceipt reads a receipt. It does not verify it.
func ReadReceipt(r io.Reader) (*Receipt, error) {
	text, err := io.ReadAll(io.LimitReader(r, mostReceipt))
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var out Receipt
	if err := d.Decode(&out); err != nil {
		return nil, fmt.Errorf("this is not a receipt: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("this is not a receipt: something follows it")
	}
	return &out, nil
}

// JSON returns the receipt as it is handed out.
func (r *Receipt) JSON() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(r) // plain values: can't fail
	return b.Bytes()
}

// Verify recomputes the leaf from what the receipt opens and what it keeps shut, follows the path to the root, and checks
// that a checkpoint with that root is signed by one of keys. The error is a sentence about what is wrong. It returns the
// checkpoint.
func (r *Receipt) Verify(keys note.Verifiers) (Checkpoint, error) {
	if r.Receipt != receiptVersion {
		return Checkpoint{}, fmt.Errorf("this is not a %q", receiptVersion)
	}
	leaf, err := r.Transaction.leaf()
	if err != nil {
		return Checkpoint{}, err
	}
	if r.Proof.Leaf != encode(leaf[:]) {
		return Checkpoint{}, errors.New("the transaction is not the one that was booked: its leaf is another")
	}
	c, err := Open([]byte(r.Checkpoint), keys)
	if err != nil {
		return Checkpoint{}, err
	}
	if r.Proof.Index != r.Transaction.Seq-1 {
		return Checkpoint{}, errors.New("the proof is of another transaction")
	}
	if r.Proof.Size != c.Size {
		return Checkpoint{}, errors.New("the proof is for another size of the ledger than the checkpoint's")
	}
	path := make(tlog.RecordProof, len(r.Proof.Path))
	for i, text := range r.Proof.Path {
		if err := decode(path[i][:], text); err != nil {
			return Checkpoint{}, fmt.Errorf("the path has a hash that is %w", err)
		}
	}
	if err := tlog.CheckRecord(path, c.Size, c.Root, r.Proof.Index, tlog.RecordHash(leaf[:])); err != nil {
		return Checkpoint{}, errors.New("the transaction is not in the ledger that the checkpoint signs")
	}
	return c, nil
}

// leaf recomputes the leaf.
func (t Transaction) leaf() (leaf ledger.Digest, err error) {
	at, err := time.Parse(time.RFC3339Nano, t.Time)
	if err != nil || timeText(at) != t.Time {
		return leaf, errors.New("the time of the transaction can't be read")
	}
	h := ledger.Header{Seq: t.Seq, At: at, Kind: t.Kind, User: t.User, Usage: t.Usage}
	if h.Origin, err = t.Origin.digest(); err != nil {
		return leaf, fmt.Errorf("the origin %w", err)
	}
	if h.Memo, err = t.Memo.digest(); err != nil {
		return leaf, fmt.Errorf("the memo %w", err)
	}
	commitments := make([]ledger.Digest, len(t.Entries))
	for i, e := range t.Entries {
		if commitments[i], err = e.digest(); err != nil {
			return leaf, fmt.Errorf("entry %d %w", i+1, err)
		}
	}
	return h.Leaf(commitments), nil
}

func timeText(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000000Z") }

var errMalformed = errors.New("is neither opened nor a commitment")

// committed reads a commitment, for what is not opened.
func committed(text string, opened bool) (d ledger.Digest, err error) {
	if opened || decode(d[:], text) != nil {
		return d, errMalformed
	}
	return d, nil
}

func salted(text string) ([]byte, error) {
	salt := make([]byte, saltLen)
	if decode(salt, text) != nil {
		return nil, errMalformed
	}
	return salt, nil
}

func (o Origin) digest() (ledger.Digest, error) {
	if o.Commitment != "" {
		return committed(o.Commitment, o.Salt != "" || o.Actor != "" || o.Resource != "")
	}
	salt, err := salted(o.Salt)
	return ledger.OriginCommitment(salt, o.Actor, o.Resource), err
}

func (m Memo) digest() (ledger.Digest, error) {
	if m.Commitment != "" {
		return committed(m.Commitment, m.Salt != "" || m.Text != "")
	}
	salt, err := salted(m.Salt)
	return ledger.MemoCommitment(salt, m.Text), err
}

func (e Entry) digest() (ledger.Digest, error) {
	if e.Commitment != "" {
		return committed(e.Commitment, e.Salt != "" || e.Account != "" || e.Asset != "" || e.Amount != "")
	}
	salt, err := salted(e.Salt)
	if err != nil {
		return ledger.Digest{}, err
	}
	amount, err := money.Parse[money.Credits](e.Amount)
	if err != nil || money.Format(amount) != e.Amount || e.Asset != e.Account.Asset() {
		return ledger.Digest{}, errors.New("has an amount that can't be read")
	}
	return ledger.Commitment(salt, e.Account, int64(amount)), nil
}
