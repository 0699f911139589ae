package httpd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
)

type people struct{ err error }

func (p people) ActorBySession(_ context.Context, secret string) (*access.Actor, error) {
	if secret == "good" {
		return &access.Actor{ID: "usr_tom", SessionID: "ses_tom"}, p.err
	}
	return nil, p.err
}

func (p people) ActorByToken(_ context.Context, secret string) (*access.Actor, error) {
	if secret == "rp_good" {
		return &access.Actor{ID: "usr_tom", TokenID: "tok_tom"}, p.err
	}
	return nil, fault.New(fault.Unauthenticated, "this API token is not valid")
}

type requestKey struct{}

// seen is what GraphQL was given.
type seen struct {
	Actor ids.ID
	IP    string
	Body  int
	Err   string
}

// echo stands where GraphQL does.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	request, _ := r.Context().Value(requestKey{}).(Request)
	out := seen{IP: request.IP, Body: len(body)}
	if a := access.From(r.Context()); a != nil {
		out.Actor = a.ID
	}
	if err != nil {
		out.Err = err.Error()
	}
	switch r.URL.Query().Get("do") {
	case "signIn":
		request.SetSession("fresh", time.Now().Add(time.Hour))
	case "signOut":
		request.ClearSession()
	case "panic":
		panic("sk-CANARY")
	}
	_ = json.NewEncoder(w).Encode(out)
}

func config(public string) Config {
	u, _ := url.Parse(public)
	return Config{
		PublicURL: u, Origins: []string{"https://app.example.com"}, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		Auth: people{}, GraphQL: http.HandlerFunc(echo), Log: slog.New(slog.DiscardHandler), IDs: ids.System(),
		WithRequest: func(ctx context.Context, r Request) context.Context { return context.WithValue(ctx, requestKey{}, r) },
		Ready:       func(context.Context) error { return nil },
	}
}

func server(t *testing.T, c Config) *Server {
	t.Helper()
	s, err := New(c)
	require.NoError(t, err)
	return s
}

const public = "https://pool.example.org"

