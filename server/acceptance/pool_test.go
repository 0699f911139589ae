package acceptance

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/sandbox"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

const (
	depositQuery = `mutation($i: DepositInput!) { deposit(input: $i) { resource { id status originalQuota currentQuota maskedKey } fee credited vesting
		transaction { seq kind postings { account asset amount } } viewer { roles wallet { available } } } }`
	platformKey = `mutation($i: DepositInput!) { addPlatformResource(input: $i) { id ownerType backup currentQuota } }`
	setPrice    = `mutation($i: SetModelPriceInput!) { setModelPrice(input: $i) { id name provider outputPricePerMillion } }`
	grantQuery  = `mutation($u: ID!, $a: Credits!) { grantCredits(userId: $u, amount: $a, memo: "a test") { seq } }`
)

// gpt4 sets the prices of the worked example.
func (c *client) gpt4() {
	c.t.Helper()
	c.must(setPrice, vars{"i": vars{
		"model": "gpt-4", "provider": "openai", "inputCostPerMillion": "10", "outputCostPerMillion": "30",
		"inputPricePerMillion": "0", "outputPricePerMillion": "10000",
	}})
}

func (c *client) grant(to *client, credits string) {
	c.t.Helper()
	c.must(grantQuery, vars{"u": to.id, "a": credits})
}

// deposit puts a sandbox key into the pool and returns the resource's id.
func (c *client) deposit(u *upstreamtest.Upstream, key, quota string) string {
	c.t.Helper()
	u.AddKey(key, quota)
	r := c.must(depositQuery, vars{"i": vars{"provider": "openai", "apiKey": key, "quota": quota, "acceptedTerms": "v3"}})
	return r.Get("deposit.resource.id").String()
}

func (c *client) platform(u *upstreamtest.Upstream, key, quota string, backup bool) string {
	c.t.Helper()
	u.AddKey(key, quota)
	r := c.must(platformKey, vars{"i": vars{"provider": "openai", "apiKey": key, "quota": quota, "backup": backup}})
	return r.Get("addPlatformResource.id").String()
}

func (c *client) resource(id string) map[string]string {
	c.t.Helper()
	r := c.must(`query($id: ID!) { node(id: $id) { ... on PoolResource { status currentQuota reservedQuota totalRequests successfulRequests } } }`, vars{"id": id})
	out := map[string]string{}
	for k, v := range r.Get("node").Map() {
		out[k] = v.String()
	}
	return out
}

