package graph

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
)

func repeat(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// nested opens a selection n times around a leaf.
func nested(n int, open, leaf string) string {
	return strings.Repeat(open+"{", n) + leaf + strings.Repeat("}", n)
}

func TestDocumentsAreBounded(t *testing.T) {
	e := newEdge(t)
	for name, c := range map[string]struct{ query, code string }{
		"ErrAliases":          {"{" + repeat(100, "a%d: viewer{id} ") + "}", "TOO_COMPLEX"},
		"ErrAliasedSignIns":   {"mutation{" + repeat(100, `a%d: signIn(input:{email:"a",password:"b"}){viewer{id}} `) + "}", "TOO_COMPLEX"},
		"ErrTwoSignIns":       {`mutation{signIn(input:{email:"a",password:"b"}){viewer{id}} b:signIn(input:{email:"a",password:"c"}){viewer{id}}}`, "TOO_COMPLEX"},
		"ErrDepth":            {"{viewer{" + nested(7, "resources{edges{node{owner", "id") + strings.Repeat("}}}", 7) + "}}", "TOO_COMPLEX"},
		"ErrPages":            {"{users(first:100){edges{node{usageLogs(first:100){edges{node{id}}}}}}}", "TOO_COMPLEX"},
		"ErrPagesVariable":    {"query($n:Int=100){users(first:$n){edges{node{usageLogs(last:$n){edges{node{id}}}}}}}", "TOO_COMPLEX"},
		"ErrTokens":           {"{" + strings.Repeat("__typename ", 27_000) + "}", "TOO_COMPLEX"},
		"ErrDirectives":       {"{viewer{id " + strings.Repeat("@skip(if:false) ", 5_000) + "}}", "TOO_COMPLEX"},
		"ErrSomeDirectives":   {"{viewer{" + strings.Repeat("id @skip(if:false) ", 51) + "}}", "TOO_COMPLEX"},
		"ErrFragmentCycle":    {"{viewer{...f}} fragment f on User{id ...f}", "BAD_USER_INPUT"},
		"ErrSchemaLists":      {"{__schema{types{" + nested(10, "fields{type", "name") + strings.Repeat("}", 10) + "}}}", "TOO_COMPLEX"},
		"ErrSchemaDepth":      {"{__schema{types{" + nested(30, "ofType", "name") + "}}}", "TOO_COMPLEX"},
		"ErrUnknownField":     {"{mee{id}}", "BAD_USER_INPUT"},
		"ErrUnknownArgument":  {"{users(frist:1){totalCount}}", "BAD_USER_INPUT"},
		"ErrUnknownType":      {"{viewer{...on Usr{id}}}", "BAD_USER_INPUT"},
		"ErrUnknownEnumValue": {"{users(filter:{status:ACTIV}){totalCount}}", "BAD_USER_INPUT"},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			got := e.ask(t, admin, c.query, nil)
			assert.Less(t, time.Since(start), time.Second, "measured before it is run")
			require.NotEmpty(t, got.Errors, "%.300s", got.raw)
			assert.Equal(t, c.code, got.code(), "%.300s", got.raw)
			assert.NotContains(t, got.raw, "Did you mean")
			assert.Less(t, len(got.Errors), 200)
		})
	}
}

// Fragments that spread each other twice are 2^n fields on paper. The measuring must not be the attack.
func TestFragmentsAreMeasuredOnce(t *testing.T) {
	e := newEdge(t)
	const n = 60
	query := "{viewer{...f0}} " + fmt.Sprintf("fragment f%d on User{id}", n)
	for i := range n {
		query += fmt.Sprintf(" fragment f%d on User{...f%d ...f%d}", i, i+1, i+1)
	}
	start := time.Now()
	got := e.ask(t, admin, query, nil)
	assert.Less(t, time.Since(start), 2*time.Second)
	assert.Equal(t, "TOO_COMPLEX", got.code(), "%.300s", got.raw)
}

func TestIntrospectionOfCommonToolsPasses(t *testing.T) {
	e := newEdge(t)
	query, err := os.ReadFile("testdata/introspection.graphql")
	require.NoError(t, err)
	got := e.ask(t, "", string(query), nil)
	assert.Empty(t, got.Errors, "%.300s", got.raw)
	assert.Contains(t, string(got.Data), "PoolUsageLog")
}

func TestIntrospectionHasACost(t *testing.T) {
	e := newEdge(t)
	query, err := os.ReadFile("testdata/introspection.graphql")
	require.NoError(t, err)
	_, fragments, _ := strings.Cut(string(query), "fragment FullType")
	got := e.ask(t, "", "{"+repeat(4, "a%d:__schema{types{...FullType}} ")+"} fragment FullType"+fragments, nil)
	assert.Equal(t, "TOO_COMPLEX", got.code(), "%.300s", got.raw)
}

func TestUsualDocumentsPass(t *testing.T) {
	e := newEdge(t)
	got := e.ask(t, "", `{ a: viewer{id} b: viewer{id displayName wallet{available held owed vesting entries(first:100){edges{node{id amount kind memo}}}}} }`, nil)
	assert.Empty(t, got.Errors, got.raw)
}

func TestDocumentsWithTextAreNotKept(t *testing.T) {
	d := &documents{kept: map[string]*ast.QueryDocument{}}
	d.Add(t.Context(), `{viewer{id}}`, &ast.QueryDocument{})
	d.Add(t.Context(), `mutation{rotateResourceKey(id:"x",apiKey:"sk")}`, &ast.QueryDocument{})
	d.Add(t.Context(), "{"+strings.Repeat("viewer{id} ", 1000)+"}", &ast.QueryDocument{})
	assert.Len(t, d.kept, 1)
	for i := range cachedDocuments + 10 {
		d.Add(t.Context(), fmt.Sprintf("{a%d:viewer{id}}", i), &ast.QueryDocument{})
	}
	assert.Len(t, d.kept, cachedDocuments)
}
