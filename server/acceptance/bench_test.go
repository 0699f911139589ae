package acceptance

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

// BenchmarkComplete measures completions over GraphQL from one connection and from 64, whole path: a started program, its
// private Postgres with durable commits, a sandbox that answers at once; all on this machine, client and sandbox in this process.
func BenchmarkComplete(b *testing.B) {
	u := upstreamtest.New(b)
	dir := b.TempDir()
	p := programtest.Launch(b, []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + b.TempDir(), "POOL_DATA_DIR=" + dir, "POOL_LISTEN=" + programtest.FreeAddress(b), "POOL_SIGNUPS_PER_HOUR=0",
		"POOL_RATE_LIMIT_RPM=0", "POOL_QUERY_COST_PER_MINUTE=0", "POOL_ADMIN_EMAIL=" + programtest.AdminEmail, "POOL_ADMIN_PASSWORD=" + programtest.AdminPassword, "POOL_PROVIDER_URLS=" + u.ProviderURLs(),
	})
	admin, tom := p.Admin(), p.Person("tom")
	admin.GPT4()
	admin.Grant(tom, "100000000")
	for i := range 4 {
		admin.Platform(u, fmt.Sprintf("sk-platform-%d-0123456789", i), "1000000", false)
	}
	token := tom.Must(`mutation { createApiToken(input: {name: "bench"}) { secret } }`, nil).Get("createApiToken.secret").String()
	for _, connections := range []int{1, 64} {
		b.Run(fmt.Sprintf("connections=%d", connections), func(b *testing.B) {
			clients := make([]*client, connections)
			for i := range clients {
				clients[i] = p.Anonymous()
				clients[i].Token = token
				clients[i].Must(programtest.Complete, programtest.Ask("gpt-4", vars{"maxTokens": 16}))
			}
			took := make([]time.Duration, b.N)
			next := make(chan int)
			var wg sync.WaitGroup
			b.ResetTimer()
			for _, c := range clients {
				wg.Go(func() {
					for i := range next {
						began := time.Now()
						if _, err := c.Do(programtest.Complete, programtest.Ask("gpt-4", vars{"maxTokens": 16})); err != nil {
							b.Error(err)
						}
						took[i] = time.Since(began)
					}
				})
			}
			for i := range b.N {
				next <- i
			}
			close(next)
			wg.Wait()
			b.StopTimer()
			slices.Sort(took)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "completions/s")
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
	p.Verified()
}