func TestTheWorkedExampleHoldsInEveryFigure(t *testing.T) {
	u := upstreamtest.New(t)
	p := serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin := p.admin()
	admin.gpt4()
	bob, tom, alice, david := p.person("bob"), p.person("tom"), p.person("alice"), p.person("david")
	for _, c := range []*client{tom, alice, david} {
		admin.grant(c, "50")
	}

	// Bob deposits $1000 OpenAI.
	u.AddKey("sk-bob-0123456789abcdef", "1000")
	r := bob.must(depositQuery, vars{"i": vars{"provider": "openai", "apiKey": "sk-bob-0123456789abcdef", "quota": "1000"}}).Get("deposit")
	require.Equal(t, "100", r.Get("fee").String())
	require.Equal(t, "900", r.Get("credited").String())
	require.Equal(t, "0", r.Get("vesting").String())
	require.Equal(t, "1000", r.Get("resource.originalQuota").String())
	require.Equal(t, "1000", r.Get("resource.currentQuota").String())
	require.Equal(t, "ACTIVE", r.Get("resource.status").String())
	require.Equal(t, "DEPOSIT", r.Get("transaction.kind").String())
	require.Equal(t, "900", r.Get("viewer.wallet.available").String())
	require.Contains(t, r.Get("viewer.roles").String(), "CONTRIBUTOR")
	require.NotContains(t, r.Raw, "0123456789abcdef")
	bobs := r.Get("resource.id").String()
	overview := `{ poolOverview { totalValue depositFees profit providerCost creditsCharged platformOwned userContributed activeResources contributors requests successRate } }`
	o := admin.must(overview, nil).Get("poolOverview")
	require.Equal(t, "1000", o.Get("totalValue").String())
	require.Equal(t, "100", o.Get("depositFees").String())

	// Tom (50 Cr) asks: 2000 in, 1000 out.
	u.NextUsage("sk-bob-0123456789abcdef", 2000, 1000)
	r = tom.must(complete, ask("gpt-4", nil)).Get("complete")
	require.Equal(t, "10", r.Get("creditsCharged").String())
	require.Equal(t, "40", r.Get("wallet.available").String())
	require.Equal(t, "0", r.Get("wallet.held").String())
	require.Equal(t, int64(3000), r.Get("completion.totalTokens").Int())
	require.Equal(t, "999.95", admin.resource(bobs)["currentQuota"])
	o = admin.must(overview, nil).Get("poolOverview")
	require.Equal(t, "9.95", o.Get("profit").String())
	require.Equal(t, "0.05", o.Get("providerCost").String())

	// Alice asks: 1500 in, 500 out.
	u.NextUsage("sk-bob-0123456789abcdef", 1500, 500)
	r = alice.must(complete, ask("gpt-4", nil)).Get("complete")
	require.Equal(t, "5", r.Get("creditsCharged").String())
	require.Equal(t, "999.92", admin.resource(bobs)["currentQuota"])

	// David asks, only the admin's key is left.
	backup := admin.platform(u, "sk-admin-0123456789abcdef", "5000", true)
	bob.must(`mutation($id: ID!) { pauseResource(id: $id) { status } }`, vars{"id": bobs})
	u.NextUsage("sk-admin-0123456789abcdef", 5500, 1500)
	r = david.must(complete, ask("gpt-4", nil)).Get("complete")
	require.Equal(t, "15", r.Get("creditsCharged").String())
	require.Equal(t, "4999.9", admin.resource(backup)["currentQuota"])
	logs := admin.must(`{ usageLogs(first: 3) { totalCount edges { node { routingReason costAmount creditsCharged user { displayName } resourceOwner { displayName }
		resource { ownerType } transaction { kind postings { account asset amount } } routing { reason candidates { excluded } } } } } }`, nil)
	require.Equal(t, int64(3), logs.Get("usageLogs.totalCount").Int())
	last := logs.Get("usageLogs.edges.0.node")
	require.Equal(t, "fallback_to_backup", last.Get("routingReason").String())
	require.Equal(t, "0.1", last.Get("costAmount").String())
	require.Equal(t, "PLATFORM", last.Get("resource.ownerType").String())
	require.Equal(t, "fallback_to_backup", last.Get("routing.reason").String())
	require.Equal(t, "Bob", cased(logs.Get("usageLogs.edges.1.node.resourceOwner.displayName").String()))
	require.Equal(t, "only_candidate", logs.Get("usageLogs.edges.2.node.routingReason").String())
	bob.must(`mutation($id: ID!) { resumeResource(id: $id) { status } }`, vars{"id": bobs})

	// The consumer's view is free of owner, key, cost and reason.
	own := tom.must(`{ usageLogs { edges { node { creditsCharged costAmount user { id } resource { id } resourceOwner { id } routingReason routing { reason } transaction { postings { account } } } } } }`, nil)
	mine := own.Get("usageLogs.edges.0.node")
	require.Equal(t, "10", mine.Get("creditsCharged").String())
	require.Equal(t, tom.id, mine.Get("user.id").String())
	for _, hidden := range []string{"costAmount", "resource", "resourceOwner", "routingReason", "routing"} {
		require.Equal(t, "null", mine.Get(hidden).Raw, hidden)
	}
	require.Equal(t, int64(1), own.Get("usageLogs.edges.#").Int())
	for _, posting := range mine.Get("transaction.postings.#.account").Array() {
		require.Equal(t, "wallet:"+tom.id, posting.String())
	}
	// The contributor sees when and for how much, not by whom.
	served := bob.must(`{ usageLogs { edges { node { costAmount creditsCharged user { id } } } } viewer { pool { resourcesContributed resourceConsumed platformRevenue platformProfit remaining requests standing } } }`, nil)
	require.Equal(t, "0.03", served.Get("usageLogs.edges.0.node.costAmount").String())
	require.Equal(t, "null", served.Get("usageLogs.edges.0.node.user").Raw)
	require.Equal(t, "null", served.Get("usageLogs.edges.0.node.creditsCharged").Raw)
	pool := served.Get("viewer.pool")
	require.Equal(t, "1000", pool.Get("resourcesContributed").String())
	require.Equal(t, "0.08", pool.Get("resourceConsumed").String())
	require.Equal(t, "15", pool.Get("platformRevenue").String())
	require.Equal(t, "14.92", pool.Get("platformProfit").String())
	require.Equal(t, "999.92", pool.Get("remaining").String())
	require.Equal(t, "2", pool.Get("requests").String())
	require.Equal(t, "ACTIVE", pool.Get("standing").String())

	audit := admin.must(`{ ledgerAudit { transactions headSeq chainValid balanced balancesMatch firstBadSeq } }`, nil).Get("ledgerAudit")
	for _, check := range []string{"chainValid", "balanced", "balancesMatch"} {
		require.True(t, audit.Get(check).Bool(), audit.Raw)
	}
	p.verified()
}

