package access

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
)

// anyone is the role of those who are signed out.
const anyone = "ANYONE"

var (
	errSignIn     = fault.New(fault.Unauthenticated, "sign in first")
	errWithheld   = fault.New(fault.SecondFactorRequired, "admins sign in with a second factor here: set one up, or sign in with it")
	errDenied     = fault.New(fault.Forbidden, "you are not allowed to do this")
	errFrozen     = fault.New(fault.Forbidden, "your account is frozen: you can sign in and read")
	errUnverified = fault.New(fault.EmailNotVerified, "verify your e-mail first")
	errStale      = fault.New(fault.ReauthenticationRequired, "prove again that it is you: call reauthenticate first")
	errToken      = fault.New(fault.Forbidden, "an API token can't do this")
	errLimited    = fault.New(fault.Forbidden, "an API token with a limit can't do this")
	errScopes     = fault.New(fault.Forbidden, "the scopes of this API token do not cover this")
)

var errTwice = errors.New("a rule may be there twice")

// Policy decides. It is safe for concurrent use.
type Policy struct {
	file    *file
	objects map[string]struct{}
	alone   *judge // without custom roles
	now     atomic.Pointer[judge]

	using  sync.Mutex
	custom []Rule // that now has beside the program's; guarded by using
}

// judge decides by rules that never change.
type judge struct {
	mu       sync.RWMutex
	enforcer *casbin.Enforcer // guarded by mu: asked once for each question
	known    map[question]bool
}

// New reads the policy of the program. Any error in it is an error of the program. No custom role has any right yet.
func New() (*Policy, error) { return parse(text) }

func parse(text string) (*Policy, error) {
	f, err := read(text)
	if err != nil {
		return nil, err
	}
	p := &Policy{file: f, objects: map[string]struct{}{}}
	for _, r := range f.rules {
		p.objects[r.Object] = struct{}{}
	}
	if p.alone, err = newJudge(f, nil); err != nil {
		return nil, err
	}
	p.now.Store(p.alone)
	return p, nil
}

func newJudge(f *file, more []Rule) (*judge, error) {
	m, err := model.NewModelFromString(f.model)
	if err != nil {
		return nil, fmt.Errorf("access: model: %w", err)
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		return nil, fmt.Errorf("access: model: %w", err)
	}
	for _, l := range f.links {
		if _, err := e.AddNamedGroupingPolicy(l[0], l[1], l[2]); err != nil {
			return nil, fmt.Errorf("access: policy: %q: %w", l, err)
		}
	}
	lines := make([][]string, 0, len(f.rules)+len(more))
	for _, r := range slices.Concat(f.rules, more) {
		lines = append(lines, []string{string(r.Role), r.Object, r.Action, r.Whose, r.Status, r.Means})
	}
	if added, err := e.AddPolicies(lines); err != nil || !added {
		return nil, fmt.Errorf("access: policy: rules are not taken: %w", errors.Join(err, errTwice))
	}
	return &judge{enforcer: e, known: map[question]bool{}}, nil
}

// Covers reports whether the policy has any rule for the object. What it has none for is denied to everybody.
func (p *Policy) Covers(object string) bool {
	_, ok := p.objects[object]
	return ok
}

// Can reports whether the actor may do the action on the object, which belongs to owner: a user, or "" for the platform
// and for what has no owner.
func (p *Policy) Can(a *Actor, action, object string, owner ids.ID) bool {
	return p.Covers(object) && p.now.Load().allows(a, ask(a, action, object, owner))
}

// Check is Can that says why not: UNAUTHENTICATED where signing in could help, EMAIL_NOT_VERIFIED,
// REAUTHENTICATION_REQUIRED and SECOND_FACTOR_REQUIRED where that alone is missing, else FORBIDDEN.
func (p *Policy) Check(a *Actor, action, object string, owner ids.ID) error {
	switch {
	case p.Can(a, action, object, owner):
		return nil
	case !p.Covers(object):
		return errDenied
	case !a.SignedIn():
		return errSignIn
	case a.Withheld && p.forAdmins(*a, action, object, owner):
		return errWithheld
	}
	j, q := p.now.Load(), ask(a, action, object, owner)
	best := q
	best.status, best.means = "active", meansFresh
	if !j.allows(a, best) {
		return errDenied
	}
	stale, frozen, unverified := best, best, best
	stale.means = q.means
	frozen.status, unverified.status = (&Actor{Frozen: a.Frozen}).status(), (&Actor{Unverified: a.Unverified}).status()
	token := best
	token.means = meansToken
	switch {
	case a.TokenID != "" && !j.allows(a, token):
		return errToken
	case a.TokenScopes != nil && !j.allows(a, stale):
		return errScopes
	case a.TokenLimited && !j.allows(a, stale):
		return errLimited
	case a.Frozen && !j.allows(a, frozen):
		return errFrozen
	case a.Unverified && !j.allows(a, unverified):
		return errUnverified
	case !a.Fresh && a.TokenID == "" && !j.allows(a, stale):
		return errStale
	}
	return errDenied
}

// forAdmins reports whether being an admin is what is missing.
func (p *Policy) forAdmins(a Actor, action, object string, owner ids.ID) bool {
	a.Roles, a.Withheld, a.Fresh = append(slices.Clip(a.Roles), Admin), false, true
	return p.Can(&a, action, object, owner)
}

// allows decides for all roles of the actor.
func (j *judge) allows(a *Actor, q question) bool {
	if j.decide(q) {
		return true
	}
	if a == nil {
		return false
	}
	q.roles = 0
	return slices.ContainsFunc(a.CustomRoles, func(name string) bool {
		q.custom = name
		return j.decide(q)
	})
}

func (j *judge) decide(q question) bool {
	j.mu.RLock()
	allowed, ok := j.known[q]
	j.mu.RUnlock()
	if ok {
		return allowed
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	allowed, err := j.enforce(q)
	if err != nil {
		return false // denied, and asked again the next time
	}
	j.known[q] = allowed
	return allowed
}

// enforce asks Casbin for each role and means: one that is allowed is enough.
func (j *judge) enforce(q question) (bool, error) {
	var subjects []Role
	if q.custom != "" {
		subjects = append(subjects, customRole(q.custom))
	}
	for i, r := range roles {
		if q.roles.has(i) {
			subjects = append(subjects, r)
		}
	}
	for _, r := range subjects {
		for i, m := range means {
			if !q.means.has(i) {
				continue
			}
			if ok, err := j.enforcer.Enforce(string(r), q.object, q.action, string(q.whose), q.status, m); ok || err != nil {
				return ok, err
			}
		}
	}
	return false, nil
}
