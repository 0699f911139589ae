package graph

import (
	"context"
	"fmt"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/resourcepool/resourcepool/graph/model"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/limit"
)

// The most that one document may ask for.
const (
	tokenLimit         = 2_000
	depthLimit         = 12
	schemaDepthLimit   = 16 // inside __schema and __type; graphql-js's own introspection is 15 deep
	aliasLimit         = 15
	directiveLimit     = 50
	costLimit          = 10_000 // fields, those of a page times its size
	schemaCostLimit    = 250_000
	schemaShare        = 25 // a field of the schema is in memory: so many cost as much as one that is not
	authFieldLimit     = 1  // fields that check a password
	defaultPage        = 20
	maxPage            = 100
	cachedDocuments    = 500
	cachedDocumentSize = 8 << 10
)

var tokenLimitMessage = fmt.Sprintf("exceeded token limit of %d", tokenLimit) // the parser's own words

// listSizes are the lengths to reckon with for lists that are not connections; any other counts once, as its items need
// nothing that is not loaded with the list.
var listSizes = map[string]int{
	"User.apiTokens":             10,
	"User.sessions":              5,
	"LedgerTransaction.postings": 6,
	"LedgerTransaction.proof":    10, // some queries of its own
	"RoutingDecision.candidates": 10,
	"Query.nodes":                maxPage,
	"__Schema.types":             90,
	"__Schema.directives":        6,
	"__Type.fields":              8,
	"__Type.inputFields":         6,
	"__Type.enumValues":          4,
	"__Type.possibleTypes":       3,
	"__Field.args":               2,
	"__Directive.args":           2,
}

// authFields check a password or a code, each at the price of a hash: one to a document.
var authFields = map[string]bool{
	"Mutation.signUp": true, "Mutation.signIn": true, "Mutation.reauthenticate": true, "Mutation.changePassword": true,
	"Mutation.resetPassword": true, "Mutation.requestPasswordReset": true, "Mutation.confirmTotp": true, "Mutation.disableTotp": true,
	"Mutation.signInWithPasskey": true, "Mutation.reauthenticateWithPasskey": true, "Mutation.beginPasskeyAuthentication": true,
}

// limits measures a document before any of it runs. Unlike gqlgen's complexity it measures each fragment once, so that
// fragments that spread each other can't make the measuring itself the attack, and it includes introspection.
//
// What is within the limits counts against what its asker may spend: many of the largest documents are as much as one that
// is larger still.
type limits struct{ requests *limit.Requests }

var _ graphql.OperationContextMutator = limits{}

func (limits) ExtensionName() string { return "Limits" }

func (limits) Validate(graphql.ExecutableSchema) error { return nil }

func (l limits) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	op.DisableIntrospection = false // the schema is public
	m := &meter{variables: op.Variables, fragments: map[string]measure{}}
	got := m.set(op.Operation.SelectionSet)
	got.directives += len(op.Operation.Directives)
	for _, check := range []struct {
		what       string
		got, limit int
	}{
		{"depth", got.depth, depthLimit},
		{"depth of introspection", got.schemaDepth, schemaDepthLimit},
		{"number of aliases", got.aliases, aliasLimit},
		{"number of directives", got.directives, directiveLimit},
		{"number of sign-ins", got.auth, authFieldLimit},
		{"cost", got.cost, costLimit},
		{"cost of introspection", got.schemaCost, schemaCostLimit},
	} {
		if check.got > check.limit {
			return gqlerror.Wrap(fault.New(fault.TooComplex, "the document's %s is over the limit of %d", check.what, check.limit))
		}
	}
	if err := l.requests.Spend(caller(ctx), got.cost+got.schemaCost/schemaShare); err != nil {
		return gqlerror.Wrap(err)
	}
	return nil
}

// measure is what a selection comes to, its fragments expanded.
type measure struct {
	depth, schemaDepth, aliases, directives, auth, cost, schemaCost int
}

func (a *measure) add(b measure) {
	a.depth, a.schemaDepth = max(a.depth, b.depth), max(a.schemaDepth, b.schemaDepth)
	a.aliases, a.directives, a.auth = plus(a.aliases, b.aliases), plus(a.directives, b.directives), plus(a.auth, b.auth)
	a.cost, a.schemaCost = plus(a.cost, b.cost), plus(a.schemaCost, b.schemaCost)
}

// plus and times stop at a number beyond every limit, so that nothing overflows.
const beyond = 1 << 30

func plus(a, b int) int { return min(a+b, beyond) }

func times(a, b int) int {
	if a != 0 && b > beyond/a {
		return beyond
	}
	return a * b
}

type meter struct {
	variables map[string]any
	fragments map[string]measure
}

func (m *meter) set(set ast.SelectionSet) measure {
	var out measure
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			out.add(m.field(s))
		case *ast.InlineFragment:
			inner := m.set(s.SelectionSet)
			inner.directives += len(s.Directives)
			out.add(inner)
		case *ast.FragmentSpread:
			inner := m.fragment(s)
			inner.directives += len(s.Directives)
			out.add(inner)
		}
	}
	return out
}

func (m *meter) fragment(s *ast.FragmentSpread) measure {
	known, ok := m.fragments[s.Name]
	if !ok && s.Definition != nil {
		known = m.set(s.Definition.SelectionSet)
		known.directives += len(s.Definition.Directives)
		m.fragments[s.Name] = known
	}
	return known
}

func (m *meter) field(f *ast.Field) measure {
	out := m.set(f.SelectionSet)
	name := f.ObjectDefinition.Name + "." + f.Name
	size := m.size(f, name)
	if strings.HasPrefix(f.ObjectDefinition.Name, "__") || strings.HasPrefix(f.Name, "__") {
		out.schemaDepth++
		out.schemaCost = plus(1, times(size, out.schemaCost))
	} else {
		out.depth++
		out.cost, out.schemaCost = plus(1, times(size, out.cost)), times(size, out.schemaCost)
	}
	out.directives = plus(out.directives, len(f.Directives))
	if f.Alias != f.Name {
		out.aliases++
	}
	if authFields[name] {
		out.auth++
	}
	return out
}

// size is how many items of a field to reckon with.
func (m *meter) size(f *ast.Field, name string) int {
	if f.Definition == nil || f.Definition.Arguments.ForName("first") == nil {
		return max(1, listSizes[name])
	}
	asked := f.ArgumentMap(m.variables)
	size := defaultPage
	for _, arg := range []string{"first", "last"} {
		if given, ok := asked[arg]; ok && given != nil {
			size = maxPage // where it does not parse, the field refuses it
			if n, err := model.UnmarshalInt(given); err == nil {
				size = max(1, min(n, maxPage))
			}
		}
	}
	return size
}
