package acceptance

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

const (
	pageInfo      = ` pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount`
	userFields    = `id displayName email roles status createdAt wallet { id available held owed vesting entries(first: 2) { edges { node { id createdAt kind amount balanceAfter memo transaction { id } } }` + pageInfo + ` } } pool { id standing } apiTokens { id name maskedSecret createdAt expiresAt lastUsedAt revokedAt spendLimit spendLimitPeriod periodEndsAt spent models scopes networks } customRoles`
	keyFields     = `id owner { id } ownerType provider label maskedKey models originalQuota currentQuota reservedQuota quotaConfirmed status statusReason suspendedBy repairBy acceptedTerms backup expiresAt verifiedAt totalRequests successfulRequests successRate averageLatencyMs lastUsedAt createdAt nextProbeAt rests { model reason until } maxConcurrency maxRequestsPerMinute maxTokensPerMinute`
	logFields     = `id createdAt status model requestedModel endpoint provider promptTokens cachedTokens cacheWriteTokens completionTokens reasoningTokens streamed estimated latencyMs creditsCharged costAmount user { id } resource { id } resourceOwner { id } routingReason routing { reason chosen { id } candidates { score cost performance reliability penalties { name factor } excluded } } attempts errorCode transaction { id }`
	txFields      = `id seq kind createdAt memo postings { account asset amount } usageLog { id } hash previousHash`
	routingFields = `reason chosen { id } candidates { resource { id } score cost performance reliability penalties { name factor } excluded }`
)

// TestEveryRootFieldAnswers calls each root field of the schema once on a pool with people, keys and traffic. What is not
// called fails the test, so that a new field has to be added here.
// ofAccounts is what people do with their own accounts: account_test.go, passkey_test.go and the clients' tests of single
// sign-on call it.
var ofAccounts = []string{
	"sendVerification", "verifyEmail", "requestPasswordReset", "resetPassword", "changePassword", "changeEmail", "revokeSession", "revokeOtherSessions",
	"enrolTotp", "confirmTotp", "disableTotp", "recoveryCodes", "deleteAccount", "createInvite",
	"beginPasskeyRegistration", "addPasskey", "removePasskey", "beginPasskeyAuthentication", "signInWithPasskey", "reauthenticateWithPasskey",
	"signInMethods", "linkIdentity", "unlinkIdentity",
}

