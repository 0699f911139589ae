package sandbox

import (
	"time"

	"github.com/resourcepool/resourcepool/server/money"
)

// minute is what a key did in the minute that ends at until. A minute begins with the first call after the last one.
type minute struct {
	until            time.Time
	requests, tokens int64
}

// begin takes a call to a key whose calls at once are limited; false where it has too many. A call that it took ends with end.
// The caller holds mu.
func (k *key) begin() bool {
	if k.spec.Concurrency > 0 && k.running >= k.spec.Concurrency {
		return false
	}
	k.running++
	return true
}

func (s *Server) end(k *key) {
	s.mu.Lock()
	k.running--
	s.mu.Unlock()
}

// charge takes an answer's tokens from the key's minute and its cost from the account, and tells the limits. Where a limit
// is reached or nothing is left, it answers the call with that, takes nothing and returns false; a refused request counts
// as one of the minute all the same.
func (s *Server) charge(c *call, tokens int64, lines ...money.Line[money.USD]) bool {
	cost, err := money.Price(lines...)
	k := c.key
	s.mu.Lock()
	m, spec := &k.minute, k.spec
	if !c.at.Before(m.until) {
		*m = minute{until: c.at.Add(time.Minute)}
	}
	fast := (spec.RPM > 0 && m.requests >= spec.RPM) || (spec.TPM > 0 && m.tokens+tokens > spec.TPM)
	empty := err != nil || k.account.used >= k.account.quota
	m.requests++
	if !fast && !empty {
		m.tokens += tokens
		k.account.used += cost
		k.used += cost
		k.calls.Served++
		s.total.Served++
	}
	now := *m
	s.mu.Unlock()

	reset := now.until.Sub(c.at)
	tell := func(of string, limit, used int64) {
		if limit > 0 {
			c.dialect.rate(c.w.Header(), of, rate{limit: limit, left: max(limit-used, 0), reset: reset, resetAt: now.until})
		}
	}
	tell("Requests", spec.RPM, now.requests)
	tell("Tokens", spec.TPM, now.tokens)
	switch {
	case fast:
		refuse(c.w, c.dialect, trouble{code: tooFast, retryAfter: reset})
	case empty:
		refuse(c.w, c.dialect, trouble{code: nothing})
	}
	return !fast && !empty
}
