package config_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/checkpoint"
	"github.com/resourcepool/resourcepool/server/config"
	"github.com/resourcepool/resourcepool/server/money"
)

var key = bytes.Repeat([]byte{7}, 32)

func TestLoad(t *testing.T) {
	t.Run("nothing is required", func(t *testing.T) {
		c, warnings, err := config.Load(nil)
		require.NoError(t, err)
		require.Empty(t, warnings)
		require.Equal(t, "127.0.0.1:8080", c.Listen)
		require.Equal(t, "./data", c.DataDir)
		require.Equal(t, config.SignupOpen, c.Signup)
		require.EqualValues(t, 1_200_000_000, c.PriceMarkup)
		require.EqualValues(t, 100_000_000, c.DepositFee)
		require.EqualValues(t, 1000*money.One, c.UnconfirmedTrustLimit)
		require.True(t, c.DatabaseURL.Empty())
		require.Nil(t, c.PublicURL)
	})
	t.Run("every variable is read", func(t *testing.T) {
		c, warnings, err := config.Load([]string{
			"POOL_LISTEN=0.0.0.0:80", "POOL_PUBLIC_URL=https://Pool.example.org/", "POOL_ORIGINS=https://a.example, http://b.example:3000",
			"POOL_TRUSTED_PROXIES=10.1.2.3/8,::1", "POOL_METRICS_LISTEN=127.0.0.1:9090", "POOL_DATA_DIR=/var/lib/pool",
			"DATABASE_URL=postgres://u:p@db/pool", "MIGRATE_DATABASE_URL=postgres://o:p@db/pool",
			"POOL_MASTER_KEY=" + base64.RawURLEncoding.EncodeToString(key),
			"POOL_ADMIN_EMAIL=root@example.org", "POOL_ADMIN_PASSWORD=correct horse", "POOL_SIGNUP=invite",
			"POOL_RATE_LIMIT_RPM=0", "POOL_TOKEN_RATE_LIMIT_RPM=60", "POOL_QUERY_COST_PER_MINUTE=0", "POOL_SIGNUPS_PER_HOUR=5", "POOL_PRICE_MARKUP=1.5", "POOL_DEPOSIT_FEE=0", "POOL_UNCONFIRMED_TRUST_LIMIT=0.5",
			"POOL_PROVIDER_URLS=openai=https://proxy.internal/v1/, deepseek=http://127.0.0.1:9",
		})
		require.NoError(t, err)
		require.Empty(t, warnings)
		require.Equal(t, "https://pool.example.org", c.PublicURL.String())
		require.Equal(t, []string{"https://a.example", "http://b.example:3000"}, c.Origins)
		require.Equal(t, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}, c.TrustedProxies)
		require.Equal(t, "postgres://o:p@db/pool", c.MigrateDatabaseURL.Reveal())
		require.Equal(t, "correct horse", c.AdminPassword.Reveal())
		require.Equal(t, []int{0, 60, 0}, []int{c.RateLimitRPM, c.TokenRateLimitRPM, c.QueryCostPerMinute})
		require.EqualValues(t, money.One/2, c.UnconfirmedTrustLimit)
		require.Equal(t, map[string]string{"openai": "https://proxy.internal/v1", "deepseek": "http://127.0.0.1:9"}, c.ProviderURLs)
		got, err := c.MasterKey(nil)
		require.NoError(t, err)
		require.Equal(t, key, got)
	})
	t.Run("migrations go to the same database unless told otherwise", func(t *testing.T) {
		c, _, err := config.Load([]string{"DATABASE_URL=postgres://u:p@db/pool", "POOL_MASTER_KEY=" + base64.StdEncoding.EncodeToString(key)})
		require.NoError(t, err)
		require.Equal(t, "postgres://u:p@db/pool", c.MigrateDatabaseURL.Reveal())
	})
	t.Run("a variable that nobody reads is warned about", func(t *testing.T) {
		_, warnings, err := config.Load([]string{"POOL_LISTENS=:1", "POOL_TEST_DATABASE_URL=x", "PATH=/bin", "OTHER_POOL_X=1"})
		require.NoError(t, err)
		require.Equal(t, []string{"POOL_LISTENS is set, but this version has no such setting"}, warnings)
	})
	t.Run("an empty variable is an unset one", func(t *testing.T) {
		c, _, err := config.Load([]string{"POOL_LISTEN=", "DATABASE_URL="})
		require.NoError(t, err)
		require.Equal(t, "127.0.0.1:8080", c.Listen)
	})
	t.Run("all errors come at once", func(t *testing.T) {
		_, _, err := config.Load([]string{"POOL_LISTEN=x", "POOL_SIGNUP=maybe"})
		require.ErrorContains(t, err, "POOL_LISTEN: ")
		require.ErrorContains(t, err, "POOL_SIGNUP: must be open, invite or closed")
	})
}

