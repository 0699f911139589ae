package account_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent/session"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/account"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/origin"
	"github.com/resourcepool/resourcepool/server/sso"
)

const elsewhere = "https://login.example.org"

// provider says who signed in as the test has it, and holds an answer to the request that it is for.
type provider struct {
	mu    sync.Mutex
	who   sso.Person
	err   error
	asked map[string]sso.Request // by nonce
}

func (*provider) Issuer() string { return elsewhere }
func (*provider) Name() string   { return "Example" }

func (p *provider) Authorize(_ context.Context, r sso.Request) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked[r.Nonce] = r
	return elsewhere + "/authorize?state=" + r.State, p.err
}

func (p *provider) Exchange(_ context.Context, a sso.Answer) (sso.Person, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r, ok := p.asked[a.Nonce]; !ok || r.Verifier != a.Verifier || r.Fresh != a.Fresh {
		return sso.Person{}, sso.ErrRefused
	}
	return p.who, p.err
}

// is has the next sign-in be somebody's.
func (p *provider) is(subject, email string, verified bool) {
	p.who = sso.Person{Issuer: elsewhere, Subject: subject, Email: email, EmailVerified: verified, Name: "Tom Tester"}
}

func withProvider(t *testing.T, change ...func(*account.Deps)) (fixture, *provider) {
	t.Helper()
	p := &provider{asked: map[string]sso.Request{}}
	return setUp(t, append(change, func(d *account.Deps) { d.SSO = p })...), p
}

// leave begins a sign-in and returns what the browser comes back with.
func (f fixture) leave(t *testing.T, actor *access.Actor, in account.SSOStart) (account.SSOReturn, error) {
	t.Helper()
	l, err := f.StartSSO(t.Context(), actor, in)
	_, state, _ := strings.Cut(l.URL, "state=")
	return account.SSOReturn{State: state, Code: "code", Browser: l.Browser}, err
}

// signOn signs in elsewhere and returns who that is here.
func (f fixture) signOn(t *testing.T) (*access.Actor, error) {
	t.Helper()
	back, err := f.leave(t, nil, account.SSOStart{})
	require.NoError(t, err)
	arrival, err := f.other.FinishSSO(t.Context(), nil, back) // at another server
	if err != nil {
		assert.Zero(t, arrival)
		return nil, err
	}
	a, err := f.ActorBySession(t.Context(), arrival.Login.Secret)
	require.NoError(t, err)
	return a, nil
}

func assertReason(t *testing.T, want string, err error) {
	t.Helper()
	got, ok := fault.As(err)
	if assert.True(t, ok, "%v", err) {
		assert.Equal(t, want, got.Details[account.Reason], "%v", err)
	}
}

func (f fixture) verifyEmail(t *testing.T, a *access.Actor) {
	t.Helper()
	_, err := f.db.ExecContext(t.Context(), "UPDATE users SET email_verified_at = $1 WHERE id = $2", f.clock.Now(), string(a.ID))
	require.NoError(t, err)
}

func TestSignOnMakesAnAccountAndKnowsItAgain(t *testing.T) {
	f, p := withProvider(t)
	p.is("tom", "Tom@B.example", true)
	tom, err := f.signOn(t)
	require.NoError(t, err)
	u, err := f.User(t.Context(), tom.ID)
	require.NoError(t, err)
	assert.Equal(t, []string{"tom@b.example", "Tom Tester", ""}, []string{u.Email, u.DisplayName, u.PasswordHash})
	assert.NotNil(t, u.EmailVerifiedAt)
	_, _, err = f.signIn(t, "tom@b.example", "", "")
	assertCode(t, fault.Unauthenticated, err)

	p.is("tom", "another@b.example", false) // what an identity is known by is its subject alone
	f.clock.Advance(time.Hour)
	p.who.MultiFactor, p.who.AuthenticatedAt = true, f.clock.Now().Add(-20*time.Minute)
	again, err := f.signOn(t)
	require.NoError(t, err)
	assert.Equal(t, tom.ID, again.ID)
	assert.Equal(t, 1, f.count(t, "sessions WHERE id = $1 AND method = $2 AND second_factor AND reauthenticated_at = $3",
		string(again.SessionID), session.MethodOIDC, p.who.AuthenticatedAt))
	assert.Equal(t, 1, f.count(t, "sessions WHERE id = $1 AND NOT second_factor", string(tom.SessionID)), "without mfa it is one factor")
	all, err := f.Identities(t.Context(), tom.ID)
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.WithinDuration(t, f.clock.Now(), all[0].LastUsedAt, 0)
	assert.Equal(t, 1, f.count(t, "audit_events WHERE action = 'user.signUp' AND subject = $1", string(tom.ID)))
	assert.Equal(t, 0, f.count(t, "ceremonies"))

	p.is("tom2", "tom2@b.example", true)
	p.who.Name = "\u202ekcirt"
	other, err := f.signOn(t)
	require.NoError(t, err)
	u, err = f.User(t.Context(), other.ID)
	require.NoError(t, err)
	assert.Equal(t, "tom2", u.DisplayName, "a name that misleads is not taken")
}

