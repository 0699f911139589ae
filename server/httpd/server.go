package httpd

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/limit"
)

const (
	headerTimeout = 5 * time.Second
	bodyTimeout   = 30 * time.Second
	writeTimeout  = 10 * time.Second // of one piece of an answer, not of its making
	writePiece    = 64 << 10
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10
	bodySignedOut = 1 << 20
	bodySignedIn  = 4 << 20
)

// Authenticator finds out who a secret belongs to. (nil, nil) is nobody; a token that is not good is an UNAUTHENTICATED.
type Authenticator interface {
	ActorBySession(ctx context.Context, secret string) (*access.Actor, error)
	ActorByToken(ctx context.Context, bearer string) (*access.Actor, error)
}

// Request is what this edge knows of a request beside its actor.
type Request struct {
	IP           string
	Session      string // the secret of the session's cookie, "" where there is none
	SetSession   func(secret string, expiresAt time.Time)
	ClearSession func()
}

// Config is what a Server is made of.
type Config struct {
	PublicURL      *url.URL // scheme and host that people use
	Origins        []string // further origins of browsers, "https://host"
	TrustedProxies []netip.Prefix
	Auth           Authenticator
	GraphQL        http.Handler
	// WithRequest puts a request into the context for GraphQL.
	WithRequest func(context.Context, Request) context.Context
	Downloads   []Download
	SSO         SingleSignOn                // nil: there is none
	API         http.Handler                // of everything under /v1/; nil: nothing
	Requests    *limit.Requests             // bounds downloads, and tokens that are not good; nil: nothing
	Frontend    fs.FS                       // nil where it is not built
	NotBuilt    string                      // the page to show then
	Ready       func(context.Context) error // why the server can't take requests now
	Log         *slog.Logger
	IDs         *ids.Source
}

// Server serves HTTP.
type Server struct {
	Config
	origins origins
	cookie  cookie
	browser cookie
	router  http.Handler
	active  sync.WaitGroup // requests and sockets
	closing chan struct{}
}

// New returns a server. Its handler is ready; Serve listens.
func New(c Config) (*Server, error) {
	if c.PublicURL == nil || c.PublicURL.Host == "" {
		return nil, errors.New("httpd: the public address is missing")
	}
	s := &Server{Config: c, origins: newOrigins(c.PublicURL, c.Origins), cookie: newCookie(c.PublicURL), browser: newBrowserCookie(c.PublicURL), closing: make(chan struct{})}
	router, err := s.routes()
	if err != nil {
		return nil, err
	}
	s.router = router
	return s, nil
}

// AllowedOrigin reports whether a page of the request's Origin may call this server.
func (s *Server) AllowedOrigin(r *http.Request) bool { return s.origins.allowed(r) }

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.active.Add(1)
	defer s.active.Done()
	s.router.ServeHTTP(w, r)
}

// Serve answers on the listener until ctx ends, then takes no new requests and waits for the open ones, sockets too, for
// at most grace.
func (s *Server) Serve(ctx context.Context, l net.Listener, grace time.Duration) error {
	srv := &http.Server{
		Handler: s, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
		// Requests outlive ctx: the open ones may finish.
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	close(s.closing)
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := srv.Shutdown(deadline)
	if why := <-ended; err == nil && !errors.Is(why, http.ErrServerClosed) {
		err = why
	}
	if err != nil {
		_ = srv.Close()
		return err
	}
	return s.wait(deadline)
}

// wait waits for sockets, which http.Server knows nothing of.
func (s *Server) wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() { s.active.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
