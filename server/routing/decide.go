package routing

import (
	"cmp"
	"slices"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
)

// Decision is an order of attempts and why it is so. It is a value: nothing changes it after Decide.
type Decision struct {
	Order      []ids.ID // who may serve, best first, backups after all others
	Reason     Reason   // why the first of Order is the first; "" where nobody can serve
	Candidates []Scored // those of Order in its order, then those left out by id

	settings Settings
	failover bool
}

// key is what sorting moves around, much smaller than a Candidate or a Scored.
type key struct {
	score float64
	index int32
	rank  rank
}

type rank uint8

const (
	regular rank = iota
	backup
	excluded
)

// Decide orders the candidates by score. failover says that the request was tried before: the caller excludes the keys
// that failed it as TriedAlready. The settings must be valid.
func Decide(now time.Time, s Settings, failover bool, candidates []Candidate) Decision {
	sc := newScale(now, s)
	keys := make([]key, len(candidates))
	for i := range candidates {
		c, k := &candidates[i], key{index: int32(i)}
		switch {
		case c.exclusion(now) != "":
			k.rank = excluded
		case c.Backup:
			k.rank = backup
		}
		if k.rank != excluded {
			sc.include(c)
		}
		keys[i] = k
	}
	var scratch [penaltyKinds]Penalty
	eligible, penalties := 0, 0
	for i := range keys {
		if keys[i].rank != excluded {
			scored := sc.score(&candidates[i], scratch[:0])
			keys[i].score = scored.Score
			penalties += len(scored.Penalties)
			eligible++
		}
	}
	slices.SortFunc(keys, func(a, b key) int {
		return compare(a, b, &candidates[a.index], &candidates[b.index])
	})

	d := Decision{
		Order:      make([]ids.ID, eligible),
		Candidates: make([]Scored, len(keys)),
		settings:   s, failover: failover,
	}
	lists := make([]Penalty, 0, penalties) // of all candidates, one after the other
	for i, k := range keys {
		c := &candidates[k.index]
		if k.rank == excluded {
			d.Candidates[i] = Scored{ID: c.ID, Backup: c.Backup, Excluded: c.exclusion(now), coolingUntil: c.CoolingUntil}
			continue
		}
		d.Order[i] = c.ID
		// A second time: cheaper than to keep and move the first.
		d.Candidates[i] = sc.score(c, lists[len(lists):])
		lists = lists[:len(lists)+len(d.Candidates[i].Penalties)]
	}
	d.Reason = d.reason()
	return d
}

func compare(a, b key, ca, cb *Candidate) int {
	if a.rank != b.rank {
		return cmp.Compare(a.rank, b.rank)
	}
	if a.rank == excluded {
		return cmp.Compare(ca.ID, cb.ID)
	}
	if a.score != b.score {
		return cmp.Compare(b.score, a.score)
	}
	return cmp.Or(
		compareUse(ca.LastUsedAt, cb.LastUsedAt),
		cmp.Compare(cb.Available, ca.Available),
		cmp.Compare(ca.ID, cb.ID),
	)
}

// compareUse puts the least recently used first, and before it what was never used.
func compareUse(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return a.Compare(*b)
}

// Chosen returns the key to try first, false where none can serve.
func (d Decision) Chosen() (ids.ID, bool) {
	if len(d.Order) == 0 {
		return "", false
	}
	return d.Order[0], true
}

// Take returns the decision as it stands when the hold fell to id: the quota of those before it in Order turned out to be
// too small, so they are left out for that. An id that is not in Order changes nothing.
func (d Decision) Take(id ids.ID) Decision {
	i := slices.Index(d.Order, id)
	if i <= 0 {
		return d
	}
	left := len(d.Order) - i
	all := make([]Scored, 0, len(d.Candidates))
	all = append(all, d.Candidates[i:]...)
	for _, c := range d.Candidates[:i] {
		all = append(all, Scored{ID: c.ID, Backup: c.Backup, Excluded: TooLittleQuota})
	}
	slices.SortFunc(all[left:], func(a, b Scored) int { return cmp.Compare(a.ID, b.ID) })
	d.Candidates, d.Order = all, d.Order[i:]
	d.Reason = d.reason()
	return d
}

// RetryAfter returns how long it takes until the first of the candidates may serve again, where none can now and the time
// is known. A candidate that the caller left out for a passing reason counts too where it has a CoolingUntil.
func (d Decision) RetryAfter(now time.Time) (time.Duration, bool) {
	if len(d.Order) > 0 {
		return 0, false
	}
	var soonest time.Duration
	known := false
	for _, c := range d.Candidates {
		if !c.Excluded.passes() || c.coolingUntil == nil || !c.coolingUntil.After(now) {
			continue
		}
		if wait := c.coolingUntil.Sub(now); !known || wait < soonest {
			soonest, known = wait, true
		}
	}
	return soonest, known
}
