package routing_test

import (
	"fmt"
	"math"
	"time"

	"pgregory.net/rapid"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/routing"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func ptr[T any](v T) *T { return &v }

func ago(d time.Duration) *time.Time { return ptr(now.Add(-d)) }

// usd is whole dollars.
func usd(n int64) money.USD { return money.USD(n * money.One) }

// plain is a candidate without a history that anything could be said against.
func plain(id ids.ID) routing.Candidate {
	return routing.Candidate{ID: id, Current: usd(100), Available: usd(100), Need: usd(1), Expected: usd(1)}
}

// optional draws nil or a value.
func optional[T any](g *rapid.Generator[T]) *rapid.Generator[*T] {
	return rapid.Custom(func(t *rapid.T) *T {
		if rapid.Bool().Draw(t, "set") {
			return ptr(g.Draw(t, "value"))
		}
		return nil
	})
}

// times are around now, some at its edges.
func times() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		offset := rapid.OneOf(
			rapid.Int64Range(int64(-90*time.Second), int64(90*time.Second)),
			rapid.Int64Range(int64(-60*day), int64(60*day)),
			rapid.SampledFrom([]int64{0, 1, -1, int64(-time.Minute), int64(30 * day)}),
		)
		return now.Add(time.Duration(offset.Draw(t, "offset")))
	})
}

func settings() *rapid.Generator[routing.Settings] {
	return rapid.Custom(func(t *rapid.T) routing.Settings {
		s := routing.Defaults()
		cost := rapid.IntRange(0, 100).Draw(t, "cost")
		performance := rapid.IntRange(0, 100-cost).Draw(t, "performance")
		s.CostWeight, s.PerformanceWeight = float64(cost)/100, float64(performance)/100
		s.ReliabilityWeight = 1 - s.CostWeight - s.PerformanceWeight
		s.ReliabilityWeight = max(s.ReliabilityWeight, 0)
		factor := rapid.Float64Range(0.001, 1)
		s.PlatformOwnedFactor, s.LowQuotaFactor = factor.Draw(t, "platform"), factor.Draw(t, "low")
		s.UsedRecentlyFactor = factor.Draw(t, "used")
		s.UsedRecently = time.Duration(rapid.IntRange(0, 120).Draw(t, "seconds")) * time.Second
		return s
	})
}

// candidates are up to twelve, out of few values, so that ties and exclusions are frequent.
func candidates() *rapid.Generator[[]routing.Candidate] {
	return rapid.Custom(func(t *rapid.T) []routing.Candidate {
		out := make([]routing.Candidate, rapid.IntRange(0, 12).Draw(t, "n"))
		for i := range out {
			out[i] = candidate(ids.ID(fmt.Sprintf("res_%02d", i))).Draw(t, "candidate")
		}
		return out
	})
}

func candidate(id ids.ID) *rapid.Generator[routing.Candidate] {
	return rapid.Custom(func(t *rapid.T) routing.Candidate {
		quota := rapid.SampledFrom([]money.USD{0, 1, usd(5), usd(10), usd(500)})
		requests := rapid.Int64Range(0, 50).Draw(t, "requests")
		return routing.Candidate{
			ID: id, Platform: rapid.Bool().Draw(t, "platform"), Backup: rapid.Bool().Draw(t, "backup"),
			Current: quota.Draw(t, "current"), Available: quota.Draw(t, "available"), Need: quota.Draw(t, "need"),
			Expected:  rapid.SampledFrom([]money.USD{0, 1, usd(1), usd(2)}).Draw(t, "expected"),
			ExpiresAt: optional(times()).Draw(t, "expires"),
			Health: routing.Health{
				Requests: requests, Successes: rapid.Int64Range(0, requests).Draw(t, "successes"),
				TokenLatencyMs: optional(rapid.SampledFrom([]float64{0, 5, 10, 1000})).Draw(t, "latency"),
				SuccessAverage: optional(rapid.SampledFrom([]float64{0, 0.5, 1})).Draw(t, "success"),
				FailuresInARow: rapid.Int64Range(0, 4).Draw(t, "failures"),
				LastFailureAt:  optional(times()).Draw(t, "failed"), LastUsedAt: optional(times()).Draw(t, "used"),
				CoolingUntil: optional(times()).Draw(t, "cooling"),
			},
			InFlight: rapid.SampledFrom([]int64{0, 0, 1, 4, 100}).Draw(t, "in flight"),
			Capacity: rapid.SampledFrom([]int64{0, 0, 4, 10}).Draw(t, "capacity"),
			Used:     rapid.SampledFrom([]float64{0, 0, 0.5, 0.9, 1}).Draw(t, "used up"),
			Warm:     rapid.Bool().Draw(t, "warm"),
			Excluded: rapid.SampledFrom([]routing.Exclusion{"", "", "", routing.WrongModel, routing.TriedAlready}).Draw(t, "excluded"),
		}
	})
}

// wild is a candidate with values that no row should hold.
func wild(id ids.ID) *rapid.Generator[routing.Candidate] {
	return rapid.Custom(func(t *rapid.T) routing.Candidate {
		amount := rapid.Map(rapid.Int64(), func(n int64) money.USD { return money.USD(n) })
		number := optional(rapid.OneOf(rapid.Float64(),
			rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), -1, 5e-324, math.MaxFloat64})))
		at := optional(rapid.OneOf(times(), rapid.SampledFrom([]time.Time{
			{}, time.Unix(1<<40, 0), time.Unix(-1<<40, 0)})))
		return routing.Candidate{
			ID: id, Platform: rapid.Bool().Draw(t, "platform"), Backup: rapid.Bool().Draw(t, "backup"),
			Current: amount.Draw(t, "current"), Available: amount.Draw(t, "available"), Need: amount.Draw(t, "need"),
			Expected: amount.Draw(t, "expected"), ExpiresAt: at.Draw(t, "expires"),
			Health: routing.Health{
				Requests: rapid.Int64().Draw(t, "requests"), Successes: rapid.Int64().Draw(t, "successes"),
				TokenLatencyMs: number.Draw(t, "latency"), SuccessAverage: number.Draw(t, "success"),
				FailuresInARow: rapid.Int64().Draw(t, "failures"), LastFailureAt: at.Draw(t, "failed"),
				LastUsedAt: at.Draw(t, "used"), CoolingUntil: at.Draw(t, "cooling"),
			},
			InFlight: rapid.Int64().Draw(t, "in flight"), Capacity: rapid.Int64().Draw(t, "capacity"),
			Used: rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1)})).Draw(t, "used up"),
			Warm: rapid.Bool().Draw(t, "warm"),
		}
	})
}
