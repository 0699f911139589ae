package routing_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/routing"
)

// pool is n keys as a busy pool has them: each with its own health, a tenth of them cooling down.
func pool(n int) []routing.Candidate {
	out := make([]routing.Candidate, n)
	for i := range out {
		c := plain(ids.ID(fmt.Sprintf("res_%026d", i*7919%n)))
		c.TokenLatencyMs, c.SuccessAverage = ptr(float64(10+i%37)), ptr(1-float64(i%11)/100)
		c.Requests, c.Successes = int64(i*13), int64(i*12)
		c.LastUsedAt = ago(time.Duration(i%300) * time.Second)
		if i%5 == 0 {
			c.FailuresInARow, c.LastFailureAt = int64(i%4), ago(time.Duration(i)*time.Second)
		}
		if i%10 == 9 {
			c.CoolingUntil = ago(-time.Minute)
		}
		out[i] = c
	}
	return out
}

// loaded is pool with requests on every key, limits that are nearly reached, and a conversation that goes on.
func loaded(n int) []routing.Candidate {
	out := pool(n)
	for i := range out {
		out[i].InFlight, out[i].Used, out[i].Warm = int64(1+i%9), float64(i%10)/10, i%100 == 7
	}
	return out
}

func BenchmarkDecide(b *testing.B) {
	for name, pool := range map[string]func(int) []routing.Candidate{"idle": pool, "loaded": loaded} {
		for _, n := range []int{10, 100, 1000} {
			b.Run(fmt.Sprint(name, "/", n), func(b *testing.B) {
				candidates, s := pool(n), routing.Defaults()
				b.ReportAllocs()
				for b.Loop() {
					routing.Decide(now, s, false, candidates)
				}
			})
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	d := routing.Decide(now, routing.Defaults(), false, pool(100))
	b.ReportAllocs()
	for b.Loop() {
		d.Record().JSON()
	}
}

func TestDecide_AllocatesAFewSlicesWhateverTheNumber(t *testing.T) {
	candidates, s := loaded(1000), routing.Defaults()
	if n := testing.AllocsPerRun(10, func() { routing.Decide(now, s, false, candidates) }); n > 5 {
		t.Errorf("Decide made %v allocations", n)
	}
}
