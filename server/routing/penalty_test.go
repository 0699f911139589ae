package routing_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/routing"
)

// factor returns the factor of a penalty, 1 where c has none of that name.
func factor(c routing.Scored, name string) float64 {
	for _, p := range c.Penalties {
		if p.Name == name {
			return p.Factor
		}
	}
	return 1
}

func TestPenalty_Load(t *testing.T) {
	tests := map[string]struct {
		change func(*routing.Candidate)
		name   string
		want   float64
	}{
		"nothing in flight":                {func(*routing.Candidate) {}, routing.InFlight, 1},
		"one of four":                      {func(c *routing.Candidate) { c.InFlight, c.Capacity = 1, 4 }, routing.InFlight, 0.8},
		"three of four":                    {func(c *routing.Candidate) { c.InFlight, c.Capacity = 3, 4 }, routing.InFlight, 1 / 1.75},
		"one, room unknown":                {func(c *routing.Candidate) { c.InFlight = 1 }, routing.InFlight, 16.0 / 17},
		"as many as usual, room unknown":   {func(c *routing.Candidate) { c.InFlight = 16 }, routing.InFlight, 0.5},
		"more than there can be":           {func(c *routing.Candidate) { c.InFlight = math.MaxInt64 }, routing.InFlight, 0x1p-59},
		"less than there can be":           {func(c *routing.Candidate) { c.InFlight, c.Capacity = -3, -1 }, routing.InFlight, 1},
		"most of the limit left":           {func(c *routing.Candidate) { c.Used = 0.7 }, routing.NearLimit, 1},
		"half of the rest used up":         {func(c *routing.Candidate) { c.Used = 0.85 }, routing.NearLimit, 0.55},
		"all of the limit used up":         {func(c *routing.Candidate) { c.Used = 1 }, routing.NearLimit, 0.1},
		"more used up than there is":       {func(c *routing.Candidate) { c.Used = math.Inf(1) }, routing.NearLimit, 0.1},
		"nobody knows how much":            {func(c *routing.Candidate) { c.Used = math.NaN() }, routing.NearLimit, 1},
		"cold, and so are all others":      {func(*routing.Candidate) {}, routing.ColdCache, 1},
		"warm, and nobody else to compete": {func(c *routing.Candidate) { c.Warm = true }, routing.ColdCache, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := plain("res_own")
			tt.change(&c)
			got := scoreOf(routing.Defaults(), c)
			require.InDelta(t, tt.want, factor(got, tt.name), 1e-12)
			require.InDelta(t, scoreOf(routing.Defaults(), plain("res_own")).Score*tt.want, got.Score, 1e-12)
		})
	}
}

func TestPenalty_ColdCache(t *testing.T) {
	nothing := func(*routing.Candidate) {}
	tests := map[string]struct {
		warm, own func(*routing.Candidate)
		want      float64
	}{
		"another key is warm":            {nothing, nothing, 0.6},
		"this one is warm too":           {nothing, func(c *routing.Candidate) { c.Warm = true }, 1},
		"a backup has no cache to lose":  {nothing, func(c *routing.Candidate) { c.Backup = true }, 1},
		"the warm key is a backup":       {func(c *routing.Candidate) { c.Backup = true }, nothing, 1},
		"the warm key cools":             {func(c *routing.Candidate) { c.CoolingUntil = ago(-time.Second) }, nothing, 1},
		"the warm key is full":           {func(c *routing.Candidate) { c.InFlight, c.Capacity = 4, 4 }, nothing, 1},
		"the warm key is not very busy":  {func(c *routing.Candidate) { c.InFlight = 23 }, nothing, 0.6},
		"the warm key is very busy":      {func(c *routing.Candidate) { c.InFlight = 25 }, nothing, 1},
		"the warm key is near its limit": {func(c *routing.Candidate) { c.Used = 0.95 }, nothing, 1},
		"busy and somewhat near":         {func(c *routing.Candidate) { c.InFlight, c.Capacity, c.Used = 2, 4, 0.85 }, nothing, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			warm, own := plain("res_warm"), plain("res_own")
			warm.Warm = true
			tt.warm(&warm)
			tt.own(&own)
			require.InDelta(t, tt.want, factor(scoreOf(routing.Defaults(), own, warm), routing.ColdCache), 0)
		})
	}
}

