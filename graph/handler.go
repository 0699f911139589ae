// Package graph is the GraphQL edge: it parses, authorizes, calls a domain and shapes the answer.
//
// The contract is graph/*.graphqls; resolvers (*.resolvers.go) are a few lines each, without SQL and without rules of the
// product. What holds for every request is here once: the policy before every root field (authorize.go), the limits of a
// document (limits.go), the only way from an error to an answer (errors.go), and the two transports (post.go,
// websocket.go), which are ours: gqlgen's handler package and what it brings is not used. A field that only some may see is null for anyone else.
//
// Services are declared as small interfaces in services.go, by what the resolvers need. Imports: everything below it.
package graph

import (
	"log/slog"
	"net/http"

	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/gorilla/websocket"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/resourcepool/resourcepool/graph/generated"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/limit"
)

// Config is what the handler is made of.
type Config struct {
	Resolver *Resolver
	Auth     Authenticator
	Log      *slog.Logger
	Clock    clock.Clock
	IDs      *ids.Source
	// AllowedOrigin reports whether a browser's page may open a WebSocket here. Requests without an Origin are no browser's.
	AllowedOrigin func(*http.Request) bool
	// Requests bounds how many root fields a person, a token, or an address that is signed out, may ask for, and what their
	// documents may cost; nil is no bound.
	Requests *limit.Requests
	// Stopping is closed when the server stops: sockets end, after the completions that run on them, and clients come back
	// to another server.
	Stopping <-chan struct{}
}

// Handler serves /graphql: POST and the WebSocket.
type Handler struct {
	exec     *executor.Executor
	sockets  *sockets
	requests *limit.Requests
}

// New returns a handler. It refuses to start where the policy has no rule for a root field.
func New(c Config) (*Handler, error) {
	schema := generated.NewExecutableSchema(generated.Config{Resolvers: c.Resolver})
	guard := authorize{policy: c.Resolver.Policy, requests: c.Requests}
	if err := guard.Validate(schema); err != nil {
		return nil, err
	}
	exec := executor.New(schema)
	exec.SetErrorPresenter(presenter{log: c.Log, ids: c.IDs}.present)
	exec.SetRecoverFunc(recovered)
	exec.SetParserTokenLimit(tokenLimit)
	exec.SetDisableSuggestion(true)
	exec.SetDefaultRulesFn(validation)
	exec.SetQueryCache(&documents{kept: map[string]*ast.QueryDocument{}})
	exec.Use(limits{requests: c.Requests})
	exec.Use(guard)
	exec.AroundResponses(c.Resolver.withLoaders)

	return &Handler{exec: exec, sockets: newSockets(c), requests: c.Requests}, nil
}

// Recheck has the open sockets of a person, or with "" of everybody, go by what they may now. It never blocks.
func (h *Handler) Recheck(person ids.ID) { h.sockets.recheck(person) }

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if websocket.IsWebSocketUpgrade(r) {
		h.sockets.serve(w, r, h.exec)
		return
	}
	post(standing{w, r.Context(), h.requests}, r, h.exec)
}
