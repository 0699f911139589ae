package pool

import (
	"context"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/page"
)

// ReportsDeps are what Reports is made of. None may be missing.
type ReportsDeps struct {
	Ent    *ent.Client
	Policy *access.Policy
	Clock  clock.Clock
}

// Reports reads what the books, the usage log and the roll-ups say. It writes nothing.
//
// Where a method takes an actor, it decides what the actor may list, filter and order by; the others are for callers that
// have checked that. Fields of a row that only some may see are left to whoever shows the row.
type Reports struct {
	ent    *ent.Client
	policy *access.Policy
	clock  clock.Clock
}

// NewReports returns the reports.
func NewReports(d ReportsDeps) *Reports {
	return &Reports{ent: d.Ent, policy: d.Policy, clock: d.Clock}
}

// reportTimeout bounds a report, so that a wide one gives its connection back.
const reportTimeout = 20 * time.Second

// Overview is the pool at one time.
type Overview struct {
	TotalValue         money.USD // what is left on ACTIVE resources
	ActiveResources    int
	Contributors       int // users who ever deposited
	ActiveContributors int // users with an ACTIVE resource
	PlatformOwned      money.USD
	PlatformShare      float64 // 0..1; 0 where there is no value
	UserContributed    money.USD
	UserShare          float64
	CreditsCharged     money.Credits
	ProviderCost       money.USD
	Profit             money.Credits // CreditsCharged − ProviderCost
	DepositFees        money.Credits
	Requests           int64
	SuccessRate        float64 // 0..1; 1 before the first request
}

func (o *Overview) derive(succeeded int64) {
	o.TotalValue = o.PlatformOwned + o.UserContributed
	if o.TotalValue > 0 {
		o.PlatformShare = float64(o.PlatformOwned) / float64(o.TotalValue)
		o.UserShare = float64(o.UserContributed) / float64(o.TotalValue)
	}
	o.Profit = o.CreditsCharged - money.Credits(o.ProviderCost)
	o.SuccessRate = 1
	if o.Requests > 0 {
		o.SuccessRate = float64(succeeded) / float64(o.Requests)
	}
}

// Overview returns the pool as it is now.
func (r *Reports) Overview(ctx context.Context) (*Overview, error) {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	return r.overview(ctx)
}

// Standing is how much of what a contributor brought is left.
type Standing string

// The standings of contributors.
const (
	StandingActive   Standing = "ACTIVE"
	StandingLow      Standing = "LOW"      // less than a tenth
	StandingDepleted Standing = "DEPLETED" // nothing
)

// StandingOf returns the standing of a contributor with so much left.
func StandingOf(row *ent.PoolLedger, remaining money.USD) Standing {
	tenth := row.Contributed / 10
	if row.Contributed%10 > 0 {
		tenth++ // of whole 10⁻⁹: less than the tenth is less than this
	}
	switch {
	case remaining <= 0:
		return StandingDepleted
	case remaining < tenth:
		return StandingLow
	}
	return StandingActive
}

// ContributorOrder is an order of the ranking; the zero value is the most contributed first.
type ContributorOrder struct {
	Field ContributorField
	Asc   bool
}

// ContributorField is what the ranking can be ordered by, as the contract has it.
type ContributorField string

// The fields of the ranking.
const (
	ByContributed   ContributorField = "RESOURCES_CONTRIBUTED"
	ByConsumed      ContributorField = "RESOURCE_CONSUMED"
	ByRevenue       ContributorField = "PLATFORM_REVENUE"
	ByRequestsOnOwn ContributorField = "REQUESTS"
)

// Contributors returns the ranking of users who ever deposited.
func (r *Reports) Contributors(ctx context.Context, args page.Args, order ContributorOrder) (page.Connection[*ent.PoolLedger], error) {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	return r.contributors(ctx, args, order)
}

// Ledger returns the running totals of a contributor, nil before a first deposit.
func (r *Reports) Ledger(ctx context.Context, owner ids.ID) (*ent.PoolLedger, error) {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	return r.ledger(ctx, owner)
}

// Remaining returns what is left on each owner's resources that serve or may serve again: those that are ACTIVE, PAUSED or
// SUSPENDED. Owners without any are not in it.
func (r *Reports) Remaining(ctx context.Context, owners ...ids.ID) (map[ids.ID]money.USD, error) {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	return r.remaining(ctx, owners)
}
