// Package money_test tries, from outside, to get more out of the pool than was put in: by keys that are not what they are
// said to be, by races, by repetition, by odd numbers and by leaving early.
package money_test

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/programtest"
)

// The names of what nearly every line here speaks of.
type (
	program    = programtest.Program
	client     = programtest.Client
	graphError = programtest.GraphError
	vars       = programtest.Vars
)

func TestMain(m *testing.M) { programtest.Main(m) }

// servers starts some on one database.
func servers(t *testing.T, n int, more ...string) (database string, all []*program) {
	t.Helper()
	database = dbtest.URL(t)
	for range n {
		all = append(all, programtest.Launch(t, programtest.Settings(t, database, more...)))
	}
	return database, all
}

// reply is an answer or the code of what refused it.
type reply struct {
	data gjson.Result
	code string
}

func try(t *testing.T, c *client, query string, v vars) reply {
	data, err := c.Do(query, v)
	if err == nil {
		return reply{data: data}
	}
	e, ok := err.(*graphError)
	if !ok {
		t.Error(err)
		return reply{code: err.Error()}
	}
	return reply{code: e.Code}
}

// tally counts the codes, "" for what went well.
func tally(replies []reply) map[string]int {
	codes := map[string]int{}
	for _, r := range replies {
		codes[r.code]++
	}
	return codes
}

func readAll(t testing.TB, r io.Reader) []byte {
	t.Helper()
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	return b
}

func headSeq(admin *client) string {
	admin.T.Helper()
	return admin.Must(`{ ledgerAudit { headSeq } }`, nil).Get("ledgerAudit.headSeq").String()
}

const (
	withdraw = `mutation($id: ID!) { withdrawResource(id: $id) { credited viewer { wallet { available } } } }`
	wallet   = `{ viewer { wallet { available held owed vesting } pool { resourcesContributed creditsIssued } } }`
)
