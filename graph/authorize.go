package graph

import (
	"context"
	"fmt"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/limit"
)

// policy is access.Policy.
type policy interface {
	Can(a *access.Actor, action, object string, owner ids.ID) bool
	Check(a *access.Actor, action, object string, owner ids.ID) error
	Covers(object string) bool
}

// authorize asks the policy about every root field before its resolver runs, and counts it against the asker's rate. What
// the policy has no rule for is refused.
type authorize struct {
	policy   policy
	requests *limit.Requests
}

var _ graphql.FieldInterceptor = authorize{}

func (authorize) ExtensionName() string { return "Authorize" }

// Validate refuses to start with a root field that nobody thought of.
func (a authorize) Validate(es graphql.ExecutableSchema) error {
	s := es.Schema()
	for _, root := range []*ast.Definition{s.Query, s.Mutation, s.Subscription} {
		for _, f := range root.Fields {
			if name := root.Name + "." + f.Name; !strings.HasPrefix(f.Name, "__") && !a.policy.Covers(name) {
				return fmt.Errorf("graph: the policy has no rule for %s", name)
			}
		}
	}
	return nil
}

func (a authorize) InterceptField(ctx context.Context, next graphql.Resolver) (any, error) {
	switch at := graphql.GetFieldContext(ctx); at.Object {
	case "Query", "Mutation", "Subscription":
		object := at.Object + "." + at.Field.Name
		if err := a.policy.Check(actor(ctx), "call", object, ""); err != nil {
			return nil, err
		}
		requestFrom(ctx).allow(object)
		if err := a.requests.Take(caller(ctx)); err != nil {
			return nil, err
		}
	}
	return next(ctx)
}
