package routing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/routing"
)

func TestReason(t *testing.T) {
	nothing := func(*routing.Candidate) {}
	tests := map[string]struct {
		failover     bool
		first, other func(*routing.Candidate)
		want         routing.Reason
	}{
		"a backup, even the only one": {true, func(c *routing.Candidate) { c.Backup = true },
			func(c *routing.Candidate) { c.Excluded = routing.TriedAlready }, routing.FallbackToBackup},
		"failover, even the only one": {true, nothing,
			func(c *routing.Candidate) { c.Excluded = routing.TriedAlready }, routing.Failover},
		"the only one": {false, nothing,
			func(c *routing.Candidate) { c.Excluded = routing.WrongModel }, routing.OnlyCandidate},
		"the only one besides backups": {false, nothing,
			func(c *routing.Candidate) { c.Backup, c.ExpiresAt = true, ago(-day) }, routing.OnlyCandidate},
		"the conversation's key": {false, func(c *routing.Candidate) { c.Warm = true },
			func(c *routing.Candidate) { c.ExpiresAt = ago(-20 * day) }, routing.SessionAffinity},
		"its key, where nothing else decides": {false, func(c *routing.Candidate) { c.Warm = true }, nothing, routing.SessionAffinity},
		"its key, which is the best anyway":   {false, func(c *routing.Candidate) { c.Warm, c.ExpiresAt = true, ago(-5*day) }, nothing, routing.BestOverall},
		"its key, the only one": {false, func(c *routing.Candidate) { c.Warm = true },
			func(c *routing.Candidate) { c.Backup, c.ExpiresAt = true, ago(-day) }, routing.OnlyCandidate},
		"its key, after a failure": {true, func(c *routing.Candidate) { c.Warm = true },
			func(c *routing.Candidate) { c.ExpiresAt = ago(-20 * day) }, routing.Failover},
		"another in spite of warmth": {false, func(c *routing.Candidate) { c.ExpiresAt = ago(-day) },
			func(c *routing.Candidate) { c.Warm, c.Platform, c.Expected = true, true, usd(10) }, routing.ExpiringSoon},
		"the less loaded": {false, nothing, func(c *routing.Candidate) { c.InFlight = 3 }, routing.BestOverall},
		"expiring soon":   {false, func(c *routing.Candidate) { c.ExpiresAt = ago(-5 * day) }, nothing, routing.ExpiringSoon},
		"lowest cost":     {false, nothing, func(c *routing.Candidate) { c.Expected = usd(2) }, routing.LowestCost},
		"fastest": {false, func(c *routing.Candidate) { c.TokenLatencyMs = ptr(10.0) },
			func(c *routing.Candidate) { c.TokenLatencyMs = ptr(30.0) }, routing.Fastest},
		"success, recent": {false, nothing, func(c *routing.Candidate) { c.SuccessAverage = ptr(0.5) }, routing.HighestSuccessRate},
		"success, historic": {false, nothing,
			func(c *routing.Candidate) { c.Requests, c.Successes = 20, 10 }, routing.HighestSuccessRate},
		"success, stability": {false, nothing,
			func(c *routing.Candidate) { c.FailuresInARow, c.LastFailureAt = 2, ago(time.Minute) }, routing.HighestSuccessRate},
		"the larger of two": {false, func(c *routing.Candidate) { c.TokenLatencyMs = ptr(10.0) },
			func(c *routing.Candidate) { c.TokenLatencyMs, c.Expected = ptr(11.0), usd(4) }, routing.LowestCost},
		"the larger of two, against a third": {false, func(c *routing.Candidate) { c.TokenLatencyMs, c.SuccessAverage = ptr(20.0), ptr(0.9) },
			func(c *routing.Candidate) { c.TokenLatencyMs, c.Expected = ptr(10.0), usd(4) }, routing.LowestCost},
		// cheap 0.1, fast 0.1, success 0.09: none is half of 0.29
		"three of a size": {false, func(c *routing.Candidate) { c.TokenLatencyMs = ptr(10.0) },
			func(c *routing.Candidate) {
				c.Expected, c.TokenLatencyMs, c.SuccessAverage = usd(2), ptr(30.0), ptr(0.4)
			}, routing.BestOverall},
		"nothing but a penalty": {false, nothing, func(c *routing.Candidate) { c.Platform = true }, routing.BestOverall},
		"a penalty above all": {false, func(c *routing.Candidate) { c.TokenLatencyMs = ptr(10.0) },
			func(c *routing.Candidate) { c.TokenLatencyMs, c.Current = ptr(11.0), usd(9) }, routing.BestOverall},
		"in spite of the own penalty": {false, func(c *routing.Candidate) { c.LastUsedAt = ago(0) },
			func(c *routing.Candidate) { c.Expected = usd(100) }, routing.LowestCost},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			first, other := plain("res_first"), plain("res_aaa")
			tt.first(&first)
			tt.other(&other)
			d := routing.Decide(now, routing.Defaults(), tt.failover, []routing.Candidate{other, first})
			chosen, _ := d.Chosen()
			assert.Equal(t, ids.ID("res_first"), firstUnlessTied(d, chosen))
			assert.Equal(t, tt.want, d.Reason)
		})
	}
}

// firstUnlessTied guards the table: a case whose scores are equal would prove nothing.
func firstUnlessTied(d routing.Decision, chosen ids.ID) ids.ID {
	if len(d.Order) > 1 && d.Candidates[0].Score == d.Candidates[1].Score {
		return "tied"
	}
	return chosen
}

func TestReason_WeightsDecideWhatCounts(t *testing.T) {
	s := routing.Defaults()
	s.CostWeight, s.PerformanceWeight, s.ReliabilityWeight = 0.1, 0.8, 0.1
	cheap, fast := plain("res_cheap"), plain("res_fast")
	cheap.TokenLatencyMs, fast.TokenLatencyMs, fast.Expected = ptr(20.0), ptr(10.0), usd(4)
	d := routing.Decide(now, s, false, []routing.Candidate{cheap, fast})
	assert.Equal(t, []ids.ID{"res_fast", "res_cheap"}, d.Order)
	assert.Equal(t, routing.Fastest, d.Reason)
}

func TestReason_IsNoAffinityWhereAColdKeyIsFirst(t *testing.T) {
	fast, second, warm := plain("res_fast"), plain("res_second"), plain("res_warm")
	fast.TokenLatencyMs, second.TokenLatencyMs = ptr(10.0), ptr(12.0)
	warm.Warm, warm.Platform, warm.Current, warm.Expected = true, true, usd(9), usd(10)
	d := routing.Decide(now, routing.Defaults(), false, []routing.Candidate{warm, second, fast})
	assert.Equal(t, []ids.ID{"res_fast", "res_second", "res_warm"}, d.Order)
	assert.Equal(t, routing.Fastest, d.Reason)
}
