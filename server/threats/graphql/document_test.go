package graphql

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/programtest"
)

const signIn = `signIn(input: {email: "tom@example.org", password: %q}) { viewer { id } }`

// A hundred guesses at a password in one document would be one request to whoever counts requests.
func TestRow01_AliasBruteForce(t *testing.T) {
	t.Parallel()
	p := programtest.Serve(t, "POOL_RATE_LIMIT_RPM=30")
	p.Person("tom")
	guesser := p.Anonymous()

	_, hash := errorsOf(guesser, "mutation { "+fmt.Sprintf(signIn, "one wrong guess")+" }", 3) // each costs a hash
	for _, document := range []string{
		"mutation {" + repeat(100, "a%d: "+fmt.Sprintf(signIn, "guess")+" ") + "}",
		"mutation { " + fmt.Sprintf(signIn, "guess") + " b: " + fmt.Sprintf(signIn, "password of tom") + " }",
		"mutation { " + fmt.Sprintf(signIn, "guess") + ` reauthenticate(password: "guess") }`,
	} {
		errors, took := errorsOf(guesser, document, 5)
		refusedAs(t, "TOO_COMPLEX", errors)
		require.Less(t, took, hash, "less than one hash")
	}
	// None of the 505 was counted as a guess: of those, ten are let through.
	guesser.Must("mutation { "+fmt.Sprintf(signIn, "password of tom")+" }", nil)

	// The rate counts root fields. What was refused above ran none.
	tom := p.Anonymous()
	tom.Must("mutation { "+fmt.Sprintf(signIn, "password of tom")+" }", nil)
	for range 3 {
		tom.Must("{"+repeat(9, "a%d: viewer { id } ")+"}", nil)
	}
	tom.Refused("RATE_LIMITED", "{"+repeat(9, "a%d: viewer { id } ")+"}", nil)
}

func TestRow02_ArrayBatching(t *testing.T) {
	t.Parallel()
	p := pool.For(t)
	for _, body := range []string{
		`[{"query":"{ viewer { id } }"},{"query":"{ providers { key } } # CANARY"}]`,
		`[{"query":"{ viewer { id } } # CANARY"}]`,
		`{"query":"{ viewer { id } }"} {"query":"{ viewer { id } } # CANARY"}`,
	} {
		resp, answer := p.Call(http.MethodPost, "/graphql", body, "Content-Type", "application/json")
		require.Equal(t, http.StatusBadRequest, resp.StatusCode, answer.Raw)
		require.NotContains(t, answer.Raw, "CANARY")
		require.NotContains(t, answer.Raw, "query\":")
	}
}

// The tables that a deep document would read are locked: what touched them would wait.
func TestRow03_DepthBomb(t *testing.T) {
	t.Parallel()
	database := dbtest.URL(t)
	p := programtest.Launch(t, programtest.Settings(t, database))
	bob := p.Person("bob")
	bob.HTTP.Timeout = 5 * time.Second
	lock, err := dbtest.Open(t, database).BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = lock.ExecContext(t.Context(), "LOCK TABLE pool_resources, usage_logs IN ACCESS EXCLUSIVE MODE")
	require.NoError(t, err)

	errors, took := errorsOf(bob, "{ viewer {"+nested(20, "resources { edges { node { owner {", "id")+"} }", 5)
	refusedAs(t, "TOO_COMPLEX", errors)
	require.Less(t, took, 50*time.Millisecond)
	errors, _ = errorsOf(bob, "{ viewer {"+nested(3, "resources { edges { node { owner {", "id")+"} }", 1)
	refusedAs(t, "TOO_COMPLEX", errors) // 14 deep
	require.NoError(t, lock.Rollback())

	bob.Must("{ viewer {"+nested(2, "resources { edges { node { owner {", "id")+"} }", nil) // 10 deep
	introspection, err := os.ReadFile("../../../graph/testdata/introspection.graphql")
	require.NoError(t, err)
	require.NotEmpty(t, p.Anonymous().Must(string(introspection), nil).Get("__schema.types.#.name").Array())
}

