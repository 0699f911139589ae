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

// Scope is a part of what an API token may do. What it is, is the policy's.
type Scope string

// The scopes of the API.
const (
	Completions Scope = "COMPLETIONS"
	Read        Scope = "READ"
	Resources   Scope = "RESOURCES"
	Admins      Scope = "ADMIN"
)

// Scopes are all of them.
var Scopes = []Scope{Completions, Read, Resources, Admins}

// Actor is who sends a request. A nil actor is signed out.
type Actor struct {
	ID           ids.ID
	Roles        []Role
	CustomRoles  []string // by name; what they allow is the policy's
	Withheld     bool     // they are an admin, and not as one here: that takes a second factor
	Frozen       bool
	Unverified   bool     // the operator asks for verified e-mails, and this one's is not
	SessionID    ids.ID   // signed in by a session's cookie
	Fresh        bool     // the session proved the password or a passkey lately
	TokenID      ids.ID   // or by an API token
	TokenModels  []string // the models that the token may ask; nil: all
	TokenLimited bool     // the token has a spend limit or a list of models
	TokenScopes  []Scope  // all that the token may do; nil: what tokens may
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

// LostTo reports whether the actor has a role that now is without.
func (a *Actor) LostTo(now *Actor) bool {
	return slices.ContainsFunc(a.Roles, func(r Role) bool { return !now.Has(r) }) ||
		slices.ContainsFunc(a.CustomRoles, func(r string) bool { return !slices.Contains(now.CustomRoles, r) })
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
