package acceptance

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/programtest"
)

func TestTheDemoHasPeopleKeysAndTraffic(t *testing.T) {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "POOL_DATA_DIR=" + t.TempDir(), "POOL_LISTEN=" + programtest.FreeAddress(t)}
	cmd := exec.Command(programtest.Binary(), "demo")
	out := &programtest.Output{}
	cmd.Env, cmd.Stdout, cmd.Stderr = env, out, out
	require.NoError(t, cmd.Start())
	p := &program{T: t, Env: env, URL: "http://" + programtest.Variable(env, "POOL_LISTEN"), Cmd: cmd, Out: out, Exited: make(chan error, 1)}
	go func() { p.Exited <- cmd.Wait() }()
	t.Cleanup(func() { p.Kill(syscall.SIGTERM) })
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "Ctrl-C stops it") }, 30*time.Second, 50*time.Millisecond, "%s", out)
	require.Contains(t, out.String(), p.URL+"/graphiql")

	admin := p.Anonymous()
	admin.Must(`mutation { signIn(input: {email: "admin@example.com", password: "demo-admin-password"}) { viewer { id } } }`, nil)
	keys := admin.Must(`{ resources { edges { node { backup ownerType originalQuota owner { displayName } } } } contributors { edges { node { owner { displayName } } } } }`, nil)
	require.Equal(t, int64(5), keys.Get("resources.edges.#").Int())
	require.Equal(t, "5000", keys.Get(`resources.edges.#(node.backup==true).node.originalQuota`).String())
	require.Equal(t, "Bob", keys.Get("contributors.edges.0.node.owner.displayName").String())
	require.Eventually(t, func() bool {
		return admin.Must(`{ poolOverview { requests } }`, nil).Get("poolOverview.requests").Int() >= 5
	}, 30*time.Second, 100*time.Millisecond)
	require.Equal(t, "1", admin.Must(`{ poolOverview { successRate } }`, nil).Get("poolOverview.successRate").String())
	p.Kill(syscall.SIGTERM)
	require.NotContains(t, out.String(), "sk-demo-")
	p.Verified()
}

func TestTheDemoStaysOnThisMachine(t *testing.T) {
	out, err := programtest.Run([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "POOL_DATA_DIR=" + t.TempDir(), "POOL_LISTEN=0.0.0.0:0"}, "demo")
	require.Error(t, err)
	require.Contains(t, out, "POOL_LISTEN")
}

func TestHelpIsEverywhere(t *testing.T) {
	for _, command := range []string{"", "serve", "demo", "migrate", "verify-ledger", "ledger", "ledger correct", "ledger freeze", "ledger unfreeze",
		"verify-receipt", "sandbox", "simulate", "version", "healthcheck"} {
		out, err := programtest.Run([]string{"PATH=" + os.Getenv("PATH")}, append(strings.Fields(command), "--help")...)
		require.NoError(t, err, out)
		require.Contains(t, out, strings.TrimSpace("Usage: resourcepool "+command))
	}
}

func TestHealthcheckAsksTheServerOfItsEnvironment(t *testing.T) {
	p := programtest.Serve(t, "POOL_PUBLIC_URL=https://pool.example.org")
	out, err := p.Command("healthcheck")
	require.NoError(t, err, out)
	env := p.Env
	p.Kill(syscall.SIGTERM)
	_, err = programtest.Run(env, "healthcheck")
	require.Error(t, err)
}
