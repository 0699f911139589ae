package account_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/account"
	"github.com/resourcepool/resourcepool/server/fault"
)

// code is what an app shows now.
func (f fixture) code(t *testing.T, secret string) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, f.clock.Now())
	require.NoError(t, err)
	return code
}

func (f fixture) signInWith(t *testing.T, email, code string) error {
	t.Helper()
	_, _, err := f.SignIn(t.Context(), account.SignInInput{Email: email, Password: password, Code: &code, IP: "192.0.2.1"})
	return err
}

// enrolled sets an app up for somebody, half a minute ago.
func (f fixture) enrolled(t *testing.T, a *access.Actor) (secret string, recovery []string) {
	t.Helper()
	e, err := f.EnrolTOTP(t.Context(), a)
	require.NoError(t, err)
	recovery, err = f.ConfirmTOTP(t.Context(), a, f.code(t, e.Secret))
	require.NoError(t, err)
	f.clock.Advance(time.Minute)
	return e.Secret, recovery
}

func TestASecondFactorIsAskedForOnceItIsConfirmed(t *testing.T) {
	f := setUp(t, withMail)
	tom, _ := f.person(t, "tom@example.org")
	e, err := f.EnrolTOTP(t.Context(), tom)
	require.NoError(t, err)
	assert.Contains(t, e.URI, "otpauth://totp/Resource%20Pool:tom@example.org?issuer=Resource%20Pool&secret="+e.Secret)
	_, _, err = f.signIn(t, "tom@example.org", password, "192.0.2.1")
	require.NoError(t, err, "begun is not set up")
	_, err = f.ConfirmTOTP(t.Context(), tom, "000000")
	assertInvalid(t, "code", err)

	recovery, err := f.ConfirmTOTP(t.Context(), tom, f.code(t, e.Secret))
	require.NoError(t, err)
	assert.Len(t, recovery, 10)
	assert.Zero(t, f.count(t, "second_factors WHERE position(convert_to($1, 'UTF8') in secret) > 0", e.Secret), "the secret is sealed")
	_, err = f.EnrolTOTP(t.Context(), tom)
	assert.Equal(t, fault.Conflict, fault.CodeOf(err), "whoever has the session does not replace it")
	f.clock.Advance(time.Minute)

	_, _, err = f.signIn(t, "tom@example.org", password, "192.0.2.1")
	assert.Equal(t, fault.SecondFactorRequired, fault.CodeOf(err))
	_, _, err = f.signIn(t, "tom@example.org", "wrong password", "192.0.2.1")
	assert.Equal(t, fault.Unauthenticated, fault.CodeOf(err), "who does not know the password does not learn that there is a factor")
	assert.Equal(t, fault.Unauthenticated, fault.CodeOf(f.signInWith(t, "tom@example.org", "123")))
	code := f.code(t, e.Secret)
	require.NoError(t, f.signInWith(t, "tom@example.org", code[:3]+" "+code[3:]))
	assert.Equal(t, fault.Unauthenticated, fault.CodeOf(f.signInWith(t, "tom@example.org", code)), "a code is good once")
	assert.Equal(t, 2, f.count(t, "sessions WHERE second_factor"), "that which confirmed it, and that which gave a code")

	assert.Equal(t, fault.SecondFactorRequired, fault.CodeOf(f.Reauthenticate(t.Context(), tom, password, nil)))
	f.clock.Advance(time.Minute)
	code = f.code(t, e.Secret)
	require.NoError(t, f.Reauthenticate(t.Context(), tom, password, &code))
}

func TestACodeIsTakenOnceByWhoeverIsFirst(t *testing.T) {
	f := setUp(t)
	tom, _ := f.person(t, "tom@example.org")
	secret, _ := f.enrolled(t, tom)
	code := f.code(t, secret)
	var in atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, _, err := f.other.SignIn(t.Context(), account.SignInInput{Email: "tom@example.org", Password: password, Code: &code}); err == nil {
				in.Add(1)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, in.Load())
}

func TestCodesAreNotGuessed(t *testing.T) {
	f := setUp(t)
	tom, _ := f.person(t, "tom@example.org")
	secret, _ := f.enrolled(t, tom)
	for range 10 {
		assert.Equal(t, fault.Unauthenticated, fault.CodeOf(f.signInWith(t, "tom@example.org", "000000")))
	}
	err := f.signInWith(t, "tom@example.org", f.code(t, secret))
	assert.Equal(t, fault.RateLimited, fault.CodeOf(err), "the right one neither")
	f.clock.Advance(5 * time.Minute)
	require.NoError(t, f.signInWith(t, "tom@example.org", f.code(t, secret)))
}

