package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrInUse says that another running program has the folder.
var ErrInUse = errors.New("postgres: the data folder is used by another running program")

// unreachable is after how many pauses a postmaster without a socket is given up.
const unreachable = 50

// acquire locks dir for this program. The kernel lets go of the lock when the program ends, however it ends.
func acquire(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := io.ReadAll(io.LimitReader(f, 32)) // only for the message
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: %s, process %s", ErrInUse, dir, strings.TrimSpace(string(holder)))
		}
		return nil, fmt.Errorf("postgres: lock %s: %w", dir, err)
	}
	if err := errors.Join(f.Truncate(0), write(f, strconv.Itoa(os.Getpid()))); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return f, nil
}

func write(f *os.File, s string) error {
	_, err := f.WriteAt([]byte(s+"\n"), 0)
	return err
}

// adopt takes over the postmaster that a killed program left, and reports whether there was one. One that is on its way
// down is waited for.
func (c *Cluster) adopt(ctx context.Context) (bool, error) {
	for tries := 0; ; tries++ {
		pid, sockets, err := c.postmaster()
		if err != nil || pid == 0 {
			return false, err
		}
		if !isPostgres(pid) {
			// Its number may be another process's by now, which would keep Postgres from starting.
			_ = os.Remove(c.pidFile())
			if strings.HasPrefix(filepath.Base(sockets), "resourcepool-") {
				_ = os.RemoveAll(sockets)
			}
			return false, nil
		}
		c.pid, c.sockets = pid, sockets
		if err = c.ping(ctx); err == nil {
			c.log.InfoContext(ctx, "private Postgres taken over", "pid", pid)
			go c.watch()
			return true, nil
		}
		if tries == unreachable && errors.Is(err, os.ErrNotExist) {
			// Its socket is gone, swept out with old temporary files perhaps: nobody can use it any more.
			_ = syscall.Kill(pid, syscall.SIGINT)
		}
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("postgres: process %d of an earlier run neither answers nor ends; stop it with kill -INT %d: %w", pid, pid, err)
		case <-time.After(pause):
		}
	}
}

// watch closes exited when an adopted postmaster, which is no child of ours, has ended.
func (c *Cluster) watch() {
	for isPostgres(c.pid) {
		time.Sleep(pause)
	}
	close(c.exited)
}

func (c *Cluster) pidFile() string { return filepath.Join(c.data(), "postmaster.pid") }

// postmaster reads who runs the cluster, and where its sockets are; 0 where nobody does.
func (c *Cluster) postmaster() (pid int, sockets string, err error) {
	raw, err := os.ReadFile(c.pidFile())
	if errors.Is(err, os.ErrNotExist) {
		return 0, "", nil
	}
	if err != nil {
		return 0, "", fmt.Errorf("postgres: %w", err)
	}
	lines := strings.Split(string(raw), "\n")
	pid, err = strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || pid <= 1 {
		return 0, "", fmt.Errorf("postgres: %s is damaged; remove it if no Postgres runs there", c.pidFile())
	}
	if len(lines) > 4 {
		sockets = lines[4]
	}
	return pid, sockets, nil
}

// isPostgres reports whether the process runs and, as far as the system tells, is a Postgres.
func isPostgres(pid int) bool {
	if err := syscall.Kill(pid, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return false
	}
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		_, noProc := os.Stat("/proc/self")
		return noProc != nil
	}
	// "123 (postgres) S …"; a zombie does not run any more.
	return strings.Contains(string(raw), "(postgres)") && !strings.Contains(string(raw), ") Z ")
}

// Running returns the address of the database that another program of ours runs in dir, for going beside it.
func Running(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("postgres: %w", err)
	}
	c := &Cluster{dir: dir}
	pid, sockets, err := c.postmaster()
	if err != nil {
		return "", err
	}
	if pid == 0 || sockets == "" {
		return "", fmt.Errorf("postgres: nothing runs in %s yet", dir)
	}
	c.sockets = sockets
	return c.URL(), nil
}
