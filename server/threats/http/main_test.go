// Package http proves from outside what the HTTP edge refuses, before anybody is asked who it is: rows 19 to 21, 44, 47 to
// 49 and 53 of the threats. server/threats/off takes their controls away.
package http

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/programtest"
)

type (
	program = programtest.Program
	client  = programtest.Client
	vars    = programtest.Vars
)

const foreign = "https://app.example.org" // a page of another site that may call

var pool = programtest.NewShared("POOL_ORIGINS=" + foreign)

func TestMain(m *testing.M) { programtest.Main(m) }

// cookie is the session's as a browser sends it.
func cookie(c *client) string {
	c.T.Helper()
	at, err := url.Parse(c.URL)
	require.NoError(c.T, err)
	cookies := c.HTTP.Jar.Cookies(at)
	require.Len(c.T, cookies, 1)
	return cookies[0].String()
}

// request sends one as it is, and returns the status and the header of what comes back.
func request(t *testing.T, p *program, method, path, body string, header ...string) (int, http.Header) {
	t.Helper()
	resp, _ := p.Call(method, path, body, header...)
	return resp.StatusCode, resp.Header
}
