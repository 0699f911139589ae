package account_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/account"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/origin"
)

func from(ctx context.Context, ip, agent string) context.Context {
	return origin.With(ctx, origin.Origin{IP: ip, UserAgent: agent})
}

func TestSessionsSayWhereTheyAreUsed(t *testing.T) {
	f := setUp(t)
	running(t, f.Service)
	f.person(t, "tom@example.org")
	_, login, err := f.SignIn(from(t.Context(), "192.0.2.7", "Firefox"), account.SignInInput{Email: "tom@example.org", Password: password})
	require.NoError(t, err)
	f.clock.Advance(time.Hour)
	a, err := f.ActorBySession(from(t.Context(), "198.51.100.3", "Firefox"), login.Secret)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		all, err := f.Sessions(t.Context(), a.ID)
		require.NoError(t, err)
		require.Len(t, all, 2)
		return all[0].ID == a.SessionID && all[0].LastSeenAt.Equal(f.clock.Now()) && all[0].IP == "198.51.100.3" && all[0].UserAgent == "Firefox"
	}, 5*time.Second, 5*time.Millisecond)

	f.clock.Advance(30 * 24 * time.Hour)
	all, err := f.Sessions(t.Context(), a.ID)
	require.NoError(t, err)
	assert.Empty(t, all, "all have expired")
}

func TestASessionIsRevokedByItsPersonAndByAdmins(t *testing.T) {
	f := setUp(t)
	tom, _ := f.person(t, "tom@example.org")
	bob, _ := f.person(t, "bob@example.org")
	admin := f.admin(t, "admin@example.org")
	_, elsewhere, err := f.signIn(t, "tom@example.org", password, "192.0.2.7")
	require.NoError(t, err)
	other, err := f.ActorBySession(t.Context(), elsewhere.Secret)
	require.NoError(t, err)

	for _, id := range []ids.ID{other.SessionID, "ses_x", "", bob.SessionID[:5] + tom.SessionID[5:]} {
		assert.Equal(t, fault.NotFound, fault.CodeOf(f.RevokeSession(t.Context(), bob, id)), id)
	}
	require.NoError(t, f.RevokeSession(t.Context(), tom, other.SessionID))
	gone, err := f.ActorBySession(t.Context(), elsewhere.Secret)
	require.NoError(t, err)
	assert.Nil(t, gone)
	assert.Equal(t, fault.NotFound, fault.CodeOf(f.RevokeSession(t.Context(), tom, other.SessionID)))
	require.NoError(t, f.RevokeSession(t.Context(), admin, bob.SessionID))

	for range 3 {
		_, _, err := f.signIn(t, "tom@example.org", password, "192.0.2.7")
		require.NoError(t, err)
	}
	n, err := f.RevokeOtherSessions(t.Context(), tom)
	require.NoError(t, err)
	assert.Equal(t, 3, n)
	still, err := f.Refresh(t.Context(), tom)
	require.NoError(t, err)
	assert.NotNil(t, still)
	assert.Equal(t, 2, f.count(t, "audit_events WHERE action = 'session.revoke'"))
	assert.Equal(t, 1, f.count(t, "audit_events WHERE action = 'session.revokeOthers'"))
}

