package acceptance

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/sandbox"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

const (
	chatBody  = `{"model":"gpt-4","messages":[{"role":"user","content":"hi"}]}`
	chatPath  = "/v1/chat/completions"
	poolKey   = "sk-one-0123456789abcdef"
	secondKey = "sk-two-0123456789abcdef"
)

func TestErrorsOfTheAPIHaveTheShapeOfTheDialect(t *testing.T) {
	up := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+up.ProviderURLs())
	admin, tom, poor := p.Admin(), p.Person("tom"), p.Person("poor")
	admin.GPT4()
	admin.Platform(up, poolKey, "1000", false)
	admin.Grant(tom, "50")
	token, poorToken := tom.APIToken(), poor.APIToken()
	bearer := func(t string) []string { return []string{"Authorization", "Bearer " + t} }
	for name, c := range map[string]struct {
		method, path, body string
		header             []string
		fault              *sandbox.Fault
		status             int
		kind, code, param  string
	}{
		"nobody":              {"POST", chatPath, chatBody, nil, nil, 401, "authentication_error", "invalid_api_key", ""},
		"a wrong token":       {"POST", chatPath, chatBody, bearer("rp_wrong"), nil, 401, "authentication_error", "invalid_api_key", ""},
		"out of credits":      {"POST", chatPath, chatBody, bearer(poorToken), nil, 402, "insufficient_quota", "insufficient_credits", ""},
		"an unknown model":    {"POST", chatPath, strings.Replace(chatBody, "gpt-4", "gpt-44", 1), bearer(token), nil, 404, "invalid_request_error", "model_not_found", ""},
		"a bad member":        {"POST", chatPath, strings.Replace(chatBody, "{", `{"max_tokens":-1,`, 1), bearer(token), nil, 400, "invalid_request_error", "bad_user_input", "max_tokens"},
		"no JSON":             {"POST", chatPath, "{", bearer(token), nil, 400, "invalid_request_error", "bad_user_input", ""},
		"an unknown path":     {"GET", "/v1/files", "", bearer(token), nil, 404, "invalid_request_error", "not_found", ""},
		"too large":           {"POST", chatPath, strings.Repeat("x", 33<<20), bearer(token), nil, 413, "invalid_request_error", "bad_user_input", ""},
		"compressed":          {"POST", chatPath, chatBody, append(bearer(token), "Content-Encoding", "gzip"), nil, 415, "invalid_request_error", "bad_user_input", ""},
		"refused upstream":    {"POST", chatPath, chatBody, bearer(token), &sandbox.Fault{Kind: sandbox.BadRequest, Message: "Invalid 'x'"}, 400, "invalid_request_error", "upstream_rejected", ""},
		"too large upstream":  {"POST", chatPath, chatBody, bearer(token), &sandbox.Fault{Kind: sandbox.BadRequest, Status: 413}, 413, "invalid_request_error", "upstream_rejected", ""},
		"a fault upstream":    {"POST", chatPath, chatBody, bearer(token), &sandbox.Fault{Kind: sandbox.ServerError}, 502, "server_error", "upstream_failed", ""},
		"overloaded upstream": {"POST", chatPath, chatBody, bearer(token), &sandbox.Fault{Kind: sandbox.ServerError, Status: 529}, 503, "service_unavailable", "upstream_failed", ""},
		"the key's 403":       {"POST", chatPath, chatBody, bearer(token), &sandbox.Fault{Kind: sandbox.BadRequest, Status: 403}, 502, "server_error", "upstream_failed", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if c.fault != nil {
				up.Script(poolKey, *c.fault)
			}
			resp, body := p.Call(c.method, c.path, c.body, c.header...)
			require.Equal(t, c.status, resp.StatusCode, body.Raw)
			require.Equal(t, c.kind, body.Get("error.type").String())
			require.Equal(t, c.code, body.Get("error.code").String())
			require.Equal(t, c.param, body.Get("error.param").String())
			require.NotEmpty(t, body.Get("error.message").String())
			require.NotEmpty(t, resp.Header.Get("X-Request-Id"))
			if c.status == 503 {
				require.NotEmpty(t, resp.Header.Get("Retry-After"))
			}
		})
		if name == "the key's 403" { // the key lacks the model from now on
			admin.Must(`mutation($id: ID!) { verifyResource(id: $id) { id } }`, vars{"id": admin.Must(`{ resources(first: 1) { edges { node { id } } } }`, nil).Get("resources.edges.0.node.id").String()})
		}
	}
	require.Contains(t, func() string {
		_, b := p.Call("POST", chatPath, strings.Replace(chatBody, "gpt-4", "gpt-44", 1), bearer(token)...)
		return b.Raw
	}(), "gpt-4", "near names are told")

	resp, body := p.Call("POST", "/v1/messages", `{"model":"gpt-4","max_tokens":5}`, "x-api-key", token)
	require.Equal(t, 400, resp.StatusCode)
	require.Equal(t, "error", body.Get("type").String())
	require.Equal(t, "invalid_request_error", body.Get("error.type").String())
	require.Contains(t, body.Get("error.message").String(), "messages")
	require.Equal(t, resp.Header.Get("X-Request-Id"), body.Get("request_id").String())
	resp, body = p.Call("POST", "/v1/messages", `{}`, "x-api-key", "rp_no")
	require.Equal(t, 401, resp.StatusCode)
	require.Equal(t, "authentication_error", body.Get("error.type").String())
	p.Verified()
}