func TestWhoseAccountAnIdentityComesTo(t *testing.T) {
	for name, c := range map[string]struct {
		here, there bool // who has verified the e-mail
		reason      string
	}{
		"OK both":             {true, true, ""},
		"ErrNotVerifiedHere":  {false, true, "link_first"},
		"ErrNotVerifiedThere": {true, false, "email_unverified"},
		"ErrNeither":          {false, false, "email_unverified"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, p := withProvider(t)
			tom, _ := f.person(t, "tom@b.example")
			if c.here {
				f.verifyEmail(t, tom)
			}
			p.is("tom", "tom@b.example", c.there)
			a, err := f.signOn(t)
			if c.reason != "" {
				assertReason(t, c.reason, err)
				assert.Equal(t, 0, f.count(t, "identities"))
				assert.Equal(t, 1, f.count(t, "sessions"))
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tom.ID, a.ID)
			assert.Equal(t, 1, f.count(t, "audit_events WHERE action = 'identity.link' AND actor_id = $1 AND detail->>'by' = 'email'", string(tom.ID)))
		})
	}
}

func TestWhoMayNotJoin(t *testing.T) {
	for name, c := range map[string]struct {
		mode   account.SignUpMode
		email  string
		reason string
	}{
		"ErrInvite":  {account.Invite, "tom@b.example", "sign_up_closed"},
		"ErrClosed":  {account.Closed, "tom@b.example", "sign_up_closed"},
		"ErrNoEmail": {account.Open, "", "email_unverified"},
		"ErrEmail":   {account.Open, "tom", "email_unverified"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, p := withProvider(t, func(d *account.Deps) { d.SignUp = c.mode })
			p.is("tom", c.email, true)
			_, err := f.signOn(t)
			assertReason(t, c.reason, err)
			assert.Equal(t, 0, f.count(t, "users"))
		})
	}
	f, p := withProvider(t, func(d *account.Deps) { d.SignUpsPerHour = 1 })
	p.is("tom", "tom@b.example", true)
	_, err := f.signOn(t)
	require.NoError(t, err)
	p.is("eve", "eve@b.example", true)
	_, err = f.signOn(t)
	assertCode(t, fault.RateLimited, err)
}

func TestFrozenAndDeletedPeopleAtTheProvider(t *testing.T) {
	f, p := withProvider(t)
	p.is("tom", "tom@b.example", true)
	tom, err := f.signOn(t)
	require.NoError(t, err)
	_, err = f.db.ExecContext(t.Context(), "UPDATE users SET status = 'FROZEN'")
	require.NoError(t, err)
	frozen, err := f.signOn(t)
	require.NoError(t, err)
	assert.True(t, frozen.Frozen)

	_, err = f.db.ExecContext(t.Context(), "UPDATE users SET deleted_at = $1", f.clock.Now())
	require.NoError(t, err)
	_, err = f.signOn(t)
	assertReason(t, "account_deleted", err)
	assert.Equal(t, 2, f.count(t, "sessions WHERE user_id = $1", string(tom.ID)))
}

