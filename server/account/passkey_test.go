package account_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/session"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/account"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/origin"
)

// device is a browser with an authenticator that holds one passkey.
type device struct {
	rp   virtualwebauthn.RelyingParty
	auth virtualwebauthn.Authenticator
	key  virtualwebauthn.Credential
}

func newDevice() *device {
	const whole = 77 // bytes; the library writes coordinates that begin with a zero too short
	key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	for len(key.Key.AttestationData()) != whole {
		key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return &device{
		rp:   virtualwebauthn.RelyingParty{Name: "Resource Pool", ID: "pool.example.org", Origin: "https://pool.example.org"},
		auth: virtualwebauthn.NewAuthenticator(), key: key,
	}
}

// make answers a ceremony that adds a passkey.
func (d *device) make(t *testing.T, c *account.PasskeyCeremony) string {
	t.Helper()
	options, err := virtualwebauthn.ParseAttestationOptions(c.Options)
	require.NoError(t, err)
	d.auth.Options.UserHandle = []byte(options.UserID)
	return virtualwebauthn.CreateAttestationResponse(d.rp, d.auth, d.key, *options)
}

// use answers a ceremony that uses it; its counter goes up.
func (d *device) use(t *testing.T, c *account.PasskeyCeremony) string {
	t.Helper()
	options, err := virtualwebauthn.ParseAssertionOptions(c.Options)
	require.NoError(t, err)
	require.Empty(t, options.AllowCredentials, "nobody learns who has a passkey")
	d.key.Counter++
	return virtualwebauthn.CreateAssertionResponse(d.rp, d.auth, d.key, *options)
}

func (f fixture) addPasskey(t *testing.T, a *access.Actor, d *device) (*ent.Passkey, error) {
	t.Helper()
	c, err := f.BeginPasskeyRegistration(t.Context(), a)
	require.NoError(t, err)
	return f.AddPasskey(t.Context(), a, account.AddPasskeyInput{CeremonyID: c.ID, Credential: d.make(t, c), Name: "Laptop"})
}

// usePasskey is what a device answers to a new ceremony.
func (f fixture) usePasskey(t *testing.T, d *device) account.UsePasskeyInput {
	t.Helper()
	c, err := f.other.BeginPasskeyAuthentication(t.Context()) // of another server
	require.NoError(t, err)
	return account.UsePasskeyInput{CeremonyID: c.ID, Credential: d.use(t, c)}
}

func TestPasskeySignsIn(t *testing.T) {
	f, d := setUp(t), newDevice()
	tom, _ := f.person(t, "tom@b.example")
	made, err := f.addPasskey(t, tom, d)
	require.NoError(t, err)
	assert.Equal(t, "Laptop", made.Name)
	assert.Nil(t, made.LastUsedAt)

	f.clock.Advance(time.Hour)
	in := f.usePasskey(t, d)
	in.Replaces = tom.SessionID
	u, login, err := f.SignInWithPasskey(t.Context(), in)
	require.NoError(t, err)
	assert.Equal(t, tom.ID, u.ID)
	now, err := f.ActorBySession(t.Context(), login.Secret)
	require.NoError(t, err)
	assert.Equal(t, tom.ID, now.ID)
	assert.Equal(t, 1, f.count(t, "sessions WHERE id = $1 AND method = $2 AND second_factor", string(now.SessionID), session.MethodPASSKEY))
	assert.Equal(t, 1, f.count(t, "sessions"), "the one before it has ended")
	all, err := f.Passkeys(t.Context(), tom.ID)
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.WithinDuration(t, f.clock.Now(), *all[0].LastUsedAt, 0)

	_, _, err = f.SignInWithPasskey(t.Context(), in)
	assertInvalid(t, "input.ceremonyId", err)
	assert.Equal(t, 0, f.count(t, "ceremonies"))
	assert.Equal(t, 1, f.count(t, "audit_events WHERE action = 'passkey.add' AND actor_id = $1", string(tom.ID)))
}

func TestPasskeyThatIsNotGood(t *testing.T) {
	for name, change := range map[string]func(d *device){
		"ErrUserNotVerified": func(d *device) { d.auth.Options.UserNotVerified = true },
		"ErrUserNotPresent":  func(d *device) { d.auth.Options.UserNotPresent = true },
		"ErrOrigin":          func(d *device) { d.rp.Origin = "https://evil.example" },
		"ErrRelyingParty":    func(d *device) { d.rp.ID = "evil.example" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, d := setUp(t), newDevice()
			tom, _ := f.person(t, "tom@b.example")
			spoilt := newDevice()
			change(spoilt)
			_, err := f.addPasskey(t, tom, spoilt)
			assertInvalid(t, "input.credential", err)

			_, err = f.addPasskey(t, tom, d)
			require.NoError(t, err)
			change(d)
			_, _, err = f.SignInWithPasskey(t.Context(), f.usePasskey(t, d))
			assertCode(t, fault.Unauthenticated, err)
			assert.Equal(t, 1, f.count(t, "sessions"))
		})
	}
}

