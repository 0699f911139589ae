package acceptance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// client is somebody who uses the public API.
type client struct {
	t     testing.TB
	url   string
	http  *http.Client
	token string
	id    string
}

// graphError is the first error of an answer.
type graphError struct {
	Code, Message, Field string
	Extensions           gjson.Result
}

func (e *graphError) Error() string { return e.Code + ": " + e.Message }

func (p *program) anonymous() *client {
	jar, err := cookiejar.New(nil)
	require.NoError(p.t, err)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 256
	p.t.Cleanup(transport.CloseIdleConnections)
	return &client{t: p.t, url: p.url, http: &http.Client{Jar: jar, Transport: transport, Timeout: time.Minute}}
}

// at is the same person at another server.
func (c *client) at(p *program) *client {
	other := *c
	other.url = p.url
	return &other
}

// person signs somebody up.
func (p *program) person(name string) *client {
	p.t.Helper()
	c := p.anonymous()
	r := c.must(`mutation($i: SignUpInput!) { signUp(input: $i) { viewer { id roles } } }`,
		vars{"i": vars{"email": name + "@example.org", "password": "password of " + name, "displayName": name}})
	c.id = r.Get("signUp.viewer.id").String()
	return c
}

func (p *program) admin() *client {
	p.t.Helper()
	c := p.anonymous()
	r := c.must(`mutation($i: SignInInput!) { signIn(input: $i) { viewer { id } } }`, vars{"i": vars{"email": adminEmail, "password": adminPassword}})
	c.id = r.Get("signIn.viewer.id").String()
	return c
}

type vars map[string]any

// do sends a document and returns its data, or the first error.
func (c *client) do(query string, v vars) (gjson.Result, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": v})
	if err != nil {
		return gjson.Result{}, err
	}
	req, err := http.NewRequest(http.MethodPost, c.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		return gjson.Result{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return gjson.Result{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	var buf bytes.Buffer
	if _, err := buf.ReadFrom(resp.Body); err != nil {
		return gjson.Result{}, err
	}
	r := gjson.ParseBytes(buf.Bytes())
	if e := r.Get("errors.0"); e.Exists() {
		return r.Get("data"), graphErrorOf(e)
	}
	if !r.Get("data").Exists() {
		return gjson.Result{}, fmt.Errorf("%s: %s", resp.Status, buf.String())
	}
	return r.Get("data"), nil
}

func graphErrorOf(e gjson.Result) *graphError {
	return &graphError{
		Code: e.Get("extensions.code").String(), Message: e.Get("message").String(),
		Field: e.Get("extensions.field").String(), Extensions: e.Get("extensions"),
	}
}

func (c *client) must(query string, v vars) gjson.Result {
	c.t.Helper()
	r, err := c.do(query, v)
	require.NoError(c.t, err, query)
	return r
}

// refused wants the document to fail with a code.
func (c *client) refused(code, query string, v vars) *graphError {
	c.t.Helper()
	_, err := c.do(query, v)
	require.Error(c.t, err)
	e, ok := err.(*graphError)
	require.True(c.t, ok, "%v", err)
	require.Equal(c.t, code, e.Code, e.Message)
	return e
}

const wallet = `{ viewer { wallet { available held owed vesting } } }`

func (c *client) available() string {
	c.t.Helper()
	return c.must(wallet, nil).Get("viewer.wallet.available").String()
}

const complete = `mutation($i: CompleteInput!) { complete(input: $i) {
	completion { id model content finishReason promptTokens completionTokens totalTokens } creditsCharged
	usage { id status creditsCharged attempts errorCode } wallet { available held } } }`

func ask(model string, more vars) vars {
	in := vars{"model": model, "messages": []vars{{"role": "USER", "content": "Write an article"}}}
	for k, v := range more {
		in[k] = v
	}
	return vars{"i": in}
}

// socket is a graphql-transport-ws connection.
type socket struct {
	t    testing.TB
	conn *websocket.Conn
	next int
}

func (c *client) socket() *socket {
	c.t.Helper()
	s, err := c.dial()
	require.NoError(c.t, err)
	return s
}

func (c *client) dial() (*socket, error) {
	d := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}, Jar: c.http.Jar, HandshakeTimeout: 5 * time.Second}
	conn, _, err := d.Dial("ws"+c.url[len("http"):]+"/graphql", http.Header{"Origin": {c.url}})
	if err != nil {
		return nil, err
	}
	init := map[string]any{"type": "connection_init"}
	if c.token != "" {
		init["payload"] = map[string]any{"Authorization": "Bearer " + c.token}
	}
	if err := conn.WriteJSON(init); err != nil {
		return nil, err
	}
	s := &socket{t: c.t, conn: conn}
	c.t.Cleanup(func() { _ = conn.Close() })
	if m, err := s.read(10 * time.Second); err != nil || m.Get("type").String() != "connection_ack" {
		return nil, fmt.Errorf("no connection_ack: %v %v", m, err)
	}
	return s, nil
}

// read returns the next message that is not about keeping the connection alive.
func (s *socket) read(within time.Duration) (gjson.Result, error) {
	if err := s.conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		return gjson.Result{}, err
	}
	for {
		_, b, err := s.conn.ReadMessage()
		if err != nil {
			return gjson.Result{}, err
		}
		switch m := gjson.ParseBytes(b); m.Get("type").String() {
		case "ping":
			if err := s.conn.WriteJSON(map[string]any{"type": "pong"}); err != nil {
				return gjson.Result{}, err
			}
		case "pong":
		default:
			return m, nil
		}
	}
}

func (s *socket) subscribe(query string, v vars) {
	s.t.Helper()
	s.next++
	require.NoError(s.t, s.conn.WriteJSON(map[string]any{
		"id": fmt.Sprint(s.next), "type": "subscribe", "payload": map[string]any{"query": query, "variables": v},
	}))
}

// event returns the data of the next event.
func (s *socket) event() gjson.Result {
	s.t.Helper()
	m, err := s.read(20 * time.Second)
	require.NoError(s.t, err)
	require.Equal(s.t, "next", m.Get("type").String(), m.Raw)
	require.False(s.t, m.Get("payload.errors").Exists(), m.Raw)
	return m.Get("payload.data")
}

func (s *socket) close() { _ = s.conn.Close() }
