package acceptance

import (
	"encoding/base64"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dbtest"
)

// failsToStart runs serve, which must end by itself, and returns what it wrote.
func failsToStart(t *testing.T, env []string) string {
	t.Helper()
	cmd := exec.Command(binary, "serve")
	cmd.Env = env
	out := &output{}
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

func TestABadStartNamesItsCause(t *testing.T) {
	database := dbtest.URL(t)
	good := launch(t, settings(t, database))
	other := base64.StdEncoding.EncodeToString([]byte("another key of thirty-two bytes!"))
	for name, c := range map[string]struct {
		env  []string
		says []string
	}{
		"WrongMasterKey": {settings(t, database, "POOL_MASTER_KEY="+other), []string{"POOL_MASTER_KEY"}},
		"BadSetting":     {settings(t, database, "POOL_DEPOSIT_FEE=lots"), []string{"POOL_DEPOSIT_FEE"}},
		"UsedPort":       {settings(t, database, "POOL_LISTEN="+variable(good.env, "POOL_LISTEN")), []string{"POOL_LISTEN", variable(good.env, "POOL_LISTEN")}},
		"NoDatabase":     {settings(t, "postgres://nobody@127.0.0.1:1/none?sslmode=disable"), []string{"DATABASE_URL"}},
		"NoBinaries": {[]string{"PATH=/nonexistent", "HOME=" + t.TempDir(), "PG_BIN=" + t.TempDir(), "POOL_DATA_DIR=" + t.TempDir(), "POOL_LISTEN=" + freeAddress(t)},
			[]string{"postgresql"}},
	} {
		t.Run(name, func(t *testing.T) {
			out := failsToStart(t, c.env)
			for _, text := range c.says {
				require.Contains(t, out, text)
			}
			require.NotContains(t, out, other)
			require.NotContains(t, out, "goroutine ")
		})
	}
}

func TestThePrivatePostgresKeepsItsDataAndStopsWithTheProgram(t *testing.T) {
	dir := t.TempDir()
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "POOL_DATA_DIR=" + dir, "POOL_LISTEN=" + freeAddress(t),
		"POOL_ADMIN_EMAIL=" + adminEmail, "POOL_ADMIN_PASSWORD=" + adminPassword,
	}
	p := launch(t, env)
	tom := p.person("tom")
	p.kill(syscall.SIGTERM)
	require.NotContains(t, processes(t), dir)
	p.start()
	require.Equal(t, tom.id, tom.must(`{ viewer { id } }`, nil).Get("viewer.id").String())

	p.kill(syscall.SIGKILL)
	began := time.Now()
	p.start()
	require.Less(t, time.Since(began), 10*time.Second)
	require.Equal(t, tom.id, tom.must(`{ viewer { id } }`, nil).Get("viewer.id").String())
	p.verified()
}

func TestAPrivatePostgresThatDiesEndsTheProgramAndKeepsItsBooks(t *testing.T) {
	p := launch(t, []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "POOL_DATA_DIR=" + t.TempDir(), "POOL_LISTEN=" + freeAddress(t),
		"POOL_ADMIN_EMAIL=" + adminEmail, "POOL_ADMIN_PASSWORD=" + adminPassword,
	})
	admin, tom := p.admin(), p.person("tom")
	admin.grant(tom, "7")
	raw, err := os.ReadFile(p.dataDir + "/postgres/data/postmaster.pid")
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.SplitN(string(raw), "\n", 2)[0])
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	select {
	case err := <-p.exited:
		require.Error(t, err)
		require.Contains(t, p.out.String(), "private Postgres ended")
	case <-time.After(40 * time.Second):
		t.Fatalf("the program goes on without its Postgres:\n%s", p.out)
	}
	p.start()
	require.Equal(t, "7", tom.available())
	p.verified()
}

func processes(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("ps", "axww", "-o", "args").Output()
	require.NoError(t, err)
	return string(out)
}

func TestTheFirstPageSaysWhatRunsHere(t *testing.T) {
	p := serve(t)
	for path, want := range map[string]string{"/": "Resource Pool", "/healthz": "", "/readyz": "", "/graphiql": ""} {
		r, err := http.Get(p.url + path)
		require.NoError(t, err)
		body := string(readAll(t, r.Body))
		_ = r.Body.Close()
		require.Equal(t, http.StatusOK, r.StatusCode, path)
		require.Contains(t, body, want)
	}
}

func TestSIGTERMLetsOpenRequestsSettle(t *testing.T) {
	p := serve(t)
	p.kill(syscall.SIGTERM)
	_, err := net.DialTimeout("tcp", strings.TrimPrefix(p.url, "http://"), time.Second)
	require.Error(t, err)
	require.NotContains(t, p.out.String(), "panic")
}

func TestWhoAsksTooOftenIsToldToWait(t *testing.T) {
	p := serve(t, "POOL_RATE_LIMIT_RPM=5")
	c := p.anonymous()
	for range 5 {
		c.must(`{ viewer { id } }`, nil)
	}
	e := c.refused("RATE_LIMITED", `{ viewer { id } }`, nil)
	require.Positive(t, e.Extensions.Get("retryAfterSeconds").Int())
}
