package routing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/routing"
)

// example is the pool of the product's worked example.
func example() []routing.Candidate {
	bob, alice, admin := plain("res_bob"), plain("res_alice"), plain("res_admin")
	bob.Current, bob.Available = usd(998), usd(998)
	bob.Requests, bob.Successes, bob.SuccessAverage = 100, 99, ptr(0.99)
	alice.Current, alice.Available = usd(50), usd(50)
	alice.Requests, alice.Successes, alice.SuccessAverage = 100, 95, ptr(0.95)
	admin.Current, admin.Available = usd(5000), usd(5000)
	admin.Platform, admin.Backup = true, true
	return []routing.Candidate{admin, alice, bob}
}

func TestDecide_TheWorkedExampleGoesToBob(t *testing.T) {
	d := routing.Decide(now, routing.Defaults(), false, example())
	chosen, ok := d.Chosen()
	require.True(t, ok)
	assert.Equal(t, ids.ID("res_bob"), chosen)
	assert.Equal(t, routing.HighestSuccessRate, d.Reason)
	assert.Equal(t, []ids.ID{"res_bob", "res_alice", "res_admin"}, d.Order)
}

func TestDecide_TheBackupServesWhenBobAndAliceCannot(t *testing.T) {
	pool := example()
	pool[1].Available = 0
	pool[2].Excluded = routing.NotActive
	d := routing.Decide(now, routing.Defaults(), true, pool)
	assert.Equal(t, []ids.ID{"res_admin"}, d.Order)
	assert.Equal(t, routing.FallbackToBackup, d.Reason)
}

func TestDecide_LeavesOut(t *testing.T) {
	tests := map[string]struct {
		change func(*routing.Candidate)
		want   routing.Exclusion
	}{
		"nobody without cause":        {func(*routing.Candidate) {}, ""},
		"what the caller excluded":    {func(c *routing.Candidate) { c.Excluded = routing.ConcurrencyLimit }, routing.ConcurrencyLimit},
		"too little after holds":      {func(c *routing.Candidate) { c.Available = c.Need - 1 }, routing.TooLittleQuota},
		"not what just suffices":      {func(c *routing.Candidate) { c.Available = c.Need }, ""},
		"a key that cools down":       {func(c *routing.Candidate) { c.CoolingUntil = ago(-1) }, routing.CoolingDown},
		"not one that has cooled":     {func(c *routing.Candidate) { c.CoolingUntil = ago(0) }, ""},
		"a key past its expiry":       {func(c *routing.Candidate) { c.ExpiresAt = ago(0) }, routing.NotActive},
		"not one that just does not":  {func(c *routing.Candidate) { c.ExpiresAt = ago(-1) }, ""},
		"a key that is full":          {func(c *routing.Candidate) { c.InFlight, c.Capacity = 4, 4 }, routing.ConcurrencyLimit},
		"not one with room for one":   {func(c *routing.Candidate) { c.InFlight, c.Capacity = 3, 4 }, ""},
		"none whose room is unknown":  {func(c *routing.Candidate) { c.InFlight, c.Capacity = 1000, 0 }, ""},
		"the end that is known":       {func(c *routing.Candidate) { c.InFlight, c.Capacity, c.CoolingUntil = 4, 4, ago(-1) }, routing.CoolingDown},
		"the caller's reason first":   {func(c *routing.Candidate) { c.Available, c.Excluded = 0, routing.WrongModel }, routing.WrongModel},
		"the lasting reason is named": {func(c *routing.Candidate) { c.Available, c.CoolingUntil = 0, ago(-1) }, routing.TooLittleQuota},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := plain("res_a")
			tt.change(&c)
			d := routing.Decide(now, routing.Defaults(), false, []routing.Candidate{c})
			require.Len(t, d.Candidates, 1)
			assert.Equal(t, tt.want, d.Candidates[0].Excluded)
			_, ok := d.Chosen()
			assert.Equal(t, tt.want == "", ok)
		})
	}
}

func TestDecide_Ties(t *testing.T) {
	tests := map[string]struct {
		first func(*routing.Candidate)
		other func(*routing.Candidate)
	}{
		"never used before used": {func(*routing.Candidate) {}, func(c *routing.Candidate) { c.LastUsedAt = ago(time.Hour) }},
		"least recently used": {func(c *routing.Candidate) { c.LastUsedAt = ago(2 * time.Hour) },
			func(c *routing.Candidate) { c.LastUsedAt = ago(time.Hour) }},
		"use before quota": {func(c *routing.Candidate) { c.LastUsedAt, c.Available = ago(2*time.Hour), usd(50) },
			func(c *routing.Candidate) { c.LastUsedAt = ago(time.Hour) }},
		"more available": {func(*routing.Candidate) {}, func(c *routing.Candidate) { c.Available-- }},
		"smaller id":     {func(c *routing.Candidate) { c.ID = "res_first" }, func(c *routing.Candidate) { c.ID = "res_other" }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			// Ids against the expected order, so that only the last case can go by them.
			first, other := plain("res_z"), plain("res_a")
			tt.first(&first)
			tt.other(&other)
			d := routing.Decide(now, routing.Defaults(), false, []routing.Candidate{other, first})
			require.Equal(t, d.Candidates[0].Score, d.Candidates[1].Score)
			assert.Equal(t, []ids.ID{first.ID, other.ID}, d.Order)
			assert.Equal(t, routing.BestOverall, d.Reason)
		})
	}
}