func TestARateLimitIsTheClientsToWaitFor(t *testing.T) {
	up := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+up.ProviderURLs(), "POOL_RATE_LIMIT_RPM=60")
	admin, tom := p.Admin(), p.Person("tom")
	admin.GPT4()
	admin.Platform(up, poolKey, "1000", false)
	admin.Grant(tom, "50")
	token := tom.APIToken()
	auth := []string{"Authorization", "Bearer " + token}

	resp, _ := p.Call("POST", chatPath, chatBody, auth...)
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, "60", resp.Header.Get("X-RateLimit-Limit-Requests"))
	require.NotEmpty(t, resp.Header.Get("X-RateLimit-Remaining-Requests"))
	require.NotEmpty(t, resp.Header.Get("X-RateLimit-Reset-Requests"))

	up.Script(poolKey, sandbox.Fault{Kind: sandbox.RateLimit, RetryAfter: 20 * time.Second})
	resp, body := p.Call("POST", chatPath, chatBody, auth...)
	require.Equal(t, 429, resp.StatusCode, body.Raw)
	require.Equal(t, "20", resp.Header.Get("Retry-After"))
	resp, body = p.Call("POST", chatPath, chatBody, auth...)
	require.Equal(t, 503, resp.StatusCode, "no key can serve for a while: %s", body.Raw)
	require.NotEmpty(t, resp.Header.Get("Retry-After"))

	for range 100 {
		if resp, body = p.Call("GET", "/v1/models", "", auth...); resp.StatusCode == 429 {
			break
		}
	}
	require.Equal(t, 429, resp.StatusCode, "one's own limit: %s", body.Raw)
	require.Equal(t, "rate_limit_exceeded", body.Get("error.code").String())
	require.Equal(t, "0", resp.Header.Get("X-RateLimit-Remaining-Requests"))
}

// Whatever a provider sends beside its answer stays here: the names of its account, cookies, machines.
func TestNothingOfAProviderReachesTheClientButItsAnswer(t *testing.T) {
	up := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+up.ProviderURLs())
	admin, tom := p.Admin(), p.Person("tom")
	admin.GPT4()
	require.NoError(t, up.Server.AddKey(sandbox.KeySpec{Key: poolKey, Quota: 1000e9, Organization: "org-canary"}))
	admin.Must(programtest.AddPlatformResource, vars{"i": vars{"provider": "openai", "apiKey": poolKey, "quota": "1000"}})
	admin.Grant(tom, "50")
	allowed := map[string]bool{}
	for _, name := range strings.Fields(`Cache-Control Content-Length Content-Type Date Transfer-Encoding Trailer Vary X-Accel-Buffering
		X-Credits-Charged X-Credits-Remaining X-Request-Id Content-Security-Policy Cross-Origin-Opener-Policy Cross-Origin-Resource-Policy
		Permissions-Policy Referrer-Policy X-Content-Type-Options X-Frame-Options`) {
		allowed[name] = true
	}
	token := tom.APIToken()
	for _, body := range []string{chatBody, strings.Replace(chatBody, "{", `{"stream":true,"stream_options":{"include_usage":true},`, 1)} {
		req, err := http.NewRequest("POST", p.URL+chatPath, strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		text := readAll(t, resp.Body)
		_ = resp.Body.Close()
		for name, values := range resp.Header {
			require.True(t, allowed[name], name)
			require.NotContains(t, strings.Join(values, ""), "canary")
		}
		require.NotContains(t, string(text), "canary")
		require.NotContains(t, string(text), "system_fingerprint")
		charged := resp.Header.Get("X-Credits-Charged") + resp.Trailer.Get("X-Credits-Charged")
		require.NotEmpty(t, charged, "what it cost is told, after a stream in a trailer")
		left := resp.Header.Get("X-Credits-Remaining") + resp.Trailer.Get("X-Credits-Remaining")
		require.Equal(t, tom.Available(), left)
	}
	p.Verified()
}

