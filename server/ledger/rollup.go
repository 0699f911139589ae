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

func (r *rollups) addUsage(u *UsageRow) {
	key := usageKey{u.CreatedAt.Truncate(time.Hour), u.UserID, u.ResourceID, u.Model}
	s := r.usage[key]
	if s == nil {
		s = &usageSums{owner: u.OwnerID, provider: u.Provider}
		r.usage[key] = s
	}
	s.requests++
	s.prompt += u.PromptTokens
	s.completion += u.CompletionTokens
	s.latencyMs += u.LatencyMs
	s.credits += u.CreditsCharged
	s.cost += u.CostAmount
	r.totals.requests++
	r.totals.credits += u.CreditsCharged
	r.totals.cost += u.CostAmount
	if u.Status == "SUCCEEDED" {
		r.totals.succeeded++
	} else {
		s.failed++
	}
	if u.OwnerID != "" {
		o := r.owner(u.OwnerID)
		o.requests++
		o.consumed += u.CostAmount
		o.revenue += u.CreditsCharged
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
