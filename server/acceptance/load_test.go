package acceptance

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/sandbox"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

type reply struct {
	data gjson.Result
	err  error
}

func try(c *client, query string, v vars) reply {
	data, err := c.Do(query, v)
	return reply{data, err}
}

func TestTwoHundredCompletionsOnFundsForSeven(t *testing.T) {
	u := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, tom := p.Admin(), p.Person("tom")
	admin.GPT4()
	admin.Grant(tom, "70")
	key := admin.Platform(u, "sk-platform-0123456789", "5000", false)
	u.Script("sk-platform-0123456789", sandbox.Fault{Kind: sandbox.UsageOverride, Prompt: 2000, Completion: 1000, Count: 1000})
	served := 0
	for _, r := range programtest.Together(200, func(int) reply {
		return try(tom, programtest.Complete, programtest.Ask("gpt-4", vars{"maxTokens": 1000}))
	}) {
		if r.err == nil {
			served++
			continue
		}
		require.Equal(t, "INSUFFICIENT_CREDITS", r.err.(*graphError).Code)
	}
	require.Equal(t, 7, served)
	require.Equal(t, int64(8), u.Chats("sk-platform-0123456789"), "seven and the test call of the deposit")
	w := tom.Must(programtest.Wallet, nil).Get("viewer.wallet")
	require.Equal(t, "0", w.Get("available").String())
	require.Equal(t, "0", w.Get("held").String())
	require.Equal(t, "0", admin.Resource(key)["reservedQuota"])
	p.Verified()
}

func TestFiftyReplaysAreOneCallAndOneCharge(t *testing.T) {
	u := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, tom, alice := p.Admin(), p.Person("tom"), p.Person("alice")
	admin.GPT4()
	admin.Grant(tom, "70")
	admin.Grant(alice, "70")
	admin.Platform(u, "sk-platform-0123456789", "5000", false)
	u.Script("sk-platform-0123456789", sandbox.Fault{Kind: sandbox.UsageOverride, Prompt: 2000, Completion: 1000, Count: 1000})
	before := u.Chats("sk-platform-0123456789")
	once := programtest.Ask("gpt-4", vars{"maxTokens": 1000, "idempotencyKey": "once"})
	answers := map[string]bool{}
	for _, r := range programtest.Together(50, func(int) reply { return try(tom, programtest.Complete, once) }) {
		require.NoError(t, r.err)
		answers[r.data.Get("complete.completion").Raw+r.data.Get("complete.usage").Raw+r.data.Get("complete.creditsCharged").Raw] = true
	}
	require.Len(t, answers, 1)
	require.Equal(t, int64(1), u.Chats("sk-platform-0123456789")-before)
	require.Equal(t, "60", tom.Available())
	tom.Refused("IDEMPOTENCY_CONFLICT", programtest.Complete, programtest.Ask("gpt-4", vars{"maxTokens": 999, "idempotencyKey": "once"}))
	alice.Must(programtest.Complete, once)
	require.Equal(t, "60", alice.Available())
	p.Verified()
}

func TestOneOfTwentyDepositsOfAKeyWins(t *testing.T) {
	u := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	people := []*client{p.Person("bob"), p.Person("alice")}
	u.AddKey("sk-wanted-0123456789", "100")
	won := 0
	for _, r := range programtest.Together(20, func(i int) reply {
		return try(people[i%2], programtest.Deposit, vars{"i": vars{"provider": "openai", "apiKey": "sk-wanted-0123456789", "quota": "100"}})
	}) {
		if r.err == nil {
			won++
			continue
		}
		require.Equal(t, "KEY_ALREADY_DEPOSITED", r.err.(*graphError).Code, r.err)
	}
	require.Equal(t, 1, won)
	o := p.Admin().Must(`{ poolOverview { totalValue depositFees activeResources } }`, nil).Get("poolOverview")
	require.Equal(t, "100", o.Get("totalValue").String())
	require.Equal(t, "10", o.Get("depositFees").String())
	p.Verified()
}

// journal is what clients know of their requests, kept outside of the program.
type journal struct {
	mu       sync.Mutex
	answered map[string]string // idempotency key → usage id
	unknown  map[string]bool
}

func TestKilledUnderLoadNothingIsLostOrBookedTwice(t *testing.T) {
	u := upstreamtest.New(t)
	u.SetLatency("", sandbox.Latency{FirstByte: 5 * time.Millisecond})
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, tom, bob := p.Admin(), p.Person("tom"), p.Person("bob")
	admin.GPT4()
	admin.Grant(tom, "1000000")
	admin.Platform(u, "sk-platform-0123456789", "500000", false)
	bob.Deposit(u, "sk-bobs-0123456789", "1000")
	j := &journal{answered: map[string]string{}, unknown: map[string]bool{}}
	for round := range 3 {
		load(p, tom, j, round)
	}
	require.Eventually(t, func() bool {
		return tom.Must(programtest.Wallet, nil).Get("viewer.wallet.held").String() == "0"
	}, 30*time.Second, 100*time.Millisecond, "holds of the killed server are released")
	require.NotEmpty(t, j.unknown, "the kill hit requests in flight")

	booked := map[string]int{}
	after := ""
	for {
		r := tom.Must(`query($after: Cursor) { usageLogs(first: 100, after: $after) { edges { node { id status creditsCharged } } pageInfo { endCursor hasNextPage } } }`, vars{"after": nullable(after)}).Get("usageLogs")
		for _, e := range r.Get("edges").Array() {
			if e.Get("node.status").String() == "SUCCEEDED" {
				booked[e.Get("node.id").String()]++
			}
		}
		if after = r.Get("pageInfo.endCursor").String(); !r.Get("pageInfo.hasNextPage").Bool() {
			break
		}
	}
	for key, id := range j.answered {
		require.Equal(t, 1, booked[id], "the answer to %s is in the books once", key)
	}
	// What nobody knows was booked at most once: a retry gives the answer on record, or runs anew and is then booked once.
	for key := range j.unknown {
		r := tom.Must(programtest.Complete, programtest.Ask("gpt-4", vars{"maxTokens": 50, "idempotencyKey": key}))
		again := tom.Must(programtest.Complete, programtest.Ask("gpt-4", vars{"maxTokens": 50, "idempotencyKey": key}))
		require.Equal(t, r.Get("complete.usage.id").String(), again.Get("complete.usage.id").String())
	}
	p.Verified()
}

func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// load runs requests from 32 workers, kills the server in the middle and starts it again.
func load(p *program, tom *client, j *journal, round int) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for w := range 32 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				key := fmt.Sprintf("%d-%d-%d", round, w, n)
				r := try(tom, programtest.Complete, programtest.Ask("gpt-4", vars{"maxTokens": 50, "idempotencyKey": key}))
				j.mu.Lock()
				switch _, refused := r.err.(*graphError); {
				case r.err == nil:
					j.answered[key] = r.data.Get("complete.usage.id").String()
				case !refused:
					j.unknown[key] = true
				}
				j.mu.Unlock()
				if r.err != nil {
					return
				}
			}
		})
	}
	time.Sleep(time.Second + time.Duration(rand.IntN(700))*time.Millisecond)
	p.Kill(syscall.SIGKILL)
	close(stop)
	wg.Wait()
	p.Start()
}
