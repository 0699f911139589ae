package keyservice_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/keyservice"
	"github.com/resourcepool/resourcepool/server/transittest"
)

func TestAKeyComesBackFromTheService(t *testing.T) {
	s := transittest.New(t)
	transit, err := keyservice.NewTransit(s.URL, s.TokenFile)
	require.NoError(t, err)
	key := []byte(strings.Repeat("k", 32))
	wrapped, err := transit.Wrap(t.Context(), key)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(wrapped), "vault:v1:"))

	s.Renew(t, "hvs.second") // the file is read at each call
	s.Rotate(t)
	got, err := transit.Unwrap(t.Context(), wrapped)
	require.NoError(t, err)
	assert.Equal(t, key, got)
	s.Forget()
	_, err = transit.Unwrap(t.Context(), wrapped)
	assert.ErrorContains(t, err, "POOL_MASTER_KEY_URL: the key service answered 400 Bad Request: ciphertext or signature version is disallowed by policy")
}

func TestErrorsNameTheSettingAndNoSecret(t *testing.T) {
	s := transittest.New(t)
	transit, err := keyservice.NewTransit(s.URL, s.TokenFile)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(s.TokenFile, []byte("hvs.CANARY"), 0o600))
	_, err = transit.Wrap(t.Context(), []byte("CANARY"))
	require.ErrorContains(t, err, "POOL_MASTER_KEY_URL: the key service answered 403 Forbidden: permission denied")
	assert.NotContains(t, err.Error(), "CANARY")

	require.NoError(t, os.WriteFile(s.TokenFile, []byte("hvs.CANARY\nX-Evil: 1"), 0o600))
	_, err = transit.Wrap(t.Context(), []byte("CANARY"))
	require.ErrorContains(t, err, "POOL_MASTER_KEY_TOKEN_FILE")
	assert.NotContains(t, err.Error(), "CANARY")

	nowhere, err := keyservice.NewTransit(s.URL, filepath.Join(t.TempDir(), "none"))
	require.NoError(t, err)
	_, err = nowhere.Unwrap(t.Context(), nil)
	assert.ErrorContains(t, err, "POOL_MASTER_KEY_TOKEN_FILE")

	gone, err := keyservice.NewTransit("http://127.0.0.1:1/v1/transit/keys/pool", s.TokenFile)
	require.NoError(t, err)
	s.Renew(t, "hvs.third")
	_, err = gone.Unwrap(t.Context(), nil)
	assert.ErrorContains(t, err, "POOL_MASTER_KEY_URL: the key service can't be reached")
}

func TestAddressesOfKeys(t *testing.T) {
	for _, good := range []string{"https://vault.example:8200/v1/transit/keys/pool", "http://localhost:8200/v1/a/keys/b/keys/c", "http://[::1]:8200/v1/transit/keys/pool"} {
		_, err := keyservice.NewTransit(good, "")
		assert.NoError(t, err, good)
	}
	for _, bad := range []string{
		"", "vault.example", "http://vault.example:8200/v1/transit/keys/pool", "https://u:p@vault.example/v1/transit/keys/pool", "https://vault.example/v1/transit",
		"https://vault.example/v1/transit/keys/", "https://vault.example/v1/transit/keys/a/b", "https://vault.example/keys/a", "https://vault.example/v1/transit/keys/a?x=1", "ftp://localhost/v1/transit/keys/a",
	} {
		_, err := keyservice.NewTransit(bad, "")
		assert.ErrorContains(t, err, "https://vault.example:8200", bad)
	}
}
