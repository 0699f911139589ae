package access

import (
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/programtest"
)

// At the server that made a change it acts at once, at others within a second. Nothing wakes up for the former: a timer that looks
// each second would take longer.
const (
	atOnce     = 300 * time.Millisecond
	soonEnough = time.Second
)

// keys is a subscription that anybody may have, and that says nothing while no key changes.
const keys = `subscription { resourceChanged { id } }`

// closedWith wants a socket to be closed in time, with a code and without another event.
func closedWith(t *testing.T, s *socket, code int, limit time.Duration) {
	t.Helper()
	m, err := s.Read(limit)
	var closed *websocket.CloseError
	require.True(t, errors.As(err, &closed), "not closed within %s: %s %v", limit, m.Raw, err)
	require.Equal(t, code, closed.Code, closed.Text)
}

// open is a socket of c's with a subscription that has begun: what is asked after it is answered.
func open(c *client, subscription string) *socket {
	c.T.Helper()
	s := c.Socket()
	s.Subscribe(subscription, nil)
	s.Subscribe(`{ viewer { id } }`, nil)
	for range 2 {
		m, err := s.Read(5 * time.Second)
		require.NoError(c.T, err)
		require.Equal(c.T, "2", m.Get("id").String(), m.Raw)
	}
	return s
}

func TestChangesActAtOnceHereAndSoonThere(t *testing.T) {
	p := servers(t)
	admin := p.a.Admin()
	const setRoles = `mutation($u: ID!, $r: [Role!]!) { setRoles(userId: $u, roles: $r) { roles } }`
	person := func(t *testing.T) *client {
		c := p.a.Person(strings.ToLower(filepath.Base(t.Name())))
		c.T = t
		return c
	}

	t.Run("Role", func(t *testing.T) {
		c := person(t)
		admin.Must(setRoles, vars{"u": c.ID, "r": []string{"USER", "ADMIN"}})
		within(t, soonEnough, "", c.At(p.b), `{ users { totalCount } }`, nil)
		here, there := open(c, `subscription { transactionFeed { transaction { seq } } }`), open(c.At(p.b), keys)
		admin.Must(setRoles, vars{"u": c.ID, "r": []string{"USER"}})
		c.Refused("FORBIDDEN", `{ users { totalCount } }`, nil)
		closedWith(t, here, 4403, atOnce)
		closedWith(t, there, 4403, soonEnough)
	})
	t.Run("CustomRole", func(t *testing.T) {
		c := person(t)
		admin.Must(`mutation { saveCustomRole(input: {name: "WATCHER", grants: [{object: "Subscription.transactionFeed", action: "call"}]}) { name } }`, nil)
		admin.Must(`mutation($u: ID!) { setCustomRoles(userId: $u, roles: ["WATCHER"]) { id } }`, vars{"u": c.ID})
		time.Sleep(soonEnough)
		here, there := open(c, `subscription { transactionFeed { transaction { seq } } }`), open(c.At(p.b), `subscription { transactionFeed { transaction { seq } } }`)
		without := open(c.At(p.b), keys)
		admin.Must(`mutation { saveCustomRole(input: {name: "WATCHER", grants: [{object: "Query.ledgerAudit", action: "call"}]}) { name } }`, nil)
		closedWith(t, here, 4403, atOnce)
		closedWith(t, there, 4403, soonEnough)
		without.Subscribe(`{ viewer { id } }`, nil)
		require.Equal(t, c.ID, without.Event().Get("viewer.id").String(), "what needs no such right goes on")
	})
	t.Run("Token", func(t *testing.T) {
		c := person(t)
		made := token(c, "")
		here, there := open(made, keys), open(made.At(p.b), keys)
		c.Must(`mutation($id: ID!) { revokeApiToken(id: $id) { revokedAt } }`, vars{"id": made.ID})
		require.Equal(t, "UNAUTHENTICATED", codeOf(made.Answer(`{ viewer { id } }`, nil)))
		closedWith(t, here, 4401, atOnce)
		closedWith(t, there, 4401, soonEnough)
		within(t, soonEnough, "UNAUTHENTICATED", made.At(p.b), `{ viewer { id } }`, nil)
	})
	t.Run("Session", func(t *testing.T) {
		c := person(t)
		here, there := open(c, keys), open(c.At(p.b), keys)
		thief := &client{T: t, URL: c.URL, HTTP: &http.Client{Transport: keepingCookies(c)}} // of a cookie
		require.Equal(t, c.ID, thief.Must(`{ viewer { id } }`, nil).Get("viewer.id").String())
		c.Must(`mutation { signOut }`, nil)
		require.False(t, thief.Must(`{ viewer { id } }`, nil).Get("viewer.id").Exists())
		closedWith(t, here, 4401, atOnce)
		closedWith(t, there, 4401, soonEnough)
		require.False(t, thief.At(p.b).Must(`{ viewer { id } }`, nil).Get("viewer.id").Exists())
	})
	t.Run("Status", func(t *testing.T) {
		c := person(t)
		there := open(c.At(p.b), keys)
		ask := programtest.Ask("gpt-4", nil)
		require.NotEqual(t, "FORBIDDEN", codeOf(c.At(p.b).Answer(programtest.Complete, ask)))
		admin.Must(`mutation($u: ID!) { setUserStatus(userId: $u, status: FROZEN) { id } }`, vars{"u": c.ID})
		c.Refused("FORBIDDEN", programtest.Complete, ask)
		within(t, soonEnough, "FORBIDDEN", c.At(p.b), programtest.Complete, ask)
		there.Subscribe(`{ viewer { status } }`, nil)
		require.Equal(t, "FROZEN", there.Event().Get("viewer.status").String(), "who is frozen reads")
	})
}

// cookie sends the cookies that c has now, whatever becomes of c's.
func keepingCookies(c *client) http.RoundTripper {
	r, err := http.NewRequest(http.MethodPost, c.URL, nil)
	require.NoError(c.T, err)
	return keeping(c.HTTP.Jar.Cookies(r.URL))
}

type keeping []*http.Cookie

func (k keeping) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for _, c := range k {
		r.AddCookie(c)
	}
	return http.DefaultTransport.RoundTrip(r)
}
