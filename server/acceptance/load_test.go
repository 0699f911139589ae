package acceptance

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/sandbox"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

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
