package vault_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/keyservice"
	"github.com/resourcepool/resourcepool/server/transittest"
	"github.com/resourcepool/resourcepool/server/vault"
)

// rotation is one to a key, which keeps nobody waiting.
func rotation(to vault.Source) vault.Rotation {
	return vault.Rotation{
		To: to, Host: func(string, string) string { return "api.openai.com" }, Tell: func(string, ...any) {},
		Record: func(context.Context, *ent.Client, string, string) error { return nil },
	}
}

// beside is another server on the database of f.
func (f fixture) beside(t *testing.T, key []byte, options ...vault.Option) fixture {
	t.Helper()
	v, err := vault.Open(t.Context(), f.client, key, f.clock, rand.Reader, options...)
	require.NoError(t, err)
	f.Vault = v
	return f
}

func (f fixture) refuses(t *testing.T, key []byte, want error) {
	t.Helper()
	_, err := vault.Open(t.Context(), f.client, key, f.clock, rand.Reader)
	require.ErrorIs(t, err, want)
}

func TestRotationBesideServersThatServe(t *testing.T) {
	f := open(t)
	user := f.person(t, "usr_a")
	refs := []vault.Ref{}
	for i := range 450 { // more than two batches
		refs = append(refs, f.deposit(t, ids.ID(fmt.Sprintf("res_%03d", i)), fmt.Sprintf("sk-CANARY-%03d", i)))
	}
	sealed, err := f.SealFor(t.Context(), user, "answer", []byte("hello"))
	require.NoError(t, err)
	blob, err := f.SealBlob("mail", []byte("hello"))
	require.NoError(t, err)
	fingerprint := f.Fingerprint("openai", vault.NewSecret("sk-CANARY-000"))
	// Neither hears of anything: they learn when they meet the new key.
	one, two := f.beside(t, master(1), vault.Keeping(0)), f.beside(t, master(1), vault.Keeping(0))

	// Opens all the while, and seals under whichever key it knows.
	var failed, opened, made atomic.Int64
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			for n, server := range []fixture{one, two} {
				if _, err := server.Key(t.Context(), refs[(i*7+n)%len(refs)], vault.ForRequest); err != nil {
					failed.Add(1)
					t.Log(err)
				}
				opened.Add(1)
			}
			if i%10 == 0 {
				one.deposit(t, ids.ID(fmt.Sprintf("res_new_%d", i)), fmt.Sprintf("sk-NEW-%d", i))
				made.Add(1)
			}
		}
	}()
	require.Eventually(t, func() bool { return made.Load() > 0 }, 10*time.Second, time.Millisecond)
	rotator := f.beside(t, master(1))
	require.NoError(t, rotator.Rotate(t.Context(), rotation(vault.Given(master(2)))))
	close(stop)
	<-ended
	assert.Zero(t, failed.Load())
	assert.Positive(t, opened.Load())

	f.refuses(t, master(1), vault.ErrRetired)
	f.refuses(t, master(3), vault.ErrWrongMasterKey)
	next := f.beside(t, master(2))
	assert.Equal(t, "sk-CANARY-449", next.reveal(t, refs[449]))
	assert.Equal(t, fingerprint, next.Fingerprint("openai", vault.NewSecret("sk-CANARY-000")), "so that a key is recognised")
	for _, server := range []fixture{one, next} {
		plain, err := server.OpenFor(t.Context(), user, "answer", sealed)
		require.NoError(t, err)
		assert.Equal(t, "hello", string(plain))
		plain, err = server.OpenBlob("mail", blob)
		require.NoError(t, err)
		assert.Equal(t, "hello", string(plain))
	}
	require.NoError(t, next.Rotate(t.Context(), rotation(vault.Given(master(3)))), "and once more")
	assert.ErrorIs(t, f.beside(t, master(3)).Rotate(t.Context(), rotation(vault.Given(master(1)))), vault.ErrRetired, "no way back")
}

// Wherever a rotation is broken off, servers go on, and running it again ends it.
func TestRotationIsBrokenOffAnywhere(t *testing.T) {
	broken := errors.New("broken off")
	for name, at := range map[string]func(r *vault.Rotation, cancel func()){
		"once the key is handed over": func(r *vault.Rotation, cancel func()) {
			r.Tell = func(string, ...any) { cancel() }
		},
		"while it waits": func(r *vault.Rotation, cancel func()) {
			r.Overlap = time.Hour
			told := 0
			r.Tell = func(string, ...any) {
				if told++; told == 2 {
					cancel()
				}
			}
		},
		"while it retires": func(r *vault.Rotation, _ func()) {
			r.Record = func(context.Context, *ent.Client, string, string) error { return broken }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t)
			ref := f.deposit(t, "res_a", "sk-CANARY-0123456789")
			ctx, cancel := context.WithCancel(t.Context())
			r := rotation(vault.Given(master(2)))
			at(&r, cancel)
			require.Error(t, f.beside(t, master(1)).Rotate(ctx, r))

			f.refuses(t, master(2), vault.ErrIncoming)
			server := f.beside(t, master(1))
			assert.Equal(t, "sk-CANARY-0123456789", server.reveal(t, ref))
			later := server.deposit(t, "res_b", "sk-later-0123456789")
			assert.ErrorContains(t, server.Rotate(t.Context(), rotation(vault.Given(master(3)))), "under way")

			require.NoError(t, f.beside(t, master(1)).Rotate(t.Context(), rotation(vault.Given(master(2)))))
			f.refuses(t, master(1), vault.ErrRetired)
			next := f.beside(t, master(2))
			assert.Equal(t, "sk-CANARY-0123456789", next.reveal(t, ref))
			assert.Equal(t, "sk-later-0123456789", next.reveal(t, later))
			assert.Error(t, next.Rotate(t.Context(), rotation(vault.Given(master(2)))), "it is in force")
		})
	}
}

