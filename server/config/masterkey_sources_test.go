package config_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/config"
)

const transitKey = "https://vault.example:8200/v1/transit/keys/pool"

func TestMasterKeyOfAFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "key")
	text := base64.StdEncoding.EncodeToString(key)
	require.NoError(t, os.WriteFile(name, []byte(text+"\n"), 0o600))
	c, warnings, err := config.Load([]string{"DATABASE_URL=postgres://u:p@db/pool", "POOL_MASTER_KEY_FILE=" + name})
	require.NoError(t, err)
	require.Empty(t, warnings)
	require.NoError(t, c.Serves())
	got, err := c.MasterKey(nil)
	require.NoError(t, err)
	require.Equal(t, key, got)

	require.NoError(t, os.Chmod(name, 0o644))
	_, err = c.MasterKey(nil)
	require.ErrorContains(t, err, "POOL_MASTER_KEY_FILE: ")
	require.ErrorContains(t, err, "chmod 600")
	require.NoError(t, os.WriteFile(name, []byte("canary"), 0o600))
	require.NoError(t, os.Chmod(name, 0o600))
	_, err = c.MasterKey(nil)
	require.ErrorContains(t, err, "POOL_MASTER_KEY_FILE: ")
	require.NotContains(t, err.Error(), "canary")
	require.NoError(t, os.Remove(name))
	_, err = c.MasterKey(nil)
	require.ErrorContains(t, err, "POOL_MASTER_KEY_FILE: ", "a missing file is not made")
}

func TestMasterKeyHasOneSource(t *testing.T) {
	text := base64.StdEncoding.EncodeToString(key)
	for want, env := range map[string][]string{
		"POOL_MASTER_KEY_FILE: set one of":       {"POOL_MASTER_KEY=" + text, "POOL_MASTER_KEY_FILE=x"},
		"POOL_MASTER_KEY_URL: set one of":        {"POOL_MASTER_KEY_FILE=x", "POOL_MASTER_KEY_URL=" + transitKey, "POOL_MASTER_KEY_TOKEN_FILE=t"},
		"POOL_MASTER_KEY_TOKEN_FILE: required":   {"POOL_MASTER_KEY_URL=" + transitKey},
		"POOL_MASTER_KEY_URL: must be":           {"POOL_MASTER_KEY_URL=http://vault.example/v1/transit/keys/pool", "POOL_MASTER_KEY_TOKEN_FILE=t"},
		"POOL_NEW_MASTER_KEY: must be base64 of": {"POOL_NEW_MASTER_KEY=c2hvcnQ="},
	} {
		_, _, err := config.Load(env)
		require.ErrorContains(t, err, want)
	}
	c, _, err := config.Load([]string{"DATABASE_URL=postgres://u:p@db/pool", "POOL_MASTER_KEY_URL=" + transitKey, "POOL_MASTER_KEY_TOKEN_FILE=t"})
	require.NoError(t, err)
	require.NoError(t, c.Serves())
	service, err := c.KeyService()
	require.NoError(t, err)
	require.NotNil(t, service)
	none, _, err := config.Load(nil)
	require.NoError(t, err)
	service, err = none.KeyService()
	require.NoError(t, err)
	require.Nil(t, service)
}

func TestNewMasterKey(t *testing.T) {
	text := base64.StdEncoding.EncodeToString(key)
	name := filepath.Join(t.TempDir(), "new")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	load := func(env ...string) config.Config {
		c, _, err := config.Load(env)
		require.NoError(t, err)
		return c
	}
	for _, c := range []struct {
		config    config.Config
		file, url string
		service   bool
		refused   string
	}{
		{config: load(), refused: "--new-key-file"},
		{config: load(), file: name},
		{config: load("POOL_NEW_MASTER_KEY=" + text)},
		{config: load("POOL_NEW_MASTER_KEY=" + text), file: name, refused: "once"},
		{config: load(), url: transitKey, refused: "POOL_MASTER_KEY_TOKEN_FILE"},
		{config: load("POOL_MASTER_KEY_TOKEN_FILE=t"), url: transitKey, service: true},
		{config: load("POOL_MASTER_KEY_TOKEN_FILE=t"), url: "https://vault.example", refused: "--new-key-url"},
		{config: load("POOL_MASTER_KEY_URL="+transitKey, "POOL_MASTER_KEY_TOKEN_FILE=t"), service: true},
		{config: load("POOL_MASTER_KEY_URL="+transitKey, "POOL_MASTER_KEY_TOKEN_FILE=t"), file: name},
	} {
		got, err := c.config.NewMasterKey(c.file, c.url)
		if c.refused != "" {
			require.ErrorContains(t, err, c.refused)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, c.service, got.Service != nil)
		if !c.service {
			require.Equal(t, key, got.Key)
		}
	}
}
