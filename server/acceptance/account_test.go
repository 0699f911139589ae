package acceptance

import (
	"context"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/mailbox"
	"github.com/resourcepool/resourcepool/server/programtest"
)

// mailServer is a mail server, and its address as the program takes it.
func mailServer(t *testing.T) (*mailbox.Mailbox, string) {
	t.Helper()
	var listeners [2]net.Listener
	for i := range listeners {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		listeners[i] = l
	}
	var box mailbox.Mailbox
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- box.Serve(ctx, listeners[0], listeners[1]) }()
	t.Cleanup(func() { stop(); require.NoError(t, <-ended) })
	return &box, "smtp://" + listeners[0].Addr().String() + "?from=pool@example.org"
}

// link waits for a mail to an address and returns the secret of its link to a path.
func link(t *testing.T, box *mailbox.Mailbox, to, path string) (token string) {
	t.Helper()
	require.Eventually(t, func() bool {
		for _, m := range box.All() {
			for _, l := range m.Links() {
				if u, err := url.Parse(l); err == nil && slices.Contains(m.To, to) && u.Path == path {
					token = u.Query().Get("token")
					return true
				}
			}
		}
		return false
	}, 10*time.Second, 10*time.Millisecond, "no link to %s came to %s", path, to)
	return token
}

// A person's account from its first day to its last, over two servers.
func TestPeopleLookAfterTheirAccounts(t *testing.T) {
	box, smtp := mailServer(t)
	database := dbtest.URL(t)
	a := programtest.Launch(t, programtest.Settings(t, database, "POOL_SMTP_URL="+smtp))
	b := programtest.Launch(t, programtest.Settings(t, database, "POOL_SMTP_URL="+smtp))
	tom := a.Person("tom")

	first := link(t, box, "tom@example.org", "/verify-email")
	tom.Must(`mutation { sendVerification }`, nil)
	var second string
	require.Eventually(t, func() bool { second = link(t, box, "tom@example.org", "/verify-email"); return second != first }, 10*time.Second, 10*time.Millisecond)
	tom.Refused("BAD_USER_INPUT", `mutation($t: String!) { verifyEmail(token: $t) }`, vars{"t": first})
	tom.Refused("EMAIL_NOT_VERIFIED", `mutation { createApiToken(input: {name: "early"}) { secret } }`, nil)
	tom.Must(`mutation($t: String!) { verifyEmail(token: $t) }`, vars{"t": second})
	require.NotEmpty(t, tom.Must(`{ viewer { emailVerifiedAt } }`, nil).Get("viewer.emailVerifiedAt").String())

	// Another browser signs in, and is signed out from the first one.
	phone := b.Anonymous()
	signIn := func(c *client, email, password string, code any) error {
		_, err := c.Do(`mutation($i: SignInInput!) { signIn(input: $i) { viewer { id } } }`, vars{"i": vars{"email": email, "password": password, "code": code}})
		return err
	}
	require.NoError(t, signIn(phone, "tom@example.org", "password of tom", nil))
	sessions := tom.Must(`{ viewer { sessions { id current method ip userAgent } } }`, nil).Get("viewer.sessions")
	require.Len(t, sessions.Array(), 2)
	require.Equal(t, "127.0.0.1", sessions.Get("0.ip").String())
	other := sessions.Get(`#(current==false).id`).String()
	tom.Must(`mutation($id: ID!) { revokeSession(id: $id) }`, vars{"id": other})
	require.Eventually(t, func() bool { return !phone.Must(`{ viewer { id } }`, nil).Get("viewer.id").Exists() }, time.Second, 20*time.Millisecond,
		"it ends at the other server within a second")

	// A password is changed, and its cookie with it; another is set by mail.
	tom.Must(`mutation { changePassword(password: "password of tom", newPassword: "a better password") { viewer { id } } }`, nil)
	require.Equal(t, tom.ID, tom.Must(`{ viewer { id } }`, nil).Get("viewer.id").String())
	tom.Must(`mutation { requestPasswordReset(email: "tom@example.org") }`, nil)
	tom.Must(`mutation($t: String!) { resetPassword(token: $t, password: "the best password") }`, vars{"t": link(t, box, "tom@example.org", "/reset-password")})
	require.False(t, tom.Must(`{ viewer { id } }`, nil).Get("viewer.id").Exists(), "all sessions have ended")
	require.ErrorContains(t, signIn(tom, "tom@example.org", "a better password", nil), "UNAUTHENTICATED")
	require.NoError(t, signIn(tom, "tom@example.org", "the best password", nil))

	// A second factor.
	secret := tom.Must(`mutation { enrolTotp { secret uri } }`, nil).Get("enrolTotp.secret").String()
	code, err := totp.GenerateCode(secret, time.Now())
	require.NoError(t, err)
	codes := tom.Must(`mutation($c: String!) { confirmTotp(code: $c) { recoveryCodes viewer { secondFactor { since recoveryCodesLeft } } } }`, vars{"c": code})
	require.Equal(t, int64(10), codes.Get("confirmTotp.viewer.secondFactor.recoveryCodesLeft").Int())
	phone = b.Anonymous()
	require.ErrorContains(t, signIn(phone, "tom@example.org", "the best password", nil), "SECOND_FACTOR_REQUIRED")
	require.ErrorContains(t, signIn(phone, "tom@example.org", "the best password", code), "UNAUTHENTICATED", "it was used")
	require.NoError(t, signIn(phone, "tom@example.org", "the best password", codes.Get("confirmTotp.recoveryCodes.0").String()))

	require.Equal(t, int64(1), tom.Must(`mutation { revokeOtherSessions }`, nil).Get("revokeOtherSessions").Int())
	fresh := tom.Must(`mutation { recoveryCodes { recoveryCodes } }`, nil).Get("recoveryCodes.recoveryCodes.0").String()
	tom.Refused("UNAUTHENTICATED", `mutation($c: String!) { disableTotp(code: $c) { id } }`, vars{"c": codes.Get("confirmTotp.recoveryCodes.1").String()})
	tom.Must(`mutation($c: String!) { disableTotp(code: $c) { id } }`, vars{"c": fresh})

	// A new address, and the end.
	tom.Must(`mutation { changeEmail(email: "thomas@example.org") { email } }`, nil)
	tom.Must(`mutation($t: String!) { verifyEmail(token: $t) }`, vars{"t": link(t, box, "thomas@example.org", "/verify-email")})
	require.Equal(t, "thomas@example.org", tom.Must(`{ viewer { email } }`, nil).Get("viewer.email").String())
	tom.Must(`mutation { deleteAccount }`, nil)
	require.False(t, tom.Must(`{ viewer { id } }`, nil).Get("viewer.id").Exists())
	name := a.Admin().Must(`query($id: ID!) { node(id: $id) { ... on User { displayName email deletedAt } } }`, vars{"id": tom.ID}).Get("node")
	require.Equal(t, "Deleted account", name.Get("displayName").String())
	require.NotContains(t, name.Get("email").String(), "thomas")
	for _, p := range []*program{a, b} {
		require.NotContains(t, p.Out.String(), "token=", "no link is logged")
	}
	a.Verified()
}

func TestSignUpByInvitation(t *testing.T) {
	box, smtp := mailServer(t)
	p := programtest.Serve(t, "POOL_SIGNUP=invite", "POOL_SMTP_URL="+smtp)
	admin, tom := p.Admin(), p.Anonymous()
	join := func(invite string) error {
		_, err := tom.Do(`mutation($i: SignUpInput!) { signUp(input: $i) { viewer { id } } }`,
			vars{"i": vars{"email": "tom@example.org", "password": "password of tom", "displayName": "Tom", "invite": invite}})
		return err
	}
	require.ErrorContains(t, join("made up"), "FORBIDDEN")
	admin.Refused("BAD_USER_INPUT", `mutation { createInvite(email: "tom") { code } }`, nil)
	code := admin.Must(`mutation { createInvite(email: "tom@example.org") { code url expiresAt } }`, nil).Get("createInvite.code").String()
	require.Eventually(t, func() bool {
		return slices.ContainsFunc(box.All(), func(m mailbox.Mail) bool { return strings.Contains(m.Text, "/sign-up?") })
	}, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, join(code))
	tom.Refused("FORBIDDEN", `mutation { createInvite(email: "bob@example.org") { code } }`, nil)
}
