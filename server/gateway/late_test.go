package gateway_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/gateway"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/sandbox"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

func TestATimeoutIsFreeAndNotSentAgain(t *testing.T) {
	w := newWorld(t)
	key := w.key(first, "1000", false)
	w.key(second, "1000", true)
	w.gw.Hurry(300*time.Millisecond, time.Minute)
	tom := w.consumer("50")
	for n, streamed := range []bool{false, true} {
		w.up.Script(first, sandbox.Fault{Kind: sandbox.Slow, Delay: 10 * time.Second})
		before := w.up.Totals().Chats
		_, err := w.try(tom, ask("gpt-4"), streamed)
		f := requireCode(t, fault.UpstreamFailed, err)
		require.Contains(t, f.Message, "too long")
		require.Equal(t, int64(1), w.up.Totals().Chats-before)
		require.Equal(t, "50", w.available(tom))
		require.Equal(t, "1000", w.left(key))
		require.Equal(t, int64(n+1), w.row(key).FailuresInARow)
	}
	w.sound()
}

func TestAStreamThatTakesTooLongIsChargedForWhatWasDelivered(t *testing.T) {
	w := newWorld(t)
	w.key(first, "1000", false)
	w.up.SetLength(1000)
	w.up.SetLatency("", sandbox.Latency{PerToken: 10 * time.Millisecond})
	w.gw.Hurry(500*time.Millisecond, time.Minute)
	tom := w.consumer("50")
	r, err := w.try(tom, ask("gpt-4"), true)
	requireCode(t, fault.UpstreamFailed, err)
	require.Positive(t, r.CreditsCharged)
	require.Equal(t, credits(t, "50")-r.CreditsCharged, credits(t, w.available(tom)))
	w.sound()
}

func TestARequestThatOutlivedItsHoldIsAnsweredAndNotCharged(t *testing.T) {
	w := newWorld(t)
	key := w.key(first, "1000", false)
	w.up.SetLatency("", sandbox.Latency{FirstByte: 500 * time.Millisecond})
	w.up.NextUsage(first, 2000, 1000)
	tom := w.consumer("50")
	type end struct {
		result *gateway.Result
		err    error
	}
	ended := make(chan end, 1)
	before := w.up.Totals().Chats
	go func() {
		r, err := w.gw.Complete(t.Context(), tom, ask("gpt-4"))
		ended <- end{r, err}
	}()
	soon(t, "the call is under way", func() bool { return w.up.Totals().Chats > before })
	var hold string
	require.NoError(t, w.db.QueryRowContext(t.Context(), `SELECT id FROM ledger_holds`).Scan(&hold))
	_, err := w.ledger.Do(t.Context(), ledger.Request{Op: &ledger.Release{Hold: ids.ID(hold)}})
	require.NoError(t, err)
	e := <-ended
	require.NoError(t, e.err)
	require.Zero(t, e.result.CreditsCharged)
	require.Equal(t, "50", w.available(tom))
	require.Equal(t, "999.95", w.left(key), "the provider took it")
	w.sound()
}

func TestARepetitionDoesNotWaitForever(t *testing.T) {
	url, up := dbtest.URL(t), upstreamtest.New(t)
	w := joined(t, url, up)
	other := joined(t, url, up)
	w.key(first, "1000", false)
	up.SetLatency("", sandbox.Latency{FirstByte: 2 * time.Second})
	tom := w.consumer("50")
	in := with(ask("gpt-4"), "k")
	before := up.Totals().Chats
	done := make(chan error, 1)
	go func() {
		_, err := w.gw.Complete(t.Context(), tom, in)
		done <- err
	}()
	soon(t, "the call is under way", func() bool { return up.Totals().Chats > before })
	for _, on := range []*world{w, other} {
		on.gw.Hurry(time.Minute, 100*time.Millisecond)
		_, err := on.gw.Complete(t.Context(), tom, in)
		require.Positive(t, requireCode(t, fault.Conflict, err).Details["retryAfterSeconds"])
	}
	require.NoError(t, <-done)
	w.sound()
}

func TestAKeyThatDoesNotOpenNeedsAPerson(t *testing.T) {
	w := newWorld(t)
	bad, good := w.key(first, "1000", false), w.key(second, "1000", true)
	w.exec(`UPDATE secrets SET ciphertext = (SELECT ciphertext FROM secrets WHERE resource_id = $2) WHERE resource_id = $1`, string(bad), string(good))
	w.vault.Forget(bad)
	before := w.up.Totals().Chats
	w.complete(w.consumer("50"), ask("gpt-4"), false)
	require.Equal(t, good, w.log().ResourceID)
	require.Equal(t, int64(1), w.log().Attempts)
	require.Equal(t, int64(1), w.up.Totals().Chats-before)
	require.Equal(t, 1, w.count(`SELECT count(*) FROM alerts WHERE kind = 'resource.unreadable' AND subject = $1`, string(bad)))
	w.sound()
}
