package routing_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/resourcepool/resourcepool/server/routing"
)

func TestObserve_Success(t *testing.T) {
	h := routing.Observe(routing.Health{FailuresInARow: 3, Requests: 3, SuccessAverage: ptr(0.5)},
		routing.Observation{At: now, OK: true, Latency: 2 * time.Second, OutputTokens: 100})
	assert.Equal(t, int64(4), h.Requests)
	assert.Equal(t, int64(1), h.Successes)
	assert.Equal(t, int64(0), h.FailuresInARow, "a success ends the row")
	assert.InDelta(t, 2000, *h.AverageLatencyMs, 1e-9)
	assert.InDelta(t, 20, *h.TokenLatencyMs, 1e-9, "the first value is the average")
	assert.InDelta(t, 0.6, *h.SuccessAverage, 1e-9)
	assert.Equal(t, now, *h.LastUsedAt)
	assert.Nil(t, h.LastFailureAt)

	h = routing.Observe(h, routing.Observation{At: now, OK: true, Latency: time.Second, OutputTokens: 10})
	assert.InDelta(t, 0.8*20+0.2*100, *h.TokenLatencyMs, 1e-9)
	h = routing.Observe(h, routing.Observation{At: now, OK: true, Latency: time.Second})
	assert.InDelta(t, 36, *h.TokenLatencyMs, 1e-9, "no output, nothing measured per token")
}

func TestObserve_Failure(t *testing.T) {
	h := routing.Observe(routing.Health{TokenLatencyMs: ptr(20.0)},
		routing.Observation{At: now, Latency: time.Millisecond, OutputTokens: 1, CoolUntil: ago(-time.Minute)})
	assert.Equal(t, int64(1), h.Requests)
	assert.Equal(t, int64(0), h.Successes)
	assert.Equal(t, int64(1), h.FailuresInARow)
	assert.InDelta(t, 0.8, *h.SuccessAverage, 1e-9, "an unmeasured key counts as 1, and falls from there")
	assert.InDelta(t, 20, *h.TokenLatencyMs, 0, "who refuses at once is not fast")
	assert.Equal(t, now, *h.LastFailureAt)
	assert.Equal(t, now.Add(time.Minute), *h.CoolingUntil)
}

func TestObserve_ClientFaultSaysNothingOfTheKey(t *testing.T) {
	before := routing.Health{Requests: 5, Successes: 4, FailuresInARow: 1, SuccessAverage: ptr(0.7), LastFailureAt: ago(time.Hour)}
	after := routing.Observe(before, routing.Observation{At: now, ClientFault: true, Latency: time.Second, OutputTokens: 5})
	assert.Equal(t, now, *after.LastUsedAt)
	after.LastUsedAt = nil
	assert.Equal(t, before, after)
}

func TestObserve_LateNewsDoesNotTurnTimeBack(t *testing.T) {
	before := routing.Health{LastUsedAt: ago(0), LastFailureAt: ago(0), CoolingUntil: ago(-time.Hour)}
	after := routing.Observe(before, routing.Observation{At: *ago(time.Minute), CoolUntil: ago(-time.Minute)})
	assert.Equal(t, before.LastUsedAt, after.LastUsedAt)
	assert.Equal(t, before.LastFailureAt, after.LastFailureAt)
	assert.Equal(t, before.CoolingUntil, after.CoolingUntil)
}

func TestDelta_TheZeroValueChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, d := healths().Draw(t, "health"), deltas().Draw(t, "delta")
		require.Equal(t, h, h.Apply(routing.Delta{}))
		require.Equal(t, d, d.Then(routing.Delta{}))
		require.Equal(t, d, routing.Delta{}.Then(d))
		keep, add, first := routing.Average{}.Terms()
		require.Equal(t, []any{1.0, 0.0, (*float64)(nil)}, []any{keep, add, first})
	})
}

func TestDelta_IsAllItsObservationsInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := healths().Draw(t, "health")
		want, folded := h, routing.Delta{}
		for _, o := range rapid.SliceOfN(observations(), 0, 30).Draw(t, "observations") {
			want = routing.Observe(want, o)
			folded = folded.Then(routing.DeltaOf(o))
		}
		requireSameHealth(t, want, h.Apply(folded))
	})
}

func TestDelta_ThenIsAssociative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := deltas().Draw(t, "a"), deltas().Draw(t, "b"), deltas().Draw(t, "c")
		h := healths().Draw(t, "health")
		requireSameHealth(t, h.Apply(a.Then(b).Then(c)), h.Apply(a.Then(b.Then(c))))
	})
}

// The averages against their definition, written out.
func TestDelta_AveragesAreExponential(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		oks := rapid.SliceOfN(rapid.Bool(), 1, 40).Draw(t, "oks")
		want, folded := 1.0, routing.Delta{}
		for _, ok := range oks {
			value := 0.0
			if ok {
				value = 1
			}
			want = 0.2*value + 0.8*want
			folded = folded.Then(routing.DeltaOf(routing.Observation{At: now, OK: ok}))
		}
		require.InDelta(t, want, *routing.Health{}.Apply(folded).SuccessAverage, 1e-9)
	})
}

func healths() *rapid.Generator[routing.Health] {
	return rapid.Custom(func(t *rapid.T) routing.Health {
		number := optional(rapid.Float64Range(0, 5000))
		return routing.Health{
			Requests: rapid.Int64Range(0, 1e9).Draw(t, "requests"), Successes: rapid.Int64Range(0, 1e9).Draw(t, "successes"),
			AverageLatencyMs: number.Draw(t, "latency"), TokenLatencyMs: number.Draw(t, "token"),
			SuccessAverage: optional(rapid.Float64Range(0, 1)).Draw(t, "success"),
			FailuresInARow: rapid.Int64Range(0, 9).Draw(t, "failures"), LastFailureAt: optional(times()).Draw(t, "failed"),
			LastUsedAt: optional(times()).Draw(t, "used"), CoolingUntil: optional(times()).Draw(t, "cooling"),
		}
	})
}

func observations() *rapid.Generator[routing.Observation] {
	return rapid.Custom(func(t *rapid.T) routing.Observation {
		return routing.Observation{
			At: times().Draw(t, "at"), OK: rapid.Bool().Draw(t, "ok"), ClientFault: rapid.IntRange(0, 4).Draw(t, "fault") == 0,
			Latency:      time.Duration(rapid.Int64Range(-1, int64(time.Minute)).Draw(t, "latency")),
			OutputTokens: rapid.Int64Range(-1, 1000).Draw(t, "tokens"), CoolUntil: optional(times()).Draw(t, "cool"),
		}
	})
}

func deltas() *rapid.Generator[routing.Delta] {
	return rapid.Custom(func(t *rapid.T) (d routing.Delta) {
		for _, o := range rapid.SliceOfN(observations(), 0, 4).Draw(t, "observations") {
			d = d.Then(routing.DeltaOf(o))
		}
		return d
	})
}

// requireSameHealth allows the averages the noise of another order of multiplication.
func requireSameHealth(t *rapid.T, want, got routing.Health) {
	for _, pair := range [][2]**float64{
		{&want.AverageLatencyMs, &got.AverageLatencyMs},
		{&want.TokenLatencyMs, &got.TokenLatencyMs},
		{&want.SuccessAverage, &got.SuccessAverage},
	} {
		w, g := *pair[0], *pair[1]
		require.Equal(t, w == nil, g == nil)
		if w != nil {
			require.InDelta(t, *w, *g, 1e-9*math.Max(1, math.Abs(*w)))
		}
		*pair[0], *pair[1] = nil, nil
	}
	require.Equal(t, want, got)
}
