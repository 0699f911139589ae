package sandbox_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"github.com/tiktoken-go/tokenizer"

	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/sandbox"
)

func start(t *testing.T, o sandbox.Options) (*sandbox.Server, string) {
	t.Helper()
	s, err := sandbox.New(o)
	require.NoError(t, err)
	l := httptest.NewServer(s.Handler())
	t.Cleanup(l.Close)
	return s, l.URL
}

func call(t *testing.T, method, url, key, body string) (int, http.Header, string) {
	t.Helper()
	h := http.Header{}
	if key != "" {
		h.Set("Authorization", "Bearer "+key)
	}
	return callWith(t, method, url, h, body)
}

func callWith(t *testing.T, method, url string, h http.Header, body string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	req.Header = h
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(b)
}

const hi = `{"model":"gpt-4","messages":[{"role":"user","content":"Hi there"}]}`

func TestQuotaRunsOutExactly(t *testing.T) {
	// 2 + 3 + 3 = 8 tokens in and 4 out cost 8 × 10⁻⁵ + 4 × 3 × 10⁻⁵ = 0.0002 USD.
	s, url := start(t, sandbox.Options{Keys: "sk-a=0.0005,sk-b=1", Length: 4})
	for range 3 {
		status, _, body := call(t, "POST", url+"/v1/chat/completions", "sk-a", hi)
		require.Equal(t, 200, status, body)
		require.Equal(t, "8 4", gjson.Get(body, "usage.prompt_tokens").Raw+" "+gjson.Get(body, "usage.completion_tokens").Raw)
	}
	status, _, body := call(t, "POST", url+"/v1/chat/completions", "sk-a", hi)
	require.Equal(t, 429, status)
	require.Equal(t, "insufficient_quota", gjson.Get(body, "error.code").String())
	k, _ := s.Key("sk-a")
	require.Equal(t, "0.0006 -0.0001", k.Used.String()+" "+k.Left.String())
	require.EqualValues(t, 4, k.Calls.Chats)
	require.EqualValues(t, 3, k.Calls.Served)
	_, _, body = call(t, "GET", url+"/user/balance", "sk-a", "")
	require.Equal(t, "false", gjson.Get(body, "is_available").Raw)
	_, _, body = call(t, "GET", url+"/user/balance", "sk-b", "")
	require.Equal(t, "1", gjson.Get(body, "balance_infos.0.total_balance").String())
}

func TestQuotaIsExactUnderLoad(t *testing.T) {
	s, url := start(t, sandbox.Options{Keys: "sk-a=0.002", Length: 4})
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() { call(t, "POST", url+"/v1/chat/completions", "sk-a", hi) })
	}
	wg.Wait()
	k, _ := s.Key("sk-a")
	require.Equal(t, "0.002", k.Used.String())
	require.EqualValues(t, 10, k.Calls.Served)
}

func TestKeysOfOneOrganizationShareItsQuota(t *testing.T) {
	s, url := start(t, sandbox.Options{Length: 4})
	for _, k := range []string{"sk-a", "sk-b"} {
		require.NoError(t, s.AddKey(sandbox.KeySpec{Key: k, Quota: money.One, Organization: "org-1", Models: []string{"gpt-4"}}))
	}
	_, h, _ := call(t, "POST", url+"/v1/chat/completions", "sk-a", hi)
	require.Equal(t, "org-1", h.Get("Openai-Organization"))
	k, _ := s.Key("sk-b")
	require.Equal(t, "0.9998 0", k.Left.String()+" "+k.Used.String())
	_, _, body := call(t, "GET", url+"/models", "sk-b", "")
	require.Equal(t, `["gpt-4"]`, gjson.Get(body, "data.#.id").Raw)
	status, _, _ := call(t, "POST", url+"/v1/chat/completions", "sk-b", strings.Replace(hi, "gpt-4", "gpt-4o", 1))
	require.Equal(t, 404, status)
}

func TestUnknownAndRevokedKeys(t *testing.T) {
	s, url := start(t, sandbox.Options{Keys: "sk-known-key-0001=1"})
	s.Revoke("sk-known-key-0001")
	for _, path := range []string{"GET /v1/models", "POST /v1/chat/completions", "GET /user/balance", "POST /embeddings"} {
		method, path, _ := strings.Cut(path, " ")
		for _, key := range []string{"", "sk-unknown-key-0001", "sk-known-key-0001"} {
			status, _, body := call(t, method, url+path, key, hi)
			require.Equal(t, 401, status)
			require.Equal(t, "invalid_api_key", gjson.Get(body, "error.code").String())
			require.NotContains(t, body, "known-key")
		}
	}
}

