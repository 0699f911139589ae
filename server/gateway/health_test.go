package gateway_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent/poolresource"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/gateway"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/routing"
	"github.com/resourcepool/resourcepool/server/sandbox"
)

// A limit of one model leaves the key's other models alone, here and on another server.
func TestARateLimitCoolsTheKeyForItsModelAlone(t *testing.T) {
	w := newWorld(t)
	other := joinedTo(w)
	w.price("gpt-4o", "1", "1", "1", "1", "0")
	other.prices.Invalidate()
	key := w.key(first, "1000", false)
	tom := w.consumer("50")
	w.up.Script(first, sandbox.Fault{Kind: sandbox.RateLimit, RetryAfter: time.Minute})
	_, err := w.gw.Complete(t.Context(), tom, ask("gpt-4"))
	f := requireCode(t, fault.UpstreamFailed, err)
	require.Equal(t, int64(60), f.Details["retryAfterSeconds"])
	for _, at := range []*world{w, other} {
		soon(t, "every server knows", func() bool {
			at.pool.Invalidate()
			_, err := at.gw.Complete(t.Context(), tom, ask("gpt-4"))
			return fault.CodeOf(err) == fault.NoResourceAvailable
		})
		before := w.up.Chats(first)
		_, err = at.gw.Complete(t.Context(), tom, ask("gpt-4o"))
		require.NoError(t, err)
		require.Equal(t, before+1, w.up.Chats(first))
	}
	require.Equal(t, poolresource.StatusACTIVE, w.row(key).Status)
	w.sound()
}

// A key that fails again and again, while another of its provider works, is left alone; one request probes it later.
func TestAKeyThatKeepsFailingBacksOffAndIsProbed(t *testing.T) {
	w := newWorld(t)
	key := w.key(first, "1000", false)
	w.key(second, "1000", true)
	tom := w.consumer("50000")
	w.up.Script(first, sandbox.Fault{Kind: sandbox.ServerError, Count: 4})
	for range 3 {
		w.complete(tom, ask("gpt-4"), false)
	}
	before := w.up.Chats(first)
	w.complete(tom, ask("gpt-4"), false)
	require.Equal(t, before, w.up.Chats(first), "left alone")
	require.Contains(t, w.decision(w.log().ID), `"backing_off": 1`)
	until := w.restUntil(key)
	require.WithinDuration(t, time.Now().Add(5*time.Second), until, 3*time.Second)
	soon(t, "its probe fails and it rests for longer", func() bool {
		time.Sleep(100 * time.Millisecond)
		w.complete(tom, ask("gpt-4"), false)
		return w.restUntil(key).After(until)
	})
	require.Equal(t, before+1, w.up.Chats(first), "one request alone was the probe")
	require.WithinDuration(t, time.Now().Add(10*time.Second), w.restUntil(key), 3*time.Second)
	w.sound()
}

func (w *world) restUntil(key ids.ID) (until time.Time) {
	w.t.Helper()
	require.NoError(w.t, w.db.QueryRowContext(w.t.Context(), `SELECT until FROM rests WHERE subject = $1 AND model = 'gpt-4'`, string(key)).Scan(&until))
	return until
}

func TestAnOutageOfTheProviderBlamesNoKey(t *testing.T) {
	w := newWorld(t)
	keys := []ids.ID{w.key(first, "1000", false), w.key(second, "1000", false), w.key(third, "1000", false)}
	tom := w.consumer("50")
	w.up.Script("", sandbox.Fault{Kind: sandbox.ServerError, Status: 503, Count: 4})
	for range 2 {
		_, err := w.gw.Complete(t.Context(), tom, ask("gpt-4"))
		requireCode(t, fault.UpstreamFailed, err)
	}
	for _, k := range keys {
		row := w.row(k)
		require.Zero(t, row.FailuresInARow, "the outage says nothing about the key")
		require.InDelta(t, 1, *row.SuccessAverage, 1e-9)
		require.NotNil(t, row.LastUsedAt)
	}
	require.Equal(t, 1, w.count(`SELECT count(*) FROM rests WHERE subject = 'provider:openai' AND why = 'breaker_open' AND until > now()`))
	soon(t, "a probe ends it", func() bool {
		_, err := w.gw.Complete(t.Context(), tom, ask("gpt-4"))
		return err == nil
	})
	require.Zero(t, w.count(`SELECT count(*) FROM rests WHERE until > now()`), "and every server hears of that")
}

// What a request that meets an outage said of its own earlier keys is taken back like what other requests said.
func TestTheRequestThatTellsAnOutageBlamesNoKeyItself(t *testing.T) {
	w := newWorld(t)
	tom := w.consumer("50")
	fail := func(times int) {
		w.up.Script("", sandbox.Fault{Kind: sandbox.ServerError, Status: 503, Count: times})
		_, err := w.gw.Complete(t.Context(), tom, ask("gpt-4"))
		requireCode(t, fault.UpstreamFailed, err)
	}
	keys := []ids.ID{w.key(first, "1000", false)}
	fail(1)
	require.EqualValues(t, 1, w.row(keys[0]).FailuresInARow, "one key that fails may be at fault")
	keys = append(keys, w.key(second, "1000", false), w.key(third, "1000", false))
	fail(2)
	require.Equal(t, 1, w.count(`SELECT count(*) FROM rests WHERE why = 'breaker_open' AND until > now()`))
	for _, k := range keys {
		require.Zero(t, w.row(k).FailuresInARow)
	}
}

