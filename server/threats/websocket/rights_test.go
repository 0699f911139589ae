package websocket

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

const feed = `subscription { transactionFeed { transaction { seq kind } usage { id } } }`

// pair is two servers on one database.
type pair struct {
	t        *testing.T
	one, two *program
	db       *sql.DB
}

func newPair(t *testing.T, more ...string) *pair {
	t.Helper()
	database := dbtest.URL(t)
	return &pair{
		t:   t,
		one: programtest.Launch(t, programtest.Settings(t, database, more...)),
		two: programtest.Launch(t, programtest.Settings(t, database, more...)),
		db:  dbtest.Open(t, database),
	}
}

// deafen takes from the servers what they read of each other's changes, and waits until both have noticed.
func (p *pair) deafen() {
	p.t.Helper()
	const complaint = "feed: Postgres does not answer"
	_, err := p.db.ExecContext(p.t.Context(), "REVOKE SELECT ON changes FROM pgtdbapp")
	require.NoError(p.t, err)
	require.Eventually(p.t, func() bool {
		return strings.Contains(p.one.Out.String(), complaint) && strings.Contains(p.two.Out.String(), complaint)
	}, 5*time.Second, 10*time.Millisecond)
}

// together reads the sockets to their ends at the same time, which begins now.
func together(sockets []*socket, within time.Duration) []end {
	return programtest.Together(len(sockets), func(i int) end { return ended(sockets[i], within) })
}

const (
	atOnce   = time.Second     // servers tell each other what changed
	unheard  = 2 * time.Second // they do not, and look for themselves
	setRoles = `mutation($id: ID!, $roles: [Role!]!) { setRoles(userId: $id, roles: $roles) { roles } }`
)

func TestRow14_SubscriptionAfterRoleChange(t *testing.T) {
	t.Parallel()
	up := upstreamtest.New(t)
	p := newPair(t, "POOL_PROVIDER_URLS="+up.ProviderURLs())
	admin, tom := p.one.Admin(), p.one.Person("tom")
	admin.GPT4()
	admin.Grant(tom, "100")
	admin.Platform(up, "sk-platform-0123456789", "500", false)
	promoted := 0
	// subscribed is somebody who is an admin and watches the feed at both servers.
	subscribed := func() (*client, []*socket) {
		promoted++
		ann := p.one.Person(fmt.Sprintf("ann%d", promoted))
		admin.Must(setRoles, vars{"id": ann.ID, "roles": []string{"ADMIN"}})
		var sockets []*socket
		for _, at := range []*program{p.one, p.two} {
			require.Eventually(t, func() bool {
				_, err := ann.At(at).Do(`{ poolOverview { requests } }`, nil)
				return err == nil
			}, 5*time.Second, 10*time.Millisecond)
			s := ann.At(at).Socket()
			s.Subscribe(feed, nil)
			sockets = append(sockets, s)
		}
		time.Sleep(200 * time.Millisecond) // the subscriptions have begun
		tom.Must(programtest.Complete, programtest.Ask("gpt-4", vars{"maxTokens": 16}))
		for _, s := range sockets {
			require.Equal(t, "USAGE", s.Event().Get("transactionFeed.transaction.kind").String())
		}
		return ann, sockets
	}
	for name, by := range map[string]*program{"by one": p.one, "by the other": p.two} {
		ann, sockets := subscribed()
		admin.At(by).Must(setRoles, vars{"id": ann.ID, "roles": []string{"USER"}})
		tom.At(by).Must(programtest.Complete, programtest.Ask("gpt-4", vars{"maxTokens": 16}))
		for i, e := range together(sockets, 5*time.Second) {
			require.Zero(t, e.told, "%s: events at server %d", name, i+1)
			require.Equal(t, forbidden, e.code, "%s: server %d: %v", name, i+1, e.err)
			require.Less(t, e.after, atOnce, "%s: server %d", name, i+1)
		}
	}

	ann, sockets := subscribed()
	p.deafen()
	admin.Must(setRoles, vars{"id": ann.ID, "roles": []string{"USER"}})
	done := make(chan error, 1)
	go func() {
		time.Sleep(1100 * time.Millisecond) // what is known of a person is at most a second old
		_, err := tom.Do(programtest.Complete, programtest.Ask("gpt-4", vars{"maxTokens": 16}))
		done <- err
	}()
	for i, e := range together(sockets, 5*time.Second) {
		require.Zero(t, e.told, "deaf: events at server %d", i+1)
		require.Equal(t, forbidden, e.code, "deaf: server %d: %v", i+1, e.err)
		require.Less(t, e.after, unheard, "deaf: server %d", i+1)
	}
	require.NoError(t, <-done)
}

func TestRow15_RevokedWhileTheSocketLives(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	// open is two sockets at each server.
	open := func(c *client) (sockets []*socket) {
		for _, at := range []*program{p.one, p.two, p.one, p.two} {
			s := c.At(at).Socket()
			s.Subscribe(walletChanged, nil)
			s.Event()
			sockets = append(sockets, s)
		}
		return sockets
	}
	closed := func(why string, sockets []*socket, within time.Duration) {
		t.Helper()
		for i, e := range together(sockets, 6*time.Second) {
			require.Equal(t, unauthorized, e.code, "%s: socket %d: %v", why, i, e.err)
			require.Less(t, e.after, within, "%s: socket %d", why, i)
		}
	}
	tokenOf := func(c *client, more string) (*client, string) {
		made := c.Must(`mutation { createApiToken(input: {name: "t"`+more+`}) { secret token { id } } }`, nil).Get("createApiToken")
		script := p.one.Anonymous()
		script.Token = made.Get("secret").String()
		return script, made.Get("token.id").String()
	}
	const revoke = `mutation($id: ID!) { revokeApiToken(id: $id) { revokedAt } }`

	tom := p.one.Person("tom")
	sockets := open(tom)
	tom.Must(`mutation { signOut }`, nil)
	closed("signed out", sockets, atOnce)

	bob := p.one.Person("bob")
	script, id := tokenOf(bob, "")
	sockets = open(script)
	bob.Must(revoke, vars{"id": id})
	closed("revoked", sockets, atOnce)

	expires := time.Now().Add(2 * time.Second).Truncate(time.Millisecond)
	script, _ = tokenOf(bob, `, expiresAt: "`+expires.UTC().Format(time.RFC3339Nano)+`"`)
	sockets = open(script)
	closed("expired", sockets, time.Until(expires)+atOnce)

	script, id = tokenOf(bob, "")
	sockets, others := open(script), open(bob)
	p.deafen()
	bob.Must(revoke, vars{"id": id})
	closed("revoked, deaf", sockets, unheard)
	bob.At(p.two).Must(`mutation { signOut }`, nil)
	closed("signed out, deaf", others, unheard)
}
