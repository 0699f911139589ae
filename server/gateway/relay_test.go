package gateway_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/gateway"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/sandbox"
)

// relay sends a body in a dialect of clients and returns the events of a streamed answer.
func (w *world) relay(ctx context.Context, a *access.Actor, c gateway.Call, left func(pieces int) bool) (*gateway.Result, string, error) {
	w.t.Helper()
	r, err := w.gw.Accept(a, c)
	if err != nil {
		return nil, "", err
	}
	var events []byte
	n := 0
	result, err := r.Do(ctx, func(p provider.Piece) bool {
		n++
		if left != nil && left(n) {
			return false
		}
		events = gateway.AppendEvent(events, p.Event, p.Data)
		return true
	})
	if result != nil {
		events = append(events, result.Last...)
	}
	return result, string(events), err
}

func chatCall(members string) gateway.Call {
	return gateway.Call{Kind: provider.KindChat, Body: []byte(`{"model":"gpt-4","messages":[{"role":"user","content":"How deep is the sea?"}]` + members + `}`)}
}

func keyed(c gateway.Call, key string) gateway.Call {
	c.IdempotencyKey = &key
	return c
}

func TestARelayedAnswerSaysWhatWasCharged(t *testing.T) {
	w := newWorld(t)
	key := w.key(first, "1000", false)
	tom := w.consumer("50")
	w.up.NextUsage(first, 2000, 1000)
	r, _, err := w.relay(t.Context(), tom, chatCall(`,"seed":7,"new_thing":{"a":[1]}`), nil)
	require.NoError(t, err)
	require.Equal(t, credits(t, "10"), r.CreditsCharged)
	require.Equal(t, credits(t, "40"), r.Available)
	body := gjson.ParseBytes(r.Completion.Body)
	require.True(t, gjson.ValidBytes(r.Completion.Body))
	require.Equal(t, "gpt-4", body.Get("model").String())
	require.Equal(t, "chatcmpl-"+r.UsageID.Tail(), body.Get("id").String(), "an answer is named after its row of the log")
	require.Equal(t, int64(2000), body.Get("usage.prompt_tokens").Int())
	require.Equal(t, int64(1000), body.Get("usage.completion_tokens").Int())
	require.Equal(t, "999.95", w.left(key))
	require.Equal(t, 1, w.up.Sent(`"seed":7,"new_thing":{"a":[1]}`), "what nobody here knows reaches the provider")
	require.Equal(t, w.up.Totals().Chats, int64(w.up.Sent(`"store":false`)))

	w.up.NextUsage(first, 2000, 1000)
	r, events, err := w.relay(t.Context(), tom, chatCall(`,"stream":true`), nil)
	require.NoError(t, err)
	require.Equal(t, credits(t, "10"), r.CreditsCharged)
	require.NotContains(t, events, `"usage"`, "nobody asked")
	require.Equal(t, 2, w.up.Sent(`"include_usage":true`)+1, "the provider is always asked")

	w.up.NextUsage(first, 2000, 1000)
	_, events, err = w.relay(t.Context(), tom, chatCall(`,"stream":true,"stream_options":{"include_usage":true}`), nil)
	require.NoError(t, err)
	last := strings.TrimPrefix(events[strings.LastIndex(strings.TrimSpace(events), "data: "):], "data: ")
	require.Equal(t, int64(1000), gjson.Get(last, "usage.completion_tokens").Int())
	require.Equal(t, "[]", gjson.Get(last, "choices").Raw)
	require.Equal(t, "20", w.available(tom))
	w.sound()
}

func TestARelayedRequestIsDoneOncePerKey(t *testing.T) {
	w := newWorld(t)
	w.key(first, "1000", false)
	tom := w.consumer("50")
	for name, c := range map[string]gateway.Call{"whole": chatCall(""), "streamed": chatCall(`,"stream":true,"stream_options":{"include_usage":true}`)} {
		t.Run(name, func(t *testing.T) {
			before := w.up.Chats(first)
			one, events, err := w.relay(t.Context(), tom, keyed(c, name), nil)
			require.NoError(t, err)
			w.restart()
			again, more, err := w.relay(t.Context(), tom, keyed(c, name), nil)
			require.NoError(t, err)
			require.Equal(t, string(one.Completion.Body), string(again.Completion.Body))
			require.Empty(t, more)
			require.Equal(t, events, string(again.Completion.Events))
			require.Equal(t, one.CreditsCharged, again.CreditsCharged)
			require.Equal(t, int64(1), w.up.Chats(first)-before)
			_, _, err = w.relay(t.Context(), tom, keyed(chatCall(`,"seed":1`), name), nil)
			requireCode(t, fault.IdempotencyConflict, err)
		})
	}
	w.sound()
}

