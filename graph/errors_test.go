package graph

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ledger"
)

func TestFaultIsShown(t *testing.T) {
	e := newEdge(t)
	e.pools.fail = fault.New(fault.DeclaredQuotaTooHigh, "the provider reports less").With("actualQuota", "12.5").Because(errors.New(canary))
	got := e.ask(t, bob, `mutation { deposit(input: {provider: "openai", apiKey: "sk-abcdefgh", quota: 1000}) { fee } }`, nil)
	require.Len(t, got.Errors, 1, got.raw)
	assert.Equal(t, "the provider reports less", got.Errors[0].Message)
	assert.Equal(t, map[string]any{"code": "DECLARED_QUOTA_TOO_HIGH", "actualQuota": "12.5"}, got.Errors[0].Extensions)
	assert.Equal(t, []any{"deposit"}, got.Errors[0].Path)
	assert.NotContains(t, got.raw, "CANARY")
}

func TestABusyServerTellsWhenToComeAgain(t *testing.T) {
	e := newEdge(t)
	e.pools.fail = ledger.ErrOverloaded
	got := e.ask(t, bob, `mutation { deposit(input: {provider: "openai", apiKey: "sk-abcdefgh", quota: 1000}) { fee } }`, nil)
	require.Len(t, got.Errors, 1, got.raw)
	assert.Equal(t, map[string]any{"code": "OVERLOADED", "retryAfterSeconds": float64(2)}, got.Errors[0].Extensions)
}

func TestAnythingElseIsInternal(t *testing.T) {
	e := newEdge(t)
	for name, query := range map[string]string{"error": `{ poolOverview { requests } }`, "panic": `mutation { pauseResource(id: "x") { id } }`} {
		t.Run(name, func(t *testing.T) {
			got := e.ask(t, admin, query, nil)
			require.Len(t, got.Errors, 1, got.raw)
			assert.Equal(t, "INTERNAL", got.code())
			ref, _ := got.Errors[0].Extensions["ref"].(string)
			require.NotEmpty(t, ref)
			assert.NotContains(t, got.raw, "pq:")
			assert.NotContains(t, got.raw, "nothing to see")
			assert.Contains(t, e.logged.String(), ref)
		})
	}
	assert.Contains(t, e.logged.String(), "secret_table", "the log has the cause")
	assert.Contains(t, e.logged.String(), "harness_test.go", "the log has the stack")
}

// A bad argument names itself, wherever it was found: by the document's validation, in a variable, by a scalar of ours or
// by the domain.
func TestBadArgumentIsNamed(t *testing.T) {
	e := newEdge(t)
	const deposit = `mutation D($in: DepositInput!) { deposit(input: $in) { fee } }`
	input := func(changes map[string]any) map[string]any {
		in := map[string]any{"provider": "openai", "apiKey": "sk-abcdefgh", "quota": "1000"}
		for k, v := range changes {
			in[k] = v
		}
		return map[string]any{"in": in}
	}
	e.pools.fail = fault.Invalid("label", "too long")
	for name, c := range map[string]struct {
		query     string
		variables map[string]any
		want      string
	}{
		"a scalar in a variable":           {deposit, input(map[string]any{"quota": "1e3"}), "input.quota"},
		"a Float for an amount":            {deposit, input(map[string]any{"quota": 1.5}), "input.quota"},
		"a time in a variable":             {deposit, input(map[string]any{"expiresAt": "tomorrow"}), "input.expiresAt"},
		"another type in a variable":       {deposit, input(map[string]any{"provider": 7}), "input.provider"},
		"an unknown field":                 {deposit, input(map[string]any{"role": "ADMIN"}), "input.role"},
		"a missing one":                    {deposit, map[string]any{"in": map[string]any{"provider": "openai", "apiKey": "x"}}, "input.quota"},
		"no variable":                      {deposit, nil, "input"},
		"a variable inside of an object":   {`mutation D($q: USD!) { deposit(input: {provider: "x", apiKey: "y", quota: $q}) { fee } }`, map[string]any{"q": "x"}, "input.quota"},
		"a missing variable inside":        {`mutation D($q: USD!) { deposit(input: {provider: "x", apiKey: "y", quota: $q}) { fee } }`, nil, "input.quota"},
		"a scalar in the document":         {`mutation { deposit(input: {provider: "x", apiKey: "y", quota: "NaN"}) { fee } }`, nil, "input.quota"},
		"a number that is too large":       {`{ depositQuote(quota: 1e309) { fee } }`, nil, "quota"},
		"another type in the document":     {`mutation { deposit(input: {provider: 7, apiKey: "y", quota: "1"}) { fee } }`, nil, "input.provider"},
		"an enum in another case":          {`query U($s: UserStatus) { users(filter: {status: $s}) { totalCount } }`, map[string]any{"s": "active"}, "filter.status"},
		"a whole number that is too large": {`query U($n: Int) { users(first: $n) { totalCount } }`, map[string]any{"n": 1 << 31}, "first"},
		"a place in a list":                {`mutation R($r: [Role!]!) { setRoles(userId: "x", roles: $r) { id } }`, map[string]any{"r": []string{"USER", "KING"}}, "roles[1]"},
		"the domain":                       {deposit, input(nil), "input.label"},
	} {
		t.Run(name, func(t *testing.T) {
			got := e.ask(t, admin, c.query, c.variables)
			require.NotEmpty(t, got.Errors, got.raw)
			assert.Equal(t, "BAD_USER_INPUT", got.code(), got.raw)
			assert.Equal(t, c.want, got.field(), got.raw)
		})
	}
	assert.Empty(t, e.logged.String(), "a client's mistake is none of ours")
}
