package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent/poolresource"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/routing"
	"github.com/resourcepool/resourcepool/server/sandbox"
)

// Two keys: the first is tried first, since the second is a backup.
func TestAnotherKeyServesWhere(t *testing.T) {
	w, n := newWorld(t), 0
	rate := sandbox.Fault{Kind: sandbox.RateLimit, RetryAfter: time.Hour}
	for name, c := range map[string]struct {
		fault  sandbox.Fault
		after  func(*testing.T, *world, *poolRow)
		streak int64
	}{
		"the key is refused":            {sandbox.Fault{Kind: sandbox.Unauthorized, On: "any", Count: 2}, suspended, 1},
		"nothing is left on the key":    {sandbox.Fault{Kind: sandbox.InsufficientQuota}, suspended, 1},
		"the key is rate limited":       {rate, cooling, 1},
		"the provider fails":            {sandbox.Fault{Kind: sandbox.ServerError, Status: 503}, active, 1},
		"the connection is lost":        {sandbox.Fault{Kind: sandbox.LostConnection}, active, 1},
		"the answer can't be read":      {sandbox.Fault{Kind: sandbox.Garbage}, active, 1},
		"the answer breaks off":         {sandbox.Fault{Kind: sandbox.CutStream}, active, 1},
		"an error comes with a 200":     {sandbox.Fault{Kind: sandbox.ErrorBody}, active, 1},
		"the provider redirects":        {sandbox.Fault{Kind: sandbox.Redirect, Location: "http://127.0.0.1:1/v1"}, active, 1},
		"the key lacks the model":       {sandbox.Fault{Kind: sandbox.BadRequest, Status: 404}, active, 0},
		"the key may not use it":        {sandbox.Fault{Kind: sandbox.BadRequest, Status: 403}, active, 0},
		"a 401 that is not confirmed":   {sandbox.Fault{Kind: sandbox.Unauthorized}, active, 1},
		"the provider is overloaded":    {sandbox.Fault{Kind: sandbox.ServerError, Status: 529}, active, 1},
		"the provider wants to be paid": {sandbox.Fault{Kind: sandbox.BadRequest, Status: 402}, suspended, 1},
	} {
		for _, streamed := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", streamed"}[streamed], func(t *testing.T) {
				n++
				w.restart()
				one, two := fmt.Sprintf("sk-one-0123456789-%d", n), fmt.Sprintf("sk-two-0123456789-%d", n)
				bad, good := w.key(one, "1000", false), w.key(two, "1000", true)
				defer w.pause(bad, good)
				tom := w.consumer("50")
				w.up.Script(one, c.fault)
				w.up.NextUsage(two, 2000, 1000)
				r := w.complete(tom, ask("gpt-4"), streamed)
				require.Equal(t, credits(t, "10"), r.CreditsCharged)
				require.Equal(t, "40", w.available(tom))
				require.Equal(t, "1000", w.left(bad))
				require.Equal(t, "999.95", w.left(good))
				row := w.log()
				require.Equal(t, good, row.ResourceID)
				require.Equal(t, int64(2), row.Attempts)
				require.Equal(t, streamed, row.Streamed)
				require.Equal(t, string(routing.FallbackToBackup), row.RoutingReason)
				c.after(t, w, w.row(bad))
				require.Equal(t, c.streak, w.row(bad).FailuresInARow)
				require.Equal(t, int64(1), w.row(good).SuccessfulRequests)
				require.Contains(t, w.decision(row.ID), `"tried_already": 1`)
			})
		}
	}
	w.sound()
}

func suspended(t *testing.T, _ *world, r *poolRow) {
	require.Equal(t, poolresource.StatusSUSPENDED, r.Status)
	require.Equal(t, poolresource.SuspendedByPROVIDER, *r.SuspendedBy)
}

func active(t *testing.T, _ *world, r *poolRow) {
	require.Equal(t, poolresource.StatusACTIVE, r.Status)
}

func cooling(t *testing.T, w *world, r *poolRow) {
	active(t, w, r)
	require.Equal(t, 1, w.count(`SELECT count(*) FROM rests WHERE subject = $1 AND model = 'gpt-4' AND why = 'cooling_down' AND until > now() + interval '59 minutes'`, string(r.ID)))
	w.pause(w.log().ResourceID)
	_, err := w.gw.Complete(t.Context(), w.consumer("50"), ask("gpt-4"))
	f := requireCode(t, fault.NoResourceAvailable, err)
	require.InDelta(t, 3600, f.Details["retryAfterSeconds"], 60)
}

func TestAtMostThreeKeysAreTried(t *testing.T) {
	w := newWorld(t)
	for _, k := range []string{first, second, third, fourth} {
		w.key(k, "1000", false)
	}
	tom := w.consumer("50")
	w.up.Script("", sandbox.Fault{Kind: sandbox.ServerError, Count: 3})
	_, err := w.gw.Complete(t.Context(), tom, ask("gpt-4"))
	requireCode(t, fault.UpstreamFailed, err)
	require.Equal(t, "50", w.available(tom))
	row := w.log()
	require.Equal(t, int64(3), row.Attempts)
	require.Equal(t, "FAILED", string(row.Status))
	require.Equal(t, "UPSTREAM_FAILED", row.ErrorCode)
	require.Zero(t, row.CreditsCharged)
	w.sound()
}

