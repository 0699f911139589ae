package upstream

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/programtest"
)

// bomb is an answer without an end, or with far too much in it.
type bomb struct {
	name     string
	streamed bool
	answer   func(w http.ResponseWriter)
}

// flood writes the same until the other side has had enough.
func flood(w http.ResponseWriter, piece string) {
	b := bytes.Repeat([]byte(piece), max(1, (64<<10)/len(piece)))
	for range (10 << 30) / len(b) {
		if _, err := w.Write(b); err != nil {
			return
		}
	}
}

func begins(w http.ResponseWriter, kind, text string) {
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write([]byte(text))
}

func bombs(t *testing.T) []bomb {
	t.Helper()
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	zeros := make([]byte, 1<<20)
	for range 128 { // twice what is allowed in memory
		_, err := z.Write(zeros)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	const events, object = "text/event-stream", "application/json"
	return []bomb{
		{"an endless line", true, func(w http.ResponseWriter) {
			begins(w, events, `data: {"choices":[{"delta":{"content":"`)
			flood(w, "a")
		}},
		{"an event of endless lines", true, func(w http.ResponseWriter) {
			begins(w, events, "")
			flood(w, "data: [\n")
		}},
		{"an endless stream of nested JSON", true, func(w http.ResponseWriter) {
			begins(w, events, "data: {\"choices\":[]}\n\n")
			flood(w, "data: "+strings.Repeat("[", 1000)+"\n\n")
		}},
		{"an endless body", false, func(w http.ResponseWriter) {
			begins(w, object, `{"choices":[{"message":{"content":"`)
			flood(w, "a")
		}},
		{"an endless error", false, func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusInternalServerError)
			flood(w, "a")
		}},
		{"a gzip bomb", false, func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			begins(w, object, zipped.String())
		}},
		{"a million headers", false, func(w http.ResponseWriter) {
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			defer func() { _ = c.Close() }()
			_, err = fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
			for i := 0; i < 1_000_000 && err == nil; i++ {
				_, err = fmt.Fprintf(c, "X-%d: 1\r\n", i)
			}
		}},
		{"nested JSON", false, func(w http.ResponseWriter) { begins(w, object, strings.Repeat("[", 12<<20)) }},
		{"nested JSON in an answer", false, func(w http.ResponseWriter) {
			begins(w, object, `{"choices":[{"message":{"content":`+strings.Repeat(`{"a":`, 2<<20))
		}},
	}
}

// resident is how much memory a process has, in bytes.
func resident(t *testing.T, pid int) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	require.NoError(t, err)
	return kb << 10
}

// growth is how much more memory than at its beginning a process had at most until stop is called.
func growth(t *testing.T, pid int) (stop func() int64) {
	t.Helper()
	first := resident(t, pid)
	var most atomic.Int64
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			most.Store(max(most.Load(), resident(t, pid)-first))
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	return func() int64 {
		close(done)
		<-ended
		return most.Load()
	}
}

// Row 50: what a provider sends without an end ends here, in little memory and with nothing left held.
func TestRow50_UpstreamBombs(t *testing.T) {
	t.Parallel()
	gate := programtest.NewGate(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+gate.URLs)
	admin, tom := p.Admin(), p.Person("tom")
	admin.GPT4()
	admin.Grant(tom, "100000")
	token := tom.APIToken()
	for i, b := range bombs(t) {
		t.Run(b.name, func(t *testing.T) {
			id := admin.Platform(gate.Upstream, fmt.Sprintf("sk-bomb-%d-0123456789", i), "1000", false)
			tom.Must(programtest.Complete, programtest.Ask("gpt-4", nil)) // the provider as a whole is not at fault
			gate.Hook(func(w http.ResponseWriter, _ int64) bool {
				b.answer(w)
				return true
			}, nil)
			grown := growth(t, p.Cmd.Process.Pid)
			began := time.Now()
			if b.streamed {
				resp, body := p.Call(http.MethodPost, "/v1/chat/completions", `{"model":"gpt-4","stream":true,"messages":[{"role":"user","content":"hi"}]}`, "Authorization", "Bearer "+token)
				require.True(t, resp.StatusCode == http.StatusBadGateway || strings.Contains(body.Raw, `"error"`), "%s %.300s", resp.Status, body.Raw)
			} else {
				tom.Refused("UPSTREAM_FAILED", programtest.Complete, programtest.Ask("gpt-4", nil))
			}
			most := grown()
			t.Logf("%d KB", most>>10)
			require.Less(t, most, int64(64<<20), "bytes of memory")
			require.Less(t, time.Since(began), 20*time.Second)
			require.Positive(t, gate.Chats.Load())
			gate.Hook(nil, nil)
			released(t, tom, admin, id)
			admin.Must(`mutation($id: ID!) { suspendResource(id: $id, reason: "a test") { id } }`, vars{"id": id})
		})
	}
}
