package money_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/sandbox"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

func deposit(provider, key, quota string) vars {
	return vars{"i": vars{"provider": provider, "apiKey": key, "quota": quota}}
}

func amount(t *testing.T, text string) money.Credits {
	t.Helper()
	c, err := money.Parse[money.Credits](text)
	require.NoError(t, err)
	return c
}

// One key that comes twenty times at once, by two people at two servers and in other letters, comes in once.
func TestRow34_DoubleDeposit(t *testing.T) {
	t.Parallel()
	u := upstreamtest.New(t)
	_, all := servers(t, 2, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	people := []*client{all[0].Person("bob"), all[1].Person("alice")}
	const key = "sk-wanted-0123456789"
	variants := []string{key, strings.ToUpper(key), "Sk-Wanted-0123456789", " " + key, key + "\n", "\u00a0" + key}
	for _, v := range variants[:3] { // the provider knows it in all letters
		u.AddKey(v, "100")
	}
	codes := tally(programtest.Together(20, func(i int) reply {
		return try(t, people[i%2], programtest.Deposit, deposit("openai", variants[i%len(variants)], "100"))
	}))
	require.Equal(t, map[string]int{"": 1, "KEY_ALREADY_DEPOSITED": 19}, codes)
	booked := all[0].Admin().Must(`{ ledgerTransactions(filter: {kind: [DEPOSIT]}) { edges { node { postings { account amount } } } } }`, nil)
	require.Equal(t, `["-100"]`, booked.Get(`ledgerTransactions.edges.#.node.postings.#(account=="platform.issued").amount`).Raw)
	all[0].Verified()
}

// Two keys of one account at the provider have one quota.
func TestRow35_OneAccount(t *testing.T) {
	t.Parallel()
	u := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	bob, alice := p.Person("bob"), p.Person("alice")
	for _, key := range []string{"sk-one-0123456789", "sk-two-0123456789", "sk-three-0123456789"} {
		require.NoError(t, u.Server.AddKey(sandbox.KeySpec{Key: key, Quota: 100 * money.One, Organization: "org-shared"}))
	}
	bob.Must(programtest.Deposit, deposit("openai", "sk-one-0123456789", "100"))
	before := bob.Must(wallet, nil).Raw
	bob.Refused("KEY_ALREADY_DEPOSITED", programtest.Deposit, deposit("openai", "sk-two-0123456789", "100"))
	alice.Refused("KEY_ALREADY_DEPOSITED", programtest.Deposit, deposit("openai", "sk-three-0123456789", "100"))
	require.Equal(t, before, bob.Must(wallet, nil).Raw)
	require.Equal(t, "0", alice.Available())
	own := alice.Deposit(u, "sk-alice-0123456789", "100")
	alice.Refused("KEY_REJECTED", `mutation($id: ID!) { rotateResourceKey(id: $id, apiKey: "sk-three-0123456789") { id } }`, vars{"id": own})
	p.Verified()
}

// A key on which nothing is left does not come in. One that dies after it was tested leaves a debt to who spent its Credits.
func TestRow36_FakeQuota(t *testing.T) {
	t.Parallel()
	u := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, bob, tom := p.Admin(), p.Person("bob"), p.Person("tom")
	u.AddKey("sk-empty-0123456789", "0")
	for _, provider := range []string{"openai", "deepseek"} {
		e := bob.Refused("DECLARED_QUOTA_TOO_HIGH", programtest.Deposit, deposit(provider, "sk-empty-0123456789", "1"))
		require.Equal(t, "0", e.Extensions.Get("actualQuota").String())
	}
	admin.Must(programtest.SetModelPrice, vars{"i": vars{
		"model": "gpt-4", "provider": "openai", "inputCostPerMillion": "10", "outputCostPerMillion": "30", "inputPricePerMillion": "0", "outputPricePerMillion": "500000",
	}})
	admin.Grant(tom, "1000")
	admin.Platform(u, "sk-platform-0123456789", "5000", true)
	fake := bob.Deposit(u, "sk-fake-0123456789", "2000")
	require.Equal(t, `{"available":"1000","held":"0","owed":"0","vesting":"800"}`, bob.Must(wallet, nil).Get("viewer.wallet").Raw)
	u.Script("sk-fake-0123456789", sandbox.Fault{Kind: sandbox.Unauthorized, On: "any", Count: 1000})

	// Bob's own request finds out, and spends what he got on another's key.
	u.NextUsage("sk-platform-0123456789", 10, 1000)
	bob.Must(programtest.Complete, programtest.Ask("gpt-4", vars{"maxTokens": 1000}))
	require.Equal(t, "500", bob.Available())
	state := func() string {
		r := bob.Must(`query($id: ID!) { node(id: $id) { ... on PoolResource { status suspendedBy repairBy } } }`, vars{"id": fake})
		return r.Get("node.status").String() + " " + r.Get("node.suspendedBy").String()
	}
	require.Equal(t, "SUSPENDED PROVIDER", state())
	bob.Must(`mutation($id: ID!) { verifyResource(id: $id) { id } }`, vars{"id": fake})
	require.Equal(t, "SUSPENDED PROVIDER", state())
	admin.Must(`mutation { updateSettings(input: {clawbackGraceHours: 0}) { clawbackGraceHours } }`, nil)
	require.Eventually(t, func() bool { return state() == "DEPLETED " }, 20*time.Second, 100*time.Millisecond)
	require.Eventually(t, func() bool {
		return bob.Must(wallet, nil).Get("viewer.wallet").Raw == `{"available":"0","held":"0","owed":"500","vesting":"0"}`
	}, 5*time.Second, 50*time.Millisecond, bob.Must(wallet, nil).Raw)

	e := bob.Refused("INSUFFICIENT_CREDITS", programtest.Complete, programtest.Ask("gpt-4", vars{"maxTokens": 1}))
	require.Equal(t, "500", e.Extensions.Get("owed").String())
	u.ClearScript("sk-fake-0123456789")
	for _, c := range []*client{bob, tom} {
		c.Refused("KEY_ALREADY_DEPOSITED", programtest.Deposit, deposit("openai", "sk-fake-0123456789", "10"))
	}
	require.Equal(t, "0", bob.Must(wallet, nil).Get("viewer.pool.resourcesContributed").String())
	admin.Grant(bob, "501")
	require.Equal(t, `{"available":"1","held":"0","owed":"0","vesting":"0"}`, bob.Must(wallet, nil).Get("viewer.wallet").Raw)
	p.Verified()
}

// People who use their own keys and each other's, and who deposit and withdraw, have no more in the end, and no better rank.
func TestRow38_WashTrading(t *testing.T) {
	t.Parallel()
	ring, cycles := 60, 20
	if programtest.Thorough() {
		ring, cycles = 1000, 100
	}
	u := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, ann, ben := p.Admin(), p.Person("ann"), p.Person("ben")
	anns, bens := ann.Deposit(u, "sk-ann-0123456789", "3000"), ben.Deposit(u, "sk-ben-0123456789", "3000")
	for _, key := range []string{"sk-ann-0123456789", "sk-ben-0123456789"} {
		u.Script(key, sandbox.Fault{Kind: sandbox.UsageOverride, Prompt: 5000, Completion: 500, Count: 1 << 20})
	}
	of := func(c *client, field string) money.Credits {
		return amount(t, c.Must(wallet, nil).Get("viewer."+field).String())
	}
	both := func() money.Credits { return of(ann, "wallet.available") + of(ben, "wallet.available") }
	ask := programtest.Ask("gpt-4.1", vars{"maxTokens": 600}) // at the price that it has by itself
	vest := func() {                                          // the job's first turn is at the start
		p.Kill(syscall.SIGTERM)
		p.Start()
		time.Sleep(500 * time.Millisecond)
	}
	const pause, resume = `mutation($id: ID!) { pauseResource(id: $id) { id } }`, `mutation($id: ID!) { resumeResource(id: $id) { id } }`

	// One's own use proves nothing.
	promised, before := of(ann, "wallet.vesting"), both()
	ben.Must(pause, vars{"id": bens})
	for range ring / 4 {
		ann.Must(programtest.Complete, ask)
	}
	vest()
	require.Equal(t, promised, of(ann, "wallet.vesting"))
	require.Less(t, both(), before)

	// What one proves by the other's use costs the other more.
	before = both()
	for range ring {
		ben.Must(programtest.Complete, ask)
	}
	vest()
	require.Less(t, of(ann, "wallet.vesting"), promised, "it does prove something")
	require.Less(t, both(), before)
	ben.Must(resume, vars{"id": bens})
	ann.Must(pause, vars{"id": anns})
	before = both()
	for range ring {
		ann.Must(programtest.Complete, ask)
	}
	vest()
	require.Less(t, both(), before)

	// Coming and going leaves nothing behind.
	ranking := func() string {
		return admin.Must(`{ contributors { edges { node { owner { id } resourcesContributed creditsIssued } } } }`, nil).Raw
	}
	rank, has := ranking(), ann.Must(wallet, nil).Raw
	for range cycles {
		id := ann.Deposit(u, "sk-again-0123456789", "500")
		ann.Must(withdraw, vars{"id": id})
	}
	require.Equal(t, rank, ranking())
	require.Equal(t, has, ann.Must(wallet, nil).Raw)
	p.Verified()
}

// An admin stops a stolen key: within a second no server uses it, and what was reserved on it is given back.
func TestRow39_StolenKey(t *testing.T) {
	t.Parallel()
	u := upstreamtest.New(t)
	_, all := servers(t, 2, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, eve, tom := all[0].Admin(), all[0].Person("eve"), all[0].Person("tom")
	admin.GPT4()
	admin.Grant(tom, "1000")
	const stolen = "sk-stolen-0123456789"
	id := eve.Deposit(u, stolen, "100")
	ask := programtest.Ask("gpt-4", vars{"maxTokens": 10})
	require.Eventually(t, func() bool { return try(t, tom.At(all[1]), programtest.Complete, ask).code == "" }, 5*time.Second, 50*time.Millisecond)
	u.Script(stolen, sandbox.Fault{Kind: sandbox.Slow, Delay: 1500 * time.Millisecond})
	running := make(chan reply, 1)
	go func() { running <- try(t, tom.At(all[1]), programtest.Complete, ask) }()
	require.Eventually(t, func() bool { return admin.Resource(id)["reservedQuota"] != "0" }, 5*time.Second, 10*time.Millisecond)
	admin.Platform(u, "sk-platform-0123456789", "100", true)

	admin.Must(`mutation($id: ID!) { suspendResource(id: $id, reason: "reported as stolen") { status } }`, vars{"id": id})
	suspended := time.Now()
	before := u.Chats(stolen)
	eve.Refused("CONFLICT", `mutation($id: ID!) { resumeResource(id: $id) { status } }`, vars{"id": id})
	eve.Refused("CONFLICT", `mutation($id: ID!) { verifyResource(id: $id) { status } }`, vars{"id": id})
	eve.Refused("CONFLICT", `mutation($id: ID!) { rotateResourceKey(id: $id, apiKey: "sk-other-0123456789") { status } }`, vars{"id": id})
	time.Sleep(time.Until(suspended.Add(time.Second)))
	for i := range 20 {
		tom.At(all[i%2]).Must(programtest.Complete, ask)
	}
	require.Equal(t, before, u.Chats(stolen))
	require.Empty(t, (<-running).code)
	state := admin.Resource(id)
	require.Equal(t, "SUSPENDED 0", state["status"]+" "+state["reservedQuota"])
	all[0].Verified()
}
