package acceptance

import (
	"database/sql"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

// audited is a mutation and what the audit log says of it.
type audited struct {
	who                     *client
	mutation, query, action string
	v                       vars
	reason                  string
}

// Whoever adds a mutation for admins adds it here: what leaves no row fails.
func TestEveryActLeavesOneRowInTheAuditLog(t *testing.T) {
	u, database := upstreamtest.New(t), dbtest.URL(t)
	p := programtest.Launch(t, programtest.Settings(t, database, "POOL_PROVIDER_URLS="+u.ProviderURLs()))
	db := dbtest.Open(t, database)
	admin, bob, tom := p.Admin(), p.Person("bob"), p.Person("tom")
	u.AddKey("sk-platform-0123456789", "100")
	u.AddKey("sk-bobs-new-0123456789", "100")
	admin.GPT4()
	bobs := bob.Deposit(u, "sk-bobs-0123456789", "100")
	token := tom.Must(`mutation { createApiToken(input: {name: "t"}) { token { id } } }`, nil).Get("createApiToken.token.id").String()
	ofBobs, ofTom := vars{"id": bobs}, vars{"id": tom.ID}
	platform := vars{"i": vars{"provider": "openai", "apiKey": "sk-platform-0123456789", "quota": "100"}}
	price := vars{"i": vars{
		"model": "gpt-4", "provider": "openai", "inputCostPerMillion": "11", "outputCostPerMillion": "30", "inputPricePerMillion": "0", "outputPricePerMillion": "10000",
	}}
	acts := []audited{
		{admin, "addPlatformResource", `mutation($i: DepositInput!) { addPlatformResource(input: $i, reason: "why") { id } }`, "resource.deposit", platform, "why"},
		{admin, "setModelPrice", `mutation($i: SetModelPriceInput!) { setModelPrice(input: $i, reason: "why") { id } }`, "price.set", price, "why"},
		{admin, "setModelAlias", `mutation { setModelAlias(name: "best", model: "gpt-4", reason: "why") { name } }`, "alias.set", nil, "why"},
		{admin, "removeModelAlias", `mutation { removeModelAlias(name: "best", reason: "why") }`, "alias.remove", nil, "why"},
		{admin, "updateSettings", `mutation { updateSettings(input: {depositFeeRate: 0.2}, reason: "why") { depositFeeRate } }`, "settings.update", nil, "why"},
		{admin, "grantCredits", `mutation($id: ID!) { grantCredits(userId: $id, amount: 5, memo: "why") { id } }`, "credits.grant", ofTom, "why"},
		{admin, "setUserStatus", `mutation($id: ID!) { setUserStatus(userId: $id, status: FROZEN, reason: "why") { id } }`, "user.status", ofTom, "why"},
		{admin, "setUserStatus", `mutation($id: ID!) { setUserStatus(userId: $id, status: ACTIVE) { id } }`, "user.status", ofTom, ""},
		{admin, "revokeApiToken", `mutation($id: ID!) { revokeApiToken(id: $id, reason: "why") { id } }`, "token.revoke", vars{"id": token}, "why"},
		{admin, "pauseResource", `mutation($id: ID!) { pauseResource(id: $id, reason: "why") { id } }`, "resource.pause", ofBobs, "why"},
		{admin, "resumeResource", `mutation($id: ID!) { resumeResource(id: $id, reason: "why") { id } }`, "resource.resume", ofBobs, "why"},
		{admin, "setResourceLimits", `mutation($id: ID!) { setResourceLimits(id: $id, maxConcurrency: 3, reason: "why") { id } }`, "resource.limit", ofBobs, "why"},
		{admin, "verifyResource", `mutation($id: ID!) { verifyResource(id: $id) { id } }`, "resource.verify", ofBobs, ""},
		{admin, "suspendResource", `mutation($id: ID!) { suspendResource(id: $id, reason: "why") { id } }`, "resource.suspend", ofBobs, "why"},
		{admin, "resumeResource", `mutation($id: ID!) { resumeResource(id: $id) { id } }`, "resource.lift", ofBobs, ""},
		{admin, "createInvite", `mutation { createInvite(email: "new@example.org") { code } }`, "user.invite", nil, ""},
		{admin, "setRoles", `mutation($id: ID!) { setRoles(userId: $id, roles: [USER, ADMIN], reason: "why") { id } }`, "user.roles", ofTom, "why"},
		{bob, "rotateResourceKey", `mutation($id: ID!) { rotateResourceKey(id: $id, apiKey: "sk-bobs-new-0123456789") { id } }`, "resource.rotate", ofBobs, ""},
		{bob, "withdrawResource", `mutation($id: ID!) { withdrawResource(id: $id) { fee } }`, "resource.withdraw", ofBobs, ""},
		{bob, "createApiToken", `mutation { createApiToken(input: {name: "t"}) { secret } }`, "token.create", nil, ""},
		{bob, "reauthenticate", `mutation { reauthenticate(password: "password of bob") }`, "user.reauthenticate", nil, ""},
		{bob, "signOut", `mutation { signOut }`, "user.signOut", nil, ""},
	}
	rows := func() (n int) {
		require.NoError(t, db.QueryRowContext(t.Context(), `SELECT count(*) FROM audit_events WHERE actor_id IS NOT NULL`).Scan(&n))
		return n
	}
	acted := map[string]bool{}
	for _, a := range acts {
		before := rows()
		a.who.Must(a.query, a.v)
		assert.Equal(t, before+1, rows(), "%s leaves one row", a.mutation)
		var action, actor, session, request, ip, agent, reason string
		require.NoError(t, db.QueryRowContext(t.Context(), `SELECT action, actor_id, session_id, request_id, ip, user_agent, reason FROM audit_events
			WHERE actor_id IS NOT NULL ORDER BY id DESC LIMIT 1`).Scan(&action, &actor, &session, &request, &ip, &agent, &reason))
		assert.Equal(t, []string{a.action, a.who.ID, "127.0.0.1", a.reason}, []string{action, actor, ip, reason}, a.mutation)
		assert.Regexp(t, `^ses_.* req_.* Go-http-client`, session+" "+request+" "+agent, a.mutation)
		acted[a.mutation] = true
	}

	policy, err := access.New()
	require.NoError(t, err)
	user, boss := &access.Actor{ID: "usr_a", Roles: []access.Role{access.User, access.Contributor}}, &access.Actor{ID: "usr_b", Roles: []access.Role{access.Admin}}
	schema := admin.Must(`{ __schema { mutationType { fields { name } } } }`, nil)
	for _, name := range schema.Get("__schema.mutationType.fields.#.name").Array() {
		field := "Mutation." + name.String()
		if policy.Can(boss, "call", field, "") && !policy.Can(user, "call", field, "") {
			assert.True(t, acted[name.String()], "%s is of admins, and nothing here says what it leaves in the audit log", name)
		}
	}
	noSecretsIn(t, db)
}

// noSecretsIn reads all that the audit log has.
func noSecretsIn(t *testing.T, db *sql.DB) {
	t.Helper()
	var all string
	require.NoError(t, db.QueryRowContext(t.Context(), `SELECT string_agg(audit_events::text, ' ') FROM audit_events`).Scan(&all))
	for _, secret := range []string{"sk-bobs", "sk-platform", "password of", "@example.org", programtest.AdminPassword, "rp_"} {
		assert.NotContains(t, all, secret)
	}
}

func TestTheAuditLogIsReadByWhomItIsAbout(t *testing.T) {
	database := dbtest.URL(t)
	p := programtest.Launch(t, programtest.Settings(t, database))
	admin, tom, eve := p.Admin(), p.Person("tom"), p.Person("eve")
	admin.Must(`mutation($id: ID!) { setUserStatus(userId: $id, status: FROZEN, reason: "looking into it") { id } }`, vars{"id": tom.ID})
	p.Anonymous().Refused("UNAUTHENTICATED", `mutation { signIn(input: {email: "tom@example.org", password: "wrong password"}) { viewer { id } } }`, nil)
	const query = `query($f: AuditFilter) { auditLog(filter: $f) { totalCount edges { node { action actor { id } subject detail reason ip userAgent sessionId requestId } } } }`
	failed := vars{"f": vars{"action": "user.signInFailed"}}
	require.Eventually(t, func() bool { return tom.Must(query, failed).Get("auditLog.totalCount").Int() == 1 }, 5*time.Second, 10*time.Millisecond)

	actions := func(c *client, f vars) (out []string) {
		for _, a := range c.Must(query, vars{"f": f}).Get("auditLog.edges.#.node.action").Array() {
			out = append(out, a.String())
		}
		return out
	}
	require.Equal(t, []string{"user.signInFailed", "user.status", "user.signUp"}, actions(tom, nil))
	require.Equal(t, []string{"user.signUp"}, actions(eve, nil))
	require.Equal(t, []string{"user.signUp"}, actions(tom, vars{"actorId": tom.ID}))
	require.Equal(t, []string{"user.status"}, actions(admin, vars{"subject": tom.ID, "actorId": admin.ID}))
	require.Subset(t, actions(admin, nil), []string{"user.firstAdmin", "user.signIn", "user.signUp", "user.status", "user.signInFailed"})
	require.Empty(t, actions(eve, vars{"subject": "res_none"}))
	for _, f := range []vars{{"actorId": tom.ID}, {"subject": tom.ID}, {"actorId": "usr_none"}} {
		eve.Refused("FORBIDDEN", query, vars{"f": f})
	}
	require.Equal(t, "filter.action", eve.Refused("BAD_USER_INPUT", query, vars{"f": vars{"action": "\u0000"}}).Field)
	p.Anonymous().Refused("UNAUTHENTICATED", query, nil)

	status := tom.Must(query, vars{"f": vars{"action": "user.status"}}).Get("auditLog.edges.0.node")
	require.JSONEq(t, `{"action": "user.status", "actor": null, "subject": "`+tom.ID+`", "detail": "{\"from\":\"ACTIVE\",\"to\":\"FROZEN\"}", "reason": "looking into it",
		"ip": null, "userAgent": null, "sessionId": null, "requestId": null}`, status.Raw, "who did it, and from where, is the admin's own")
	seen := admin.Must(query, vars{"f": vars{"action": "user.status"}}).Get("auditLog.edges.0.node")
	require.Equal(t, admin.ID, seen.Get("actor.id").String())
	require.Equal(t, "127.0.0.1", seen.Get("ip").String())
	require.Equal(t, "127.0.0.1", tom.Must(query, failed).Get("auditLog.edges.0.node.ip").String(), "where somebody tried to come in from")
	require.True(t, json.Valid([]byte(seen.Get("detail").String())))

	// The server's own role can't unsay anything.
	app := dbtest.Open(t, programtest.Variable(p.Env, "DATABASE_URL"))
	for _, statement := range []string{`UPDATE audit_events SET actor_id = NULL`, `DELETE FROM audit_events`, `TRUNCATE audit_events`, `ALTER TABLE audit_events DISABLE TRIGGER ALL`, `DROP TABLE audit_events`} {
		_, err := app.ExecContext(t.Context(), statement)
		require.ErrorContains(t, err, "(42501)", statement)
	}
	for _, statement := range []string{`UPDATE audit_events SET actor_id = NULL`, `DELETE FROM audit_events`, `TRUNCATE audit_events`} {
		_, err := dbtest.Open(t, database).ExecContext(t.Context(), statement)
		require.ErrorContains(t, err, "append-only", "nor can the owner's: %s", statement)
	}
}
