package provider_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"

	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/sandbox"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

const canary = "sk-CANARY-0123456789abcdef"

type plain string

func (p plain) Reveal() string { return string(p) }

func client(tb testing.TB, urls map[string]string) *provider.Client {
	tb.Helper()
	c, err := provider.New(provider.Options{URLs: urls})
	require.NoError(tb, err)
	tb.Cleanup(c.Close)
	return c
}

// answering is a client of an upstream that answers every call by h.
func answering(tb testing.TB, h http.HandlerFunc) *provider.Client {
	tb.Helper()
	s := httptest.NewServer(h)
	tb.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return client(tb, map[string]string{"openai": s.URL + "/v1"})
}

func ask() provider.ChatRequest {
	return provider.ChatRequest{Target: provider.Target{Provider: "openai"}, Key: plain(canary), Model: "gpt-4", Messages: []provider.Message{{Role: "user", Content: "Hi"}}}
}

func readAll(s *provider.Stream) (pieces []string, err error) {
	for {
		p, err := s.Next()
		if err == io.EOF {
			return pieces, nil
		}
		if err != nil {
			return pieces, err
		}
		if p.Text != "" {
			pieces = append(pieces, p.Text)
		}
	}
}

func streamed(r provider.ChatRequest) *provider.Request { return r.Request(true) }

func content(a *provider.Answer) string {
	c, _ := a.Text()
	return c
}

func TestChatWholeAndStreamedSayTheSame(t *testing.T) {
	u := upstreamtest.New(t)
	u.AddKey(canary, "10")
	c := client(t, u.URLs())
	u.NextUsage(canary, 2000, 1000)
	u.NextUsage(canary, 2000, 1000)

	whole, f := c.Chat(t.Context(), ask())
	require.Nil(t, f)
	require.Equal(t, &provider.Usage{Prompt: 2000, Completion: 1000}, whole.Usage)
	require.Equal(t, "stop", whole.Finish)
	require.Equal(t, "gpt-4", whole.Model)
	require.Len(t, strings.Fields(content(whole)), 1000)

	s, f := c.Stream(t.Context(), streamed(ask()))
	require.Nil(t, f)
	defer s.Close()
	pieces, err := readAll(s)
	require.NoError(t, err)
	require.Len(t, pieces, 250)
	got := s.Answer()
	require.Equal(t, strings.Join(pieces, ""), content(got))
	require.Equal(t, whole.Usage, got.Usage)
	require.Equal(t, "stop", got.Finish)
	require.Equal(t, "gpt-4", got.Model)
	require.Equal(t, "0.1", u.Used(canary).String())
}

func TestWhatIsSent(t *testing.T) {
	temp, top := 0.5, 1.0
	r := provider.ChatRequest{
		Key: plain(canary), Model: "m", Messages: []provider.Message{{Role: "system", Content: "a\"b\\\n\u2028<\x00\xff"}, {Role: "user", Content: "hé"}},
		MaxTokens: 7, Temperature: &temp, TopP: &top, Stop: []string{"x", "\n"}, User: "hash",
	}
	send := func(name string, stream, reasons bool) gjson.Result {
		var body string
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			body = string(b)
			require.Equal(t, "Bearer "+canary, r.Header.Get("Authorization"))
			require.Equal(t, "/x/chat/completions", r.URL.Path)
			_, _ = io.WriteString(w, `{"choices":[{"message":{"content":"ok"}}]}`)
		}))
		defer s.Close()
		r := r
		r.Target.Provider, r.Reasons = name, reasons
		c := client(t, map[string]string{name: s.URL + "/x"})
		if stream {
			st, f := c.Stream(t.Context(), streamed(r))
			require.Nil(t, f)
			st.Close()
		} else {
			_, f := c.Chat(t.Context(), r)
			require.Nil(t, f)
		}
		require.True(t, gjson.Valid(body), body)
		return gjson.Parse(body)
	}
	b := send("openai", true, false)
	require.Equal(t, "a\"b\\\n\u2028<\x00\ufffd", b.Get("messages.0.content").String())
	require.Equal(t, `{"include_usage":true}`, b.Get("stream_options").Raw)
	require.Equal(t, "false", b.Get("store").Raw)
	require.Equal(t, "hash", b.Get("user").String())
	require.Equal(t, "0.5 1 7", b.Get("temperature").Raw+" "+b.Get("top_p").Raw+" "+b.Get("max_tokens").Raw)
	require.Equal(t, `["x","\n"]`, b.Get("stop").Raw)

	b = send("openai", false, true)
	require.Equal(t, "7", b.Get("max_completion_tokens").Raw)
	require.False(t, b.Get("max_tokens").Exists() || b.Get("stream").Exists() || b.Get("stream_options").Exists())

	b = send("deepseek", true, true)
	require.Equal(t, "7", b.Get("max_tokens").Raw)
	require.False(t, b.Get("store").Exists())

	b = send("mistral", true, false)
	require.False(t, b.Get("user").Exists() || b.Get("stream_options").Exists())
}

