// Package postgres keeps a private Postgres for a person who runs none.
//
// A cluster lives in one folder and is reached only over a Unix socket in a folder that nobody else can enter; it listens
// on no port and knows no password. One program at a time may use the folder. Postgres refuses to run as root, so a root
// program runs it under another account, wherever the folder is. It survives the program's own death by kill -9 with all
// that was committed, and the next Start takes it over instead of starting it again. Imports: database.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/resourcepool/resourcepool/server/database"
)

const (
	superuser = "postgres"
	owner     = "resourcepool"     // the database, and the role that owns it and its tables
	app       = "resourcepool_app" // the role of a server
	port      = "5432"             // names the socket, nothing listens on it

	startLimit = 30 * time.Second // recovery after a crash included
	stopLimit  = 30 * time.Second
	pause      = 20 * time.Millisecond

	logLimit = 8 << 20 // a larger log starts anew
)

// Settings of the server that suit a small machine. Commits are durable.
var parameters = map[string]string{
	"listen_addresses":        "",
	"port":                    port,
	"unix_socket_permissions": "0700",
	"max_connections":         "200",
	"shared_buffers":          buffers(),
	"max_wal_size":            "8GB", // checkpoints write each page anew into the log that changes after them
	"checkpoint_timeout":      "15min",
	"autovacuum_naptime":      "15s", // holds come and go
	"fsync":                   "on",
	"synchronous_commit":      "on",
	"jit":                     "off", // its start costs more than our queries
	"timezone":                "UTC",
	"log_timezone":            "UTC",
	"log_checkpoints":         "off",
	"log_error_verbosity":     "terse", // no row values in the log
	"log_min_error_statement": "panic", // nor statements
}

// Option changes how a cluster is run.
type Option func(*options)

type options struct {
	parameters map[string]string
	noSync     bool
}

// Throwaway is for tests: quick, for many connections, and lost in a crash.
func Throwaway() Option {
	return func(o *options) {
		o.noSync = true
		maps.Copy(o.parameters, map[string]string{
			"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "300", "max_wal_size": "1GB", "shared_buffers": "128MB",
		})
	}
}

// Cluster is a running Postgres.
type Cluster struct {
	dir     string
	sockets string
	pid     int
	lock    *os.File
	log     *slog.Logger
	exited  chan struct{} // closed when the postmaster is gone
}

// Start brings up the cluster in the folder dir, making both where they are missing, and returns when it answers. A
// cluster that a killed program left running is taken over. ErrNoBinaries and ErrInUse can be told apart.
func Start(ctx context.Context, dir string, log *slog.Logger, opts ...Option) (_ *Cluster, err error) {
	o := options{parameters: maps.Clone(parameters)}
	for _, opt := range opts {
		opt(&o)
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	lock, err := acquire(dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = lock.Close()
		}
	}()
	c := &Cluster{dir: dir, lock: lock, log: log, exited: make(chan struct{})}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	adopted, err := c.adopt(ctx)
	if err != nil {
		return nil, err
	}
	if !adopted {
		if err := c.boot(ctx, o); err != nil {
			return nil, err
		}
	}
	if err := c.provide(ctx); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// Exists reports whether dir has a cluster, running or not.
func Exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "data", "PG_VERSION"))
	return err == nil
}

// URL is the address of the program's own database, under a role that owns nothing.
func (c *Cluster) URL() string { return c.address(app, owner) }

// OwnerURL is the address of the program's own database, under the role that owns it and nothing else.
func (c *Cluster) OwnerURL() string { return c.address(owner, owner) }

// AdminURL is the address for the superuser.
func (c *Cluster) AdminURL() string { return c.address(superuser, "postgres") }

// Exited is closed when the cluster has ended, asked to or not.
func (c *Cluster) Exited() <-chan struct{} { return c.exited }

// Stop disconnects everybody, writes everything to disk and ends the cluster. It may be called again.
func (c *Cluster) Stop() error {
	defer func() { _ = c.lock.Close() }()
	// SIGINT is Postgres's fast shutdown; one that does not come to an end is cut off, which the next start recovers from.
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT} {
		if err := syscall.Kill(c.pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("postgres: stop: %w", err)
		}
		select {
		case <-c.exited:
			_ = os.RemoveAll(c.sockets) // empty but for what a crash left
			return nil
		case <-time.After(stopLimit):
		}
	}
	return fmt.Errorf("postgres: process %d does not stop", c.pid)
}

func (c *Cluster) address(user, db string) string {
	u := url.URL{Scheme: "postgres", User: url.User(user), Path: "/" + db,
		RawQuery: url.Values{"host": {c.sockets}, "port": {port}, "sslmode": {"disable"}}.Encode()}
	return u.String()
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

// boot makes the cluster where there is none and starts its postmaster.
func (c *Cluster) boot(ctx context.Context, o options) error {
	who, err := accountFor(c.data())
	if err != nil {
		return err
	}
	bin, err := findBinaries(c.data())
	if err != nil {
		return err
	}
	if err := c.initialise(ctx, bin, who, o); err != nil {
		return err
	}
	for {
		err := c.launch(ctx, bin, who, o)
		// The last sessions of a postmaster that was killed end on their own, a moment after it.
		if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "is still in use") {
			return err
		}
		time.Sleep(10 * pause)
	}
}

