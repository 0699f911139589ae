package programtest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dbtest"
)

// What the admin of every server signs in with.
const (
	AdminEmail    = "admin@example.org"
	AdminPassword = "correct horse battery"
)

// Output collects what a program writes.
type Output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// Program is a started server.
type Program struct {
	T       testing.TB // whose failure a failed method is
	URL     string
	DataDir string
	Env     []string
	Cmd     *exec.Cmd // nil while it does not run
	Out     *Output
	Exited  chan error
	Ended   *os.ProcessState // of the last kill
}

// MasterKey is the one of all servers on one test's database.
var MasterKey = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))

// Settings is the environment of a server on a database, with an admin; more overrides. The server runs under a role that
// owns nothing.
func Settings(t testing.TB, database string, more ...string) []string {
	t.Helper()
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "POOL_MASTER_KEY=" + MasterKey,
		"MIGRATE_DATABASE_URL=" + database, "DATABASE_URL=" + dbtest.App(t, database),
		"POOL_DATA_DIR=" + t.TempDir(), "POOL_ADMIN_EMAIL=" + AdminEmail, "POOL_ADMIN_PASSWORD=" + AdminPassword,
		"POOL_LISTEN=" + FreeAddress(t), "POOL_SIGNUPS_PER_HOUR=0", "POOL_RATE_LIMIT_RPM=0", "POOL_QUERY_COST_PER_MINUTE=0",
	}
	return append(env, more...)
}

// port is the last one that freeAddress has given out.
var port atomic.Int64

func init() { port.Store(rand.Int64N(17_000)) }

// FreeAddress returns an address that nobody has. It is below the ports of outgoing connections, which would take that of
// a server while it is down.
func FreeAddress(t testing.TB) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 15_000+port.Add(1)%17_000))
		if err == nil {
			defer func() { _ = l.Close() }()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}

// Serve starts a server on a fresh database and waits until it is ready.
func Serve(t testing.TB, more ...string) *Program {
	t.Helper()
	return Launch(t, Settings(t, dbtest.URL(t), more...))
}

// Launch starts a server with this environment and waits until it is ready.
func Launch(t testing.TB, env []string) *Program {
	t.Helper()
	p := &Program{T: t, Env: env, URL: "http://" + Variable(env, "POOL_LISTEN"), DataDir: Variable(env, "POOL_DATA_DIR")}
	p.Start()
	t.Cleanup(func() {
		p.Kill(syscall.SIGTERM)
		if t.Failed() {
			t.Logf("the program wrote:\n%s", p.Out)
		}
	})
	return p
}

// Variable is the value of an environment's variable.
func Variable(env []string, name string) (value string) {
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			value = v
		}
	}
	return value
}

// Start starts it, again after a Kill, and waits until it is ready.
func (p *Program) Start() {
	p.T.Helper()
	p.Out, p.Exited = &Output{}, make(chan error, 1)
	p.Cmd = exec.Command(Binary(), "serve")
	p.Cmd.Env, p.Cmd.Stdout, p.Cmd.Stderr = p.Env, p.Out, p.Out
	require.NoError(p.T, p.Cmd.Start())
	exited := p.Exited
	cmd := p.Cmd
	go func() { exited <- cmd.Wait() }()
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		select {
		case err := <-p.Exited:
			p.T.Fatalf("the program ended before it was ready: %v\n%s", err, p.Out)
		case <-time.After(20 * time.Millisecond):
		}
		if r, err := http.Get(p.URL + "/readyz"); err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return
			}
		}
	}
	p.T.Fatalf("the program is not ready after 30 s:\n%s", p.Out)
}

// Kill sends a signal and waits for the end.
func (p *Program) Kill(s syscall.Signal) {
	if p.Cmd == nil {
		return
	}
	_ = p.Cmd.Process.Signal(s)
	select {
	case <-p.Exited:
	case <-time.After(30 * time.Second):
		_ = p.Cmd.Process.Kill()
		p.T.Errorf("the program did not end after %v", s)
		<-p.Exited
	}
	p.Ended = p.Cmd.ProcessState
	p.Cmd = nil
}

// Command runs another command of the program with the same environment.
func (p *Program) Command(args ...string) (string, error) {
	p.T.Helper()
	return Run(p.Env, args...)
}

// Run runs a command of the program in an environment.
func Run(env []string, args ...string) (string, error) {
	cmd := exec.Command(Binary(), args...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Verified runs verify-ledger and wants it clean.
func (p *Program) Verified() {
	p.T.Helper()
	out, err := p.Command("verify-ledger")
	require.NoError(p.T, err, out)
}

func readAll(t testing.TB, r io.Reader) []byte {
	t.Helper()
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	return b
}

// FailsToStart runs serve, which must end by itself, and returns what it wrote.
func FailsToStart(t testing.TB, env []string) string {
	t.Helper()
	cmd := exec.Command(Binary(), "serve")
	cmd.Env = env
	out := &Output{}
	cmd.Stdout, cmd.Stderr = out, out
	require.NoError(t, cmd.Start())
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		require.Error(t, err, out.String())
	case <-time.After(20 * time.Second):
		_ = cmd.Process.Kill()
		t.Fatalf("the program started:\n%s", out)
	}
	return out.String()
}
