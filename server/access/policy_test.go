package access

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
)

const (
	me  ids.ID = "usr_00000000000000000000000001"
	you ids.ID = "usr_00000000000000000000000002"
)

func policy(tb testing.TB) *Policy {
	tb.Helper()
	p, err := New()
	require.NoError(tb, err)
	return p
}

// user and admin have just signed in.
func user() *Actor { return &Actor{ID: me, Roles: []Role{User}, SessionID: "ses_me", Fresh: true} }
func admin() *Actor {
	return &Actor{ID: me, Roles: []Role{User, Admin}, SessionID: "ses_me", Fresh: true}
}

// token is what an actor is by an API token.
func token(a *Actor, scopes ...Scope) *Actor {
	a.SessionID, a.Fresh, a.TokenID, a.TokenScopes = "", false, "tok_me", scopes
	return a
}

func limitedToken(a *Actor) *Actor {
	token(a).TokenLimited = true
	return a
}

func TestRootFields(t *testing.T) {
	frozen, frozenAdmin, unverified, both := user(), admin(), user(), user()
	frozen.Frozen, frozenAdmin.Frozen, unverified.Unverified = true, true, true
	both.Frozen, both.Unverified = true, true
	limited, limitedAdmin := limitedToken(user()), limitedToken(admin())
	contributor := &Actor{ID: me, Roles: []Role{User, Contributor}}

	const ok = fault.Code("")
	for _, c := range []struct {
		name, object string
		actor        *Actor
		want         fault.Code
	}{
		{"signed out reads prices", "Query.models", nil, ok},
		{"signed out signs in", "Mutation.signIn", nil, ok},
		{"signed out sees the schema", "Query.__schema", nil, ok},
		{"signed out reads aliases", "Query.modelAliases", nil, ok},
		{"signed out reads where prices are from", "Query.catalogue", nil, ok},
		{"signed out is asked to sign in", "Mutation.complete", nil, fault.Unauthenticated},
		{"signed out is asked to sign in for an admin's field", "Query.poolOverview", nil, fault.Unauthenticated},
		{"signed out gets nothing from an unknown field", "Query.unknown", nil, fault.Forbidden},
		{"user completes", "Mutation.complete", user(), ok},
		{"user deposits", "Mutation.deposit", user(), ok},
		{"contributor completes", "Mutation.complete", contributor, ok},
		{"contributor is no admin", "Query.users", contributor, fault.Forbidden},
		{"user is no admin", "Query.poolOverview", user(), fault.Forbidden},
		{"user sets limits", "Mutation.setResourceLimits", user(), ok},
		{"user sets no aliases", "Mutation.setModelAlias", user(), fault.Forbidden},
		{"user removes no aliases", "Mutation.removeModelAlias", user(), fault.Forbidden},
		{"admin sets aliases", "Mutation.setModelAlias", admin(), ok},
		{"admin removes aliases", "Mutation.removeModelAlias", admin(), ok},
		{"user can't grant", "Mutation.grantCredits", user(), fault.Forbidden},
		{"admin grants", "Mutation.grantCredits", admin(), ok},
		{"admin is a user too", "Mutation.complete", admin(), ok},
		{"admin gets nothing from an unknown field", "Query.unknown", admin(), fault.Forbidden},
		{"frozen reads", "Query.usageLogs", frozen, ok},
		{"frozen signs out", "Mutation.signOut", frozen, ok},
		{"frozen does not spend", "Mutation.complete", frozen, fault.Forbidden},
		{"frozen does not stream", "Subscription.completionStream", frozen, fault.Forbidden},
		{"frozen does not deposit", "Mutation.deposit", frozen, fault.Forbidden},
		{"frozen does not withdraw", "Mutation.withdrawResource", frozen, fault.Forbidden},
		{"frozen sets no limits", "Mutation.setResourceLimits", frozen, fault.Forbidden},
		{"frozen admin reads", "Query.users", frozenAdmin, ok},
		{"frozen admin changes nothing", "Mutation.setRoles", frozenAdmin, fault.Forbidden},
		{"frozen repairs a key", "Mutation.rotateResourceKey", frozen, ok},
		{"unverified reads", "Query.usageLogs", unverified, ok},
		{"unverified ends tokens", "Mutation.revokeApiToken", unverified, ok},
		{"unverified ends the session", "Mutation.signOut", unverified, ok},
		{"unverified does not spend", "Mutation.complete", unverified, fault.EmailNotVerified},
		{"unverified does not deposit", "Mutation.deposit", unverified, fault.EmailNotVerified},
		{"unverified makes no tokens", "Mutation.createApiToken", unverified, fault.EmailNotVerified},
		{"unverified repairs no key", "Mutation.rotateResourceKey", unverified, fault.EmailNotVerified},
		{"unverified is no admin", "Query.users", unverified, fault.Forbidden},
		{"frozen and unverified reads", "Query.usageLogs", both, ok},
		{"frozen and unverified repairs no key", "Mutation.rotateResourceKey", both, fault.EmailNotVerified},
		{"frozen and unverified does not spend", "Mutation.complete", both, fault.Forbidden},
		{"limited token completes", "Mutation.complete", limited, ok},
		{"limited token makes no tokens", "Mutation.createApiToken", limited, fault.Forbidden},
		{"limited token revokes no tokens", "Mutation.revokeApiToken", limited, fault.Forbidden},
		{"limited token withdraws nothing", "Mutation.withdrawResource", limited, fault.Forbidden},
		{"limited token sets no limits", "Mutation.setResourceLimits", limited, fault.Forbidden},
		{"limited token of an admin is a user's", "Query.users", limitedAdmin, fault.Forbidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := policy(t)
			assert.Equal(t, c.want, fault.CodeOf(p.Check(c.actor, "call", c.object, "")))
			assert.Equal(t, c.want == ok, p.Can(c.actor, "call", c.object, ""))
			assert.Equal(t, c.want == ok, p.Can(c.actor, "call", c.object, ""), "the remembered decision")
		})
	}
}

