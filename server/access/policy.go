package access

import (
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
)

//go:embed model.conf
var modelText string

//go:embed policy.csv
var policyText string

// anyone is the role of those who are signed out.
const anyone = "ANYONE"

var (
	errSignIn  = fault.New(fault.Unauthenticated, "sign in first")
	errDenied  = fault.New(fault.Forbidden, "you are not allowed to do this")
	errFrozen  = fault.New(fault.Forbidden, "your account is frozen: you can sign in and read")
	errLimited = fault.New(fault.Forbidden, "an API token with a limit can't do this")
)

// Policy decides. It is safe for concurrent use and never changes.
type Policy struct {
	objects map[string]struct{}

	mu       sync.RWMutex
	enforcer *casbin.Enforcer // guarded by mu: asked once for each question
	known    map[question]bool
}

// question is all that the matcher reads. There are as many as rules times the few values of the other fields.
type question struct {
	object, action string
	whose          whose
	roles          uint8 // a bit for each of roles
	frozen         bool
	limited        bool
}

type whose string

const (
	own      whose = "own"
	platform whose = "platform"
	other    whose = "other"
)

var roles = []Role{anyone, User, Contributor, Admin}

// New reads the embedded model and policy. Any error in them is an error of the program.
func New() (*Policy, error) { return parse(modelText, policyText) }

func parse(modelText, policyText string) (*Policy, error) {
	m, err := model.NewModelFromString(modelText)
	if err != nil {
		return nil, fmt.Errorf("access: model: %w", err)
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		return nil, fmt.Errorf("access: model: %w", err)
	}
	r := csv.NewReader(strings.NewReader(policyText))
	r.Comment, r.TrimLeadingSpace, r.FieldsPerRecord = '#', true, -1
	lines, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("access: policy: %w", err)
	}
	p := &Policy{objects: map[string]struct{}{}, enforcer: e, known: map[question]bool{}}
	for _, line := range lines {
		if err := p.add(line); err != nil {
			return nil, fmt.Errorf("access: policy: %q: %w", strings.Join(line, ", "), err)
		}
	}
	return p, nil
}

func (p *Policy) add(line []string) error {
	isRole := func(s string) bool { return slices.Contains(roles, Role(s)) }
	switch {
	case line[0] == "g" && len(line) == 3 && isRole(line[1]) && isRole(line[2]):
		_, err := p.enforcer.AddGroupingPolicy(line[1], line[2])
		return err
	case line[0] != "p" || len(line) != 7 || !isRole(line[1]):
		return errors.New("not a rule")
	case !slices.Contains([]string{"own", "platform", "any"}, line[4]),
		!slices.Contains([]string{"active", "any"}, line[5]), !slices.Contains([]string{"full", "any"}, line[6]):
		return errors.New("not a condition")
	}
	added, err := p.enforcer.AddPolicy(line[1:])
	if err == nil && !added {
		err = errors.New("the rule is there twice")
	}
	p.objects[line[2]] = struct{}{}
	return err
}

// Covers reports whether the policy has any rule for the object. What it has none for is denied to everybody.
func (p *Policy) Covers(object string) bool {
	_, ok := p.objects[object]
	return ok
}

// Can reports whether the actor may do the action on the object, which belongs to owner: a user, or "" for the platform
// and for what has no owner.
func (p *Policy) Can(a *Actor, action, object string, owner ids.ID) bool {
	if !p.Covers(object) {
		return false
	}
	return p.decide(ask(a, action, object, owner))
}

// Check is Can that says why not: UNAUTHENTICATED where signing in could help, else FORBIDDEN.
func (p *Policy) Check(a *Actor, action, object string, owner ids.ID) error {
	if p.Can(a, action, object, owner) {
		return nil
	}
	if !a.SignedIn() {
		if p.Covers(object) {
			return errSignIn
		}
		return errDenied
	}
	q := ask(a, action, object, owner)
	thawed, unlimited := q, q
	thawed.frozen, unlimited.limited = false, false
	switch {
	case !p.Covers(object):
		return errDenied
	case q.frozen && p.decide(thawed):
		return errFrozen
	case q.limited && p.decide(unlimited):
		return errLimited
	}
	return errDenied
}

func ask(a *Actor, action, object string, owner ids.ID) question {
	q := question{object: object, action: action, whose: other, roles: 1}
	if a != nil {
		q.roles |= 2
		for i, r := range roles {
			if slices.Contains(a.Roles, r) {
				q.roles |= 1 << i
			}
		}
		q.frozen, q.limited = a.Frozen, a.TokenLimited
	}
	switch {
	case owner == "":
		q.whose = platform
	case a != nil && a.ID == owner:
		q.whose = own
	}
	return q
}

func (p *Policy) decide(q question) bool {
	p.mu.RLock()
	allowed, ok := p.known[q]
	p.mu.RUnlock()
	if ok {
		return allowed
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	status, means := "active", "full"
	if q.frozen {
		status = "frozen"
	}
	if q.limited {
		means = "limited"
	}
	for i, r := range roles {
		if q.roles&(1<<i) == 0 || allowed {
			continue
		}
		ok, err := p.enforcer.Enforce(string(r), q.object, q.action, string(q.whose), status, means)
		if err != nil {
			return false // denied, and asked again the next time
		}
		allowed = ok
	}
	p.known[q] = allowed
	return allowed
}