func TestSameRequestSameAnswer(t *testing.T) {
	_, url := start(t, sandbox.Options{Keys: "sk-a=100"})
	_, _, one := call(t, "POST", url+"/v1/chat/completions", "sk-a", hi)
	_, _, two := call(t, "POST", url+"/chat/completions", "sk-a", hi)
	_, _, other := call(t, "POST", url+"/v1/chat/completions", "sk-a", strings.Replace(hi, "Hi", "Ho", 1))
	require.Equal(t, one, two)
	require.NotEqual(t, one, other)
}

func TestAnswersAreCappedAndCounted(t *testing.T) {
	_, url := start(t, sandbox.Options{Keys: "sk-a=100", Length: 3000})
	enc, err := tokenizer.Get(tokenizer.O200kBase)
	require.NoError(t, err)
	for _, limit := range []int{1, 2, 777} {
		body := strings.Replace(hi, "{", fmt.Sprintf(`{"max_tokens":%d,`, limit), 1)
		_, _, answer := call(t, "POST", url+"/v1/chat/completions", "sk-a", body)
		require.Equal(t, "length", gjson.Get(answer, "choices.0.finish_reason").String())
		n, err := enc.Count(gjson.Get(answer, "choices.0.message.content").String())
		require.NoError(t, err)
		require.Equal(t, limit, n, "a word is a token")
		require.EqualValues(t, limit, gjson.Get(answer, "usage.completion_tokens").Int())
	}
	n, _ := enc.Count(sandbox.Text(20_000, 7))
	require.Equal(t, 20_000, n)
}

func TestStreamTellsUsageWhereAsked(t *testing.T) {
	_, url := start(t, sandbox.Options{Keys: "sk-a=100", Length: 10})
	stream := func(extra string) (events []string) {
		_, h, body := call(t, "POST", url+"/v1/chat/completions", "sk-a", strings.Replace(hi, "{", `{"stream":true,`+extra, 1))
		require.Equal(t, "text/event-stream", h.Get("Content-Type"))
		for sc := bufio.NewScanner(strings.NewReader(body)); sc.Scan(); {
			if data, ok := strings.CutPrefix(sc.Text(), "data: "); ok {
				require.True(t, data == "[DONE]" || gjson.Valid(data), data)
				events = append(events, data)
			}
		}
		return events
	}
	events := stream("")
	require.Len(t, events, 1+3+1+1)
	require.NotContains(t, strings.Join(events, ""), "usage")
	events = stream(`"stream_options":{"include_usage":true},`)
	require.Len(t, events, 1+3+1+1+1)
	require.EqualValues(t, 10, gjson.Get(events[5], "usage.completion_tokens").Int())
	require.Equal(t, "[DONE]", events[6])
	var text string
	for _, e := range events[:5] {
		text += gjson.Get(e, "choices.0.delta.content").String()
	}
	require.Len(t, strings.Fields(text), 10)
}

func TestScriptsComeInOrderAndOnlyWhereMeant(t *testing.T) {
	s, url := start(t, sandbox.Options{Keys: "sk-a=100,sk-b=100", Length: 4})
	require.NoError(t, s.Script("sk-a",
		sandbox.Fault{Kind: sandbox.RateLimit, RetryAfter: 1500 * time.Millisecond},
		sandbox.Fault{Kind: sandbox.ServerError, Count: 2},
		sandbox.Fault{Kind: sandbox.Unauthorized, On: "models"},
		sandbox.Fault{Kind: sandbox.UsageOverride, Prompt: 2000, Completion: 1000, Cached: 500},
		sandbox.Fault{Kind: sandbox.UsageOverride, Raw: json.RawMessage(`{"prompt_tokens":"lots","completion_tokens":-1}`)},
		sandbox.Fault{Kind: sandbox.NoUsage},
	))
	require.NoError(t, s.Script("", sandbox.Fault{Kind: sandbox.BadRequest}))
	chat := func(key string) (int, http.Header, string) {
		return call(t, "POST", url+"/v1/chat/completions", key, hi)
	}
	status, h, _ := chat("sk-a")
	require.Equal(t, 429, status)
	require.Equal(t, "1.5", h.Get("Retry-After"))
	for range 2 {
		status, _, _ = chat("sk-a")
		require.Equal(t, 500, status)
	}
	_, _, body := chat("sk-a")
	require.Equal(t, "2000 1000 500", gjson.Get(body, "usage.prompt_tokens").Raw+" "+gjson.Get(body, "usage.completion_tokens").Raw+" "+gjson.Get(body, "usage.prompt_tokens_details.cached_tokens").Raw)
	k, _ := s.Key("sk-a")
	require.Equal(t, "0.05", k.Used.String(), "charged as told")
	_, _, body = chat("sk-a")
	require.Equal(t, `{"prompt_tokens":"lots","completion_tokens":-1}`, gjson.Get(body, "usage").Raw)
	_, _, body = chat("sk-a")
	require.False(t, gjson.Get(body, "usage").Exists())
	status, _, _ = chat("sk-b")
	require.Equal(t, 400, status, "a script for whoever calls")
	status, _, body = call(t, "GET", url+"/v1/models", "sk-a", "")
	require.Equal(t, 401, status)
	require.Contains(t, body, "sk-a", "quotes the key, as a trap")
	status, _, _ = chat("sk-a")
	require.Equal(t, 200, status)
	k, _ = s.Key("sk-a")
	require.Zero(t, k.Faults)

	for _, f := range []sandbox.Fault{{Kind: "nonsense"}, {Kind: sandbox.Slow, On: "moon"}, {Kind: sandbox.UsageOverride, Prompt: -1}, {Kind: sandbox.UsageOverride, Raw: json.RawMessage("{")}} {
		require.Error(t, s.Script("sk-a", f))
	}
}

