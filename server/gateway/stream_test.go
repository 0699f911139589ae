package gateway_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/gateway"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/sandbox"
)

// read takes n pieces of a stream.
func read(t *testing.T, chunks <-chan gateway.Chunk, n int) (text string) {
	t.Helper()
	for range n {
		c, ok := <-chunks
		require.True(t, ok && !c.Done, "%+v", c)
		text += c.Text
	}
	return text
}

// unheld waits until nothing of a consumer's is held and returns what is available.
func (w *world) unheld(a *access.Actor) string {
	w.t.Helper()
	soon(w.t, "the hold is resolved", func() bool {
		s, err := w.ledger.Wallet(context.Background(), a.ID)
		return err == nil && s.Held == 0
	})
	return w.available(a)
}

func TestAStreamIsChargedLikeAWholeAnswer(t *testing.T) {
	w := newWorld(t)
	key := w.key(first, "1000", false)
	tom := w.consumer("50")
	w.up.NextUsage(first, 2000, 1000)
	chunks, err := w.gw.Stream(t.Context(), tom, ask("gpt-4"))
	require.NoError(t, err)
	text := read(t, chunks, 4)
	for c := range chunks {
		text += c.Text
		if c.Done {
			require.NoError(t, c.Err)
			require.Equal(t, credits(t, "10"), c.Result.CreditsCharged)
			require.Equal(t, text, c.Result.Completion.Content)
			require.Equal(t, gateway.FinishStop, c.Result.Completion.FinishReason)
		}
	}
	require.Equal(t, "40", w.available(tom))
	require.Equal(t, "999.95", w.left(key))
	w.sound()
}

func TestHangingUpOnAStreamPaysForThePromptAndWhatWasDelivered(t *testing.T) {
	w := newWorld(t)
	w.price("gpt-4o", "10", "30", "1000", "10000", "0")
	key := w.key(first, "1000", false)
	w.up.SetLength(1000)
	w.up.SetLatency("", sandbox.Latency{PerToken: 5 * time.Millisecond})
	tom := w.consumer("50")
	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	in := with(ask("gpt-4o"), "k")
	chunks, err := w.gw.Stream(ctx, tom, in)
	require.NoError(t, err)
	text := read(t, chunks, 5)
	hangUp() // and nobody reads on
	left := w.unheld(tom)
	row := w.log()
	delivered := provider.CountTokens("gpt-4o", text)
	require.Equal(t, delivered, row.CompletionTokens)
	require.Equal(t, provider.CountTokens("gpt-4o", in.Messages[0].Content)+7, row.PromptTokens)
	require.Equal(t, credits(t, "50")-row.CreditsCharged, credits(t, left))
	require.Equal(t, row.PromptTokens*credit(1000)+delivered*credit(10000), int64(row.CreditsCharged)*1e6)
	require.Equal(t, row.PromptTokens*credit(10)+delivered*credit(30), int64(row.CostAmount)*1e6)
	require.Equal(t, "CLIENT_GONE", row.ErrorCode)
	require.Equal(t, "SUCCEEDED", string(row.Status))
	require.True(t, row.Estimated)
	require.Zero(t, w.row(key).TotalRequests, "that the client left says nothing about the key")

	// A repetition gets what was paid for, and is charged nothing.
	r := w.complete(tom, in, true)
	require.Equal(t, text, r.Completion.Content)
	require.Equal(t, row.CreditsCharged, r.CreditsCharged)
	require.Equal(t, left, w.available(tom))
	w.sound()
}

func credit(n int64) int64 { return n * one }

func TestHangingUpBeforeAnyPiecePaysForThePrompt(t *testing.T) {
	w := newWorld(t)
	w.price("gpt-4o", "10", "30", "1000", "10000", "0")
	w.key(first, "1000", false)
	w.up.SetLatency("", sandbox.Latency{FirstByte: time.Minute})
	tom := w.consumer("50")
	ctx, hangUp := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer hangUp()
	_, err := w.gw.Stream(ctx, tom, ask("gpt-4o"))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NotEqual(t, "50", w.unheld(tom))
	require.Zero(t, w.log().CompletionTokens)
	require.Positive(t, w.log().PromptTokens)
	w.sound()
}

func TestAWholeAnswerIsFinishedAndChargedForAClientThatLeft(t *testing.T) {
	w := newWorld(t)
	w.key(first, "1000", false)
	w.up.SetLatency("", sandbox.Latency{FirstByte: 500 * time.Millisecond})
	w.up.NextUsage(first, 2000, 1000)
	tom := w.consumer("50")
	ctx, leave := context.WithCancel(t.Context())
	in := with(ask("gpt-4"), "k")
	before := w.up.Totals().Chats
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = w.gw.Complete(ctx, tom, in)
	}()
	soon(t, "the call is under way", func() bool { return w.up.Totals().Chats > before })
	leave()
	r, err := w.gw.Complete(t.Context(), tom, in)
	require.NoError(t, err)
	<-done
	require.Equal(t, credits(t, "10"), r.CreditsCharged)
	require.Equal(t, "40", w.available(tom))
	require.Equal(t, int64(1), w.up.Totals().Chats-before)
	require.Equal(t, "SUCCEEDED", string(w.log().Status))
	w.sound()
}

