package http

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/programtest"
)

// What is remembered of one person is nothing to another who asks the same, right after or at the same time.
func TestRow53_CachesAcrossPeopleAndDebugPorts(t *testing.T) {
	t.Parallel()
	p := pool.For(t)
	people := []*client{p.Person("row53a"), p.Person("row53b")}
	const mine = `{ viewer { id email wallet { id } apiTokens { id } } }`
	for i, c := range people {
		for range i + 1 {
			c.APIToken()
		}
	}
	sees := func(c *client, tokens int64) {
		got := c.Must(mine, nil)
		require.Equal(t, c.ID, got.Get("viewer.id").String())
		require.Equal(t, tokens, got.Get("viewer.apiTokens.#").Int())
	}
	for range 3 {
		for i, c := range people {
			sees(c, int64(i)+1)
		}
	}
	for i, id := range programtest.Together(200, func(i int) string {
		data, err := people[i%2].Do(mine, nil)
		if err != nil {
			return err.Error()
		}
		return data.Get("viewer.id").String()
	}) {
		require.Equal(t, people[i%2].ID, id)
	}
	require.Equal(t, "null", p.Anonymous().Must(mine, nil).Get("viewer").Raw)

	// By id, after its owner has loaded it, and within one document beside what is one's own.
	a, b := people[0], people[1]
	token := a.Must(mine, nil).Get("viewer.apiTokens.0.id").String()
	node := `query($id: ID!) { viewer { id } node(id: $id) { id } }`
	require.Equal(t, token, a.Must(node, vars{"id": token}).Get("node.id").String())
	require.Equal(t, "null", b.Must(node, vars{"id": token}).Get("node").Raw)
	require.Equal(t, "null", b.Must(node, vars{"id": a.ID}).Get("node").Raw)

	for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/vars", "/metrics", "/playground", "/graphql/playground", "/console"} {
		status, _ := request(t, p, http.MethodGet, path, "")
		require.Equal(t, http.StatusNotFound, status, path)
	}
}
