package http

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const change = `{"query":"mutation { createApiToken(input: {name: \"forged\"}) { secret } }"}`

// The page of another site sends what a browser sends without asking first, and the cookie goes along.
func TestRow19_CrossSiteRequestForgery(t *testing.T) {
	t.Parallel()
	p := pool.For(t)
	tom := p.Person("row19")
	session := cookie(tom)
	tokens := func() int64 { return tom.Must(`{ viewer { apiTokens { id } } }`, nil).Get("viewer.apiTokens.#").Int() }
	asForm := "query=" + url.QueryEscape(`mutation { createApiToken(input: {name: "forged"}) { secret } }`)
	multipart := "--x\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n" + change + "\r\n--x\r\nContent-Disposition: form-data; name=\"map\"\r\n\r\n{}\r\n--x--\r\n"

	for name, c := range map[string]struct {
		kind, body string
		want       int
	}{
		"text":          {"text/plain", change, http.StatusUnsupportedMediaType},
		"text as JSON":  {"text/plain; application/json", change, http.StatusUnsupportedMediaType},
		"a form":        {"application/x-www-form-urlencoded", asForm, http.StatusUnsupportedMediaType},
		"a form upload": {"multipart/form-data; boundary=x", multipart, http.StatusUnsupportedMediaType},
		"no type":       {"", change, http.StatusUnsupportedMediaType},
	} {
		status, _ := request(t, p, http.MethodPost, "/graphql", c.body, "Cookie", session, "Content-Type", c.kind)
		require.Equal(t, c.want, status, name)
	}
	status, _ := request(t, p, http.MethodGet, "/graphql?"+asForm, "", "Cookie", session)
	require.Equal(t, http.StatusNotAcceptable, status)
	for name, header := range map[string][]string{
		"by its mode":   {"Sec-Fetch-Site", "cross-site"},
		"a subdomain's": {"Sec-Fetch-Site", "same-site"},
		"by its origin": {"Origin", "https://evil.example"},
		"a sandbox's":   {"Origin", "null"},
	} {
		status, _ := request(t, p, http.MethodPost, "/graphql", change, append(header, "Cookie", session, "Content-Type", "application/json")...)
		require.Equal(t, http.StatusForbidden, status, name)
	}
	require.Zero(t, tokens())

	_, header := request(t, p, http.MethodPost, "/graphql",
		`{"query":"mutation { signIn(input: {email: \"row19@example.org\", password: \"password of row19\"}) { viewer { id } } }"}`, "Content-Type", "application/json")
	require.Contains(t, header.Get("Set-Cookie"), "SameSite=Lax")
	require.Contains(t, header.Get("Set-Cookie"), "HttpOnly")
	status, _ = request(t, p, http.MethodPost, "/graphql", change, "Cookie", session, "Content-Type", "application/json", "Origin", p.URL, "Sec-Fetch-Site", "same-origin")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, int64(1), tokens(), "our own page can")
}

func TestRow20_CrossOriginReads(t *testing.T) {
	t.Parallel()
	p := pool.For(t)
	session := cookie(p.Person("row20"))
	const acao = "Access-Control-Allow-Origin"
	for _, origin := range []string{"null", "https://evil.example", foreign + ".evil.example", "http://app.example.org", strings.Replace(p.URL, "http://", "http://evil.", 1)} {
		for _, path := range []string{"/graphql", "/v1/models", "/statement.csv", "/", "/healthz"} {
			for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodOptions} {
				_, header := request(t, p, method, path, `{"query":"{ viewer { id } }"}`,
					"Origin", origin, "Cookie", session, "Content-Type", "application/json", "Access-Control-Request-Method", "POST")
				require.Empty(t, header.Get(acao), "%s %s of %s", method, path, origin)
			}
		}
	}
	_, header := request(t, p, http.MethodPost, "/graphql", `{"query":"{ viewer { id } }"}`, "Origin", foreign, "Cookie", session, "Content-Type", "application/json")
	require.Equal(t, foreign, header.Get(acao), "never * with credentials")
	require.Equal(t, "true", header.Get("Access-Control-Allow-Credentials"))
	require.Contains(t, header.Values("Vary"), "Origin")
}
