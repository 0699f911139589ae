package keys

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/sandbox"
)

// Row 26: whatever a provider says of a key, in whatever way a call fails, nobody reads it.
func TestRow26_KeyInErrorsAndLogs(t *testing.T) {
	t.Parallel()
	s := begin(t)
	secret, n := canary(), 0
	var replies strings.Builder
	token := s.tom.APIToken()
	// key brings in a fresh one: the only one that serves.
	last := ""
	key := func() string {
		if last != "" {
			_, _ = s.admin.Do(`mutation($id: ID!) { suspendResource(id: $id, reason: "a test") { id } }`, vars{"id": last})
		}
		n++
		k := fmt.Sprintf("sk-%s-%d", secret, n)
		last = s.admin.Platform(s.up, k, "1000", false)
		s.tom.Must(programtest.Complete, programtest.Ask("gpt-4", nil)) // or the provider as a whole would be left alone in the end
		return k
	}
	ask := func(streamed bool) {
		if streamed {
			req, err := http.NewRequest(http.MethodPost, s.URL+"/v1/chat/completions", strings.NewReader(`{"model":"gpt-4","messages":[{"role":"user","content":"hi"}],"stream":true}`))
			require.NoError(t, err)
			req.Header.Set("Authorization", "Bearer "+token)
			resp, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			defer func() { _ = resp.Body.Close() }()
			body, _ := io.ReadAll(resp.Body)
			fmt.Fprintln(&replies, resp.Status, resp.Header, string(body))
			return
		}
		data, err := s.tom.Do(programtest.Complete, programtest.Ask("gpt-4", nil))
		fmt.Fprintf(&replies, "%s %v", data.Raw, err)
		if e, ok := err.(*programtest.GraphError); ok {
			fmt.Fprintln(&replies, e.Extensions.Raw)
		}
	}
	for _, kind := range []sandbox.Kind{
		sandbox.Unauthorized, sandbox.BadRequest, sandbox.ServerError, sandbox.ErrorBody, sandbox.Garbage, sandbox.Redirect,
		sandbox.RawAnswer, sandbox.LostConnection, sandbox.CutStream, sandbox.StreamError, sandbox.InsufficientQuota,
	} {
		for _, streamed := range []bool{false, true} {
			k := key()
			said := fmt.Sprintf("Incorrect API key provided: %s (Authorization: Bearer %s, https://api.example.com/v1?key=%s).", k, k, k)
			if kind == sandbox.BadRequest { // which is told to the consumer
				said = "Incorrect value: " + said[len("Incorrect API key provided: "):]
			}
			s.up.Script(k, sandbox.Fault{
				Kind: kind, Message: said, Location: "http://127.0.0.1:1/v1?key=" + k, Body: `{"error": "` + k, Chunks: 1,
				Headers: map[string]string{"X-Debug": k, "X-Request-Id": k, "Retry-After": k},
			})
			ask(streamed)
		}
	}
	// Keys that do not come in, and one that is tested again.
	bad := "sk-" + secret + "-unknown"
	for _, said := range []sandbox.Kind{sandbox.Unauthorized, sandbox.ServerError, sandbox.Garbage, sandbox.LostConnection} {
		s.up.Script(bad, sandbox.Fault{Kind: said, On: "any", Count: 3, Message: "Incorrect API key provided: " + bad})
		data, err := s.tom.Do(programtest.Deposit, vars{"i": vars{"provider": "openai", "apiKey": bad, "quota": "1", "acceptedTerms": "v3"}})
		require.Error(t, err)
		fmt.Fprintln(&replies, data.Raw, err)
		s.up.ClearScript(bad)
	}
	k := key()
	s.up.Script(k, sandbox.Fault{Kind: sandbox.Unauthorized, On: "any", Count: 3})
	data, err := s.admin.Do(`mutation($id: ID!) { verifyResource(id: $id) { status statusReason } }`, vars{"id": last})
	fmt.Fprintln(&replies, data.Raw, err)
	// And what a client sends wrong.
	_, err = s.admin.Do(`mutation($i: DepositInput!) { addPlatformResource(input: $i) { id } }`, vars{"i": vars{"provider": "openai", "apiKey": []string{k, k}, "quota": k}})
	fmt.Fprintln(&replies, err)

	require.Contains(t, replies.String(), "Incorrect value", "something of what the provider said, so that the search could find it")
	require.False(t, strings.Contains(replies.String(), secret), "a reply has a key in it")
	require.Contains(t, s.Out.String(), "serving", "the log is searched")
	require.False(t, s.Says(secret), "the log has it")
	require.Empty(t, s.Holding(s.Database(), secret))
}
