package vault_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/vault"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

type fixture struct {
	*vault.Vault
	db     *sql.DB
	client *ent.Client
	clock  *clock.Fake
}

func open(t *testing.T) fixture {
	t.Helper()
	db := dbtest.New(t)
	f := fixture{db: db, client: database.Ent(db), clock: clock.NewFake(now)}
	v, err := vault.Open(t.Context(), f.client, master(1), f.clock, rand.Reader)
	require.NoError(t, err)
	f.Vault = v
	return f
}

func master(fill byte) []byte { return bytes.Repeat([]byte{fill}, 32) }

// deposit stores a resource with its key and returns what the key is bound to.
func (f fixture) deposit(t *testing.T, id ids.ID, key string) vault.Ref {
	t.Helper()
	ref := vault.Ref{Resource: id, Provider: "openai", Host: "api.openai.com"}
	s, err := f.Seal(ref, vault.NewSecret(key))
	require.NoError(t, err)
	_, err = f.db.ExecContext(t.Context(), `INSERT INTO pool_resources (id, provider, label, masked_key, fingerprint, models,
		original_quota, quota_confirmed, status, created_at) VALUES ($1, 'openai', '', '', $2, '[]', 0, false, 'ACTIVE', $3)`,
		id, f.Fingerprint("openai", vault.NewSecret(key)), now)
	require.NoError(t, err)
	require.NoError(t, f.client.Secret.Create().SetID(id).SetKeyID(s.KeyID).SetWrappedKey(s.WrappedKey).
		SetCiphertext(s.Ciphertext).SetCreatedAt(now).Exec(t.Context()))
	return ref
}

func (f fixture) reveal(t *testing.T, ref vault.Ref) string {
	t.Helper()
	key, err := f.Key(t.Context(), ref, vault.ForRequest)
	require.NoError(t, err)
	return key.Reveal()
}

func TestWrongMasterKeyIsRefused(t *testing.T) {
	f := open(t)
	_, err := vault.Open(t.Context(), f.client, master(1), f.clock, rand.Reader)
	require.NoError(t, err, "the same key again")

	_, err = vault.Open(t.Context(), f.client, master(2), f.clock, rand.Reader)
	require.ErrorIs(t, err, vault.ErrWrongMasterKey)
	assert.Contains(t, err.Error(), "POOL_MASTER_KEY")

	f.deposit(t, "res_a", "sk-CANARY-0123456789")
	_, err = f.db.ExecContext(t.Context(), `DELETE FROM master_keys`)
	require.NoError(t, err)
	_, err = vault.Open(t.Context(), f.client, master(2), f.clock, rand.Reader)
	assert.ErrorIs(t, err, vault.ErrWrongMasterKey, "there are keys under another one")
}

func TestOfTwoFirstServersWithDifferentKeysOneFails(t *testing.T) {
	db := dbtest.New(t)
	client := database.Ent(db)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = vault.Open(context.Background(), client, master(byte(i)), clock.System, rand.Reader)
		})
	}
	wg.Wait()
	opened := 0
	for _, err := range errs {
		if err == nil {
			opened++
			continue
		}
		assert.ErrorIs(t, err, vault.ErrWrongMasterKey)
	}
	assert.Equal(t, 1, opened)
}

func TestSwappedRowsDoNotOpen(t *testing.T) {
	f := open(t)
	a, b := f.deposit(t, "res_a", "sk-CANARY-a-0123456789"), f.deposit(t, "res_b", "sk-CANARY-b-0123456789")
	_, err := f.db.ExecContext(t.Context(), `UPDATE secrets AS s SET wrapped_key = o.wrapped_key, ciphertext = o.ciphertext
		FROM secrets AS o WHERE o.resource_id <> s.resource_id`)
	require.NoError(t, err)
	for _, ref := range []vault.Ref{a, b} {
		_, err := f.Key(t.Context(), ref, vault.ForRequest)
		assert.ErrorIs(t, err, vault.ErrUnreadable)
	}
}

func TestEditedHostDoesNotOpenEvenWhileCached(t *testing.T) {
	f := open(t)
	ref := f.deposit(t, "res_a", "sk-CANARY-0123456789")
	assert.Equal(t, "sk-CANARY-0123456789", f.reveal(t, ref))
	ref.Host = "evil.example"
	_, err := f.Key(t.Context(), ref, vault.ForRequest)
	assert.ErrorIs(t, err, vault.ErrUnreadable)
}

func TestKeyIsKeptForFiveMinutes(t *testing.T) {
	f := open(t)
	ref := f.deposit(t, "res_a", "sk-CANARY-0123456789")
	f.reveal(t, ref)
	_, err := f.db.ExecContext(t.Context(), `DELETE FROM secrets`)
	require.NoError(t, err)
	f.clock.Advance(5*time.Minute - time.Second)
	assert.Equal(t, "sk-CANARY-0123456789", f.reveal(t, ref))
	f.clock.Advance(time.Second)
	_, err = f.Key(t.Context(), ref, vault.ForRequest)
	assert.ErrorIs(t, err, vault.ErrDestroyed)
}

func TestReplaceAndDestroyActAtOnce(t *testing.T) {
	f := open(t)
	ref := f.deposit(t, "res_a", "sk-CANARY-0123456789")
	f.reveal(t, ref)
	require.NoError(t, f.Replace(t.Context(), f.client, ref, vault.NewSecret("sk-second-0123456789")))
	assert.Equal(t, "sk-second-0123456789", f.reveal(t, ref))

	require.NoError(t, f.Destroy(t.Context(), f.client, ref.Resource))
	_, err := f.Key(t.Context(), ref, vault.ForRequest)
	assert.ErrorIs(t, err, vault.ErrDestroyed)
	require.NoError(t, f.Destroy(t.Context(), f.client, ref.Resource), "once more does nothing")
	assert.ErrorIs(t, f.Replace(t.Context(), f.client, ref, vault.NewSecret("sk-third-0123456789")), vault.ErrDestroyed)
}

func TestDestroyRollsBackWithItsTransaction(t *testing.T) {
	f := open(t)
	ref := f.deposit(t, "res_a", "sk-CANARY-0123456789")
	tx, err := f.client.Tx(t.Context())
	require.NoError(t, err)
	require.NoError(t, f.Destroy(t.Context(), tx.Client(), ref.Resource))
	require.NoError(t, tx.Rollback())
	assert.Equal(t, "sk-CANARY-0123456789", f.reveal(t, ref))
}

func TestDatabaseHasNoPlainKey(t *testing.T) {
	f := open(t)
	f.deposit(t, "res_a", "sk-CANARY-0123456789")
	var text string
	err := f.db.QueryRowContext(t.Context(), `SELECT (SELECT string_agg(encode(wrapped_key, 'escape') || encode(ciphertext, 'escape'), '') FROM secrets)
		|| (SELECT string_agg(r::text, '') FROM pool_resources r) || (SELECT string_agg(encode(check_value, 'hex'), '') FROM master_keys)`).Scan(&text)
	require.NoError(t, err)
	assert.NotContains(t, text, "CANARY")
}