func TestUsageAsReported(t *testing.T) {
	for raw, want := range map[string]*provider.Usage{
		`{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}`: {Prompt: 10, CachedRead: 4, Completion: 5, Reasoning: 2},
		`{"prompt_tokens":10,"completion_tokens":5,"prompt_cache_hit_tokens":3,"prompt_cache_miss_tokens":7}`:                                       {Prompt: 10, CachedRead: 3, Completion: 5},
		`{"prompt_tokens":10,"completion_tokens":5,"cached_tokens":2}`:                                                                              {Prompt: 10, CachedRead: 2, Completion: 5},
		`{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cache_write_tokens":6}}`:                                               {Prompt: 10, CacheWrite: 6, Completion: 5},
		`{"prompt_tokens":1e3,"completion_tokens":5.0,"prompt_tokens_details":null}`:                                                                {Prompt: 1000, Completion: 5},
		`{"prompt_tokens":1000000000,"completion_tokens":4611686018427387904}`:                                                                      {Prompt: 1000000000, Completion: 1 << 62},
		`{"prompt_tokens":10,"completion_tokens":4611686018427387905}`:                                                                              {Prompt: 10, Malformed: true},
		`{"prompt_tokens":10,"completion_tokens":1e300}`:                                                                                            {Prompt: 10, Malformed: true},
		`{"prompt_tokens":-10,"completion_tokens":5}`:                                                                                               {Prompt: -10, Completion: 5, Malformed: true},
		`{"prompt_tokens":"10","completion_tokens":5}`:                                                                                              {Completion: 5, Malformed: true},
		`{"prompt_tokens":10,"completion_tokens":null}`:                                                                                             {Prompt: 10, Malformed: true},
		`{"prompt_tokens":10.5,"completion_tokens":5}`:                                                                                              {Completion: 5, Malformed: true},
		`{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":"4"}}`:                                                  {Prompt: 10, Completion: 5, Malformed: true},
		`{}`:    {Malformed: true},
		`"lot"`: {Malformed: true},
		`null`:  nil,
	} {
		c := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, `{"choices":[{"message":{"content":"ok"}}],"usage":%s}`, raw)
		})
		got, f := c.Chat(t.Context(), ask())
		require.Nil(t, f, raw)
		require.Equal(t, want, got.Usage, raw)
	}
}

func TestContentInOtherShapes(t *testing.T) {
	for raw, want := range map[string]string{
		`{"content":null}`:                     "",
		`{"content":null,"refusal":"I won't"}`: "I won't",
		`{"content":[{"type":"thinking","thinking":[{"text":"hm"}]},{"type":"text","text":"a"},{"type":"text","text":"b"}]}`: "ab",
		`{"content":"x","reasoning_content":"y"}`: "x",
	} {
		c := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, `{"choices":[{"message":%s,"finish_reason":null}]}`, raw)
		})
		got, f := c.Chat(t.Context(), ask())
		require.Nil(t, f, raw)
		require.Equal(t, want, content(got))
		require.Nil(t, got.Usage)
	}
}

func TestFaultsOfTheUpstream(t *testing.T) {
	u := upstreamtest.New(t)
	u.AddKey(canary, "10")
	other := upstreamtest.New(t)
	other.AddKey(canary, "10")
	c := client(t, u.URLs())
	for _, tt := range []struct {
		fault sandbox.Fault
		want  provider.Class
	}{
		{sandbox.Fault{Kind: sandbox.Unauthorized}, provider.Dead},
		{sandbox.Fault{Kind: sandbox.RateLimit, RetryAfter: 7 * time.Second}, provider.RateLimited},
		{sandbox.Fault{Kind: sandbox.InsufficientQuota}, provider.Empty},
		{sandbox.Fault{Kind: sandbox.ServerError}, provider.ServerFault},
		{sandbox.Fault{Kind: sandbox.ServerError, Status: 529}, provider.ServerFault},
		{sandbox.Fault{Kind: sandbox.BadRequest, Message: "Invalid 'seed' for " + canary}, provider.Rejected},
		{sandbox.Fault{Kind: sandbox.Garbage}, provider.Unreadable},
		{sandbox.Fault{Kind: sandbox.ErrorBody}, provider.Unreadable},
		{sandbox.Fault{Kind: sandbox.Redirect, Location: other.URL + "/v1/chat/completions"}, provider.Redirected},
		{sandbox.Fault{Kind: sandbox.LostConnection}, provider.Connection},
	} {
		t.Run(string(tt.fault.Kind), func(t *testing.T) {
			u.Script(canary, tt.fault, tt.fault)
			_, f := c.Chat(t.Context(), ask())
			require.NotNil(t, f)
			require.Equal(t, tt.want, f.Class)
			require.Equal(t, tt.fault.RetryAfter, f.RetryAfter)
			require.NotContains(t, f.Error()+f.Message, "CANARY")

			s, sf := c.Stream(t.Context(), streamed(ask()))
			if sf == nil {
				_, err := s.Next()
				require.ErrorAs(t, err, &sf)
				s.Close()
			}
			require.Equal(t, tt.want, sf.Class)
		})
	}
	require.Zero(t, other.Totals(), "a redirect is not followed")
	_, f := c.Chat(t.Context(), ask())
	require.Nil(t, f, "the key serves on after its faults")

	u.Script(canary, sandbox.Fault{Kind: sandbox.CutStream, Chunks: 2})
	s, f := c.Stream(t.Context(), streamed(ask()))
	require.Nil(t, f)
	pieces, err := readAll(s)
	require.ErrorAs(t, err, &f)
	require.Equal(t, provider.Unreadable, f.Class)
	require.Len(t, pieces, 2)
	require.Equal(t, strings.Join(pieces, ""), content(s.Answer()))
	require.Nil(t, s.Answer().Usage)
	s.Close()

	u.Script(canary, sandbox.Fault{Kind: sandbox.CutStream})
	_, f = c.Chat(t.Context(), ask())
	require.Equal(t, provider.Unreadable, f.Class)
}