func TestEveryRootFieldAnswers(t *testing.T) {
	u := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, bob, tom := p.Admin(), p.Person("bob"), p.Person("tom")
	called := map[string]bool{"signUp": true, "signIn": true}
	call := func(c *client, field, query string, v vars) {
		t.Helper()
		called[field] = true
		r := c.Must(query, v)
		require.NotEqual(t, "null", r.Get(field).Raw, field)
	}
	input := programtest.Ask("gpt-4", vars{"maxTokens": 20, "temperature": 0.5, "topP": 0.9, "stop": []string{"END"}})
	id := func(x string) vars { return vars{"id": x} }

	call(admin, "setModelPrice", `mutation { setModelPrice(input: {model: "gpt-4", provider: "openai", inputCostPerMillion: "10", outputCostPerMillion: "30", inputPricePerMillion: "0", outputPricePerMillion: "10000"})
		{ id name provider contextWindow available inputCostPerMillion cachedInputCostPerMillion outputCostPerMillion inputPricePerMillion outputPricePerMillion minimumCharge } }`, nil)
	call(admin, "grantCredits", programtest.GrantCredits, vars{"u": tom.ID, "a": 100})
	u.AddKey("sk-bobs-0123456789", "100")
	call(bob, "deposit", programtest.Deposit, vars{"i": vars{"provider": "openai", "apiKey": "sk-bobs-0123456789", "quota": "100", "label": "Mine", "expiresAt": time.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339)}})
	bobs := bob.Must(`{ viewer { resources(first: 1) { edges { node { id } } } } }`, nil).Get("viewer.resources.edges.0.node.id").String()
	u.AddKey("sk-platform-0123456789", "100")
	call(admin, "addPlatformResource", `mutation($i: DepositInput!) { addPlatformResource(input: $i) { `+keyFields+` } }`, vars{"i": vars{"provider": "openai", "apiKey": "sk-platform-0123456789", "quota": "100", "backup": true}})
	call(tom, "estimate", `query($i: CompleteInput!) { estimate(input: $i) { maximum expected promptTokens } }`, input)
	call(tom, "complete", programtest.Complete, input)
	call(admin, "routingPreview", `query($i: CompleteInput!) { routingPreview(input: $i) { `+routingFields+` } }`, input)

	call(tom, "viewer", `{ viewer { `+userFields+` resources { totalCount } usageLogs(last: 1) { edges { node { `+logFields+` } }`+pageInfo+` } } }`, nil)
	call(bob, "node", `query($id: ID!) { node(id: $id) { id ... on PoolResource { `+keyFields+` } } }`, id(bobs))
	call(admin, "nodes", `query($id: ID!) { nodes(ids: [$id, "txn_1"]) { id ... on LedgerTransaction { `+txFields+` } } }`, id(tom.ID))
	call(p.Anonymous(), "providers", `{ providers { key name reportsBalance customBaseUrl } }`, nil)
	call(p.Anonymous(), "models", `{ models { id name provider contextWindow available cacheWriteCostPerMillion cacheWritePricePerMillion minimumCharge } }`, nil)
	call(p.Anonymous(), "catalogue", `{ catalogue { source date models } }`, nil)
	call(admin, "setModelAlias", `mutation { setModelAlias(name: "best", model: "gpt-4") { name model } }`, nil)
	require.JSONEq(t, `[{"name":"best","model":"gpt-4"}]`, p.Anonymous().Must(`{ modelAliases { name model } }`, nil).Get("modelAliases").Raw)
	called["modelAliases"] = true
	tom.Must(programtest.Complete, programtest.Ask("best", vars{"maxTokens": 20}))
	require.Equal(t, "gpt-4", tom.Must(`{ usageLogs(first: 1) { edges { node { model } } } }`, nil).Get("usageLogs.edges.0.node.model").String())
	call(admin, "removeModelAlias", `mutation { removeModelAlias(name: "best") }`, nil)
	call(p.Anonymous(), "depositQuote", `{ depositQuote(quota: "1000") { quota feeRate fee credits vesting } }`, nil)
	call(p.Anonymous(), "depositTerms", `{ depositTerms { version text } }`, nil)
	call(tom, "usageLogs", `{ usageLogs(first: 5, filter: {status: SUCCEEDED, model: "gpt-4"}, orderBy: {field: LATENCY_MS}) { edges { cursor node { `+logFields+` } }`+pageInfo+` } }`, nil)
	call(admin, "poolOverview", `{ poolOverview { totalValue activeResources contributors activeContributors platformOwned platformShare userContributed userShare creditsCharged providerCost profit depositFees requests successRate } }`, nil)
	call(admin, "resources", `{ resources(filter: {status: [ACTIVE], provider: "openai", ownerType: USER}, orderBy: {field: CURRENT_QUOTA, direction: ASC}) { edges { node { `+keyFields+` } }`+pageInfo+` } }`, nil)
	call(bob, "keyAccesses", `query($id: ID) { keyAccesses(first: 5, resourceId: $id) { edges { cursor node { id at resource { id } purpose actor { id } requestId serverId } }`+pageInfo+` } }`, id(bobs))
	call(admin, "contributors", `{ contributors(orderBy: {field: PLATFORM_REVENUE}) { edges { node { id owner { displayName } resourcesContributed resourceConsumed remaining creditsIssued platformRevenue platformProfit requests standing } }`+pageInfo+` } }`, nil)
	call(admin, "users", `{ users(filter: {search: "tom", status: ACTIVE}, orderBy: {field: DISPLAY_NAME}) { edges { node { `+userFields+` } }`+pageInfo+` } }`, nil)
	call(admin, "ledgerTransactions", `query($u: ID) { ledgerTransactions(last: 5, filter: {kind: [USAGE, GRANT], userId: $u}) { edges { node { `+txFields+` } }`+pageInfo+` } }`, vars{"u": tom.ID})
	call(admin, "ledgerAudit", `{ ledgerAudit { transactions headSeq headHash chainValid balanced balancesMatch firstBadSeq checkedAt } }`, nil)
	span := vars{"from": time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), "to": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}
	call(admin, "usageSeries", `query($from: Time!, $to: Time!) { usageSeries(scope: POOL, from: $from, to: $to, bucket: HOUR, groupBy: MODEL) { at group requests failed promptTokens completionTokens creditsCharged costAmount averageLatencyMs } }`, span)
	call(admin, "settings", `{ settings { depositFeeRate unconfirmedTrustLimit clawbackGraceHours priceMarkup costWeight performanceWeight reliabilityWeight platformOwnedFactor lowQuotaFactor lowQuotaThreshold usedRecentlyFactor usedRecentlySeconds } }`, nil)
	call(admin, "updateSettings", `mutation { updateSettings(input: {depositFeeRate: 0.2, usedRecentlySeconds: 30}) { depositFeeRate usedRecentlySeconds } }`, nil)
	require.Equal(t, "20", bob.Must(`{ depositQuote(quota: 100) { fee } }`, nil).Get("depositQuote.fee").String())

	call(bob, "setResourceLimits", `mutation($id: ID!) { setResourceLimits(id: $id, maxConcurrency: 5) { `+keyFields+` } }`, id(bobs))
	require.Equal(t, "5", bob.Must(`query($id: ID!) { node(id: $id) { ... on PoolResource { maxConcurrency } } }`, id(bobs)).Get("node.maxConcurrency").Raw)
	for _, field := range []string{"pauseResource", "resumeResource", "verifyResource"} {
		call(bob, field, `mutation($id: ID!) { `+field+`(id: $id) { `+keyFields+` } }`, id(bobs))
	}
	u.AddKey("sk-bobs-new-0123456789", "100")
	call(bob, "rotateResourceKey", `mutation($id: ID!) { rotateResourceKey(id: $id, apiKey: "sk-bobs-new-0123456789") { maskedKey status } }`, id(bobs))
	call(admin, "suspendResource", `mutation($id: ID!) { suspendResource(id: $id, reason: "looking into it") { status statusReason suspendedBy } }`, id(bobs))
	call(bob, "withdrawResource", `mutation($id: ID!) { withdrawResource(id: $id) { fee credited vesting resource { status } transaction { id } viewer { id } } }`, id(bobs))
	call(admin, "grantableRights", `{ grantableRights { object action } }`, nil)
	call(admin, "saveCustomRole", `mutation { saveCustomRole(input: {name: "AUDITOR", grants: [{object: "Query.ledgerAudit", action: "call"}]}) { id name description grants { object action } updatedAt } }`, nil)
	call(admin, "customRoles", `{ customRoles { name grants { object action } } }`, nil)
	call(admin, "setCustomRoles", `mutation($id: ID!) { setCustomRoles(userId: $id, roles: ["AUDITOR"]) { customRoles } }`, id(tom.ID))
	tom.Must(`{ ledgerAudit { headSeq } }`, nil)
	call(admin, "removeCustomRole", `mutation { removeCustomRole(name: "AUDITOR") }`, nil)
	call(admin, "setRoles", `mutation($id: ID!) { setRoles(userId: $id, roles: [USER, CONTRIBUTOR]) { roles } }`, id(tom.ID))
	call(admin, "auditLog", `query($id: String!) { auditLog(filter: {subject: $id, action: "user.roles", from: "2026-01-01T00:00:00Z"}) { edges { cursor node { id at
		actor { id } action subject detail reason ip userAgent sessionId tokenId requestId } }`+pageInfo+` } }`, id(tom.ID))
	call(admin, "setUserStatus", `mutation($id: ID!) { setUserStatus(userId: $id, status: FROZEN) { status } }`, id(tom.ID))
	tom.Refused("FORBIDDEN", programtest.Complete, input)
	call(tom, "reauthenticate", `mutation { reauthenticate(password: "password of tom") }`, nil)
	made := bob.Must(`mutation { createApiToken(input: {name: "t", spendLimit: "5", models: ["gpt-4"]}) { secret token { id } } }`, nil)
	called["createApiToken"] = true
	call(bob, "revokeApiToken", `mutation($id: ID!) { revokeApiToken(id: $id) { revokedAt } }`, id(made.Get("createApiToken.token.id").String()))
	revoked := p.Anonymous()
	revoked.Token = made.Get("createApiToken.secret").String()
	revoked.Refused("UNAUTHENTICATED", `{ viewer { id } }`, nil)
	call(tom, "signOut", `mutation { signOut }`, nil)
	require.Equal(t, "null", tom.Must(`{ viewer { id } }`, nil).Get("viewer").Raw)

	for _, name := range ofAccounts {
		called[name] = true
	}
	var missing []string
	schema := p.Anonymous().Must(`{ __schema { queryType { fields { name } } mutationType { fields { name } } } }`, nil)
	for _, name := range slices.Concat(schema.Get("__schema.queryType.fields.#.name").Array(), schema.Get("__schema.mutationType.fields.#.name").Array()) {
		if !called[name.String()] {
			missing = append(missing, name.String())
		}
	}
	require.Empty(t, missing, "called: %v", slices.Sorted(maps.Keys(called)))
	p.Verified()
}

