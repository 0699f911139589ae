package websocket

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
)

const subscribe = `{"id":"1","type":"subscribe","payload":{"query":"subscription { walletChanged { available } }"}}`

func TestRow16_UnauthenticatedSocket(t *testing.T) {
	t.Parallel()
	p := pool.For(t)
	p.Person("row16")
	fromUs := http.Header{"Origin": {p.URL}}

	before := mustDial(t, p, fromUs)
	send(before, subscribe)
	wantEnd(before, unauthorized, 5*time.Second)

	for _, query := range []string{subscribe, `{"id":"1","type":"subscribe","payload":{"query":"{ providers { key } }"}}`} {
		empty := mustDial(t, p, fromUs)
		send(empty, `{"type":"connection_init"}`)
		want(empty, "connection_ack")
		send(empty, query)
		wantEnd(empty, unauthorized, 5*time.Second)
	}
	for name, init := range map[string]string{
		"an unknown token":        `{"type":"connection_init","payload":{"Authorization":"Bearer rp_` + strings.Repeat("0", 43) + `"}}`,
		"another scheme":          `{"type":"connection_init","payload":{"Authorization":"Basic cm93MTY6cGFzc3dvcmQ="}}`,
		"a token that is no text": `{"type":"connection_init","payload":{"Authorization":{"Bearer":true}}}`,
	} {
		s := mustDial(t, p, fromUs)
		send(s, init)
		e := ended(s, 5*time.Second)
		require.Contains(t, []int{unauthorized, 4400}, e.code, "%s: %v", name, e.err)
		require.Zero(t, e.told, name)
	}
	stale := mustDial(t, p, http.Header{"Origin": {p.URL}, "Cookie": {"pool_session=" + strings.Repeat("0", 43)}})
	send(stale, `{"type":"connection_init"}`)
	wantEnd(stale, unauthorized, 5*time.Second)
}

func TestRow17_IdleAndFloodSockets(t *testing.T) {
	t.Parallel()
	p := pool.For(t)
	fromUs := http.Header{"Origin": {p.URL}}

	silent, unnamed := mustDial(t, p, fromUs), mustDial(t, p, fromUs)
	send(unnamed, `{"type":"connection_init"}`)
	want(unnamed, "connection_ack")
	go func() { // to talk is no way to stay
		for range 20 {
			time.Sleep(500 * time.Millisecond)
			_ = unnamed.Conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"ping"}`))
		}
	}()

	tom := p.Person("row17")
	sockets := make([]*socket, 10)
	for i := range sockets {
		sockets[i] = tom.Socket()
	}
	eleventh := mustDial(t, p, cookieOf(tom, fromUs))
	send(eleventh, `{"type":"connection_init"}`)
	wantEnd(eleventh, tooMany, 5*time.Second)
	sockets[9].Close()
	require.Eventually(t, func() bool {
		s, err := tom.Dial()
		if err == nil {
			s.Close()
		}
		return err == nil
	}, 5*time.Second, 20*time.Millisecond, "the place of a closed one")

	s := sockets[0]
	for range 20 {
		s.Subscribe(walletChanged, nil)
		s.Event()
	}
	s.Subscribe(walletChanged, nil)
	refused := want(s, "error")
	require.Equal(t, "21", refused.Get("id").String())
	require.Equal(t, "RATE_LIMITED", refused.Get("payload.0.extensions.code").String())

	frame := func(size int) string { return `{"type":"ping","payload":{"x":"` + strings.Repeat("x", size) + `"}}` }
	echoed := func(s *socket) {
		t.Helper()
		require.NoError(t, s.Conn.SetReadDeadline(time.Now().Add(5*time.Second)))
		_, m, err := s.Conn.ReadMessage()
		require.NoError(t, err)
		require.Contains(t, string(m), `"pong"`)
	}
	early := mustDial(t, p, fromUs)
	send(early, frame(60<<10))
	echoed(early)
	send(early, frame(64<<10))
	wantEnd(early, websocket.CloseMessageTooBig, 5*time.Second)
	send(sockets[1], frame(1000<<10))
	echoed(sockets[1])
	send(sockets[1], frame(1<<20))
	wantEnd(sockets[1], websocket.CloseMessageTooBig, 5*time.Second)

	require.Equal(t, initTimeout, ended(silent, 10*time.Second).code)
	require.Equal(t, unauthorized, ended(unnamed, 10*time.Second).code)
}

// A page of another site can open sockets with its visitor's cookies.
func TestRow18_CrossSiteSocketHijacking(t *testing.T) {
	t.Parallel()
	p := pool.For(t)
	tom := p.Person("row18")
	for _, origin := range []string{"https://evil.example", "null", "http://" + strings.TrimPrefix(p.URL, "http://") + ".evil.example", "https://" + strings.TrimPrefix(p.URL, "http://")} {
		_, resp, err := dial(t, p, cookieOf(tom, http.Header{"Origin": {origin}}))
		require.Error(t, err, origin)
		require.NotNil(t, resp, origin)
		require.Equal(t, http.StatusForbidden, resp.StatusCode, origin)
	}

	// A name of the attacker's that points here: Host and Origin agree.
	_, port, err := net.SplitHostPort(strings.TrimPrefix(p.URL, "http://"))
	require.NoError(t, err)
	evil := "evil.example:" + port
	_, resp, err := dial(t, p, cookieOf(tom, http.Header{"Origin": {"http://" + evil}, "Host": {evil}}))
	require.Error(t, err)
	require.NotNil(t, resp)
	require.Contains(t, []int{http.StatusForbidden, http.StatusMisdirectedRequest}, resp.StatusCode)

	// What is no browser has no cookie to lend.
	bare := mustDial(t, p, cookieOf(tom, http.Header{}))
	send(bare, `{"type":"connection_init"}`)
	want(bare, "connection_ack")
	send(bare, subscribe)
	wantEnd(bare, unauthorized, 5*time.Second)

	script := mustDial(t, p, http.Header{})
	send(script, `{"type":"connection_init","payload":{"Authorization":"Bearer `+tom.APIToken()+`"}}`)
	want(script, "connection_ack")
	send(script, subscribe)
	want(script, "next")
	page := mustDial(t, p, cookieOf(tom, http.Header{"Origin": {p.URL}}))
	send(page, `{"type":"connection_init"}`)
	want(page, "connection_ack")
	send(page, subscribe)
	want(page, "next")
}

// cookieOf is a header with the person's cookie in it.
func cookieOf(c *client, header http.Header) http.Header {
	c.T.Helper()
	at, err := url.Parse(c.URL)
	require.NoError(c.T, err)
	header = header.Clone()
	for _, cookie := range c.HTTP.Jar.Cookies(at) {
		header.Add("Cookie", cookie.String())
	}
	require.NotEmpty(c.T, header["Cookie"])
	return header
}
