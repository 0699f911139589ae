package money_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/sandbox"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

// dialects are the paths of the clients' dialects, with a streamed request in each but for its model.
var dialects = map[provider.Kind]struct{ path, body string }{
	provider.KindChat:        {"/v1/chat/completions", `"max_tokens":500,"messages":[{"role":"user","content":"hi"}],"stream":true}`},
	provider.KindMessages:    {"/v1/messages", `"max_tokens":500,"messages":[{"role":"user","content":"hi"}],"stream":true}`},
	provider.KindResponses:   {"/v1/responses", `"max_output_tokens":500,"input":"hi","stream":true}`},
	provider.KindCompletions: {"/v1/completions", `"max_tokens":500,"prompt":"hi","stream":true}`},
}

var modelsAt = map[string]string{"openai": "gpt-5-mini", "deepseek": "deepseek-v4-flash", "anthropic": "claude-haiku-4-5", "gemini": "gemini-2.5-flash"}

// route is a dialect at a provider that serves it.
type route struct {
	kind provider.Kind
	at   string
}

// routes starts a server whose keys are of four providers, and returns every way through it.
func routes(t *testing.T, database string, more ...string) (up *upstreamtest.Upstream, p *program, tom *client, all []route) {
	up = upstreamtest.New(t)
	p = programtest.Launch(t, programtest.Settings(t, database, append(more, "POOL_PROVIDER_URLS="+up.ProviderURLs("openai", "deepseek", "anthropic", "gemini"))...))
	admin := p.Admin()
	tom = p.Person("tom")
	admin.Grant(tom, "5000")
	for at, model := range modelsAt {
		admin.Must(programtest.SetModelPrice, vars{"i": vars{
			"model": model, "provider": at, "inputCostPerMillion": "1", "outputCostPerMillion": "2", "inputPricePerMillion": "1000", "outputPricePerMillion": "2000",
		}})
		up.AddKey(keyAt(at), "1000")
		admin.Must(programtest.AddPlatformResource, vars{"i": vars{"provider": at, "apiKey": keyAt(at), "quota": "1000"}})
		for kind := range dialects {
			if provider.Serves(at, kind, 1) {
				all = append(all, route{kind, at})
			}
		}
	}
	return up, p, tom, all
}

func keyAt(provider string) string { return "sk-hangup-0123456789-" + provider }

// post asks for a stream.
func post(p *program, r route, token string, header ...string) (*http.Response, error) {
	return postWithin(p, context.Background(), r, token, header...)
}