func TestBadRequests(t *testing.T) {
	_, url := start(t, sandbox.Options{Keys: "sk-a=100"})
	for _, body := range []string{
		`{`, `{"model":"gpt-4"}`, `{"model":"gpt-4","messages":[]}`, strings.Replace(hi, "{", `{"temperature":3,`, 1), strings.Replace(hi, "{", `{"max_tokens":0,`, 1),
		strings.Replace(hi, "{", `{"n":9,`, 1), strings.Replace(hi, "{", `{"x":`+strings.Repeat("[", 1<<20)+`,`, 1),
	} {
		status, _, answer := call(t, "POST", url+"/v1/chat/completions", "sk-a", body)
		require.Equal(t, 400, status)
		require.Equal(t, "invalid_request_error", gjson.Get(answer, "error.type").String())
	}
}

func TestEmbeddings(t *testing.T) {
	s, url := start(t, sandbox.Options{Keys: "sk-a=100"})
	_, _, body := call(t, "POST", url+"/v1/embeddings", "sk-a", `{"model":"text-embedding-3-small","input":["hello world!","b"],"dimensions":8}`)
	require.True(t, gjson.Valid(body), body)
	require.EqualValues(t, 4, gjson.Get(body, "usage.total_tokens").Int())
	require.Len(t, gjson.Get(body, "data.1.embedding").Array(), 8)
	require.NotEqual(t, gjson.Get(body, "data.0.embedding").Raw, gjson.Get(body, "data.1.embedding").Raw)
	k, _ := s.Key("sk-a")
	require.Equal(t, "0.00000008", k.Used.String())
}

func TestLatency(t *testing.T) {
	s, url := start(t, sandbox.Options{Keys: "sk-a=100,sk-b=100", Length: 10})
	s.SetLatency("sk-a", sandbox.Latency{FirstByte: 30 * time.Millisecond, PerToken: 2 * time.Millisecond})
	took := func(key, body string) time.Duration {
		began := time.Now() //nolint:forbidigo // a real wait is what is measured
		call(t, "POST", url+"/v1/chat/completions", key, body)
		return time.Since(began)
	}
	require.GreaterOrEqual(t, took("sk-a", hi), 50*time.Millisecond)
	require.GreaterOrEqual(t, took("sk-a", strings.Replace(hi, "{", `{"stream":true,`, 1)), 50*time.Millisecond)
	require.Less(t, took("sk-b", hi), 50*time.Millisecond)
}

