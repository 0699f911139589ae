package http

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/programtest"
)

const searching = `query($s: String) { users(first: 1, filter: {search: $s}) { totalCount edges { node { email } } } }`

func TestRow47_WildcardSearch(t *testing.T) {
	t.Parallel()
	database := dbtest.URL(t)
	p := programtest.Launch(t, programtest.Settings(t, database))
	admin, db := p.Admin(), dbtest.Open(t, database)
	_, err := db.ExecContext(t.Context(), `INSERT INTO users (id, email, display_name, password_hash, status, created_at)
		SELECT 'usr_' || i, 'u' || i || '@' || repeat('x.', 100) || 'org', repeat('_a', 50), '', 'ACTIVE', now() FROM generate_series(1, 2000) i`)
	require.NoError(t, err)

	for _, search := range []string{"", "%", "__", "日本", "a%"} {
		require.Equal(t, "filter.search", admin.Refused("BAD_USER_INPUT", searching, vars{"s": search}).Field, "%q", search)
	}
	for _, pattern := range []string{strings.Repeat("%_", 100), strings.Repeat("%a", 100), strings.Repeat("_%", 20) + `\`, "%x%", "x_x"} {
		best := time.Hour
		for range 8 {
			began := time.Now()
			require.Zero(t, admin.Must(searching, vars{"s": pattern}).Get("users.totalCount").Int(), pattern)
			best = min(best, time.Since(began))
		}
		require.Less(t, best, 200*time.Millisecond, pattern)
	}
	require.Equal(t, int64(2000), admin.Must(searching, vars{"s": "_A_"}).Get("users.totalCount").Int())

	// What takes long in Postgres, for whatever reason, does not hold the connection for ever.
	lock, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer func() { _ = lock.Rollback() }()
	_, err = lock.ExecContext(t.Context(), "LOCK TABLE pool_resources IN ACCESS EXCLUSIVE MODE")
	require.NoError(t, err)
	admin.HTTP.Timeout = 12 * time.Second
	admin.Refused("INTERNAL", `{ resources { totalCount } }`, nil)
}

// goroutines is how many the program has.
func goroutines(t *testing.T, metrics string) int {
	t.Helper()
	resp, err := http.Get("http://" + metrics + "/metrics")
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	_, after, ok := strings.Cut(string(text), "\ngo_goroutines ")
	require.True(t, ok)
	line, _, _ := strings.Cut(after, "\n")
	n, err := strconv.Atoi(line)
	require.NoError(t, err)
	return n
}

func connect(t *testing.T, p *program) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestRow48_SlowLorisAndSlowReaders(t *testing.T) {
	t.Parallel()
	const (
		readers = 3
		size    = 10 << 20
	)
	up, metrics := programtest.NewGate(t), programtest.FreeAddress(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+up.URLs, "POOL_METRICS_LISTEN="+metrics)
	admin, tom := p.Admin(), p.Person("tom")
	admin.GPT4()
	admin.Grant(tom, "1000")
	admin.Platform(up.Upstream, "sk-platform-0123456789", "5000", false)
	long := `{"id":"1","object":"chat.completion","model":"gpt-4","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"` +
		strings.Repeat("x", size) + `"}}],"usage":{"prompt_tokens":10,"completion_tokens":100,"total_tokens":110}}`
	up.Hook(func(w http.ResponseWriter, _ int64) bool {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, long)
		return true
	}, nil)
	token := tom.APIToken()
	body := `{"model":"gpt-4","max_tokens":200,"messages":[{"role":"user","content":"hi"}]}`
	for _, status := range programtest.Together(readers, func(int) int { // opens the connections to the provider
		status, _ := request(t, p, http.MethodPost, "/v1/chat/completions", body, "Authorization", "Bearer "+token)
		return status
	}) {
		require.Equal(t, http.StatusOK, status)
	}
	http.DefaultClient.CloseIdleConnections()
	base := 1 << 30
	for range 10 {
		time.Sleep(50 * time.Millisecond)
		base = min(base, goroutines(t, metrics))
	}
	began := time.Now()

	slow := connect(t, p)
	go func() {
		for i := 0; ; i++ {
			if _, err := slow.Write([]byte("GET /healthz HTTP/1.1\r\nHost: pool\r\nX-Slow: ........................"[i : i+1])); err != nil {
				return
			}
			time.Sleep(time.Second)
		}
	}()
	var unread []net.Conn
	for range readers {
		conn := connect(t, p)
		_, err := fmt.Fprintf(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			strings.TrimPrefix(p.URL, "http://"), token, len(body), body)
		require.NoError(t, err)
		unread = append(unread, conn)
	}
	require.Eventually(t, func() bool { return up.Chats.Load() == 2*readers && goroutines(t, metrics) >= base+readers }, 5*time.Second, 20*time.Millisecond)

	require.NoError(t, slow.SetReadDeadline(time.Now().Add(10*time.Second)))
	_, err := io.ReadAll(slow)
	require.NoError(t, err, "the server closes what does not get to the end of its header")
	require.Less(t, time.Since(began), 10*time.Second)

	require.Eventually(t, func() bool { return goroutines(t, metrics) <= base+1 }, 20*time.Second, 50*time.Millisecond, "those that write to nobody end")
	for _, conn := range unread {
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(5*time.Second)))
		got, err := io.Copy(io.Discard, conn)
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "cut, by an end or a reset")
		require.Less(t, got, int64(size))
	}
	require.Equal(t, "0", tom.Must(programtest.Wallet, nil).Get("viewer.wallet.held").String())
}