// Hanging up on a relayed stream at every stage: before the first byte nothing is charged, later the prompt and what was
// delivered; once, and no hold stays.
func TestHangingUpOnARelayedStream(t *testing.T) {
	w := newWorld(t)
	key := w.key(first, "1000", false)
	w.up.SetLength(400)
	for pieces := range 5 {
		tom := w.consumer("50")
		ctx, cancel := context.WithCancel(t.Context())
		_, _, err := w.relay(ctx, tom, chatCall(`,"stream":true`), func(n int) bool {
			if n > pieces {
				cancel()
				return true
			}
			return false
		})
		if pieces == 0 {
			require.NoError(t, err)
		}
		soon(t, "the hold is resolved", func() bool { return w.count(`SELECT count(*) FROM ledger_holds`) == 0 })
		row := w.log()
		require.Equal(t, "CLIENT_GONE", row.ErrorCode)
		require.Equal(t, tom.ID, row.UserID)
		require.GreaterOrEqual(t, row.PromptTokens, int64(1))
		require.InDelta(t, max(0, pieces-1)*4, row.CompletionTokens, 1, "pieces of four words, the first of none")
		cancel()
	}
	tom := w.consumer("50")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := w.relay(gone, tom, chatCall(`,"stream":true`), nil)
	require.Error(t, err)
	require.Equal(t, "50", w.available(tom), "who left before anything was sent pays nothing")
	require.NotEqual(t, "1000", w.left(key))
	w.sound()
}

func TestARelayedStreamThatBreaksOffIsChargedForWhatCame(t *testing.T) {
	w := newWorld(t)
	w.key(first, "1000", false)
	tom := w.consumer("50")
	w.up.SetLength(100)
	w.up.Script(first, sandbox.Fault{Kind: sandbox.CutStream, Chunks: 5})
	r, events, err := w.relay(t.Context(), tom, chatCall(`,"stream":true`), nil)
	requireCode(t, fault.UpstreamFailed, err)
	require.NotNil(t, r)
	require.Contains(t, events, `"content"`)
	require.Equal(t, int64(20), w.log().CompletionTokens)
	require.Equal(t, 1, int(w.log().Attempts), "nothing is replayed after output")

	w.up.Script(first, sandbox.Fault{Kind: sandbox.ServerError})
	second := w.key(second, "1000", true)
	_, events, err = w.relay(t.Context(), tom, chatCall(`,"stream":true`), nil)
	require.NoError(t, err, "before output another key serves")
	require.Contains(t, events, `"finish_reason":"`)
	require.Equal(t, second, w.log().ResourceID)
	w.sound()
}

func TestEmbeddingsAreChargedForTheirInput(t *testing.T) {
	w := newWorld(t)
	key := w.key(first, "1000", false)
	w.price("text-embedding-3-small", "2", "0", "100", "0", "0")
	tom := w.consumer("50")
	r, _, err := w.relay(t.Context(), tom, gateway.Call{
		Kind: provider.KindEmbeddings, Body: []byte(`{"model":"text-embedding-3-small","input":["` + strings.Repeat("a", 4000) + `","b"]}`),
	}, nil)
	require.NoError(t, err)
	tokens := gjson.GetBytes(r.Completion.Body, "usage.prompt_tokens").Int()
	require.Equal(t, int64(1001), tokens)
	require.Equal(t, "0.1001", r.CreditsCharged.String())
	require.Equal(t, "999.997998", w.left(key))
	require.Len(t, gjson.GetBytes(r.Completion.Body, "data").Array(), 2)
	w.sound()
}

func TestAWholeCallWhoseClientLeftIsFinishedAndCharged(t *testing.T) {
	w := newWorld(t)
	w.key(first, "1000", false)
	tom := w.consumer("50")
	w.up.SetLatency("", sandbox.Latency{FirstByte: 300 * time.Millisecond})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	r, _, err := w.relay(ctx, tom, chatCall(""), nil)
	require.NoError(t, err)
	require.Positive(t, r.CreditsCharged)
	require.Equal(t, "SUCCEEDED", string(w.log().Status))
	w.sound()
}
