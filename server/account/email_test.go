package account_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/account"
	"github.com/resourcepool/resourcepool/server/fault"
)

func (f fixture) verified(t *testing.T, email string) bool {
	t.Helper()
	return f.count(t, "users WHERE email = $1 AND email_verified_at IS NOT NULL", email) == 1
}

func TestALinkVerifiesTheEmailOnce(t *testing.T) {
	f := setUp(t, withMail)
	f.person(t, "tom@example.org")
	m, secret := f.mails.last(t, "tom@example.org")
	assert.Contains(t, m.Text, "https://pool.example.org/verify-email?token=")
	assert.False(t, f.verified(t, "tom@example.org"))

	for _, bad := range []string{"", "x", secret + "x", secret[1:] + "A"} {
		assertInvalid(t, "token", f.VerifyEmail(t.Context(), bad))
	}
	require.NoError(t, f.other.VerifyEmail(t.Context(), secret), "at any server, signed in or not")
	assert.True(t, f.verified(t, "tom@example.org"))
	assertInvalid(t, "token", f.VerifyEmail(t.Context(), secret))
	assert.Equal(t, 1, f.count(t, "audit_events WHERE action = 'user.emailVerified'"))
}

func TestAVerificationCanBeSentAgain(t *testing.T) {
	f := setUp(t, withMail)
	tom, _ := f.person(t, "tom@example.org")
	_, first := f.mails.last(t, "tom@example.org")
	require.NoError(t, f.SendVerification(t.Context(), tom))
	_, second := f.mails.last(t, "tom@example.org")
	require.NotEqual(t, first, second)
	assertInvalid(t, "token", f.VerifyEmail(t.Context(), first))
	f.clock.Advance(3*24*time.Hour + time.Second)
	assertInvalid(t, "token", f.VerifyEmail(t.Context(), second))
	require.NoError(t, f.SendVerification(t.Context(), tom))
	_, third := f.mails.last(t, "tom@example.org")
	require.NoError(t, f.VerifyEmail(t.Context(), third))
	assert.Equal(t, fault.Conflict, fault.CodeOf(f.SendVerification(t.Context(), tom)))
}

func TestLinksAreNotSentWithoutEnd(t *testing.T) {
	f := setUp(t, withMail)
	tom, _ := f.person(t, "tom@example.org")
	var err error
	for range 20 {
		if err = f.SendVerification(t.Context(), tom); err != nil {
			break
		}
	}
	assert.Equal(t, fault.RateLimited, fault.CodeOf(err))
	for range 20 {
		if err = f.RequestPasswordReset(t.Context(), "bob@example.org", "192.0.2.9"); err != nil {
			break
		}
	}
	assert.Equal(t, fault.RateLimited, fault.CodeOf(err))
}

func TestAnEmailChangesOnceTheNewAddressIsProven(t *testing.T) {
	f := setUp(t, withMail)
	tom, _ := f.person(t, "tom@example.org")
	f.person(t, "bob@example.org")
	_, err := f.ChangeEmail(t.Context(), tom, "no address")
	assertInvalid(t, "email", err)
	_, err = f.ChangeEmail(t.Context(), tom, "Bob@example.org ")
	assert.Equal(t, fault.Conflict, fault.CodeOf(err))

	u, err := f.ChangeEmail(t.Context(), tom, "thomas@example.org")
	require.NoError(t, err)
	assert.Equal(t, "tom@example.org", u.Email, "until the link is opened")
	_, _, err = f.signIn(t, "thomas@example.org", password, "192.0.2.1")
	assert.Equal(t, fault.Unauthenticated, fault.CodeOf(err))

	_, secret := f.mails.last(t, "thomas@example.org")
	require.NoError(t, f.VerifyEmail(t.Context(), secret))
	assert.True(t, f.verified(t, "thomas@example.org"))
	_, _, err = f.signIn(t, "thomas@example.org", password, "192.0.2.1")
	require.NoError(t, err)
	notice, _ := f.mails.last(t, "tom@example.org")
	assert.Contains(t, notice.Text, "thomas@example.org", "the old address learns of it")
}

func TestAnAddressThatBecameAnothersIsNotTaken(t *testing.T) {
	f := setUp(t, withMail)
	tom, _ := f.person(t, "tom@example.org")
	_, err := f.ChangeEmail(t.Context(), tom, "new@example.org")
	require.NoError(t, err)
	_, secret := f.mails.last(t, "new@example.org")
	f.person(t, "new@example.org")
	assert.Equal(t, fault.Conflict, fault.CodeOf(f.VerifyEmail(t.Context(), secret)))
	assert.Equal(t, 1, f.count(t, "users WHERE id = $1 AND email = 'tom@example.org'", string(tom.ID)))
}

// A verification that was sent to an address must not verify the one that the account has since.
func TestAnOldLinkDoesNotVerifyANewEmail(t *testing.T) {
	f := setUp(t, withMail)
	tom, _ := f.person(t, "tom@example.org")
	_, old := f.mails.last(t, "tom@example.org")
	_, err := f.db.ExecContext(t.Context(), `UPDATE users SET email = 'other@example.org' WHERE id = $1`, string(tom.ID))
	require.NoError(t, err)
	assertInvalid(t, "token", f.VerifyEmail(t.Context(), old))
	assert.False(t, f.verified(t, "other@example.org"))
}