// initialise runs initdb in a folder beside the final one, so that a cluster is there as a whole or not at all.
func (c *Cluster) initialise(ctx context.Context, bin string, who account, o options) error {
	if _, err := os.Stat(c.data()); err == nil {
		return nil
	}
	fresh := c.data() + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	if err := who.own(fresh); err != nil {
		return err
	}
	args := []string{"--username=" + superuser, "--encoding=UTF8", "--locale=C.UTF-8", "--auth-local=trust", "--auth-host=reject"}
	if o.noSync {
		args = append(args, "--no-sync")
	}
	cmd, release, err := who.command(ctx, filepath.Join(bin, "initdb"), fresh, args...)
	if err != nil {
		return err
	}
	defer release()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("postgres: initdb: %w: %s", err, lastLines(string(out)))
	}
	if err := os.Rename(fresh, c.data()); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	c.log.InfoContext(ctx, "private Postgres made", "dir", c.dir)
	return nil
}

// launch starts the postmaster and returns when it answers.
func (c *Cluster) launch(ctx context.Context, bin string, who account, o options) (err error) {
	sockets, err := socketFolder(who)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(sockets)
		}
	}()
	out, err := c.openLog()
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }() // the child has its own
	before, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	args := []string{"-c", "unix_socket_directories=" + sockets}
	for _, name := range slices.Sorted(maps.Keys(o.parameters)) {
		args = append(args, "-c", name+"="+o.parameters[name])
	}
	// It must outlive ctx, and be stopped only by Stop.
	cmd, release, err := who.command(context.WithoutCancel(ctx), filepath.Join(bin, "postgres"), c.data(), args...)
	if err != nil {
		return err
	}
	defer release()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("postgres: start %s: %w", cmd.Path, err)
	}
	c.sockets, c.pid, c.exited = sockets, cmd.Process.Pid, make(chan struct{})
	go func() {
		_ = cmd.Wait() // its reason is in the log
		close(c.exited)
	}()
	if err := c.awaitAnswer(ctx); err != nil {
		_ = syscall.Kill(c.pid, syscall.SIGQUIT)
		<-c.exited
		return fmt.Errorf("%w: %s", err, c.logged(before))
	}
	return nil
}

// awaitAnswer returns nil as soon as the superuser can sign in.
func (c *Cluster) awaitAnswer(ctx context.Context) error {
	for {
		err := c.ping(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-c.exited:
			return errors.New("postgres: it ended while starting")
		case <-ctx.Done():
			return fmt.Errorf("postgres: it does not answer: %w", err)
		case <-time.After(pause):
		}
	}
}

func (c *Cluster) ping(ctx context.Context) error {
	db, err := database.Open(c.AdminURL(), 1)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return db.PingContext(ctx)
}

// provide makes the program's roles and database where they are missing.
func (c *Cluster) provide(ctx context.Context) error {
	db, err := database.Open(c.AdminURL(), 1)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	const noRole = `SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`
	for _, step := range []struct{ missing, name, make string }{
		{noRole, owner, `CREATE ROLE ` + owner + ` LOGIN`},
		{noRole, app, `CREATE ROLE ` + app + ` LOGIN`},
		{`SELECT NOT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, owner, `CREATE DATABASE ` + owner + ` OWNER ` + owner},
	} {
		var missing bool
		if err := db.QueryRowContext(ctx, step.missing, step.name).Scan(&missing); err != nil {
			return fmt.Errorf("postgres: %w", err)
		}
		if !missing {
			continue
		}
		if _, err := db.ExecContext(ctx, step.make); err != nil {
			return fmt.Errorf("postgres: %w", err)
		}
	}
	return nil
}

// socketFolder makes a folder that only the account (and root) can enter. It is not below the data, whose path may be too
// long for a socket or closed to the account.
func socketFolder(who account) (string, error) {
	parent := os.TempDir()
	if len(parent) > 60 { // a socket's whole path has at most 107 bytes
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "resourcepool-")
	if err != nil {
		return "", fmt.Errorf("postgres: %w", err)
	}
	return dir, who.own(dir)
}

func (c *Cluster) openLog() (*os.File, error) {
	name := filepath.Join(c.dir, "postgres.log")
	flags := os.O_CREATE | os.O_WRONLY | os.O_APPEND
	if st, err := os.Stat(name); err == nil && st.Size() > logLimit {
		flags |= os.O_TRUNC
	}
	f, err := os.OpenFile(name, flags, 0o600)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return f, nil
}

// logged returns the end of what the server has logged since the log was n bytes long.
func (c *Cluster) logged(n int64) string {
	raw, err := os.ReadFile(filepath.Join(c.dir, "postgres.log"))
	if err != nil || int64(len(raw)) < n {
		return "see " + filepath.Join(c.dir, "postgres.log")
	}
	return lastLines(string(raw[n:]))
}

func lastLines(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-4):], "; ")
}