func postWithin(p *program, ctx context.Context, r route, token string, header ...string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+dialects[r.kind].path, strings.NewReader(`{"model":"`+modelsAt[r.at]+`",`+dialects[r.kind].body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return http.DefaultClient.Do(req)
}

// ends are what only a complete stream has.
var ends = regexp.MustCompile(`\[DONE\]|"finish_reason":"|message_stop|response\.completed`)

// Whoever drops streams after a few pieces pays for them.
func TestRow51_DroppedStreams(t *testing.T) {
	t.Parallel()
	database, metrics := dbtest.URL(t), programtest.FreeAddress(t)
	up, p, tom, all := routes(t, database, "POOL_METRICS_LISTEN="+metrics)
	db := dbtest.Open(t, database)
	goroutines := func() (n int) {
		resp, err := http.Get("http://" + metrics + "/metrics")
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		n, err = strconv.Atoi(regexp.MustCompile(`(?m)^go_goroutines (\d+)$`).FindStringSubmatch(string(readAll(t, resp.Body)))[1])
		require.NoError(t, err)
		return n
	}
	const many = 100
	tokens := make([]string, many)
	for i := range tokens {
		tokens[i] = tom.APIToken()
	}
	up.SetLength(400)
	for _, r := range all { // everything has been used once
		resp, err := post(p, r, tokens[0])
		require.NoError(t, err)
		_ = readAll(t, resp.Body)
		_ = resp.Body.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	base := goroutines()
	rows := func() (n int) {
		require.NoError(t, db.QueryRow(`SELECT count(*) FROM usage_logs`).Scan(&n))
		return n
	}
	before := rows()

	up.SetLatency("", sandbox.Latency{PerToken: 100 * time.Millisecond})
	var here, gone sync.WaitGroup
	here.Add(many)
	drop := make(chan struct{})
	for i, token := range tokens {
		gone.Go(func() {
			resp, err := post(p, all[i%len(all)], token)
			if err != nil {
				here.Done()
				t.Error(err)
				return
			}
			pieces, lines := 0, bufio.NewScanner(resp.Body)
			for pieces < 3 && lines.Scan() {
				if strings.HasPrefix(lines.Text(), "data: ") {
					pieces++
				}
			}
			here.Done()
			<-drop
			_ = resp.Body.Close()
		})
	}
	here.Wait()
	_, err := db.Exec(`CREATE TABLE held AS SELECT token_id, credits FROM ledger_holds`)
	require.NoError(t, err)
	close(drop)
	gone.Wait()
	dropped := time.Now()
	require.Eventually(t, func() bool { return rows() == before+many }, 10*time.Second, 20*time.Millisecond)
	require.Less(t, time.Since(dropped), 5*time.Second, "the answers would take 40 s")
	var good int
	require.NoError(t, db.QueryRow(`SELECT count(*) FROM usage_logs l JOIN held h USING (token_id)
		WHERE l.error_code = 'CLIENT_GONE' AND l.credits_charged > 0 AND l.credits_charged <= h.credits AND l.attempts = 1 AND l.prompt_tokens > 0 AND l.completion_tokens < 100`).Scan(&good))
	require.Equal(t, many, good)
	require.Equal(t, "0", tom.Must(programtest.Wallet, nil).Get("viewer.wallet.held").String())
	require.Eventually(t, func() bool { return goroutines() <= base+10 }, 10*time.Second, 100*time.Millisecond, "of %d at rest", base)
	up.SetLatency("", sandbox.Latency{})
	for _, r := range all {
		resp, err := post(p, r, tokens[0])
		require.NoError(t, err)
		require.Regexp(t, ends, string(readAll(t, resp.Body)))
		_ = resp.Body.Close()
	}
	p.Verified()
}

// Hanging up on a stream with an idempotency key: asking again gives what was paid for, and nothing more is paid.
func TestWhatWasPaidForIsOnRecordForAClientThatHungUp(t *testing.T) {
	t.Parallel()
	up, p, tom, all := routes(t, dbtest.URL(t))
	token := tom.APIToken()
	up.SetLength(400)
	for _, r := range all {
		up.Script(keyAt(r.at), sandbox.Fault{Kind: sandbox.Stall, On: "any", Chunks: 6, Delay: time.Hour})
		key := string(r.kind) + r.at
		resp, err := post(p, r, token, "Idempotency-Key", key)
		require.NoError(t, err)
		got, lines := "", bufio.NewScanner(resp.Body)
		for strings.Count(got, "data: ") < 4 && lines.Scan() {
			got += lines.Text() + "\n"
		}
		_ = resp.Body.Close()
		served, left := up.Totals().Served, ""
		for range 2 {
			resp, err = post(p, r, token, "Idempotency-Key", key) // which waits for the first to be settled
			require.NoError(t, err)
			text := string(readAll(t, resp.Body))
			_ = resp.Body.Close()
			require.True(t, strings.HasPrefix(text, got), "%s\n%s", got, text)
			log := tom.Must(`{ usageLogs(first: 1) { edges { node { errorCode creditsCharged } } } viewer { wallet { available held } } }`, nil)
			require.Equal(t, "CLIENT_GONE", log.Get("usageLogs.edges.0.node.errorCode").String())
			require.Equal(t, log.Get("usageLogs.edges.0.node.creditsCharged").String(), resp.Trailer.Get("X-Credits-Charged"))
			require.Equal(t, "0", log.Get("viewer.wallet.held").String())
			if left == "" {
				left = log.Get("viewer.wallet.available").String()
			}
			require.Equal(t, left, log.Get("viewer.wallet.available").String())
		}
		require.Equal(t, served, up.Totals().Served)
	}
	p.Verified()
}

// Who leaves while the provider still thinks pays for the prompt, and the provider is told to stop.
func TestAClientThatLeavesBeforeTheFirstPiecePaysForThePrompt(t *testing.T) {
	t.Parallel()
	up, p, tom, all := routes(t, dbtest.URL(t))
	token := tom.APIToken()
	up.SetLatency("", sandbox.Latency{FirstByte: time.Hour})
	before := up.Totals().Served
	ctx, leave := context.WithCancel(t.Context())
	var gone sync.WaitGroup
	for _, r := range all {
		gone.Go(func() {
			if _, err := postWithin(p, ctx, r, token); err == nil {
				t.Error("nothing should have come")
			}
		})
	}
	require.Eventually(t, func() bool { return up.Totals().Served == before+int64(len(all)) }, 10*time.Second, 10*time.Millisecond)
	leave()
	gone.Wait()
	rows := func() []gjson.Result {
		return tom.Must(`{ usageLogs(first: 50) { edges { node { status errorCode promptTokens completionTokens creditsCharged } } } }`, nil).Get("usageLogs.edges.#.node").Array()
	}
	require.Eventually(t, func() bool { return len(rows()) == len(all) }, 10*time.Second, 20*time.Millisecond)
	for _, row := range rows() {
		require.Equal(t, "SUCCEEDED CLIENT_GONE 0", row.Get("status").String()+" "+row.Get("errorCode").String()+" "+row.Get("completionTokens").String())
		require.Positive(t, row.Get("promptTokens").Int())
		require.NotEqual(t, "0", row.Get("creditsCharged").String())
	}
	require.Equal(t, "0", tom.Must(programtest.Wallet, nil).Get("viewer.wallet.held").String())
	p.Verified()
}

// A client that keeps a stream and does not read it is cut after the write deadline, and pays for what was sent.
func TestAClientThatDoesNotReadIsCut(t *testing.T) {
	programtest.Nightly(t)
	t.Parallel()
	up, p, tom, _ := routes(t, dbtest.URL(t))
	up.SetLength(190_000)
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.(*net.TCPConn).SetReadBuffer(4<<10))
	req, err := http.NewRequest(http.MethodPost, p.URL+dialects[provider.KindChat].path, strings.NewReader(`{"model":"gpt-5-mini","max_tokens":190000,"stream":true,"messages":[{"role":"user","content":"hi"}]}`))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+tom.APIToken())
	require.NoError(t, req.Write(conn))
	row := func() gjson.Result {
		return tom.Must(`{ usageLogs(first: 1) { edges { node { errorCode completionTokens } } } }`, nil).Get("usageLogs.edges.0.node")
	}
	require.Eventually(t, func() bool { return row().Exists() }, time.Minute, 500*time.Millisecond)
	require.Equal(t, "CLIENT_GONE", row().Get("errorCode").String())
	require.Positive(t, row().Get("completionTokens").Int())
	require.Less(t, row().Get("completionTokens").Int(), int64(190_000))
	require.Equal(t, "0", tom.Must(programtest.Wallet, nil).Get("viewer.wallet.held").String())
	p.Verified()
}