func TestOwnership(t *testing.T) {
	p := policy(t)
	for _, c := range []struct {
		name           string
		actor          *Actor
		action, object string
		owner          ids.ID
		want           bool
	}{
		{"own e-mail", user(), "read", "User.email", me, true},
		{"another's e-mail", user(), "read", "User.email", you, false},
		{"another's e-mail as admin", admin(), "read", "User.email", you, true},
		{"signed out", nil, "read", "User.email", you, false},
		{"own cost", user(), "read", "PoolUsageLog.costAmount", me, true},
		{"cost on another's key", user(), "read", "PoolUsageLog.costAmount", you, false},
		{"cost on a platform key", user(), "read", "PoolUsageLog.costAmount", "", false},
		{"routing of an own request", user(), "read", "PoolUsageLog.routing", me, false},
		{"routing as admin", admin(), "read", "PoolUsageLog.routing", you, true},
		{"rotate own", user(), "rotate", "PoolResource", me, true},
		{"rotate a platform key", user(), "rotate", "PoolResource", "", false},
		{"rotate a platform key as admin", admin(), "rotate", "PoolResource", "", true},
		{"rotate another's as admin", admin(), "rotate", "PoolResource", you, false},
		{"withdraw another's as admin", admin(), "withdraw", "PoolResource", you, false},
		{"resume another's as admin", admin(), "resume", "PoolResource", you, true},
		{"limit own", user(), "limit", "PoolResource", me, true},
		{"limit another's", user(), "limit", "PoolResource", you, false},
		{"limit another's as admin", admin(), "limit", "PoolResource", you, true},
		{"limit a platform key as admin", admin(), "limit", "PoolResource", "", true},
		{"provider of an own key's request", user(), "read", "PoolUsageLog.provider", me, true},
		{"provider of another's", user(), "read", "PoolUsageLog.provider", you, false},
		{"suspend own", user(), "suspend", "PoolResource", me, false},
		{"an unknown action", admin(), "eat", "PoolResource", me, false},
		{"filter by another user", user(), "filter", "PoolUsageLogFilter.userId", you, false},
		{"filter by an own resource", user(), "filter", "PoolUsageLogFilter.resourceId", me, true},
		{"an actor without id owns nothing", &Actor{}, "read", "User.email", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, p.Can(c.actor, c.action, c.object, c.owner))
		})
	}
}