// zeros is a body of a length that its header does not tell.
type zeros struct{ left int }

func (z *zeros) Read(p []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), z.left)
	clear(p[:n])
	z.left -= n
	return n, nil
}

func TestRow49_BodySizes(t *testing.T) {
	t.Parallel()
	post := func(p *program, path, authorization, encoding string, length int, told bool) int {
		t.Helper()
		req, err := http.NewRequest(http.MethodPost, p.URL+path, &zeros{length})
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		if authorization != "" {
			req.Header.Set("Authorization", authorization)
		}
		if encoding != "" {
			req.Header.Set("Content-Encoding", encoding)
		}
		if told {
			req.ContentLength = int64(length)
		}
		resp, err := http.DefaultTransport.RoundTrip(req)
		require.NoError(t, err, "%s of %d bytes", path, length)
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	for _, c := range []struct {
		name, path string
		signedIn   bool
		limit      int
	}{
		{"signed out", "/graphql", false, 1 << 20},
		{"signed in", "/graphql", true, 4 << 20},
		{"the data path", "/v1/chat/completions", true, 32 << 20},
	} {
		p := programtest.Serve(t) // for its memory
		bearer := ""
		if c.signedIn {
			bearer = "Bearer " + p.Person("tom").APIToken()
		}
		before, _ := p.Memory()
		p.ForgetPeak()
		for _, told := range []bool{false, true} {
			require.Equal(t, http.StatusRequestEntityTooLarge, post(p, c.path, bearer, "", 50<<20, told), c.name)
			_, peak := p.Memory()
			require.Less(t, peak-before, int64(c.limit+8<<20), "%s, its length told: %v", c.name, told)
		}
		for _, told := range []bool{false, true} {
			require.Equal(t, http.StatusRequestEntityTooLarge, post(p, c.path, bearer, "", c.limit+1, told), c.name)
			require.Equal(t, http.StatusBadRequest, post(p, c.path, bearer, "", c.limit, told), c.name)
		}
		for _, encoding := range []string{"gzip", "deflate", "br", "zstd", "gzip, identity"} {
			require.Equal(t, http.StatusUnsupportedMediaType, post(p, c.path, bearer, encoding, 100, true), "%s %s", c.name, encoding)
		}
	}
	require.Equal(t, http.StatusUnauthorized, post(pool.For(t), "/v1/chat/completions", "", "", 100, true))
}