func TestControlOverHTTP(t *testing.T) {
	s, url := start(t, sandbox.Options{Keys: "sk-a=1", Length: 4, Recording: 10})
	do := func(method, path, body string, want int) string {
		t.Helper()
		status, _, answer := call(t, method, url+"/sandbox/"+path, "", body)
		require.Equal(t, want, status, answer)
		return answer
	}
	do("POST", "keys", `{"key":"sk-new","quota":"2.5","models":["gpt-4"],"organization":"org-9","latency":{"firstByte":1000}}`, 204)
	require.Equal(t, "2.5", gjson.Get(do("GET", "keys/sk-new", "", 200), "left").String())
	do("POST", "keys/sk-new/faults", `[{"kind":"usage","prompt":2000,"completion":1000},{"kind":"rate_limit","retryAfter":2000000000,"count":2}]`, 204)
	require.EqualValues(t, 3, gjson.Get(do("GET", "keys/sk-new", "", 200), "faults").Int())
	call(t, "POST", url+"/v1/chat/completions", "sk-new", hi)
	require.Equal(t, "0.05", gjson.Get(do("GET", "keys/sk-new", "", 200), "used").String())
	do("DELETE", "keys/sk-new/faults", "", 204)
	do("PUT", "keys/sk-new/quota", `"0.05"`, 204)
	status, _, _ := call(t, "POST", url+"/v1/chat/completions", "sk-new", hi)
	require.Equal(t, 429, status)
	require.EqualValues(t, 2, gjson.Get(do("GET", "calls?contains=Hi+there", "", 200), "count").Int())
	require.EqualValues(t, 2, gjson.Get(do("GET", "totals", "", 200), "chats").Int())
	do("PUT", "models/vendor/new-model", `{"input":"1","cached":"1","output":"2"}`, 204)
	do("PUT", "keys/*/latency", `{"perToken":1}`, 204)
	do("PUT", "length", `9`, 204)
	do("POST", "keys/*/faults", `[{"kind":"server_error"}]`, 204)
	status, _, _ = call(t, "POST", url+"/v1/chat/completions", "sk-a", hi)
	require.Equal(t, 500, status)
	do("DELETE", "keys/sk-a", "", 204)
	require.EqualValues(t, 2, gjson.Get(do("GET", "keys", "", 200), "#").Int())
	do("POST", "reset", "", 204)
	require.Len(t, s.AllKeys(), 1)
	for _, bad := range []string{`{"key":"x","quota":1}`, `{"key":"","quota":"1"}`, `{"key":"x","quota":"1","nonsense":1}`, `{"key":"x","quota":"1","models":["none"]}`, `{`} {
		do("POST", "keys", bad, 400)
	}
	do("GET", "keys/none", "", 400)
}

func TestControlIsClosedToOthers(t *testing.T) {
	s, url := start(t, sandbox.Options{Token: "secret"})
	for key, want := range map[string]int{"": 403, "wrong": 403, "secret": 200} {
		status, _, _ := call(t, "GET", url+"/sandbox/keys", key, "")
		require.Equal(t, want, status)
	}
	open, err := sandbox.New(sandbox.Options{})
	require.NoError(t, err)
	for remote, origin := range map[string]string{"192.0.2.1:99": "", "127.0.0.1:99": "https://evil.example.com"} {
		r := httptest.NewRequest("GET", "/sandbox/keys", nil)
		r.RemoteAddr = remote
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		w := httptest.NewRecorder()
		open.Handler().ServeHTTP(w, r)
		require.Equal(t, 403, w.Code)
	}
	_ = s
}

func TestServeStopsWithItsContext(t *testing.T) {
	s, err := sandbox.New(sandbox.Options{})
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	status, _, _ := call(t, "GET", "http://"+l.Addr().String()+"/v1/models", "", "")
	require.Equal(t, 401, status)
	require.Error(t, s.ListenAndServe(ctx, l.Addr().String()), "a used port")
	cancel()
	require.NoError(t, <-done)
}

func TestBadOptions(t *testing.T) {
	for _, keys := range []string{"sk-a", "sk-a=lots", "=1", "sk-a=-1"} {
		_, err := sandbox.New(sandbox.Options{Keys: keys})
		require.Error(t, err, keys)
	}
}

// The figures are those of the traces.
func TestSizesAreLikeTheRealOnes(t *testing.T) {
	for _, tt := range []struct {
		name                string
		traffic             sandbox.Traffic
		prompt, answer      [3]float64 // quartiles
		promptMean, ansMean float64
	}{
		{"chat", sandbox.Chat, [3]float64{396, 1020, 1189}, [3]float64{85, 129, 395}, 1155, 211},
		{"code", sandbox.Code, [3]float64{578, 1469, 2745}, [3]float64{9, 13, 24}, 2048, 28},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			const n = 40_000
			prompts, answers := make([]int, n), make([]int, n)
			var sums [2]float64
			for i := range n {
				prompts[i], answers[i] = tt.traffic.Sizes(r)
				sums[0] += float64(prompts[i])
				sums[1] += float64(answers[i])
			}
			slices.Sort(prompts)
			slices.Sort(answers)
			for i, q := range []int{n / 4, n / 2, 3 * n / 4} {
				require.InEpsilon(t, tt.prompt[i], prompts[q], 0.1)
				require.InEpsilon(t, tt.answer[i], answers[q], 0.1)
			}
			require.InEpsilon(t, tt.promptMean, sums[0]/n, 0.05)
			require.InEpsilon(t, tt.ansMean, sums[1]/n, 0.05)
			require.Positive(t, prompts[0])
			require.Positive(t, answers[0])
		})
	}
}