func TestPenalty_AConversationStaysWhereItWasJustNow(t *testing.T) {
	warm, other := plain("res_warm"), plain("res_other")
	warm.LastUsedAt, other.ExpiresAt = ago(time.Second), ago(-20*day)
	d := routing.Decide(now, routing.Defaults(), false, []routing.Candidate{warm, other})
	require.Equal(t, ids.ID("res_other"), d.Order[0], "without warmth the key that expires goes first")
	warm.Warm = true
	d = routing.Decide(now, routing.Defaults(), false, []routing.Candidate{warm, other})
	require.Equal(t, ids.ID("res_warm"), d.Order[0])
	require.Empty(t, d.Candidates[0].Penalties, "that it was used recently is no reason to leave it")
	require.Equal(t, routing.SessionAffinity, d.Reason)
	require.Equal(t, routing.OnlyCandidate, d.ReasonFor("res_other"))

	warm.InFlight, warm.Capacity = 9, 10
	d = routing.Decide(now, routing.Defaults(), false, []routing.Candidate{warm, other})
	require.Equal(t, ids.ID("res_other"), d.Order[0], "heavy load lets it go")
}

func TestPenalty_EqualKeysShareTheLoad(t *testing.T) {
	pool := []routing.Candidate{plain("res_a"), plain("res_b"), plain("res_c")}
	for range 30 {
		d := routing.Decide(now, routing.Defaults(), false, pool)
		i := slices.IndexFunc(pool, func(c routing.Candidate) bool { return c.ID == d.Order[0] })
		pool[i].InFlight++
		pool[i].LastUsedAt = ago(0)
	}
	for _, c := range pool {
		require.Equal(t, int64(10), c.InFlight)
	}
}

func TestDecide_MoreLoadNeverRaisesAScore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, pool := settings().Draw(t, "settings"), candidates().Draw(t, "pool")
		c := candidate("res_own").Draw(t, "own")
		c.Excluded, c.CoolingUntil, c.ExpiresAt, c.Need, c.Capacity = "", nil, nil, 0, 0
		before := scoreOf(s, c, slices.Clone(pool)...).Score
		c.InFlight += rapid.Int64Range(0, 1000).Draw(t, "more in flight")
		c.Used += rapid.Float64Range(0, 1).Draw(t, "more used up")
		after := scoreOf(s, c, slices.Clone(pool)...).Score
		require.LessOrEqual(t, after, before)
		require.Equal(t, before > 0, after > 0, "load alone takes no key out")
	})
}

func TestDecide_WarmthNeverPutsAKeyBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, pool := settings().Draw(t, "settings"), candidates().Draw(t, "pool")
		c := candidate("res_own").Draw(t, "own")
		c.Excluded, c.CoolingUntil, c.ExpiresAt, c.Need, c.Capacity = "", nil, nil, 0, 0
		place := func(warm bool) int {
			c.Warm = warm
			return slices.Index(routing.Decide(now, s, false, append(slices.Clone(pool), c)).Order, c.ID)
		}
		require.LessOrEqual(t, place(true), place(false))
	})
}

func TestReason_AffinityIsWhatNobodysWarmthWouldChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, pool := settings().Draw(t, "settings"), candidates().Draw(t, "pool")
		s.UsedRecently = 0 // its penalty depends on warmth too
		for i := range pool {
			pool[i].LastUsedAt = nil // so that of equal scores none was used last
		}
		d := routing.Decide(now, s, false, pool)
		for i := range pool {
			pool[i].Warm = false
		}
		cold := routing.Decide(now, s, false, pool)
		if d.Reason == routing.SessionAffinity {
			require.True(t, cold.Order[0] != d.Order[0] || cold.Candidates[0].Score == cold.Candidates[1].Score)
			return
		}
		if len(d.Order) > 0 && d.Order[0] != cold.Order[0] {
			t.Fatalf("%s is first for its warmth, and the reason is %s", d.Order[0], d.Reason)
		}
	})
}
