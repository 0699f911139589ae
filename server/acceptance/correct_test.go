package acceptance

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/programtest"
)

func TestTheChecksShowInTheMetrics(t *testing.T) {
	metrics := programtest.FreeAddress(t)
	programtest.Serve(t, "POOL_METRICS_LISTEN="+metrics)
	require.Eventually(t, func() bool {
		r, err := http.Get("http://" + metrics + "/metrics")
		if err != nil {
			return false
		}
		defer func() { _ = r.Body.Close() }()
		body := string(readAll(t, r.Body))
		return strings.Contains(body, "\nresourcepool_ledger_check_ok 1\n") && strings.Contains(body, "\nresourcepool_ledger_findings_total 0\n") &&
			strings.Contains(body, "\nresourcepool_ledger_last_check_timestamp_seconds ") && strings.Contains(body, "\nresourcepool_ledger_check_seconds ")
	}, 20*time.Second, 200*time.Millisecond)
}

func TestAnAdminCorrectsTheBooksBesideAServer(t *testing.T) {
	p := programtest.Launch(t, []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "POOL_DATA_DIR=" + t.TempDir(), "POOL_LISTEN=" + programtest.FreeAddress(t),
		"POOL_ADMIN_EMAIL=" + programtest.AdminEmail, "POOL_ADMIN_PASSWORD=" + programtest.AdminPassword,
	})
	admin, tom := p.Admin(), p.Person("tom")
	admin.Grant(tom, "7")
	wallet := "wallet:" + tom.ID
	says := func(fails bool, text string, args ...string) {
		t.Helper()
		out, err := p.Command(append([]string{"ledger"}, args...)...)
		require.Equal(t, fails, err != nil, out)
		require.Contains(t, out, text)
	}
	correct := []string{"correct", "--transaction=1", "--reason=two too many", "--actor=" + programtest.AdminEmail, "--entry=" + wallet + "=-2", "--entry=platform.issued=+2"}
	says(true, "nobody to ask", correct...)
	says(true, "\n               +2 CREDIT platform.issued\n", correct...)
	says(true, "--entry: there is no account wallet:usr_nobody", "correct", "--transaction=1", "--reason=x", "--actor="+programtest.AdminEmail,
		"--entry=wallet:usr_nobody=-2", "--entry=platform.issued=+2")
	says(true, "--entry: ", "correct", "--transaction=1", "--reason=x", "--actor="+programtest.AdminEmail, "--entry="+wallet+"=-2")
	says(true, "--reverse or --entry", "correct", "--transaction=1", "--reason=x", "--actor="+programtest.AdminEmail)
	require.Equal(t, "7", tom.Available())
	says(false, "booked as #2", append(correct, "--yes")...)
	require.Equal(t, "5", tom.Available())
	says(true, "--again", append(correct, "--yes")...)
	says(false, "booked as #3", append(correct, "--yes", "--again")...)
	require.Equal(t, "3", tom.Available())
	says(true, "no admin", "correct", "--transaction=1", "--reason=x", "--actor=tom@example.org", "--reverse", "--yes")
	says(true, "no #9", "correct", "--transaction=9", "--reason=x", "--actor="+programtest.AdminEmail, "--reverse", "--yes")
	says(true, "held", "correct", "--transaction=1", "--reason=all of it", "--actor="+programtest.AdminEmail, "--reverse", "--yes", "--again")
	says(false, "booked as #4", "correct", "--transaction=3", "--reason=one was right", "--actor="+programtest.AdminEmail, "--reverse", "--yes")
	require.Equal(t, "5", tom.Available())
	p.Verified()

	says(false, "now frozen", "freeze", wallet, "--reason=a look", "--actor="+programtest.AdminEmail)
	says(false, "frozen already", "freeze", wallet, "--reason=a look", "--actor="+programtest.AdminEmail)
	says(false, "now not frozen", "unfreeze", wallet, "--reason=all is well", "--actor="+programtest.AdminEmail)
	says(true, "no such account", "freeze", "platform.revenue", "--reason=no", "--actor="+programtest.AdminEmail)
	says(true, "--reason: a reason has 1 to 500 characters", "freeze", wallet, "--reason= ", "--actor="+programtest.AdminEmail)
	says(true, "--reason: a reason has 1 to 500 characters", "unfreeze", wallet, "--reason="+strings.Repeat("x", 501), "--actor="+programtest.AdminEmail)
	says(true, "missing flags: --actor", "freeze", wallet, "--reason=a look")
	says(true, "--actor: no admin", "freeze", wallet, "--reason=a look", "--actor=")
	p.Verified()
	audit := admin.Must(`{ ledgerAudit { chainValid balanced balancesMatch headSeq fullCheckedAt fullHeadSeq fromSeq } }`, nil).Get("ledgerAudit")
	require.True(t, audit.Get("chainValid").Bool() && audit.Get("balanced").Bool() && audit.Get("balancesMatch").Bool())
	require.Equal(t, "4", audit.Get("headSeq").String())
	require.NotEmpty(t, audit.Get("fullCheckedAt").String())
}
