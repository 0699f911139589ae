package acceptance

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/sandbox"
)

// costly is a document that is nearly as large as one may be.
const costly = `{ a: users(first: 100) { edges { node { id displayName roles status createdAt apiTokens { id name createdAt } } } } }`

// asked sends a document as a client that knows the newer type of answers.
func asked(c *client, query string) *http.Response {
	c.T.Helper()
	req, err := http.NewRequest(http.MethodPost, c.URL+"/graphql", bytes.NewReader([]byte(`{"query": "`+query+`"}`)))
	require.NoError(c.T, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/graphql-response+json")
	resp, err := c.HTTP.Do(req)
	require.NoError(c.T, err)
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return resp
}

func TestServersCountRequestsTogetherAndSaySo(t *testing.T) {
	database := dbtest.URL(t)
	settings := []string{"POOL_RATE_LIMIT_RPM=120", "POOL_TOKEN_RATE_LIMIT_RPM=30"}
	a := programtest.Launch(t, programtest.Settings(t, database, settings...))
	b := programtest.Launch(t, programtest.Settings(t, database, settings...))
	tom := a.Person("tom")
	token := tom.APIToken()
	resp := asked(tom, `{ viewer { id } }`)
	require.Equal(t, `"account";q=120;w=60`, resp.Header.Get("RateLimit-Policy"))
	require.Regexp(t, `^"account";r=11\d;t=\d+$`, resp.Header.Get("RateLimit"))
	require.Regexp(t, `^"address";r=11\d;t=\d+$`, asked(a.Anonymous(), `{ viewer { id } }`).Header.Get("RateLimit"))

	// What one server let through, the other knows within a second.
	for range 100 {
		tom.Must(`{ viewer { id } }`, nil)
	}
	require.Eventually(t, func() bool {
		return regexp.MustCompile(`r=[12]?\d;`).MatchString(asked(tom.At(b), `{ viewer { id } }`).Header.Get("RateLimit"))
	}, 3*time.Second, 300*time.Millisecond, "the other server takes over the sum")

	auth := []string{"Authorization", "Bearer " + token}
	for range 40 {
		if resp, _ = b.Call("GET", "/v1/models", "", auth...); resp.StatusCode == http.StatusTooManyRequests {
			break
		}
	}
	require.Equal(t, http.StatusTooManyRequests, resp.StatusCode)
	require.Equal(t, `"token";q=30;w=60, "account";q=120;w=60`, resp.Header.Get("RateLimit-Policy"))
	require.NotEmpty(t, resp.Header.Get("Retry-After"))
}

func TestTheLargestDocumentsCantBeSentAtWill(t *testing.T) {
	p := programtest.Serve(t, "POOL_QUERY_COST_PER_MINUTE=20000")
	admin, tom := p.Admin(), p.Person("tom")
	sent := 0
	for ; sent < 100; sent++ {
		if _, err := admin.Do(costly, nil); err != nil {
			break
		}
	}
	require.Positive(t, sent)
	require.Less(t, sent, 20)
	e := admin.Refused("RATE_LIMITED", costly, nil)
	require.Positive(t, e.Extensions.Get("retryAfterSeconds").Int())
	resp := asked(admin, strings.ReplaceAll(costly, "\n", " "))
	require.Equal(t, http.StatusTooManyRequests, resp.StatusCode)
	require.NotEmpty(t, resp.Header.Get("Retry-After"))
	tom.Must(`{ viewer { id } }`, nil)
	require.Equal(t, http.StatusOK, asked(p.Anonymous(), `{ viewer { id } }`).StatusCode)
}

func TestWhoIsFrozenLosesWhatRunsAndGetsItBack(t *testing.T) {
	up := programtest.NewGate(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+up.URLs)
	admin, tom := p.Admin(), p.Person("tom")
	admin.GPT4()
	admin.Grant(tom, "1000")
	admin.Platform(up.Upstream, poolKey, "1000", false)
	token := tom.APIToken()
	up.SetLatency("", sandbox.Latency{PerToken: 200 * time.Millisecond})
	begun := make(chan struct{}, 2)
	up.Hook(func(http.ResponseWriter, int64) bool { begun <- struct{}{}; return false }, nil)

	socket := tom.Socket()
	socket.Subscribe(`subscription($i: CompleteInput!) { completionStream(input: $i) { text done } }`, programtest.Ask("gpt-4", vars{"maxTokens": 400}))
	streamed := make(chan string, 1)
	go func() {
		_, body := p.Call("POST", chatPath, `{"model":"gpt-4","stream":true,"max_tokens":400,"messages":[{"role":"user","content":"Write an article"}]}`, "Authorization", "Bearer "+token)
		streamed <- body.Raw
	}()
	<-begun
	<-begun
	status := func(to string) {
		admin.Must(`mutation($id: ID!, $to: UserStatus!) { setUserStatus(userId: $id, status: $to, reason: "looking into it") { id } }`, vars{"id": tom.ID, "to": to})
	}
	frozen := time.Now()
	status("FROZEN")
	for {
		if _, err := socket.Read(5 * time.Second); err != nil {
			require.ErrorContains(t, err, "4403")
			break
		}
	}
	select {
	case body := <-streamed:
		require.NotContains(t, body, "[DONE]")
	case <-time.After(5 * time.Second):
		t.Fatal("a stream of somebody who is frozen goes on")
	}
	require.Less(t, time.Since(frozen), 5*time.Second)
	tom.Refused("FORBIDDEN", programtest.Complete, programtest.Ask("gpt-4", nil))
	resp, _ := p.Call("POST", chatPath, chatBody, "Authorization", "Bearer "+token)
	require.Equal(t, http.StatusForbidden, resp.StatusCode)
	tom.Must(programtest.Wallet, nil)
	require.Eventually(t, func() bool { return tom.Must(programtest.Wallet, nil).Get("viewer.wallet.held").String() == "0" }, 5*time.Second, 20*time.Millisecond)

	up.SetLatency("", sandbox.Latency{})
	up.Hook(nil, nil)
	status("ACTIVE")
	tom.Must(programtest.Complete, programtest.Ask("gpt-4", nil))
	resp, body := p.Call("POST", chatPath, chatBody, "Authorization", "Bearer "+token)
	require.Equal(t, http.StatusOK, resp.StatusCode, body.Raw)
	again := tom.Socket()
	again.Subscribe(`subscription { walletChanged { available } }`, nil)
	require.True(t, again.Event().Get("walletChanged").Exists())
	p.Verified()
}
