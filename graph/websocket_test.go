package graph

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/gateway"
	"github.com/resourcepool/resourcepool/server/ids"
)

const ourOrigin = "https://pool.example.org"

// listen serves the edge as the HTTP edge does: the cookie's secret comes with the request.
func (e *edge) listen(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session := ""
		if c, err := r.Cookie("session"); err == nil {
			session = c.Value
		}
		e.ServeHTTP(w, r.WithContext(WithRequest(r.Context(), &Request{IP: "192.0.2.1", Session: session})))
	}))
	t.Cleanup(s.Close)
	return "ws" + strings.TrimPrefix(s.URL, "http")
}

type client struct {
	*testing.T
	conn *websocket.Conn
}

func dial(t *testing.T, url string, header http.Header) client {
	t.Helper()
	d := websocket.Dialer{Subprotocols: []string{subprotocol}}
	conn, res, err := d.DialContext(t.Context(), url, header)
	require.NoError(t, err)
	_ = res.Body.Close()
	t.Cleanup(func() { _ = conn.Close() })
	return client{t, conn}
}

// signIn opens a socket with a token.
func signIn(t *testing.T, url string, who ids.ID) client {
	t.Helper()
	c := dial(t, url, nil)
	c.send(`{"type":"connection_init","payload":{"Authorization":"Bearer ` + string(who) + `"}}`)
	c.want("connection_ack", "")
	return c
}

func (c client) send(text string) {
	c.Helper()
	require.NoError(c, c.conn.WriteMessage(websocket.TextMessage, []byte(text)))
}

func (c client) subscribe(id, query string) {
	c.Helper()
	payload, err := json.Marshal(map[string]any{"query": query})
	require.NoError(c, err)
	c.send(`{"type":"subscribe","id":"` + id + `","payload":` + string(payload) + `}`)
}

func (c client) read() (frame, error) {
	_ = c.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	var f frame
	err := c.conn.ReadJSON(&f)
	return f, err
}

func (c client) want(kind, id string) frame {
	c.Helper()
	f, err := c.read()
	require.NoError(c, err)
	require.Equal(c, kind, f.Type, "%s", f.Payload)
	require.Equal(c, id, f.ID)
	return f
}

// wantClose reads up to the close frame, which must have the code; it fails on any `next` before.
func (c client) wantClose(code int) {
	c.Helper()
	for {
		f, err := c.read()
		if err == nil {
			require.NotEqual(c, "next", f.Type, "%s", f.Payload)
			continue
		}
		var closed *websocket.CloseError
		require.ErrorAs(c, err, &closed)
		require.Equal(c, code, closed.Code, closed.Text)
		return
	}
}

const walletQuery = `subscription { walletChanged { available } }`

func TestSocketClosesWithTheProtocolsCodes(t *testing.T) {
	e := newEdge(t)
	url := e.listen(t)
	const hello = `{"type":"connection_init","payload":{"Authorization":"Bearer ` + string(tom) + `"}}`
	const subscribe = `{"type":"subscribe","id":"1","payload":{"query":"subscription{walletChanged{available}}"}}`
	for name, c := range map[string]struct {
		send []string
		code int
	}{
		"ErrNoJSON":           {[]string{`hello`}, 4400},
		"ErrUnknownType":      {[]string{`{"type":"start"}`}, 4400},
		"ErrInitNoObject":     {[]string{`{"type":"connection_init","payload":[]}`}, 4400},
		"ErrNoID":             {[]string{hello, `{"type":"subscribe","payload":{"query":"{viewer{id}}"}}`}, 4400},
		"ErrNoQuery":          {[]string{hello, `{"type":"subscribe","id":"1","payload":{}}`}, 4400},
		"ErrBeforeInit":       {[]string{subscribe}, 4401},
		"ErrNobody":           {[]string{`{"type":"connection_init"}`, subscribe}, 4401},
		"ErrBadToken":         {[]string{`{"type":"connection_init","payload":{"Authorization":"Bearer rp_no"}}`}, 4401},
		"ErrBadScheme":        {[]string{`{"type":"connection_init","payload":{"authorization":"Basic eA=="}}`}, 4401},
		"ErrTwoInits":         {[]string{hello, hello}, 4429},
		"ErrSameID":           {[]string{hello, `{"type":"subscribe","id":"1","payload":{"query":"subscription{resourceChanged{id}}"}}`, subscribe}, 4409},
		"ErrTooLargeBefore":   {[]string{`{"type":"connection_init","payload":{"x":"` + strings.Repeat("x", readLimitBefore) + `"}}`}, 1009},
		"ErrTooLargeSignedIn": {[]string{hello, `{"type":"ping","payload":{"x":"` + strings.Repeat("x", readLimit) + `"}}`}, 1009},
	} {
		t.Run(name, func(t *testing.T) {
			s := dial(t, url, nil)
			for _, text := range c.send {
				s.send(text)
			}
			s.wantClose(c.code)
		})
	}
}