// call sends a request as a client at the public address does.
func call(t *testing.T, s http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, public+target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		switch headers[i] {
		case "Host":
			r.Host = headers[i+1]
		case "From":
			r.RemoteAddr = headers[i+1]
		default:
			r.Header.Add(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func what(t *testing.T, w *httptest.ResponseRecorder) seen {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	var out seen
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &out))
	return out
}

func TestWhoSentIt(t *testing.T) {
	s := server(t, config(public))
	assert.Empty(t, what(t, call(t, s, "POST", "/graphql", "{}")).Actor)
	assert.Equal(t, ids.ID("usr_tom"), what(t, call(t, s, "POST", "/graphql", "{}", "Cookie", "__Host-pool_session=good")).Actor)
	assert.Equal(t, ids.ID("usr_tom"), what(t, call(t, s, "POST", "/graphql", "{}", "Authorization", "bearer rp_good")).Actor)
	assert.Empty(t, what(t, call(t, s, "POST", "/graphql", "{}", "Cookie", "__Host-pool_session=old")).Actor, "a session that ended is nobody's")
	assert.Empty(t, what(t, call(t, s, "POST", "/graphql", "{}", "Cookie", "pool_session=good")).Actor, "another site's cookie for this name")
	assert.Empty(t, what(t, call(t, s, "POST", "/graphql", "{}", "Authorization", "Basic x")).Actor)

	bad := call(t, s, "POST", "/graphql", "{}", "Authorization", "Bearer rp_bad", "Cookie", "__Host-pool_session=good")
	assert.Equal(t, http.StatusUnauthorized, bad.Code)
	assert.Contains(t, bad.Body.String(), "UNAUTHENTICATED")

	c := config(public)
	c.Auth = people{err: errors.New("pq: down")}
	down := call(t, server(t, c), "POST", "/graphql", "{}", "Cookie", "__Host-pool_session=good")
	assert.Equal(t, http.StatusInternalServerError, down.Code)
	assert.NotContains(t, down.Body.String(), "pq")
}

func TestCookie(t *testing.T) {
	for address, want := range map[string]string{
		public:                  "__Host-pool_session=fresh; Path=/; Expires=*; HttpOnly; Secure; SameSite=Lax",
		"http://127.0.0.1:8080": "pool_session=fresh; Path=/; Expires=*; HttpOnly; SameSite=Lax",
	} {
		s := server(t, config(address))
		host := strings.SplitN(address, "//", 2)[1]
		got := call(t, s, "POST", "/graphql?do=signIn", "{}", "Host", host).Header().Get("Set-Cookie")
		before, after, _ := strings.Cut(got, "Expires=")
		_, after, _ = strings.Cut(after, ";")
		assert.Equal(t, want, before+"Expires=*;"+after)
		assert.Contains(t, call(t, s, "POST", "/graphql?do=signOut", "{}", "Host", host).Header().Get("Set-Cookie"), "Max-Age=0")
	}
}

func TestOtherHostsAreRefused(t *testing.T) {
	s := server(t, config(public))
	for _, path := range []string{"/graphql", "/", "/graphiql"} {
		method := "GET"
		if path == "/graphql" {
			method = "POST"
		}
		assert.Equal(t, http.StatusMisdirectedRequest, call(t, s, method, path, "{}", "Host", "evil.example.com").Code, path)
	}
	assert.Equal(t, http.StatusOK, call(t, s, "GET", "/healthz", "", "Host", "10.1.2.3:8080").Code, "probes come by address")
	assert.Equal(t, http.StatusOK, call(t, s, "POST", "/graphql", "{}", "Host", "pool.example.org:443").Code)

	local := server(t, config("http://127.0.0.1:8080"))
	for host, want := range map[string]int{"127.0.0.1:8080": 200, "localhost:8080": 200, "[::1]:8080": 200, "localhost:9090": 421, "evil.example.com:8080": 421} {
		assert.Equal(t, want, call(t, local, "POST", "/graphql", "{}", "Host", host).Code, host)
	}
}

func TestOtherOrigins(t *testing.T) {
	s := server(t, config(public))
	for name, c := range map[string]struct {
		headers []string
		want    int
		allow   string
	}{
		"OK own":            {[]string{"Origin", public, "Sec-Fetch-Site", "same-origin"}, 200, ""},
		"OK no browser":     {nil, 200, ""},
		"OK allowed":        {[]string{"Origin", "https://app.example.com", "Sec-Fetch-Site", "cross-site"}, 200, "https://app.example.com"},
		"ErrEvil":           {[]string{"Origin", "https://evil.example.com", "Sec-Fetch-Site", "cross-site"}, 403, ""},
		"ErrEvilOldBrowser": {[]string{"Origin", "https://evil.example.com"}, 403, ""},
		"ErrNull":           {[]string{"Origin", "null"}, 403, ""},
		"ErrCrossSite":      {[]string{"Sec-Fetch-Site", "cross-site"}, 403, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := call(t, s, "POST", "/graphql", "{}", c.headers...)
			assert.Equal(t, c.want, got.Code)
			assert.Equal(t, c.allow, got.Header().Get("Access-Control-Allow-Origin"))
		})
	}
	preflight := call(t, s, "OPTIONS", "/graphql", "", "Origin", "https://app.example.com", "Access-Control-Request-Method", "POST")
	assert.Equal(t, http.StatusNoContent, preflight.Code)
	assert.Contains(t, preflight.Header().Get("Access-Control-Allow-Headers"), "Authorization")
	assert.Empty(t, call(t, s, "OPTIONS", "/graphql", "", "Origin", "https://evil.example.com", "Access-Control-Request-Method", "POST").Header().Get("Access-Control-Allow-Origin"))
}

