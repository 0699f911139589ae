package graph

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/resourcepool/resourcepool/graph/generated"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/routing"
)

// rootFields calls every root field with arguments that parse.
func rootFields(t *testing.T) map[string]string {
	t.Helper()
	es := generated.NewExecutableSchema(generated.Config{Resolvers: &Resolver{}})
	out := map[string]string{}
	for _, root := range []*ast.Definition{es.Schema().Query, es.Schema().Mutation} {
		for _, f := range root.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			var args []string
			for _, a := range f.Arguments {
				if a.Type.NonNull {
					args = append(args, a.Name+":"+sample(es, a.Type))
				}
			}
			call := f.Name
			if len(args) > 0 {
				call += "(" + strings.Join(args, ",") + ")"
			}
			if es.Schema().Types[f.Type.Name()].IsCompositeType() {
				call += "{__typename}"
			}
			out[root.Name+"."+f.Name] = strings.ToLower(root.Name) + "{" + call + "}"
		}
	}
	return out
}

// sample writes a value of the type.
func sample(es graphql.ExecutableSchema, typ *ast.Type) string {
	if typ.Elem != nil {
		return "[" + sample(es, typ.Elem) + "]"
	}
	def := es.Schema().Types[typ.NamedType]
	switch def.Kind {
	case ast.Enum:
		return def.EnumValues[0].Name
	case ast.InputObject:
		var fields []string
		for _, f := range def.Fields {
			if f.Type.NonNull && f.DefaultValue == nil {
				fields = append(fields, f.Name+":"+sample(es, f.Type))
			}
		}
		return "{" + strings.Join(fields, ",") + "}"
	}
	switch typ.NamedType {
	case "Time":
		return `"2026-01-02T03:04:05Z"`
	case "USD", "Credits", "Int", "Float":
		return "1"
	}
	return `"x"`
}

var openToAll = []string{
	"Query.viewer", "Query.node", "Query.nodes", "Query.providers", "Query.models", "Query.modelAliases", "Query.catalogue", "Query.depositQuote",
	"Query.depositTerms",
	"Mutation.signUp", "Mutation.signIn", "Mutation.verifyEmail", "Mutation.requestPasswordReset", "Mutation.resetPassword",
	"Query.signInMethods", "Mutation.beginPasskeyAuthentication", "Mutation.signInWithPasskey",
}

var adminsOnly = []string{
	"Query.users", "Query.poolOverview", "Query.resources", "Query.contributors", "Query.ledgerTransactions", "Query.ledgerAudit",
	"Query.settings", "Query.routingPreview", "Mutation.addPlatformResource", "Mutation.suspendResource", "Mutation.grantCredits",
	"Mutation.setRoles", "Mutation.setUserStatus", "Mutation.setModelPrice", "Mutation.setModelAlias",
	"Mutation.removeModelAlias", "Mutation.updateSettings", "Mutation.createInvite", "Query.customRoles", "Query.grantableRights",
	"Mutation.saveCustomRole", "Mutation.removeCustomRole", "Mutation.setCustomRoles",
}

func TestRootFieldsAreRefusedBeforeTheyRun(t *testing.T) {
	e := newEdge(t) // its services panic when they are called
	for name, document := range rootFields(t) {
		if slices.Contains(openToAll, name) {
			continue
		}
		got := e.ask(t, "", document, nil)
		assert.Equal(t, "UNAUTHENTICATED", got.code(), "%s signed out: %s", name, got.raw)
		if slices.Contains(adminsOnly, name) {
			got = e.ask(t, bob, document, nil)
			assert.Equal(t, "FORBIDDEN", got.code(), "%s as a contributor: %s", name, got.raw)
		}
	}
	assert.Empty(t, e.logged.String())
}

// forgetful has no rule for one field.
type forgetful struct {
	policy
	field string
}

func (f forgetful) Covers(object string) bool { return object != f.field && f.policy.Covers(object) }

func (f forgetful) Check(a *access.Actor, action, object string, owner ids.ID) error {
	return f.policy.Check(a, action, object, owner)
}

func TestNoStartWithAFieldWithoutARule(t *testing.T) {
	policy, err := access.New()
	require.NoError(t, err)
	_, err = New(Config{Resolver: &Resolver{Policy: forgetful{policy, "Mutation.grantCredits"}}})
	require.ErrorContains(t, err, "Mutation.grantCredits")
}

func TestAFieldWithoutARuleIsRefused(t *testing.T) {
	policy, err := access.New()
	require.NoError(t, err)
	ctx := graphql.WithFieldContext(access.With(t.Context(), &access.Actor{ID: admin, Roles: []access.Role{access.Admin}}),
		&graphql.FieldContext{Object: "Query", Field: graphql.CollectedField{Field: &ast.Field{Name: "everything"}}})
	_, err = authorize{policy: policy}.InterceptField(ctx, func(context.Context) (any, error) { t.Error("it ran"); return nil, nil })
	require.ErrorContains(t, err, "FORBIDDEN")
}