func TestRow04_ListMultiplication(t *testing.T) {
	t.Parallel()
	p := pool.For(t)
	admin := p.Admin()
	four := "{ users(first: 100) { edges { node { usageLogs(first: 100) { edges { node { user { resources(first: 100) { edges { node { owner { apiTokens { id } } } } } } } } } } } } }"
	errors, _ := errorsOf(admin, four, 1)
	refusedAs(t, "TOO_COMPLEX", errors)
	two := "query($n: Int) { users(first: $n) { edges { node { usageLogs(last: $n) { edges { node { id } } } } } } }"
	admin.Refused("TOO_COMPLEX", two, vars{"n": 100})
	admin.Must(two, vars{"n": 10})
	for _, first := range []string{"99999999", "101", "9223372036854775808", "-1"} {
		errors, _ := errorsOf(admin, "{ users(first: "+first+") { totalCount } }", 1)
		refusedAs(t, "BAD_USER_INPUT", errors)
	}
}

func TestRow05_TokenDirectiveAndFragmentBombs(t *testing.T) {
	t.Parallel()
	p := programtest.Serve(t) // for its memory
	anyone := p.Anonymous()
	anyone.HTTP.Timeout = 5 * time.Second
	spread := "{ viewer { ...f0 } } fragment f40 on User { id }"
	for i := range 40 {
		spread += fmt.Sprintf(" fragment f%d on User { ...f%d ...f%d }", i, i+1, i+1)
	}
	for range 20 { // what the program has of its own accord, it has now
		anyone.Must("{ viewer { id } }", nil)
	}
	before, _ := p.Memory()
	p.ForgetPeak()
	for name, bomb := range map[string]struct{ document, code string }{
		"300 KB of tokens":       {"{" + strings.Repeat("__typename ", 27_000) + "}", "TOO_COMPLEX"},
		"5000 directives":        {"{ viewer { id " + strings.Repeat("@skip(if: false) ", 5_000) + "} }", "TOO_COMPLEX"},
		"51 directives":          {"{ viewer {" + strings.Repeat("id @skip(if: false) ", 51) + "} }", "TOO_COMPLEX"},
		"spreads itself":         {"{ viewer { ...f } } fragment f on User { id ...f }", "BAD_USER_INPUT"},
		"spreads itself by turn": {"{ viewer { ...f } } fragment f on User { ...g } fragment g on User { ...f }", "BAD_USER_INPUT"},
		"2⁴⁰ fields on paper":    {spread, "TOO_COMPLEX"},
	} {
		errors, took := errorsOf(anyone, bomb.document, 10)
		require.Equal(t, bomb.code, errors.Get("0.extensions.code").String(), "%s: %.300s", name, errors.Raw)
		require.Less(t, took, 100*time.Millisecond, name)
	}
	_, peak := p.Memory()
	require.Less(t, peak-before, int64(32<<20), "what 60 bombs of up to 300 KB are read into")
}

// The schema is public, so that tools can read it; reading it is bounded like all else, and a typo is not answered with
// what else there is.
func TestRow06_IntrospectionAndSuggestions(t *testing.T) {
	t.Parallel()
	p := pool.For(t)
	anyone := p.Anonymous()
	for _, bomb := range []string{
		"{ __schema { types {" + nested(30, "ofType {", "name") + "} } }",
		"{ __schema { types {" + nested(15, "fields { type {", "name") + "} } }",
		`{ __type(name: "User") {` + nested(30, "ofType {", "name") + "} }",
	} {
		errors, took := errorsOf(anyone, bomb, 3)
		refusedAs(t, "TOO_COMPLEX", errors)
		require.Less(t, took, 100*time.Millisecond)
	}
	for _, typo := range []string{
		"{ viewr { id } }", "{ mee { id } }", "{ viewer { idd } }", "{ viewer { ... on Usr { id } } }", "{ users(frist: 1) { totalCount } }",
		"{ users(filter: {status: ACTIV}) { totalCount } }", "{ users(filter: {serch: \"abc\"}) { totalCount } }",
	} {
		errors, _ := errorsOf(anyone, typo, 1)
		require.Equal(t, "BAD_USER_INPUT", errors.Get("0.extensions.code").String(), errors.Raw)
		require.NotContains(t, strings.ToLower(errors.Raw), "did you mean")
	}
}
