package acceptance

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/sandbox"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

func TestTheWorkedExampleHoldsInEveryFigure(t *testing.T) {
	u := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin := p.Admin()
	admin.GPT4()
	bob, tom, alice, david := p.Person("bob"), p.Person("tom"), p.Person("alice"), p.Person("david")
	for _, c := range []*client{tom, alice, david} {
		admin.Grant(c, "50")
	}

	// Bob deposits $1000 OpenAI.
	u.AddKey("sk-bob-0123456789abcdef", "1000")
	r := bob.Must(programtest.Deposit, vars{"i": vars{"provider": "openai", "apiKey": "sk-bob-0123456789abcdef", "quota": "1000"}}).Get("deposit")
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
	o := admin.Must(overview, nil).Get("poolOverview")
	require.Equal(t, "1000", o.Get("totalValue").String())
	require.Equal(t, "100", o.Get("depositFees").String())

	// Tom (50 Cr) asks: 2000 in, 1000 out.
	u.NextUsage("sk-bob-0123456789abcdef", 2000, 1000)
	r = tom.Must(programtest.Complete, programtest.Ask("gpt-4", nil)).Get("complete")
	require.Equal(t, "10", r.Get("creditsCharged").String())
	require.Equal(t, "40", r.Get("wallet.available").String())
	require.Equal(t, "0", r.Get("wallet.held").String())
	require.Equal(t, int64(3000), r.Get("completion.totalTokens").Int())
	require.Equal(t, "999.95", admin.Resource(bobs)["currentQuota"])
	o = admin.Must(overview, nil).Get("poolOverview")
	require.Equal(t, "9.95", o.Get("profit").String())
	require.Equal(t, "0.05", o.Get("providerCost").String())

	// Alice asks: 1500 in, 500 out.
	u.NextUsage("sk-bob-0123456789abcdef", 1500, 500)
	r = alice.Must(programtest.Complete, programtest.Ask("gpt-4", nil)).Get("complete")
	require.Equal(t, "5", r.Get("creditsCharged").String())
	require.Equal(t, "999.92", admin.Resource(bobs)["currentQuota"])

	// David asks, only the admin's key is left.
	backup := admin.Platform(u, "sk-admin-0123456789abcdef", "5000", true)
	bob.Must(`mutation($id: ID!) { pauseResource(id: $id) { status } }`, vars{"id": bobs})
	u.NextUsage("sk-admin-0123456789abcdef", 5500, 1500)
	r = david.Must(programtest.Complete, programtest.Ask("gpt-4", nil)).Get("complete")
	require.Equal(t, "15", r.Get("creditsCharged").String())
	require.Equal(t, "4999.9", admin.Resource(backup)["currentQuota"])
	logs := admin.Must(`{ usageLogs(first: 3) { totalCount edges { node { routingReason costAmount creditsCharged user { displayName } resourceOwner { displayName }
		resource { ownerType } transaction { kind postings { account asset amount } } routing { reason candidates { excluded } } } } } }`, nil)
	require.Equal(t, int64(3), logs.Get("usageLogs.totalCount").Int())
	last := logs.Get("usageLogs.edges.0.node")
	require.Equal(t, "fallback_to_backup", last.Get("routingReason").String())
	require.Equal(t, "0.1", last.Get("costAmount").String())
	require.Equal(t, "PLATFORM", last.Get("resource.ownerType").String())
	require.Equal(t, "fallback_to_backup", last.Get("routing.reason").String())
	require.Equal(t, "Bob", cased(logs.Get("usageLogs.edges.1.node.resourceOwner.displayName").String()))
	require.Equal(t, "only_candidate", logs.Get("usageLogs.edges.2.node.routingReason").String())
	bob.Must(`mutation($id: ID!) { resumeResource(id: $id) { status } }`, vars{"id": bobs})

	// The consumer's view is free of owner, key, cost and reason.
	own := tom.Must(`{ usageLogs { edges { node { creditsCharged costAmount user { id } resource { id } resourceOwner { id } routingReason routing { reason } transaction { postings { account } } } } } }`, nil)
	mine := own.Get("usageLogs.edges.0.node")
	require.Equal(t, "10", mine.Get("creditsCharged").String())
	require.Equal(t, tom.ID, mine.Get("user.id").String())
	for _, hidden := range []string{"costAmount", "resource", "resourceOwner", "routingReason", "routing"} {
		require.Equal(t, "null", mine.Get(hidden).Raw, hidden)
	}
	require.Equal(t, int64(1), own.Get("usageLogs.edges.#").Int())
	for _, posting := range mine.Get("transaction.postings.#.account").Array() {
		require.Equal(t, "wallet:"+tom.ID, posting.String())
	}
	// The contributor sees when and for how much, not by whom.
	served := bob.Must(`{ usageLogs { edges { node { costAmount creditsCharged user { id } } } } viewer { pool { resourcesContributed resourceConsumed platformRevenue platformProfit remaining requests standing } } }`, nil)
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

	audit := admin.Must(`{ ledgerAudit { transactions headSeq chainValid balanced balancesMatch firstBadSeq } }`, nil).Get("ledgerAudit")
	for _, check := range []string{"chainValid", "balanced", "balancesMatch"} {
		require.True(t, audit.Get(check).Bool(), audit.Raw)
	}
	p.Verified()
}