func TestPasskeyOfAnother(t *testing.T) {
	f, bobs := setUp(t), newDevice()
	tom, _ := f.person(t, "tom@b.example")
	bob, _ := f.person(t, "bob@b.example")
	made, err := f.addPasskey(t, bob, bobs)
	require.NoError(t, err)

	_, err = f.addPasskey(t, tom, bobs)
	assertCode(t, fault.Conflict, err)
	bobs.auth.Options.UserHandle = []byte(bob.ID)
	assertCode(t, fault.Unauthenticated, f.ReauthenticateWithPasskey(t.Context(), tom, f.usePasskey(t, bobs)))
	assertCode(t, fault.NotFound, f.RemovePasskey(t.Context(), tom, made.ID))
	assertCode(t, fault.NotFound, f.RemovePasskey(t.Context(), tom, "psk_x"))
	bobs.auth.Options.UserHandle = []byte(tom.ID)
	_, _, err = f.SignInWithPasskey(t.Context(), f.usePasskey(t, bobs))
	assertCode(t, fault.Unauthenticated, err)
	_, _, err = f.SignInWithPasskey(t.Context(), f.usePasskey(t, newDevice()))
	assertCode(t, fault.Unauthenticated, err)

	bobs.auth.Options.UserHandle = []byte(bob.ID)
	_, err = f.db.ExecContext(t.Context(), "UPDATE users SET deleted_at = $1 WHERE id = $2", f.clock.Now(), string(bob.ID))
	require.NoError(t, err)
	_, _, err = f.SignInWithPasskey(t.Context(), f.usePasskey(t, bobs))
	assertCode(t, fault.Unauthenticated, err)
	_, err = f.db.ExecContext(t.Context(), "UPDATE users SET deleted_at = NULL")
	require.NoError(t, err)

	begun, err := f.BeginPasskeyRegistration(t.Context(), bob)
	require.NoError(t, err)
	_, err = f.AddPasskey(t.Context(), tom, account.AddPasskeyInput{CeremonyID: begun.ID, Credential: newDevice().make(t, begun), Name: "x"})
	assertInvalid(t, "input.ceremonyId", err)
	_, err = f.AddPasskey(t.Context(), bob, account.AddPasskeyInput{CeremonyID: begun.ID, Credential: newDevice().make(t, begun), Name: "x"})
	require.NoError(t, err, "another's attempt has not spent it")

	begun, err = f.BeginPasskeyRegistration(t.Context(), bob)
	require.NoError(t, err)
	again, _, err := f.signIn(t, "bob@b.example", password, "")
	require.NoError(t, err)
	elsewhere := &access.Actor{ID: again.ID, SessionID: f.lastSession(t)}
	_, err = f.AddPasskey(t.Context(), elsewhere, account.AddPasskeyInput{CeremonyID: begun.ID, Credential: newDevice().make(t, begun), Name: "x"})
	assertInvalid(t, "input.ceremonyId", err)
}

func (f fixture) lastSession(t *testing.T) (id ids.ID) {
	t.Helper()
	require.NoError(t, f.db.QueryRowContext(t.Context(), "SELECT id FROM sessions ORDER BY id DESC LIMIT 1").Scan(&id))
	return id
}

