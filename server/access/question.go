package access

import (
	"slices"

	"github.com/resourcepool/resourcepool/server/ids"
)

// question is all that the matcher reads of a request, save for the role: that is one of several, or of the custom ones.
// There are as many questions as rules times the few values of the other fields.
type question struct {
	object, action string
	whose          whose
	roles          set // of roles
	custom         string
	status         string
	means          set // of means: each will do
}

// set has a bit for each value of a list.
type set uint16

func (s set) has(i int) bool { return s&(1<<i) != 0 }

type whose string

const (
	own      whose = "own"
	platform whose = "platform"
	other    whose = "other"
)

var (
	meansAny     = oneOf(means, "any")
	meansLimited = oneOf(means, "limited")
	meansToken   = oneOf(means, "token")
	meansSession = oneOf(means, "session")
	meansFresh   = oneOf(means, "fresh")
)

func oneOf[T comparable](list []T, v T) set {
	if i := slices.Index(list, v); i >= 0 {
		return 1 << i
	}
	return 0
}

func ask(a *Actor, action, object string, owner ids.ID) question {
	q := question{object: object, action: action, whose: other, roles: oneOf(roles, anyone), status: a.status(), means: a.means()}
	if a != nil {
		q.roles |= oneOf(roles, User)
		for _, r := range a.Roles {
			q.roles |= oneOf(roles, r)
		}
	}
	switch {
	case owner == "":
		q.whose = platform
	case a != nil && a.ID == owner:
		q.whose = own
	}
	return q
}

func (a *Actor) status() string {
	switch {
	case a == nil || !a.Frozen && !a.Unverified:
		return "active"
	case !a.Unverified:
		return "frozen"
	case !a.Frozen:
		return "unverified"
	}
	return "both"
}

func (a *Actor) means() set {
	switch {
	case a == nil:
		return meansAny
	case a.TokenScopes != nil:
		out := meansAny
		for _, s := range a.TokenScopes {
			if slices.Contains(Scopes, s) {
				out |= oneOf(means, string(s))
			}
		}
		return out
	case a.TokenLimited:
		return meansLimited
	case a.TokenID != "":
		return meansToken
	case a.Fresh:
		return meansFresh
	}
	return meansSession
}
