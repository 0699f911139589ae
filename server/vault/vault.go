package vault

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/ids"
)

var (
	// ErrWrongMasterKey is a start error: the database was made under another master key.
	ErrWrongMasterKey = errors.New("vault: the master key of POOL_MASTER_KEY, POOL_MASTER_KEY_FILE or the data folder is not the one that this database was made with")
	// ErrRetired is a start error: the master key was in force once.
	ErrRetired = errors.New("vault: the master key was rotated and this one retired: start with the new one, in POOL_MASTER_KEY, POOL_MASTER_KEY_FILE or POOL_MASTER_KEY_URL")
	// ErrIncoming is a start error: not everything is under this master key yet.
	ErrIncoming = errors.New("vault: a rotation to this master key is under way: finish `resourcepool rotate-master-key` first, and start with the former key until then")
	// ErrNotOfService is a start error: POOL_MASTER_KEY_URL is set, and the master key in force does not come from there.
	ErrNotOfService = errors.New("vault: POOL_MASTER_KEY_URL is set, and the master key of this database comes from elsewhere: give that one, or rotate to one of the key service")
	// ErrDestroyed says that the resource, or the person, has no key any more.
	ErrDestroyed = errors.New("vault: the key was destroyed")
	// ErrUnreadable says that the stored key does not open as the key of this resource, provider and host.
	ErrUnreadable = errors.New("vault: the stored key does not open")
	// ErrUnknownMasterKey says that the stored key is under a master key that this server does not have. Nothing is wrong
	// with the stored key.
	ErrUnknownMasterKey = errors.New("vault: the stored key is under a master key that this server does not have")
)

// Vault encrypts and decrypts keys. It is safe for concurrent use.
type Vault struct {
	client *ent.Client
	clock  clock.Clock
	random io.Reader
	ids    *ids.Source
	log    *slog.Logger
	server ids.ID
	cache  cache

	roots    roots
	ring     atomic.Pointer[ring]
	learning sync.Mutex // held while ring is made anew
	missing  atomic.Pointer[string]
	woken    chan struct{}
}

// Option is something that a Vault can do without.
type Option func(*Vault)

// On says which server this is, for the log of accesses.
func On(server ids.ID) Option { return func(v *Vault) { v.server = server } }

// Logging says where the vault tells what needs a person.
func Logging(log *slog.Logger) Option { return func(v *Vault) { v.log = log } }

// Keeping says how long an opened key is kept in memory instead of five minutes.
func Keeping(d time.Duration) Option { return func(v *Vault) { v.cache.lasts = d } }

func newVault(client *ent.Client, clk clock.Clock, random io.Reader, options []Option) *Vault {
	v := &Vault{
		client: client, clock: clk, random: random, ids: ids.NewSource(clk, random), log: slog.New(slog.DiscardHandler),
		cache: cache{lasts: cacheFor}, woken: make(chan struct{}, 1),
	}
	for _, set := range options {
		set(v)
	}
	return v
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

// Seal encrypts a key under a new data key. Nothing is stored: the row goes in with what made the resource.
func (v *Vault) Seal(ref Ref, key Secret) (Sealed, error) {
	if key.Empty() {
		return Sealed{}, errors.New("vault: there is no key to seal")
	}
	m, data := v.ring.Load().seal, make([]byte, keyLen)
	defer clear(data)
	if _, err := io.ReadFull(v.random, data); err != nil {
		return Sealed{}, fmt.Errorf("vault: no randomness: %w", err)
	}
	wrapped, err := sealBox(v.random, m.wrap, ref.bound("data key"), data)
	if err != nil {
		return Sealed{}, err
	}
	ciphertext, err := sealBox(v.random, data, ref.bound("key"), []byte(key.Reveal()))
	if err != nil {
		return Sealed{}, err
	}
	return Sealed{KeyID: m.id, WrappedKey: wrapped, Ciphertext: ciphertext}, nil
}

// open decrypts what Seal made for the same ref; anything else is ErrUnreadable, or ErrUnknownMasterKey.
func (v *Vault) open(ref Ref, s Sealed) (Secret, error) {
	m := v.ring.Load().keys[s.KeyID]
	if m == nil {
		return Secret{}, fmt.Errorf("%w: %s, for %s", ErrUnknownMasterKey, s.KeyID, ref.Resource)
	}
	data, err := openBox(m.wrap, ref.bound("data key"), s.WrappedKey)
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
// same one. Without the vault's secrets no guess can be checked against it. It outlives the master key.
func (v *Vault) Fingerprint(provider string, key Secret) []byte {
	return mac(v.roots.fingerprint, "key", provider, folded(key))
}

// AccountHash recognises an account at a provider, such as an organisation's id.
func (v *Vault) AccountHash(provider, account string) []byte {
	return mac(v.roots.fingerprint, "account", provider, account)
}

// Hash is a keyed hash for the purpose: of an operation's input, of an invitation.
func (v *Vault) Hash(purpose string, b []byte) []byte {
	return mac(v.roots.hash, purpose, string(b))
}

func mac(key []byte, parts ...string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(bind(parts...))
	return m.Sum(nil)
}

// SealBlob encrypts what is kept for a while, is no key and nobody's content: for a person's there is SealFor.
func (v *Vault) SealBlob(purpose string, plain []byte) ([]byte, error) {
	return sealBox(v.random, v.roots.blob, bind(purpose), plain)
}

// OpenBlob returns what SealBlob encrypted for the same purpose.
func (v *Vault) OpenBlob(purpose string, sealed []byte) ([]byte, error) {
	return openBox(v.roots.blob, bind(purpose), sealed)
}

// Wake says that the master keys changed on another server. It never blocks.
func (v *Vault) Wake() {
	select {
	case v.woken <- struct{}{}:
	default:
	}
}

const learnEvery = 5 * time.Second // where nothing wakes it

// Run keeps up with the rotation of the master key until ctx ends.
func (v *Vault) Run(ctx context.Context) error {
	t := time.NewTicker(learnEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		case <-v.woken:
		}
		if err := v.learn(ctx); err != nil && ctx.Err() == nil {
			v.log.WarnContext(ctx, "vault: the master keys can't be read, trying again", "err", err)
		}
	}
}

// Ready returns an error while a master key is in force that this server does not have.
func (v *Vault) Ready() error {
	if id := v.missing.Load(); id != nil {
		return fmt.Errorf("%w: %s is in force; restart the server with it", ErrUnknownMasterKey, *id)
	}
	return nil
}
