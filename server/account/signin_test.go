package account_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/account"
	"github.com/resourcepool/resourcepool/server/fault"
)

func TestSignUpMakesAUserWithASession(t *testing.T) {
	f := setUp(t)
	u, login, err := f.SignUp(t.Context(), account.SignUpInput{Email: "  Tom@Example.COM ", Password: password, DisplayName: " Tom 😀 "})
	require.NoError(t, err)
	assert.Equal(t, "tom@example.com", u.Email)
	assert.Equal(t, "Tom 😀", u.DisplayName)
	assert.Equal(t, []access.Role{access.User}, account.Roles(u))
	assert.True(t, strings.HasPrefix(u.PasswordHash, "$argon2id$v=19$"))
	assert.Equal(t, f.clock.Now().Add(30*24*time.Hour), login.ExpiresAt)

	actor, err := f.ActorBySession(t.Context(), login.Secret)
	require.NoError(t, err)
	assert.Equal(t, u.ID, actor.ID)
	assert.NotEmpty(t, actor.SessionID)
	assert.Zero(t, f.count(t, "sessions WHERE encode(secret_hash, 'escape') LIKE '%' || $1 || '%'", login.Secret))
	assert.Equal(t, 1, f.count(t, "audit_events WHERE action = 'user.signUp' AND subject = $1", string(u.ID)))

	_, _, err = f.SignUp(t.Context(), account.SignUpInput{Email: "TOM@example.com", Password: password, DisplayName: "Tim"})
	assertCode(t, fault.Conflict, err)
}

func TestSignUpRefuses(t *testing.T) {
	f := setUp(t)
	good := account.SignUpInput{Email: "a@b.example", Password: password, DisplayName: "A"}
	for name, c := range map[string]struct {
		field  string
		change func(*account.SignUpInput)
	}{
		"no e-mail":                {"input.email", func(in *account.SignUpInput) { in.Email = " " }},
		"no domain":                {"input.email", func(in *account.SignUpInput) { in.Email = "a@" }},
		"a name with the e-mail":   {"input.email", func(in *account.SignUpInput) { in.Email = "A <a@b.example>" }},
		"a comment":                {"input.email", func(in *account.SignUpInput) { in.Email = "a@b.example (x)" }},
		"a quoted part":            {"input.email", func(in *account.SignUpInput) { in.Email = `"a b"@b.example` }},
		"two e-mails":              {"input.email", func(in *account.SignUpInput) { in.Email = "a@b.example,c@d.example" }},
		"a zero byte":              {"input.email", func(in *account.SignUpInput) { in.Email = "a\x00@b.example" }},
		"a long e-mail":            {"input.email", func(in *account.SignUpInput) { in.Email = strings.Repeat("a", 250) + "@b.example" }},
		"a short password":         {"input.password", func(in *account.SignUpInput) { in.Password = "1234567" }},
		"a long password":          {"input.password", func(in *account.SignUpInput) { in.Password = strings.Repeat("a", 257) }},
		"no name":                  {"input.displayName", func(in *account.SignUpInput) { in.DisplayName = " \t" }},
		"an invisible name":        {"input.displayName", func(in *account.SignUpInput) { in.DisplayName = "\u200b\u200d" }},
		"a long name":              {"input.displayName", func(in *account.SignUpInput) { in.DisplayName = strings.Repeat("é", 81) }},
		"a line break in the name": {"input.displayName", func(in *account.SignUpInput) { in.DisplayName = "a\nb" }},
		"a turned name":            {"input.displayName", func(in *account.SignUpInput) { in.DisplayName = "a\u202eb" }},
		"a broken name":            {"input.displayName", func(in *account.SignUpInput) { in.DisplayName = "a\xff" }},
	} {
		t.Run(name, func(t *testing.T) {
			in := good
			c.change(&in)
			_, _, err := f.SignUp(t.Context(), in)
			assertInvalid(t, c.field, err)
		})
	}
	assert.Zero(t, f.count(t, "users"))
}

func TestOfManySignUpsWithOneEmailOneWins(t *testing.T) {
	f := setUp(t)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			_, _, errs[i] = f.SignUp(t.Context(), account.SignUpInput{Email: "tom@b.example", Password: password, DisplayName: "Tom"})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		assertCode(t, fault.Conflict, err)
	}
	assert.Equal(t, 1, won)
}

