package routing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/routing"
)

const day = 24 * time.Hour

func scoreOf(s routing.Settings, c routing.Candidate, others ...routing.Candidate) routing.Scored {
	d := routing.Decide(now, s, false, append(others, c))
	for _, scored := range d.Candidates {
		if scored.ID == c.ID {
			return scored
		}
	}
	panic("unreachable: every candidate is in the decision")
}

func TestScore_Parts(t *testing.T) {
	tests := map[string]struct {
		change func(*routing.Candidate)
		part   func(routing.Parts) float64
		want   float64
	}{
		"no expiry":            {func(c *routing.Candidate) { c.ExpiresAt = nil }, expiring, 0},
		"expiry at once":       {func(c *routing.Candidate) { c.ExpiresAt = ago(-1) }, expiring, 1},
		"expiry in 15 days":    {func(c *routing.Candidate) { c.ExpiresAt = ago(-15 * day) }, expiring, 0.5},
		"expiry in 30 days":    {func(c *routing.Candidate) { c.ExpiresAt = ago(-30 * day) }, expiring, 0},
		"expiry in a year":     {func(c *routing.Candidate) { c.ExpiresAt = ago(-365 * day) }, expiring, 0},
		"the cheapest":         {func(c *routing.Candidate) { c.Expected = usd(1) }, cheapness, 1},
		"cheaper than others":  {func(c *routing.Candidate) { c.Expected = 1 }, cheapness, 1},
		"four times the cost":  {func(c *routing.Candidate) { c.Expected = usd(4) }, cheapness, 0.25},
		"free":                 {func(c *routing.Candidate) { c.Expected = 0 }, cheapness, 1},
		"speed unknown":        {func(c *routing.Candidate) { c.TokenLatencyMs = nil }, speed, 1},
		"the fastest":          {func(c *routing.Candidate) { c.TokenLatencyMs = ptr(5.0) }, speed, 1},
		"half as fast":         {func(c *routing.Candidate) { c.TokenLatencyMs = ptr(20.0) }, speed, 0.5},
		"no time at all":       {func(c *routing.Candidate) { c.TokenLatencyMs = ptr(0.0) }, speed, 1},
		"success unknown":      {func(c *routing.Candidate) { c.SuccessAverage = nil }, success, 1},
		"success measured":     {func(c *routing.Candidate) { c.SuccessAverage = ptr(0.7) }, success, 0.7},
		"no history":           {func(c *routing.Candidate) { c.Requests, c.Successes = 0, 0 }, history, 0.95},
		"a good history":       {func(c *routing.Candidate) { c.Requests, c.Successes = 80, 81-1 }, history, 0.99},
		"a bad history":        {func(c *routing.Candidate) { c.Requests, c.Successes = 18, 0 }, history, 0.5},
		"no failures":          {func(c *routing.Candidate) { c.FailuresInARow = 0 }, stability, 1},
		"one failure, now":     {func(c *routing.Candidate) { c.FailuresInARow, c.LastFailureAt = 1, ago(0) }, stability, 0.75},
		"three failures, now":  {func(c *routing.Candidate) { c.FailuresInARow, c.LastFailureAt = 3, ago(0) }, stability, 0.5},
		"three, 10 min ago":    {func(c *routing.Candidate) { c.FailuresInARow, c.LastFailureAt = 3, ago(10*time.Minute) }, stability, 0.75},
		"three, 20 min ago":    {func(c *routing.Candidate) { c.FailuresInARow, c.LastFailureAt = 3, ago(20*time.Minute) }, stability, 0.875},
		"three, nobody knows":  {func(c *routing.Candidate) { c.FailuresInARow, c.LastFailureAt = 3, nil }, stability, 0.5},
		"three, clocks differ": {func(c *routing.Candidate) { c.FailuresInARow, c.LastFailureAt = 3, ago(-time.Minute) }, stability, 0.5},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			other, c := plain("res_other"), plain("res_own")
			other.TokenLatencyMs = ptr(10.0)
			tt.change(&c)
			assert.InDelta(t, tt.want, tt.part(scoreOf(routing.Defaults(), c, other).Parts), 1e-12)
		})
	}
}

