package access

import (
	"context"
	"slices"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/origin"
)

// Role is what a person is. Everybody who is signed in is a User.
type Role string

// The roles of the contract.
const (
	User        Role = "USER"
	Contributor Role = "CONTRIBUTOR"
	Admin       Role = "ADMIN"
)

// Actor is who sends a request. A nil actor is signed out.
type Actor struct {
	ID           ids.ID
	Roles        []Role
	Frozen       bool
	SessionID    ids.ID   // signed in by a session's cookie
	TokenID      ids.ID   // or by an API token
	TokenModels  []string // the models that the token may ask; nil: all
	TokenLimited bool     // the token has a spend limit or a list of models
}

// SignedIn reports whether there is an actor.
func (a *Actor) SignedIn() bool { return a != nil }

// Has reports whether the actor has the role.
func (a *Actor) Has(r Role) bool {
	return a != nil && (r == User || slices.Contains(a.Roles, r))
}

// MayAsk reports whether the actor's token covers the model; a session covers all.
func (a *Actor) MayAsk(model string) bool {
	return a != nil && (a.TokenModels == nil || slices.Contains(a.TokenModels, model))
}

type contextKey struct{}

// With returns a context that carries the actor, and says in its origin who it is.
func With(ctx context.Context, a *Actor) context.Context {
	if a != nil {
		o := origin.From(ctx)
		o.Actor, o.Session, o.Token = a.ID, a.SessionID, a.TokenID
		ctx = origin.With(ctx, o)
	}
	return context.WithValue(ctx, contextKey{}, a)
}

// From returns the actor of the context, nil where it is signed out.
func From(ctx context.Context) *Actor {
	a, _ := ctx.Value(contextKey{}).(*Actor)
	return a
}
