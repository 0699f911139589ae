package routing

// Penalty is a factor that lowered a score.
type Penalty struct {
	Name   string  `json:"name"`
	Factor float64 `json:"factor"`
}

// The names of the penalties. The factors of the first three are settings, the others follow from the load and the caches.
const (
	PlatformOwned = "platform_owned"
	LowQuota      = "low_quota"
	UsedRecently  = "used_recently"
	InFlight      = "in_flight"  // requests run on the key now
	NearLimit     = "near_limit" // little is left of its rate limits
	ColdCache     = "cold_cache" // another key has the conversation in its cache

	penaltyKinds = 6
)

var penaltyNames = [penaltyKinds]string{PlatformOwned, LowQuota, UsedRecently, InFlight, NearLimit, ColdCache}

// How the load and the caches count. What the numbers do was tried out by simulation: see the README of server/simulate.
const (
	// usualCapacity stands for a capacity that is not known. As many requests in flight as the capacity halve a score.
	usualCapacity = 16
	// Of the rate limits nearLimitFrom may be used up for nothing; from there on the factor falls evenly to nearLimitLeast.
	nearLimitFrom, nearLimitLeast = 0.7, 0.1
	coldCacheFactor               = 0.6
	// heavyLoad is the factor of a key's load below which its warm cache is no reason any more to keep others away.
	heavyLoad = 0.4
)

// penalties appends those of c, in the order of their names above. A factor of the load that is 1 is none.
func (s *scale) penalties(c *Candidate, list []Penalty) []Penalty {
	if c.Platform {
		list = append(list, Penalty{PlatformOwned, s.settings.PlatformOwnedFactor})
	}
	if c.Current < s.settings.LowQuotaThreshold {
		list = append(list, Penalty{LowQuota, s.settings.LowQuotaFactor})
	}
	// A use in the future is one that a server with a faster clock has just recorded. That a key was used for this very
	// conversation speaks for it.
	if c.LastUsedAt != nil && !c.Warm && s.settings.UsedRecently > 0 && s.now.Sub(*c.LastUsedAt) < s.settings.UsedRecently {
		list = append(list, Penalty{UsedRecently, s.settings.UsedRecentlyFactor})
	}
	if f := c.inFlightFactor(); f < 1 {
		list = append(list, Penalty{InFlight, f})
	}
	if f := c.nearLimitFactor(); f < 1 {
		list = append(list, Penalty{NearLimit, f})
	}
	if s.warm && !c.Warm && !c.Backup {
		list = append(list, Penalty{ColdCache, coldCacheFactor})
	}
	return list
}

func (c *Candidate) inFlightFactor() float64 {
	if c.InFlight <= 0 {
		return 1
	}
	capacity := int64(usualCapacity)
	if c.Capacity > 0 {
		capacity = c.Capacity
	}
	return 1 / (1 + float64(c.InFlight)/float64(capacity))
}

func (c *Candidate) nearLimitFactor() float64 {
	if !(c.Used > nearLimitFrom) { // NaN is nothing known
		return 1
	}
	return 1 - (1-nearLimitLeast)*(min(c.Used, 1)-nearLimitFrom)/(1-nearLimitFrom)
}

func (c *Candidate) heavilyLoaded() bool { return c.inFlightFactor()*c.nearLimitFactor() < heavyLoad }

// cold reports whether c was penalised for a cold cache, which is the last of the penalties.
func (c *Scored) cold() bool {
	n := len(c.Penalties)
	return n > 0 && c.Penalties[n-1].Name == ColdCache
}

// warmScore is the score that c, penalised for a cold cache, would have with a warm one.
func (s Settings) warmScore(c Scored) float64 {
	score := s.weigh(c)
	for _, p := range c.Penalties[:len(c.Penalties)-1] {
		score *= p.Factor
	}
	return score
}
