package vault

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// master is what is used of a master key; the key itself is not kept.
type master struct {
	id    string
	check []byte // recognises it
	wrap  []byte // encrypts data keys, and the vault's own secrets

	legacy roots // that the key stood for before they were kept
}

// roots are the secrets that outlive a master key: fingerprints, hashes and blobs go by them. They are none of a master
// key's, so that they open nothing that was wrapped.
type roots struct{ fingerprint, hash, blob []byte }

func newMaster(key []byte) (*master, error) {
	if len(key) != keyLen {
		return nil, fmt.Errorf("vault: a master key has %d bytes, this one %d", keyLen, len(key))
	}
	secret, err := hkdf.Extract(sha256.New, key, []byte("resourcepool vault"))
	if err != nil {
		return nil, fmt.Errorf("vault: derive the keys: %w", err)
	}
	m, id := &master{}, []byte(nil)
	for purpose, to := range map[string]*[]byte{
		"wrap": &m.wrap, "check": &m.check, "fingerprint": &m.legacy.fingerprint, "hash": &m.legacy.hash, "blob": &m.legacy.blob, "id": &id,
	} {
		n := keyLen
		if purpose == "id" {
			n = 8
		}
		if *to, err = hkdf.Expand(sha256.New, secret, purpose, n); err != nil {
			return nil, fmt.Errorf("vault: derive the key for %s: %w", purpose, err)
		}
	}
	m.id = "mk_" + hex.EncodeToString(id)
	return m, nil
}

// is reports whether this is the master key that a row is about.
func (m *master) is(id string, check []byte) bool { return m.id == id && hmac.Equal(m.check, check) }

func newRoots(random io.Reader) (roots, error) {
	all := make([]byte, 3*keyLen)
	if _, err := io.ReadFull(random, all); err != nil {
		return roots{}, fmt.Errorf("vault: no randomness: %w", err)
	}
	return splitRoots(all), nil
}

func splitRoots(all []byte) roots {
	return roots{fingerprint: all[:keyLen:keyLen], hash: all[keyLen : 2*keyLen : 2*keyLen], blob: all[2*keyLen:]}
}

func (r roots) joined() []byte {
	return append(append(append([]byte(nil), r.fingerprint...), r.hash...), r.blob...)
}

func (m *master) sealRoots(random io.Reader, r roots) ([]byte, error) {
	return sealBox(random, m.wrap, bind("root", m.id), r.joined())
}

var errRoots = errors.New("vault: the secrets that are kept with the master key do not open: its row was changed")

func (m *master) openRoots(sealed []byte) (roots, error) {
	all, err := openBox(m.wrap, bind("root", m.id), sealed)
	if err != nil || len(all) != 3*keyLen {
		return roots{}, errRoots
	}
	return splitRoots(all), nil
}

// handOver wraps the key that m2 was made of for servers that have m.
func (m *master) handOver(random io.Reader, m2 *master, key []byte) ([]byte, error) {
	return sealBox(random, m.wrap, bind("handover", m2.id), key)
}

// takeOver opens what handOver wrapped, nil where it does not open with m.
func (m *master) takeOver(id string, check, handover []byte) *master {
	key, err := openBox(m.wrap, bind("handover", id), handover)
	if err != nil {
		return nil
	}
	defer clear(key)
	next, err := newMaster(key)
	if err != nil || !next.is(id, check) {
		return nil
	}
	return next
}

// ring are the master keys that this server has: one, and two while one is handed over to the next. It is never changed.
type ring struct {
	keys map[string]*master
	seal *master // that new data keys are wrapped by
}

func newRing(m *master) *ring { return &ring{keys: map[string]*master{m.id: m}, seal: m} }