func TestBadValuesNameTheirVariable(t *testing.T) {
	for _, bad := range []string{
		"POOL_LISTEN=8080", "POOL_LISTEN=127.0.0.1:99999", "POOL_LISTEN=127.0.0.1:http",
		"POOL_PUBLIC_URL=pool.example.org", "POOL_PUBLIC_URL=https://pool.example.org/app", "POOL_PUBLIC_URL=https://u:p@pool.example.org", "POOL_PUBLIC_URL=ftp://x",
		"POOL_ORIGINS=*", "POOL_TRUSTED_PROXIES=everyone", "POOL_METRICS_LISTEN=on", "POOL_METRICS_LISTEN=127.0.0.1:8080",
		"DATABASE_URL=mysql://db/pool", "DATABASE_URL=postgres://db:port/pool", "MIGRATE_DATABASE_URL=postgres://db/pool",
		"POOL_MASTER_KEY=secret!", "POOL_MASTER_KEY=c2hvcnQ=",
		"POOL_ADMIN_EMAIL=root", "POOL_ADMIN_EMAIL=root@example.org",
		"POOL_SIGNUP=yes", "POOL_RATE_LIMIT_RPM=-1", "POOL_RATE_LIMIT_RPM=many", "POOL_SIGNUPS_PER_HOUR=1.5",
		"POOL_PRICE_MARKUP=1e3", "POOL_PRICE_MARKUP=-1", "POOL_DEPOSIT_FEE=1", "POOL_DEPOSIT_FEE=10%", "POOL_UNCONFIRMED_TRUST_LIMIT=-1",
		"POOL_SIGNING_KEY=secret!", "POOL_SIGNING_KEY=PRIVATE+KEY+pool+00000000+AAAA", "POOL_CHECKPOINTS=https://bucket", "POOL_CHECKPOINTS=s3://host/bucket",
		"POOL_PROVIDER_URLS=https://proxy/v1", "POOL_PROVIDER_URLS=openai=proxy", "POOL_PROVIDER_URLS=openai=http://a,openai=http://b",
	} {
		t.Run(bad, func(t *testing.T) {
			_, _, err := config.Load([]string{bad})
			name, _, _ := strings.Cut(bad, "=")
			require.ErrorContains(t, err, name+": ")
		})
	}
	t.Run("a server with DATABASE_URL requires the master key", func(t *testing.T) {
		c, _, err := config.Load([]string{"DATABASE_URL=postgres://u:p@db/pool"})
		require.NoError(t, err)
		require.ErrorContains(t, c.Serves(), "POOL_MASTER_KEY: required with DATABASE_URL")
	})
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	c, _, err := config.Load([]string{
		"DATABASE_URL=postgres://u:canary@db/pool", "POOL_MASTER_KEY=" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("canary00"), 4)),
		"POOL_ADMIN_EMAIL=root@example.org", "POOL_ADMIN_PASSWORD=canary",
		"POOL_CHECKPOINTS=s3://canary:canary@host/bucket",
	})
	require.NoError(t, err)
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("settings", "all", c, "one", c.AdminPassword)
	_, jsonErr := json.Marshal(c)
	require.Error(t, jsonErr)
	printed := fmt.Sprintf("%v %+v %#v %s %q %x", c, c, c, c.AdminPassword, c.DatabaseURL, c.AdminPassword) + logged.String() + jsonErr.Error()
	require.NotContains(t, printed, "canary")
	require.NotContains(t, printed, fmt.Sprintf("%x", "canary"))

	_, _, err = config.Load([]string{"DATABASE_URL=postgres://u:canary@db:port/pool", "POOL_MASTER_KEY=canary", "POOL_SIGNING_KEY=PRIVATE+KEY+canary",
		"POOL_CHECKPOINTS=s3://canary:canary/canary@host/bucket"})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "canary")
}

