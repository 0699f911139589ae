package v1

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/provider"
)

// served answers by h and returns what a client got, with its status and trailers.
func served(t *testing.T, h http.HandlerFunc) (*http.Response, string) {
	t.Helper()
	s := httptest.NewServer(h)
	defer s.Close()
	resp, err := http.Get(s.URL)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(body)
}

func TestASilentStreamIsKeptAlive(t *testing.T) {
	resp, body := served(t, func(w http.ResponseWriter, r *http.Request) {
		e := newEvents(w, r, 20*time.Millisecond)
		time.Sleep(90 * time.Millisecond)
		require.True(t, e.send(provider.Piece{Data: []byte(`{"a":1}`)}))
		time.Sleep(50 * time.Millisecond)
		require.True(t, e.send(provider.Piece{Event: "ping", Data: []byte(`{}`)}))
		e.end([]byte("data: [DONE]\n\n"))
		time.Sleep(50 * time.Millisecond)
	})
	require.Equal(t, "text/event-stream; charset=utf-8", resp.Header.Get("Content-Type"))
	require.Equal(t, "no", resp.Header.Get("X-Accel-Buffering"))
	before, rest, ok := strings.Cut(body, `data: {"a":1}`+"\n\n")
	require.True(t, ok)
	require.GreaterOrEqual(t, strings.Count(before, ": keep-alive\n\n"), 2)
	require.Contains(t, rest, ": keep-alive")
	require.True(t, strings.HasSuffix(body, "event: ping\ndata: {}\n\ndata: [DONE]\n\n"), "nothing comes after the end")
}

func TestAFailureBeforeAnythingWasSentHasAStatus(t *testing.T) {
	resp, _ := served(t, func(w http.ResponseWriter, r *http.Request) {
		e := newEvents(w, r, time.Hour)
		require.False(t, e.stop())
		(&server{}).fail(w, r, fault.New(fault.InsufficientCredits, "no"))
	})
	require.Equal(t, http.StatusPaymentRequired, resp.StatusCode)

	_, body := served(t, func(w http.ResponseWriter, r *http.Request) {
		e := newEvents(w, r, 10*time.Millisecond)
		time.Sleep(50 * time.Millisecond)
		require.True(t, e.stop(), "a heartbeat was")
		e.end(errorEvent(provider.KindChat, problem{status: 502, code: fault.UpstreamFailed, message: "no answer"}, 0))
	})
	require.Contains(t, body, `data: {"error":{"message":"no answer"`)
}

func TestAStreamTellsItsFailureInItsDialect(t *testing.T) {
	p := problem{status: 529, code: fault.UpstreamFailed, message: "it broke off", request: "req_1"}
	require.Equal(t, "data: {\"error\":{\"message\":\"it broke off\",\"type\":\"server_error\",\"param\":null,\"code\":\"upstream_failed\"}}\n\n", string(errorEvent(provider.KindCompletions, p, 0)))
	require.Contains(t, string(errorEvent(provider.KindMessages, p, 0)), "event: error\ndata: {\"error\":{\"message\":\"it broke off\",\"type\":\"api_error\"}")
	require.Contains(t, string(errorEvent(provider.KindResponses, p, 7)), `"sequence_number":7`)
}

// hasty is an answer whose pieces must be taken at once, as httpd's must within half a minute.
type hasty struct{ http.ResponseWriter }

func (w hasty) Write(p []byte) (int, error) {
	_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	return w.ResponseWriter.Write(p)
}

func (w hasty) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestAClientThatDoesNotReadHasLeft(t *testing.T) {
	sent := make(chan int, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := newEvents(hasty{w}, r, time.Hour)
		n, large := 0, provider.Piece{Data: []byte(strings.Repeat("x", 64<<10))}
		for n < 2000 && e.send(large) {
			n++
		}
		if e.send(large) {
			n = 2000
		}
		e.end([]byte("data: [DONE]\n\n"))
		sent <- n
	}))
	defer s.Close()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	select {
	case n := <-sent:
		require.Less(t, n, 2000, "it can't have taken all of that")
	case <-time.After(10 * time.Second):
		require.Fail(t, "the stream goes on for ever")
	}
}