func TestSocketSpeaksOneSubprotocol(t *testing.T) {
	e := newEdge(t)
	conn, res, err := websocket.DefaultDialer.DialContext(t.Context(), e.listen(t), nil)
	require.NoError(t, err)
	_ = res.Body.Close()
	client{t, conn}.wantClose(4406)
}

func TestSilentSocketIsClosed(t *testing.T) {
	e := newEdge(t)
	e.timing(func(w *timing) { w.init = 50 * time.Millisecond })
	url := e.listen(t)
	dial(t, url, nil).wantClose(4408)
	anonymous := dial(t, url, nil)
	anonymous.send(`{"type":"connection_init"}`)
	anonymous.wantClose(4401)
}

func TestSocketTakesTheCookieFromOurPagesOnly(t *testing.T) {
	e := newEdge(t)
	url := e.listen(t)
	cookie := "session=" + string(tom)

	ours := dial(t, url, http.Header{"Origin": {ourOrigin}, "Cookie": {cookie}})
	ours.send(`{"type":"connection_init"}`)
	ours.want("connection_ack", "")
	ours.subscribe("1", walletQuery)
	assert.JSONEq(t, `{"data":{"walletChanged":{"available":"40"}}}`, string(ours.want("next", "1").Payload))

	noOrigin := dial(t, url, http.Header{"Cookie": {cookie}})
	noOrigin.send(`{"type":"connection_init"}`)
	noOrigin.subscribe("1", walletQuery)
	noOrigin.wantClose(4401)

	d := websocket.Dialer{Subprotocols: []string{subprotocol}}
	for _, origin := range []string{"https://evil.example.org", "null"} {
		_, res, err := d.DialContext(t.Context(), url, http.Header{"Origin": {origin}, "Cookie": {cookie}})
		require.Error(t, err)
		assert.Equal(t, http.StatusForbidden, res.StatusCode)
		_ = res.Body.Close()
	}
}

func TestSocketRunsOperations(t *testing.T) {
	e := newEdge(t)
	c := signIn(t, e.listen(t), tom)
	c.send(`{"type":"ping","payload":{"a":1}}`)
	assert.JSONEq(t, `{"a":1}`, string(c.want("pong", "").Payload))

	c.subscribe("q", `{ viewer { id } }`)
	assert.JSONEq(t, `{"data":{"viewer":{"id":"`+string(tom)+`"}}}`, string(c.want("next", "q").Payload))
	c.want("complete", "q")

	c.subscribe("bad", `{ mee { id } }`)
	assert.Contains(t, string(c.want("error", "bad").Payload), "BAD_USER_INPUT")
	c.subscribe("deep", "{"+nested(40, "viewer", "id")+"}")
	c.want("error", "deep")
	c.subscribe("admin", `subscription { transactionFeed { cursor } }`)
	assert.Contains(t, string(c.want("next", "admin").Payload), "FORBIDDEN")
	c.want("complete", "admin")
	c.subscribe("in", `mutation { signIn(input: {email: "a", password: "b"}) { viewer { id } } }`)
	assert.Contains(t, string(c.want("next", "in").Payload), "FORBIDDEN", "a socket can't carry a cookie")
	c.want("complete", "in")

	c.subscribe("w", walletQuery)
	c.want("next", "w")
	e.feed.poke()
	c.want("next", "w")
	c.send(`{"type":"complete","id":"w"}`)
	c.subscribe("w", `{ viewer { id } }`) // an id is free again when its operation has ended
	c.want("next", "w")
	c.want("complete", "w")
}

