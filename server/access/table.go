package access

import "slices"

// Roles are those of the policy, from what everybody may to what admins may.
func Roles() []Role { return slices.Clone(roles) }

// Rules are those of the program, in their order.
func (p *Policy) Rules() []Rule { return slices.Clone(p.file.rules) }

// RulesOf are the rules that a role has, its own and those of the roles that it includes, without those that say less than
// another does.
func (p *Policy) RulesOf(role Role) []Rule {
	var all []Rule
	for _, r := range p.file.rules {
		if p.file.reaches("g", string(role), string(r.Role)) {
			all = append(all, r)
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(r Rule) bool {
		return slices.ContainsFunc(all, func(o Rule) bool { return o != r && p.file.implies(o, r) })
	})
}

// implies reports whether whatever r allows, o allows.
func (f *file) implies(o, r Rule) bool {
	return o.Object == r.Object && o.Action == r.Action && (o.Whose == "any" || o.Whose == r.Whose) &&
		f.reaches("g2", r.Status, o.Status) && f.reaches("g3", r.Means, o.Means)
}

// reaches reports whether from is to, or has it too.
func (f *file) reaches(kind, from, to string) bool {
	return from == to || slices.ContainsFunc(f.links, func(l []string) bool {
		return l[0] == kind && l[1] == from && f.reaches(kind, l[2], to)
	})
}