func TestCopiedPasskeyIsRefusedAndWrittenDown(t *testing.T) {
	f, d := setUp(t), newDevice()
	tom, _ := f.person(t, "tom@b.example")
	made, err := f.addPasskey(t, tom, d)
	require.NoError(t, err)
	twin := *d
	for range 3 {
		_, _, err = f.SignInWithPasskey(t.Context(), f.usePasskey(t, d))
		require.NoError(t, err)
	}
	_, _, err = f.SignInWithPasskey(t.Context(), f.usePasskey(t, &twin))
	assertCode(t, fault.Unauthenticated, err)
	assert.Equal(t, 4, f.count(t, "sessions"))
	assert.Equal(t, 1, f.count(t, "audit_events WHERE action = 'passkey.cloned' AND subject = $1", string(made.ID)))
	_, _, err = f.SignInWithPasskey(t.Context(), f.usePasskey(t, d))
	assert.NoError(t, err, "the count that was refused is not kept")

	// Two that answer with one count at once: one is let in.
	tx, err := f.db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer func() { _ = tx.Rollback() }()
	_, err = tx.ExecContext(t.Context(), "SELECT 1 FROM passkeys FOR UPDATE")
	require.NoError(t, err)
	var in atomic.Int64
	var all sync.WaitGroup
	for range 2 {
		copied := *d
		input := f.usePasskey(t, &copied)
		all.Go(func() {
			if _, _, err := f.SignInWithPasskey(t.Context(), input); err == nil {
				in.Add(1)
			}
		})
	}
	require.Eventually(t, func() bool {
		return f.count(t, "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 2
	}, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, tx.Rollback())
	all.Wait()
	assert.EqualValues(t, 1, in.Load())
}

func TestCeremonyIsOverAfterFiveMinutes(t *testing.T) {
	f, d := setUp(t), newDevice()
	tom, _ := f.person(t, "tom@b.example")
	_, err := f.addPasskey(t, tom, d)
	require.NoError(t, err)
	in := f.usePasskey(t, d)
	f.clock.Advance(5 * time.Minute)
	_, _, err = f.SignInWithPasskey(t.Context(), in)
	assertInvalid(t, "input.ceremonyId", err)

	f.usePasskey(t, d)
	f.clock.Advance(3 * time.Minute)
	f.usePasskey(t, d)
	f.clock.Advance(2 * time.Minute)
	require.NoError(t, f.SweepCeremonies(t.Context()))
	assert.Equal(t, 1, f.count(t, "ceremonies"))

	kept := f.usePasskey(t, d)
	_, err = f.db.ExecContext(t.Context(), "UPDATE ceremonies SET id = 'cer_00000000000000000000000000' WHERE id = $1", string(kept.CeremonyID))
	require.NoError(t, err)
	kept.CeremonyID = "cer_00000000000000000000000000"
	_, _, err = f.SignInWithPasskey(t.Context(), kept)
	assertCode(t, fault.Internal, err) // what is sealed is for its row
}

func TestCeremoniesOfOneAddress(t *testing.T) {
	f := setUp(t)
	from := func(ip string) error {
		_, err := f.BeginPasskeyAuthentication(origin.With(t.Context(), origin.Origin{IP: ip}))
		return err
	}
	for range 60 {
		require.NoError(t, from("192.0.2.1"))
	}
	assertCode(t, fault.RateLimited, from("192.0.2.1"))
	assert.NoError(t, from("192.0.2.2"))
	f.clock.Advance(5 * time.Second)
	assert.NoError(t, from("192.0.2.1"))
	assertCode(t, fault.RateLimited, from("192.0.2.1"))
	assert.Equal(t, 62, f.count(t, "ceremonies"))
}

func TestAPasskeyProvesAgainWhoItIs(t *testing.T) {
	f, d := setUp(t), newDevice()
	tom, _ := f.person(t, "tom@b.example")
	made, err := f.addPasskey(t, tom, d)
	require.NoError(t, err)
	assertCode(t, fault.Forbidden, f.ReauthenticateWithPasskey(t.Context(), &access.Actor{ID: tom.ID, TokenID: "tok_x"}, f.usePasskey(t, d)))

	f.clock.Advance(30*time.Minute + time.Second)
	stale, err := f.Refresh(t.Context(), tom)
	require.NoError(t, err)
	assert.False(t, stale.Fresh)
	require.NoError(t, f.ReauthenticateWithPasskey(t.Context(), tom, f.usePasskey(t, d)))
	fresh, err := f.Refresh(t.Context(), tom)
	require.NoError(t, err)
	assert.True(t, fresh.Fresh, "at once")
	assert.Equal(t, 1, f.count(t, "sessions WHERE id = $1 AND second_factor", string(tom.SessionID)))
	require.NoError(t, f.RemovePasskey(t.Context(), tom, made.ID))
	assert.Equal(t, 1, f.count(t, "audit_events WHERE action = 'passkey.remove'"))
	_, _, err = f.SignInWithPasskey(t.Context(), f.usePasskey(t, d))
	assertCode(t, fault.Unauthenticated, err)
}

func TestPasskeysAreBounded(t *testing.T) {
	f := setUp(t)
	tom, _ := f.person(t, "tom@b.example")
	last, err := f.BeginPasskeyRegistration(t.Context(), tom)
	require.NoError(t, err)
	for range 20 {
		_, err := f.addPasskey(t, tom, newDevice())
		require.NoError(t, err)
	}
	_, err = f.BeginPasskeyRegistration(t.Context(), tom)
	assertCode(t, fault.Conflict, err)
	_, err = f.AddPasskey(t.Context(), tom, account.AddPasskeyInput{CeremonyID: last.ID, Credential: newDevice().make(t, last), Name: "one more"})
	assertCode(t, fault.Conflict, err)
	assert.Equal(t, 20, f.count(t, "passkeys"))
}

func TestWhatIsNoPasskey(t *testing.T) {
	f := setUp(t)
	tom, _ := f.person(t, "tom@b.example")
	for name, c := range map[string]struct {
		credential, label, field string
	}{
		"ErrNothing":   {"", "x", "input.credential"},
		"ErrNoJSON":    {"{", "x", "input.credential"},
		"ErrOtherJSON": {"[]", "x", "input.credential"},
		"ErrHuge":      {strings.Repeat("x", 1<<20), "x", "input.credential"},
		"ErrName":      {"", " ", "input.name"},
	} {
		t.Run(name, func(t *testing.T) {
			begun, err := f.BeginPasskeyRegistration(t.Context(), tom)
			require.NoError(t, err)
			_, err = f.AddPasskey(t.Context(), tom, account.AddPasskeyInput{CeremonyID: begun.ID, Credential: c.credential, Name: c.label})
			assertInvalid(t, c.field, err)
			use, err := f.BeginPasskeyAuthentication(t.Context())
			require.NoError(t, err)
			_, _, err = f.SignInWithPasskey(t.Context(), account.UsePasskeyInput{CeremonyID: use.ID, Credential: c.credential})
			assertInvalid(t, "input.credential", err)
		})
	}
}

func TestWhereThereCanBePasskeys(t *testing.T) {
	for address, want := range map[string]string{
		"https://pool.example.org":      "pool.example.org",
		"https://pool.example.org:8443": "pool.example.org",
		"http://localhost:8080":         "localhost",
		"http://127.0.0.1:8080":         "localhost",
		"http://[::1]:8080":             "localhost",
		"https://192.0.2.7":             "",
		"http://pool.example.org":       "",
	} {
		t.Run(address, func(t *testing.T) {
			u, err := url.Parse(address)
			require.NoError(t, err)
			f := setUp(t, func(d *account.Deps) { d.PublicURL = u })
			assert.Equal(t, want != "", f.SignInMethods().Passkeys)
			c, err := f.BeginPasskeyAuthentication(t.Context())
			if want == "" {
				assertCode(t, fault.Conflict, err)
				return
			}
			require.NoError(t, err)
			assert.Contains(t, c.Options, fmt.Sprintf("%q:%q", "rpId", want))
		})
	}
}
