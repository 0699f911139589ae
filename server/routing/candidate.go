package routing

import (
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// Candidate is a key that might serve the request, and what is known of it.
type Candidate struct {
	ID       ids.ID // unique among the candidates
	Owner    ids.ID // for the caller; routing treats all contributors alike
	Provider string // for the caller
	Platform bool   // the platform's own key
	Backup   bool   // serves only when no other can

	Current   money.USD // quota left, the held part included
	Available money.USD // quota left that is not held
	Need      money.USD // the most that this request can cost on this key
	Expected  money.USD // what this request will probably cost on this key
	ExpiresAt *time.Time

	Health

	// What is known of the load at this moment and of the conversation. The zero values, nothing known, change no score.
	InFlight int64   // requests of this server that run on the key now
	Capacity int64   // how many may run on it at once, where a header or an admin set that; 0: unknown
	Used     float64 // the share of the key's rate limits that is used up, of the nearest of them, 0..1; 0 where none is known
	Warm     bool    // the key has this conversation's prompt in its cache

	// Excluded is why the caller already knows that the key can't serve, "" where it may.
	Excluded Exclusion
}

// Exclusion is why a candidate was left out before scoring.
type Exclusion string

// The reasons to leave a candidate out. Decide finds TooLittleQuota, CoolingDown, ConcurrencyLimit and, past its expiry,
// NotActive itself; the others are the caller's.
const (
	WrongModel       Exclusion = "wrong_model"
	Unpriced         Exclusion = "unpriced"
	NotActive        Exclusion = "not_active"
	TooLittleQuota   Exclusion = "too_little_quota"
	CoolingDown      Exclusion = "cooling_down"
	BreakerOpen      Exclusion = "breaker_open"
	ConcurrencyLimit Exclusion = "concurrency_limit"
	RateLimit        Exclusion = "rate_limit"
	TriedAlready     Exclusion = "tried_already"
	Unsupported      Exclusion = "unsupported" // the key's provider can't do this kind of request
	BackingOff       Exclusion = "backing_off" // the key failed too often
)

// passes reports whether waiting until the candidate's CoolingUntil may lift the exclusion.
func (e Exclusion) passes() bool {
	switch e {
	case CoolingDown, BreakerOpen, ConcurrencyLimit, RateLimit, BackingOff:
		return true
	}
	return false
}

// exclusion is why c can't serve at now, "" where it can. The lasting reasons come first: waiting for the end of a cooldown
// does not help a key without quota. Of those that pass, the one whose end is known.
func (c *Candidate) exclusion(now time.Time) Exclusion {
	switch {
	case c.Excluded != "":
		return c.Excluded
	case c.ExpiresAt != nil && !c.ExpiresAt.After(now):
		return NotActive
	case c.Available < c.Need:
		return TooLittleQuota
	case c.CoolingUntil != nil && c.CoolingUntil.After(now):
		return CoolingDown
	case c.Capacity > 0 && c.InFlight >= c.Capacity:
		return ConcurrencyLimit
	}
	return ""
}
