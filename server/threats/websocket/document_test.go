package websocket

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What bounds a document bounds it on every way in.
func TestRow07_WebSocketSkipsMiddleware(t *testing.T) {
	t.Parallel()
	p := pool.For(t)
	tom := p.Person("row7")
	s := tom.Socket()
	signIns := strings.Builder{}
	for i := range 100 {
		fmt.Fprintf(&signIns, `a%d: signIn(input: {email: "row7@example.org", password: "guess"}) { viewer { id } } `, i)
	}
	for name, bomb := range map[string]string{
		"aliases":    "mutation {" + signIns.String() + "}",
		"depth":      "{ viewer {" + strings.Repeat("resources { edges { node { owner {", 5) + " id " + strings.Repeat("}", 22),
		"tokens":     "{" + strings.Repeat("__typename ", 27_000) + "}",
		"directives": "{ viewer { id " + strings.Repeat("@skip(if: false) ", 5_000) + "} }",
		"schema":     "{ __schema { types {" + strings.Repeat("ofType {", 30) + " name " + strings.Repeat("}", 33),
		"lists":      "{ viewer { resources(first: 100) { edges { node { owner { usageLogs(first: 100) { edges { node { id } } } } } } } } }",
	} {
		began := time.Now()
		s.Subscribe(bomb, nil)
		m := want(s, "error")
		require.Less(t, time.Since(began), time.Second, name)
		require.Equal(t, int64(1), m.Get("payload.#").Int(), name)
		require.Equal(t, "TOO_COMPLEX", m.Get("payload.0.extensions.code").String(), "%s: %.300s", name, m.Raw)
	}
	s.Subscribe("{ mee { id } }", nil)
	m := want(s, "error")
	require.NotContains(t, strings.ToLower(m.Raw), "did you mean")
	s.Subscribe("{ viewer { id } }", nil)
	require.Equal(t, tom.ID, want(s, "next").Get("payload.data.viewer.id").String())
}
