package acceptance

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/postgres"
	"github.com/resourcepool/resourcepool/server/programtest"
)

// ground is a Postgres of its own with durable commits, which can be killed and comes back by crash recovery.
type ground struct {
	t       *testing.T
	dir     string
	cluster *postgres.Cluster
	wires   []*wire
}

func newGround(t *testing.T, dir string) *ground {
	g := &ground{t: t, dir: dir}
	require.NoError(t, g.start())
	t.Cleanup(func() { _ = g.cluster.Stop() })
	return g
}

func (g *ground) start() (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	g.cluster, err = postgres.Start(ctx, g.dir, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	for _, w := range g.wires {
		w.leadTo(g.t, g.cluster.URL())
	}
	return nil
}

// kill ends the postmaster and every process of it at once.
func (g *ground) kill() error {
	raw, err := os.ReadFile(filepath.Join(g.dir, "data", "postmaster.pid"))
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	postmaster, err := strconv.Atoi(first)
	if err != nil {
		return err
	}
	family := append([]int{postmaster}, childrenOf(postmaster)...)
	for _, pid := range family {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended by itself
	}
	return g.cluster.Stop() // waits, and gives the folder back
}

func childrenOf(parent int) (pids []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well-formed
	for _, name := range stats {
		raw, err := os.ReadFile(name)
		if err != nil {
			continue // it ended meanwhile
		}
		_, rest, _ := strings.Cut(string(raw), ") ") // "1 (name) S 2 …": the state, then the parent
		fields := strings.Fields(rest)
		if len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// node is one of the servers, with a wire of its own to Postgres.
type node struct {
	name string
	log  string // the file that it writes to
	wire *wire
	p    *program // its address and settings; the process is ours

	mu      sync.Mutex
	cmd     *exec.Cmd
	exited  chan error
	up      bool
	stopped bool // by SIGSTOP
}

func newNode(t *testing.T, g *ground, dir, name, providers string) *node {
	w := newWire(t, g.cluster.OwnerURL())
	g.wires = append(g.wires, w)
	app, err := url.Parse(w.url)
	require.NoError(t, err)
	server, err := url.Parse(g.cluster.URL())
	require.NoError(t, err)
	app.User = server.User
	env := programtest.Settings(t, w.url, "DATABASE_URL="+app.String(), "POOL_PROVIDER_URLS="+providers, "POOL_DATA_DIR="+filepath.Join(dir, name))
	n := &node{
		name: name, log: filepath.Join(dir, name+".log"), wire: w,
		p: &program{T: t, Env: env, URL: "http://" + programtest.Variable(env, "POOL_LISTEN")},
	}
	t.Cleanup(func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.cmd != nil {
			_ = n.cmd.Process.Kill()
			<-n.exited
		}
	})
	return n
}

// start starts the server and waits until it is ready; a start that fails, for want of the database perhaps, is repeated
// until the deadline.
func (n *node) start(within time.Duration) error {
	deadline := time.Now().Add(within)
	for {
		err := n.startOnce(deadline)
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not start: %w", n.name, err)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func (n *node) startOnce(deadline time.Time) error {
	out, err := os.OpenFile(n.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }() // the process has its own
	cmd, exited := exec.Command(programtest.Binary(), "serve"), make(chan error, 1)
	cmd.Env, cmd.Stdout, cmd.Stderr = n.p.Env, out, out
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { exited <- cmd.Wait() }()
	n.mu.Lock()
	n.cmd, n.exited = cmd, exited
	n.mu.Unlock()
	probe := &http.Client{Timeout: 2 * time.Second}
	for time.Now().Before(deadline) {
		select {
		case err := <-exited:
			exited <- err
			return fmt.Errorf("it ended before it was ready: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
		r, err := probe.Get(n.p.URL + "/readyz")
		if err != nil {
			continue
		}
		_ = r.Body.Close()
		if r.StatusCode == http.StatusOK {
			n.setUp(true)
			return nil
		}
	}
	_ = cmd.Process.Kill()
	exited <- <-exited
	return fmt.Errorf("it is not ready")
}

func (n *node) setUp(up bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.up = up
}

// free reports whether the server runs, and nothing is being done to it.
func (n *node) free() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.up && !n.stopped
}

func (n *node) frozen() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.stopped
}

func (n *node) signal(s syscall.Signal) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if s == syscall.SIGSTOP || s == syscall.SIGCONT {
		n.stopped = s == syscall.SIGSTOP
	}
	_ = n.cmd.Process.Signal(s) // it may have ended by itself
}

// end sends a signal and returns how the process ended.
func (n *node) end(s syscall.Signal, within time.Duration) error {
	n.setUp(false)
	n.signal(s)
	n.mu.Lock()
	exited := n.exited
	n.mu.Unlock()
	select {
	case err := <-exited:
		exited <- err
		return err
	case <-time.After(within):
		_ = n.cmd.Process.Signal(syscall.SIGABRT) // its goroutines are then in the log
		err := <-exited
		exited <- err
		return fmt.Errorf("%s had not ended %v after %v", n.name, within, s)
	}
}