func expiring(p routing.Parts) float64  { return p.Expiring }
func cheapness(p routing.Parts) float64 { return p.Cheapness }
func speed(p routing.Parts) float64     { return p.Speed }
func success(p routing.Parts) float64   { return p.Success }
func history(p routing.Parts) float64   { return p.History }
func stability(p routing.Parts) float64 { return p.Stability }

func TestScore_IsTheWeightedSumTimesThePenalties(t *testing.T) {
	c := plain("res_own")
	c.ExpiresAt, c.SuccessAverage, c.Requests, c.Successes = ago(-15*day), ptr(0.8), 18, 0
	c.Platform, c.Current, c.LastUsedAt = true, usd(9), ago(59*time.Second)
	got := scoreOf(routing.Defaults(), c)
	assert.InDelta(t, 0.75, got.Cost, 1e-12)
	assert.InDelta(t, 0.9, got.Performance, 1e-12)
	assert.InDelta(t, 0.75, got.Reliability, 1e-12)
	assert.Equal(t, []routing.Penalty{{Name: "platform_owned", Factor: 0.8}, {Name: "low_quota", Factor: 0.5}, {Name: "used_recently", Factor: 0.9}}, got.Penalties)
	assert.InDelta(t, (0.4*0.75+0.3*0.9+0.3*0.75)*0.8*0.5*0.9, got.Score, 1e-12)
}

func TestScore_Penalties(t *testing.T) {
	tests := map[string]struct {
		change func(*routing.Candidate)
		want   []string
	}{
		"none":                   {func(*routing.Candidate) {}, nil},
		"platform":               {func(c *routing.Candidate) { c.Platform = true }, []string{"platform_owned"}},
		"under the threshold":    {func(c *routing.Candidate) { c.Current = usd(10) - 1 }, []string{"low_quota"}},
		"at the threshold":       {func(c *routing.Candidate) { c.Current = usd(10) }, nil},
		"held quota counts":      {func(c *routing.Candidate) { c.Available = usd(2) }, nil},
		"used within the minute": {func(c *routing.Candidate) { c.LastUsedAt = ago(time.Minute - 1) }, []string{"used_recently"}},
		"used a minute ago":      {func(c *routing.Candidate) { c.LastUsedAt = ago(time.Minute) }, nil},
		"used by another clock":  {func(c *routing.Candidate) { c.LastUsedAt = ago(-time.Second) }, []string{"used_recently"}},
		"two of them": {func(c *routing.Candidate) { c.Platform, c.LastUsedAt = true, ago(0) },
			[]string{"platform_owned", "used_recently"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := plain("res_own")
			tt.change(&c)
			var names []string
			for _, p := range scoreOf(routing.Defaults(), c).Penalties {
				names = append(names, p.Name)
			}
			assert.Equal(t, tt.want, names)
		})
	}
}

func TestScore_TheExcludedAreNoMeasure(t *testing.T) {
	c, cheap := plain("res_own"), plain("res_cheap")
	c.TokenLatencyMs = ptr(10.0)
	cheap.Expected, cheap.TokenLatencyMs, cheap.Excluded = 1, ptr(1.0), routing.TriedAlready
	got := scoreOf(routing.Defaults(), c, cheap)
	assert.InDelta(t, 1, got.Parts.Cheapness, 0)
	assert.InDelta(t, 1, got.Parts.Speed, 0)
}

func TestScore_NoSpanSwitchesUsedRecentlyOff(t *testing.T) {
	s, c := routing.Defaults(), plain("res_own")
	s.UsedRecently, c.LastUsedAt = 0, ago(-time.Second)
	assert.Empty(t, scoreOf(s, c).Penalties)
}

func TestScore_IsAtMostOneWhereTheWeightsAddUpToAHairMore(t *testing.T) {
	s, c := routing.Defaults(), plain("res_own")
	s.CostWeight, s.PerformanceWeight, s.ReliabilityWeight = 0.5, 0.5+5e-10, 0
	c.ExpiresAt = ago(-1)
	require.NoError(t, s.Validate())
	assert.InDelta(t, 1, scoreOf(s, c).Score, 0)
}
