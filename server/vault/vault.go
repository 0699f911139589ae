package vault

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/ids"
)

var (
	// ErrWrongMasterKey is a start error: the database was made under another master key.
	ErrWrongMasterKey = errors.New("vault: POOL_MASTER_KEY is not the master key that this database was made with")
	// ErrDestroyed says that the resource has no key any more.
	ErrDestroyed = errors.New("vault: the key was destroyed")
	// ErrUnreadable says that the stored key does not open as the key of this resource, provider and host.
	ErrUnreadable = errors.New("vault: the stored key does not open")
)

// Vault encrypts and decrypts keys. It is safe for concurrent use.
type Vault struct {
	client *ent.Client
	clock  clock.Clock
	random io.Reader
	cache  cache

	keyID                         string
	root                          []byte
	wrap, fingerprint, hash, blob []byte // sub-keys, one for each purpose
}

// Ref is what a stored key is bound to. All of it is needed to open it.
type Ref struct {
	Resource ids.ID
	Provider string
	Host     string // host[:port] that the key is sent to
}

func (r Ref) bound(purpose string) []byte {
	return bind(purpose, string(r.Resource), r.Provider, r.Host)
}

// Sealed is an encrypted key as the table secrets has it.
type Sealed struct {
	KeyID      string // the master key
	WrappedKey []byte // the data key, encrypted by the master key
	Ciphertext []byte // the key, encrypted by the data key
}

func derive(master []byte, clk clock.Clock, random io.Reader) (*Vault, error) {
	if len(master) != keyLen {
		return nil, fmt.Errorf("vault: POOL_MASTER_KEY has %d bytes, it must have %d", len(master), keyLen)
	}
	root, err := hkdf.Extract(sha256.New, master, []byte("resourcepool vault"))
	if err != nil {
		return nil, fmt.Errorf("vault: derive the keys: %w", err)
	}
	v := &Vault{clock: clk, random: random, root: root}
	for purpose, to := range map[string]*[]byte{
		"wrap": &v.wrap, "fingerprint": &v.fingerprint, "hash": &v.hash, "blob": &v.blob,
	} {
		if *to, err = v.subkey(purpose, keyLen); err != nil {
			return nil, err
		}
	}
	id, err := v.subkey("id", 8)
	if err != nil {
		return nil, err
	}
	v.keyID = "mk_" + hex.EncodeToString(id)
	return v, nil
}

func (v *Vault) subkey(purpose string, n int) ([]byte, error) {
	key, err := hkdf.Expand(sha256.New, v.root, purpose, n)
	if err != nil {
		return nil, fmt.Errorf("vault: derive the key for %s: %w", purpose, err)
	}
	return key, nil
}

// Seal encrypts a key under a new data key. Nothing is stored: the row goes in with what made the resource.
func (v *Vault) Seal(ref Ref, key Secret) (Sealed, error) {
	if key.Empty() {
		return Sealed{}, errors.New("vault: there is no key to seal")
	}
	data := make([]byte, keyLen)
	defer clear(data)
	if _, err := io.ReadFull(v.random, data); err != nil {
		return Sealed{}, fmt.Errorf("vault: no randomness: %w", err)
	}
	wrapped, err := sealBox(v.random, v.wrap, ref.bound("data key"), data)
	if err != nil {
		return Sealed{}, err
	}
	ciphertext, err := sealBox(v.random, data, ref.bound("key"), []byte(key.Reveal()))
	if err != nil {
		return Sealed{}, err
	}
	return Sealed{KeyID: v.keyID, WrappedKey: wrapped, Ciphertext: ciphertext}, nil
}

// open decrypts what Seal made for the same ref; anything else is ErrUnreadable.
func (v *Vault) open(ref Ref, s Sealed) (Secret, error) {
	if s.KeyID != v.keyID {
		return Secret{}, fmt.Errorf("%w: it is under master key %s", ErrUnreadable, s.KeyID)
	}
	data, err := openBox(v.wrap, ref.bound("data key"), s.WrappedKey)
	if err != nil {
		return Secret{}, fmt.Errorf("%w as that of %s: its data key", ErrUnreadable, ref.Resource)
	}
	defer clear(data)
	key, err := openBox(data, ref.bound("key"), s.Ciphertext)
	if err != nil {
		return Secret{}, fmt.Errorf("%w as that of %s", ErrUnreadable, ref.Resource)
	}
	return hide(string(key)), nil
}

// Fingerprint recognises a key of a provider without telling it: copies that differ in spaces, quotes or case have the
// same one. Without the master key no guess can be checked against it.
func (v *Vault) Fingerprint(provider string, key Secret) []byte {
	return v.mac(v.fingerprint, "key", provider, folded(key))
}

// AccountHash recognises an account at a provider, such as an organisation's id.
func (v *Vault) AccountHash(provider, account string) []byte {
	return v.mac(v.fingerprint, "account", provider, account)
}

// Hash is a keyed hash for the purpose: of an operation's input, of an invitation.
func (v *Vault) Hash(purpose string, b []byte) []byte {
	return v.mac(v.hash, purpose, string(b))
}

func (v *Vault) mac(key []byte, parts ...string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(bind(parts...))
	return m.Sum(nil)
}

// SealBlob encrypts what is kept for a while and is no key, such as a recorded answer, under a data key of its own.
func (v *Vault) SealBlob(purpose string, plain []byte) ([]byte, error) {
	return sealBox(v.random, v.blob, bind(purpose), plain)
}

// OpenBlob returns what SealBlob encrypted for the same purpose.
func (v *Vault) OpenBlob(purpose string, sealed []byte) ([]byte, error) {
	return openBox(v.blob, bind(purpose), sealed)
}
