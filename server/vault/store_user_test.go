package vault_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/origin"
	"github.com/resourcepool/resourcepool/server/page"
	"github.com/resourcepool/resourcepool/server/vault"
)

func (f fixture) person(t *testing.T, id ids.ID) ids.ID {
	t.Helper()
	require.NoError(t, f.client.User.Create().SetID(id).SetEmail(string(id)+"@example.org").SetDisplayName("P").SetPasswordHash("x").SetCreatedAt(now).Exec(t.Context()))
	return id
}

func TestContentIsOfOnePerson(t *testing.T) {
	f := open(t)
	ann, bob := f.person(t, "usr_a"), f.person(t, "usr_b")
	sealed, err := f.SealFor(t.Context(), ann, "answer", []byte("CANARY"))
	require.NoError(t, err)
	assert.NotContains(t, string(sealed), "CANARY")
	other := f.beside(t, master(1))
	plain, err := other.OpenFor(t.Context(), ann, "answer", sealed)
	require.NoError(t, err)
	assert.Equal(t, "CANARY", string(plain))

	_, err = f.OpenFor(t.Context(), ann, "deposit", sealed)
	require.Error(t, err, "for another purpose")
	_, err = f.SealFor(t.Context(), bob, "answer", []byte("x"))
	require.NoError(t, err)
	_, err = f.OpenFor(t.Context(), bob, "answer", sealed)
	require.Error(t, err, "by another person")

	before, err := f.SealBlob("answer", []byte("of before people had keys"))
	require.NoError(t, err)
	plain, err = f.OpenFor(t.Context(), ann, "answer", before)
	require.NoError(t, err)
	assert.Equal(t, "of before people had keys", string(plain))
}

func TestDestroyedContentIsLost(t *testing.T) {
	f := open(t)
	ann := f.person(t, "usr_a")
	sealed, err := f.SealFor(t.Context(), ann, "answer", []byte("CANARY"))
	require.NoError(t, err)
	require.NoError(t, f.DestroyUser(t.Context(), f.client, ann))
	_, err = f.client.User.UpdateOneID(ann).SetDeletedAt(now).Save(t.Context())
	require.NoError(t, err)
	f.Forget(ann)

	_, err = f.OpenFor(t.Context(), ann, "answer", sealed)
	require.ErrorIs(t, err, vault.ErrDestroyed)
	_, err = f.SealFor(t.Context(), ann, "answer", []byte("x"))
	require.ErrorIs(t, err, vault.ErrDestroyed, "and there is none anew")
	_, err = f.SealFor(t.Context(), "usr_nobody", "answer", []byte("x"))
	assert.ErrorIs(t, err, vault.ErrDestroyed)
}

func TestEveryDecryptionIsLogged(t *testing.T) {
	f := open(t)
	f = f.beside(t, master(1), vault.On("srv_1"))
	ref := f.deposit(t, "res_a", "sk-CANARY-0123456789")
	ctx := origin.With(t.Context(), origin.Origin{Request: "req_1"})
	ctx = access.With(ctx, &access.Actor{ID: "usr_a"})
	for range 3 { // the second and the third are from memory
		_, err := f.Key(ctx, ref, vault.ForRequest)
		require.NoError(t, err)
	}
	f.Forget(ref.Resource)
	_, err := f.Key(t.Context(), ref, vault.ForVerify)
	require.NoError(t, err)

	list, err := vault.Accesses(t.Context(), f.client, "res_a", page.Args{})
	require.NoError(t, err)
	rows := list.Nodes()
	require.Len(t, rows, 2)
	assert.Equal(t, []string{"verify", "", "", "srv_1"}, []string{rows[0].Purpose, string(rows[0].ActorID), string(rows[0].RequestID), string(rows[0].ServerID)})
	assert.Equal(t, []string{"request", "usr_a", "req_1", "srv_1"}, []string{rows[1].Purpose, string(rows[1].ActorID), string(rows[1].RequestID), string(rows[1].ServerID)})
	none, err := vault.Accesses(t.Context(), f.client, "res_b", page.Args{})
	require.NoError(t, err)
	assert.Empty(t, none.Nodes())
}

func TestAKeyWhoseAccessCantBeLoggedIsNotGivenOut(t *testing.T) {
	f := open(t)
	ref := f.deposit(t, "res_a", "sk-CANARY-0123456789")
	_, err := f.db.ExecContext(t.Context(), `ALTER TABLE key_accesses RENAME TO away`)
	require.NoError(t, err)
	key, err := f.Key(t.Context(), ref, vault.ForRequest)
	require.ErrorContains(t, err, "not given out")
	assert.True(t, key.Empty())
	key, err = f.Key(t.Context(), ref, vault.ForRequest)
	require.Error(t, err)
	assert.True(t, key.Empty(), "from memory neither")
}
