package upstream

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/app"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/config"
	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/sandbox"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

// trap counts the connections to an address of this machine.
func trap(t *testing.T, address string) (port string, hits *atomic.Int64) {
	t.Helper()
	hits = &atomic.Int64{}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "", hits // the port needs rights: then the error alone tells
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			hits.Add(1)
			_ = c.Close()
		}
	}()
	_, port, err = net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return port, hits
}

// Row 22: an address of an admin's leads out of the machine and its network, or nowhere.
func TestRow22_ServerSideRequestForgery(t *testing.T) {
	t.Parallel()
	p := programtest.Serve(t)
	admin := p.Admin()
	port, hits := trap(t, "127.0.0.1:0")
	_, https := trap(t, "127.0.0.1:443")
	for _, address := range []string{
		"http://169.254.169.254/latest/meta-data/", "https://169.254.169.254/v1", "https://metadata.google.internal/v1", "https://metadata/v1",
		"https://[::ffff:7f00:1]/v1", "https://[::1]/v1", "https://[fe80::1%25eth0]/v1", "https://[fd00::1]/v1", "https://[64:ff9b::7f00:1]/v1",
		"https://127.0.0.1/v1", "https://127.1/v1", "https://2130706433/v1", "https://0x7f.1/v1", "https://0x7f000001/v1", "https://0177.0.0.1/v1", "https://127.0.0.1./v1",
		"https://localhost/v1", "https://localhost./v1", "https://x.localhost/v1", "https://10.0.0.1/v1", "https://192.168.1.1/v1", "https://100.64.0.1/v1",
		"https://127.0.0.1:" + port + "/v1", "https://user@127.0.0.1:" + port + "/v1", "https://llm.example.com:" + port + "/v1",
		"https://user:pw@llm.example.com/v1", "https://llm.example.com/v1?x=1", "file:///etc/passwd", "gopher://127.0.0.1:" + port, "//127.0.0.1/v1", "127.0.0.1",
		"http://127.0.0.1:" + port + "/v1", "https://llm.example.com@127.0.0.1/v1",
	} {
		e := admin.Refused("BAD_USER_INPUT", programtest.AddPlatformResource, vars{"i": vars{"provider": "custom", "apiKey": "sk-x-0123456789", "quota": "1", "baseUrl": address}})
		require.Equal(t, "input.baseUrl", e.Field, address)
	}
	require.Zero(t, hits.Load()+https.Load(), "connections to this machine")
	// Nobody but an admin names an address at all.
	p.Person("bob").Refused("BAD_USER_INPUT", programtest.Deposit, vars{"i": vars{"provider": "custom", "apiKey": "sk-x-0123456789", "quota": "1", "baseUrl": "https://llm.example.com/v1", "acceptedTerms": "v3"}})
	admin.Refused("BAD_USER_INPUT", programtest.AddPlatformResource, vars{"i": vars{"provider": "openai", "apiKey": "sk-x-0123456789", "quota": "1", "baseUrl": "https://llm.example.com/v1"}})
}

// names is a resolver of DNS that answers every question for an IPv4 address with one, and counts the questions.
func names(t *testing.T, answer [4]byte) (*net.Resolver, *atomic.Int64) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	asked := &atomic.Int64{}
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			asked.Add(1)
			if reply := answered(buf[:n], answer); reply != nil {
				_, _ = conn.WriteTo(reply, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}, asked
}

// answered is the reply to a DNS question: the address where one of IPv4 was asked for, else nothing.
func answered(query []byte, address [4]byte) []byte {
	const header, typeAndClass = 12, 4
	end := bytes.IndexByte(query[min(header, len(query)):], 0)
	if end < 0 || len(query) < header+end+1+typeAndClass {
		return nil
	}
	question := query[header : header+end+1+typeAndClass]
	reply := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question...) // a response to one question
	if question[end+2] != 1 {
		return reply
	}
	reply[7] = 1                                                      // with one answer:
	reply = append(reply, 0xc0, header, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4) // the name above, A, IN, not to be kept, 4 bytes
	return append(reply, address[:]...)
}

