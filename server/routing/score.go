package routing

import (
	"math"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// Scored is a candidate as the decision saw it. Score, the three parts and Parts are 0 where it was excluded.
type Scored struct {
	ID          ids.ID    `json:"resource"`
	Backup      bool      `json:"backup,omitempty"`
	Score       float64   `json:"score"`
	Cost        float64   `json:"cost"`
	Performance float64   `json:"performance"`
	Reliability float64   `json:"reliability"`
	Parts       Parts     `json:"parts"`
	Penalties   []Penalty `json:"penalties"` // in the order of their names above, memory shared: read only
	Excluded    Exclusion `json:"excluded,omitempty"`

	coolingUntil *time.Time
}

// Parts are the halves that make up cost, performance and reliability, each in [0, 1].
type Parts struct {
	Expiring  float64 `json:"expiring"`
	Cheapness float64 `json:"cheapness"`
	Speed     float64 `json:"speed"`
	Success   float64 `json:"success"`
	History   float64 `json:"history"`
	Stability float64 `json:"stability"`
}

const (
	expiryHorizon = 30 * 24 * time.Hour
	failureHalves = 10 * time.Minute // half of the doubt that failures raised is gone after this time
)

// scale is what the candidates of one decision are measured by.
type scale struct {
	now      time.Time
	settings Settings
	cheapest money.USD
	fastest  float64
	warm     bool // a regular candidate has the conversation in its cache and is not under heavy load
}

func newScale(now time.Time, s Settings) scale {
	return scale{now: now, settings: s, cheapest: math.MaxInt64, fastest: math.Inf(1)}
}

// include makes c one of those that the others are measured by.
func (s *scale) include(c *Candidate) {
	s.cheapest = min(s.cheapest, max(c.Expected, 0))
	if l, ok := measured(c.TokenLatencyMs); ok {
		s.fastest = min(s.fastest, l)
	}
	s.warm = s.warm || (c.Warm && !c.Backup && !c.heavilyLoaded())
}

// score returns c with its penalties appended to list.
func (s *scale) score(c *Candidate, list []Penalty) Scored {
	p := Parts{
		Expiring:  s.expiring(c.ExpiresAt),
		Cheapness: s.cheapness(c.Expected),
		Speed:     s.speed(c.TokenLatencyMs),
		Success:   success(c.SuccessAverage),
		History:   history(c.Successes, c.Requests),
		Stability: s.stability(c.FailuresInARow, c.LastFailureAt),
	}
	out := Scored{
		ID: c.ID, Backup: c.Backup, Parts: p, Penalties: s.penalties(c, list),
	}
	out.combine()
	out.Score = s.settings.weigh(out)
	for _, penalty := range out.Penalties {
		out.Score *= penalty.Factor
	}
	return out
}

// weigh is the score before penalties. The weights may add up to a hair more than 1, the score may not.
func (s Settings) weigh(c Scored) float64 {
	return min(s.CostWeight*c.Cost+s.PerformanceWeight*c.Performance+s.ReliabilityWeight*c.Reliability, 1)
}

func (s *scale) expiring(at *time.Time) float64 {
	if at == nil {
		return 0
	}
	return clamp(1 - float64(at.Sub(s.now))/float64(expiryHorizon))
}

func (s *scale) cheapness(own money.USD) float64 {
	if own <= 0 {
		return 1
	}
	return float64(s.cheapest) / float64(own) // a ratio, no amount: here a float is right
}

func (s *scale) speed(own *float64) float64 {
	l, ok := measured(own)
	if !ok || l == 0 {
		return 1
	}
	return s.fastest / l
}

func success(average *float64) float64 {
	if a, ok := measured(average); ok {
		return clamp(a)
	}
	return 1
}

func history(successes, requests int64) float64 {
	r := max(float64(requests), 0)
	s := min(max(float64(successes), 0), r)
	return (s + 19) / (r + 20)
}

func (s *scale) stability(inARow int64, last *time.Time) float64 {
	if inARow <= 0 {
		return 1
	}
	var since time.Duration
	if last != nil {
		since = max(s.now.Sub(*last), 0)
	}
	k := float64(inARow)
	return clamp(1 - k/(k+3)*math.Exp2(-float64(since)/float64(failureHalves)))
}

// measured returns an average that can be believed.
func measured(v *float64) (float64, bool) {
	if v == nil || !(*v >= 0) || math.IsInf(*v, 1) {
		return 0, false
	}
	return *v, true
}

func clamp(x float64) float64 { return min(max(x, 0), 1) }