func TestBodiesAreBounded(t *testing.T) {
	s := server(t, config(public))
	medium, large := strings.Repeat("x", bodySignedOut+1), strings.Repeat("x", bodySignedIn+1)
	assert.Equal(t, http.StatusRequestEntityTooLarge, call(t, s, "POST", "/graphql", medium).Code)
	assert.Equal(t, len(medium), what(t, call(t, s, "POST", "/graphql", medium, "Authorization", "Bearer rp_good")).Body)
	assert.Equal(t, http.StatusRequestEntityTooLarge, call(t, s, "POST", "/graphql", large, "Authorization", "Bearer rp_good").Code)
	assert.Equal(t, http.StatusUnsupportedMediaType, call(t, s, "POST", "/graphql", "{}", "Content-Encoding", "gzip").Code)

	r := httptest.NewRequestWithContext(t.Context(), "POST", public+"/graphql", io.MultiReader(strings.NewReader(medium))) // of unknown length
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	got := what(t, w)
	assert.Equal(t, bodySignedOut, got.Body)
	assert.Contains(t, got.Err, "too large")
}

func TestClientIP(t *testing.T) {
	s := server(t, config(public))
	for name, c := range map[string]struct{ from, forwarded, want string }{
		"a stranger's header does not count": {"203.0.113.9:1", "198.51.100.1", "203.0.113.9"},
		"a proxy's does":                     {"10.0.0.1:1", "198.51.100.1", "198.51.100.1"},
		"the last that no proxy of ours is":  {"10.0.0.1:1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"},
		"nonsense stops it":                  {"10.0.0.1:1", "198.51.100.1, nonsense", "10.0.0.1"},
		"all are proxies":                    {"10.0.0.1:1", "10.0.0.3", "10.0.0.3"},
		"an IPv4 in an IPv6":                 {"[::ffff:10.0.0.1]:1", "198.51.100.1", "198.51.100.1"},
	} {
		assert.Equal(t, c.want, what(t, call(t, s, "POST", "/graphql", "{}", "From", c.from, "X-Forwarded-For", c.forwarded)).IP, name)
	}
}

func TestHeadersAndPanics(t *testing.T) {
	var logged bytes.Buffer
	c := config(public)
	c.Log = slog.New(slog.NewTextHandler(&logged, nil))
	s := server(t, c)
	got := call(t, s, "POST", "/graphql?do=panic", "{}")
	assert.Equal(t, http.StatusInternalServerError, got.Code)
	assert.NotContains(t, got.Body.String(), "CANARY")
	ref := got.Header().Get("X-Request-Id")
	assert.Contains(t, got.Body.String(), ref)
	assert.Contains(t, logged.String(), ref)
	for header, want := range map[string]string{
		"Content-Security-Policy": "script-src 'self';", "X-Content-Type-Options": "nosniff", "Strict-Transport-Security": "max-age",
		"X-Frame-Options": "DENY", "Cache-Control": "no-store",
	} {
		assert.Contains(t, got.Header().Get(header), want, header)
	}
	assert.Contains(t, got.Header().Get("Content-Security-Policy"), "connect-src 'self' wss://pool.example.org;")
	assert.Empty(t, call(t, server(t, config("http://127.0.0.1:8080")), "GET", "/healthz", "").Header().Get("Strict-Transport-Security"))
}

func TestPages(t *testing.T) {
	c := config(public)
	c.NotBuilt = "<h1>not built</h1>"
	s := server(t, c)
	for _, path := range []string{"/", "/graphiql"} {
		got := call(t, s, "GET", path, "")
		assert.Equal(t, http.StatusOK, got.Code)
		assert.Contains(t, got.Body.String(), "not built")
		assert.Equal(t, "text/html; charset=utf-8", got.Header().Get("Content-Type"))
	}

	c.Frontend = fstest.MapFS{
		"index.html": {Data: []byte("<p>home")}, "graphiql/index.html": {Data: []byte("<p>graphiql")},
		"assets/a-1.js": {Data: []byte("1")}, "favicon.svg": {Data: []byte("<svg/>")}, ".gitkeep": {},
	}
	s = server(t, c)
	assert.Equal(t, "<p>home", call(t, s, "GET", "/", "").Body.String())
	assert.Equal(t, "<p>graphiql", call(t, s, "GET", "/graphiql", "").Body.String())
	assert.Contains(t, call(t, s, "GET", "/assets/a-1.js", "").Header().Get("Cache-Control"), "immutable")
	assert.Equal(t, "no-cache", call(t, s, "GET", "/favicon.svg", "").Header().Get("Cache-Control"))
	for _, path := range []string{"/assets/", "/assets/none.js", "/.gitkeep", "/debug/pprof/", "/metrics", "/playground", "/index.html", "/v1/models"} {
		assert.Equal(t, http.StatusNotFound, call(t, s, "GET", path, "").Code, path)
	}
	assert.Equal(t, http.StatusMethodNotAllowed, call(t, s, "POST", "/", "").Code)

	// A browser that asks for a page gets the app, which knows its own addresses.
	const page = "text/html,application/xhtml+xml,*/*;q=0.8"
	for _, path := range []string{"/home", "/admin/ledger", "/keys/res_1?tab=usage", "/playground"} {
		got := call(t, s, "GET", path, "", "Accept", page)
		assert.Equal(t, http.StatusOK, got.Code, path)
		assert.Equal(t, "<p>home", got.Body.String(), path)
		assert.Equal(t, "no-cache", got.Header().Get("Cache-Control"), path)
	}
	for _, path := range []string{"/assets/none.js", "/assets/none", "/.git/config", "/debug/pprof/", "/metrics", "/index.html", "/v1/models"} {
		assert.Equal(t, http.StatusNotFound, call(t, s, "GET", path, "", "Accept", page).Code, path)
	}
}

