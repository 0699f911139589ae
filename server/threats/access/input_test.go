package access

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRow11_MassAssignment: an input takes its own fields and no others, written out or in a variable.
func TestRow11_MassAssignment(t *testing.T) {
	p, db := one(t)
	tom := p.Person("tom")
	rows := func() string {
		return text(t, db, `SELECT md5(string_agg(u::text, '|' ORDER BY id)) FROM users u`) + text(t, db, `SELECT count(*) FROM api_tokens`)
	}
	before := rows()

	extra := []string{`role: ADMIN`, `roles: [ADMIN]`, `admin: true`, `isAdmin: true`, `contributor: true`, `status: ACTIVE`, `credits: "9"`,
		`wallet: {available: "9"}`, `id: "usr_0"`, `userId: "usr_0"`, `ownerId: "usr_0"`, `emailVerifiedAt: "2026-01-02T03:04:05Z"`, `customRoles: ["AUDITOR"]`}
	for _, e := range extra {
		for _, call := range []string{
			`signUp(input: {email: "eve@example.org", password: "password of eve", displayName: "Eve", $}) { viewer { id } }`,
			`createApiToken(input: {name: "mine", $}) { secret }`,
			`deposit(input: {provider: "openai", apiKey: "sk-mine-0123456789", quota: "5", acceptedTerms: "v3", $}) { fee }`,
			`complete(input: {model: "gpt-4", messages: [{role: USER, content: "x", $}]}) { creditsCharged }`,
		} {
			answer := tom.Answer(`mutation { `+strings.Replace(call, "$", e, 1)+` }`, nil)
			require.Equal(t, "BAD_USER_INPUT", codeOf(answer), "%s with %s: %s", call, e, answer.Raw)
			require.False(t, answer.Get("data").IsObject(), answer.Raw)
		}
		name, _, _ := strings.Cut(e, ":")
		answer := p.Anonymous().Answer(`mutation($i: SignUpInput!) { signUp(input: $i) { viewer { id } } }`,
			vars{"i": vars{"email": "eve@example.org", "password": "password of eve", "displayName": "Eve", name: "ADMIN"}})
		require.Equal(t, "BAD_USER_INPUT", codeOf(answer), "a variable with %s: %s", e, answer.Raw)
	}
	require.Equal(t, before, rows())
	require.Equal(t, `["USER"]`, tom.Must(`{ viewer { roles } }`, nil).Get("viewer.roles").Raw)
}
