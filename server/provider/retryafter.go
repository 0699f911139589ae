package provider

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // the machine may have no database of time zones

	"github.com/resourcepool/resourcepool/server/clock"
)

// maxRest is the longest rest that a provider can ask for: a mistaken header must not put a key away for good.
const maxRest = 24 * time.Hour

// pacific is where Google's days begin.
var pacific = sync.OnceValue(func() *time.Location {
	l, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		panic(err) // the database of time zones is compiled in
	}
	return l
})

// untilPacificMidnight is the time until Google's quotas of a day begin anew: up to 25 hours where the clocks go back, so
// that maxRest does not apply.
func untilPacificMidnight(now clock.Clock) time.Duration {
	t := now.Now().In(pacific())
	return time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, t.Location()).Sub(t)
}

// retryAfter reads how long to leave a key alone: Retry-After in seconds or as a date, else the latest reset of a limit.
func retryAfter(h http.Header, delay string, now clock.Clock) time.Duration {
	if d, ok := span(h.Get("Retry-After-Ms"), time.Millisecond); ok {
		return d
	}
	if v := h.Get("Retry-After"); v != "" {
		if d, ok := span(v, time.Second); ok {
			return d
		}
		if at, err := http.ParseTime(v); err == nil {
			return clamp(at.Sub(now.Now()))
		}
	}
	if d, ok := span(delay, time.Second); ok {
		return d
	}
	var longest time.Duration
	for _, n := range slices.Concat(requestLimits, tokenLimits) {
		if left := h.Get(n.remaining); left != "" && left != "0" {
			continue // this limit is not the one that was hit
		}
		if d, ok := until(h.Get(n.reset), now); ok {
			longest = max(longest, d)
		}
	}
	if longest == 0 {
		// OpenRouter: the moment of the reset, in milliseconds since 1970.
		if ms, err := strconv.ParseInt(h.Get("X-Ratelimit-Reset"), 10, 64); err == nil && ms > 1e12 && ms < 1e14 {
			longest = clamp(time.UnixMilli(ms).Sub(now.Now()))
		}
	}
	return longest
}

// span reads "37", "1.5" in units of unit, or "6m0s".
func span(s string, unit time.Duration) (time.Duration, bool) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 32 {
		return 0, false
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		if !(n >= 0) { // negative, NaN
			return 0, true
		}
		if n > float64(maxRest/unit) {
			return maxRest, true
		}
		return clamp(time.Duration(n * float64(unit))), true
	}
	d, err := time.ParseDuration(s)
	return clamp(d), err == nil
}

func clamp(d time.Duration) time.Duration { return max(0, min(d, maxRest)) }