func TestReady(t *testing.T) {
	c := config(public)
	c.Ready = func(context.Context) error { return errors.New("the database is away at 10.0.0.7") }
	got := call(t, server(t, c), "GET", "/readyz", "")
	assert.Equal(t, http.StatusServiceUnavailable, got.Code)
	assert.NotContains(t, got.Body.String(), "10.0.0.7")
}

// Serve lets open requests finish, refuses new ones, and returns when the last has.
func TestServeDrains(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c := config("http://" + l.Addr().String())
	c.GraphQL = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-leave
		assert.NoError(t, r.Context().Err())
		echo(w, r)
	})
	s := server(t, c)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l, 5*time.Second) }()
	answered := make(chan int, 1)
	go func() {
		res, err := http.Post(c.PublicURL.String()+"/graphql", "application/json", strings.NewReader("{}"))
		if assert.NoError(t, err) {
			_ = res.Body.Close()
			answered <- res.StatusCode
		}
	}()
	<-entered
	stop()
	assert.Eventually(t, func() bool {
		res, err := http.Get(c.PublicURL.String() + "/healthz")
		if err == nil {
			_ = res.Body.Close()
		}
		return err != nil
	}, 2*time.Second, 10*time.Millisecond)
	close(leave)
	assert.Equal(t, http.StatusOK, <-answered)
	assert.NoError(t, <-served)
}

func TestSlowHeadersAreCut(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as the limit")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := server(t, config("http://"+l.Addr().String()))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() { _ = s.Serve(ctx, l, time.Second) }()
	conn, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, _ = conn.Write([]byte("GET /healthz HTTP/1.1\r\nX: "))
	_ = conn.SetReadDeadline(time.Now().Add(headerTimeout + 3*time.Second))
	_, err = io.ReadAll(conn)
	assert.NoError(t, err, "the server closes the connection")
}

// A socket comes through with what its handshake said, and without a look at who it is: it says so itself.
func TestSocketsComeThrough(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c := config("http://" + l.Addr().String())
	c.Auth = people{err: errors.New("not asked")}
	c.GraphQL = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if assert.NoError(t, err) {
			request, _ := r.Context().Value(requestKey{}).(Request)
			assert.NoError(t, conn.WriteJSON(map[string]any{"session": request.Session, "ip": request.IP, "cookies": request.SetSession != nil}))
			_ = conn.Close()
		}
	})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() { _ = server(t, c).Serve(ctx, l, time.Second) }()
	conn, res, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+l.Addr().String()+"/graphql", http.Header{"Cookie": {"pool_session=good"}})
	require.NoError(t, err)
	defer func() { _ = res.Body.Close(); _ = conn.Close() }()
	var got map[string]any
	require.NoError(t, conn.ReadJSON(&got))
	assert.Equal(t, map[string]any{"session": "good", "ip": "127.0.0.1", "cookies": false}, got)
}
