package httpd

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/account"
	"github.com/resourcepool/resourcepool/server/fault"
)

// doorman stands where account does.
type doorman struct {
	actor    *access.Actor
	start    account.SSOStart
	back     account.SSOReturn
	err      error
	linkOnly bool
}

func (d *doorman) StartSSO(_ context.Context, a *access.Actor, in account.SSOStart) (account.SSOLeave, error) {
	d.actor, d.start = a, in
	return account.SSOLeave{URL: "https://login.example.org/?state=s", Browser: "b", ExpiresAt: time.Now().Add(time.Minute)}, d.err
}

func (d *doorman) FinishSSO(_ context.Context, a *access.Actor, in account.SSOReturn) (account.SSOArrival, error) {
	d.actor, d.back = a, in
	if d.linkOnly {
		return account.SSOArrival{Return: "/account"}, d.err
	}
	return account.SSOArrival{Return: "/keys", Login: &account.Login{Secret: "fresh", ExpiresAt: time.Now().Add(time.Hour)}}, d.err
}

func withDoorman(t *testing.T, address string) (*Server, *doorman) {
	t.Helper()
	c, d := config(address), &doorman{}
	c.SSO = d
	return server(t, c), d
}

func TestThereAndBack(t *testing.T) {
	s, d := withDoorman(t, public)
	left := call(t, s, "GET", SSOStart("cer_x")+"&return=/keys&fresh", "", "Cookie", "__Host-pool_session=good")
	assert.Equal(t, http.StatusFound, left.Code)
	assert.Equal(t, "https://login.example.org/?state=s", left.Header().Get("Location"))
	assert.Equal(t, account.SSOStart{Return: "/keys", Link: "cer_x", Fresh: true}, d.start)
	assert.Equal(t, "ses_tom", string(d.actor.SessionID))
	assert.Equal(t, "no-store", left.Header().Get("Cache-Control"))
	browser := left.Header().Get("Set-Cookie")
	assert.True(t, strings.HasPrefix(browser, "__Host-pool_sign_on=b; Path=/; Expires="), browser)
	assert.True(t, strings.HasSuffix(browser, "HttpOnly; Secure; SameSite=Lax"), browser)

	back := call(t, s, "GET", "/auth/oidc/callback?state=s&code=c&iss=i&error=e", "", "Cookie", "__Host-pool_sign_on=b")
	assert.Equal(t, http.StatusFound, back.Code)
	assert.Equal(t, "/keys", back.Header().Get("Location"))
	assert.Equal(t, account.SSOReturn{State: "s", Code: "c", Issuer: "i", Error: "e", Browser: "b"}, d.back)
	assert.Nil(t, d.actor)
	cookies := strings.Join(back.Header().Values("Set-Cookie"), "\n")
	assert.Contains(t, cookies, "__Host-pool_session=fresh;")
	assert.Contains(t, cookies, "__Host-pool_sign_on=; Path=/; Max-Age=0")

	d.linkOnly = true
	linked := call(t, s, "GET", "/auth/oidc/callback?state=s&code=c", "")
	assert.Equal(t, "/account", linked.Header().Get("Location"))
	assert.NotContains(t, strings.Join(linked.Header().Values("Set-Cookie"), "\n"), "pool_session")
	assert.Empty(t, d.back.Browser)
}

func TestWhyNobodyCameIn(t *testing.T) {
	for want, err := range map[string]error{
		"link_first":   fault.New(fault.Conflict, "<b>").With(account.Reason, "link_first").Because(errors.New("sk-CANARY")),
		"rate_limited": fault.New(fault.RateLimited, "slow"),
		"internal":     errors.New("pq: sk-CANARY"),
	} {
		s, d := withDoorman(t, public)
		d.err = err
		for _, path := range []string{"/auth/oidc/start", "/auth/oidc/callback?error=%3Cscript%3E&error_description=CANARY"} {
			got := call(t, s, "GET", path, "")
			assert.Equal(t, http.StatusFound, got.Code)
			assert.Equal(t, "/sign-in?error="+want, got.Header().Get("Location"))
			assert.NotContains(t, strings.Join(got.Header().Values("Set-Cookie"), ""), "pool_session")
			assert.NotContains(t, got.Body.String(), "CANARY")
		}
	}
}

// The provider sends browsers to one address: the cookie has to be that one's.
func TestSignOnBeginsAtThePublicAddress(t *testing.T) {
	s, d := withDoorman(t, "http://127.0.0.1:8080")
	got := call(t, s, "GET", "/auth/oidc/start?return=/keys", "", "Host", "localhost:8080")
	assert.Equal(t, "http://127.0.0.1:8080/auth/oidc/start?return=/keys", got.Header().Get("Location"))
	assert.Empty(t, got.Header().Values("Set-Cookie"))
	assert.Zero(t, d.start)
	got = call(t, s, "GET", "/auth/oidc/start", "", "Host", "127.0.0.1:8080")
	assert.Contains(t, got.Header().Get("Set-Cookie"), "pool_sign_on=b;")
	assert.Equal(t, http.StatusMisdirectedRequest, call(t, s, "GET", "/auth/oidc/start", "", "Host", "evil.example").Code)

	u, _ := url.Parse(public)
	assert.Equal(t, public+"/auth/oidc/callback", SSOCallback(u))
	assert.Equal(t, "/auth/oidc/start", SSOStart(""))
	for _, path := range []string{"/auth/oidc/start", "/auth/oidc/callback"} {
		assert.Equal(t, http.StatusMethodNotAllowed, call(t, s, "POST", path, "", "Host", "127.0.0.1:8080").Code)
		assert.Equal(t, http.StatusNotFound, call(t, server(t, config(public)), "GET", path, "").Code)
	}
}
