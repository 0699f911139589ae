package account_test

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/account"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

func TestTokenSignsInAsItsOwner(t *testing.T) {
	f := setUp(t)
	owner, _ := f.person(t, "tom@b.example")
	token, secret, err := f.CreateToken(t.Context(), owner, account.CreateTokenInput{Name: " laptop "})
	require.NoError(t, err)
	assert.Regexp(t, regexp.MustCompile(`^rp_[0-9A-Za-z]{43}$`), secret)
	assert.Equal(t, "rp_…"+secret[len(secret)-4:], token.MaskedSecret)
	assert.Equal(t, "laptop", token.Name)
	assert.Zero(t, f.count(t, "api_tokens t WHERE t::text LIKE '%' || $1 || '%'", secret))
	assert.Equal(t, 1, f.count(t, "ledger_budgets WHERE token_id = $1 AND spend_limit IS NULL", string(token.ID)))

	actor, err := f.ActorByToken(t.Context(), secret)
	require.NoError(t, err)
	assert.Equal(t, &access.Actor{ID: owner.ID, Roles: []access.Role{access.User}, CustomRoles: []string{}, TokenID: token.ID}, actor)

	mine, err := f.Tokens(t.Context(), owner.ID)
	require.NoError(t, err)
	require.Len(t, mine, 1)
	assert.Equal(t, token.ID, mine[0].ID)
}

func TestLimitsOfATokenComeWithTheActor(t *testing.T) {
	f := setUp(t)
	owner, _ := f.person(t, "tom@b.example")
	for name, c := range map[string]struct {
		in      account.CreateTokenInput
		limited bool
		models  []string
	}{
		"none":          {account.CreateTokenInput{Name: "a"}, false, nil},
		"a spend limit": {account.CreateTokenInput{Name: "a", SpendLimit: ptr(money.Credits(5))}, true, nil},
		"no spending":   {account.CreateTokenInput{Name: "a", SpendLimit: ptr(money.Credits(0))}, true, nil},
		"models":        {account.CreateTokenInput{Name: "a", Models: []string{" gpt-4", "o1", "gpt-4 "}}, true, []string{"gpt-4", "o1"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, secret, err := f.CreateToken(t.Context(), owner, c.in)
			require.NoError(t, err)
			actor, err := f.ActorByToken(t.Context(), secret)
			require.NoError(t, err)
			assert.Equal(t, c.limited, actor.TokenLimited)
			assert.Equal(t, c.models, actor.TokenModels)
		})
	}
}

func TestCreateTokenRefuses(t *testing.T) {
	f := setUp(t)
	owner, _ := f.person(t, "tom@b.example")
	for name, c := range map[string]struct {
		field string
		in    account.CreateTokenInput
	}{
		"no name":          {"input.name", account.CreateTokenInput{Name: " "}},
		"a long name":      {"input.name", account.CreateTokenInput{Name: strings.Repeat("a", 81)}},
		"the past":         {"input.expiresAt", account.CreateTokenInput{Name: "a", ExpiresAt: ptr(f.clock.Now())}},
		"a negative limit": {"input.spendLimit", account.CreateTokenInput{Name: "a", SpendLimit: ptr(money.Credits(-1))}},
		"no models":        {"input.models", account.CreateTokenInput{Name: "a", Models: []string{}}},
		"an empty model":   {"input.models", account.CreateTokenInput{Name: "a", Models: []string{"gpt-4", " "}}},
		"a long model":     {"input.models", account.CreateTokenInput{Name: "a", Models: []string{strings.Repeat("a", 201)}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := f.CreateToken(t.Context(), owner, c.in)
			assertInvalid(t, c.field, err)
		})
	}
	assert.Zero(t, f.count(t, "api_tokens"))
	assert.Zero(t, f.count(t, "ledger_budgets"))
}

func TestBadTokensAreUnauthenticated(t *testing.T) {
	f := setUp(t)
	owner, _ := f.person(t, "tom@b.example")
	_, secret, err := f.CreateToken(t.Context(), owner, account.CreateTokenInput{Name: "a", ExpiresAt: ptr(f.clock.Now().Add(time.Minute))})
	require.NoError(t, err)
	near := secret[:len(secret)-1] + "_"
	for _, bad := range []string{"", "rp_", "x", near, strings.ToUpper(secret), secret + "x", "rp_" + strings.Repeat("0", 43)} {
		actor, err := f.ActorByToken(t.Context(), bad)
		assertCode(t, fault.Unauthenticated, err)
		assert.Nil(t, actor)
	}
	_, err = f.ActorByToken(t.Context(), secret)
	require.NoError(t, err)
	f.clock.Advance(time.Minute)
	_, err = f.ActorByToken(t.Context(), secret)
	assertCode(t, fault.Unauthenticated, err)
}