func TestDecide_NobodyToChoose(t *testing.T) {
	d := routing.Decide(now, routing.Defaults(), true, nil)
	_, ok := d.Chosen()
	assert.False(t, ok)
	assert.Empty(t, d.Reason)
	_, known := d.RetryAfter(now)
	assert.False(t, known)
}

func TestTake_LeavesOutThoseWhoseQuotaWasGone(t *testing.T) {
	d := routing.Decide(now, routing.Defaults(), false, example())

	alice := d.Take("res_alice")
	assert.Equal(t, []ids.ID{"res_alice", "res_admin"}, alice.Order)
	assert.Equal(t, routing.OnlyCandidate, alice.Reason)
	assert.Equal(t, map[routing.Exclusion]int{routing.TooLittleQuota: 1}, alice.Record().LeftOut)
	assert.Equal(t, routing.OnlyCandidate, d.ReasonFor("res_alice"))

	assert.Equal(t, routing.FallbackToBackup, d.ReasonFor("res_admin"))
	assert.Equal(t, routing.Reason(""), d.ReasonFor("res_stranger"))
	assert.Equal(t, d, d.Take("res_stranger"))
	assert.Equal(t, d.Reason, d.ReasonFor("res_bob"))
	assert.Len(t, d.Order, 3, "the decision itself stays as it was")
	assert.Equal(t, ids.ID("res_bob"), d.Candidates[0].ID)
}

func TestTake_ExplainsAgainstTheNextInOrder(t *testing.T) {
	a, b, c := plain("res_a"), plain("res_b"), plain("res_c")
	a.TokenLatencyMs, b.TokenLatencyMs, c.TokenLatencyMs = ptr(10.0), ptr(12.0), ptr(12.0)
	c.Expected = usd(2)
	d := routing.Decide(now, routing.Defaults(), false, []routing.Candidate{a, b, c})
	require.Equal(t, []ids.ID{"res_a", "res_b", "res_c"}, d.Order)
	assert.Equal(t, routing.Fastest, d.Reason)
	assert.Equal(t, routing.LowestCost, d.ReasonFor("res_b"))
	assert.Equal(t, routing.OnlyCandidate, d.ReasonFor("res_c"))
}

func TestRetryAfter(t *testing.T) {
	cooling := func(id ids.ID, d time.Duration) routing.Candidate {
		c := plain(id)
		c.CoolingUntil = ago(-d)
		return c
	}
	breaker, broke, dead := cooling("res_b", 5*time.Second), cooling("res_q", time.Second), cooling("res_d", time.Second)
	breaker.Excluded, dead.Excluded = routing.BreakerOpen, routing.NotActive
	backing, unable := cooling("res_k", 3*time.Second), cooling("res_u", time.Second)
	backing.Excluded, unable.Excluded = routing.BackingOff, routing.Unsupported
	broke.Available = money.USD(0)
	tests := map[string]struct {
		pool  []routing.Candidate
		want  time.Duration
		known bool
	}{
		"the soonest cooldown":            {[]routing.Candidate{cooling("res_1", 30*time.Second), cooling("res_2", 20*time.Second)}, 20 * time.Second, true},
		"a breaker whose end is known":    {[]routing.Candidate{cooling("res_1", 30*time.Second), breaker}, 5 * time.Second, true},
		"a key that backs off":            {[]routing.Candidate{breaker, backing}, 3 * time.Second, true},
		"waiting teaches nobody":          {[]routing.Candidate{unable}, 0, false},
		"waiting helps no empty key":      {[]routing.Candidate{broke}, 0, false},
		"waiting helps no dead key":       {[]routing.Candidate{dead}, 0, false},
		"nothing while one can serve now": {[]routing.Candidate{plain("res_1"), cooling("res_2", time.Second)}, 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, known := routing.Decide(now, routing.Defaults(), false, tt.pool).RetryAfter(now)
			assert.Equal(t, tt.want, got)
			assert.Equal(t, tt.known, known)
		})
	}
}
