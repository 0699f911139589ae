package ledger_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
)

// BenchmarkHoldAndSettle measures pairs of operations, as a completion makes them, with so many in flight. Each of 100
// consumers and 20 keys. The database is the one of the tests: whether its commits are durable is its own matter.
func BenchmarkHoldAndSettle(b *testing.B) {
	for _, flight := range []int{1, 64, 1024} {
		b.Run(fmt.Sprintf("flight=%d", flight), func(b *testing.B) {
			db := fresh(b)
			l, _ := start(b, db, "")
			users, keys := make([]ids.ID, 100), make([]ids.ID, 20)
			for i := range users {
				users[i] = source.New(ids.User)
				grant(b, l, users[i], 1_000_000*one)
			}
			for i := range keys {
				keys[i] = deposit(b, l, "", 1_000_000*one)
			}
			next := make(chan int)
			var wg sync.WaitGroup
			b.ResetTimer()
			for range flight {
				wg.Go(func() {
					for i := range next {
						user, key := users[i%len(users)], keys[i%len(keys)]
						h := hold(user, key, "", one/100, one/100)
						if _, err := l.Do(b.Context(), ledger.Request{Op: h, Caller: string(user)}); err != nil {
							b.Error(err)
							continue
						}
						if _, err := l.Do(b.Context(), ledger.Request{Op: &ledger.Settle{Hold: h.ID, Charge: 1, Cost: 1, Usage: usage(user, key, "")}, Caller: string(user)}); err != nil {
							b.Error(err)
						}
					}
				})
			}
			for i := range b.N {
				next <- i
			}
			close(next)
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(2*b.N)/b.Elapsed().Seconds(), "ops/s")
			require.NotZero(b, clean(b, db).HeadSeq)
		})
	}
}
