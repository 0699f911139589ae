package account_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/account"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/origin"
)

func TestSignInAndSignOutAreAudited(t *testing.T) {
	f := setUp(t)
	tom, _ := f.person(t, "tom@b.example")
	ctx := origin.With(t.Context(), origin.Origin{Request: "req_a", IP: "192.0.2.7", UserAgent: "curl/8"})
	_, login, err := f.SignIn(ctx, account.SignInInput{Email: "tom@b.example", Password: password, Replaces: tom.SessionID})
	require.NoError(t, err)
	now, err := f.ActorBySession(ctx, login.Secret)
	require.NoError(t, err)
	require.NoError(t, f.Reauthenticate(ctx, now, password, nil))
	require.NoError(t, f.SignOut(ctx, now))
	require.NoError(t, f.SignOut(ctx, now), "once more does nothing")
	for action, detail := range map[string]string{
		"user.signIn":         `{"session": "` + string(now.SessionID) + `", "replaces": "` + string(tom.SessionID) + `", "method": "PASSWORD", "secondFactor": false}`,
		"user.signOut":        `{"session": "` + string(now.SessionID) + `"}`,
		"user.reauthenticate": `null`,
	} {
		assert.Equal(t, 1, f.count(t, `audit_events WHERE action = $1 AND actor_id = $2 AND subject = $2 AND ip = '192.0.2.7' AND user_agent = 'curl/8'
			AND request_id = 'req_a' AND coalesce(detail, 'null') = $3::jsonb`, action, string(tom.ID), detail), action)
		assert.Equal(t, 1, f.count(t, `audit_events WHERE action = $1`, action), action)
	}
}

func TestFailedSignInsAreToldOnceAMinute(t *testing.T) {
	f := setUp(t)
	tom, _ := f.person(t, "tom@b.example")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- f.Run(ctx) }()
	defer func() { stop(); <-ended }()
	told := func() int {
		return f.count(t, `audit_events WHERE action = 'user.signInFailed' AND subject = $1 AND actor_id IS NULL`, string(tom.ID))
	}
	fail := func(n int) {
		for range n {
			_, _, err := f.signIn(t, "tom@b.example", "wrong password", "192.0.2.66")
			assertCode(t, fault.Unauthenticated, err)
			_, _, err = f.signIn(t, "nobody@b.example", "wrong password", "192.0.2.67")
			assertCode(t, fault.Unauthenticated, err)
		}
	}
	fail(5)
	require.Eventually(t, func() bool { return told() == 1 }, 5*time.Second, 5*time.Millisecond)
	f.clock.Advance(time.Minute)
	fail(2)
	require.Eventually(t, func() bool { return told() == 2 }, 5*time.Second, 5*time.Millisecond)
	assert.Equal(t, 2, f.count(t, `audit_events WHERE action = 'user.signInFailed'`))
}

func TestServersCountGuessesTogether(t *testing.T) {
	f := setUp(t)
	f.person(t, "tom@b.example")
	for i := range 10 {
		server := f.Service
		if i%2 == 1 {
			server = f.other
		}
		_, _, err := server.SignIn(t.Context(), account.SignInInput{Email: "tom@b.example", Password: "wrong password", IP: "192.0.2.66"})
		assertCode(t, fault.Unauthenticated, err)
	}
	for _, server := range []*account.Service{f.Service, f.other} {
		_, _, err := server.SignIn(t.Context(), account.SignInInput{Email: "tom@b.example", Password: password, IP: "192.0.2.66"})
		assertCode(t, fault.RateLimited, err)
	}
}