func TestAProviderWhoseKeysAllFailIsLeftAloneForAWhile(t *testing.T) {
	w := newWorld(t)
	for _, k := range []string{first, second, third, fourth} {
		w.key(k, "1000", false)
	}
	tom := w.consumer("50")
	w.up.Script("", sandbox.Fault{Kind: sandbox.ServerError, Count: 6})
	for range 2 {
		_, err := w.gw.Complete(t.Context(), tom, ask("gpt-4"))
		requireCode(t, fault.UpstreamFailed, err)
	}
	w.up.Server.ClearScript("")
	before := w.up.Totals().Chats
	_, err := w.gw.Complete(t.Context(), tom, ask("gpt-4"))
	f := requireCode(t, fault.NoResourceAvailable, err)
	require.LessOrEqual(t, f.Details["retryAfterSeconds"], int64(2))
	require.Equal(t, before, w.up.Totals().Chats)
	soon(t, "a probe finds it well again", func() bool {
		_, err := w.gw.Complete(t.Context(), tom, ask("gpt-4"))
		return err == nil
	})
}

func TestWhatTheProviderRefusesIsNotCharged(t *testing.T) {
	for _, streamed := range []bool{false, true} {
		w := newWorld(t)
		key := w.key(first, "1000", false)
		w.key(second, "1000", true)
		tom := w.consumer("50")
		w.up.Script(first, sandbox.Fault{Kind: sandbox.BadRequest, Message: "OpenAI says 'max_tokens' of key " + first + " is bad"})
		before := w.up.Totals().Chats
		_, err := w.try(tom, with(ask("gpt-4"), "k"), streamed)
		f := requireCode(t, fault.UpstreamRejected, err)
		require.Contains(t, f.Message, "max_tokens")
		require.NotContains(t, strings.ToLower(f.Message), "openai")
		require.NotContains(t, err.Error(), first)
		require.Equal(t, "50", w.available(tom))
		require.Equal(t, "1000", w.left(key))
		require.Equal(t, "UPSTREAM_REJECTED", w.log().ErrorCode)
		require.Zero(t, w.row(key).TotalRequests, "the client's fault says nothing about the key")

		_, again := w.try(tom, with(ask("gpt-4"), "k"), !streamed)
		require.Equal(t, f.Message, requireCode(t, fault.UpstreamRejected, again).Message)
		require.Equal(t, int64(1), w.up.Totals().Chats-before, "a repetition is answered from the record")
		w.sound()
	}
}

func TestAKeyThatLacksAModelIsLeftOutForThisModelAlone(t *testing.T) {
	w := newWorld(t)
	w.price("gpt-4o", "1", "1", "1", "1", "0")
	w.key(first, "1000", false)
	w.key(second, "1000", true)
	tom := w.consumer("50")
	w.up.Script(first, sandbox.Fault{Kind: sandbox.BadRequest, Status: 404})
	w.complete(tom, ask("gpt-4"), false)
	before := w.up.Chats(first)
	w.complete(tom, ask("gpt-4"), false)
	require.Equal(t, before, w.up.Chats(first))
	w.complete(tom, ask("gpt-4o"), false)
	require.Equal(t, before+1, w.up.Chats(first))
}

func TestADeadKeyServesAgainOnceItWasReplaced(t *testing.T) {
	w := newWorld(t)
	key := w.key(first, "1000", false)
	tom := w.consumer("50")
	w.up.Revoke(first)
	_, err := w.gw.Complete(t.Context(), tom, ask("gpt-4"))
	requireCode(t, fault.UpstreamFailed, err)
	require.Equal(t, poolresource.StatusSUSPENDED, w.row(key).Status)
	_, err = w.gw.Complete(t.Context(), tom, ask("gpt-4"))
	requireCode(t, fault.NoResourceAvailable, err)
	w.rotate(key, second)
	w.complete(tom, ask("gpt-4"), false)
	require.Equal(t, int64(1), w.row(key).SuccessfulRequests)
}

func TestFundsAreDecidedBeforeKeys(t *testing.T) {
	w := newWorld(t)
	_, err := w.gw.Complete(t.Context(), w.person(), ask("gpt-4"))
	requireCode(t, fault.InsufficientCredits, err)
	_, err = w.gw.Complete(t.Context(), w.consumer("50"), ask("gpt-4"))
	requireCode(t, fault.NoResourceAvailable, err)
	_, err = w.gw.Complete(t.Context(), w.consumer("9"), capped(ask("gpt-4"), 1000))
	requireCode(t, fault.InsufficientCredits, err)
}

func TestAnUnpricedModelIsRefusedBeforeAnyCall(t *testing.T) {
	w := newWorld(t)
	w.key(first, "1000", false)
	before := w.up.Totals()
	_, err := w.gw.Complete(t.Context(), w.consumer("50"), ask("gpt-4x"))
	f := requireCode(t, fault.ModelNotFound, err)
	require.Contains(t, f.Details["near"], "gpt-4")
	require.Equal(t, before, w.up.Totals())
}
