package gateway_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/sandbox"
)

// Before the first piece there is nothing but the prompt to pay for, and before anything was sent not even that.
func TestHangingUpBeforeTheFirstPieceOfEveryDialect(t *testing.T) {
	pairs(t, func(p *pair) {
		call, _ := p.call(nil, `,"stream":true`)
		p.up.SetLatency("", sandbox.Latency{FirstByte: time.Hour})
		defer p.up.SetLatency("", sandbox.Latency{})
		p.tom = p.consumer("50")
		r, err := p.gw.Accept(p.tom, keyed(call, string(p.kind)+p.at))
		require.NoError(p.t, err)
		ctx, hangUp := context.WithCancel(p.t.Context())
		before := p.up.Totals().Served
		go func() {
			defer hangUp()
			soon(p.t, "the call is under way", func() bool { return p.up.Totals().Served > before })
		}()
		result, err := r.Do(ctx, func(provider.Piece) bool { panic("nothing came") })
		require.NoError(p.t, err)
		p.up.SetLatency("", sandbox.Latency{})
		p.cancelled()
		row := p.settled(outcome{result: result, prompt: r.PromptTokens()})
		require.Equal(p.t, "CLIENT_GONE 0", row.ErrorCode+" "+strconv.FormatInt(row.CompletionTokens, 10))

		p.tom = p.consumer("50")
		before = p.up.Totals().Served
		r, err = p.gw.Accept(p.tom, call)
		require.NoError(p.t, err)
		_, err = r.Do(ctx, nil)
		require.ErrorIs(p.t, err, context.Canceled)
		require.Equal(p.t, "50", p.available(p.tom))
		require.Equal(p.t, before, p.up.Totals().Served)
	})
}

// A whole call is finished for a client that left, and is what a repetition gets.
func TestAWholeCallOfEveryDialectIsFinishedForAClientThatLeft(t *testing.T) {
	pairs(t, func(p *pair) {
		call, _ := p.call(nil, "")
		call = keyed(call, "whole "+string(p.kind)+p.at)
		p.up.SetLatency("", sandbox.Latency{FirstByte: 30 * time.Millisecond})
		p.tom = p.consumer("50")
		r, err := p.gw.Accept(p.tom, call)
		require.NoError(p.t, err)
		ctx, hangUp := context.WithCancel(p.t.Context())
		before := p.up.Totals().Served
		go func() {
			defer hangUp()
			soon(p.t, "the call is under way", func() bool { return p.up.Totals().Served > before })
		}()
		result, err := r.Do(ctx, nil)
		require.NoError(p.t, err)
		require.Error(p.t, ctx.Err())
		row := p.log()
		require.Equal(p.t, "SUCCEEDED ", string(row.Status)+" "+row.ErrorCode)
		require.False(p.t, row.Estimated)
		again := p.again(call, nil)
		require.NoError(p.t, again.err)
		require.Equal(p.t, string(result.Completion.Body), string(again.result.Completion.Body))
		require.Equal(p.t, before+1, p.up.Totals().Served)
		require.Equal(p.t, credits(p.t, "50")-row.CreditsCharged, credits(p.t, p.available(p.tom)))
	})
}

// A provider that drops the connection or falls silent has its answer paid as far as it came, and is not asked again.
func TestAProviderThatBreaksOffAtEveryStageOfEveryDialect(t *testing.T) {
	pairs(t, func(p *pair) {
		p.up.SetLength(60)
		for i, s := range stages[1:] {
			call, ok := p.call(s.more, `,"stream":true`)
			if !ok {
				continue
			}
			faults := []sandbox.Fault{{Kind: sandbox.CutStream, On: "any", Chunks: s.pieces}}
			if i == 0 {
				faults = append(faults, sandbox.Fault{Kind: sandbox.Stall, On: "any", Chunks: s.pieces, Delay: time.Hour})
			}
			for _, f := range faults {
				p.forget()
				if f.Kind == sandbox.Stall {
					p.gw.Hurry(150*time.Millisecond, time.Minute)
				}
				p.up.Script(p.secret, f)
				call = keyed(call, string(p.kind)+p.at+s.name+string(f.Kind))
				o := p.stream(call, stay)
				requireCode(p.t, fault.UpstreamFailed, o.err)
				p.cancelled()
				row := p.settled(o)
				require.Equal(p.t, "FAILED UPSTREAM_FAILED", string(row.Status)+" "+row.ErrorCode, s.name)
				require.Equal(p.t, row.PromptTokens+2*row.CompletionTokens, int64(row.CostAmount)*1e6/one)
				again := p.again(call, stay)
				requireCode(p.t, fault.UpstreamFailed, again.err)
				require.Equal(p.t, o.events, string(again.result.Completion.Events))
				require.Equal(p.t, row.ID, p.settled(o).ID, "charged once")
			}
		}
	})
}

// An answer that breaks off when only its head has come is free, as one is of which nothing has.
func TestAnAnswerWithoutOutputIsFreeInEveryDialect(t *testing.T) {
	pairs(t, func(p *pair) {
		call, _ := p.call(nil, `,"stream":true`)
		for _, f := range []sandbox.Kind{sandbox.CutStream, sandbox.StreamError, sandbox.Stall} {
			p.forget()
			end := sandbox.Fault{Kind: f, On: "any"}
			if f == sandbox.Stall {
				end.Delay = time.Hour
				p.gw.Hurry(100*time.Millisecond, time.Minute)
			}
			p.up.Script(p.secret, end)
			o := p.stream(call, stay)
			requireCode(p.t, fault.UpstreamFailed, o.err)
			require.Nil(p.t, o.result)
			require.Equal(p.t, "50", p.available(p.tom))
			require.Equal(p.t, 1, p.count(`SELECT count(*) FROM usage_logs WHERE user_id = $1`, string(p.tom.ID)))
			row := p.log()
			require.Equal(p.t, "FAILED UPSTREAM_FAILED 1", string(row.Status)+" "+row.ErrorCode+" "+strconv.FormatInt(row.Attempts, 10))
			require.Zero(p.t, int64(row.CreditsCharged)+int64(row.CostAmount)+row.PromptTokens)
		}
	})
}

// Who hangs up on the second key pays once, and it is the second that is booked.
func TestHangingUpAfterAFailover(t *testing.T) {
	w := newWorld(t)
	failed, key := w.key(first, "1000", false), w.key(second, "1000", true)
	w.up.Script(first, sandbox.Fault{Kind: sandbox.ServerError})
	w.up.Script(second, sandbox.Fault{Kind: sandbox.Stall, Chunks: 2, Delay: time.Hour})
	tom := w.consumer("50")
	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	_, events, err := w.relay(ctx, tom, chatCall(`,"stream":true`), func(n int) bool {
		if n == 3 {
			hangUp()
		}
		return n > 3
	})
	require.NoError(t, err)
	row := w.log()
	require.Equal(t, "CLIENT_GONE 2", row.ErrorCode+" "+strconv.FormatInt(row.Attempts, 10))
	require.Equal(t, key, row.ResourceID)
	require.Equal(t, delivered("gpt-4", events), row.CompletionTokens)
	require.Equal(t, "1000", w.left(failed))
	require.Equal(t, credits(t, "50")-row.CreditsCharged, credits(t, w.available(tom)))
	require.Positive(t, row.CreditsCharged)
	w.sound()
}
