package v1

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/gateway"
	"github.com/resourcepool/resourcepool/server/limit"
	"github.com/resourcepool/resourcepool/server/origin"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/provider"
)

const (
	// MaxBody is how large a request may be, images included.
	MaxBody     = 32 << 20
	bodyTimeout = 2 * time.Minute
)

// prices is the price list.
type prices interface {
	Models(ctx context.Context) ([]pool.Model, error)
	Aliases(ctx context.Context) ([]pool.Alias, error)
	Near(name string) []string
}

// Config is what the edge is made of. None may be missing but Requests.
type Config struct {
	Gateway *gateway.Gateway
	Prices  prices
	// Authenticate finds out whose API token this is; one that is not good is an UNAUTHENTICATED.
	Authenticate func(ctx context.Context, token string) (*access.Actor, error)
	// Refresh returns the actor as it is now: nil where its token has ended.
	Refresh  func(ctx context.Context, a *access.Actor) (*access.Actor, error)
	Requests *limit.Requests // of one person, one token, one address; nil: any number
	Stopping <-chan struct{} // closed when the server is being stopped
	Clock    clock.Clock
	Log      *slog.Logger
}

type server struct {
	Config
	heartbeat time.Duration
	over      context.Context // ends the streams that still run when the server stops
}

// New returns the handler of everything under /v1/.
func New(c Config) http.Handler {
	s := &server{Config: c, heartbeat: heartbeat, over: stopped(c.Stopping)}
	mux := http.NewServeMux()
	for path, kind := range map[string]provider.Kind{
		"/v1/chat/completions": provider.KindChat, "/v1/completions": provider.KindCompletions, "/v1/embeddings": provider.KindEmbeddings,
		"/v1/messages": provider.KindMessages, "/v1/responses": provider.KindResponses,
	} {
		mux.Handle("POST "+path, s.signedIn(func(w http.ResponseWriter, r *http.Request, a *access.Actor) { s.relay(w, r, a, kind) }))
	}
	mux.Handle("POST /v1/messages/count_tokens", s.signedIn(s.countTokens))
	mux.Handle("GET /v1/models", s.signedIn(s.models))
	mux.Handle("GET /v1/models/{model...}", s.signedIn(s.model))
	mux.HandleFunc("/", s.unknown)
	return mux
}

// unknown answers what is not there, and says why of what other programs look for.
func (s *server) unknown(w http.ResponseWriter, r *http.Request) {
	message := "there is no " + r.Method + " " + r.URL.Path + " here"
	for _, name := range []string{"files", "batches", "assistants", "threads", "vector_stores", "fine_tuning", "uploads", "responses/", "conversations", "containers", "evals", "messages/batches"} {
		if strings.HasPrefix(strings.TrimPrefix(r.URL.Path, "/v1/"), name) {
			message += ": it would live in one provider account, and the pool keeps no state at a provider"
		}
	}
	s.fail(w, r, fault.New(fault.NotFound, "%s", message))
}

// signedIn lets through who has a token, and not too often.
func (s *server) signedIn(next func(http.ResponseWriter, *http.Request, *access.Actor)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		actor, err := s.actor(r)
		caller := limit.Caller{Address: origin.From(r.Context()).IP}
		if err == nil {
			caller.Account, caller.Token = string(actor.ID), string(actor.TokenID)
		}
		if slow := s.Requests.Take(caller); slow != nil && fault.CodeOf(err) != fault.Internal {
			err = slow
		}
		s.limits(w, caller)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		next(w, r.WithContext(access.With(r.Context(), actor)), actor)
	})
}

var errNoToken = fault.New(fault.Unauthenticated, "send an API token of the pool: Authorization: Bearer rp_…, or x-api-key")

func (s *server) actor(r *http.Request) (*access.Actor, error) {
	token := r.Header.Get("X-Api-Key")
	if scheme, bearer, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		token = bearer
	}
	if token = strings.TrimSpace(token); token == "" {
		return nil, errNoToken
	}
	actor, err := s.Authenticate(r.Context(), token)
	if err == nil && actor == nil {
		err = errNoToken
	}
	return actor, err
}

// body reads a request. It is bounded in size and time, and not unpacked: a small one may be a large one.
func (s *server) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return nil, errEncoded
	}
	if r.ContentLength > MaxBody {
		w.Header().Set("Connection", "close")
		return nil, errTooLarge
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(clock.System.Now().Add(bodyTimeout)) // what connections go by
	defer func() { _ = control.SetReadDeadline(time.Time{}) }()
	b, err := whole(http.MaxBytesReader(w, r.Body, MaxBody), r.ContentLength)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, errTooLarge
	case err != nil:
		return nil, errBrokenBody.Because(err)
	}
	return b, nil
}

// whole reads to the end. What comes without its length, -1, is kept in blocks and put together last, so that one that
// turns out too large has cost no more than it may be.
func whole(r io.Reader, length int64) ([]byte, error) {
	if length >= 0 {
		b := make([]byte, length)
		_, err := io.ReadFull(r, b)
		return b, err
	}
	const blockSize = 256 << 10
	var blocks [][]byte
	for {
		block := make([]byte, 0, blockSize)
		for len(block) < blockSize {
			n, err := r.Read(block[len(block):blockSize])
			block = block[:len(block)+n]
			if errors.Is(err, io.EOF) {
				return slices.Concat(append(blocks, block)...), nil
			}
			if err != nil {
				return nil, err
			}
		}
		blocks = append(blocks, block)
	}
}

// relay takes a request through the gateway.
func (s *server) relay(w http.ResponseWriter, r *http.Request, actor *access.Actor, kind provider.Kind) {
	accepted, err := s.accept(w, r, actor, gateway.Call{Kind: kind})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if accepted.Streamed {
		s.stream(w, r, actor, accepted, kind)
		return
	}
	result, err := accepted.Do(r.Context(), nil)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	s.costs(h, result)
	_, _ = w.Write(result.Completion.Body)
}

// accept reads a request into the call and has it accepted.
func (s *server) accept(w http.ResponseWriter, r *http.Request, actor *access.Actor, c gateway.Call) (_ *gateway.Relay, err error) {
	if c.Body, err = s.body(w, r); err != nil {
		return nil, err
	}
	c.Beta, c.Version = strings.Join(r.Header.Values("Anthropic-Beta"), ","), r.Header.Get("Anthropic-Version")
	if key := r.Header.Get("Idempotency-Key"); key != "" {
		c.IdempotencyKey = &key
	}
	return s.Gateway.Accept(actor, c)
}
