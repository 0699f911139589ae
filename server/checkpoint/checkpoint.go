package checkpoint

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/resourcepool/resourcepool/server/ledger"
)

// Checkpoint says what the log was at a time.
type Checkpoint struct {
	Origin string // whose log: the name of the key
	Size   int64  // how many transactions
	Root   tlog.Hash
	Head   ledger.Digest // the hash of transaction Size, which chains all before it
	At     time.Time
}

// text is what is signed: origin, size, root, and two lines of our own, the head and the time.
func (c Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n%s\n%s\n", c.Origin, c.Size, encode(c.Root[:]), encode(c.Head[:]), c.At.UTC().Format(time.RFC3339))
}

var errNotACheckpoint = errors.New("the note is not a checkpoint of this ledger")

func parseText(text string) (c Checkpoint, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 6 {
		return c, errNotACheckpoint
	}
	c.Origin = lines[0]
	size, err1 := strconv.ParseInt(lines[1], 10, 64)
	err2, err3 := decode(c.Root[:], lines[2]), decode(c.Head[:], lines[3])
	at, err4 := time.Parse(time.RFC3339, lines[4])
	c.Size, c.At = size, at.UTC()
	if errors.Join(err1, err2, err3, err4) != nil || size <= 0 || c.text() != text {
		return c, errNotACheckpoint
	}
	return c, nil
}

// Sign returns the checkpoint as a signed note.
func (k Key) Sign(c Checkpoint) ([]byte, error) {
	c.Origin = k.signer.Name()
	return note.Sign(&note.Note{Text: c.text()}, k.signer)
}

// Open reads a signed checkpoint. Signatures by other keys, such as witnesses', may stand beside that of the log.
func Open(signed []byte, keys note.Verifiers) (Checkpoint, error) {
	n, err := note.Open(signed, keys)
	var unknown *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &unknown):
		return Checkpoint{}, errors.New("the checkpoint is signed by another key")
	case errors.As(err, &invalid):
		return Checkpoint{}, errors.New("the signature of the checkpoint is not valid")
	case err != nil:
		return Checkpoint{}, errors.New("the checkpoint is not a signed note")
	}
	c, err := parseText(n.Text)
	if err != nil {
		return Checkpoint{}, err
	}
	ours := false
	for _, s := range n.Sigs {
		if _, err := base64.StdEncoding.Strict().DecodeString(s.Base64); err != nil {
			return Checkpoint{}, errors.New("the signature of the checkpoint is not valid")
		}
		ours = ours || s.Name == c.Origin
	}
	if !ours {
		return Checkpoint{}, errors.New("the checkpoint is not signed by the log that it names")
	}
	return c, nil
}

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

var errEncoding = errors.New("not base64 of the right length")

// decode accepts one spelling alone, so that no two texts mean the same.
func decode(dst []byte, text string) error {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != len(dst) || encode(b) != text {
		return errEncoding
	}
	copy(dst, b)
	return nil
}