func TestRevocationActsAtOnceHereAndWithinASecondElsewhere(t *testing.T) {
	f := setUp(t)
	owner, _ := f.person(t, "tom@b.example")
	token, secret, err := f.CreateToken(t.Context(), owner, account.CreateTokenInput{Name: "a"})
	require.NoError(t, err)
	for _, server := range []*account.Service{f.Service, f.other} {
		_, err := server.ActorByToken(t.Context(), secret)
		require.NoError(t, err)
	}
	revoked, err := f.RevokeToken(t.Context(), owner, token.ID)
	require.NoError(t, err)
	assert.Equal(t, f.clock.Now(), revoked.RevokedAt.UTC())

	_, err = f.ActorByToken(t.Context(), secret)
	assertCode(t, fault.Unauthenticated, err)
	_, err = f.other.ActorByToken(t.Context(), secret)
	require.NoError(t, err, "still remembered")
	f.clock.Advance(time.Second)
	_, err = f.other.ActorByToken(t.Context(), secret)
	assertCode(t, fault.Unauthenticated, err)

	again, err := f.RevokeToken(t.Context(), owner, token.ID)
	require.NoError(t, err)
	assert.Equal(t, revoked.RevokedAt.UTC(), again.RevokedAt.UTC(), "once more does nothing")
	assert.Equal(t, 1, f.count(t, "audit_events WHERE action = 'token.revoke'"))
}

func TestChangeOfAnotherServerInvalidates(t *testing.T) {
	f := setUp(t)
	owner, _ := f.person(t, "tom@b.example")
	token, secret, err := f.CreateToken(t.Context(), owner, account.CreateTokenInput{Name: "a"})
	require.NoError(t, err)
	for _, invalidate := range []func(){func() { f.other.Invalidate(owner.ID) }, f.other.InvalidateAll} {
		_, err = f.other.ActorByToken(t.Context(), secret)
		require.NoError(t, err)
		_, err = f.db.ExecContext(t.Context(), `UPDATE users SET contributor = NOT contributor`)
		require.NoError(t, err)
		before, err := f.other.ActorByToken(t.Context(), secret)
		require.NoError(t, err)
		invalidate()
		after, err := f.other.ActorByToken(t.Context(), secret)
		require.NoError(t, err)
		assert.NotEqual(t, before.Has(access.Contributor), after.Has(access.Contributor))
		assert.Equal(t, token.ID, after.TokenID)
	}
}

func TestAnothersTokenIsNotFound(t *testing.T) {
	f := setUp(t)
	owner, _ := f.person(t, "tom@b.example")
	stranger, _ := f.person(t, "eve@b.example")
	token, secret, err := f.CreateToken(t.Context(), owner, account.CreateTokenInput{Name: "a"})
	require.NoError(t, err)
	for _, id := range []ids.ID{token.ID, "tok_00000000000000000000000000", "garbage", "tok_\x00", owner.ID} {
		_, err = f.RevokeToken(t.Context(), stranger, id)
		assertCode(t, fault.NotFound, err)
	}
	_, err = f.ActorByToken(t.Context(), secret)
	require.NoError(t, err)

	_, err = f.RevokeToken(t.Context(), f.admin(t, "root@b.example"), token.ID)
	require.NoError(t, err, "an admin may")
}

func TestRefreshFollowsTheSessionAndTheToken(t *testing.T) {
	f := setUp(t)
	bySession, _ := f.person(t, "tom@b.example")
	token, secret, err := f.CreateToken(t.Context(), bySession, account.CreateTokenInput{Name: "a"})
	require.NoError(t, err)
	byToken, err := f.ActorByToken(t.Context(), secret)
	require.NoError(t, err)
	for _, a := range []*access.Actor{bySession, byToken} {
		now, err := f.Refresh(t.Context(), a)
		require.NoError(t, err)
		assert.Equal(t, a, now)
	}
	_, err = f.RevokeToken(t.Context(), bySession, token.ID)
	require.NoError(t, err)
	require.NoError(t, f.SignOut(t.Context(), bySession))
	for _, a := range []*access.Actor{bySession, byToken, nil} {
		now, err := f.Refresh(t.Context(), a)
		require.NoError(t, err)
		assert.Nil(t, now)
	}
}

func TestUseIsNotedAtMostOnceAMinute(t *testing.T) {
	f := setUp(t)
	owner, _ := f.person(t, "tom@b.example")
	token, secret, err := f.CreateToken(t.Context(), owner, account.CreateTokenInput{Name: "a"})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- f.Run(ctx) }()
	lastUsed := func() *time.Time {
		got, err := f.Token(t.Context(), token.ID)
		require.NoError(t, err)
		return got.LastUsedAt
	}
	use := func() {
		_, err := f.ActorByToken(t.Context(), secret)
		require.NoError(t, err)
	}

	use()
	require.Eventually(t, func() bool { return lastUsed() != nil }, 5*time.Second, 5*time.Millisecond)
	first := *lastUsed()
	f.clock.Advance(59 * time.Second)
	use()
	assert.Never(t, func() bool { return !lastUsed().Equal(first) }, 50*time.Millisecond, 10*time.Millisecond)
	f.clock.Advance(time.Second)
	use()
	require.Eventually(t, func() bool { return lastUsed().Sub(first) == time.Minute }, 5*time.Second, 5*time.Millisecond)

	stop()
	require.NoError(t, <-done)
}

func BenchmarkActorByToken(b *testing.B) {
	f := setUp(b)
	owner, _ := f.person(b, "tom@b.example")
	_, secret, err := f.CreateToken(b.Context(), owner, account.CreateTokenInput{Name: "a"})
	require.NoError(b, err)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := f.ActorByToken(b.Context(), secret); err != nil {
				b.Error(err)
			}
		}
	})
}
