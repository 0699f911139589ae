package sandbox_test

import (
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/sandbox"
)

func TestOptionsAreThoseOfACommand(t *testing.T) {
	var cli struct {
		Sandbox sandbox.Options `cmd:""`
	}
	p, err := kong.New(&cli)
	require.NoError(t, err)
	_, err = p.Parse([]string{"sandbox", "--keys", "sk-a=1000,sk-b=0.5", "--per-token=2ms"})
	require.NoError(t, err)
	require.Equal(t, sandbox.Options{Listen: "127.0.0.1:8090", PerToken: 2 * time.Millisecond, Keys: "sk-a=1000,sk-b=0.5"}, cli.Sandbox)
	s, err := sandbox.New(cli.Sandbox)
	require.NoError(t, err)
	require.Len(t, s.AllKeys(), 2)
}
