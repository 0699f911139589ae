package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/money"
)

// Options configure a Server. The tags are those of the command line.
type Options struct {
	Listen    string        `help:"Address to listen on." default:"127.0.0.1:8090"`
	Latency   time.Duration `help:"Time to the first byte of every answer." default:"0s"`
	PerToken  time.Duration `help:"Time for every token of an answer." default:"0s"`
	Token     string        `help:"Bearer token for /sandbox/; unset: loopback only." env:"SANDBOX_TOKEN"`
	Keys      string        `help:"Keys to begin with and their quota in USD: key=1000,key2=5." placeholder:"KEY=USD,…"`
	Length    int           `help:"Tokens of every answer; 0: as in real chats." default:"0"`
	Recording int           `help:"How many of the last calls to keep for reading." default:"0"`
	Cache     bool          `help:"Give the discount for prompts that begin like one of the account's in the last 5 minutes."`

	Clock clock.Clock  `kong:"-"` // nil: clock.System
	Log   *slog.Logger `kong:"-"` // nil: no log
}

// Server is the sandbox provider. It is safe for concurrent use.
type Server struct {
	opts  Options
	clock clock.Clock
	log   *slog.Logger
	mux   *http.ServeMux

	mu       sync.Mutex
	keys     map[string]*key
	accounts map[string]*account
	prices   map[string]Price
	scripts  map[string][]Fault // by key; "" for whichever key calls
	latency  Latency
	length   int
	calls    []Call
	total    Counts
}

// roots are where OpenAI's dialect begins at the providers' addresses, without the host.
var roots = []string{"", "/v1", "/openai/v1", "/api/v1", "/inference/v1", "/api/paas/v4", "/compatible-mode/v1"}

// New returns a sandbox with the keys of o.
func New(o Options) (*Server, error) {
	s := &Server{opts: o, clock: o.Clock, log: o.Log}
	if s.clock == nil {
		s.clock = clock.System
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.Reset(); err != nil {
		return nil, err
	}
	s.mux = http.NewServeMux()
	chat, completions, responses := s.endpoint("chat", openAI{}, s.serveChat), s.endpoint("completions", openAI{}, s.serveCompletions), s.endpoint("responses", openAI{}, s.serveResponses)
	embeddings, models, deepseek := s.endpoint("embeddings", openAI{}, s.serveEmbeddings), s.serveModels(), s.balance(deepseekBalance)
	for _, root := range roots {
		s.mux.HandleFunc("GET "+root+"/models", models)
		s.mux.HandleFunc("POST "+root+"/chat/completions", chat)
		s.mux.HandleFunc("POST "+root+"/completions", completions)
		s.mux.HandleFunc("POST "+root+"/responses", responses)
		s.mux.HandleFunc("POST "+root+"/embeddings", embeddings)
		s.mux.HandleFunc("GET "+root+"/user/balance", deepseek)
	}
	s.mux.HandleFunc("GET /api/v1/key", s.balance(openrouterKey))
	s.mux.HandleFunc("GET /api/v1/credits", s.balance(openrouterCredits))
	s.mux.HandleFunc("GET /v1/user/info", s.balance(siliconflowInfo))
	s.mux.HandleFunc("GET /v1/users/me/balance", s.balance(moonshotBalance))
	s.mux.HandleFunc("POST /v1/messages", s.versioned("messages", s.serveMessages))
	s.mux.HandleFunc("POST /v1/messages/count_tokens", s.versioned("count_tokens", s.countTokens))
	s.mux.HandleFunc("GET /v1beta/models", s.keyInHeader("models", s.listGemini))
	s.mux.HandleFunc("POST /v1beta/models/{call...}", s.keyInHeader("gemini", s.serveGemini))
	s.control()
	s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, openAI{}, trouble{code: "unknown_url", status: http.StatusNotFound, message: "Unknown request URL"})
	})
	return s, nil
}

// Reset forgets everything and begins again with the keys of the options.
func (s *Server) Reset() error {
	s.mu.Lock()
	s.keys, s.accounts, s.scripts = map[string]*key{}, map[string]*account{}, map[string][]Fault{}
	s.prices = map[string]Price{}
	for name, p := range usual {
		s.prices[name] = p
	}
	s.latency, s.length = Latency{FirstByte: s.opts.Latency, PerToken: s.opts.PerToken}, s.opts.Length
	s.calls, s.total = nil, Counts{}
	s.mu.Unlock()
	for pair := range strings.SplitSeq(s.opts.Keys, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, quota, _ := strings.Cut(pair, "=")
		usd, err := money.Parse[money.USD](quota)
		if err == nil {
			err = s.AddKey(KeySpec{Key: name, Quota: usd})
		}
		if err != nil {
			return fmt.Errorf("sandbox: keys are written key=1000,key2=5: %w", err)
		}
	}
	return nil
}

// Handler returns the sandbox as an HTTP handler.
func (s *Server) Handler() http.Handler { return s.mux }

// ListenAndServe serves at addr until ctx ends, then lets open calls finish for a moment.
func (s *Server) ListenAndServe(ctx context.Context, addr string) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	return s.Serve(ctx, l)
}

// Serve serves at l until ctx ends. It closes l.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{Handler: s.mux, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	s.log.Info("sandbox: serving", "address", l.Addr().String())
	select {
	case err := <-done:
		return fmt.Errorf("sandbox: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if srv.Shutdown(grace) != nil {
		_ = srv.Close()
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("sandbox: %w", err)
	}
	return nil
}