func TestADeletedAccountLeavesNothingButAPseudonym(t *testing.T) {
	f := setUp(t, withMail)
	tom, session := f.person(t, "tom@example.org")
	f.enrolled(t, tom)
	_, token, err := f.CreateToken(t.Context(), tom, account.CreateTokenInput{Name: "Tom's laptop"})
	require.NoError(t, err)
	require.NoError(t, f.DeleteAccount(t.Context(), tom))

	gone, err := f.ActorBySession(t.Context(), session)
	require.NoError(t, err)
	assert.Nil(t, gone)
	_, err = f.ActorByToken(t.Context(), token)
	assert.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	u, err := f.User(t.Context(), tom.ID)
	require.NoError(t, err, "the books name it")
	assert.NotContains(t, u.Email+u.DisplayName, "tom")
	assert.NotNil(t, u.DeletedAt)
	for _, table := range []string{"sessions", "second_factors", "recovery_codes", "email_links"} {
		assert.Zero(t, f.count(t, table), table)
	}
	assert.Zero(t, f.count(t, "api_tokens WHERE revoked_at IS NULL OR name LIKE '%laptop%'"))
	_, _, err = f.signIn(t, "tom@example.org", password, "192.0.2.1")
	assert.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	_, _, err = f.signIn(t, u.Email, "", "192.0.2.1")
	assert.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	assert.Equal(t, fault.NotFound, fault.CodeOf(f.DeleteAccount(t.Context(), tom)))
	_, err = f.SetRoles(t.Context(), f.admin(t, "admin@example.org"), tom.ID, nil)
	assert.Equal(t, fault.Conflict, fault.CodeOf(err))

	again, _ := f.person(t, "tom@example.org")
	assert.NotEqual(t, tom.ID, again.ID, "the e-mail is free again")
}

func TestAnAccountIsNotDeletedThatIsStillNeeded(t *testing.T) {
	f := setUp(t)
	admin := f.admin(t, "admin@example.org")
	assert.Equal(t, fault.Conflict, fault.CodeOf(f.DeleteAccount(t.Context(), admin)), "the last admin")
	bob, _ := f.person(t, "bob@example.org")
	_, err := f.db.ExecContext(t.Context(), `INSERT INTO pool_resources (id, owner_id, provider, label, masked_key, fingerprint, models,
		original_quota, quota_confirmed, status, created_at) VALUES ('res_00000000000000000000000001', $1, 'openai', '', '', 'x', '[]', 1, false, 'PAUSED', now())`, string(bob.ID))
	require.NoError(t, err)
	assert.Equal(t, fault.Conflict, fault.CodeOf(f.DeleteAccount(t.Context(), bob)), "a key is in the pool")
	assert.Equal(t, 1, f.count(t, "sessions WHERE user_id = $1", string(bob.ID)), "nothing was begun")
	_, err = f.db.ExecContext(t.Context(), `UPDATE pool_resources SET status = 'WITHDRAWN'`)
	require.NoError(t, err)
	require.NoError(t, f.DeleteAccount(t.Context(), bob))
}

func TestAnInvitationIsForOneAddress(t *testing.T) {
	f := setUp(t, withMail, func(d *account.Deps) { d.SignUp = account.Invite })
	until := f.clock.Now().Add(time.Hour)
	require.NoError(t, f.EnsureAdmin(t.Context(), "boss@example.org", password))
	_, login, err := f.signIn(t, "boss@example.org", password, "192.0.2.1")
	require.NoError(t, err)
	boss, err := f.ActorBySession(t.Context(), login.Secret)
	require.NoError(t, err)
	past := f.clock.Now().Add(-time.Hour)
	_, err = f.CreateInvite(t.Context(), boss, "tom@example.org", &past)
	assertInvalid(t, "expiresAt", err)
	_, err = f.CreateInvite(t.Context(), boss, "nobody", nil)
	assertInvalid(t, "email", err)
	_, err = f.CreateInvite(t.Context(), boss, "boss@example.org", nil)
	assert.Equal(t, fault.Conflict, fault.CodeOf(err))

	in, err := f.CreateInvite(t.Context(), boss, "Tom@example.org", &until)
	require.NoError(t, err)
	m, _ := f.mails.last(t, "tom@example.org")
	assert.Contains(t, m.Text, in.URL)
	join := func(email string) error {
		_, _, err := f.SignUp(t.Context(), account.SignUpInput{Email: email, Password: password, DisplayName: "Tom", Invite: &in.Code})
		return err
	}
	assert.Equal(t, fault.Forbidden, fault.CodeOf(join("bob@example.org")))
	require.NoError(t, join("tom@example.org"))
	assert.Equal(t, fault.Conflict, fault.CodeOf(join("tom@example.org")))
}