func TestSignUpModes(t *testing.T) {
	t.Run("closed", func(t *testing.T) {
		f := setUp(t, func(d *account.Deps) { d.SignUp = account.Closed })
		_, _, err := f.SignUp(t.Context(), account.SignUpInput{Email: "a@b.example", Password: password, DisplayName: "A"})
		assertCode(t, fault.Forbidden, err)
	})
	t.Run("by invitation", func(t *testing.T) {
		f := setUp(t, func(d *account.Deps) { d.SignUp = account.Invite })
		code, err := f.NewInvite("A@b.example", f.clock.Now().Add(time.Hour))
		require.NoError(t, err)
		expired, err := f.NewInvite("a@b.example", f.clock.Now())
		require.NoError(t, err)
		for name, c := range map[string]struct {
			email string
			code  *string
		}{
			"without a code": {"a@b.example", nil}, "with another's": {"c@d.example", &code}, "with an expired one": {"a@b.example", &expired},
			"with garbage": {"a@b.example", ptr("garbage")}, "with a later expiry": {"a@b.example", ptr("AAAB" + code[4:])},
		} {
			t.Run(name, func(t *testing.T) {
				_, _, err := f.SignUp(t.Context(), account.SignUpInput{Email: c.email, Password: password, DisplayName: "A", Invite: c.code})
				assertCode(t, fault.Forbidden, err)
				got, _ := fault.As(err)
				assert.Equal(t, "input.invite", got.Field)
			})
		}
		_, _, err = f.SignUp(t.Context(), account.SignUpInput{Email: "a@b.example", Password: password, DisplayName: "A", Invite: &code})
		assert.NoError(t, err)
	})
	t.Run("so many an hour from one address", func(t *testing.T) {
		f := setUp(t, func(d *account.Deps) { d.SignUpsPerHour = 2 })
		up := func(i int, ip string) error {
			_, _, err := f.SignUp(t.Context(), account.SignUpInput{Email: fmt.Sprintf("a%d@b.example", i), Password: password, DisplayName: "A", IP: ip})
			return err
		}
		require.NoError(t, up(1, "2001:db8::1"))
		require.NoError(t, up(2, "2001:db8::2"))
		err := up(3, "2001:db8::3")
		assertCode(t, fault.RateLimited, err)
		got, _ := fault.As(err)
		assert.Equal(t, 1800, got.Details["retryAfterSeconds"])
		assert.NoError(t, up(4, "2001:db8:0:1::1"), "another network")
		f.clock.Advance(30 * time.Minute)
		assert.NoError(t, up(5, "2001:db8::1"))
	})
}

func TestSignInOpensANewSessionEachTime(t *testing.T) {
	f := setUp(t)
	before, secret := f.person(t, "tom@b.example")
	u, login, err := f.SignIn(t.Context(), account.SignInInput{Email: " TOM@b.example", Password: password, Replaces: before.SessionID})
	require.NoError(t, err)
	assert.Equal(t, before.ID, u.ID)
	assert.NotEqual(t, secret, login.Secret)

	old, err := f.ActorBySession(t.Context(), secret)
	require.NoError(t, err)
	assert.Nil(t, old, "the session that the browser had is gone")
	now, err := f.ActorBySession(t.Context(), login.Secret)
	require.NoError(t, err)
	assert.NotEqual(t, before.SessionID, now.SessionID)
}

func TestWrongPasswordAndUnknownEmailLookTheSame(t *testing.T) {
	f := setUp(t)
	f.person(t, "tom@b.example")
	_, _, wrong := f.signIn(t, "tom@b.example", "wrong password", "192.0.2.1")
	_, _, unknown := f.signIn(t, "nobody@b.example", "wrong password", "192.0.2.1")
	_, _, garbage := f.signIn(t, "no\x00body", "wrong password", "192.0.2.1")
	assertCode(t, fault.Unauthenticated, wrong)
	assert.Equal(t, wrong, unknown)
	assert.Equal(t, wrong, garbage)
}

func TestPasswordsAreNotCutAt72Bytes(t *testing.T) {
	f := setUp(t)
	long := strings.Repeat("x", 72)
	_, _, err := f.SignUp(t.Context(), account.SignUpInput{Email: "a@b.example", Password: long + "1", DisplayName: "A"})
	require.NoError(t, err)
	_, _, err = f.signIn(t, "a@b.example", long+"2", "")
	assertCode(t, fault.Unauthenticated, err)
	_, _, err = f.signIn(t, "a@b.example", long+"1", "")
	assert.NoError(t, err)
}

