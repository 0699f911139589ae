package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"

	"github.com/resourcepool/resourcepool/server/checkpoint"
	"github.com/resourcepool/resourcepool/server/clock"
)

const (
	signingKeyFile   = "signing.key"
	verifierKeyFile  = "signing.pub"
	checkpointFolder = "checkpoints"
)

// SigningKey returns the key that signs the ledger's checkpoints: POOL_SIGNING_KEY, else what is kept in the data folder,
// made from random at the first call. The public half is put beside it.
func (c Config) SigningKey(random io.Reader) (checkpoint.Key, error) {
	if !c.signingKey.Empty() {
		return checkpoint.ParseKey(c.signingKey.Reveal())
	}
	name, text, err := c.keptKey("POOL_SIGNING_KEY", signingKeyFile, func() (string, error) { return checkpoint.MakeKey(random) })
	if err != nil {
		return checkpoint.Key{}, err
	}
	key, err := checkpoint.ParseKey(text)
	if err != nil {
		return checkpoint.Key{}, fmt.Errorf("config: %s is damaged: it %w", name, err)
	}
	if err := os.WriteFile(filepath.Join(c.DataDir, verifierKeyFile), []byte(key.Public()+"\n"), 0o600); err != nil {
		return checkpoint.Key{}, fmt.Errorf("config: %w", err)
	}
	return key, nil
}

var errNoVerifierKey = errors.New("there is no public key: name one with --key, as it is or in a file (a server has its own at /signing.pub)")

// Verifiers returns the public keys that checkpoints are verified with: given, a verifier key or the name of a file that has
// some; where it is empty, those of this installation. Nothing is made.
func (c Config) Verifiers(given string) (note.Verifiers, error) {
	if given == "" && !c.signingKey.Empty() {
		key, err := checkpoint.ParseKey(c.signingKey.Reveal())
		return key.Verifiers(), err
	}
	keys, err := checkpoint.ParsePublic(given)
	if err == nil || errors.Is(err, checkpoint.ErrPrivate) {
		return keys, err
	}
	name := given
	if given == "" {
		name = filepath.Join(c.DataDir, verifierKeyFile)
	}
	text, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && given == "":
		return nil, errNoVerifierKey
	case err != nil:
		return nil, fmt.Errorf("the public key: %w", err)
	}
	keys, err = checkpoint.ParsePublic(string(text))
	if err != nil {
		return nil, fmt.Errorf("the public key in %s: %w", name, err)
	}
	return keys, nil
}

// NamesCheckpoints reports whether POOL_CHECKPOINTS is set.
func (c Config) NamesCheckpoints() bool { return !c.checkpoints.Empty() }

// Checkpoints returns the place of the ledger's checkpoints: POOL_CHECKPOINTS, else a folder of the data folder.
func (c Config) Checkpoints() (checkpoint.Place, error) {
	if c.checkpoints.Empty() {
		return checkpoint.OpenPlace(filepath.Join(c.DataDir, checkpointFolder), clock.System)
	}
	return checkpoint.OpenPlace(c.checkpoints.Reveal(), clock.System)
}
