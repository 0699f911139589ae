package access

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

const chat = `{"model": "gpt-4", "max_tokens": 100, "messages": [{"role": "user", "content": "Write an article"}]}`

func TestTokensDoWhatTheirScopesSay(t *testing.T) {
	u := upstreamtest.New(t)
	p, _ := one(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	_, tom, _ := world(t, p, u)
	admin := p.Admin()
	const pause, read, run = `mutation { pauseResource(id: "res_00000000000000000000000000") { id } }`, `{ viewer { wallet { available } } }`, `{ settings { __typename } }`
	for scopes, want := range map[string][4]string{ // complete, read, pause, read as an admin
		``:                        {"", "", "NOT_FOUND", ""},
		`, scopes: [COMPLETIONS]`: {"", "null", "FORBIDDEN", "FORBIDDEN"},
		`, scopes: [READ]`:        {"FORBIDDEN", "", "FORBIDDEN", "FORBIDDEN"},
		`, scopes: [RESOURCES]`:   {"FORBIDDEN", "", "NOT_FOUND", "FORBIDDEN"},
		`, scopes: [ADMIN]`:       {"FORBIDDEN", "", "FORBIDDEN", ""},
		`, spendLimit: "50"`:      {"", "", "FORBIDDEN", "FORBIDDEN"},
	} {
		of := tom
		if want[3] == "" {
			of = admin
		}
		c := token(of, scopes)
		if of == tom {
			answer := c.Answer(programtest.Complete, programtest.Ask("gpt-4", vars{"maxTokens": 10}))
			require.Equal(t, want[0], codeOf(answer), "%s completes: %s", scopes, answer.Raw)
			resp, body := p.Call("POST", "/v1/chat/completions", chat, "Authorization", "Bearer "+c.Token, "Content-Type", "application/json")
			require.Equal(t, want[0] == "", resp.StatusCode == 200, "%s over /v1: %s", scopes, body.Raw)
		}
		wallet := c.Answer(read, nil)
		require.Equal(t, want[1] == "null", wallet.Get("data.viewer.wallet").Type == gjson.Null, "%s reads: %s", scopes, wallet.Raw)
		require.Equal(t, want[2], codeOf(c.Answer(pause, nil)), "%s pauses", scopes)
		require.Equal(t, want[3], codeOf(c.Answer(run, nil)), "%s is an admin", scopes)
	}
}

func TestATokenMakesNoTokensAndChangesNoAccount(t *testing.T) {
	p, _ := one(t)
	admin, tom := p.Admin(), p.Person("tom")
	for _, fields := range []string{``, `, scopes: [COMPLETIONS, READ, RESOURCES, ADMIN]`, `, spendLimit: "1"`} {
		c := token(admin, fields)
		for _, call := range []string{
			`createApiToken(input: {name: "more"}) { secret }`, `revokeApiToken(id: "` + c.ID + `") { id }`, `signOut`, `reauthenticate(password: "x")`,
			`setRoles(userId: "` + tom.ID + `", roles: [ADMIN]) { id }`, `setUserStatus(userId: "` + tom.ID + `", status: FROZEN) { id }`,
			`setCustomRoles(userId: "` + tom.ID + `", roles: []) { id }`, `removeCustomRole(name: "X")`, `createInvite(email: "x@example.org") { code }`,
			`grantCredits(userId: "` + tom.ID + `", amount: 1, memo: "x") { seq }`, `withdrawResource(id: "x") { fee }`, `rotateResourceKey(id: "x", apiKey: "sk-x") { id }`,
			`changePassword(password: "x", newPassword: "another password") { viewer { id } }`, `changeEmail(email: "x@example.org") { id }`, `deleteAccount`,
			`enrolTotp { secret }`, `disableTotp(code: "1") { id }`, `recoveryCodes { recoveryCodes }`, `revokeOtherSessions`,
		} {
			answer := c.Answer(`mutation { `+call+` }`, nil)
			require.Equal(t, "FORBIDDEN", codeOf(answer), "%s: %s", call, answer.Raw)
			require.Contains(t, answer.Get("errors.0.message").String(), "an API token can't do this")
		}
	}
}

func TestATokenIsUsedFromItsNetworks(t *testing.T) {
	p, _ := one(t, "POOL_TRUSTED_PROXIES=127.0.0.1/32")
	tom := p.Person("tom")
	here, elsewhere := token(tom, `, networks: ["127.0.0.0/8", "::1"]`), token(tom, `, networks: ["192.0.2.0/24"]`)
	require.Equal(t, `["127.0.0.0/8","::1/128"]`, tom.Must(`{ viewer { apiTokens { networks } } }`, nil).Get("viewer.apiTokens.1.networks").Raw)
	here.Must(`{ viewer { id } }`, nil)
	open(here, keys)

	e := elsewhere.Refused("FORBIDDEN", `{ viewer { id } }`, nil)
	require.Contains(t, e.Message, "127.0.0.1")
	_, err := elsewhere.Dial()
	require.ErrorContains(t, err, "4403")
	bearer := []string{"Authorization", "Bearer " + elsewhere.Token, "Content-Type", "application/json"}
	resp, body := p.Call("GET", "/v1/models", "", bearer...)
	require.Equal(t, 403, resp.StatusCode, body.Raw)
	require.Contains(t, body.Raw, "127.0.0.1")
	resp, body = p.Call("GET", "/v1/models", "", append(bearer, "X-Forwarded-For", "192.0.2.9")...)
	require.Equal(t, 200, resp.StatusCode, "as the proxy says: %s", body.Raw)
	resp, _ = p.Call("GET", "/v1/models", "", append(bearer, "X-Forwarded-For", "192.0.2.9, 198.51.100.1")...)
	require.Equal(t, 403, resp.StatusCode, "what the client says of itself counts for nothing")

	for field, input := range map[string]string{
		"input.networks": `networks: ["example.org"]`, "input.scopes": `scopes: []`, "input.spendLimitPeriod": `spendLimitPeriod: DAY`,
	} {
		e := tom.Refused("BAD_USER_INPUT", `mutation { createApiToken(input: {name: "t", `+input+`}) { secret } }`, nil)
		require.Equal(t, field, e.Field)
	}
}

func TestASpendLimitBeginsAnew(t *testing.T) {
	u := upstreamtest.New(t)
	p, db := one(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	_, tom, _ := world(t, p, u)
	c := token(tom, `, spendLimit: "1", spendLimitPeriod: WEEK`)
	ask := programtest.Ask("gpt-4", vars{"maxTokens": 60})
	u.NextUsage("sk-bobs-0123456789", 20, 60)
	c.Must(programtest.Complete, ask)
	e := c.Refused("INSUFFICIENT_CREDITS", programtest.Complete, ask)
	require.Equal(t, "token", e.Extensions.Get("limit").String())
	show := `{ viewer { apiTokens { spent spendLimit spendLimitPeriod periodEndsAt scopes } } }`
	shown := tom.Must(show, nil).Get("viewer.apiTokens.0")
	require.Equal(t, "0.6", shown.Get("spent").String(), shown.Raw)
	require.Equal(t, "WEEK", shown.Get("spendLimitPeriod").String())
	require.Equal(t, text(t, db, `SELECT to_char(date_trunc('week', now(), 'UTC') AT TIME ZONE 'UTC' + interval '7 days', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`), shown.Get("periodEndsAt").String())

	p.Verified()
	change(t, db, `UPDATE ledger_budgets SET period_start = period_start - interval '7 days'`)
	require.Equal(t, "0", tom.Must(show, nil).Get("viewer.apiTokens.0.spent").String())
	c.Must(programtest.Complete, ask)
}

func TestSensitiveActsAskWhoItIs(t *testing.T) {
	p := servers(t)
	tom := p.a.Person("tom")
	const act, again = `mutation { createApiToken(input: {name: "t"}) { secret } }`, `mutation { reauthenticate(password: "password of tom") }`
	tom.Must(act, nil)
	s := open(tom, keys)
	change(t, p.db, `UPDATE sessions SET reauthenticated_at = now() - interval '30 minutes' WHERE user_id = $1`, tom.ID)
	within(t, soonEnough+soonEnough/2, "REAUTHENTICATION_REQUIRED", tom, act, nil)
	for _, call := range []string{`withdrawResource(id: "x") { fee }`, `rotateResourceKey(id: "x", apiKey: "sk-x") { id }`, `changeEmail(email: "x@example.org") { id }`, `deleteAccount`, `beginPasskeyRegistration { id }`, `removePasskey(id: "x")`, `linkIdentity { url }`} {
		tom.Refused("REAUTHENTICATION_REQUIRED", `mutation { `+call+` }`, nil)
	}
	s.Subscribe(act, nil)
	m, err := s.Read(soonEnough)
	require.NoError(t, err)
	require.Equal(t, "REAUTHENTICATION_REQUIRED", m.Get("payload.errors.0.extensions.code").String(), m.Raw)
	_, err = s.Read(soonEnough) // it is complete
	require.NoError(t, err)

	tom.Must(again, nil)
	s.Subscribe(act, nil)
	require.NotEmpty(t, s.Event().Get("createApiToken.secret").String(), "at once, on the socket too")
	tom.Must(act, nil)
	within(t, soonEnough, "", tom.At(p.b), act, nil)
}
