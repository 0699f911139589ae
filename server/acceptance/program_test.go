package acceptance

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
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dbtest"
)

const (
	adminEmail    = "admin@example.org"
	adminPassword = "correct horse battery"
)

var binary string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "resourcepool-acceptance")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "resourcepool")
	build := exec.Command("go", "build", "-o", binary, "../../server")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build the program:", err)
		return 1
	}
	return m.Run()
}

// output collects what a program writes.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// program is a started server.
type program struct {
	t       testing.TB
	url     string
	dataDir string
	env     []string
	cmd     *exec.Cmd
	out     *output
	exited  chan error
	ended   *os.ProcessState // of the last kill
}

// masterKey is the one of all servers on one test's database.
var masterKey = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))

// settings is the environment of a server on a database, with an admin; more overrides. The server runs under a role that
// owns nothing.
func settings(t testing.TB, database string, more ...string) []string {
	t.Helper()
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "POOL_MASTER_KEY=" + masterKey,
		"MIGRATE_DATABASE_URL=" + database, "DATABASE_URL=" + dbtest.App(t, database),
		"POOL_DATA_DIR=" + t.TempDir(), "POOL_ADMIN_EMAIL=" + adminEmail, "POOL_ADMIN_PASSWORD=" + adminPassword,
		"POOL_LISTEN=" + freeAddress(t), "POOL_SIGNUPS_PER_HOUR=0", "POOL_RATE_LIMIT_RPM=0",
	}
	return append(env, more...)
}

// port is the last one that freeAddress has given out.
var port atomic.Int64

func init() { port.Store(rand.Int64N(17_000)) }

// freeAddress returns an address that nobody has. It is below the ports of outgoing connections, which would take that of
// a server while it is down.
func freeAddress(t testing.TB) string {
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

// serve starts a server on a fresh database and waits until it is ready.
func serve(t testing.TB, more ...string) *program {
	t.Helper()
	return launch(t, settings(t, dbtest.URL(t), more...))
}

// launch starts a server with this environment and waits until it is ready.
func launch(t testing.TB, env []string) *program {
	t.Helper()
	p := &program{t: t, env: env, url: "http://" + variable(env, "POOL_LISTEN"), dataDir: variable(env, "POOL_DATA_DIR")}
	p.start()
	t.Cleanup(func() {
		p.kill(syscall.SIGTERM)
		if t.Failed() {
			t.Logf("the program wrote:\n%s", p.out)
		}
	})
	return p
}

func variable(env []string, name string) (value string) {
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			value = v
		}
	}
	return value
}

func (p *program) start() {
	p.t.Helper()
	p.out, p.exited = &output{}, make(chan error, 1)
	p.cmd = exec.Command(binary, "serve")
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = p.env, p.out, p.out
	require.NoError(p.t, p.cmd.Start())
	exited := p.exited
	cmd := p.cmd
	go func() { exited <- cmd.Wait() }()
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		select {
		case err := <-p.exited:
			p.t.Fatalf("the program ended before it was ready: %v\n%s", err, p.out)
		case <-time.After(20 * time.Millisecond):
		}
		if r, err := http.Get(p.url + "/readyz"); err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return
			}
		}
	}
	p.t.Fatalf("the program is not ready after 30 s:\n%s", p.out)
}

// kill sends a signal and waits for the end.
func (p *program) kill(s syscall.Signal) {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(s)
	select {
	case <-p.exited:
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		p.t.Errorf("the program did not end after %v", s)
		<-p.exited
	}
	p.ended = p.cmd.ProcessState
	p.cmd = nil
}

// command runs another command of the program with the same environment.
func (p *program) command(args ...string) (string, error) {
	p.t.Helper()
	return runCommand(p.env, args...)
}

func runCommand(env []string, args ...string) (string, error) {
	cmd := exec.Command(binary, args...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// verified runs verify-ledger and wants it clean.
func (p *program) verified() {
	p.t.Helper()
	out, err := p.command("verify-ledger")
	require.NoError(p.t, err, out)
}

func readAll(t testing.TB, r io.Reader) []byte {
	t.Helper()
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	return b
}
