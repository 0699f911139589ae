package checkpoint

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Key signs checkpoints. It is never printed.
type Key struct {
	signer note.Signer
	public string
}

var errKey = errors.New("must be a note signer key, PRIVATE+KEY+name+hash+base64, with an Ed25519 key")

// ErrPrivate is returned where a public key is wanted and the private one was given.
var ErrPrivate = errors.New("this is the private key: keep it secret, and verify with the public one")

const (
	algorithm   = 1 // Ed25519, in the first byte of a note key
	keyPrefix   = "PRIVATE+KEY+"
	defaultName = "resourcepool-ledger-"
)

// ParseKey reads a signer key of golang.org/x/mod/sumdb/note. The error does not repeat it.
func ParseKey(text string) (Key, error) {
	signer, err := note.NewSigner(text)
	if err != nil {
		return Key{}, errKey
	}
	parts := strings.SplitN(strings.TrimPrefix(text, keyPrefix), "+", 3) // base64 may have a + of its own
	data, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(data) != 1+ed25519.SeedSize || data[0] != algorithm {
		return Key{}, errKey
	}
	public, err := note.NewEd25519VerifierKey(signer.Name(), ed25519.NewKeyFromSeed(data[1:]).Public().(ed25519.PublicKey))
	if err != nil {
		return Key{}, errKey
	}
	return Key{signer: signer, public: public}, nil
}

// MakeKey returns a new signer key, named so that those of two installations differ.
func MakeKey(random io.Reader) (string, error) {
	name := make([]byte, 4)
	if _, err := io.ReadFull(random, name); err != nil {
		return "", err
	}
	private, _, err := note.GenerateKey(random, defaultName+hex.EncodeToString(name))
	return private, err
}

// Public returns the verifier key, which everybody may have.
func (k Key) Public() string { return k.public }

// Verifiers accepts what the key signed.
func (k Key) Verifiers() note.Verifiers {
	v, err := note.NewVerifier(k.public)
	if err != nil {
		return note.VerifierList()
	}
	return note.VerifierList(v)
}

// ParsePublic reads verifier keys, one a line.
func ParsePublic(text string) (note.Verifiers, error) {
	var list []note.Verifier
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if strings.HasPrefix(line, keyPrefix) {
			return nil, ErrPrivate
		}
		v, err := note.NewVerifier(line)
		if err != nil {
			return nil, fmt.Errorf("not a verifier key, name+hash+base64: %w", err)
		}
		list = append(list, v)
	}
	if len(list) == 0 {
		return nil, errors.New("there is no verifier key, name+hash+base64")
	}
	return note.VerifierList(list...), nil
}