// Requests that come at once spread over the keys instead of all going to the best one.
func TestRequestsAtOnceSpreadOverTheKeys(t *testing.T) {
	w := newWorld(t)
	names := make([]string, 4)
	for i := range names {
		names[i] = fmt.Sprintf("sk-spread-%d-0123456789", i)
		w.key(names[i], "1000", false)
	}
	tom := w.consumer("5000")
	w.up.SetLatency("", sandbox.Latency{FirstByte: 200 * time.Millisecond})
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() { w.complete(tom, capped(ask("gpt-4"), 10), false) })
	}
	wg.Wait()
	for _, n := range names {
		require.InDelta(t, 10, w.up.Chats(n)-1, 4, "the test at the deposit is one more")
	}
}

// A key whose provider tells how much it has left is not pushed into a 429.
func TestAHealthyKeyIsNotPushedIntoItsLimit(t *testing.T) {
	w := newWorld(t)
	w.key(first, "1000", false)
	w.key(second, "1000", true)
	require.NoError(t, w.up.Server.AddKey(sandbox.KeySpec{Key: first, Quota: 1000 * one, RPM: 12}))
	tom := w.consumer("5000")
	for range 40 {
		w.complete(tom, capped(ask("gpt-4"), 10), false)
	}
	require.Zero(t, w.count(`SELECT count(*) FROM rests`), "no request met the limit")
	require.Zero(t, w.count(`SELECT count(*) FROM usage_logs WHERE attempts > 1`))
	require.GreaterOrEqual(t, w.up.Chats(first), int64(5), "it serves as long as it may")
	require.LessOrEqual(t, w.up.Chats(first), int64(12))
}

func TestAnOwnersLimitHolds(t *testing.T) {
	w := newWorld(t)
	slow := w.key(first, "1000", false)
	w.exec(`UPDATE pool_resources SET max_concurrency = 2 WHERE id = $1`, string(slow))
	w.pool.Invalidate()
	tom := w.consumer("5000")
	w.up.SetLatency("", sandbox.Latency{FirstByte: 300 * time.Millisecond})
	soon(t, "the limit is known", func() bool {
		k, err := w.pool.Key(t.Context(), slow)
		return err == nil && k.Limits.Concurrency == 2
	})
	served, refused := 0, 0
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			_, err := w.gw.Complete(t.Context(), tom, capped(ask("gpt-4"), 10))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				served++
			} else if fault.CodeOf(err) == fault.NoResourceAvailable {
				refused++
			}
		})
	}
	wg.Wait()
	require.Equal(t, 10, served+refused)
	require.InDelta(t, 2, served, 1)
	require.Positive(t, refused)
}

// A conversation stays on the key that has its prompt, though the others were used longer ago, until that key cools.
func TestAConversationStaysWithItsKey(t *testing.T) {
	w := newWorld(t)
	for _, k := range []string{first, second, third} {
		w.key(k, "1000", false)
	}
	tom := w.consumer("5000")
	long := strings.Repeat("a long document ", 400)
	say := func(turns int) *gateway.Result {
		body := `{"model":"gpt-4","max_tokens":10,"messages":[{"role":"system","content":"` + long + `"}`
		for i := range turns {
			body += fmt.Sprintf(`,{"role":"user","content":"question %d"},{"role":"assistant","content":"answer"}`, i)
		}
		r, _, err := w.relay(t.Context(), tom, gateway.Call{Kind: provider.KindChat, Body: []byte(body + `,{"role":"user","content":"go on"}]}`)}, nil)
		require.NoError(t, err)
		return r
	}
	say(1)
	home := w.log().ResourceID
	w.exec(`UPDATE pool_resources SET token_latency_ms = 10000, average_latency_ms = 10000 WHERE id = $1`, string(home))
	w.pool.Invalidate()
	time.Sleep(400 * time.Millisecond) // by now every reading has it: to anybody else the others are better
	for turn := 2; turn < 8; turn++ {
		say(turn)
		require.Equal(t, home, w.log().ResourceID, "turn %d", turn)
		w.complete(tom, capped(ask("gpt-4"), 10), false) // others in between
	}
	require.Positive(t, w.count(`SELECT count(*) FROM usage_logs WHERE routing_reason = $1 AND resource_id = $2`, string(routing.SessionAffinity), string(home)))
	name := map[ids.ID]string{}
	for i, k := range w.keysByName() {
		name[k] = []string{first, second, third}[i]
	}
	w.up.Script(name[home], sandbox.Fault{Kind: sandbox.RateLimit, RetryAfter: time.Minute})
	say(9)
	away := w.log().ResourceID
	require.NotEqual(t, home, away, "it cools")
	say(10)
	require.Equal(t, away, w.log().ResourceID, "and the conversation has a new home")
}

// keysByName returns the keys in the order in which they were added.
func (w *world) keysByName() []ids.ID {
	w.t.Helper()
	found, err := w.ent.PoolResource.Query().Order(poolresource.ByID()).IDs(w.t.Context())
	require.NoError(w.t, err)
	return found
}
