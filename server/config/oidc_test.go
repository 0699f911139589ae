package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/config"
)

func TestOIDC(t *testing.T) {
	c, warnings, err := config.Load([]string{
		"POOL_OIDC_ISSUER=https://login.example.org/realms/pool/", "POOL_OIDC_CLIENT_ID=pool", "POOL_OIDC_CLIENT_SECRET=s3cret",
		"POOL_OIDC_NAME=Our staff", "POOL_OIDC_SCOPES=openid  email",
	})
	require.NoError(t, err)
	require.Empty(t, warnings)
	require.Equal(t, "https://login.example.org/realms/pool/", c.OIDC.Issuer, "letter by letter")
	require.Equal(t, "s3cret", c.OIDC.ClientSecret.Reveal())
	require.Equal(t, []string{"openid", "email"}, c.OIDC.Scopes)

	c, _, err = config.Load(nil)
	require.NoError(t, err)
	require.Empty(t, c.OIDC.Issuer)
	require.Equal(t, []string{"openid", "email", "profile"}, c.OIDC.Scopes)

	for variable, environ := range map[string][]string{
		"POOL_OIDC_CLIENT_ID": {"POOL_OIDC_ISSUER=https://login.example.org"},
		"POOL_OIDC_ISSUER":    {"POOL_OIDC_CLIENT_ID=pool"},
		"POOL_OIDC_SCOPES":    {"POOL_OIDC_SCOPES=email"},
		"POOL_OIDC_NAME":      {"POOL_OIDC_ISSUER=https://login.example.org", "POOL_OIDC_CLIENT_ID=pool", "POOL_OIDC_NAME=a\x01b"},
	} {
		_, _, err := config.Load(environ)
		require.ErrorContains(t, err, variable+": ")
	}
	for _, issuer := range []string{"login.example.org", "ftp://login.example.org", "https://u:p@login.example.org", "https://login.example.org/?a=b", "https://"} {
		_, _, err := config.Load([]string{"POOL_OIDC_CLIENT_ID=pool", "POOL_OIDC_ISSUER=" + issuer})
		require.ErrorContains(t, err, "POOL_OIDC_ISSUER: ", issuer)
	}
}