func TestSocketLimits(t *testing.T) {
	e := newEdge(t)
	url := e.listen(t)
	c := signIn(t, url, tom)
	for i := range operationsPerSocket {
		c.subscribe(string(rune('a'+i)), `subscription { resourceChanged { id } }`)
	}
	c.subscribe("more", `subscription { resourceChanged { id } }`)
	assert.Contains(t, string(c.want("error", "more").Payload), "RATE_LIMITED")
	c.send(`{"type":"complete","id":"a"}`)
	c.subscribe("again", walletQuery)
	c.want("next", "again")

	open := []client{c}
	for range socketsPerUser - 1 {
		open = append(open, signIn(t, url, tom))
	}
	one := dial(t, url, nil)
	one.send(`{"type":"connection_init","payload":{"Authorization":"Bearer ` + string(tom) + `"}}`)
	one.wantClose(4429)
	signIn(t, url, bob)
	_ = open[1].conn.Close()
	assert.Eventually(t, func() bool {
		again := dial(t, url, nil)
		again.send(`{"type":"connection_init","payload":{"Authorization":"Bearer ` + string(tom) + `"}}`)
		f, err := again.read()
		return err == nil && f.Type == "connection_ack"
	}, 2*time.Second, 20*time.Millisecond, "a place is free when a socket ends")
}

func TestSocketEndsWithTheSession(t *testing.T) {
	e := newEdge(t)
	c := signIn(t, e.listen(t), tom)
	c.subscribe("w", walletQuery)
	c.want("next", "w")
	e.people.set(tom, nil, nil)
	c.wantClose(4401)
}

// Demoted while subscribed: not one event after, and the socket says why.
func TestSocketEndsWithTheRole(t *testing.T) {
	e := newEdge(t)
	e.timing(func(w *timing) { w.check = time.Hour }) // the event itself must find out
	c := signIn(t, e.listen(t), admin)
	c.subscribe("w", walletQuery)
	c.want("next", "w")
	e.people.set(admin, &access.Actor{ID: admin, Roles: []access.Role{access.User}}, nil)
	e.feed.poke()
	c.wantClose(4403)
}

func TestIdleSocketEndsWithTheRole(t *testing.T) {
	e := newEdge(t)
	e.timing(func(w *timing) { w.check = 20 * time.Millisecond })
	c := signIn(t, e.listen(t), admin)
	e.people.set(admin, &access.Actor{ID: admin, Roles: []access.Role{access.User}}, nil)
	c.wantClose(4403)
}

func TestSocketEndsWhereNobodyCanTellWhoIsThere(t *testing.T) {
	e := newEdge(t)
	e.timing(func(w *timing) { w.check = time.Hour })
	c := signIn(t, e.listen(t), tom)
	c.subscribe("w", walletQuery)
	c.want("next", "w")
	e.people.set(tom, nil, errors.New("the database is away"))
	e.feed.poke()
	c.wantClose(websocket.CloseTryAgainLater)
}

func TestSocketsAreSentToAnotherServer(t *testing.T) {
	e := newEdge(t)
	c := signIn(t, e.listen(t), tom)
	c.subscribe("w", walletQuery)
	c.want("next", "w")
	close(e.stopping)
	c.wantClose(websocket.CloseServiceRestart)
}

const completionQuery = `subscription { completionStream(input: {model: "gpt-4", messages: [{role: USER, content: "hi"}]}) { text done payload { creditsCharged } } }`

