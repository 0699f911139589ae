package provider_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

func TestStreamsInEveryForm(t *testing.T) {
	piece := func(s string) string {
		return `{"model":"m","choices":[{"index":0,"delta":{"content":"` + s + `"},"finish_reason":null}]}`
	}
	const stop = `{"choices":[{"delta":{},"finish_reason":"stop"}]}`
	const usage = `{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}`
	tests := []struct {
		name, kind, body string
		want             string
		usage, fails     bool
		class            provider.Class
	}{
		{name: "usual", body: "data: " + piece("a") + "\n\ndata: " + piece("b") + "\n\ndata: " + stop + "\n\ndata: " + usage + "\n\ndata: [DONE]\n\n", want: "ab", usage: true},
		{name: "CRLF, comments, other fields, no space", body: ": ping\r\n\r\nevent: message\r\nid: 1\r\ndata:" + piece("a") + "\r\n\r\n:\r\nretry: 5\r\n\r\ndata:" + stop + "\r\n\r\ndata:[DONE]\r\n\r\n", want: "a"},
		{name: "data over several lines", body: "data: {\"choices\":[{\"delta\":\ndata: {\"content\":\"a\"}}]}\n\ndata: " + stop + "\n\ndata: [DONE]\n\n", want: "a"},
		{name: "no DONE", body: "data: " + piece("a") + "\n\ndata: " + stop + "\n\ndata: " + usage + "\n\n", want: "a", usage: true},
		{name: "no last empty line", body: "data: " + piece("a") + "\n\ndata: " + stop, want: "a"},
		{name: "usage in the choice", body: "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\",\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}]}\n\ndata: [DONE]\n\n", want: "a", usage: true},
		{name: "usage in a field of its own", body: "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}],\"x_groq\":{\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}}\n\ndata: [DONE]\n\n", want: "a", usage: true},
		{name: "null content and usage", body: "data: {\"choices\":[{\"delta\":{\"content\":null,\"reasoning_content\":\"hm\"}}],\"usage\":null}\n\ndata: " + piece("a") + "\n\ndata: " + stop + "\n\ndata: [DONE]\n\n", want: "a"},
		{name: "a long line", body: "data: " + piece(strings.Repeat("x", 100_000)) + "\n\ndata: " + stop + "\n\ndata: [DONE]\n\n", want: strings.Repeat("x", 100_000)},
		{name: "a whole answer instead", kind: "application/json", body: `{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}`, want: "a", usage: true},
		{name: "cut", body: "data: " + piece("a") + "\n\ndata: " + piece("b") + "\n\n", want: "ab", fails: true, class: provider.Unreadable},
		{name: "an error in the stream", body: "data: " + piece("a") + "\n\ndata: {\"error\":{\"code\":502,\"message\":\"" + canary + "\"},\"choices\":[{\"delta\":{},\"finish_reason\":\"error\"}]}\n\n", want: "a", fails: true, class: provider.ServerFault},
		{name: "empty", body: "", fails: true, class: provider.Unreadable},
		{name: "an event that is no JSON", body: "data: " + piece("a") + "\n\ndata: {oops\n\n", want: "a", fails: true, class: provider.Unreadable},
		{name: "an endless line", body: "data: " + strings.Repeat("x", 2<<20), fails: true, class: provider.Unreadable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := answering(t, func(w http.ResponseWriter, _ *http.Request) {
				kind := tt.kind
				if kind == "" {
					kind = "text/event-stream"
				}
				w.Header().Set("Content-Type", kind)
				_, _ = io.WriteString(w, tt.body)
			})
			s, f := c.Stream(t.Context(), streamed(ask()))
			require.Nil(t, f)
			defer s.Close()
			pieces, err := readAll(s)
			require.Equal(t, tt.want, strings.Join(pieces, ""))
			require.Equal(t, tt.want, content(s.Answer()))
			require.Equal(t, tt.usage, s.Answer().Usage != nil)
			if tt.fails {
				require.ErrorAs(t, err, &f)
				require.Equal(t, tt.class, f.Class)
				require.NotContains(t, err.Error(), "CANARY")
			} else {
				require.NoError(t, err)
				require.Equal(t, "stop", s.Answer().Finish)
			}
			_, again := s.Next()
			require.Error(t, again, "the end stays the end")
		})
	}
}

func TestClosingAStreamCancelsTheUpstream(t *testing.T) {
	gone := make(chan struct{})
	c := answering(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(gone)
	})
	s, f := c.Stream(t.Context(), streamed(ask()))
	require.Nil(t, f)
	_, err := s.Next()
	require.NoError(t, err)
	time.AfterFunc(20*time.Millisecond, s.Close) // from another goroutine, while Next waits
	_, err = s.Next()
	require.ErrorAs(t, err, &f)
	require.Equal(t, provider.Canceled, f.Class)
	select {
	case <-gone:
	case <-time.After(5 * time.Second):
		t.Fatal("the upstream still works")
	}
	require.Equal(t, "a", content(s.Answer()))
}

func TestConnectionsServeAgain(t *testing.T) {
	var opened atomic.Int64
	u := upstreamtest.New(t)
	u.AddKey(canary, "100")
	s := httptest.NewUnstartedServer(u.Handler())
	s.Config.ConnState = func(_ net.Conn, st http.ConnState) {
		if st == http.StateNew {
			opened.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	c := client(t, map[string]string{"openai": s.URL + "/v1"})
	defer c.Close()
	for i := range 20 {
		if i%2 == 0 {
			_, f := c.Chat(t.Context(), ask())
			require.Nil(t, f)
			continue
		}
		st, f := c.Stream(t.Context(), streamed(ask()))
		require.Nil(t, f)
		_, err := readAll(st)
		require.NoError(t, err)
		st.Close()
	}
	require.EqualValues(t, 1, opened.Load())
}
