package acceptance

import (
	"fmt"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/sandbox"
)

func TestAServerThatIsToldToStopUnderLoadAnswersWhatItBegan(t *testing.T) {
	t.Parallel()
	up := programtest.NewGate(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+up.URLs)
	admin, tom := p.Admin(), p.Person("tom")
	admin.GPT4()
	admin.Grant(tom, "100000")
	admin.Platform(up.Upstream, "sk-platform-0123456789", "50000", false)
	up.SetLatency("", sandbox.Latency{PerToken: 20 * time.Millisecond})
	began := make(chan struct{}, 10_000)
	up.Hook(func(http.ResponseWriter, int64) bool {
		began <- struct{}{}
		return false
	}, nil)

	var mu sync.Mutex
	answered := map[string]string{} // usage id → what was charged
	stop := make(chan struct{})
	var workers sync.WaitGroup
	for w := range 24 {
		m := whole
		if w%4 == 0 {
			m = streamed
		}
		workers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				r := request(tom, m, programtest.Ask("gpt-4", vars{"maxTokens": 16, "messages": []vars{{"role": "USER", "content": fmt.Sprintf("%d of %d", n, w)}}}))
				if r.err != nil {
					return // the server takes nothing new
				}
				mu.Lock()
				answered[r.payload.Get("usage.id").String()] = r.payload.Get("creditsCharged").String()
				mu.Unlock()
			}
		})
	}
	for range 100 {
		<-began
	}
	told := time.Now()
	p.Kill(syscall.SIGTERM)
	require.Less(t, time.Since(told), 15*time.Second)
	require.True(t, p.Ended.Success(), "%v\n%s", p.Ended, p.Out)
	close(stop)
	workers.Wait()
	require.Len(t, answered, int(up.Chats.Load()), "what reached the provider was answered")

	p.Start()
	require.Equal(t, "0", tom.Must(programtest.Wallet, nil).Get("viewer.wallet.held").String())
	rows := 0
	for after := ""; ; {
		page := tom.Must(`query($after: Cursor) { usageLogs(first: 100, after: $after) { edges { node { id status creditsCharged errorCode } } pageInfo { endCursor hasNextPage } } }`,
			vars{"after": nullable(after)}).Get("usageLogs")
		for _, e := range page.Get("edges").Array() {
			rows++
			require.Equal(t, "SUCCEEDED", e.Get("node.status").String(), e.Raw)
			require.Equal(t, answered[e.Get("node.id").String()], e.Get("node.creditsCharged").String(), e.Raw)
		}
		if after = page.Get("pageInfo.endCursor").String(); !page.Get("pageInfo.hasNextPage").Bool() {
			break
		}
	}
	require.Len(t, answered, rows)
	p.Verified()
}
