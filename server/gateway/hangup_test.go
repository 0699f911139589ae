package gateway_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/gateway"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/sandbox"
)

// speech is how the clients of a dialect ask, each for what a stage of a stream needs.
type speech struct{ plain, call, think string }

var speeches = map[provider.Kind]speech{
	provider.KindChat: {
		`"max_tokens":2000,"messages":[{"role":"user","content":"How deep is the sea?"}]`,
		`,"tools":[{"type":"function","function":{"name":"look_up","parameters":` + arguments + `}}]`, `,"reasoning_effort":"low"`,
	},
	provider.KindMessages: {
		`"max_tokens":2000,"messages":[{"role":"user","content":"How deep is the sea?"}]`,
		`,"tools":[{"name":"look_up","input_schema":` + arguments + `}]`, `,"thinking":{"type":"enabled","budget_tokens":1024}`,
	},
	provider.KindResponses: {
		`"max_output_tokens":2000,"input":"How deep is the sea?"`,
		`,"tools":[{"type":"function","name":"look_up","parameters":` + arguments + `}]`, `,"reasoning":{"effort":"low","summary":"auto"}`,
	},
	provider.KindCompletions: {plain: `"max_tokens":2000,"prompt":"How deep is the sea?"`},
}

const arguments = `{"type":"object","properties":{"city":{"type":"string"},"country":{"type":"string"},"year":{"type":"integer"}},"required":["city","country","year"]}`

// stage is a moment of a stream, as it is reached when the provider has sent so many pieces of its answer.
type stage struct {
	name   string
	more   func(speech) string // members of the request, nil for none
	pieces int
}

const all = 1 << 20

var stages = []stage{
	{"after the first piece", nil, 1},
	{"in the middle of a text", nil, 5},
	{"in the middle of the arguments of a call", func(s speech) string { return s.call }, 4},
	{"after the last arguments of a call", func(s speech) string { return s.call }, all},
	{"in reasoning", func(s speech) string { return s.think }, 2},
	{"between the content and the end", nil, all},
}

// models are those that the providers are asked for. Each is offered by one.
var models = map[string]string{"openai": "gpt-5-mini", "deepseek": "deepseek-v4-flash", "anthropic": "claude-haiku-4-5", "gemini": "gemini-2.5-flash"}

// pair is a client's dialect at a provider, and somebody who speaks it.
type pair struct {
	*world
	kind   provider.Kind
	at     string
	secret string // the provider's name of the key
	key    ids.ID
	tom    *access.Actor
}

// pairs runs a test for each dialect at each provider that serves it. The key takes one call at a time, at the provider and
// here: whatever is not ended or not counted as ended shows with the next request.
func pairs(t *testing.T, test func(p *pair)) {
	w := newWorld(t)
	for at, model := range models {
		w.priceAt(model, at)
		p := pair{world: w, at: at, secret: "sk-hangup-0123456789-" + at}
		p.key = w.keyAt(at, p.secret, "100", false)
		require.NoError(t, w.up.Server.AddKey(sandbox.KeySpec{Key: p.secret, Quota: 100 * one, Concurrency: 1}))
		w.exec(`UPDATE pool_resources SET max_concurrency = 1 WHERE id = $1`, string(p.key))
		for kind := range speeches {
			if !provider.Serves(at, kind, 1) {
				continue
			}
			t.Run(string(kind)+" at "+at, func(t *testing.T) {
				here, mine := *w, p
				here.t, mine.world, mine.kind = t, &here, kind
				mine.forget()
				test(&mine)
			})
		}
	}
	w.sound()
}

// forget gives the world a gateway that knows of no fault. What does not end when it should fails after a while.
func (w *world) forget() {
	w.exec(`DELETE FROM rests`)
	w.pool.Invalidate()
	w.restart()
	w.gw.Hurry(10*time.Second, time.Minute)
}

func (p *pair) call(more func(speech) string, members string) (gateway.Call, bool) {
	s := speeches[p.kind]
	if more != nil {
		if more(s) == "" {
			return gateway.Call{}, false
		}
		members += more(s)
	}
	return gateway.Call{Kind: p.kind, Body: []byte(`{"model":"` + models[p.at] + `",` + s.plain + members + `}`)}, true
}

// outcome is what the client of one stream has.
type outcome struct {
	result *gateway.Result
	err    error
	events string
	pieces int
	hold   money.Credits
	prompt int64
}

// stream asks for a stream. after is told of each piece that came, and ends the request by hanging up.
func (p *pair) stream(c gateway.Call, after func(pieces int, hangUp func())) (o outcome) {
	p.t.Helper()
	p.tom = p.consumer("50")
	return p.again(c, after)
}

func (p *pair) again(c gateway.Call, after func(pieces int, hangUp func())) (o outcome) {
	p.t.Helper()
	ctx, hangUp := context.WithCancel(p.t.Context())
	defer hangUp()
	r, err := p.gw.Accept(p.tom, c)
	require.NoError(p.t, err)
	o.prompt = r.PromptTokens()
	var events []byte
	o.result, o.err = r.Do(ctx, func(piece provider.Piece) bool {
		if ctx.Err() != nil {
			return false
		}
		if o.pieces++; o.pieces == 1 {
			wallet, err := p.ledger.Wallet(context.Background(), p.tom.ID)
			require.NoError(p.t, err)
			o.hold = wallet.Held
		}
		events = gateway.AppendEvent(events, piece.Event, piece.Data)
		after(o.pieces, hangUp)
		return true
	})
	o.events = string(events)
	return o
}

func stay(int, func()) {}