func TestATokenIsHeldToItsModelsAndItsBudget(t *testing.T) {
	u := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, tom := p.Admin(), p.Person("tom")
	admin.GPT4()
	admin.Grant(tom, "100")
	admin.Platform(u, "sk-platform-0123456789", "100", false)
	program := p.Anonymous()
	program.Token = tom.Must(`mutation { createApiToken(input: {name: "p", spendLimit: "12", models: ["gpt-4"]}) { secret } }`, nil).Get("createApiToken.secret").String()
	u.NextUsage("sk-platform-0123456789", 2000, 1000)
	program.Must(programtest.Complete, programtest.Ask("gpt-4", vars{"maxTokens": 1000}))
	e := program.Refused("INSUFFICIENT_CREDITS", programtest.Complete, programtest.Ask("gpt-4", vars{"maxTokens": 1000}))
	require.Equal(t, "token", e.Extensions.Get("limit").String())
	program.Refused("FORBIDDEN", programtest.Complete, programtest.Ask("gpt-4o", nil))
	program.Refused("FORBIDDEN", `mutation { createApiToken(input: {name: "free"}) { secret } }`, nil)
	require.Equal(t, "10", tom.Must(`{ viewer { apiTokens { spent } } }`, nil).Get("viewer.apiTokens.0.spent").String())
	require.Equal(t, "90", tom.Available())
	p.Verified()
}

