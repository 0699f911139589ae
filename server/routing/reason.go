package routing

import (
	"slices"

	"github.com/resourcepool/resourcepool/server/ids"
)

// Reason names what decided, as PoolUsageLog.routingReason says it.
type Reason string

// The reasons, in the order in which they are looked for.
const (
	FallbackToBackup   Reason = "fallback_to_backup" // a backup serves: nobody else could
	Failover           Reason = "failover"           // another key failed this request before
	OnlyCandidate      Reason = "only_candidate"     // nobody else could serve, backups aside: they do not compete
	SessionAffinity    Reason = "session_affinity"   // it has the conversation in its cache, else another were the first
	ExpiringSoon       Reason = "expiring_soon"
	LowestCost         Reason = "lowest_cost"
	Fastest            Reason = "fastest"
	HighestSuccessRate Reason = "highest_success_rate"
	BestOverall        Reason = "best_overall"
)

// reason explains the first of the candidates against the second.
func (d Decision) reason() Reason {
	switch n := len(d.Order); {
	case n == 0:
		return ""
	case d.Candidates[0].Backup:
		return FallbackToBackup
	case d.failover:
		return Failover
	case n == 1 || d.Candidates[1].Backup:
		return OnlyCandidate
	case d.warmthDecided():
		return SessionAffinity
	}
	return d.settings.lead(d.Candidates[0], d.Candidates[1])
}

// warmthDecided reports whether another were the first if none were penalised for a cold cache. Where any is, those that
// are not are the warm ones. An equal score counts: a tie would go to the key that was not used last.
func (d Decision) warmthDecided() bool {
	first := d.Candidates[0]
	if first.cold() {
		return false
	}
	for _, c := range d.Candidates[1:len(d.Order)] {
		if c.cold() && d.settings.warmScore(c) >= first.Score {
			return true
		}
	}
	return false
}

// ReasonFor is the reason to use chosen where all before it in Order turned out to have too little quota; "" for a key that
// is not in Order.
func (d Decision) ReasonFor(chosen ids.ID) Reason {
	if !slices.Contains(d.Order, chosen) {
		return ""
	}
	return d.Take(chosen).Reason
}

// lead names what put first before second.
//
// Cost splits into its halves, expiring_soon and lowest_cost. Of performance, speed is fastest; success belongs with the
// whole of reliability to highest_success_rate, since all three tell how often the key works. What each is worth is its
// weight times the difference, before penalties: a penalty of the runner-up would otherwise count as a lead in
// everything. The lead as a whole is the sum of all that speaks for first: the positive differences, and what penalties
// take more from second than from first. What does not make up half of that did not decide alone.
func (s Settings) lead(first, second Scored) Reason {
	a, b := first.Parts, second.Parts
	leads := [...]struct {
		reason Reason
		by     float64
	}{
		{ExpiringSoon, s.CostWeight / 2 * (a.Expiring - b.Expiring)},
		{LowestCost, s.CostWeight / 2 * (a.Cheapness - b.Cheapness)},
		{Fastest, s.PerformanceWeight / 2 * (a.Speed - b.Speed)},
		{HighestSuccessRate, s.PerformanceWeight/2*(a.Success-b.Success) +
			s.ReliabilityWeight*(first.Reliability-second.Reliability)},
	}
	lost := func(c Scored) float64 { return s.weigh(c) - c.Score }
	whole := max(lost(second)-lost(first), 0)
	best := leads[0]
	for _, l := range leads {
		whole += max(l.by, 0)
		if l.by > best.by {
			best = l
		}
	}
	if best.by > 0 && best.by >= whole/2 {
		return best.reason
	}
	return BestOverall
}