func TestARecoveryCodeServesOnceInPlaceOfACode(t *testing.T) {
	f := setUp(t, withMail)
	tom, _ := f.person(t, "tom@example.org")
	bob, _ := f.person(t, "bob@example.org")
	_, codes := f.enrolled(t, tom)
	_, bobs := f.enrolled(t, bob)
	require.NoError(t, f.signInWith(t, "tom@example.org", strings.ToUpper(codes[3])))
	notice, _ := f.mails.last(t, "tom@example.org")
	assert.Contains(t, notice.Subject, "recovery code")
	assert.Equal(t, fault.Unauthenticated, fault.CodeOf(f.signInWith(t, "tom@example.org", codes[3])))
	assert.Equal(t, fault.Unauthenticated, fault.CodeOf(f.signInWith(t, "tom@example.org", bobs[0])), "another's")
	u, err := f.User(t.Context(), tom.ID)
	require.NoError(t, err)
	factor, err := f.Factor(t.Context(), u)
	require.NoError(t, err)
	assert.Equal(t, 9, factor.RecoveryCodesLeft)

	fresh, err := f.NewRecoveryCodes(t.Context(), tom)
	require.NoError(t, err)
	assert.Equal(t, fault.Unauthenticated, fault.CodeOf(f.signInWith(t, "tom@example.org", codes[4])), "the old ones are no good any more")
	require.NoError(t, f.signInWith(t, "tom@example.org", fresh[0]))
}

func TestASecondFactorIsDisabledByACodeAlone(t *testing.T) {
	f := setUp(t, withMail)
	tom, _ := f.person(t, "tom@example.org")
	assert.Equal(t, fault.Conflict, fault.CodeOf(f.DisableTOTP(t.Context(), tom, "000000")), "there is none")
	_, err := f.NewRecoveryCodes(t.Context(), tom)
	assert.Equal(t, fault.Conflict, fault.CodeOf(err))
	secret, _ := f.enrolled(t, tom)
	assert.Equal(t, fault.Unauthenticated, fault.CodeOf(f.DisableTOTP(t.Context(), tom, "000000")))
	require.NoError(t, f.DisableTOTP(t.Context(), tom, f.code(t, secret)))
	_, _, err = f.signIn(t, "tom@example.org", password, "192.0.2.1")
	require.NoError(t, err)
	assert.Zero(t, f.count(t, "recovery_codes"))
}

func TestAPasswordResetDoesNotGetRoundTheSecondFactor(t *testing.T) {
	f := setUp(t, withMail)
	running(t, f.Service)
	tom, _ := f.person(t, "tom@example.org")
	f.enrolled(t, tom)
	require.NoError(t, f.RequestPasswordReset(t.Context(), "tom@example.org", "192.0.2.1"))
	require.Eventually(t, func() bool { return f.count(t, "email_links WHERE purpose = 'RESET'") == 1 }, 5*time.Second, 5*time.Millisecond)
	_, secret := f.mails.last(t, "tom@example.org")
	require.NoError(t, f.ResetPassword(t.Context(), secret, "another password"))
	_, _, err := f.signIn(t, "tom@example.org", "another password", "192.0.2.1")
	assert.Equal(t, fault.SecondFactorRequired, fault.CodeOf(err))
}

func TestAdminsProveWhoTheyAreWhereTheOperatorAsksForIt(t *testing.T) {
	f := setUp(t, func(d *account.Deps) { d.AdminsProve = true })
	a := f.admin(t, "admin@example.org")
	assert.False(t, a.Has(access.Admin), "with a password alone")
	assert.True(t, a.Withheld)
	policy, err := access.New()
	require.NoError(t, err)
	assert.Equal(t, fault.SecondFactorRequired, fault.CodeOf(policy.Check(a, "call", "Query.users", "")))
	assert.Equal(t, fault.SecondFactorRequired, fault.CodeOf(policy.Check(a, "call", "Mutation.setRoles", "")))
	require.NoError(t, policy.Check(a, "call", "Mutation.enrolTotp", ""))
	assert.Equal(t, fault.Forbidden, fault.CodeOf(policy.Check(a, "call", "Query.unknown", "")))

	_, token, err := f.CreateToken(t.Context(), a, account.CreateTokenInput{Name: "early"})
	require.NoError(t, err)
	program, err := f.ActorByToken(t.Context(), token)
	require.NoError(t, err)
	assert.False(t, program.Has(access.Admin))

	secret, _ := f.enrolled(t, a)
	a, err = f.Refresh(t.Context(), a)
	require.NoError(t, err)
	assert.True(t, a.Has(access.Admin), "the session that set it up")
	program, err = f.ActorByToken(t.Context(), token)
	require.NoError(t, err)
	assert.True(t, program.Has(access.Admin))
	code := f.code(t, secret)
	_, login, err := f.SignIn(t.Context(), account.SignInInput{Email: "admin@example.org", Password: password, Code: &code})
	require.NoError(t, err)
	again, err := f.ActorBySession(t.Context(), login.Secret)
	require.NoError(t, err)
	assert.True(t, again.Has(access.Admin))
}
