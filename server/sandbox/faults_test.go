package sandbox_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/sandbox"
)

// everywhere is a streamed request of each endpoint that generates, and the header that its key is in.
var everywhere = map[string]struct{ path, header, prefix, body string }{
	"chat":        {"/v1/chat/completions", "Authorization", "Bearer ", with(hi, `"stream":true`)},
	"completions": {"/v1/completions", "Authorization", "Bearer ", `{"model":"gpt-4","prompt":"a","stream":true}`},
	"responses":   {"/v1/responses", "Authorization", "Bearer ", `{"model":"gpt-4","input":"a","stream":true}`},
	"messages":    {"/v1/messages", "X-Api-Key", "", with(claude, `"stream":true`)},
	"gemini":      {"/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", "X-Goog-Api-Key", "", content},
}

func ask(t *testing.T, url, key, on, body string) (int, http.Header, string) {
	t.Helper()
	e := everywhere[on]
	h := http.Header{e.header: {e.prefix + key}}
	if on == "messages" {
		h.Set("Anthropic-Version", "2023-06-01")
	}
	return callWith(t, "POST", url+e.path, h, body)
}

func TestAnythingCanBeAnswered(t *testing.T) {
	s, url := start(t, sandbox.Options{Keys: "sk-a=100"})
	for on, e := range everywhere {
		require.NoError(t, s.Script("sk-a", sandbox.Fault{Kind: sandbox.RawAnswer, On: on, Status: 451, Body: "no <JSON>", Headers: map[string]string{"X-Odd": "yes", "Content-Type": "text/plain"}}))
		status, h, body := ask(t, url, "sk-a", on, e.body)
		require.Equal(t, 451, status, on)
		require.Equal(t, "no <JSON> yes text/plain", body+" "+h.Get("X-Odd")+" "+h.Get("Content-Type"))
	}
	require.NoError(t, s.Script("sk-a", sandbox.Fault{Kind: sandbox.RawAnswer, On: "balance", Body: `{}`}))
	status, _, body := call(t, "GET", url+"/api/v1/key", "sk-a", "")
	require.Equal(t, "{}", body)
	require.Equal(t, 200, status)
	require.Error(t, s.Script("sk-a", sandbox.Fault{Kind: sandbox.RawAnswer, Status: 99}))
}

func TestErrorsComeInsideStreams(t *testing.T) {
	s, url := start(t, sandbox.Options{Keys: "sk-a=100", Length: 12})
	for on, e := range everywhere {
		t.Run(on, func(t *testing.T) {
			ends := func(body string) bool {
				return strings.Contains(body, "[DONE]") || strings.Contains(body, "message_stop") || strings.Contains(body, "response.completed") || strings.Contains(body, `"STOP"`)
			}
			_, _, body := ask(t, url, "sk-a", on, e.body)
			require.True(t, ends(body), body)
			whole := len(events(t, body))
			f := sandbox.Fault{Kind: sandbox.StreamError, On: on, Chunks: 2, Message: "it broke"}
			require.NoError(t, s.Script("sk-a", f))
			status, _, body := ask(t, url, "sk-a", on, e.body)
			require.Equal(t, 200, status)
			require.False(t, ends(body), body)
			list := events(t, body)
			require.Less(t, len(list), whole)
			require.Contains(t, list[len(list)-1].data, "it broke")
			require.NotContains(t, list[len(list)-2].data, "it broke")

			f.Body, f.Chunks = `{"odd":true}`, 99 // more than there are
			require.NoError(t, s.Script("sk-a", f))
			_, _, body = ask(t, url, "sk-a", on, e.body)
			require.False(t, ends(body), body)
		})
	}
	require.NoError(t, s.Script("sk-a", sandbox.Fault{Kind: sandbox.StreamError, Message: "it broke"}))
	status, _, body := call(t, "POST", url+"/v1/chat/completions", "sk-a", hi)
	require.Equal(t, "it broke", gjson.Get(body, "error.message").Str)
	require.Equal(t, 200, status)
}