// What a usage log shows to whom: the contract's remarks, field by field.
func TestUsageLogShowsToEachTheirPart(t *testing.T) {
	e := newEdge(t)
	const query = `{ node(id: "` + string(log1) + `") { ... on PoolUsageLog { model requestedModel provider creditsCharged costAmount user{id} resource{id owner{id email}}
		resourceOwner{id} routingReason routing{reason} transaction{seq postings{account amount}} } } }`
	for who, want := range map[ids.ID]string{
		"": `{"node":null}`,
		tom: `{"node":{"model":"gpt-4","requestedModel":"best","provider":null,"creditsCharged":"10","costAmount":null,"user":{"id":"` + string(tom) + `"},"resource":null,"resourceOwner":null,
			"routingReason":null,"routing":null,"transaction":{"seq":"7","postings":[{"account":"wallet:` + string(tom) + `","amount":"-10"}]}}}`,
		bob: `{"node":{"model":"gpt-4","requestedModel":"best","provider":"openai","creditsCharged":null,"costAmount":"0.05","user":null,
			"resource":{"id":"` + string(key) + `","owner":{"id":"` + string(bob) + `","email":"` + string(bob) + `@example.org"}},"resourceOwner":{"id":"` + string(bob) + `"},
			"routingReason":"lowest_cost","routing":null,"transaction":null}}`,
		admin: `{"node":{"model":"gpt-4","requestedModel":"best","provider":"openai","creditsCharged":"10","costAmount":"0.05","user":{"id":"` + string(tom) + `"},
			"resource":{"id":"` + string(key) + `","owner":{"id":"` + string(bob) + `","email":"` + string(bob) + `@example.org"}},"resourceOwner":{"id":"` + string(bob) + `"},
			"routingReason":"lowest_cost","routing":{"reason":"lowest_cost"},"transaction":{"seq":"7","postings":[
			{"account":"wallet:` + string(tom) + `","amount":"-10"},{"account":"platform.revenue","amount":"10"},
			{"account":"resource:` + string(key) + `","amount":"-0.05"},{"account":"provider.spent","amount":"0.05"}]}}}`,
	} {
		got := e.ask(t, who, query, nil)
		assert.Empty(t, got.Errors, got.raw)
		assert.JSONEq(t, want, string(got.Data), "as %q", who)
	}
}

func TestAResourceShowsWhatItRestsForAndItsLimits(t *testing.T) {
	e := newEdge(t)
	const query = `{ node(id: "` + string(key) + `") { ... on PoolResource { nextProbeAt rests { model reason until } maxConcurrency maxRequestsPerMinute maxTokensPerMinute } } }`
	got := e.ask(t, bob, query, nil)
	assert.JSONEq(t, `{"node":{"nextProbeAt":null,"rests":[],"maxConcurrency":3,"maxRequestsPerMinute":null,"maxTokensPerMinute":null}}`, string(got.Data))
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	e.pools.resting = []pool.Rest{
		{Subject: string(key), Model: "gpt-4", Why: routing.RateLimit, Until: at},
		{Subject: "provider:openai", Why: routing.BreakerOpen, Until: at.Add(time.Second)},
	}
	got = e.ask(t, bob, query, nil)
	assert.JSONEq(t, `{"node":{"nextProbeAt":"2026-01-02T03:04:05Z","rests":[{"model":"gpt-4","reason":"rate_limit","until":"2026-01-02T03:04:05Z"},
		{"model":null,"reason":"breaker_open","until":"2026-01-02T03:04:06Z"}],"maxConcurrency":3,"maxRequestsPerMinute":null,"maxTokensPerMinute":null}}`, string(got.Data))
	assert.JSONEq(t, `{"node":null}`, string(e.ask(t, tom, query, nil).Data))

	got = e.ask(t, bob, `mutation { setResourceLimits(id: "`+string(key)+`", maxRequestsPerMinute: 60, maxTokensPerMinute: null) { id } }`, nil)
	assert.Empty(t, got.Errors, got.raw)
	assert.Equal(t, pool.KeyLimits{RequestsPerMinute: 60}, e.pools.limits)
}

func TestNodeIsNullForStrangers(t *testing.T) {
	e := newEdge(t)
	for id, seenBy := range map[string][]ids.ID{
		string(tom): {tom, admin}, string(key): {bob, admin}, string(log1): {tom, bob, admin}, "txn_7": {tom, admin},
		"txn_8": nil, "txn_07": nil, "usr_none": nil, "": nil, "constructor": nil,
	} {
		for _, who := range []ids.ID{"", tom, bob, admin} {
			got := e.ask(t, who, `query($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }`, map[string]any{"id": id})
			want := `{"node":null,"nodes":[null]}`
			if slices.Contains(seenBy, who) {
				want = `{"node":{"id":"` + id + `"},"nodes":[{"id":"` + id + `"}]}`
			}
			assert.Empty(t, got.Errors, got.raw)
			assert.JSONEq(t, want, string(got.Data), "%q as %q", id, who)
		}
	}
}

// The loaders ask for each person once in an answer, and belong to that answer alone.
func TestLoadersServeOneAnswer(t *testing.T) {
	e := newEdge(t)
	const query = `{ a: node(id: "` + string(tom) + `") { id } b: node(id: "` + string(tom) + `") { id } c: node(id: "` + string(bob) + `") { id } viewer { id } }`
	got := e.ask(t, tom, query, nil)
	assert.JSONEq(t, `{"a":{"id":"`+string(tom)+`"},"b":{"id":"`+string(tom)+`"},"c":null,"viewer":{"id":"`+string(tom)+`"}}`, string(got.Data))
	assert.Equal(t, map[ids.ID]int{tom: 1, bob: 1}, e.accounts.asked)
	got = e.ask(t, bob, query, nil)
	assert.JSONEq(t, `{"a":null,"b":null,"c":{"id":"`+string(bob)+`"},"viewer":{"id":"`+string(bob)+`"}}`, string(got.Data))
	assert.Equal(t, map[ids.ID]int{tom: 2, bob: 2}, e.accounts.asked)
}