func TestStrangersSeeNothingOfOthers(t *testing.T) {
	u := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, bob, eve := p.Admin(), p.Person("bob"), p.Person("eve")
	key := bob.Deposit(u, "sk-bobs-0123456789", "10")
	for _, who := range []*client{eve, p.Anonymous()} {
		for _, id := range []string{key, "txn_1"} {
			require.Equal(t, "null", who.Must(`query($id: ID!) { node(id: $id) { id } }`, vars{"id": id}).Get("node").Raw)
		}
	}
	for _, change := range []string{"pauseResource", "withdrawResource", "verifyResource"} {
		selection := "id"
		if change == "withdrawResource" {
			selection = "fee"
		}
		eve.Refused("NOT_FOUND", `mutation($id: ID!) { `+change+`(id: $id) { `+selection+` } }`, vars{"id": key})
	}
	before := admin.Must(`{ ledgerAudit { headSeq } }`, nil).Get("ledgerAudit.headSeq").String()
	eve.Refused("FORBIDDEN", programtest.GrantCredits, vars{"u": eve.ID, "a": "5"})
	eve.Refused("FORBIDDEN", `{ poolOverview { totalValue } }`, nil)
	eve.Refused("FORBIDDEN", `{ usageLogs(orderBy: {field: COST_AMOUNT}) { totalCount } }`, nil)
	require.Equal(t, before, admin.Must(`{ ledgerAudit { headSeq } }`, nil).Get("ledgerAudit.headSeq").String())
}

func TestBadInputIsNamedAndNotRepeated(t *testing.T) {
	u := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, tom := p.Admin(), p.Person("tom")
	for query, field := range map[string]string{
		`{ depositQuote { fee } }`:                                                              "quota",
		`{ viewer { wallet { entries(last: 1) { totalCount } } } }`:                             "last",
		`mutation { deposit(input: {provider: "openai", apiKey: "sk-0123456789"}) { fee } }`:    "input.quota",
		`mutation { deposit(input: {provider: "openai", apiKey: skCANARY, quota: 1}) { fee } }`: "input.apiKey",
		`{ usageLogs(filter: {model: "\u0000"}) { totalCount } }`:                               "filter.model",
		`{ usageLogs(first: 101) { totalCount } }`:                                              "first",
		`{ usageLogs(after: "garbage") { totalCount } }`:                                        "after",
	} {
		e := tom.Refused("BAD_USER_INPUT", query, nil)
		require.Equal(t, field, e.Field, query)
		require.NotContains(t, e.Message, "CANARY")
	}
	admin.Refused("BAD_USER_INPUT", `mutation { pauseResource(id: "\u0000") { id } }`, nil)
	admin.Refused("BAD_USER_INPUT", `mutation { updateSettings(input: {priceMarkup: 1.0000000001}) { priceMarkup } }`, nil)
	admin.Refused("BAD_USER_INPUT", `subscription { transactionFeed { cursor } }`, nil)
	ids := tom.Must(`{ viewer { id wallet { id } } }`, nil)
	require.NotEqual(t, ids.Get("viewer.id").String(), ids.Get("viewer.wallet.id").String())
}