func TestAServerThatMissedTheHandoverIsNotReady(t *testing.T) {
	f := open(t)
	ref := f.deposit(t, "res_a", "sk-CANARY-0123456789")
	asleep := f.beside(t, master(1), vault.Keeping(0))
	require.NoError(t, f.beside(t, master(1)).Rotate(t.Context(), rotation(vault.Given(master(2)))))

	_, err := asleep.Key(t.Context(), ref, vault.ForRequest)
	require.ErrorIs(t, err, vault.ErrUnknownMasterKey)
	assert.NotErrorIs(t, err, vault.ErrUnreadable, "which would disable the resource")
	assert.ErrorIs(t, asleep.Ready(), vault.ErrUnknownMasterKey)
	require.NoError(t, f.Ready())
	s, err := asleep.Seal(vault.Ref{Resource: "res_b"}, vault.NewSecret("sk-late-0123456789"))
	require.NoError(t, err)
	err = f.client.Secret.Create().SetID("res_a").SetKeyID(s.KeyID).SetWrappedKey(s.WrappedKey).SetCiphertext(s.Ciphertext).SetCreatedAt(now).Exec(t.Context())
	assert.ErrorContains(t, err, "retired", "the database takes nothing under a retired key")
}

func TestARowThatDoesNotOpenKeepsTheOldKey(t *testing.T) {
	f := open(t)
	f.deposit(t, "res_a", "sk-CANARY-0123456789")
	good := f.deposit(t, "res_b", "sk-good-0123456789")
	_, err := f.db.ExecContext(t.Context(), `UPDATE secrets SET wrapped_key = wrapped_key || '\x00' WHERE resource_id = 'res_a'`)
	require.NoError(t, err)
	err = f.beside(t, master(1)).Rotate(t.Context(), rotation(vault.Given(master(2))))
	require.ErrorIs(t, err, vault.ErrUnreadable)
	require.ErrorContains(t, err, "[res_a]")
	server := f.beside(t, master(1))
	assert.Equal(t, "sk-good-0123456789", server.reveal(t, good))
	require.NoError(t, server.Destroy(t.Context(), f.client, "res_a"))
	require.NoError(t, server.Rotate(t.Context(), rotation(vault.Given(master(2)))))
}

// A database from before: its master key stood for everything.
func TestAnOlderDatabaseOpensAndKeepsItsFingerprints(t *testing.T) {
	f := open(t)
	old := vault.Legacy(t, master(1))
	fingerprint, blob := old.Fingerprint("openai", vault.NewSecret("sk-CANARY")), old.Hash("input", []byte("x"))
	_, err := f.db.ExecContext(t.Context(), `UPDATE master_keys SET root = NULL`)
	require.NoError(t, err)
	first := f.beside(t, master(1))
	assert.Equal(t, fingerprint, first.Fingerprint("openai", vault.NewSecret("sk-CANARY")))
	require.NoError(t, first.Rotate(t.Context(), rotation(vault.Given(master(2)))))
	next := f.beside(t, master(2))
	assert.Equal(t, fingerprint, next.Fingerprint("openai", vault.NewSecret("sk-CANARY")))
	assert.Equal(t, blob, next.Hash("input", []byte("x")))
}

func TestAMasterKeyOfAKeyService(t *testing.T) {
	f := open(t)
	ref := f.deposit(t, "res_a", "sk-CANARY-0123456789")
	s := transittest.New(t)
	transit, err := keyservice.NewTransit(s.URL, s.TokenFile)
	require.NoError(t, err)
	from := vault.From(transit)
	opened := func() fixture {
		t.Helper()
		v, err := vault.OpenFrom(t.Context(), f.client, from, f.clock, rand.Reader)
		require.NoError(t, err)
		f.Vault = v
		return f
	}
	_, err = vault.OpenFrom(t.Context(), f.client, from, f.clock, rand.Reader)
	require.ErrorIs(t, err, vault.ErrNotOfService)

	require.NoError(t, f.beside(t, master(1)).Rotate(t.Context(), rotation(from)))
	f.refuses(t, master(1), vault.ErrRetired)
	assert.Equal(t, "sk-CANARY-0123456789", opened().reveal(t, ref))

	s.Rotate(t) // and another master key under the service's new version
	r := rotation(from)
	r.Record = func(context.Context, *ent.Client, string, string) error { return errors.New("broken off") }
	require.Error(t, opened().Rotate(t.Context(), r))
	require.NoError(t, opened().Rotate(t.Context(), rotation(from)), "goes on with the key that was made")
	var keys int
	require.NoError(t, f.db.QueryRowContext(t.Context(), `SELECT count(*) FROM master_keys`).Scan(&keys))
	assert.Equal(t, 3, keys)
	s.Forget()
	assert.Equal(t, "sk-CANARY-0123456789", opened().reveal(t, ref))

	require.NoError(t, opened().Rotate(t.Context(), rotation(vault.Given(master(4)))), "and away from the service")
	assert.Equal(t, "sk-CANARY-0123456789", f.beside(t, master(4)).reveal(t, ref))
}
