package vault

import (
	"context"
	"fmt"
	"io"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/masterkey"
	"github.com/resourcepool/resourcepool/server/clock"
)

// Service wraps master keys. What it wraps with never leaves it.
type Service interface {
	Wrap(ctx context.Context, key []byte) ([]byte, error)
	Unwrap(ctx context.Context, wrapped []byte) ([]byte, error)
}

// Source is where a master key comes from.
type Source struct {
	key     []byte
	service Service
}

// Given is a master key that somebody keeps.
func Given(key []byte) Source { return Source{key: key} }

// From is a master key that is made at random and kept in the database, wrapped by a key service.
func From(s Service) Source { return Source{service: s} }

// make returns the source's key for a database that has none of it, and what is kept of the key, nil where nothing is.
func (s Source) make(ctx context.Context, random io.Reader) (key, external []byte, err error) {
	if s.service == nil {
		return s.key, nil, nil
	}
	key = make([]byte, keyLen)
	if _, err := io.ReadFull(random, key); err != nil {
		return nil, nil, fmt.Errorf("vault: no randomness: %w", err)
	}
	external, err = s.service.Wrap(ctx, key)
	return key, external, err
}

// find returns the source's key among those that are known, and its row.
func (s Source) find(ctx context.Context, known []*ent.MasterKey) (*master, *ent.MasterKey, error) {
	key := s.key
	row := inForce(known)
	if s.service != nil {
		if row == nil || row.External == nil {
			return nil, nil, ErrNotOfService
		}
		var err error
		if key, err = s.service.Unwrap(ctx, row.External); err != nil {
			return nil, nil, err
		}
	}
	m, err := newMaster(key)
	if err != nil {
		return nil, nil, err
	}
	for _, k := range known {
		switch {
		case !m.is(k.ID, k.CheckValue):
		case k.RetiredAt != nil:
			return nil, nil, ErrRetired
		case k.Handover != nil:
			return nil, nil, ErrIncoming
		default:
			return m, k, nil
		}
	}
	return nil, nil, ErrWrongMasterKey
}

// inForce is the master key that is neither retired nor on its way in; nil where there is none.
func inForce(known []*ent.MasterKey) *ent.MasterKey {
	for _, k := range known {
		if k.RetiredAt == nil && k.Handover == nil {
			return k
		}
	}
	return nil
}

// Open returns a vault under a master key that is given. A database that has none yet takes this one; any other is
// ErrWrongMasterKey, ErrRetired or ErrIncoming, before anything is encrypted or decrypted.
func Open(ctx context.Context, client *ent.Client, key []byte, clk clock.Clock, random io.Reader, options ...Option) (*Vault, error) {
	return OpenFrom(ctx, client, Given(key), clk, random, options...)
}

// OpenFrom is Open with the master key of a source. Of one of a key service it may also return ErrNotOfService and the
// service's errors.
func OpenFrom(ctx context.Context, client *ent.Client, from Source, clk clock.Clock, random io.Reader, options ...Option) (*Vault, error) {
	v := newVault(client, clk, random, options)
	m, err := v.recognise(ctx, from)
	if err != nil {
		return nil, err
	}
	v.ring.Store(newRing(m))
	return v, v.learn(ctx)
}

// recognise finds the source's key in the database, or puts the first one there.
func (v *Vault) recognise(ctx context.Context, from Source) (m *master, err error) {
	tx, err := v.client.Tx(ctx)
	if err != nil {
		return nil, fmt.Errorf("vault: begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	known, err := lockMasterKeys(ctx, tx)
	if err != nil {
		return nil, err
	}
	if len(known) == 0 {
		m, err = v.begin(ctx, tx, from)
	} else {
		m, err = v.resume(ctx, tx, from, known)
	}
	if err != nil {
		return nil, err
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("vault: commit: %w", err)
	}
	return m, nil
}

// lockMasterKeys reads them while nobody else may change them: of two servers that start at once on a new database with
// different keys one must fail, and of two rotations one waits for the other's word.
func lockMasterKeys(ctx context.Context, tx *ent.Tx) ([]*ent.MasterKey, error) {
	if _, err := tx.Client().ExecContext(ctx, "LOCK TABLE master_keys IN SHARE ROW EXCLUSIVE MODE"); err != nil {
		return nil, fmt.Errorf("vault: lock master_keys: %w", err)
	}
	known, err := tx.MasterKey.Query().Order(ent.Asc(masterkey.FieldCreatedAt)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("vault: read master_keys: %w", err)
	}
	return known, nil
}

// begin takes the first master key.
func (v *Vault) begin(ctx context.Context, tx *ent.Tx, from Source) (*master, error) {
	orphans, err := tx.Secret.Query().Exist(ctx)
	if err != nil {
		return nil, fmt.Errorf("vault: read secrets: %w", err)
	}
	if orphans {
		return nil, ErrWrongMasterKey
	}
	key, external, err := from.make(ctx, v.random)
	if err != nil {
		return nil, err
	}
	m, err := newMaster(key)
	if err != nil {
		return nil, err
	}
	if v.roots, err = newRoots(v.random); err != nil {
		return nil, err
	}
	return m, v.register(ctx, tx, m, nil, external)
}

// register writes the row of a new master key.
func (v *Vault) register(ctx context.Context, tx *ent.Tx, m *master, handover, external []byte) error {
	root, err := m.sealRoots(v.random, v.roots)
	if err != nil {
		return err
	}
	row := tx.MasterKey.Create().SetID(m.id).SetCheckValue(m.check).SetCreatedAt(v.clock.Now()).SetRoot(root)
	if handover != nil {
		row.SetHandover(handover)
	}
	if external != nil {
		row.SetExternal(external)
	}
	if err := row.Exec(ctx); err != nil {
		return fmt.Errorf("vault: write master_keys: %w", err)
	}
	return nil
}

// resume takes up the master key in force. One from before the vault's secrets were kept stands for them itself, once more.
func (v *Vault) resume(ctx context.Context, tx *ent.Tx, from Source, known []*ent.MasterKey) (*master, error) {
	m, row, err := from.find(ctx, known)
	if err != nil {
		return nil, err
	}
	if row.Root != nil {
		v.roots, err = m.openRoots(row.Root)
		return m, err
	}
	v.roots = m.legacy
	root, err := m.sealRoots(v.random, v.roots)
	if err != nil {
		return nil, err
	}
	if err := tx.MasterKey.UpdateOneID(m.id).SetRoot(root).Exec(ctx); err != nil {
		return nil, fmt.Errorf("vault: write master_keys: %w", err)
	}
	return m, nil
}