func TestAnAPIStreamFlushesPieceByPieceAndEndsWhenItsClientLeaves(t *testing.T) {
	up := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+up.ProviderURLs())
	admin, tom := p.Admin(), p.Person("tom")
	admin.GPT4()
	admin.Platform(up, poolKey, "1000", false)
	admin.Grant(tom, "50")
	up.SetLength(400)
	up.SetLatency("", sandbox.Latency{PerToken: 5 * time.Millisecond})
	req, err := http.NewRequest("POST", p.URL+chatPath, strings.NewReader(strings.Replace(chatBody, "{", `{"stream":true,`, 1)))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+tom.APIToken())
	began := time.Now()
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	lines := bufio.NewReader(resp.Body)
	pieces := 0
	for pieces < 10 {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		if strings.HasPrefix(line, "data: ") {
			pieces++
		}
	}
	require.Less(t, time.Since(began), 1500*time.Millisecond, "the whole answer takes two seconds: pieces come as they are made")
	_ = resp.Body.Close()
	rows := func() gjson.Result {
		return tom.Must(`{ usageLogs(first: 5) { edges { node { status errorCode creditsCharged completionTokens } } } viewer { wallet { held } } }`, nil)
	}
	require.Eventually(t, func() bool { return rows().Get("usageLogs.edges.0.node").Exists() }, 5*time.Second, 20*time.Millisecond)
	row := rows()
	require.Equal(t, "CLIENT_GONE", row.Get("usageLogs.edges.0.node.errorCode").String())
	require.InDelta(t, 50, row.Get("usageLogs.edges.0.node.completionTokens").Int(), 40)
	require.Equal(t, "0", row.Get("viewer.wallet.held").String())
	require.Len(t, row.Get("usageLogs.edges").Array(), 1)
	p.Verified()
}

func TestModelsAreListedForBothDialects(t *testing.T) {
	up := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+up.ProviderURLs())
	admin, tom := p.Admin(), p.Person("tom")
	admin.GPT4()
	admin.Platform(up, poolKey, "1000", false)
	token := tom.APIToken()
	var gpt4 gjson.Result
	require.Eventually(t, func() bool {
		_, list := p.Call("GET", "/v1/models", "", "Authorization", "Bearer "+token)
		require.Equal(t, "list", list.Get("object").String())
		gpt4 = list.Get(`data.#(id=="gpt-4")`)
		return gpt4.Exists()
	}, 5*time.Second, 50*time.Millisecond, "which models have a key is known a second later at most")
	require.Equal(t, "10000", gpt4.Get("pricing.output_per_million").String())
	_, one := p.Call("GET", "/v1/models/gpt-4", "", "Authorization", "Bearer "+token)
	require.Equal(t, gpt4.Raw, one.Raw)
	resp, none := p.Call("GET", "/v1/models/gpt-44", "", "Authorization", "Bearer "+token)
	require.Equal(t, 404, resp.StatusCode)
	require.Contains(t, none.Get("error.message").String(), "gpt-4")
	_, theirs := p.Call("GET", "/v1/models", "", "x-api-key", token, "anthropic-version", "2023-06-01")
	require.Equal(t, "model", theirs.Get(`data.#(id=="gpt-4").type`).String())
	require.False(t, theirs.Get("has_more").Bool())
	_, counted := p.Call("POST", "/v1/messages/count_tokens", `{"model":"gpt-4","messages":[{"role":"user","content":"hello there"}]}`, "x-api-key", token)
	require.InDelta(t, 9, counted.Get("input_tokens").Int(), 4)
	resp, _ = p.Call("POST", chatPath, chatBody, "Cookie", func() string {
		for _, c := range tom.HTTP.Jar.Cookies(resp.Request.URL) {
			return c.Name + "=" + c.Value
		}
		return ""
	}())
	require.Equal(t, 401, resp.StatusCode, "a cookie is no token")
}