func TestUnusableKeysAreNotSent(t *testing.T) {
	c := answering(t, func(http.ResponseWriter, *http.Request) { t.Error("called") })
	for _, key := range []string{"", "sk CANARY", "sk-CANARY\n", "sk-CANARYé", strings.Repeat("k", 5000)} {
		r := ask()
		r.Key = plain(key)
		_, f := c.Chat(t.Context(), r)
		require.Equal(t, provider.Dead, f.Class)
		require.NotContains(t, f.Error(), "CANARY")
	}
}

func TestOurDeadlineIsATimeoutAndLeavingIsNot(t *testing.T) {
	u := upstreamtest.New(t)
	u.AddKey(canary, "10")
	u.SetLatency(canary, sandbox.Latency{FirstByte: time.Minute})
	c := client(t, u.URLs())
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	_, f := c.Chat(ctx, ask())
	require.Equal(t, provider.Timeout, f.Class)
	require.False(t, f.Replayable())
	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(30*time.Millisecond, cancel)
	_, f = c.Stream(ctx, streamed(ask()))
	require.Equal(t, provider.Canceled, f.Class)

	u.SetLatency(canary, sandbox.Latency{PerToken: 5 * time.Millisecond})
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	s, f := c.Stream(ctx, streamed(ask()))
	require.Nil(t, f)
	_, err := readAll(s)
	require.ErrorAs(t, err, &f)
	require.Equal(t, provider.Timeout, f.Class)
	s.Close()
}

func TestRefusedConnectionIsReplayable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	_, f := client(t, map[string]string{"openai": "http://" + l.Addr().String()}).Chat(t.Context(), ask())
	require.Equal(t, provider.Connection, f.Class)
	require.True(t, f.Replayable())
}

func TestBombs(t *testing.T) {
	block := []byte(strings.Repeat("x", 64<<10))
	var taken atomic.Int64 // what the client let the provider send
	endless := func(prefix, kind string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			_, _ = io.WriteString(w, prefix)
			for range 10 << 30 / len(block) {
				n, err := w.Write(block)
				taken.Add(int64(n))
				if err != nil {
					return
				}
			}
		}
	}
	brackets := []byte(strings.Repeat("[", 64<<10))
	nested := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"choices":`)
		for range 128 {
			_, _ = w.Write(brackets)
		}
	}
	headers := func(w http.ResponseWriter, _ *http.Request) {
		for i := range 100_000 {
			w.Header().Set(fmt.Sprintf("X-%d", i), "y")
		}
	}
	for name, h := range map[string]http.HandlerFunc{
		"endless answer": endless(`{"choices":[{"message":{"content":"`, "application/json"), "endless line": endless("data: ", "text/event-stream"),
		"endless error": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500); endless("", "text/plain")(w, r) },
		"nested":        nested, "headers": headers,
	} {
		t.Run(name, func(t *testing.T) {
			c := answering(t, h)
			taken.Store(0)
			_, f := c.Chat(t.Context(), ask())
			require.NotNil(t, f)
			s, f := c.Stream(t.Context(), streamed(ask()))
			if f == nil {
				_, err := s.Next()
				require.Error(t, err)
				s.Close()
			}
			require.Less(t, taken.Load(), int64(64<<20), "an answer of 10 GB is left after its limit, twice 16 MB and what sockets hold")
		})
	}
}
