package postgres_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/postgres"
)

// folderVariable makes the test's own program a keeper of the cluster in that folder, to be killed.
const folderVariable = "POSTGRES_TEST_FOLDER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(folderVariable); dir != "" {
		os.Exit(keep(dir))
	}
	os.Exit(m.Run())
}

// keep runs the cluster until it is told to stop, and prints its address.
func keep(dir string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	c, err := postgres.Start(ctx, dir, slog.New(slog.DiscardHandler))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(c.OwnerURL())
	<-ctx.Done()
	if err := c.Stop(); err != nil {
		return 1
	}
	return 0
}

func start(t *testing.T, dir string) *postgres.Cluster {
	t.Helper()
	c, err := postgres.Start(t.Context(), dir, slog.New(slog.DiscardHandler), postgres.Throwaway())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Stop() })
	return c
}

func open(t *testing.T, address string) *sql.DB {
	t.Helper()
	db, err := database.Open(address, 2)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// closedFolder is one that no other account gets to: as root, below a folder that only root may enter.
func closedFolder(t *testing.T) string {
	t.Helper()
	parent := t.TempDir()
	require.NoError(t, os.Chmod(parent, 0o700))
	return filepath.Join(parent, strings.Repeat("a-long-name-", 12), "postgres")
}

func TestCluster(t *testing.T) {
	t.Run("keeps its data between runs, wherever its folder is", func(t *testing.T) {
		dir := closedFolder(t)
		c := start(t, dir)
		db := open(t, c.OwnerURL())
		_, err := db.ExecContext(t.Context(), "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
		require.NoError(t, err)
		require.NoError(t, db.Close())
		require.NoError(t, c.Stop())
		<-c.Exited()

		var n int
		require.NoError(t, open(t, start(t, dir).OwnerURL()).QueryRowContext(t.Context(), "SELECT n FROM kept").Scan(&n))
		require.Equal(t, 7, n)
	})
	t.Run("half an initdb is begun again", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "data.new", "base"), 0o700))
		start(t, dir)
	})
}

func TestPrivacy(t *testing.T) {
	dir := t.TempDir()
	c, err := postgres.Start(t.Context(), dir, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Stop() })
	setting := func(t *testing.T, name string) (value string) {
		t.Helper()
		require.NoError(t, open(t, c.URL()).QueryRowContext(t.Context(), "SELECT current_setting($1)", name).Scan(&value))
		return value
	}

	t.Run("its own role is no superuser", func(t *testing.T) {
		require.Equal(t, "off", setting(t, "is_superuser"))
	})
	t.Run("listens on no port, and nobody else may enter the folder of its socket", func(t *testing.T) {
		require.Empty(t, setting(t, "listen_addresses"))
		u, err := url.Parse(c.URL())
		require.NoError(t, err)
		st, err := os.Stat(u.Query().Get("host"))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o700), st.Mode().Perm())
	})
	t.Run("a second program on the folder is refused", func(t *testing.T) {
		_, err := postgres.Start(t.Context(), dir, slog.New(slog.DiscardHandler))
		require.ErrorIs(t, err, postgres.ErrInUse)
		require.ErrorContains(t, err, fmt.Sprint(os.Getpid()))
	})
	t.Run("commits are durable", func(t *testing.T) {
		require.Equal(t, []string{"on", "on"}, []string{setting(t, "fsync"), setting(t, "synchronous_commit")})
	})
	t.Run("text sorts by code point, and case is known beyond ASCII", func(t *testing.T) {
		var ok bool
		require.NoError(t, open(t, c.URL()).QueryRowContext(t.Context(), "SELECT lower('É') = 'é' AND 'Z' < 'a'").Scan(&ok))
		require.True(t, ok)
	})
}

