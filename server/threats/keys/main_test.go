// Package keys tests the threats to deposited keys: where one could be read, logged, sent or brought back.
package keys

import (
	"crypto/rand"
	"encoding/hex"
	"testing"

	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

// The names of what nearly every line here speaks of.
type (
	client = programtest.Client
	vars   = programtest.Vars
)

func TestMain(m *testing.M) { programtest.Main(m) }

// stage is a server with a provider, an admin and somebody with Credits.
type stage struct {
	*programtest.Program
	up         *upstreamtest.Upstream
	admin, tom *client
}

func begin(t *testing.T, more ...string) stage {
	t.Helper()
	up := upstreamtest.New(t)
	p := programtest.Launch(t, programtest.Settings(t, dbtest.URL(t), append([]string{"POOL_PROVIDER_URLS=" + up.ProviderURLs("openai", "custom")}, more...)...))
	s := stage{Program: p, up: up, admin: p.Admin(), tom: p.Person("tom")}
	s.admin.GPT4()
	s.admin.Grant(s.tom, "1000000")
	return s
}

// canary is a part of a key that is nowhere else.
func canary() string {
	b := make([]byte, 12)
	_, _ = rand.Read(b)
	return "CANARY" + hex.EncodeToString(b)
}

const suspended = `query($id: ID!) { node(id: $id) { ... on PoolResource { status suspendedBy } } }`
