package keys

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/programtest"
)

const introspection = `{ __schema { types { kind name
	fields(includeDeprecated: true) { name args { name type { ...T } } type { ...T } }
	inputFields { name type { ...T } } } } }
	fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`

// api is the schema as its readers see it.
type api map[string]gjson.Result

func schemaOf(c *client) api {
	out := api{}
	for _, t := range c.Must(introspection, nil).Get("__schema.types").Array() {
		out[t.Get("name").String()] = t
	}
	return out
}

// named is the type within lists and non-nulls.
func named(t gjson.Result) gjson.Result {
	for t.Get("ofType").IsObject() {
		t = t.Get("ofType")
	}
	return t
}

// fields selects all of a type down to a depth, but for what has to be given an argument.
func (a api) fields(name string, depth int) string {
	var out []string
	for _, f := range a[name].Get("fields").Array() {
		inner := named(f.Get("type"))
		args, ok := a.arguments(f)
		if !ok {
			continue
		}
		switch inner.Get("kind").String() {
		case "SCALAR", "ENUM":
			out = append(out, f.Get("name").String()+args)
		case "OBJECT":
			if depth == 0 {
				continue
			}
			if nested := a.fields(inner.Get("name").String(), depth-1); nested != "" {
				out = append(out, f.Get("name").String()+args+" { "+nested+" }")
			}
		}
	}
	return strings.Join(out, " ")
}

func (a api) arguments(f gjson.Result) (string, bool) {
	args := ""
	for _, arg := range f.Get("args").Array() {
		if arg.Get("type.kind").String() == "NON_NULL" {
			return "", false
		}
		if arg.Get("name").String() == "first" {
			args = "(first: 3)"
		}
	}
	return args, true
}

// Row 10: no output of the API has a key in it, not for an admin either.
func TestRow10_KeyReadableByAPI(t *testing.T) {
	t.Parallel()
	s := begin(t)
	secret := canary()
	bob := s.Person("bob")
	own := bob.Deposit(s.up, "sk-"+secret+"-own", "10")
	ours := s.admin.Platform(s.up, "sk-"+secret+"-ours", "10", false)
	s.tom.Must(programtest.Complete, programtest.Ask("gpt-4", nil))

	schema := schemaOf(s.admin)
	for name, typ := range schema {
		for _, f := range typ.Get("fields").Array() {
			at := name + "." + f.Get("name").String()
			require.NotRegexp(t, `(?i)(api_?key|plain|cipher|wrapped|fingerprint)$`, at, "a field by this name")
		}
	}
	asked, answers := 0, strings.Builder{}
	for who, c := range map[string]*client{"admin": s.admin, "owner": bob} {
		for _, f := range schema["Query"].Get("fields").Array() {
			inner, name := named(f.Get("type")), f.Get("name").String()
			args, ok := schema.arguments(f)
			if !ok || inner.Get("kind").String() != "OBJECT" {
				continue
			}
			for depth := 3; depth >= 0; depth-- { // as deep as the server lets a document be
				data, err := c.Do(fmt.Sprintf("{ %s%s { %s } }", name, args, schema.fields(inner.Get("name").String(), depth)), nil)
				fmt.Fprintln(&answers, who, name, data.Raw, err)
				if e, ok := err.(*programtest.GraphError); !ok || e.Code != "TOO_COMPLEX" && e.Code != "BAD_USER_INPUT" {
					asked++
					break
				}
			}
		}
		for _, id := range []string{own, ours} {
			for depth := 2; depth >= 0; depth-- {
				data, err := c.Do(fmt.Sprintf(`query($id: ID!) { node(id: $id) { ... on PoolResource { %s } } }`, schema.fields("PoolResource", depth)), vars{"id": id})
				fmt.Fprintln(&answers, who, data.Raw, err)
				if data.Get("node.maskedKey").Exists() {
					asked++
					break
				}
			}
		}
	}
	require.Greater(t, asked, 20, "queries that were answered")
	require.Contains(t, answers.String(), "sk-…", "a masked key, so that the search would find a whole one")
	require.False(t, strings.Contains(answers.String(), secret), "an answer has a key in it")
}

// What the log of accesses tells to whom.
func TestOwnersReadWhoOpenedTheirKeys(t *testing.T) {
	t.Parallel()
	s := begin(t)
	bob := s.Person("bob")
	id := bob.Deposit(s.up, "sk-of-bob-0123456789", "10")
	const list = `query($id: ID) { keyAccesses(first: 10, resourceId: $id) { totalCount edges { node { at purpose resource { id } actor { id } requestId serverId } } } }`
	opened := func() gjson.Result { return bob.Must(list, vars{"id": id}).Get("keyAccesses") }
	require.Eventually(t, func() bool { // once what the deposit changed is known, the key stays in memory
		s.tom.Must(programtest.Complete, programtest.Ask("gpt-4", nil))
		before := opened().Get("totalCount").Int()
		for range 3 {
			s.tom.Must(programtest.Complete, programtest.Ask("gpt-4", nil))
		}
		return before > 0 && opened().Get("totalCount").Int() == before
	}, 10*time.Second, 10*time.Millisecond, "a key is opened for each request")
	mine := opened()
	row := mine.Get("edges.0.node")
	require.Equal(t, "request", row.Get("purpose").String())
	require.Equal(t, id, row.Get("resource.id").String())
	for _, hidden := range []string{"actor", "requestId", "serverId"} {
		require.Equal(t, gjson.Null, row.Get(hidden).Type, hidden)
	}
	all := s.admin.Must(list, nil).Get("keyAccesses.edges.0.node")
	require.Equal(t, s.tom.ID, all.Get("actor.id").String())
	require.NotEmpty(t, all.Get("requestId").String())
	require.NotEmpty(t, all.Get("serverId").String())
	for _, asks := range []vars{{"id": id}, nil} {
		s.tom.Refused("FORBIDDEN", list, asks)
	}
	bob.Refused("FORBIDDEN", list, nil)
	bob.Refused("FORBIDDEN", list, vars{"id": "res_06c3wz0000000000000000000z"})
}