func leaveAfter(n int) func(int, func()) {
	return func(pieces int, hangUp func()) {
		if pieces == n {
			hangUp()
		}
	}
}

// delivered counts the output in events, of any dialect.
func delivered(model, events string) int64 {
	var text, other strings.Builder
	for line := range strings.Lines(events) {
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			continue
		}
		e := gjson.Parse(data)
		for _, path := range []string{"choices.0.text", "choices.0.delta.content", "delta.text"} {
			text.WriteString(e.Get(path).String())
		}
		for _, path := range []string{
			"choices.0.delta.reasoning_content", "choices.0.delta.tool_calls.0.function.name", "choices.0.delta.tool_calls.0.function.arguments",
			"delta.thinking", "delta.partial_json", "content_block.name",
		} {
			other.WriteString(e.Get(path).String())
		}
		switch kind := e.Get("type").String(); {
		case kind == "response.output_text.delta":
			text.WriteString(e.Get("delta").String())
		case kind == "response.output_item.added":
			other.WriteString(e.Get("item.name").String())
		case strings.HasPrefix(kind, "response.") && strings.HasSuffix(kind, ".delta"):
			other.WriteString(e.Get("delta").String())
		}
	}
	return provider.CountTokens(model, text.String()) + provider.CountTokens(model, other.String())
}

// settled wants the request of o to be in the books once, paid by the prompt and what was delivered, and nothing held.
func (p *pair) settled(o outcome) *ent.UsageLog {
	p.t.Helper()
	require.Equal(p.t, 1, p.count(`SELECT count(*) FROM usage_logs WHERE user_id = $1`, string(p.tom.ID)))
	require.Zero(p.t, p.count(`SELECT count(*) FROM ledger_holds`))
	row := p.log()
	require.Equal(p.t, p.tom.ID, row.UserID)
	require.Equal(p.t, int64(1), row.Attempts, "nothing is replayed")
	if p.at == "anthropic" && o.events != "" { // which tells of the prompt as it begins
		require.InEpsilon(p.t, o.prompt, row.PromptTokens, 0.5)
	} else {
		require.Equal(p.t, o.prompt, row.PromptTokens)
	}
	require.Equal(p.t, delivered(models[p.at], o.events), row.CompletionTokens, "%s", o.events)
	require.Equal(p.t, 2*row.PromptTokens+4*row.CompletionTokens, int64(row.CreditsCharged)*1e6/one, "the price list's")
	require.Positive(p.t, row.CreditsCharged)
	require.True(p.t, row.Estimated)
	require.Equal(p.t, string(p.kind), row.Endpoint)
	require.Equal(p.t, credits(p.t, "50")-row.CreditsCharged, credits(p.t, p.available(p.tom)))
	if o.pieces > 0 {
		require.LessOrEqual(p.t, row.CreditsCharged, o.hold)
	}
	return row
}

// cancelled wants the provider to have ended its work: the key, which takes one call at a time, takes another.
func (p *pair) cancelled() {
	p.t.Helper()
	soon(p.t, "the provider's call is cancelled", func() bool {
		req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.up.URL+"/v1/chat/completions", strings.NewReader(`{"model":"gpt-4","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}`))
		require.NoError(p.t, err)
		req.Header.Set("Authorization", "Bearer "+p.secret)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(p.t, err)
		return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	})
}

// However far a stream has got: hanging up ends the provider's work, and the prompt and what was delivered are paid for,
// once. What came until then, and nothing else, is the answer of a repetition.
func TestHangingUpAtEveryStageOfEveryDialect(t *testing.T) {
	reasoned := 0
	pairs(t, func(p *pair) {
		p.up.SetLength(60)
		for _, s := range stages {
			call, ok := p.call(s.more, `,"stream":true`)
			if !ok {
				continue
			}
			// How much of the answer the client has at this stage, an error tells.
			p.up.Script(p.secret, sandbox.Fault{Kind: sandbox.StreamError, On: "any", Chunks: s.pieces})
			until := p.stream(call, stay)
			requireCode(p.t, fault.UpstreamFailed, until.err)
			row := p.log()
			if delivered(models[p.at], until.events) > 0 {
				row = p.settled(until)
			}
			require.Equal(p.t, "FAILED UPSTREAM_FAILED", string(row.Status)+" "+row.ErrorCode, s.name)
			p.forget()

			p.up.Script(p.secret, sandbox.Fault{Kind: sandbox.Stall, On: "any", Chunks: s.pieces, Delay: time.Hour})
			call = keyed(call, fmt.Sprint(p.kind, p.at, s.name))
			o := p.stream(call, leaveAfter(until.pieces))
			require.NoError(p.t, o.err, s.name)
			p.cancelled()
			row = p.settled(o)
			require.Equal(p.t, row.PromptTokens+2*row.CompletionTokens, int64(row.CostAmount)*1e6/one, "no report came: the key is booked with the same count")
			require.Equal(p.t, "SUCCEEDED CLIENT_GONE", string(row.Status)+" "+row.ErrorCode, s.name)
			if strings.Contains(s.name, "reasoning") && row.CompletionTokens > 0 {
				reasoned++
			}

			before := p.up.Totals().Served
			again := p.again(call, stay)
			requireCode(p.t, fault.UpstreamFailed, again.err)
			require.Equal(p.t, o.events, string(again.result.Completion.Events), "what was paid for, and that it is not all")
			require.Equal(p.t, o.result.CreditsCharged, again.result.CreditsCharged)
			require.Equal(p.t, row.ID, p.settled(o).ID, "charged once")
			require.Equal(p.t, before, p.up.Totals().Served)
		}
	})
	require.GreaterOrEqual(t, reasoned, 6, "most show what they think")
}
