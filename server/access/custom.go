package access

import (
	"cmp"
	"regexp"
	"slices"
)

// Grant is a right that a custom role may have.
type Grant struct{ Object, Action string }

// CustomRole is a role of the operator's own making.
type CustomRole struct {
	Name   string
	Grants []Grant
}

// customName is what custom roles are called. The policy writes them with a mark, so that none becomes a role of the
// program's that a later version brings.
var customName = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,39}$`)

// ValidName reports whether a custom role may be called so: like a role of the program, but not like one that there is.
func ValidName(name string) bool {
	return customName.MatchString(name) && !slices.Contains(roles, Role(name))
}

func customRole(name string) Role { return Role("custom:" + name) }

// Grantable are the rights that a custom role may have: those that admins have of things whosever they are, save for the
// reserved ones.
func (p *Policy) Grantable() []Grant {
	var out []Grant
	for _, r := range p.file.rules {
		if g := (Grant{r.Object, r.Action}); p.grantable(r) && !slices.Contains(out, g) {
			out = append(out, g)
		}
	}
	slices.SortFunc(out, func(a, b Grant) int { return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Action, b.Action)) })
	return out
}

func (p *Policy) grantable(r Rule) bool {
	return r.Role == Admin && r.Whose != string(own) && !slices.Contains(p.file.reserved, r.Object)
}

// Use takes the rights of these custom roles and of no others from now on, and reports whether that is a change. Those that
// are not grantable count for nothing: the program that stored them may have been another version. Where it fails, no
// custom role has any right.
func (p *Policy) Use(custom []CustomRole) (changed bool, err error) {
	p.using.Lock()
	defer p.using.Unlock()
	rules := p.rulesFor(custom)
	if slices.Equal(rules, p.custom) {
		return false, nil
	}
	j := p.alone
	if len(rules) > 0 {
		if j, err = newJudge(p.file, rules); err != nil {
			j, rules = p.alone, nil
		}
	}
	changed = p.now.Swap(j) != j
	p.custom = rules
	return changed, err
}

// rulesFor are what custom roles add to the policy.
func (p *Policy) rulesFor(custom []CustomRole) []Rule {
	var more []Rule
	for _, c := range custom {
		for _, r := range p.file.rules {
			if p.grantable(r) && slices.Contains(c.Grants, Grant{r.Object, r.Action}) {
				r.Role = customRole(c.Name) // on the same conditions
				more = append(more, r)
			}
		}
	}
	return more
}