func TestAnAnswerIsForItsBrowserOnce(t *testing.T) {
	f, p := withProvider(t)
	p.is("tom", "tom@b.example", true)
	back, err := f.leave(t, nil, account.SSOStart{Return: "/keys?x=1"})
	require.NoError(t, err)

	other, err := f.leave(t, nil, account.SSOStart{})
	require.NoError(t, err)
	stolen := other
	stolen.Browser = back.Browser
	_, err = f.FinishSSO(t.Context(), nil, stolen)
	assertReason(t, "expired", err)
	_, err = f.FinishSSO(t.Context(), nil, other)
	assertReason(t, "expired", err) // whoever tried has spent it
	for _, state := range []string{"", "x", "cer_00000000000000000000000000"} {
		_, err = f.FinishSSO(t.Context(), nil, account.SSOReturn{State: state, Code: "code", Browser: back.Browser})
		assertReason(t, "expired", err)
	}
	assert.Equal(t, 0, f.count(t, "users"))

	arrival, err := f.FinishSSO(t.Context(), nil, back)
	require.NoError(t, err)
	assert.Equal(t, "/keys?x=1", arrival.Return)
	_, err = f.FinishSSO(t.Context(), nil, back)
	assertReason(t, "expired", err)

	late, err := f.leave(t, nil, account.SSOStart{})
	require.NoError(t, err)
	f.clock.Advance(5 * time.Minute)
	_, err = f.FinishSSO(t.Context(), nil, late)
	assertReason(t, "expired", err)
	assert.Equal(t, 1, f.count(t, "sessions"))
}

func TestWhatTheProviderRefuses(t *testing.T) {
	f, p := withProvider(t)
	for reason, change := range map[string]func(*account.SSOReturn){
		"denied":               func(r *account.SSOReturn) { r.Error = "access_denied <script>" },
		"bad_answer":           func(*account.SSOReturn) { p.err = fmt.Errorf("%w: x", sso.ErrRefused) },
		"provider_unreachable": func(*account.SSOReturn) { p.err = fmt.Errorf("%w: x", sso.ErrUnavailable) },
	} {
		p.err = nil
		back, err := f.leave(t, nil, account.SSOStart{})
		require.NoError(t, err)
		change(&back)
		_, err = f.FinishSSO(t.Context(), nil, back)
		assertReason(t, reason, err)
	}
	p.err = sso.ErrUnavailable
	_, err := f.leave(t, nil, account.SSOStart{})
	assertReason(t, "provider_unreachable", err)
	p.err = errors.New("else")
	_, err = f.leave(t, nil, account.SSOStart{})
	assertCode(t, fault.Internal, err)

	none := setUp(t)
	_, err = none.leave(t, nil, account.SSOStart{})
	assertReason(t, "not_offered", err)
	assert.Nil(t, none.SignInMethods().OIDC)
	assert.Equal(t, "Example", f.SignInMethods().OIDC.Name)
}

func TestSignOnsOfOneAddress(t *testing.T) {
	f, _ := withProvider(t)
	ctx := origin.With(t.Context(), origin.Origin{IP: "192.0.2.1"})
	for range 30 {
		_, err := f.StartSSO(ctx, nil, account.SSOStart{})
		require.NoError(t, err)
		_, err = f.FinishSSO(ctx, nil, account.SSOReturn{State: "x"})
		assertReason(t, "expired", err)
	}
	_, err := f.StartSSO(ctx, nil, account.SSOStart{})
	assertCode(t, fault.RateLimited, err)
	_, err = f.FinishSSO(ctx, nil, account.SSOReturn{})
	assertCode(t, fault.RateLimited, err)
}

func TestOnlyPathsOfThisServerAreReturnedTo(t *testing.T) {
	f, p := withProvider(t)
	p.is("tom", "tom@b.example", true)
	for in, want := range map[string]string{
		"/keys?a=b#c": "/keys?a=b#c", "": "/", "keys": "/", "//evil.example": "/", "/\\evil.example": "/", "https://evil.example": "/",
		"javascript:alert(1)": "/", "/\t/evil.example": "/", "/a\r\nb": "/", "\\/evil.example": "/",
	} {
		back, err := f.leave(t, nil, account.SSOStart{Return: in})
		require.NoError(t, err)
		arrival, err := f.FinishSSO(t.Context(), nil, back)
		require.NoError(t, err)
		assert.Equal(t, want, arrival.Return, "%q", in)
	}
}

