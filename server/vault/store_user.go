package vault

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/ids"
)

// personal is the first byte of what SealFor made, so that it can't be taken for what SealBlob did.
const personal = boxVersion + 1

// SealFor encrypts a person's content under a data key of theirs, which is made at its first use and destroyed with the
// account. It returns ErrDestroyed where the account is gone.
func (v *Vault) SealFor(ctx context.Context, user ids.ID, purpose string, plain []byte) ([]byte, error) {
	key, err := v.userKey(ctx, user)
	if errors.Is(err, ErrDestroyed) {
		if err := v.makeUserKey(ctx, user); err != nil {
			return nil, err
		}
		key, err = v.userKey(ctx, user)
	}
	if err != nil {
		return nil, err
	}
	box, err := sealBox(v.random, []byte(key.Reveal()), bind("content", string(user), purpose), plain)
	return append([]byte{personal}, box...), err
}

// OpenFor returns what SealFor encrypted for the same person and purpose, or what SealBlob did before people had keys. It
// returns ErrDestroyed where the person's key was.
func (v *Vault) OpenFor(ctx context.Context, user ids.ID, purpose string, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != personal {
		return v.OpenBlob(purpose, sealed)
	}
	key, err := v.userKey(ctx, user)
	if err != nil {
		return nil, err
	}
	return openBox([]byte(key.Reveal()), bind("content", string(user), purpose), sealed[1:])
}

// DestroyUser deletes a person's data key in the transaction in which their account ends, with which deleted_at is set:
// what SealFor encrypted is lost, in old copies of the database too as soon as the master key was rotated since. The caller
// calls Forget after the commit, here and, by a change of the user, on the other servers.
func (v *Vault) DestroyUser(ctx context.Context, tx *ent.Client, user ids.ID) error {
	// Whoever makes a key for the person now waits, and then finds the account gone.
	if _, err := tx.ExecContext(ctx, `SELECT FROM users WHERE id = $1 FOR UPDATE`, string(user)); err != nil {
		return fmt.Errorf("vault: lock %s: %w", user, err)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM user_keys WHERE user_id = $1`, string(user)); err != nil {
		return fmt.Errorf("vault: destroy the key of %s: %w", user, err)
	}
	v.Forget(user)
	return nil
}

func userBound(user ids.ID) []byte { return bind("user key", string(user)) }

// userKey returns a person's data key, from memory or from the database.
func (v *Vault) userKey(ctx context.Context, user ids.ID) (Secret, error) {
	now, ref := v.clock.Now(), Ref{Resource: user}
	if key, ok := v.cache.get(ref, now); ok {
		return key, nil
	}
	mark := v.cache.mark()
	key, err := v.readUserKey(ctx, user)
	if errors.Is(err, ErrUnknownMasterKey) {
		if err := v.learn(ctx); err != nil {
			return Secret{}, err
		}
		key, err = v.readUserKey(ctx, user)
	}
	if err != nil {
		return Secret{}, err
	}
	v.cache.put(ref, key, now, mark)
	return key, nil
}

func (v *Vault) readUserKey(ctx context.Context, user ids.ID) (Secret, error) {
	var keyID string
	var wrapped []byte
	switch err := queryRow(ctx, v.client, []any{&keyID, &wrapped}, `SELECT key_id, wrapped_key FROM user_keys WHERE user_id = $1`, string(user)); {
	case errors.Is(err, sql.ErrNoRows):
		return Secret{}, fmt.Errorf("%w: %s", ErrDestroyed, user)
	case err != nil:
		return Secret{}, fmt.Errorf("vault: read the key of %s: %w", user, err)
	}
	m := v.ring.Load().keys[keyID]
	if m == nil {
		return Secret{}, fmt.Errorf("%w: %s, for %s", ErrUnknownMasterKey, keyID, user)
	}
	key, err := openBox(m.wrap, userBound(user), wrapped)
	if err != nil {
		return Secret{}, fmt.Errorf("%w as that of %s", ErrUnreadable, user)
	}
	return hide(string(key)), nil
}

// makeUserKey gives a person a data key, unless they have one by now or the account is gone.
func (v *Vault) makeUserKey(ctx context.Context, user ids.ID) error {
	m, key := v.ring.Load().seal, make([]byte, keyLen)
	defer clear(key)
	if _, err := io.ReadFull(v.random, key); err != nil {
		return fmt.Errorf("vault: no randomness: %w", err)
	}
	wrapped, err := sealBox(v.random, m.wrap, userBound(user), key)
	if err != nil {
		return err
	}
	_, err = v.client.ExecContext(ctx, `INSERT INTO user_keys (user_id, key_id, wrapped_key)
		SELECT id, $2, $3 FROM (SELECT id FROM users WHERE id = $1 AND deleted_at IS NULL FOR SHARE) AS u
		ON CONFLICT (user_id) DO NOTHING`, string(user), m.id, wrapped)
	if err != nil {
		return fmt.Errorf("vault: make a key for %s: %w", user, err)
	}
	return nil
}

// queryRow scans the first row of a query; sql.ErrNoRows where there is none.
func queryRow(ctx context.Context, client *ent.Client, into []any, query string, args ...any) error {
	rows, err := client.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	if err := rows.Scan(into...); err != nil {
		return err
	}
	return rows.Err()
}
