package vault

import (
	"context"
	"errors"
	"fmt"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/secret"
	"github.com/resourcepool/resourcepool/server/ids"
)

// Key returns the key of a resource, from memory or from the database. A key that is decrypted for it is in the log of
// accesses first: with why, with the origin of ctx, and with this server. It returns ErrDestroyed, ErrUnreadable,
// ErrUnknownMasterKey or a wrapped internal error.
func (v *Vault) Key(ctx context.Context, ref Ref, why Purpose) (Secret, error) {
	now := v.clock.Now()
	if key, ok := v.cache.get(ref, now); ok {
		return key, nil
	}
	mark := v.cache.mark()
	key, err := v.read(ctx, ref)
	if errors.Is(err, ErrUnknownMasterKey) { // or it was rewrapped while it was read
		if err := v.learn(ctx); err != nil {
			return Secret{}, err
		}
		key, err = v.read(ctx, ref)
	}
	if err != nil {
		return Secret{}, err
	}
	if err := v.note(ctx, ref.Resource, why); err != nil {
		return Secret{}, err
	}
	v.cache.put(ref, key, now, mark)
	return key, nil
}

func (v *Vault) read(ctx context.Context, ref Ref) (Secret, error) {
	row, err := v.client.Secret.Get(ctx, ref.Resource)
	if ent.IsNotFound(err) {
		return Secret{}, fmt.Errorf("%w: %s", ErrDestroyed, ref.Resource)
	}
	if err != nil {
		return Secret{}, fmt.Errorf("vault: read the key of %s: %w", ref.Resource, err)
	}
	return v.open(ref, Sealed{KeyID: row.KeyID, WrappedKey: row.WrappedKey, Ciphertext: row.Ciphertext})
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

// Forget drops the decrypted key of a resource, or the data key of a person, from memory. The next use reads it anew.
func (v *Vault) Forget(id ids.ID) { v.cache.forget(id) }

// Tidy drops opened keys from memory that are too old to be used: to be called every now and then.
func (v *Vault) Tidy() { v.cache.tidy(v.clock.Now()) }
