package gateway_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/gateway"
	"github.com/resourcepool/resourcepool/server/sandbox"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

type answer struct {
	result *gateway.Result
	err    error
}

// together runs f n times at once.
func together(n int, f func(i int) answer) []answer {
	out := make([]answer, n)
	begin := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-begin
			out[i] = f(i)
		})
	}
	close(begin)
	wg.Wait()
	return out
}

func TestFiftyRepetitionsOverTwoServersAreOneCallAndOneCharge(t *testing.T) {
	url, up := dbtest.URL(t), upstreamtest.New(t)
	w := joined(t, url, up)
	other := joined(t, url, up)
	w.key(first, "1000", false)
	up.SetLatency("", sandbox.Latency{FirstByte: 200 * time.Millisecond})
	up.NextUsage(first, 2000, 1000)
	tom, alice := w.consumer("50"), w.consumer("50")
	before := up.Totals().Chats
	in := with(ask("gpt-4"), "once")
	answers := together(50, func(i int) answer {
		on := []*world{w, other}[i%2]
		r, err := on.try(tom, in, i%5 == 0)
		return answer{r, err}
	})
	for _, a := range answers {
		require.NoError(t, a.err)
		require.Equal(t, said(answers[0].result), said(a.result))
	}
	require.Equal(t, int64(1), up.Totals().Chats-before)
	require.Equal(t, "40", w.available(tom))

	// From the record, on a server without memory; and even where the model has no price any more.
	w.restart()
	require.Equal(t, said(answers[0].result), said(w.complete(tom, in, false)))
	w.exec(`DELETE FROM model_costs`)
	w.exec(`DELETE FROM model_prices`)
	w.prices.Invalidate()
	require.Equal(t, said(answers[0].result), said(w.complete(tom, in, true)))
	require.Equal(t, int64(1), up.Totals().Chats-before)

	_, err := w.gw.Complete(t.Context(), tom, capped(in, 5))
	requireCode(t, fault.IdempotencyConflict, err)
	_, err = w.gw.Complete(t.Context(), alice, in)
	requireCode(t, fault.ModelNotFound, err)
	require.Zero(t, w.count(`SELECT count(*) FROM ledger_operations WHERE answer::text LIKE '%' || encode($1, 'hex') || '%'`, []byte(answers[0].result.Completion.Content[:8])))
	w.sound()
}

func TestAKeyIsTheCallersOwn(t *testing.T) {
	w := newWorld(t)
	w.key(first, "1000", false)
	a := w.complete(w.consumer("50"), with(ask("gpt-4"), "k"), false)
	b := w.complete(w.consumer("50"), with(ask("gpt-4"), "k"), false)
	require.NotEqual(t, a.UsageID, b.UsageID)
}

func TestWhatMovedNothingMayBeTriedAgainUnderItsKey(t *testing.T) {
	w := newWorld(t)
	tom := w.consumer("50")
	in := with(ask("gpt-4"), "k")
	_, err := w.gw.Complete(t.Context(), tom, in)
	requireCode(t, fault.NoResourceAvailable, err)
	w.key(first, "1000", false)
	w.up.Script(first, sandbox.Fault{Kind: sandbox.ServerError})
	_, err = w.gw.Complete(t.Context(), tom, in)
	requireCode(t, fault.UpstreamFailed, err)
	w.complete(tom, in, false)
	w.sound()
}

func TestRepetitionsWithAnotherInputAreRefusedWhileTheFirstRuns(t *testing.T) {
	w := newWorld(t)
	w.key(first, "1000", false)
	w.up.SetLatency("", sandbox.Latency{FirstByte: 300 * time.Millisecond})
	tom := w.consumer("50")
	before := w.up.Totals().Chats
	done := make(chan error, 1)
	go func() {
		_, err := w.gw.Complete(t.Context(), tom, with(ask("gpt-4"), "k"))
		done <- err
	}()
	soon(t, "the call is under way", func() bool { return w.up.Totals().Chats > before })
	_, err := w.gw.Complete(t.Context(), tom, with(capped(ask("gpt-4"), 7), "k"))
	requireCode(t, fault.IdempotencyConflict, err)
	require.NoError(t, <-done)
}

func TestTwoHundredRequestsOnFundsForSeven(t *testing.T) {
	w := newWorld(t)
	w.key(first, "1000", false)
	w.up.Script(first, sandbox.Fault{Kind: sandbox.UsageOverride, Prompt: 2000, Completion: 1000, Count: 1000})
	tom := w.consumer("70")
	before := w.up.Totals().Chats
	served := 0
	for _, a := range together(200, func(i int) answer {
		r, err := w.try(tom, capped(ask("gpt-4"), 1000), i%2 == 0)
		return answer{r, err}
	}) {
		if a.err == nil {
			served++
			continue
		}
		requireCode(t, fault.InsufficientCredits, a.err)
	}
	require.Equal(t, 7, served)
	require.Equal(t, int64(7), w.up.Totals().Chats-before)
	require.Equal(t, "0", w.available(tom))
	w.sound()
}

// said is a result as its receiver sees it: a repetition brings the log's id alone.
func said(r *gateway.Result) gateway.Result {
	out := *r
	out.Booked, out.Available = nil, 0
	return out
}