// Row 23: a name that led outside when it was saved leads to this machine when it is called. No setting says whom names are
// asked of, so that the server runs in the test.
func TestRow23_DNSRebinding(t *testing.T) {
	t.Parallel()
	up := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+up.ProviderURLs("custom"))
	admin, tom := p.Admin(), p.Person("tom")
	admin.Must(programtest.SetModelPrice, vars{"i": vars{
		"model": "gpt-4", "provider": "custom", "inputCostPerMillion": "10", "outputCostPerMillion": "30", "inputPricePerMillion": "0", "outputPricePerMillion": "10000",
	}})
	admin.Grant(tom, "1000")
	up.AddKey("sk-custom-0123456789", "1000")
	id := admin.Must(programtest.AddPlatformResource, vars{"i": vars{
		"provider": "custom", "apiKey": "sk-custom-0123456789", "quota": "1000", "baseUrl": "https://llm.example.com/v1",
	}}).Get("addPlatformResource.id").String()
	tom.Must(programtest.Complete, programtest.Ask("gpt-4", nil))

	p.Kill(9)
	_, hits := trap(t, "127.0.0.1:443")
	resolver, asked := names(t, [4]byte{127, 0, 0, 1})
	cfg, _, err := config.Load(append(p.Env, "POOL_PROVIDER_URLS="))
	require.NoError(t, err)
	log := &programtest.Output{}
	ctx, stop := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- app.Run(ctx, app.Options{
			Config: cfg, Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), Rand: rand.Reader, Clock: clock.System,
			Resolver: resolver, Ready: func(*app.Server) { close(ready) },
		})
	}()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
	select {
	case <-ready:
	case err := <-ended:
		ended <- err
		t.Fatalf("the server did not start: %v\n%s", err, log)
	}
	tom.Refused("UPSTREAM_FAILED", programtest.Complete, programtest.Ask("gpt-4", nil))
	require.Positive(t, asked.Load(), "the name was asked for anew")
	require.Zero(t, hits.Load(), "connections to this machine")
	require.True(t, strings.Contains(log.String(), "the host resolves to an address that is not public"), "the call failed because of where the name led")
	released(t, tom, admin, id)
	admin.Refused("BAD_USER_INPUT", `mutation($id: ID!) { verifyResource(id: $id) { status } }`, vars{"id": id})
}

// Row 24: a redirect is an answer that is no good, not a place to go to.
func TestRow24_Redirects(t *testing.T) {
	t.Parallel()
	var hits atomic.Int64
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	t.Cleanup(inside.Close)
	up := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+up.ProviderURLs("openai"))
	admin, tom := p.Admin(), p.Person("tom")
	admin.GPT4()
	admin.Grant(tom, "1000")
	const key = "sk-redirected-0123456789"
	id := admin.Platform(up, key, "1000", false)
	token := tom.APIToken()
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		tom.Must(programtest.Complete, programtest.Ask("gpt-4", nil))
		before := up.Chats(key)
		up.Script(key, sandbox.Fault{Kind: sandbox.Redirect, Status: status, Location: inside.URL + "/v1/chat/completions"})
		tom.Refused("UPSTREAM_FAILED", programtest.Complete, programtest.Ask("gpt-4", nil))
		require.Equal(t, before+1, up.Chats(key), "the key was sent once")
		released(t, tom, admin, id)
	}
	tom.Must(programtest.Complete, programtest.Ask("gpt-4", nil))
	up.Script(key, sandbox.Fault{Kind: sandbox.Redirect, Status: http.StatusTemporaryRedirect, Location: inside.URL})
	resp, body := p.Call(http.MethodPost, "/v1/chat/completions", `{"model":"gpt-4","stream":true,"messages":[{"role":"user","content":"hi"}]}`, "Authorization", "Bearer "+token)
	require.Equal(t, http.StatusBadGateway, resp.StatusCode, body.Raw)
	require.False(t, strings.Contains(fmt.Sprint(resp.Header, body.Raw), inside.URL))
	up.Script(key, sandbox.Fault{Kind: sandbox.Redirect, On: "models", Location: inside.URL})
	admin.Refused("PROVIDER_UNREACHABLE", `mutation($id: ID!) { verifyResource(id: $id) { status } }`, vars{"id": id})
	require.Zero(t, hits.Load(), "requests to where it pointed")
}
