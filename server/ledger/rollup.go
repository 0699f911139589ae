package ledger

import (
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// rollups are what a batch adds to the running totals, so that reports need not read the logs.
type rollups struct {
	usage  map[usageKey]*usageSums
	owners map[ids.ID]*ownerSums
	totals totalSums
	served map[ids.ID]money.USD
}

type usageKey struct {
	hour           time.Time
	user, resource ids.ID
	model          string
}

type usageSums struct {
	owner              ids.ID
	provider           string
	requests, failed   int64
	prompt, completion int64
	latencyMs          int64
	credits            money.Credits
	cost               money.USD
}

type ownerSums struct {
	contributed, consumed money.USD
	issued, revenue       money.Credits
	requests              int64
}

type totalSums struct {
	requests, succeeded int64
	credits             money.Credits
	cost                money.USD
}

func newRollups() *rollups {
	return &rollups{usage: map[usageKey]*usageSums{}, owners: map[ids.ID]*ownerSums{}, served: map[ids.ID]money.USD{}}
}

// usageRow is a usage log with what was booked for it.
type usageRow struct {
	*Usage
	seq     int64
	charged money.Credits
	cost    money.USD
}

func (r *rollups) addUsage(u usageRow) {
	key := usageKey{u.CreatedAt.UTC().Truncate(time.Hour), u.User, u.Resource, u.Model}
	s := r.usage[key]
	if s == nil {
		s = &usageSums{owner: u.Owner, provider: u.Provider}
		r.usage[key] = s
	}
	s.requests++
	s.prompt += u.PromptTokens
	s.completion += u.CompletionTokens
	s.latencyMs += u.Latency.Milliseconds()
	s.credits += u.charged
	s.cost += u.cost
	r.totals.requests++
	r.totals.credits += u.charged
	r.totals.cost += u.cost
	if u.Succeeded {
		r.totals.succeeded++
	} else {
		s.failed++
	}
	if u.Owner != "" {
		o := r.owner(u.Owner)
		o.requests++
		o.consumed += u.cost
		o.revenue += u.charged
	}
}

// addDraft counts what a contributor brought in and took out, and the Credits that became theirs for it.
func (r *rollups) addDraft(d *draft) {
	switch d.kind {
	case KindDeposit, KindVest, KindWithdrawal, KindClawback:
	default:
		return
	}
	if d.user == "" {
		return
	}
	o := r.owner(d.user)
	for _, e := range d.entries {
		switch e.Account {
		case Quota(d.resource):
			o.contributed += money.USD(e.Amount)
		case Wallet(d.user), Debt(d.user):
			o.issued += money.Credits(e.Amount)
		}
	}
}

func (r *rollups) owner(id ids.ID) *ownerSums {
	o := r.owners[id]
	if o == nil {
		o = &ownerSums{}
		r.owners[id] = o
	}
	return o
}
