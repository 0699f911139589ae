package acceptance

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheChecksShowInTheMetrics(t *testing.T) {
	metrics := freeAddress(t)
	serve(t, "POOL_METRICS_LISTEN="+metrics)
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
	p := launch(t, []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "POOL_DATA_DIR=" + t.TempDir(), "POOL_LISTEN=" + freeAddress(t),
		"POOL_ADMIN_EMAIL=" + adminEmail, "POOL_ADMIN_PASSWORD=" + adminPassword,
	})
	admin, tom := p.admin(), p.person("tom")
	admin.grant(tom, "7")
	wallet := "wallet:" + tom.id
	says := func(fails bool, text string, args ...string) {
		t.Helper()
		out, err := p.command(append([]string{"ledger"}, args...)...)
		require.Equal(t, fails, err != nil, out)
		require.Contains(t, out, text)
	}
	correct := []string{"correct", "--transaction=1", "--reason=two too many", "--actor=" + adminEmail, "--entry=" + wallet + "=-2", "--entry=platform.issued=+2"}
	says(true, "nobody to ask", correct...)
	says(true, "\n               +2 CREDIT platform.issued\n", correct...)
	says(true, "--entry: there is no account wallet:usr_nobody", "correct", "--transaction=1", "--reason=x", "--actor="+adminEmail,
		"--entry=wallet:usr_nobody=-2", "--entry=platform.issued=+2")
	says(true, "--entry: ", "correct", "--transaction=1", "--reason=x", "--actor="+adminEmail, "--entry="+wallet+"=-2")
	says(true, "--reverse or --entry", "correct", "--transaction=1", "--reason=x", "--actor="+adminEmail)
	require.Equal(t, "7", tom.available())
	says(false, "booked as #2", append(correct, "--yes")...)
	require.Equal(t, "5", tom.available())
	says(true, "--again", append(correct, "--yes")...)
	says(false, "booked as #3", append(correct, "--yes", "--again")...)
	require.Equal(t, "3", tom.available())
	says(true, "no admin", "correct", "--transaction=1", "--reason=x", "--actor=tom@example.org", "--reverse", "--yes")
	says(true, "no #9", "correct", "--transaction=9", "--reason=x", "--actor="+adminEmail, "--reverse", "--yes")
	says(true, "held", "correct", "--transaction=1", "--reason=all of it", "--actor="+adminEmail, "--reverse", "--yes", "--again")
	says(false, "booked as #4", "correct", "--transaction=3", "--reason=one was right", "--actor="+adminEmail, "--reverse", "--yes")
	require.Equal(t, "5", tom.available())
	p.verified()

	says(false, "now frozen", "freeze", wallet, "--reason=a look", "--actor="+adminEmail)
	says(false, "frozen already", "freeze", wallet, "--reason=a look", "--actor="+adminEmail)
	says(false, "now not frozen", "unfreeze", wallet, "--reason=all is well", "--actor="+adminEmail)
	says(true, "no such account", "freeze", "platform.revenue", "--reason=no", "--actor="+adminEmail)
	says(true, "--reason: a reason has 1 to 500 characters", "freeze", wallet, "--reason= ", "--actor="+adminEmail)
	says(true, "--reason: a reason has 1 to 500 characters", "unfreeze", wallet, "--reason="+strings.Repeat("x", 501), "--actor="+adminEmail)
	says(true, "missing flags: --actor", "freeze", wallet, "--reason=a look")
	says(true, "--actor: no admin", "freeze", wallet, "--reason=a look", "--actor=")
	p.verified()
	audit := admin.must(`{ ledgerAudit { chainValid balanced balancesMatch headSeq fullCheckedAt fullHeadSeq fromSeq } }`, nil).Get("ledgerAudit")
	require.True(t, audit.Get("chainValid").Bool() && audit.Get("balanced").Bool() && audit.Get("balancesMatch").Bool())
	require.Equal(t, "4", audit.Get("headSeq").String())
	require.NotEmpty(t, audit.Get("fullCheckedAt").String())
}
