package vault

import (
	"context"
	"crypto/subtle"
	"fmt"
	"io"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/masterkey"
	"github.com/resourcepool/resourcepool/ent/secret"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/ids"
)

// Open returns a vault under the master key. A database that has none yet takes this one; any other is
// ErrWrongMasterKey, before anything is encrypted or decrypted.
func Open(ctx context.Context, client *ent.Client, master []byte, clk clock.Clock, random io.Reader) (*Vault, error) {
	v, err := derive(master, clk, random)
	if err != nil {
		return nil, err
	}
	v.client = client
	if err := v.recognise(ctx); err != nil {
		return nil, err
	}
	return v, nil
}

func (v *Vault) recognise(ctx context.Context) error {
	check, err := v.subkey("check", keyLen)
	if err != nil {
		return err
	}
	tx, err := v.client.Tx(ctx)
	if err != nil {
		return fmt.Errorf("vault: begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	// Two servers that start at once on a new database with different keys: one of them must fail.
	if _, err := tx.Client().ExecContext(ctx, "LOCK TABLE master_keys IN SHARE ROW EXCLUSIVE MODE"); err != nil {
		return fmt.Errorf("vault: lock master_keys: %w", err)
	}
	known, err := tx.MasterKey.Query().All(ctx)
	if err != nil {
		return fmt.Errorf("vault: read master_keys: %w", err)
	}
	for _, k := range known {
		if k.ID == v.keyID && subtle.ConstantTimeCompare(k.CheckValue, check) == 1 {
			return nil
		}
	}
	orphans, err := tx.Secret.Query().Where(secret.KeyIDNEQ(v.keyID)).Exist(ctx)
	if err != nil {
		return fmt.Errorf("vault: read secrets: %w", err)
	}
	if len(known) > 0 || orphans {
		return ErrWrongMasterKey
	}
	err = tx.MasterKey.Create().SetID(v.keyID).SetCheckValue(check).SetCreatedAt(v.clock.Now()).
		OnConflictColumns(masterkey.FieldID).DoNothing().Exec(ctx)
	if err != nil {
		return fmt.Errorf("vault: write master_keys: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("vault: commit: %w", err)
	}
	return nil
}

// Key returns the key of a resource, from memory or from the database. It returns ErrDestroyed, ErrUnreadable or a
// wrapped internal error.
func (v *Vault) Key(ctx context.Context, ref Ref) (Secret, error) {
	now := v.clock.Now()
	if key, ok := v.cache.get(ref, now); ok {
		return key, nil
	}
	mark := v.cache.mark()
	row, err := v.client.Secret.Get(ctx, ref.Resource)
	if ent.IsNotFound(err) {
		return Secret{}, fmt.Errorf("%w: %s", ErrDestroyed, ref.Resource)
	}
	if err != nil {
		return Secret{}, fmt.Errorf("vault: read the key of %s: %w", ref.Resource, err)
	}
	key, err := v.open(ref, Sealed{KeyID: row.KeyID, WrappedKey: row.WrappedKey, Ciphertext: row.Ciphertext})
	if err != nil {
		return Secret{}, err
	}
	v.cache.put(ref, key, now, mark)
	return key, nil
}

// Replace stores another key in place of the one that the resource has; the old one is gone with its data key. Within a
// transaction the caller calls Forget after the commit. It returns ErrDestroyed where the resource has no key.
func (v *Vault) Replace(ctx context.Context, client *ent.Client, ref Ref, key Secret) error {
	s, err := v.Seal(ref, key)
	if err != nil {
		return err
	}
	err = client.Secret.UpdateOneID(ref.Resource).
		SetKeyID(s.KeyID).SetWrappedKey(s.WrappedKey).SetCiphertext(s.Ciphertext).Exec(ctx)
	if ent.IsNotFound(err) {
		return fmt.Errorf("%w: %s", ErrDestroyed, ref.Resource)
	}
	if err != nil {
		return fmt.Errorf("vault: replace the key of %s: %w", ref.Resource, err)
	}
	v.Forget(ref.Resource)
	return nil
}

// Destroy deletes the key of a resource for good; where there is none it does nothing. Within a transaction the caller
// calls Forget after the commit.
func (v *Vault) Destroy(ctx context.Context, client *ent.Client, resource ids.ID) error {
	if _, err := client.Secret.Delete().Where(secret.ID(resource)).Exec(ctx); err != nil {
		return fmt.Errorf("vault: destroy the key of %s: %w", resource, err)
	}
	v.Forget(resource)
	return nil
}

// Forget drops the decrypted key of a resource from memory. The next use reads it anew.
func (v *Vault) Forget(resource ids.ID) { v.cache.forget(resource) }

// Tidy drops opened keys from memory that are too old to be used: to be called every now and then.
func (v *Vault) Tidy() { v.cache.tidy(v.clock.Now()) }
