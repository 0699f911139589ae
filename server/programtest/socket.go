package programtest

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// Socket is a graphql-transport-ws connection.
type Socket struct {
	T    testing.TB
	Conn *websocket.Conn
	next int
}

// Socket opens a connection as c, with its cookie and its token.
func (c *Client) Socket() *Socket {
	c.T.Helper()
	s, err := c.Dial()
	require.NoError(c.T, err)
	return s
}

// Dial is Socket that may fail.
func (c *Client) Dial() (*Socket, error) {
	d := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}, Jar: c.HTTP.Jar, HandshakeTimeout: 5 * time.Second}
	conn, _, err := d.Dial("ws"+c.URL[len("http"):]+"/graphql", http.Header{"Origin": {c.URL}})
	if err != nil {
		return nil, err
	}
	init := map[string]any{"type": "connection_init"}
	if c.Token != "" {
		init["payload"] = map[string]any{"Authorization": "Bearer " + c.Token}
	}
	if err := conn.WriteJSON(init); err != nil {
		return nil, err
	}
	s := &Socket{T: c.T, Conn: conn}
	c.T.Cleanup(func() { _ = conn.Close() })
	if m, err := s.Read(10 * time.Second); err != nil || m.Get("type").String() != "connection_ack" {
		return nil, fmt.Errorf("no connection_ack: %v %v", m, err)
	}
	return s, nil
}

// Read returns the next message that is not about keeping the connection alive.
func (s *Socket) Read(within time.Duration) (gjson.Result, error) {
	if err := s.Conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		return gjson.Result{}, err
	}
	for {
		_, b, err := s.Conn.ReadMessage()
		if err != nil {
			return gjson.Result{}, err
		}
		switch m := gjson.ParseBytes(b); m.Get("type").String() {
		case "ping":
			if err := s.Conn.WriteJSON(map[string]any{"type": "pong"}); err != nil {
				return gjson.Result{}, err
			}
		case "pong":
		default:
			return m, nil
		}
	}
}

// Subscribe starts an operation. The first has the id 1.
func (s *Socket) Subscribe(query string, v Vars) {
	s.T.Helper()
	s.next++
	require.NoError(s.T, s.Conn.WriteJSON(map[string]any{
		"id": fmt.Sprint(s.next), "type": "subscribe", "payload": map[string]any{"query": query, "variables": v},
	}))
}

// Event returns the data of the next event.
func (s *Socket) Event() gjson.Result {
	s.T.Helper()
	m, err := s.Read(20 * time.Second)
	require.NoError(s.T, err)
	require.Equal(s.T, "next", m.Get("type").String(), m.Raw)
	require.False(s.T, m.Get("payload.errors").Exists(), m.Raw)
	return m.Get("payload.data")
}

// Close drops the connection without a word.
func (s *Socket) Close() { _ = s.Conn.Close() }
