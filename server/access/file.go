package access

import (
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
)

//go:embed policy.conf
var text string

// Rule allows an action. Whose, Status and Means are conditions, as policy.conf explains them.
type Rule struct {
	Section              string // the heading that the rule stands under
	Role                 Role
	Object, Action       string
	Whose, Status, Means string
}

// file is policy.conf: the head is Casbin's model, the rest are lines of a table.
type file struct {
	model    string
	links    [][]string // "g", "g2" or "g3", and the two that it links
	rules    []Rule
	reserved []string // objects that no custom role may have
}

var (
	roles      = []Role{anyone, User, Contributor, Admin}
	allWhose   = []string{"own", "platform", "any"}
	statuses   = []string{"active", "frozen", "unverified", "both"}
	conditions = []string{"active", "frozen", "unverified", "any"}
	means      = []string{"any", "READ", "COMPLETIONS", "RESOURCES", "ADMIN", "limited", "token", "session", "fresh"}
	linked     = map[string][]string{"g": texts(roles), "g2": append(slices.Clone(statuses), "any"), "g3": means}
)

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

// read reads a file like policy.conf. It says which line is wrong.
func read(text string) (*file, error) {
	head, table, ok := strings.Cut(text, "\n[policy]\n")
	if !ok {
		return nil, errors.New("access: policy.conf has no [policy]")
	}
	f, section := &file{model: head}, ""
	for number, line := range strings.Split(table, "\n") {
		if comment, ok := strings.CutPrefix(line, "# ── "); ok {
			section, _, _ = strings.Cut(comment, ":")
		}
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if err := f.add(section, line); err != nil {
			return nil, fmt.Errorf("access: policy.conf: line %d: %q: %w", strings.Count(head, "\n")+number+3, line, err)
		}
	}
	for _, object := range f.reserved {
		if !slices.ContainsFunc(f.rules, func(r Rule) bool { return r.Object == object }) {
			return nil, fmt.Errorf("access: policy.conf: %s is reserved and has no rule", object)
		}
	}
	return f, nil
}

func (f *file) add(section, line string) error {
	r := csv.NewReader(strings.NewReader(line))
	r.TrimLeadingSpace = true
	v, err := r.Read()
	if err != nil {
		return err
	}
	values, isLink := linked[v[0]]
	switch {
	case isLink && len(v) == 3 && slices.Contains(values, v[1]) && slices.Contains(values, v[2]):
		f.links = append(f.links, v)
	case v[0] == "reserved" && len(v) == 2:
		f.reserved = append(f.reserved, v[1])
	case v[0] == "p" && len(v) == 7 && slices.Contains(roles, Role(v[1])):
		if !slices.Contains(allWhose, v[4]) || !slices.Contains(conditions, v[5]) || !slices.Contains(means, v[6]) {
			return errors.New("not a condition")
		}
		rule := Rule{Section: section, Role: Role(v[1]), Object: v[2], Action: v[3], Whose: v[4], Status: v[5], Means: v[6]}
		if slices.ContainsFunc(f.rules, func(r Rule) bool { r.Section = section; return r == rule }) {
			return errors.New("the rule is there twice")
		}
		f.rules = append(f.rules, rule)
	default:
		return errors.New("not a rule")
	}
	return nil
}
