package limit

import (
	"fmt"
	"strings"
	"time"
)

// Requests bounds the requests of an account, of each of its API tokens, and of an address where nobody is signed in, and
// what the documents that an account asks for come to. A nil limiter bounds nothing, and so does a nil Requests.
type Requests struct {
	Account *Limiter // and addresses
	Token   *Limiter
	Cost    *Limiter
}

// Caller is who sends a request.
type Caller struct {
	Account string // "" where nobody is signed in
	Token   string // "" without one
	Address string
}

func (c Caller) key() string {
	if c.Account != "" {
		return c.Account
	}
	return Network(c.Address)
}

// Take counts a request, or refuses it with RATE_LIMITED.
func (r *Requests) Take(c Caller) error {
	for _, b := range r.bounds(c) {
		if wait := b.limiter.Take(b.key); wait > 0 {
			return Refusal(wait)
		}
	}
	return nil
}

// Spend counts what a document costs, or refuses it with RATE_LIMITED.
func (r *Requests) Spend(c Caller, cost int) error {
	if r == nil || r.Cost == nil {
		return nil
	}
	return Refusal(r.Cost.TakeMany(c.key(), cost))
}

// Fields are the values of the header fields RateLimit-Policy and RateLimit of draft-ietf-httpapi-ratelimit-headers, "" where
// there is no limit. The reset is the time until all of the quota is there again.
func (r *Requests) Fields(c Caller) (policy, state string) {
	var policies, states []string
	for _, b := range r.bounds(c) {
		most, left, reset := b.limiter.State(b.key)
		policies = append(policies, fmt.Sprintf("%q;q=%d;w=%d", b.name, most, seconds(b.limiter.burst)))
		states = append(states, fmt.Sprintf("%q;r=%d;t=%d", b.name, left, seconds(reset)))
	}
	return strings.Join(policies, ", "), strings.Join(states, ", ")
}

// State is that of the limit that has least left of it.
func (r *Requests) State(c Caller) (most, left int, reset time.Duration, ok bool) {
	for _, b := range r.bounds(c) {
		m, l, t := b.limiter.State(b.key)
		if !ok || l < left {
			most, left, reset, ok = m, l, t, true
		}
	}
	return most, left, reset, ok
}

type bound struct {
	name    string
	limiter *Limiter
	key     string
}

func (r *Requests) bounds(c Caller) (out []bound) {
	if r == nil {
		return nil
	}
	if r.Token != nil && c.Token != "" {
		out = append(out, bound{"token", r.Token, c.Token})
	}
	if r.Account != nil {
		name := "account"
		if c.Account == "" {
			name = "address"
		}
		out = append(out, bound{name, r.Account, c.key()})
	}
	return out
}