func TestNoBinaries(t *testing.T) {
	t.Run("the package to install is named", func(t *testing.T) {
		t.Setenv("PG_BIN", t.TempDir())
		_, err := postgres.Start(t.Context(), t.TempDir(), slog.New(slog.DiscardHandler))
		require.ErrorIs(t, err, postgres.ErrNoBinaries)
		require.ErrorContains(t, err, "apt-get install postgresql")
	})
	t.Run("data of another major version is not touched", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "data"), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("9\n"), 0o600))
		_, err := postgres.Start(t.Context(), dir, slog.New(slog.DiscardHandler))
		require.ErrorIs(t, err, postgres.ErrNoBinaries)
		require.ErrorContains(t, err, "is of Postgres 9")
	})
}

// keeper is a program that was started on the folder.
func keeper(t *testing.T, dir string) (cmd *exec.Cmd, address string) {
	t.Helper()
	cmd = exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), folderVariable+"="+dir)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	return cmd, strings.TrimSpace(line)
}

func postmaster(t *testing.T, address string) (pid int) {
	t.Helper()
	// The parent of a session's process.
	require.NoError(t, open(t, address).QueryRowContext(t.Context(), "SELECT pg_backend_pid()").Scan(&pid))
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(t, err)
	var state string
	_, after, _ := strings.Cut(string(raw), ") ")
	_, err = fmt.Sscan(after, &state, &pid)
	require.NoError(t, err)
	return pid
}

// running tells a process from one that ended and was not collected yet.
func running(pid int) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(raw), ") Z ")
}

func insertSeven(t *testing.T, address string) {
	t.Helper()
	_, err := open(t, address).ExecContext(t.Context(), "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
	require.NoError(t, err)
}

func requireSeven(t *testing.T, address string) {
	t.Helper()
	var n int
	require.NoError(t, open(t, address).QueryRowContext(t.Context(), "SELECT n FROM kept").Scan(&n))
	require.Equal(t, 7, n)
}

// startInTime starts the cluster of a killed program.
func startInTime(t *testing.T, dir string) *postgres.Cluster {
	t.Helper()
	began := clock.System.Now()
	c := start(t, dir)
	require.Less(t, clock.System.Now().Sub(began), 10*time.Second)
	return c
}

func TestKilledProgram(t *testing.T) {
	t.Run("its Postgres is taken over, and then stops with the new one", func(t *testing.T) {
		dir := closedFolder(t)
		program, address := keeper(t, dir)
		insertSeven(t, address)
		before := postmaster(t, address)
		require.NoError(t, program.Process.Kill())
		_ = program.Wait()

		c := startInTime(t, dir)
		require.Equal(t, before, postmaster(t, c.URL()))
		requireSeven(t, c.OwnerURL())
		require.NoError(t, c.Stop())
		require.False(t, running(before))
	})
	t.Run("one that dies together with its Postgres is recovered from", func(t *testing.T) {
		dir := t.TempDir()
		program, address := keeper(t, dir)
		insertSeven(t, address)
		pid := postmaster(t, address)
		require.NoError(t, program.Process.Kill())
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		_ = program.Wait()

		requireSeven(t, startInTime(t, dir).OwnerURL())
	})
	t.Run("a Postgres whose socket was swept away is replaced", func(t *testing.T) {
		dir := t.TempDir()
		program, address := keeper(t, dir)
		insertSeven(t, address)
		before := postmaster(t, address)
		require.NoError(t, program.Process.Kill())
		_ = program.Wait()
		u, err := url.Parse(address)
		require.NoError(t, err)
		require.NoError(t, os.RemoveAll(u.Query().Get("host")))

		c := startInTime(t, dir)
		require.NotEqual(t, before, postmaster(t, c.URL()))
		requireSeven(t, c.OwnerURL())
	})
}

func TestStoppedProgram(t *testing.T) {
	program, address := keeper(t, t.TempDir())
	pid := postmaster(t, address)

	// Else Ctrl-C in the terminal would reach Postgres before the program has drained.
	theirs, err := syscall.Getpgid(pid)
	require.NoError(t, err)
	ours, err := syscall.Getpgid(program.Process.Pid)
	require.NoError(t, err)
	require.NotEqual(t, ours, theirs)

	require.NoError(t, program.Process.Signal(syscall.SIGTERM))
	require.NoError(t, program.Wait())
	require.False(t, running(pid), "Postgres outlived the program that stopped")
}