func TestStreamsStall(t *testing.T) {
	s, url := start(t, sandbox.Options{Keys: "sk-a=100", Length: 40})
	const delay = 60 * time.Millisecond
	for on, e := range everywhere {
		t.Run(on, func(t *testing.T) {
			require.NoError(t, s.Script("sk-a", sandbox.Fault{Kind: sandbox.Stall, On: on, Chunks: 3, Delay: delay}))
			req, err := http.NewRequestWithContext(t.Context(), "POST", url+e.path, strings.NewReader(e.body))
			require.NoError(t, err)
			req.Header.Set(e.header, e.prefix+"sk-a")
			req.Header.Set("Anthropic-Version", "2023-06-01")
			resp, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			defer resp.Body.Close()
			last := time.Now() //nolint:forbidigo // a real wait is what is measured
			var longest time.Duration
			before, pieces := 0, 0
			for sc := bufio.NewScanner(resp.Body); sc.Scan(); {
				if pause := time.Since(last); pause > longest {
					longest, before = pause, pieces
				}
				last = time.Now() //nolint:forbidigo // a real wait is what is measured
				if strings.HasPrefix(sc.Text(), "data: ") {
					pieces++
				}
			}
			require.Greater(t, longest, delay*3/4)
			require.GreaterOrEqual(t, before, 3, "pieces come before")
			require.Greater(t, pieces, before+2, "and after")
		})
	}
	require.NoError(t, s.Script("sk-a", sandbox.Fault{Kind: sandbox.Stall, Delay: delay}))
	began := time.Now() //nolint:forbidigo // a real wait is what is measured
	require.True(t, gjson.Valid(chat(t, url, hi)))
	require.GreaterOrEqual(t, time.Since(began), delay)
}

func TestFaultsAreOnTheirEndpoint(t *testing.T) {
	s, url := start(t, sandbox.Options{Keys: "sk-a=100", Length: 4})
	for on := range everywhere {
		require.NoError(t, s.Script("sk-a", sandbox.Fault{Kind: sandbox.ServerError, On: on}))
		for other, e := range everywhere {
			if other != on {
				status, _, _ := ask(t, url, "sk-a", other, e.body)
				require.Equal(t, 200, status, "%s is not %s", other, on)
			}
		}
		status, _, _ := ask(t, url, "sk-a", on, everywhere[on].body)
		require.Equal(t, 500, status, on)
	}
	for on, e := range everywhere {
		require.NoError(t, s.Script("", sandbox.Fault{Kind: sandbox.ErrorBody, On: "any"}))
		status, _, body := ask(t, url, "sk-a", on, e.body)
		require.Equal(t, 200, status)
		require.True(t, gjson.Get(body, "error.message").Exists(), body)
	}
	require.Error(t, s.Script("sk-a", sandbox.Fault{Kind: sandbox.UsageOverride, Prompt: 5, Cached: 3, CacheWrite: 3}))
	require.Error(t, s.Script("sk-a", sandbox.Fault{Kind: sandbox.UsageOverride, Completion: 5, Reasoning: 6}))
}

func TestScriptedUsageIsToldEverywhere(t *testing.T) {
	s, url := start(t, sandbox.Options{Keys: "sk-a=100", Length: 4})
	for on, tt := range map[string]struct{ members, paths, want string }{
		"chat":        {`"stream_options":{"include_usage":true}`, "usage.prompt_tokens usage.prompt_tokens_details.cached_tokens usage.prompt_tokens_details.cache_write_tokens usage.completion_tokens usage.completion_tokens_details.reasoning_tokens", "100 60 30 50 20"},
		"completions": {`"stream_options":{"include_usage":true}`, "usage.prompt_tokens usage.completion_tokens", "100 50"},
		"responses":   {`"x":1`, "response.usage.input_tokens response.usage.input_tokens_details.cached_tokens response.usage.output_tokens response.usage.output_tokens_details.reasoning_tokens", "100 60 50 20"},
		"messages":    {`"x":1`, "usage.input_tokens usage.cache_read_input_tokens usage.cache_creation_input_tokens usage.output_tokens", "10 60 30 50"},
		"gemini":      {`"x":1`, "usageMetadata.promptTokenCount usageMetadata.cachedContentTokenCount usageMetadata.candidatesTokenCount usageMetadata.thoughtsTokenCount", "100 60 30 20"},
	} {
		t.Run(on, func(t *testing.T) {
			f := sandbox.Fault{Kind: sandbox.UsageOverride, On: on, Prompt: 100, Cached: 60, CacheWrite: 30, Completion: 50, Reasoning: 20}
			none := sandbox.Fault{Kind: sandbox.NoUsage, On: on}
			require.NoError(t, s.Script("sk-a", f, none))
			_, _, body := ask(t, url, "sk-a", on, with(everywhere[on].body, tt.members))
			var told []string
			for _, e := range events(t, body) {
				if got := gjson.Get(e.data, strings.Fields(tt.paths)[len(strings.Fields(tt.paths))-1]); got.Exists() {
					told = told[:0]
					for path := range strings.FieldsSeq(tt.paths) {
						told = append(told, gjson.Get(e.data, path).Raw)
					}
				}
			}
			require.Equal(t, tt.want, strings.Join(told, " "))
			_, _, body = ask(t, url, "sk-a", on, with(everywhere[on].body, tt.members))
			require.NotContains(t, body, "output_tokens")
			require.NotContains(t, body, "completion_tokens")
			require.NotContains(t, body, "TokenCount")
		})
	}
}
