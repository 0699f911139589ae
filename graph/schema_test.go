package graph_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/resourcepool/resourcepool/server/access"
)

// schema reads the files that gqlgen reads.
func schema(t *testing.T) *ast.Schema {
	t.Helper()
	files, err := filepath.Glob("*.graphqls")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var sources []*ast.Source
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		sources = append(sources, &ast.Source{Name: f, Input: string(text)})
	}
	s, err := gqlparser.LoadSchema(sources...)
	require.NoError(t, err)
	return s
}

func contract(t *testing.T) ast.DefinitionList {
	t.Helper()
	text, err := os.ReadFile("testdata/contract.graphqls")
	require.NoError(t, err)
	doc, err := parser.ParseSchema(&ast.Source{Name: "contract.graphqls", Input: string(text)})
	require.NoError(t, err)
	require.NotEmpty(t, doc.Definitions)
	return doc.Definitions
}

// The contract is fixed: the schema may have more, never less or otherwise.
func TestSchemaHasTheWholeContract(t *testing.T) {
	have := schema(t)
	for _, want := range contract(t) {
		got := have.Types[want.Name]
		if !assert.NotNil(t, got, "type %s", want.Name) {
			continue
		}
		assert.Equal(t, want.Kind, got.Kind, want.Name)
		assert.Subset(t, got.Interfaces, want.Interfaces, want.Name)
		for _, v := range want.EnumValues {
			assert.NotNil(t, got.EnumValues.ForName(v.Name), "%s.%s", want.Name, v.Name)
		}
		for _, f := range want.Fields {
			compareField(t, want.Name, f, got.Fields.ForName(f.Name))
		}
		if want.Kind == ast.InputObject {
			mayOmitMore(t, got, want)
		}
	}
}

func compareField(t *testing.T, typeName string, want, got *ast.FieldDefinition) {
	t.Helper()
	name := typeName + "." + want.Name
	if !assert.NotNil(t, got, name) {
		return
	}
	assert.Equal(t, want.Type.String(), got.Type.String(), name)
	assert.Equal(t, value(want.DefaultValue), value(got.DefaultValue), "default of %s", name)
	for _, a := range want.Arguments {
		arg := got.Arguments.ForName(a.Name)
		if !assert.NotNil(t, arg, "%s(%s)", name, a.Name) {
			continue
		}
		assert.Equal(t, a.Type.String(), arg.Type.String(), "%s(%s)", name, a.Name)
		assert.Equal(t, value(a.DefaultValue), value(arg.DefaultValue), "default of %s(%s)", name, a.Name)
	}
	for _, a := range got.Arguments {
		optional := !a.Type.NonNull || a.DefaultValue != nil
		assert.True(t, optional || want.Arguments.ForName(a.Name) != nil, "%s(%s) is required, but not in the contract", name, a.Name)
	}
	if want.Description != "" {
		assert.Contains(t, got.Description, want.Description, "description of %s", name)
	}
}

func mayOmitMore(t *testing.T, got, want *ast.Definition) {
	t.Helper()
	for _, f := range got.Fields {
		optional := !f.Type.NonNull || f.DefaultValue != nil
		assert.True(t, optional || want.Fields.ForName(f.Name) != nil, "%s.%s is required, but not in the contract", want.Name, f.Name)
	}
}

func value(v *ast.Value) string {
	if v == nil {
		return ""
	}
	return v.String()
}

// The contract names its connections and leaves their shape to Relay.
func TestConnectionsAreRelays(t *testing.T) {
	have := schema(t)
	for connection, node := range map[string]string{
		"UserConnection": "User", "PoolResourceConnection": "PoolResource", "PoolUsageLogConnection": "PoolUsageLog",
		"PoolLedgerConnection": "PoolLedger", "LedgerTransactionConnection": "LedgerTransaction", "WalletEntryConnection": "WalletEntry",
	} {
		require.NotNil(t, have.Types[connection], connection)
		fields := have.Types[connection].Fields
		edge := node + "Edge"
		assert.Equal(t, "["+edge+"!]!", fields.ForName("edges").Type.String(), connection)
		assert.Equal(t, "PageInfo!", fields.ForName("pageInfo").Type.String(), connection)
		assert.Equal(t, "Int!", fields.ForName("totalCount").Type.String(), connection)
		assert.Equal(t, node+"!", have.Types[edge].Fields.ForName("node").Type.String(), edge)
		assert.Equal(t, "Cursor!", have.Types[edge].Fields.ForName("cursor").Type.String(), edge)
	}
}

// Casbin decides every root field: one without a rule would be refused to everybody, so it must not go unnoticed.
func TestEveryRootFieldHasARule(t *testing.T) {
	policy, err := access.New()
	require.NoError(t, err)
	have := schema(t)
	for _, root := range []*ast.Definition{have.Query, have.Mutation, have.Subscription} {
		require.NotNil(t, root)
		for _, f := range root.Fields {
			assert.True(t, policy.Covers(root.Name+"."+f.Name), "%s.%s has no rule", root.Name, f.Name)
		}
	}
}

// gqlgen would quietly model what is bound to nothing.
func TestNoModelIsGenerated(t *testing.T) {
	found, err := filepath.Glob("**/models_gen.go")
	require.NoError(t, err)
	assert.Empty(t, found)
}
