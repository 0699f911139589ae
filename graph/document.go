package graph

import (
	"context"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// validation are the rules of the standard, none of which says what else the schema has: a typo is the client's to find.
func validation() *rules.Rules {
	out := rules.NewDefaultRules()
	for from, to := range map[string]core.Rule{
		rules.KnownArgumentNamesRule.Name:  rules.KnownArgumentNamesRuleWithoutSuggestions,
		rules.KnownTypeNamesRule.Name:      rules.KnownTypeNamesRuleWithoutSuggestions,
		rules.ValuesOfCorrectTypeRule.Name: rules.ValuesOfCorrectTypeRuleWithoutSuggestions,
	} {
		out.RemoveRule(from)
		out.AddRule(to.Name, to.RuleFunc)
	}
	out.AddRule(numbersThatFit.Name, numbersThatFit.RuleFunc)
	return out
}

// numbersThatFit refuses a number that is too large to be read. gqlparser lets one pass where a scalar of ours is expected,
// and panics over it later.
var numbersThatFit = core.Rule{Name: "NumbersThatFit", RuleFunc: func(observers *core.Events, addError core.AddErrFunc) {
	observers.OnValue(func(_ *core.Walker, v *ast.Value) {
		if v.Kind != ast.IntValue && v.Kind != ast.FloatValue || v.Definition != nil && v.Definition.BuiltIn {
			return // of the standard's own scalars the standard's rule tells
		}
		if _, err := v.Value(nil); err != nil {
			addError(core.Message("This number is too large."), core.At(v.Position))
		}
	})
}}

// documents keeps parsed documents. One that has a string in it is not kept: it may hold a password or a key, and does
// not come again. A full cache drops any one.
type documents struct {
	mu   sync.RWMutex
	kept map[string]*ast.QueryDocument
}

var _ graphql.Cache[*ast.QueryDocument] = (*documents)(nil)

func (d *documents) Get(_ context.Context, query string) (*ast.QueryDocument, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	doc, ok := d.kept[query]
	return doc, ok
}

func (d *documents) Add(_ context.Context, query string, doc *ast.QueryDocument) {
	if len(query) > cachedDocumentSize || strings.Contains(query, `"`) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.kept) >= cachedDocuments {
		for one := range d.kept {
			delete(d.kept, one)
			break
		}
	}
	d.kept[query] = doc
}
