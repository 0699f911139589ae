package programtest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

// Gate stands before a scripted provider, so that a test can act while a chat call is under way.
type Gate struct {
	*upstreamtest.Upstream
	URLs string // for POOL_PROVIDER_URLS

	Chats atomic.Int64 // calls that reached the provider, those answered by the hook included

	mu sync.Mutex
	// called, where set, gets each chat call first; it is true where it answered the call itself.
	called func(w http.ResponseWriter, n int64) bool
	// written, where set, is told of each piece of an answer that was sent, and the how-manieth it is.
	written func(n int64)
}

// NewGate starts one that lets all through. It ends with the test.
func NewGate(t testing.TB) *Gate {
	g := &Gate{Upstream: upstreamtest.New(t)}
	inner := g.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/chat/completions") {
			inner.ServeHTTP(w, r)
			return
		}
		n := g.Chats.Add(1)
		g.mu.Lock()
		called, written := g.called, g.written
		g.mu.Unlock()
		if called != nil && called(w, n) {
			return
		}
		if written != nil {
			w = &told{ResponseWriter: w, written: written}
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	g.URLs = "openai=" + server.URL + "/v1"
	return g
}

// Hook sets the hooks for the calls to come, and counts them from 1.
func (g *Gate) Hook(called func(w http.ResponseWriter, n int64) bool, written func(n int64)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.called, g.written = called, written
	g.Chats.Store(0)
}

type told struct {
	http.ResponseWriter
	written func(n int64)
	n       int64
}

// Write sends each piece at once.
func (w *told) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	if err == nil {
		err = http.NewResponseController(w.ResponseWriter).Flush()
	}
	w.n++
	w.written(w.n)
	return n, err
}

func (w *told) Unwrap() http.ResponseWriter { return w.ResponseWriter }