func TestACompletionGetsToItsEndBeforeTheSocketGoes(t *testing.T) {
	e := newEdge(t)
	pieces := make(chan gateway.Chunk)
	e.stream.stream = func(context.Context) (<-chan gateway.Chunk, error) { return pieces, nil }
	c := signIn(t, e.listen(t), tom)
	c.subscribe("c", completionQuery)
	pieces <- gateway.Chunk{Text: "Hel"}
	c.want("next", "c")
	close(e.stopping)
	require.Eventually(t, func() bool { // nothing new begins
		c.subscribe("other", `subscription { walletChanged { nothing } }`)
		return strings.Contains(string(c.want("error", "other").Payload), "OVERLOADED")
	}, 5*time.Second, 5*time.Millisecond)
	pieces <- gateway.Chunk{Done: true, Result: &gateway.Result{CreditsCharged: 5e9}}
	close(pieces)
	require.Contains(t, string(c.want("next", "c").Payload), `"creditsCharged":"5"`)
	c.want("complete", "c")
	c.wantClose(websocket.CloseServiceRestart)
}

func TestACompletionThatTakesTooLongIsCutOff(t *testing.T) {
	e := newEdge(t)
	e.timing(func(t *timing) { t.retire = 50 * time.Millisecond })
	left := make(chan struct{})
	e.stream.stream = func(ctx context.Context) (<-chan gateway.Chunk, error) {
		context.AfterFunc(ctx, func() { close(left) })
		pieces := make(chan gateway.Chunk, 1)
		pieces <- gateway.Chunk{Text: "Hel"}
		return pieces, nil
	}
	c := signIn(t, e.listen(t), tom)
	c.subscribe("c", completionQuery)
	c.want("next", "c")
	close(e.stopping)
	c.wantClose(websocket.CloseServiceRestart)
	<-left
}

func TestStreamTellsHowItEnds(t *testing.T) {
	e := newEdge(t)
	const query = `subscription { completionStream(input: {model: "gpt-4", messages: [{role: USER, content: "hi"}]}) { text done payload { creditsCharged } } }`
	pieces := func(list ...gateway.Chunk) func(context.Context) (<-chan gateway.Chunk, error) {
		return func(context.Context) (<-chan gateway.Chunk, error) {
			c := make(chan gateway.Chunk, len(list))
			for _, p := range list {
				c <- p
			}
			close(c)
			return c, nil
		}
	}
	c := signIn(t, e.listen(t), tom)

	e.stream.stream = pieces(gateway.Chunk{Text: "Hel"}, gateway.Chunk{Text: "lo"}, gateway.Chunk{Done: true, Result: &gateway.Result{CreditsCharged: 5e9}})
	c.subscribe("1", query)
	assert.Contains(t, string(c.want("next", "1").Payload), `"Hel"`)
	assert.Contains(t, string(c.want("next", "1").Payload), `"lo"`)
	assert.Contains(t, string(c.want("next", "1").Payload), `"creditsCharged":"5"`)
	c.want("complete", "1")

	broke := fault.New(fault.UpstreamFailed, "the answer broke off")
	e.stream.stream = pieces(gateway.Chunk{Text: "Hel"}, gateway.Chunk{Done: true, Result: &gateway.Result{CreditsCharged: 1e9}, Err: broke})
	c.subscribe("2", query)
	c.want("next", "2")
	assert.Contains(t, string(c.want("next", "2").Payload), `"creditsCharged":"1"`)
	assert.Contains(t, string(c.want("error", "2").Payload), "UPSTREAM_FAILED")

	e.stream.stream = func(context.Context) (<-chan gateway.Chunk, error) {
		return nil, fault.New(fault.ModelNotFound, "no such model")
	}
	c.subscribe("3", query)
	assert.Contains(t, string(c.want("next", "3").Payload), "MODEL_NOT_FOUND")
	c.want("complete", "3")
}

// A client that hangs up ends its stream.
func TestHangingUpEndsTheStream(t *testing.T) {
	e := newEdge(t)
	ended := make(chan struct{})
	e.stream.stream = func(ctx context.Context) (<-chan gateway.Chunk, error) {
		context.AfterFunc(ctx, func() { close(ended) })
		return make(chan gateway.Chunk), nil
	}
	c := signIn(t, e.listen(t), tom)
	c.subscribe("1", `subscription { completionStream(input: {model: "m", messages: [{role: USER, content: "hi"}]}) { text } }`)
	c.subscribe("2", `{ viewer { id } }`)
	c.want("next", "2")
	_ = c.conn.Close()
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Fatal("the stream goes on without its reader")
	}
}