func TestGuessingIsStoppedWhereItComesFrom(t *testing.T) {
	f := setUp(t)
	f.person(t, "tom@b.example")
	for range 10 {
		_, _, err := f.signIn(t, "tom@b.example", "wrong password", "192.0.2.66")
		assertCode(t, fault.Unauthenticated, err)
	}
	_, _, err := f.signIn(t, "tom@b.example", password, "192.0.2.66")
	assertCode(t, fault.RateLimited, err)
	got, _ := fault.As(err)
	assert.Equal(t, 60, got.Details["retryAfterSeconds"])

	_, _, err = f.signIn(t, "tom@b.example", password, "192.0.2.1")
	assert.NoError(t, err, "the owner elsewhere")
	f.clock.Advance(time.Minute)
	_, _, err = f.signIn(t, "tom@b.example", password, "192.0.2.66")
	assert.NoError(t, err, "after a minute")

	for i := range 12 { // with the ten above, less the two that a minute gave back, the twenty of an address
		_, _, err := f.signIn(t, fmt.Sprintf("x%d@b.example", i), "wrong password", "192.0.2.66")
		require.Error(t, err)
	}
	_, _, err = f.signIn(t, "tom@b.example", password, "192.0.2.66")
	assertCode(t, fault.RateLimited, err)
}

func TestSuccessesAreNotCounted(t *testing.T) {
	f := setUp(t)
	f.person(t, "tom@b.example")
	var wg sync.WaitGroup
	for range 24 {
		wg.Go(func() {
			_, _, err := f.SignIn(t.Context(), account.SignInInput{Email: "tom@b.example", Password: password, IP: "192.0.2.1"})
			assert.NoError(t, err)
		})
	}
	wg.Wait()
}

func TestGuessesAtOnceDoNotPassTheLimitTogether(t *testing.T) {
	f := setUp(t)
	f.person(t, "tom@b.example")
	var wg sync.WaitGroup
	errs := make([]error, 40)
	for i := range errs {
		wg.Go(func() {
			_, _, errs[i] = f.SignIn(t.Context(), account.SignInInput{Email: "tom@b.example", Password: "wrong password", IP: "192.0.2.1"})
		})
	}
	wg.Wait()
	compared := 0
	for _, err := range errs {
		if fault.CodeOf(err) == fault.Unauthenticated {
			compared++
		}
	}
	assert.Equal(t, 10, compared)
}

func TestSignOutEndsTheSession(t *testing.T) {
	f := setUp(t)
	actor, secret := f.person(t, "tom@b.example")
	require.NoError(t, f.SignOut(t.Context(), actor))
	gone, err := f.ActorBySession(t.Context(), secret)
	require.NoError(t, err)
	assert.Nil(t, gone)
	assert.Equal(t, 1, f.count(t, "changes WHERE kind = 'user' AND ref = $1 AND id > 1", string(actor.ID)))

	assertCode(t, fault.Forbidden, f.SignOut(t.Context(), &access.Actor{ID: actor.ID, TokenID: "tok_a"}))
	assertCode(t, fault.Forbidden, f.SignOut(t.Context(), nil))
}

func TestSessionsExpire(t *testing.T) {
	f := setUp(t)
	_, secret := f.person(t, "tom@b.example")
	f.clock.Advance(30*24*time.Hour - time.Nanosecond)
	actor, err := f.ActorBySession(t.Context(), secret)
	require.NoError(t, err)
	assert.NotNil(t, actor)
	f.clock.Advance(time.Nanosecond)
	actor, err = f.ActorBySession(t.Context(), secret)
	require.NoError(t, err)
	assert.Nil(t, actor, "although it was remembered")

	for _, garbage := range []string{"", "x", secret + "x", strings.Repeat("A", len(secret))} {
		actor, err = f.ActorBySession(t.Context(), garbage)
		require.NoError(t, err)
		assert.Nil(t, actor)
	}
}

func TestReauthenticate(t *testing.T) {
	f := setUp(t)
	actor, _ := f.person(t, "tom@b.example")
	f.clock.Advance(time.Hour)
	assertCode(t, fault.Unauthenticated, f.Reauthenticate(t.Context(), actor, "wrong password", nil))
	at, err := f.ReauthenticatedAt(t.Context(), actor)
	require.NoError(t, err)
	assert.Equal(t, time.Hour, f.clock.Now().Sub(at))

	require.NoError(t, f.Reauthenticate(t.Context(), actor, password, nil))
	at, err = f.ReauthenticatedAt(t.Context(), actor)
	require.NoError(t, err)
	assert.Zero(t, f.clock.Now().Sub(at))
	assertCode(t, fault.Forbidden, f.Reauthenticate(t.Context(), &access.Actor{ID: actor.ID, TokenID: "tok_a"}, password, nil))
}
