package gateway_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/gateway"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/sandbox"
)

// One event of a provider's may become several for the client, who may leave after each of them: it pays for those it has,
// until it has the last.
func TestEachEventIsPaidByWhoHasIt(t *testing.T) {
	pairs(t, func(p *pair) {
		p.up.SetLength(6)
		for _, more := range []func(speech) string{nil, func(s speech) string { return s.call }, func(s speech) string { return s.think }} {
			call, ok := p.call(more, `,"stream":true`)
			if !ok {
				continue
			}
			whole := p.stream(call, stay)
			require.NoError(p.t, whole.err)
			require.False(p.t, p.log().Estimated)
			cost := p.log().CostAmount
			for n := 1; n <= whole.pieces; n++ {
				o := p.stream(call, leaveAfter(n))
				require.NoError(p.t, o.err)
				require.Equal(p.t, n, o.pieces)
				if row := p.log(); row.ErrorCode == "" {
					require.Equal(p.t, whole.pieces, n, "only the last event completes an answer")
					require.Equal(p.t, cost, row.CostAmount)
					continue
				}
				row := p.settled(o)
				require.Equal(p.t, "CLIENT_GONE", row.ErrorCode)
				if count := money.USD(row.PromptTokens+2*row.CompletionTokens) * one / 1e6; n == whole.pieces-1 && p.kind == provider.KindMessages {
					require.Equal(p.t, cost, row.CostAmount, "the report was there")
				} else {
					require.Contains(p.t, []money.USD{count, cost}, row.CostAmount)
				}
				require.False(p.t, n == whole.pieces && (p.kind == provider.KindMessages || p.kind == provider.KindResponses), "whose last event says that it is the last")
			}
		}
	})
}

// Calls whose arguments come in turns reach a client of another dialect one after the other. The second waits for the end of
// the first, and is paid when the client has it.
func TestArgumentsThatWaitedArePaidWhenTheyAreHandedOut(t *testing.T) {
	w := newWorld(t)
	w.priceAt("gpt-4o", "openai")
	w.key(first, "1000", false)
	chunk := func(delta string) string {
		return `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"gpt-4o","choices":[{"index":0,"delta":` + delta + `,"finish_reason":null}]}` + "\n\n"
	}
	piece := func(i int, call string) string {
		return chunk(`{"tool_calls":[{"index":` + strconv.Itoa(i) + `,` + call + `}]}`)
	}
	long := strings.Repeat("the sea ", 100)
	body := piece(0, `"id":"a","type":"function","function":{"name":"one","arguments":""}`) + piece(1, `"id":"b","type":"function","function":{"name":"two","arguments":""}`) +
		piece(1, `"function":{"arguments":"{\"b\":\"`+long+`\"}"}`) + piece(0, `"function":{"arguments":"{\"a\":1}"}`) + strings.Replace(chunk(`{}`), `null`, `"tool_calls"`, 1) +
		"data: [DONE]\n\n"
	for n := 1; ; n++ {
		p := &pair{world: w, kind: provider.KindMessages, at: "openai"}
		w.up.Script(first, sandbox.Fault{Kind: sandbox.RawAnswer, Body: body, Headers: map[string]string{"Content-Type": "text/event-stream"}})
		o := p.stream(gateway.Call{Kind: provider.KindMessages, Body: []byte(`{"model":"gpt-4o","stream":true,"max_tokens":2000,"messages":[{"role":"user","content":"hi"}]}`)}, leaveAfter(n))
		require.NoError(t, o.err)
		require.Equal(t, delivered("gpt-4o", o.events), w.log().CompletionTokens, "%d: %s", n, o.events)
		if w.log().ErrorCode == "" {
			require.Greater(t, w.log().CompletionTokens, int64(200))
			break
		}
	}
	w.sound()
}
