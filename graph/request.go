package graph

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/resourcepool/resourcepool/server/access"
)

// Request is what an edge knows of a request beside its actor. On a WebSocket SetSession and ClearSession are nil: only
// an answer over HTTP can carry a cookie.
type Request struct {
	IP           string
	Session      string // the secret of the session's cookie, "" where none counts
	SetSession   func(secret string, expiresAt time.Time)
	ClearSession func()

	signedIn atomic.Pointer[access.Actor]
	ended    atomic.Pointer[error]

	mu      sync.Mutex
	allowed []string // the root fields that the policy has allowed
}

// allow notes a root field that the policy has allowed: what runs goes on for as long as it does.
func (r *Request) allow(object string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.allowed = append(r.allowed, object)
}

// standsOn reports whether all that was allowed still is.
func (r *Request) standsOn(still func(object string) bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, object := range r.allowed {
		if !still(object) {
			return false
		}
	}
	return true
}

// end notes why a subscription ends; the socket tells the client.
func (r *Request) end(err error) {
	if err != nil {
		r.ended.Store(&err)
	}
}

type requestKey struct{}

// WithRequest returns a context that carries the request.
func WithRequest(ctx context.Context, r *Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

func requestFrom(ctx context.Context) *Request {
	if r, ok := ctx.Value(requestKey{}).(*Request); ok {
		return r
	}
	return &Request{}
}

// actor is who the rest of the request acts as: whoever it came from, or who signed in with it.
func actor(ctx context.Context) *access.Actor {
	if a := requestFrom(ctx).signedIn.Load(); a != nil {
		return a
	}
	return access.From(ctx)
}
