package acceptance

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/programtest"
)

// The names of what nearly every line here speaks of.
type (
	program    = programtest.Program
	client     = programtest.Client
	gate       = programtest.Gate
	graphError = programtest.GraphError
	vars       = programtest.Vars
)

func TestMain(m *testing.M) { programtest.Main(m) }

type reply struct {
	data gjson.Result
	err  error
}

func try(c *client, query string, v vars) reply {
	data, err := c.Do(query, v)
	return reply{data, err}
}

func readAll(t testing.TB, r io.Reader) []byte {
	t.Helper()
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	return b
}
