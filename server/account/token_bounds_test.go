package account_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/account"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/origin"
)

func TestScopesOfATokenComeWithTheActor(t *testing.T) {
	f := setUp(t)
	owner, _ := f.person(t, "tom@b.example")
	token, secret, err := f.CreateToken(t.Context(), owner, account.CreateTokenInput{Name: "a", Scopes: []access.Scope{access.Read, access.Admins, access.Read}})
	require.NoError(t, err)
	actor, err := f.ActorByToken(t.Context(), secret)
	require.NoError(t, err)
	want := []access.Scope{access.Read, access.Admins}
	assert.Equal(t, want, actor.TokenScopes)
	assert.Equal(t, want, account.Scopes(token))
	assert.False(t, actor.TokenLimited, "scopes are instead of limits")
}

func TestATokenIsBoundToItsNetworks(t *testing.T) {
	f := setUp(t)
	owner, _ := f.person(t, "tom@b.example")
	token, secret, err := f.CreateToken(t.Context(), owner, account.CreateTokenInput{
		Name: "a", Networks: []string{"192.0.2.77/24", " 198.51.100.7", "2001:DB8::/32", "192.0.2.0/24", "::ffff:203.0.113.0/120", "::ffff:203.0.114.9"},
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"192.0.2.0/24", "198.51.100.7/32", "2001:db8::/32", "203.0.113.0/24", "203.0.114.9/32"}, token.Networks)
	for ip, may := range map[string]bool{
		"192.0.2.1": true, "::ffff:192.0.2.1": true, "198.51.100.7": true, "2001:db8:1::5": true, "203.0.113.200": true, "203.0.114.9": true,
		"192.0.3.1": false, "198.51.100.8": false, "2001:db9::1": false, "": false, "nonsense": false, "::1": false, "203.0.114.10": false,
	} {
		_, err := f.ActorByToken(origin.With(t.Context(), origin.Origin{IP: ip}), secret)
		if may {
			assert.NoError(t, err, ip)
			continue
		}
		assertCode(t, fault.Forbidden, err)
		assert.ErrorContains(t, err, "not for use from "+ip)
	}
}

func TestBoundsOfATokenAreRefused(t *testing.T) {
	f := setUp(t)
	owner, _ := f.person(t, "tom@b.example")
	limit := money.Credits(5)
	for name, c := range map[string]struct {
		field string
		in    account.CreateTokenInput
	}{
		"no scopes":            {"input.scopes", account.CreateTokenInput{Scopes: []access.Scope{}}},
		"an unknown scope":     {"input.scopes", account.CreateTokenInput{Scopes: []access.Scope{"fresh"}}},
		"no networks":          {"input.networks", account.CreateTokenInput{Networks: []string{}}},
		"too many networks":    {"input.networks", account.CreateTokenInput{Networks: strings.Split(strings.Repeat("::1 ", 51), " ")}},
		"a host":               {"input.networks", account.CreateTokenInput{Networks: []string{"example.org"}}},
		"a zone":               {"input.networks", account.CreateTokenInput{Networks: []string{"fe80::1%eth0"}}},
		"a long prefix":        {"input.networks", account.CreateTokenInput{Networks: []string{"192.0.2.0/33"}}},
		"mapped and not":       {"input.networks", account.CreateTokenInput{Networks: []string{"::ffff:0.0.0.0/90"}}},
		"a period of nothing":  {"input.spendLimitPeriod", account.CreateTokenInput{SpendLimitPeriod: ptr(account.Week)}},
		"a period and a minus": {"input.spendLimit", account.CreateTokenInput{SpendLimitPeriod: ptr(account.Week), SpendLimit: ptr(-limit)}},
	} {
		t.Run(name, func(t *testing.T) {
			c.in.Name = "a"
			_, _, err := f.CreateToken(t.Context(), owner, c.in)
			assertInvalid(t, c.field, err)
		})
	}
	token, _, err := f.CreateToken(t.Context(), owner, account.CreateTokenInput{Name: "a", SpendLimit: &limit, SpendLimitPeriod: ptr(account.Week)})
	require.NoError(t, err)
	assert.Equal(t, 1, f.count(t, "ledger_budgets WHERE token_id = $1 AND period = 'WEEK'", string(token.ID)))
	assert.Nil(t, account.Scopes(token))
}

func TestASessionIsFreshForHalfAnHour(t *testing.T) {
	f := setUp(t)
	_, secret := f.person(t, "tom@b.example")
	fresh := func() bool {
		a, err := f.ActorBySession(t.Context(), secret)
		require.NoError(t, err)
		same, err := f.Refresh(t.Context(), a)
		require.NoError(t, err)
		require.Equal(t, a, same)
		return a.Fresh
	}
	assert.True(t, fresh(), "it has just begun")
	f.clock.Advance(30*time.Minute - time.Second)
	assert.True(t, fresh())
	f.clock.Advance(time.Second)
	assert.False(t, fresh())
	a, err := f.ActorBySession(t.Context(), secret)
	require.NoError(t, err)
	require.Error(t, f.Reauthenticate(t.Context(), a, "another password", nil))
	assert.False(t, fresh())
	require.NoError(t, f.Reauthenticate(t.Context(), a, password, nil))
	assert.True(t, fresh(), "at once")
}

func TestAnEmailCountsOnceItIsVerified(t *testing.T) {
	f := setUp(t, func(d *account.Deps) { d.VerifiedOnly = true })
	a, secret := f.person(t, "tom@b.example")
	assert.True(t, a.Unverified)
	_, err := f.db.ExecContext(t.Context(), `UPDATE users SET email_verified_at = now()`)
	require.NoError(t, err)
	f.Invalidate(a.ID)
	a, err = f.ActorBySession(t.Context(), secret)
	require.NoError(t, err)
	assert.False(t, a.Unverified)

	g := setUp(t)
	a, _ = g.person(t, "tom@b.example")
	assert.False(t, a.Unverified, "where nobody asks for it")
}
