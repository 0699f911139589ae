// Package websocket proves from outside that a WebSocket is no way around what holds for a request, and that it ends with
// the right that it stands on: rows 7 and 14 to 18 of the threats. server/threats/off takes their controls away.
package websocket

import (
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/programtest"
)

type (
	program = programtest.Program
	client  = programtest.Client
	socket  = programtest.Socket
	vars    = programtest.Vars
)

// Close codes of graphql-transport-ws.
const (
	unauthorized = 4401
	forbidden    = 4403
	initTimeout  = 4408
	tooMany      = 4429
)

const walletChanged = `subscription { walletChanged { available } }`

var pool = programtest.NewShared()

func TestMain(m *testing.M) { programtest.Main(m) }

// dial opens a socket that says nothing yet.
func dial(t *testing.T, p *program, header http.Header) (*socket, *http.Response, error) {
	t.Helper()
	d := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}, HandshakeTimeout: 5 * time.Second}
	conn, resp, err := d.Dial("ws"+p.URL[len("http"):]+"/graphql", header)
	if err != nil {
		return nil, resp, err
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &socket{T: t, Conn: conn}, resp, nil
}

func mustDial(t *testing.T, p *program, header http.Header) *socket {
	t.Helper()
	s, _, err := dial(t, p, header)
	require.NoError(t, err)
	return s
}

func send(s *socket, frame string) {
	s.T.Helper()
	require.NoError(s.T, s.Conn.WriteMessage(websocket.TextMessage, []byte(frame)))
}

// want reads a frame of a type.
func want(s *socket, kind string) gjson.Result {
	s.T.Helper()
	m, err := s.Read(10 * time.Second)
	require.NoError(s.T, err)
	require.Equal(s.T, kind, m.Get("type").String(), "%.300s", m.Raw)
	return m
}

// end is how a socket ended.
type end struct {
	code  int // of the close frame, 0 where there was none
	err   error
	after time.Duration
	told  int // events that came before
}

// ended reads a socket to its end.
func ended(s *socket, within time.Duration) (e end) {
	began := time.Now()
	for {
		_, err := s.Read(within - time.Since(began))
		if err == nil {
			e.told++
			continue
		}
		e.err, e.after = err, time.Since(began)
		if c, ok := err.(*websocket.CloseError); ok {
			e.code = c.Code
		}
		return e
	}
}

// wantEnd wants a socket to be closed with a code, in time and without another event.
func wantEnd(s *socket, code int, within time.Duration) {
	s.T.Helper()
	e := ended(s, within)
	require.Equal(s.T, code, e.code, "%v", e.err)
	require.Zero(s.T, e.told, "events")
}