func TestIdentityIsLinkedAndUnlinked(t *testing.T) {
	f, p := withProvider(t)
	tom, _ := f.person(t, "tom@b.example")
	bob, _ := f.person(t, "bob@b.example")
	p.is("tom", "nobody@b.example", false)
	begin := func(a *access.Actor) ids.ID {
		id, _, err := f.LinkIdentity(t.Context(), a)
		require.NoError(t, err)
		return id
	}

	// Another person, a session that did not ask, and nobody at all are refused, before and after the provider.
	for _, a := range []*access.Actor{nil, bob, {ID: tom.ID, SessionID: bob.SessionID}} {
		_, err := f.leave(t, a, account.SSOStart{Link: begin(tom)})
		assertReason(t, "link_expired", err)
		back, err := f.leave(t, tom, account.SSOStart{Link: begin(tom)})
		require.NoError(t, err)
		_, err = f.FinishSSO(t.Context(), a, back)
		assertReason(t, "link_expired", err)
	}
	assert.Equal(t, 0, f.count(t, "identities"))

	link := begin(tom)
	back, err := f.leave(t, tom, account.SSOStart{Link: link, Return: "/account"})
	require.NoError(t, err)
	arrival, err := f.FinishSSO(t.Context(), tom, back)
	require.NoError(t, err)
	assert.Equal(t, account.SSOArrival{Return: "/account"}, arrival)
	_, err = f.leave(t, tom, account.SSOStart{Link: link})
	assertReason(t, "link_expired", err)
	assert.Equal(t, 1, f.count(t, "audit_events WHERE action = 'identity.link' AND detail->>'by' = 'asked'"))
	signedIn, err := f.signOn(t)
	require.NoError(t, err)
	assert.Equal(t, tom.ID, signedIn.ID)

	back, err = f.leave(t, bob, account.SSOStart{Link: begin(bob)})
	require.NoError(t, err)
	_, err = f.FinishSSO(t.Context(), bob, back)
	assertReason(t, "identity_taken", err)

	all, err := f.Identities(t.Context(), tom.ID)
	require.NoError(t, err)
	assertCode(t, fault.NotFound, f.UnlinkIdentity(t.Context(), bob, all[0].ID))
	assertCode(t, fault.NotFound, f.UnlinkIdentity(t.Context(), tom, "idn_x"))
	require.NoError(t, f.UnlinkIdentity(t.Context(), tom, all[0].ID))
	assert.Equal(t, 1, f.count(t, "audit_events WHERE action = 'identity.unlink'"))
}

func TestTheLastWayInStays(t *testing.T) {
	f, p := withProvider(t)
	p.is("tom", "tom@b.example", true)
	tom, err := f.signOn(t) // without a password
	require.NoError(t, err)
	all, err := f.Identities(t.Context(), tom.ID)
	require.NoError(t, err)
	assertCode(t, fault.Conflict, f.UnlinkIdentity(t.Context(), tom, all[0].ID))

	made, err := f.addPasskey(t, tom, newDevice())
	require.NoError(t, err)
	require.NoError(t, f.UnlinkIdentity(t.Context(), tom, all[0].ID))
	assertCode(t, fault.Conflict, f.RemovePasskey(t.Context(), tom, made.ID))
	assert.Equal(t, 1, f.count(t, "passkeys"))
}

func TestWhoComesBackTwiceAtOnceHasOneAccount(t *testing.T) {
	f, p := withProvider(t)
	p.is("tom", "tom@b.example", true)
	backs := make([]account.SSOReturn, 8)
	for i := range backs {
		var err error
		backs[i], err = f.leave(t, nil, account.SSOStart{})
		require.NoError(t, err)
	}
	var all sync.WaitGroup
	for _, back := range backs {
		all.Go(func() {
			if _, err := f.FinishSSO(t.Context(), nil, back); err != nil {
				assertReason(t, "expired", err)
			}
		})
	}
	all.Wait()
	assert.Equal(t, 1, f.count(t, "users"))
	assert.Equal(t, 1, f.count(t, "identities"))
}