func cased(s string) string {
	if s == "" {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}

func TestADepletedKeyIsReplacedUnnoticed(t *testing.T) {
	u := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, bob, alice, tom := p.Admin(), p.Person("bob"), p.Person("alice"), p.Person("tom")
	admin.GPT4()
	admin.Grant(tom, "100")
	small := bob.Deposit(u, "sk-small-0123456789", "0.1")
	large := alice.Deposit(u, "sk-large-0123456789", "500")
	alice.Must(`mutation($id: ID!) { pauseResource(id: $id) { status } }`, vars{"id": large})
	for range 2 {
		u.NextUsage("sk-small-0123456789", 2000, 1000)
		tom.Must(programtest.Complete, programtest.Ask("gpt-4", vars{"maxTokens": 1000}))
	}
	alice.Must(`mutation($id: ID!) { resumeResource(id: $id) { status } }`, vars{"id": large})
	state := admin.Resource(small)
	require.Equal(t, "DEPLETED", state["status"])
	require.Equal(t, "0", state["currentQuota"])
	u.NextUsage("sk-large-0123456789", 2000, 1000)
	r := tom.Must(programtest.Complete, programtest.Ask("gpt-4", nil)).Get("complete")
	require.Equal(t, "SUCCEEDED", r.Get("usage.status").String())
	require.Equal(t, "499.95", admin.Resource(large)["currentQuota"])
	p.Verified()
}

func TestAKeyThatTheProviderSaysIsEmptyIsReplacedWithinTheRequest(t *testing.T) {
	u := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, bob, tom := p.Admin(), p.Person("bob"), p.Person("tom")
	admin.GPT4()
	admin.Grant(tom, "100")
	first := bob.Deposit(u, "sk-first-0123456789", "50")
	backup := admin.Platform(u, "sk-backup-0123456789", "500", true)
	u.Script("sk-first-0123456789", sandbox.Fault{Kind: sandbox.InsufficientQuota})
	r := tom.Must(programtest.Complete, programtest.Ask("gpt-4", nil)).Get("complete")
	require.Equal(t, int64(2), r.Get("usage.attempts").Int())
	require.Equal(t, "SUSPENDED", admin.Resource(first)["status"])
	require.Equal(t, "1", admin.Resource(backup)["successfulRequests"])
	p.Verified()
}

func TestDepositsAreRefusedWithTheContractsCodes(t *testing.T) {
	u := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, bob, alice := p.Admin(), p.Person("bob"), p.Person("alice")
	in := func(provider, key, quota string, more vars) vars {
		v := vars{"provider": provider, "apiKey": key, "quota": quota}
		for k, x := range more {
			v[k] = x
		}
		return vars{"i": v}
	}
	bob.Refused("KEY_REJECTED", programtest.Deposit, in("openai", "sk-nobody-knows-0123", "10", nil))
	u.AddKey("sk-deep-0123456789", "5")
	e := bob.Refused("DECLARED_QUOTA_TOO_HIGH", programtest.Deposit, in("deepseek", "sk-deep-0123456789", "10", nil))
	require.Equal(t, "5", e.Extensions.Get("actualQuota").String())
	u.AddKey("sk-down-0123456789", "5")
	u.Script("sk-down-0123456789", sandbox.Fault{Kind: sandbox.ServerError, On: "any", Count: 10})
	bob.Refused("PROVIDER_UNREACHABLE", programtest.Deposit, in("openai", "sk-down-0123456789", "5", nil))
	bob.Deposit(u, "sk-bobs-0123456789", "10")
	alice.Refused("KEY_ALREADY_DEPOSITED", programtest.Deposit, in("openai", " SK-bobs-0123456789 ", "10", nil))
	for field, v := range map[string]vars{
		"input.quota":     in("openai", "sk-x-0123456789", "0", nil),
		"input.provider":  in("nobody", "sk-x-0123456789", "1", nil),
		"input.expiresAt": in("openai", "sk-x-0123456789", "1", vars{"expiresAt": "2020-01-01T00:00:00Z"}),
		"input.baseUrl":   in("openai", "sk-x-0123456789", "1", vars{"baseUrl": "https://example.org"}),
		"input.backup":    in("openai", "sk-x-0123456789", "1", vars{"backup": true}),
	} {
		require.Equal(t, field, bob.Refused("BAD_USER_INPUT", programtest.Deposit, v).Field)
	}
	confirmed := bob.Must(programtest.Deposit, in("deepseek", "sk-deep-0123456789", "5", nil))
	require.Equal(t, "4.5", confirmed.Get("deposit.credited").String())
	p.Anonymous().Refused("UNAUTHENTICATED", programtest.Deposit, in("openai", "sk-x-0123456789", "1", nil))
	bob.Refused("FORBIDDEN", programtest.AddPlatformResource, in("openai", "sk-x-0123456789", "1", nil))
	once := in("openai", "sk-once-0123456789", "10", vars{"idempotencyKey": "k1"})
	u.AddKey("sk-once-0123456789", "10")
	first, again := bob.Must(programtest.Deposit, once), bob.Must(programtest.Deposit, once)
	require.Equal(t, first.Get("deposit.resource.id").String(), again.Get("deposit.resource.id").String())
	bob.Refused("IDEMPOTENCY_CONFLICT", programtest.Deposit, in("openai", "sk-once-0123456789", "9", vars{"idempotencyKey": "k1"}))
	require.NotContains(t, admin.Must(`{ resources(first: 50) { edges { node { maskedKey statusReason } } } }`, nil).Raw, "0123456789")
	require.NotContains(t, p.Out.String(), "sk-bobs-0123456789")
	p.Verified()
}

func TestTrustAboveTheLimitVests(t *testing.T) {
	u := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	bob := p.Person("bob")
	quote := bob.Must(`{ depositQuote(quota: "2000") { fee feeRate credits vesting } }`, nil).Get("depositQuote")
	require.Equal(t, `["200","1800","800"]`, fmt.Sprintf("[%q,%q,%q]", quote.Get("fee"), quote.Get("credits"), quote.Get("vesting")))
	bob.Deposit(u, "sk-big-0123456789", "2000")
	w := bob.Must(programtest.Wallet, nil).Get("viewer.wallet")
	require.Equal(t, "1000", w.Get("available").String())
	require.Equal(t, "800", w.Get("vesting").String())
	p.Verified()
}

func TestWithdrawingUndoesTheDeposit(t *testing.T) {
	u := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, bob := p.Admin(), p.Person("bob")
	id := bob.Deposit(u, "sk-bobs-0123456789", "100")
	withdraw := `mutation($id: ID!) { withdrawResource(id: $id) { fee credited vesting resource { status currentQuota } transaction { kind } viewer { wallet { available } } } }`
	r := bob.Must(withdraw, vars{"id": id}).Get("withdrawResource")
	require.Equal(t, "-10", r.Get("fee").String())
	require.Equal(t, "-90", r.Get("credited").String())
	require.Equal(t, "WITHDRAWN", r.Get("resource.status").String())
	require.Equal(t, "WITHDRAWAL", r.Get("transaction.kind").String())
	require.Equal(t, "0", r.Get("viewer.wallet.available").String())
	bob.Refused("CONFLICT", withdraw, vars{"id": id})
	require.Equal(t, "0", admin.Must(`{ poolOverview { depositFees } }`, nil).Get("poolOverview.depositFees").String())
	bob.Deposit(u, "sk-bobs-0123456789", "100")
	p.Verified()
}
