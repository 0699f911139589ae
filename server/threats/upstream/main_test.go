// Package upstream tests what the addresses and the answers of providers could do to the pool.
package upstream

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/programtest"
)

// The names of what nearly every line here speaks of.
type (
	client = programtest.Client
	vars   = programtest.Vars
)

func TestMain(m *testing.M) { programtest.Main(m) }

// released wants nothing held of a consumer and of a resource.
func released(t *testing.T, tom, admin *client, resource string) {
	t.Helper()
	require.Equal(t, "0", tom.Must(programtest.Wallet, nil).Get("viewer.wallet.held").String(), "held of the consumer")
	require.Equal(t, "0", admin.Resource(resource)["reservedQuota"], "held of the resource")
}