func TestWithoutMailAnEmailChangesAtOnce(t *testing.T) {
	f := setUp(t)
	tom, _ := f.person(t, "tom@example.org")
	u, err := f.ChangeEmail(t.Context(), tom, "thomas@example.org")
	require.NoError(t, err)
	assert.Equal(t, "thomas@example.org", u.Email)
	assert.Nil(t, u.EmailVerifiedAt)
	assert.Equal(t, fault.Forbidden, fault.CodeOf(f.SendVerification(t.Context(), tom)))
	assert.Equal(t, fault.Forbidden, fault.CodeOf(f.RequestPasswordReset(t.Context(), "tom@example.org", "")))
}

// running has a service do its work in the background.
func running(t *testing.T, s *account.Service) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
}

// sent waits until a link was, which is so once what it stands in is committed.
func (f fixture) sent(t *testing.T, purpose string) {
	t.Helper()
	require.Eventually(t, func() bool { return f.count(t, "email_links WHERE purpose = $1", purpose) == 1 }, 5*time.Second, 5*time.Millisecond)
}

func TestAPasswordIsResetByMail(t *testing.T) {
	f := setUp(t, withMail)
	running(t, f.Service)
	tom, session := f.person(t, "tom@example.org")
	before := f.mails.count()
	require.NoError(t, f.RequestPasswordReset(t.Context(), "nobody@example.org", "192.0.2.1"), "as if there were one")
	require.NoError(t, f.RequestPasswordReset(t.Context(), " Tom@Example.org", "192.0.2.1"))
	f.sent(t, "RESET")
	assert.Equal(t, before+1, f.mails.count(), "nobody has no account")
	m, secret := f.mails.last(t, "tom@example.org")
	assert.Contains(t, m.Text, "https://pool.example.org/reset-password?token=")

	assertInvalid(t, "password", f.ResetPassword(t.Context(), secret, "short"))
	assertInvalid(t, "token", f.ResetPassword(t.Context(), "x", "another password"))
	assertInvalid(t, "token", f.VerifyEmail(t.Context(), secret), "one link does not do what another does")
	require.NoError(t, f.other.ResetPassword(t.Context(), secret, "another password"))
	assertInvalid(t, "token", f.ResetPassword(t.Context(), secret, "a third password"))

	f.Invalidate(tom.ID)
	gone, err := f.ActorBySession(t.Context(), session)
	require.NoError(t, err)
	assert.Nil(t, gone, "whoever was signed in is not any more")
	_, _, err = f.signIn(t, "tom@example.org", password, "192.0.2.1")
	assert.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	_, _, err = f.signIn(t, "tom@example.org", "another password", "192.0.2.1")
	require.NoError(t, err)
	assert.True(t, f.verified(t, "tom@example.org"), "who opens the link reads the mail")
}

func TestAResetLinkIsGoodForAnHour(t *testing.T) {
	f := setUp(t, withMail)
	running(t, f.Service)
	f.person(t, "tom@example.org")
	require.NoError(t, f.RequestPasswordReset(t.Context(), "tom@example.org", "192.0.2.1"))
	f.sent(t, "RESET")
	_, secret := f.mails.last(t, "tom@example.org")
	f.clock.Advance(time.Hour)
	assertInvalid(t, "token", f.ResetPassword(t.Context(), secret, "another password"))
}

func TestAChangeOfPasswordEndsTheOtherSessions(t *testing.T) {
	f := setUp(t, withMail)
	tom, here := f.person(t, "tom@example.org")
	_, elsewhere, err := f.signIn(t, "tom@example.org", password, "192.0.2.7")
	require.NoError(t, err)
	text := func(s string) *string { return &s }

	_, _, err = f.ChangePassword(t.Context(), tom, nil, "another password")
	assertInvalid(t, "password", err)
	_, _, err = f.ChangePassword(t.Context(), tom, text("wrong password"), "another password")
	assert.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	_, _, err = f.ChangePassword(t.Context(), tom, text(password), "short")
	assertInvalid(t, "newPassword", err)
	_, _, err = f.ChangePassword(t.Context(), tom, text(password), password)
	assertInvalid(t, "newPassword", err)
	_, _, err = f.ChangePassword(t.Context(), &access.Actor{ID: tom.ID, TokenID: "tok_a"}, text(password), "another password")
	assert.Equal(t, fault.Forbidden, fault.CodeOf(err))

	_, renewed, err := f.ChangePassword(t.Context(), tom, text(password), "another password")
	require.NoError(t, err)
	for _, secret := range []string{here, elsewhere.Secret} {
		a, err := f.ActorBySession(t.Context(), secret)
		require.NoError(t, err)
		assert.Nil(t, a)
	}
	a, err := f.ActorBySession(t.Context(), renewed.Secret)
	require.NoError(t, err)
	require.NotNil(t, a)
	assert.NotEqual(t, tom.SessionID, a.SessionID)
	_, _, err = f.signIn(t, "tom@example.org", "another password", "192.0.2.1")
	require.NoError(t, err)
	notice, _ := f.mails.last(t, "tom@example.org")
	assert.Contains(t, notice.Subject, "password was changed")
}