func cased(s string) string {
	if s == "" {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}

func TestADepletedKeyIsReplacedUnnoticed(t *testing.T) {
	u := upstreamtest.New(t)
	p := serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, bob, alice, tom := p.admin(), p.person("bob"), p.person("alice"), p.person("tom")
	admin.gpt4()
	admin.grant(tom, "100")
	small := bob.deposit(u, "sk-small-0123456789", "0.1")
	large := alice.deposit(u, "sk-large-0123456789", "500")
	alice.must(`mutation($id: ID!) { pauseResource(id: $id) { status } }`, vars{"id": large})
	for range 2 {
		u.NextUsage("sk-small-0123456789", 2000, 1000)
		tom.must(complete, ask("gpt-4", vars{"maxTokens": 1000}))
	}
	alice.must(`mutation($id: ID!) { resumeResource(id: $id) { status } }`, vars{"id": large})
	state := admin.resource(small)
	require.Equal(t, "DEPLETED", state["status"])
	require.Equal(t, "0", state["currentQuota"])
	u.NextUsage("sk-large-0123456789", 2000, 1000)
	r := tom.must(complete, ask("gpt-4", nil)).Get("complete")
	require.Equal(t, "SUCCEEDED", r.Get("usage.status").String())
	require.Equal(t, "499.95", admin.resource(large)["currentQuota"])
	p.verified()
}

func TestAKeyThatTheProviderSaysIsEmptyIsReplacedWithinTheRequest(t *testing.T) {
	u := upstreamtest.New(t)
	p := serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, bob, tom := p.admin(), p.person("bob"), p.person("tom")
	admin.gpt4()
	admin.grant(tom, "100")
	first := bob.deposit(u, "sk-first-0123456789", "50")
	backup := admin.platform(u, "sk-backup-0123456789", "500", true)
	u.Script("sk-first-0123456789", sandbox.Fault{Kind: sandbox.InsufficientQuota})
	r := tom.must(complete, ask("gpt-4", nil)).Get("complete")
	require.Equal(t, int64(2), r.Get("usage.attempts").Int())
	require.Equal(t, "SUSPENDED", admin.resource(first)["status"])
	require.Equal(t, "1", admin.resource(backup)["successfulRequests"])
	p.verified()
}

func TestDepositsAreRefusedWithTheContractsCodes(t *testing.T) {
	u := upstreamtest.New(t)
	p := serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, bob, alice := p.admin(), p.person("bob"), p.person("alice")
	in := func(provider, key, quota string, more vars) vars {
		v := vars{"provider": provider, "apiKey": key, "quota": quota}
		for k, x := range more {
			v[k] = x
		}
		return vars{"i": v}
	}
	bob.refused("KEY_REJECTED", depositQuery, in("openai", "sk-nobody-knows-0123", "10", nil))
	u.AddKey("sk-deep-0123456789", "5")
	e := bob.refused("DECLARED_QUOTA_TOO_HIGH", depositQuery, in("deepseek", "sk-deep-0123456789", "10", nil))
	require.Equal(t, "5", e.Extensions.Get("actualQuota").String())
	u.AddKey("sk-down-0123456789", "5")
	u.Script("sk-down-0123456789", sandbox.Fault{Kind: sandbox.ServerError, On: "any", Count: 10})
	bob.refused("PROVIDER_UNREACHABLE", depositQuery, in("openai", "sk-down-0123456789", "5", nil))
	bob.deposit(u, "sk-bobs-0123456789", "10")
	alice.refused("KEY_ALREADY_DEPOSITED", depositQuery, in("openai", " SK-bobs-0123456789 ", "10", nil))
	for field, v := range map[string]vars{
		"input.quota":     in("openai", "sk-x-0123456789", "0", nil),
		"input.provider":  in("nobody", "sk-x-0123456789", "1", nil),
		"input.expiresAt": in("openai", "sk-x-0123456789", "1", vars{"expiresAt": "2020-01-01T00:00:00Z"}),
		"input.baseUrl":   in("openai", "sk-x-0123456789", "1", vars{"baseUrl": "https://example.org"}),
		"input.backup":    in("openai", "sk-x-0123456789", "1", vars{"backup": true}),
	} {
		require.Equal(t, field, bob.refused("BAD_USER_INPUT", depositQuery, v).Field)
	}
	confirmed := bob.must(depositQuery, in("deepseek", "sk-deep-0123456789", "5", nil))
	require.Equal(t, "4.5", confirmed.Get("deposit.credited").String())
	p.anonymous().refused("UNAUTHENTICATED", depositQuery, in("openai", "sk-x-0123456789", "1", nil))
	bob.refused("FORBIDDEN", platformKey, in("openai", "sk-x-0123456789", "1", nil))
	once := in("openai", "sk-once-0123456789", "10", vars{"idempotencyKey": "k1"})
	u.AddKey("sk-once-0123456789", "10")
	first, again := bob.must(depositQuery, once), bob.must(depositQuery, once)
	require.Equal(t, first.Get("deposit.resource.id").String(), again.Get("deposit.resource.id").String())
	bob.refused("IDEMPOTENCY_CONFLICT", depositQuery, in("openai", "sk-once-0123456789", "9", vars{"idempotencyKey": "k1"}))
	require.NotContains(t, admin.must(`{ resources(first: 50) { edges { node { maskedKey statusReason } } } }`, nil).Raw, "0123456789")
	require.NotContains(t, p.out.String(), "sk-bobs-0123456789")
	p.verified()
}

func TestTrustAboveTheLimitVests(t *testing.T) {
	u := upstreamtest.New(t)
	p := serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	bob := p.person("bob")
	quote := bob.must(`{ depositQuote(quota: "2000") { fee feeRate credits vesting } }`, nil).Get("depositQuote")
	require.Equal(t, `["200","1800","800"]`, fmt.Sprintf("[%q,%q,%q]", quote.Get("fee"), quote.Get("credits"), quote.Get("vesting")))
	bob.deposit(u, "sk-big-0123456789", "2000")
	w := bob.must(wallet, nil).Get("viewer.wallet")
	require.Equal(t, "1000", w.Get("available").String())
	require.Equal(t, "800", w.Get("vesting").String())
	p.verified()
}

func TestWithdrawingUndoesTheDeposit(t *testing.T) {
	u := upstreamtest.New(t)
	p := serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, bob := p.admin(), p.person("bob")
	id := bob.deposit(u, "sk-bobs-0123456789", "100")
	withdraw := `mutation($id: ID!) { withdrawResource(id: $id) { fee credited vesting resource { status currentQuota } transaction { kind } viewer { wallet { available } } } }`
	r := bob.must(withdraw, vars{"id": id}).Get("withdrawResource")
	require.Equal(t, "-10", r.Get("fee").String())
	require.Equal(t, "-90", r.Get("credited").String())
	require.Equal(t, "WITHDRAWN", r.Get("resource.status").String())
	require.Equal(t, "WITHDRAWAL", r.Get("transaction.kind").String())
	require.Equal(t, "0", r.Get("viewer.wallet.available").String())
	bob.refused("CONFLICT", withdraw, vars{"id": id})
	require.Equal(t, "0", admin.must(`{ poolOverview { depositFees } }`, nil).Get("poolOverview.depositFees").String())
	bob.deposit(u, "sk-bobs-0123456789", "100")
	p.verified()
}
