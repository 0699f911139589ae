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
	"github.com/resourcepool/resourcepool/server/programtest"
)

func TestABadStartNamesItsCause(t *testing.T) {
	database := dbtest.URL(t)
	good := programtest.Launch(t, programtest.Settings(t, database))
	other := base64.StdEncoding.EncodeToString([]byte("another key of thirty-two bytes!"))
	for name, c := range map[string]struct {
		env  []string
		says []string
	}{
		"WrongMasterKey": {programtest.Settings(t, database, "POOL_MASTER_KEY="+other), []string{"POOL_MASTER_KEY"}},
		"BadSetting":     {programtest.Settings(t, database, "POOL_DEPOSIT_FEE=lots"), []string{"POOL_DEPOSIT_FEE"}},
		"UsedPort":       {programtest.Settings(t, database, "POOL_LISTEN="+programtest.Variable(good.Env, "POOL_LISTEN")), []string{"POOL_LISTEN", programtest.Variable(good.Env, "POOL_LISTEN")}},
		"NoDatabase":     {programtest.Settings(t, "postgres://nobody@127.0.0.1:1/none?sslmode=disable"), []string{"DATABASE_URL"}},
		"NoBinaries": {[]string{"PATH=/nonexistent", "HOME=" + t.TempDir(), "PG_BIN=" + t.TempDir(), "POOL_DATA_DIR=" + t.TempDir(), "POOL_LISTEN=" + programtest.FreeAddress(t)},
			[]string{"postgresql"}},
	} {
		t.Run(name, func(t *testing.T) {
			out := programtest.FailsToStart(t, c.env)
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
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "POOL_DATA_DIR=" + dir, "POOL_LISTEN=" + programtest.FreeAddress(t),
		"POOL_ADMIN_EMAIL=" + programtest.AdminEmail, "POOL_ADMIN_PASSWORD=" + programtest.AdminPassword,
	}
	p := programtest.Launch(t, env)
	tom := p.Person("tom")
	p.Kill(syscall.SIGTERM)
	require.NotContains(t, processes(t), dir)
	p.Start()
	require.Equal(t, tom.ID, tom.Must(`{ viewer { id } }`, nil).Get("viewer.id").String())

	p.Kill(syscall.SIGKILL)
	began := time.Now()
	p.Start()
	require.Less(t, time.Since(began), 10*time.Second)
	require.Equal(t, tom.ID, tom.Must(`{ viewer { id } }`, nil).Get("viewer.id").String())
	p.Verified()
}

func TestAPrivatePostgresThatDiesEndsTheProgramAndKeepsItsBooks(t *testing.T) {
	p := programtest.Launch(t, []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "POOL_DATA_DIR=" + t.TempDir(), "POOL_LISTEN=" + programtest.FreeAddress(t),
		"POOL_ADMIN_EMAIL=" + programtest.AdminEmail, "POOL_ADMIN_PASSWORD=" + programtest.AdminPassword,
	})
	admin, tom := p.Admin(), p.Person("tom")
	admin.Grant(tom, "7")
	raw, err := os.ReadFile(p.DataDir + "/postgres/data/postmaster.pid")
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.SplitN(string(raw), "\n", 2)[0])
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	select {
	case err := <-p.Exited:
		require.Error(t, err)
		require.Contains(t, p.Out.String(), "private Postgres ended")
	case <-time.After(40 * time.Second):
		t.Fatalf("the program goes on without its Postgres:\n%s", p.Out)
	}
	p.Start()
	require.Equal(t, "7", tom.Available())
	p.Verified()
}

func processes(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("ps", "axww", "-o", "args").Output()
	require.NoError(t, err)
	return string(out)
}

func TestTheFirstPageSaysWhatRunsHere(t *testing.T) {
	p := programtest.Serve(t)
	for path, want := range map[string]string{"/": "Resource Pool", "/healthz": "", "/readyz": "", "/graphiql": ""} {
		r, err := http.Get(p.URL + path)
		require.NoError(t, err)
		body := string(readAll(t, r.Body))
		_ = r.Body.Close()
		require.Equal(t, http.StatusOK, r.StatusCode, path)
		require.Contains(t, body, want)
	}
}

func TestSIGTERMLetsOpenRequestsSettle(t *testing.T) {
	p := programtest.Serve(t)
	p.Kill(syscall.SIGTERM)
	_, err := net.DialTimeout("tcp", strings.TrimPrefix(p.URL, "http://"), time.Second)
	require.Error(t, err)
	require.NotContains(t, p.Out.String(), "panic")
}

func TestWhoAsksTooOftenIsToldToWait(t *testing.T) {
	p := programtest.Serve(t, "POOL_RATE_LIMIT_RPM=5")
	c := p.Anonymous()
	for range 5 {
		c.Must(`{ viewer { id } }`, nil)
	}
	e := c.Refused("RATE_LIMITED", `{ viewer { id } }`, nil)
	require.Positive(t, e.Extensions.Get("retryAfterSeconds").Int())
}
