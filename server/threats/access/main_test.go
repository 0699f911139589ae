// Package access proves from outside that nobody gets in who has no business there, and that nobody does or sees what is not
// theirs. server/threats/off takes the controls of the rows away.
package access

import (
	"database/sql"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

type (
	program = programtest.Program
	client  = programtest.Client
	socket  = programtest.Socket
	vars    = programtest.Vars
)

func TestMain(m *testing.M) { programtest.Main(m) }

// pair is two servers on one database.
type pair struct {
	a, b *program
	db   *sql.DB
}

func servers(t *testing.T, more ...string) pair {
	t.Helper()
	database := dbtest.URL(t)
	return pair{
		a: programtest.Launch(t, programtest.Settings(t, database, more...)), b: programtest.Launch(t, programtest.Settings(t, database, more...)),
		db: dbtest.Open(t, database),
	}
}

// one is a server and its database.
func one(t *testing.T, more ...string) (*program, *sql.DB) {
	t.Helper()
	database := dbtest.URL(t)
	return programtest.Launch(t, programtest.Settings(t, database, more...)), dbtest.Open(t, database)
}

// world is a pool in which bob's key has served tom.
func world(t *testing.T, p *program, u *upstreamtest.Upstream) (bob, tom *client, key string) {
	t.Helper()
	admin := p.Admin()
	bob, tom = p.Person("bob"), p.Person("tom")
	admin.GPT4()
	admin.Grant(tom, "100")
	key = bob.Deposit(u, "sk-bobs-0123456789", "10")
	tom.Must(programtest.Complete, programtest.Ask("gpt-4", vars{"maxTokens": 100}))
	return bob, tom, key
}

// text is what a query of one row and column returns.
func text(t *testing.T, db *sql.DB, query string, args ...any) (out string) {
	t.Helper()
	require.NoError(t, db.QueryRowContext(t.Context(), query, args...).Scan(&out))
	return out
}

func change(t *testing.T, db *sql.DB, statement string, args ...any) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), statement, args...)
	require.NoError(t, err)
}

// within wants the code of a query to become what is wanted in time.
func within(t *testing.T, limit time.Duration, code string, c *client, query string, v vars) {
	t.Helper()
	require.Eventually(t, func() bool { return codeOf(c.Answer(query, v)) == code }, limit, 10*time.Millisecond,
		"%s is not answered with %q within %s", query, code, limit)
}

func codeOf(answer gjson.Result) string { return answer.Get("errors.0.extensions.code").String() }

// token makes an API token of c's with these fields more, and returns who has it.
func token(c *client, fields string) *client {
	c.T.Helper()
	made := c.Must(`mutation { createApiToken(input: {name: "t"`+fields+`}) { secret token { id } } }`, nil).Get("createApiToken")
	return &client{T: c.T, URL: c.URL, HTTP: &http.Client{}, Token: made.Get("secret").String(), ID: made.Get("token.id").String()}
}