func TestBadPolicyIsRefused(t *testing.T) {
	head, _, _ := strings.Cut(text, "[policy]\n")
	for name, lines := range map[string]string{
		"unknown role":      "p, ROOT, Query.x, call, any, any, any",
		"unknown condition": "p, USER, Query.x, call, mine, any, any",
		"short rule":        "p, USER, Query.x, call",
		"rule twice":        "p, USER, Query.x, call, any, any, any\n# ── again\np, USER, Query.x, call, any, any, any",
		"unknown means":     "p, USER, Query.x, call, any, any, telepathy",
		"unknown status":    "p, USER, Query.x, call, any, both, any",
		"unknown link":      "g3, fresh, stale",
		"reserved nothing":  "reserved, Mutation.x",
		"an open quote":     "p, USER, Query.x, call, any, any, \"any",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(head + "[policy]\n" + lines)
			assert.ErrorContains(t, err, "policy.conf")
		})
	}
}

func TestNilActor(t *testing.T) {
	var a *Actor
	assert.False(t, a.SignedIn())
	assert.False(t, a.Has(User))
	assert.False(t, a.MayAsk("gpt-4"))
	assert.Nil(t, From(t.Context()))
	assert.Same(t, a, From(With(t.Context(), a)))
	assert.True(t, (&Actor{}).Has(User))
	assert.False(t, (&Actor{TokenModels: []string{}}).MayAsk("gpt-4"), "an empty list covers nothing")
}

func BenchmarkCan(b *testing.B) {
	p, a := policy(b), admin()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if !p.Can(a, "read", "User.email", you) {
				b.Fail()
			}
		}
	})
}

// Both ways: a root field without a rule would be closed to everybody, a rule without its field is a leftover.
func TestPolicyHasAllOfTheSchema(t *testing.T) {
	files, err := filepath.Glob("../../graph/*.graphqls")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var sources []*ast.Source
	for _, f := range files {
		text, err := os.ReadFile(f) //nolint:gosec // the schema of this repository
		require.NoError(t, err)
		sources = append(sources, &ast.Source{Name: f, Input: string(text)})
	}
	schema, err := gqlparser.LoadSchema(sources...)
	require.NoError(t, err)

	p, fields := policy(t), map[string]bool{}
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription} {
		fields[root.Name+".__typename"] = true
		for _, f := range root.Fields {
			object := root.Name + "." + f.Name
			fields[object] = true
			said := strings.Contains(f.Description, "Admins only.") || strings.HasPrefix(f.Description, "Admins:")
			assert.Equal(t, !p.Can(user(), "call", object, ""), said, "%s says of admins what its rule does not", object)
		}
	}
	for f := range fields {
		assert.True(t, p.Covers(f), "%s has no rule", f)
	}
	for object := range p.objects {
		typeName, field, nested := strings.Cut(object, ".")
		def := schema.Types[typeName]
		if !assert.NotNil(t, def, "the rule for %s has no type", object) || !nested || fields[object] {
			continue
		}
		known := def.Fields.ForName(field) != nil || def.EnumValues.ForName(field) != nil || isOrder(schema, typeName, field)
		assert.True(t, known, "the rule for %s has no field", object)
	}
}

// isOrder reports whether field is a value of the enum that the input of an order chooses from.
func isOrder(schema *ast.Schema, typeName, field string) bool {
	enum := schema.Types[typeName+"Field"]
	return enum != nil && enum.EnumValues.ForName(field) != nil
}
