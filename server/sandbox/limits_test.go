package sandbox_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/sandbox"
)

func TestRequestsAMinuteAreLimited(t *testing.T) {
	for on, e := range everywhere {
		t.Run(on, func(t *testing.T) {
			now := clock.NewFake(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
			s, url := start(t, sandbox.Options{Length: 4, Clock: now})
			require.NoError(t, s.AddKey(sandbox.KeySpec{Key: "sk-a", Quota: money.One, RPM: 2}))
			for range 2 {
				status, _, body := ask(t, url, "sk-a", on, e.body)
				require.Equal(t, 200, status, body)
			}
			now.Advance(20 * time.Second)
			status, _, body := ask(t, url, "sk-a", on, e.body)
			require.Equal(t, 429, status, body)
			k, _ := s.Key("sk-a")
			require.EqualValues(t, 2, k.Calls.Served)
			now.Advance(40 * time.Second)
			status, _, _ = ask(t, url, "sk-a", on, e.body)
			require.Equal(t, 200, status)
		})
	}
}

func TestLimitsAreTold(t *testing.T) {
	now := clock.NewFake(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	s, url := start(t, sandbox.Options{Length: 4, Clock: now})
	require.NoError(t, s.AddKey(sandbox.KeySpec{Key: "sk-a", Quota: money.One, RPM: 10, TPM: 30}))
	told := func(h http.Header, names ...string) string {
		var out []string
		for _, n := range names {
			out = append(out, h.Get(n))
		}
		return strings.Join(out, " ")
	}
	ofOpenAI := []string{
		"x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests",
		"x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens",
	}
	status, h, _ := call(t, "POST", url+"/v1/chat/completions", "sk-a", hi) // 12 tokens
	require.Equal(t, "10 9 1m0s 30 18 1m0s", told(h, ofOpenAI...))
	require.Equal(t, 200, status)
	now.Advance(10 * time.Second)
	status, h, body := message(t, url, "sk-a", "messages", claude)
	require.Equal(t, 200, status, body) // 12 tokens
	require.Equal(t, "10 8 2026-01-02T03:05:05Z 30 6 2026-01-02T03:05:05Z", told(h,
		"anthropic-ratelimit-requests-limit", "anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset",
		"anthropic-ratelimit-tokens-limit", "anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"))
	status, h, body = call(t, "POST", url+"/v1/chat/completions", "sk-a", hi)
	require.Equal(t, 429, status)
	require.Equal(t, "rate_limit_exceeded", gjson.Get(body, "error.code").Str)
	require.Equal(t, "10 7 50s 30 6 50s", told(h, ofOpenAI...))
	require.Equal(t, "50", h.Get("Retry-After"))
	status, h, body = message(t, url, "sk-a", "messages", claude)
	require.Equal(t, "rate_limit_error 50", gjson.Get(body, "error.type").Str+" "+h.Get("Retry-After"))
	require.Equal(t, 429, status)
	_, _, body = google(t, url, "sk-a", "gemini-2.5-flash:generateContent", content)
	require.Equal(t, "50s", gjson.Get(body, "error.details.0.retryDelay").Str)
	require.Error(t, s.AddKey(sandbox.KeySpec{Key: "sk-b", TPM: -1}))
}

func TestCallsAtOnceAreLimited(t *testing.T) {
	s, url := start(t, sandbox.Options{Length: 4})
	require.NoError(t, s.AddKey(sandbox.KeySpec{Key: "sk-a", Quota: money.One, Concurrency: 2, Latency: &sandbox.Latency{FirstByte: 200 * time.Millisecond}}))
	var mu sync.Mutex
	var wg sync.WaitGroup
	got := map[int]int{}
	for range 5 {
		wg.Go(func() {
			status, _, _ := call(t, "POST", url+"/v1/chat/completions", "sk-a", hi)
			mu.Lock()
			got[status]++
			mu.Unlock()
		})
	}
	wg.Wait()
	require.Equal(t, map[int]int{200: 2, 429: 3}, got)
	require.NoError(t, s.Script("sk-a", sandbox.Fault{Kind: sandbox.CutStream}, sandbox.Fault{Kind: sandbox.ServerError, Count: 3}))
	for range 4 {
		req, err := http.NewRequestWithContext(t.Context(), "POST", url+"/v1/chat/completions", strings.NewReader(with(hi, `"stream":true`)))
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer sk-a")
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NotEqual(t, 429, resp.StatusCode, "a call that failed is over")
		_ = resp.Body.Close()
	}
}

func TestAnswersRevealTheAccount(t *testing.T) {
	s, url := start(t, sandbox.Options{Length: 4, Keys: "sk-b=1"})
	require.NoError(t, s.AddKey(sandbox.KeySpec{Key: "sk-a", Quota: money.One, Organization: "org-1"}))
	for on, e := range everywhere {
		for _, kind := range []sandbox.Kind{sandbox.Slow, sandbox.ServerError} {
			require.NoError(t, s.Script("sk-a", sandbox.Fault{Kind: kind, On: on}))
			_, h, _ := ask(t, url, "sk-a", on, e.body)
			require.Equal(t, "org-1", h.Get("Openai-Organization"))
			require.Contains(t, h.Get("Set-Cookie"), "org-1")
			require.NotEmpty(t, h.Get("Cf-Ray"))
		}
		_, h, _ := ask(t, url, "sk-b", on, e.body)
		require.Empty(t, h.Get("Openai-Organization")+h.Get("Set-Cookie")+h.Get("Cf-Ray"))
	}
}
