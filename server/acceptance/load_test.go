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

	"github.com/resourcepool/resourcepool/server/sandbox"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

// together runs f n times at once and returns the results.
func together[T any](n int, f func(i int) T) []T {
	out := make([]T, n)
	begin := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-begin
			out[i] = f(i)
		})
	}
	close(begin)
	wg.Wait()
	return out
}

type reply struct {
	data gjson.Result
	err  error
}

func (c *client) try(query string, v vars) reply {
	data, err := c.do(query, v)
	return reply{data, err}
}

func TestTwoHundredCompletionsOnFundsForSeven(t *testing.T) {
	u := upstreamtest.New(t)
	p := serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, tom := p.admin(), p.person("tom")
	admin.gpt4()
	admin.grant(tom, "70")
	key := admin.platform(u, "sk-platform-0123456789", "5000", false)
	u.Script("sk-platform-0123456789", sandbox.Fault{Kind: sandbox.UsageOverride, Prompt: 2000, Completion: 1000, Count: 1000})
	served := 0
	for _, r := range together(200, func(int) reply { return tom.try(complete, ask("gpt-4", vars{"maxTokens": 1000})) }) {
		if r.err == nil {
			served++
			continue
		}
		require.Equal(t, "INSUFFICIENT_CREDITS", r.err.(*graphError).Code)
	}
	require.Equal(t, 7, served)
	require.Equal(t, int64(8), u.Chats("sk-platform-0123456789"), "seven and the test call of the deposit")
	w := tom.must(wallet, nil).Get("viewer.wallet")
	require.Equal(t, "0", w.Get("available").String())
	require.Equal(t, "0", w.Get("held").String())
	require.Equal(t, "0", admin.resource(key)["reservedQuota"])
	p.verified()
}

func TestFiftyReplaysAreOneCallAndOneCharge(t *testing.T) {
	u := upstreamtest.New(t)
	p := serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, tom, alice := p.admin(), p.person("tom"), p.person("alice")
	admin.gpt4()
	admin.grant(tom, "70")
	admin.grant(alice, "70")
	admin.platform(u, "sk-platform-0123456789", "5000", false)
	u.Script("sk-platform-0123456789", sandbox.Fault{Kind: sandbox.UsageOverride, Prompt: 2000, Completion: 1000, Count: 1000})
	before := u.Chats("sk-platform-0123456789")
	once := ask("gpt-4", vars{"maxTokens": 1000, "idempotencyKey": "once"})
	answers := map[string]bool{}
	for _, r := range together(50, func(int) reply { return tom.try(complete, once) }) {
		require.NoError(t, r.err)
		answers[r.data.Get("complete.completion").Raw+r.data.Get("complete.usage").Raw+r.data.Get("complete.creditsCharged").Raw] = true
	}
	require.Len(t, answers, 1)
	require.Equal(t, int64(1), u.Chats("sk-platform-0123456789")-before)
	require.Equal(t, "60", tom.available())
	tom.refused("IDEMPOTENCY_CONFLICT", complete, ask("gpt-4", vars{"maxTokens": 999, "idempotencyKey": "once"}))
	alice.must(complete, once)
	require.Equal(t, "60", alice.available())
	p.verified()
}

func TestOneOfTwentyDepositsOfAKeyWins(t *testing.T) {
	u := upstreamtest.New(t)
	p := serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	people := []*client{p.person("bob"), p.person("alice")}
	u.AddKey("sk-wanted-0123456789", "100")
	won := 0
	for _, r := range together(20, func(i int) reply {
		return people[i%2].try(depositQuery, vars{"i": vars{"provider": "openai", "apiKey": "sk-wanted-0123456789", "quota": "100"}})
	}) {
		if r.err == nil {
			won++
			continue
		}
		require.Equal(t, "KEY_ALREADY_DEPOSITED", r.err.(*graphError).Code, r.err)
	}
	require.Equal(t, 1, won)
	o := p.admin().must(`{ poolOverview { totalValue depositFees activeResources } }`, nil).Get("poolOverview")
	require.Equal(t, "100", o.Get("totalValue").String())
	require.Equal(t, "10", o.Get("depositFees").String())
	p.verified()
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
	p := serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, tom, bob := p.admin(), p.person("tom"), p.person("bob")
	admin.gpt4()
	admin.grant(tom, "1000000")
	admin.platform(u, "sk-platform-0123456789", "500000", false)
	bob.deposit(u, "sk-bobs-0123456789", "1000")
	j := &journal{answered: map[string]string{}, unknown: map[string]bool{}}
	for round := range 3 {
		load(p, tom, j, round)
	}
	require.Eventually(t, func() bool {
		return tom.must(wallet, nil).Get("viewer.wallet.held").String() == "0"
	}, 30*time.Second, 100*time.Millisecond, "holds of the killed server are released")
	require.NotEmpty(t, j.unknown, "the kill hit requests in flight")

	booked := map[string]int{}
	after := ""
	for {
		r := tom.must(`query($after: Cursor) { usageLogs(first: 100, after: $after) { edges { node { id status creditsCharged } } pageInfo { endCursor hasNextPage } } }`, vars{"after": nullable(after)}).Get("usageLogs")
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
		r := tom.must(complete, ask("gpt-4", vars{"maxTokens": 50, "idempotencyKey": key}))
		again := tom.must(complete, ask("gpt-4", vars{"maxTokens": 50, "idempotencyKey": key}))
		require.Equal(t, r.Get("complete.usage.id").String(), again.Get("complete.usage.id").String())
	}
	p.verified()
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
				r := tom.try(complete, ask("gpt-4", vars{"maxTokens": 50, "idempotencyKey": key}))
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
	p.kill(syscall.SIGKILL)
	close(stop)
	wg.Wait()
	p.start()
}
