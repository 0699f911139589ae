package routing_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/routing"
)

func TestDecide_DoesNotDependOnTheOrderOfCandidates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, pool, failover := settings().Draw(t, "settings"), candidates().Draw(t, "pool"), rapid.Bool().Draw(t, "failover")
		want := routing.Decide(now, s, failover, pool)
		got := routing.Decide(now, s, failover, rapid.Permutation(pool).Draw(t, "shuffled"))
		require.Equal(t, want, got)
	})
}

func TestDecide_Invariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, pool := settings().Draw(t, "settings"), candidates().Draw(t, "pool")
		require.NoError(t, s.Validate())
		d := routing.Decide(now, s, rapid.Bool().Draw(t, "failover"), pool)

		byID := map[ids.ID]routing.Candidate{}
		for _, c := range pool {
			byID[c.ID] = c
		}
		require.Len(t, d.Candidates, len(pool))
		backups, last := false, math.Inf(1)
		for i, c := range d.Candidates {
			_, known := byID[c.ID]
			require.True(t, known, "each candidate is in the decision once")
			eligible := i < len(d.Order)
			require.Equal(t, eligible, c.Excluded == "", "who is left out has a reason, and nobody else")
			if eligible {
				require.Equal(t, d.Order[i], c.ID)
				require.GreaterOrEqual(t, byID[c.ID].Available, byID[c.ID].Need)
				require.True(t, byID[c.ID].Capacity <= 0 || byID[c.ID].InFlight < byID[c.ID].Capacity)
				if c.Backup && !backups {
					backups, last = true, math.Inf(1)
				}
				require.Equal(t, backups, c.Backup, "backups come last")
				require.LessOrEqual(t, c.Score, last, "the best is first")
				last = c.Score
			}
			requireWithinBounds(t, c)
			delete(byID, c.ID)
		}
		require.Equal(t, len(d.Order) == 0, d.Reason == "")
	})
}

func requireWithinBounds(t *rapid.T, c routing.Scored) {
	p := c.Parts
	for i, v := range []float64{c.Score, c.Cost, c.Performance, c.Reliability,
		p.Expiring, p.Cheapness, p.Speed, p.Success, p.History, p.Stability} {
		require.True(t, v >= 0 && v <= 1, "value %d is %v", i, v) // NaN is neither
	}
	for _, p := range c.Penalties {
		require.True(t, p.Factor > 0 && p.Factor <= 1, "%s is %v", p.Name, p.Factor)
	}
}

func TestDecide_NoHealthMakesItNaN(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pool := make([]routing.Candidate, rapid.IntRange(1, 6).Draw(t, "n"))
		for i := range pool {
			pool[i] = wild(ids.ID(fmt.Sprintf("res_%d", i))).Draw(t, "candidate")
			pool[i].Available = max(pool[i].Available, pool[i].Need)
		}
		d := routing.Decide(now, settings().Draw(t, "settings"), false, pool)
		for _, c := range d.Candidates {
			requireWithinBounds(t, c)
		}
		require.True(t, json.Valid(d.Record().JSON())) // JSON has no NaN
		shuffled := routing.Decide(now, routing.Defaults(), false, rapid.Permutation(pool).Draw(t, "shuffled"))
		require.Equal(t, routing.Decide(now, routing.Defaults(), false, pool), shuffled)
	})
}

func TestDecide_AFurtherFailureNeverRaisesAScore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, pool := settings().Draw(t, "settings"), candidates().Draw(t, "pool")
		c := candidate("res_own").Draw(t, "own")
		c.Excluded, c.CoolingUntil, c.ExpiresAt, c.Need = "", nil, nil, 0
		failed := c
		failed.Health = routing.Observe(c.Health, routing.Observation{At: now})
		before := scoreOf(s, c, slices.Clone(pool)...).Score
		after := scoreOf(s, failed, slices.Clone(pool)...).Score
		require.LessOrEqual(t, after, before)
	})
}

func TestDecide_FailuresAreForgottenWithTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := plain("res_own")
		c.FailuresInARow = rapid.Int64Range(1, 1e6).Draw(t, "failures")
		since := rapid.Int64Range(0, int64(24*time.Hour))
		d1, d2 := time.Duration(since.Draw(t, "d1")), time.Duration(since.Draw(t, "d2"))
		c.LastFailureAt = ago(min(d1, d2))
		recent := scoreOf(routing.Defaults(), c).Score
		c.LastFailureAt = ago(max(d1, d2))
		require.LessOrEqual(t, recent, scoreOf(routing.Defaults(), c).Score)
	})
}

func TestTake_IsTheDecisionWithoutThoseBefore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, pool, failover := settings().Draw(t, "settings"), candidates().Draw(t, "pool"), rapid.Bool().Draw(t, "failover")
		d := routing.Decide(now, s, failover, pool)
		if len(d.Order) == 0 {
			return
		}
		at := rapid.IntRange(0, len(d.Order)-1).Draw(t, "at")
		got := d.Take(d.Order[at])
		require.Equal(t, d.Order[at:], got.Order)
		require.Equal(t, d.ReasonFor(d.Order[at]), got.Reason)
		require.Len(t, got.Candidates, len(pool))
		for i, c := range got.Candidates {
			require.Equal(t, i < len(got.Order), c.Excluded == "")
		}
		require.True(t, slices.IsSortedFunc(got.Candidates[len(got.Order):], func(a, b routing.Scored) int {
			return strings.Compare(string(a.ID), string(b.ID))
		}))
		require.Equal(t, routing.Decide(now, s, failover, pool), d, "the decision itself stays as it was")
	})
}
