package graph

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/resourcepool/resourcepool/server/fault"
)

// responsePath cuts what follows the field's own path, which gqlgen adds where an argument did not parse, off out's path
// and returns it: "input.quota".
func responsePath(ctx context.Context, out *gqlerror.Error) string {
	at := graphql.GetFieldContext(ctx)
	if at == nil {
		return ""
	}
	n := len(at.Path())
	if len(out.Path) <= n {
		return ""
	}
	rest := out.Path[n:]
	out.Path = out.Path[:n:n]
	return rest.String()
}

// argumentOf is the path of the argument at fault. A domain names a field of its input as it knows it ("quota"); here it
// is put under the argument that carries it ("input.quota").
func argumentOf(ctx context.Context, f *fault.Error, parsed string) string {
	if f.Code == fault.BadUserInput && parsed != "" {
		return parsed
	}
	at := graphql.GetFieldContext(ctx)
	if f.Field == "" || at == nil || at.Field.Field == nil || at.Field.Definition == nil {
		return f.Field
	}
	arguments := at.Field.Definition.Arguments
	head, _, _ := strings.Cut(f.Field, ".")
	head, _, _ = strings.Cut(head, "[")
	if arguments.ForName(head) == nil && arguments.ForName("input") != nil {
		return "input." + f.Field
	}
	return f.Field
}

// argumentInDocument is the path of the argument at fault where validation found it: behind a variable, whose path the
// error has ("variable.in.quota"), or written in the document, whose line and column it has.
func argumentInDocument(ctx context.Context, err *gqlerror.Error) string {
	if !graphql.HasOperationContext(ctx) {
		return ""
	}
	op := graphql.GetOperationContext(ctx)
	if len(err.Path) >= 2 && err.Path[0] == ast.PathName("variable") {
		name, _ := err.Path[1].(ast.PathName)
		at := find(op.Doc, func(v *ast.Value) bool { return v.Kind == ast.Variable && v.Raw == string(name) })
		if at == nil {
			at = ast.Path{name}
		}
		return append(at, err.Path[2:]...).String()
	}
	if m := argumentNamed.FindStringSubmatch(err.Message); m != nil {
		return m[1]
	}
	aboutValues := []string{rules.ValuesOfCorrectTypeRule.Name, rules.ValuesOfCorrectTypeRuleWithoutSuggestions.Name, numbersThatFit.Name}
	if !slices.Contains(aboutValues, err.Rule) || len(err.Locations) != 1 {
		return ""
	}
	doc, parseErr := parser.ParseQueryWithTokenLimit(&ast.Source{Input: op.RawQuery}, tokenLimit)
	if parseErr != nil {
		return ""
	}
	where := err.Locations[0]
	at := find(doc, func(v *ast.Value) bool {
		return v.Position != nil && v.Position.Line == where.Line && v.Position.Column == where.Column
	})
	if m := fieldNamed.FindStringSubmatch(err.Message); m != nil && (len(at) == 0 || at[len(at)-1] != ast.PathName(m[1])) {
		at = append(at, ast.PathName(m[1]))
	}
	return at.String()
}

// Some of gqlparser's errors stand at a field or an object and name the argument, or the field of an input, in their text.
var (
	argumentNamed = regexp.MustCompile(`^(?:Unknown argument|Field "\w+" argument) "(\w+)"`)
	fieldNamed    = regexp.MustCompile(`^Field "(?:\w+\.)?(\w+)" (?:of required type|is not defined by type)`)
)

// find returns the argument, or the place in one, whose value matches first. It reads every fragment once and expands none.
func find(doc *ast.QueryDocument, match func(*ast.Value) bool) ast.Path {
	if doc == nil {
		return nil
	}
	var sets []ast.SelectionSet
	for _, op := range doc.Operations {
		sets = append(sets, op.SelectionSet)
	}
	for _, f := range doc.Fragments {
		sets = append(sets, f.SelectionSet)
	}
	for _, set := range sets {
		if at := findInSet(set, match); at != nil {
			return at
		}
	}
	return nil
}

func findInSet(set ast.SelectionSet, match func(*ast.Value) bool) ast.Path {
	for _, s := range set {
		var children ast.SelectionSet
		switch s := s.(type) {
		case *ast.Field:
			for _, a := range s.Arguments {
				if at := findInValue(a.Value, ast.Path{ast.PathName(a.Name)}, match); at != nil {
					return at
				}
			}
			children = s.SelectionSet
		case *ast.InlineFragment:
			children = s.SelectionSet
		}
		if at := findInSet(children, match); at != nil {
			return at
		}
	}
	return nil
}

func findInValue(v *ast.Value, at ast.Path, match func(*ast.Value) bool) ast.Path {
	if v == nil {
		return nil
	}
	// The innermost match: an object and its first field may begin at one place.
	for i, c := range v.Children {
		var step ast.PathElement = ast.PathIndex(i)
		if v.Kind == ast.ObjectValue {
			step = ast.PathName(c.Name)
		}
		if inner := findInValue(c.Value, append(at[:len(at):len(at)], step), match); inner != nil {
			return inner
		}
	}
	if match(v) {
		return at
	}
	return nil
}