func TestSigningKey(t *testing.T) {
	dir := t.TempDir()
	load := func(more ...string) config.Config {
		c, _, err := config.Load(append(more, "POOL_DATA_DIR="+dir))
		require.NoError(t, err)
		return c
	}
	_, err := load().Verifiers("")
	require.ErrorContains(t, err, "--key")
	made, err := load().SigningKey(rand.Reader)
	require.NoError(t, err)
	again, err := load().SigningKey(nil)
	require.NoError(t, err)
	require.Equal(t, made.Public(), again.Public())
	st, err := os.Stat(filepath.Join(dir, "signing.key"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), st.Mode().Perm())
	public, err := os.ReadFile(filepath.Join(dir, "signing.pub"))
	require.NoError(t, err)
	require.Equal(t, made.Public()+"\n", string(public))

	private, err := os.ReadFile(filepath.Join(dir, "signing.key"))
	require.NoError(t, err)
	given, err := load("POOL_SIGNING_KEY=" + string(private)).SigningKey(nil)
	require.NoError(t, err)
	require.Equal(t, made.Public(), given.Public())
	signed, err := made.Sign(checkpoint.Checkpoint{Size: 1, At: time.Now()})
	require.NoError(t, err)
	for _, key := range []string{"", made.Public(), filepath.Join(dir, "signing.pub")} {
		keys, err := load().Verifiers(key)
		require.NoError(t, err)
		_, err = checkpoint.Open(signed, keys)
		require.NoError(t, err)
	}
	_, err = load().Verifiers(string(private))
	require.ErrorIs(t, err, checkpoint.ErrPrivate)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "signing.key"), []byte("canary"), 0o600))
	_, err = load().SigningKey(nil)
	require.ErrorContains(t, err, "signing.key is damaged: it must be")
	require.NotContains(t, err.Error(), "canary")
}

func TestMasterKey(t *testing.T) {
	load := func(t *testing.T, dir string) config.Config {
		t.Helper()
		c, _, err := config.Load([]string{"POOL_DATA_DIR=" + dir})
		require.NoError(t, err)
		return c
	}

	t.Run("is made once and kept private", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "data")
		first, err := load(t, dir).MasterKey(bytes.NewReader(key))
		require.NoError(t, err)
		require.Equal(t, key, first)
		again, err := load(t, dir).MasterKey(nil)
		require.NoError(t, err)
		require.Equal(t, key, again)

		files, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, files, 1)
		st, err := files[0].Info()
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), st.Mode().Perm())
	})
	t.Run("is refused when others can read it", func(t *testing.T) {
		dir := t.TempDir()
		_, err := load(t, dir).MasterKey(bytes.NewReader(key))
		require.NoError(t, err)
		require.NoError(t, os.Chmod(filepath.Join(dir, "master.key"), 0o644))
		_, err = load(t, dir).MasterKey(nil)
		require.ErrorContains(t, err, "chmod 600")
	})
	t.Run("is refused when it is damaged, and its text is not shown", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "master.key"), []byte("canary"), 0o600))
		_, err := load(t, dir).MasterKey(nil)
		require.ErrorContains(t, err, "master.key is damaged")
		require.NotContains(t, err.Error(), "canary")
	})
}

func TestPublic(t *testing.T) {
	at := func(t *testing.T, listening string, environ ...string) string {
		t.Helper()
		c, _, err := config.Load(environ)
		require.NoError(t, err)
		addr, err := net.ResolveTCPAddr("tcp", listening)
		require.NoError(t, err)
		return c.Public(addr).String()
	}
	require.Equal(t, "http://127.0.0.1:4321", at(t, "127.0.0.1:4321", "POOL_LISTEN=127.0.0.1:0"))
	require.Equal(t, "http://localhost:80", at(t, "0.0.0.0:80"))
	require.Equal(t, "http://localhost:80", at(t, "[::]:80"))
	require.Equal(t, "https://pool.example.org", at(t, "0.0.0.0:80", "POOL_PUBLIC_URL=https://pool.example.org"))
}

func TestLoopback(t *testing.T) {
	for listen, want := range map[string]bool{
		"127.0.0.1:1": true, "localhost:1": true, "[::1]:1": true, "127.9.9.9:1": true, "0.0.0.0:1": false, ":1": false, "10.0.0.1:1": false, "example.org:1": false,
	} {
		c, _, err := config.Load([]string{"POOL_LISTEN=" + listen})
		require.NoError(t, err)
		require.Equal(t, want, c.Loopback(), listen)
	}
}
