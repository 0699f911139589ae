package access

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

const schemaQuery = `{ __schema {
	queryType { fields { name description args { name type { ...T } } type { ...T } } }
	mutationType { fields { name description args { name type { ...T } } type { ...T } } }
	types { name kind enumValues { name } inputFields { name defaultValue type { ...T } } } } }
	fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`

// adminsField is how the schema says of a field that it is for admins alone.
var adminsField = regexp.MustCompile(`Admins only\.|^Admins:`)

// call writes a call of a root field with arguments that parse.
func call(schema, field gjson.Result) string {
	var args []string
	for _, a := range field.Get("args").Array() {
		if a.Get("type.kind").String() == "NON_NULL" {
			args = append(args, a.Get("name").String()+": "+sample(schema, a.Get("type.ofType")))
		}
	}
	out := field.Get("name").String()
	if len(args) > 0 {
		out += "(" + strings.Join(args, ", ") + ")"
	}
	leaf := field.Get("type")
	for leaf.Get("ofType").IsObject() {
		leaf = leaf.Get("ofType")
	}
	if kind := leaf.Get("kind").String(); kind == "OBJECT" || kind == "INTERFACE" {
		out += " { __typename }"
	}
	return out
}

func sample(schema, typ gjson.Result) string {
	name := typ.Get("name").String()
	def := schema.Get(`__schema.types.#(name=="` + name + `")`)
	switch typ.Get("kind").String() {
	case "NON_NULL":
		return sample(schema, typ.Get("ofType"))
	case "LIST":
		return "[" + sample(schema, typ.Get("ofType")) + "]"
	case "ENUM":
		return def.Get("enumValues.0.name").String()
	case "INPUT_OBJECT":
		var fields []string
		for _, f := range def.Get("inputFields").Array() {
			if f.Get("type.kind").String() == "NON_NULL" && f.Get("defaultValue").Type == gjson.Null {
				fields = append(fields, f.Get("name").String()+": "+sample(schema, f.Get("type.ofType")))
			}
		}
		return "{" + strings.Join(fields, ", ") + "}"
	}
	switch name {
	case "Credits", "USD", "Int", "Float":
		return "1"
	case "Time":
		return `"2030-01-02T03:04:05Z"`
	case "Boolean":
		return "true"
	}
	return `"x"`
}

// TestRow12_AdminFunctions: whatever the schema says is for admins is refused to a consumer, and nothing of it happens.
func TestRow12_AdminFunctions(t *testing.T) {
	p, db := one(t)
	admin, tom := p.Admin(), p.Person("tom")
	admin.Grant(tom, "5")
	limited := token(tom, `, scopes: [ADMIN, RESOURCES]`)
	schema := tom.Must(schemaQuery, nil)
	state := func() string {
		return text(t, db, `SELECT seq FROM ledger_head`) + text(t, db, `SELECT count(*) FROM audit_events`) +
			text(t, db, `SELECT md5(string_agg(u::text, '|' ORDER BY id)) FROM users u`) + text(t, db, `SELECT md5(s::text) FROM settings s`)
	}
	before, tried := state(), map[string]bool{}
	for _, root := range []string{"query", "mutation"} {
		for _, field := range schema.Get("__schema." + root + "Type.fields").Array() {
			if !adminsField.MatchString(field.Get("description").String()) {
				continue
			}
			name, document := field.Get("name").String(), root+" { "+call(schema, field)+" }"
			tried[name] = true
			for _, who := range []*client{tom, limited} {
				answer := who.Answer(document, nil)
				require.Equal(t, "FORBIDDEN", codeOf(answer), "%s: %s", document, answer.Raw)
			}
			answer := p.Anonymous().Answer(document, nil)
			require.Equal(t, "UNAUTHENTICATED", codeOf(answer), "%s: %s", document, answer.Raw)
		}
	}
	for _, name := range []string{"grantCredits", "setRoles", "setUserStatus", "setModelPrice", "updateSettings", "addPlatformResource", "suspendResource",
		"saveCustomRole", "setCustomRoles", "createInvite", "users", "resources", "ledgerTransactions", "poolOverview", "settings"} {
		require.True(t, tried[name], "%s is not said to be for admins", name)
	}
	tom.Refused("FORBIDDEN", `mutation($u: ID!) { grantCredits(userId: $u, amount: 1, memo: "for me") { seq } }`, vars{"u": tom.ID})
	tom.Refused("FORBIDDEN", `mutation($u: ID!) { setRoles(userId: $u, roles: [ADMIN]) { id } }`, vars{"u": tom.ID})
	require.Equal(t, before, state())
}

// TestRow13_StalePolicy: a right that is taken at one server is gone at the other within a second, whether it came with a role or
// with one that the operator made.
func TestRow13_StalePolicy(t *testing.T) {
	p := servers(t)
	admin, tom := p.a.Admin(), p.a.Person("tom")
	const setRoles = `mutation($u: ID!, $r: [Role!]!) { setRoles(userId: $u, roles: $r) { roles } }`
	const ask = `{ users { totalCount } }`
	there := tom.At(p.b)
	for range 2 {
		admin.Must(setRoles, vars{"u": tom.ID, "r": []string{"USER", "ADMIN"}})
		within(t, time.Second, "", there, ask, nil)
		admin.Must(setRoles, vars{"u": tom.ID, "r": []string{"USER"}})
		tom.Refused("FORBIDDEN", ask, nil)
		time.Sleep(time.Second)
		there.Refused("FORBIDDEN", ask, nil)
	}

	role := func(object string) {
		admin.Must(`mutation($o: String!) { saveCustomRole(input: {name: "AUDITOR", grants: [{object: $o, action: "call"}]}) { name } }`, vars{"o": object})
	}
	role("Query.users")
	admin.Must(`mutation($u: ID!) { setCustomRoles(userId: $u, roles: ["AUDITOR"]) { customRoles } }`, vars{"u": tom.ID})
	tom.Must(ask, nil)
	within(t, time.Second, "", there, ask, nil)
	role("Query.settings")
	tom.Refused("FORBIDDEN", ask, nil)
	time.Sleep(time.Second)
	there.Refused("FORBIDDEN", ask, nil)
	there.Must(`{ settings { __typename } }`, nil)
	admin.Must(`mutation { removeCustomRole(name: "AUDITOR") }`, nil)
	tom.Refused("FORBIDDEN", `{ settings { __typename } }`, nil)
	time.Sleep(time.Second)
	there.Refused("FORBIDDEN", `{ settings { __typename } }`, nil)

	// Where the rules can't be read, nobody has the rights of any.
	role("Query.users")
	admin.Must(`mutation($u: ID!) { setCustomRoles(userId: $u, roles: ["AUDITOR"]) { customRoles } }`, vars{"u": tom.ID})
	within(t, time.Second, "", there, ask, nil)
	change(t, p.db, `ALTER TABLE custom_roles RENAME TO custom_roles_away`)
	within(t, 2*time.Second, "FORBIDDEN", there, ask, nil)
	within(t, 2*time.Second, "FORBIDDEN", tom, ask, nil)
	there.Must(`{ viewer { id } }`, nil)
	change(t, p.db, `ALTER TABLE custom_roles_away RENAME TO custom_roles`)
	within(t, 2*time.Second, "", there, ask, nil)
}