func TestAStreamThatBreaksOffIsChargedForWhatWasDelivered(t *testing.T) {
	w := newWorld(t)
	key := w.key(first, "1000", false)
	w.key(second, "1000", true)
	tom := w.consumer("50")
	w.up.Script(first, sandbox.Fault{Kind: sandbox.CutStream, Chunks: 3})
	in := with(ask("gpt-4"), "k")
	chunks, err := w.gw.Stream(t.Context(), tom, in)
	require.NoError(t, err)
	text := read(t, chunks, 3)
	last := <-chunks
	f := requireCode(t, fault.UpstreamFailed, last.Err)
	require.True(t, last.Done)
	tokens := provider.CountTokens("gpt-4", text)
	require.Equal(t, tokens*credit(10000)/1e6, int64(last.Result.CreditsCharged))
	require.Equal(t, last.Result.CreditsCharged.String(), f.Details["creditsCharged"])
	require.Equal(t, string(last.Result.UsageID), f.Details["usageId"])
	row := w.log()
	require.True(t, row.Estimated)
	require.Equal(t, "FAILED", string(row.Status))
	require.Equal(t, int64(1), row.Attempts, "nothing is replayed once output has reached the consumer")
	require.Equal(t, last.Result.CreditsCharged, row.CreditsCharged)
	require.Equal(t, int64(1), w.row(key).FailuresInARow)

	again, err := w.try(tom, in, true)
	require.Equal(t, f.Message, requireCode(t, fault.UpstreamFailed, err).Message)
	require.Equal(t, text, again.Completion.Content)
	w.sound()
}

func TestAStreamThatCantBeginIsAnError(t *testing.T) {
	w := newWorld(t)
	w.key(first, "1000", false)
	_, err := w.gw.Stream(t.Context(), w.person(), ask("gpt-4"))
	requireCode(t, fault.InsufficientCredits, err)
	w.up.Script(first, sandbox.Fault{Kind: sandbox.ServerError})
	tom := w.consumer("50")
	_, err = w.gw.Stream(t.Context(), tom, ask("gpt-4"))
	requireCode(t, fault.UpstreamFailed, err)
	require.Equal(t, "50", w.available(tom))
	w.sound()
}

func TestDrainingFinishesWhatRunsAndRefusesTheRest(t *testing.T) {
	w := newWorld(t)
	w.key(first, "1000", false)
	w.up.SetLatency("", sandbox.Latency{FirstByte: 500 * time.Millisecond})
	tom := w.consumer("50")
	before := w.up.Totals().Chats
	result := make(chan error, 1)
	go func() {
		_, err := w.gw.Complete(context.Background(), tom, ask("gpt-4"))
		result <- err
	}()
	soon(t, "the call is under way", func() bool { return w.up.Totals().Chats > before })
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, w.gw.Drain(short), context.DeadlineExceeded)
	_, err := w.gw.Complete(t.Context(), tom, ask("gpt-4"))
	requireCode(t, fault.Overloaded, err)
	_, err = w.gw.Stream(t.Context(), tom, ask("gpt-4"))
	requireCode(t, fault.Overloaded, err)
	require.NoError(t, w.gw.Drain(t.Context()))
	require.NoError(t, <-result)
	w.available(tom)
	w.sound()
}

func TestAHoldIsReleasedWhereTheClientLeftBeforeTheCall(t *testing.T) {
	w := newWorld(t)
	w.key(first, "1000", false)
	tom := w.consumer("50")
	before := w.up.Totals().Chats
	ctx, cancel := context.WithCancel(t.Context())
	w.complete(w.consumer("50"), ask("gpt-4"), false) // so that nothing has to be read any more
	cancel()
	_, err := w.gw.Complete(ctx, tom, ask("gpt-4"))
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, int64(1), w.up.Totals().Chats-before)
	require.Equal(t, "50", w.available(tom))
	w.sound()
}

func TestAReceiverWhoStopsReadingHangsUpByTheContext(t *testing.T) {
	w := newWorld(t)
	w.key(first, "1000", false)
	w.up.SetLength(1000)
	tom := w.consumer("50")
	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	chunks, err := w.gw.Stream(ctx, tom, ask("gpt-4"))
	require.NoError(t, err)
	text := read(t, chunks, 2)
	time.Sleep(50 * time.Millisecond) // the next piece waits to be taken
	hangUp()
	w.unheld(tom)
	require.Equal(t, provider.CountTokens("gpt-4", text), w.log().CompletionTokens)
	w.sound()
}
