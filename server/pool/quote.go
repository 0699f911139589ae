package pool

import (
	"context"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// Quote is what a deposit would bring. Credits are those at once and those that vest.
type Quote struct {
	Quota   money.USD
	FeeRate int64 // in 10⁻⁹
	Fee     money.Credits
	Credits money.Credits
	Vesting money.Credits
}

// trust tells how much of the trust limit a contributor uses.
type trust interface {
	TrustUsed(ctx context.Context, user ids.ID) (money.Credits, error)
}

// Quotes tells what deposits would bring. It books nothing and asks no provider.
type Quotes struct {
	settings settings
	ledger   trust
}

// NewQuotes returns the quotes by the settings in force.
func NewQuotes(s settings, l trust) *Quotes { return &Quotes{settings: s, ledger: l} }

// Quote tells what a deposit of the quota would bring the actor, where the provider reports no balance: what a provider
// confirms is all available at once. Who is signed out is told what a newcomer gets. A quota that no deposit takes is a
// BAD_USER_INPUT on "quota".
func (q *Quotes) Quote(ctx context.Context, actor *access.Actor, quota money.USD) (*Quote, error) {
	if quota <= 0 || quota > maxQuota {
		return nil, fault.Invalid("quota", "the quota of one key is above 0 and at most %s USD", money.Format(money.USD(maxQuota)))
	}
	set, err := q.settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	out := &Quote{Quota: quota, FeeRate: set.DepositFeeRate}
	if out.Fee, err = feeOf(quota, set.DepositFeeRate); err != nil {
		return nil, err
	}
	var used money.Credits
	if actor.SignedIn() {
		if used, err = q.ledger.TrustUsed(ctx, actor.ID); err != nil {
			return nil, err
		}
	}
	out.Credits = money.Credits(quota) - out.Fee
	out.Vesting = out.Credits - min(out.Credits, max(0, money.Credits(set.UnconfirmedTrustLimit)-used))
	return out, nil
}

// feeOf is the fee of a deposit, rounded up.
func feeOf(quota money.USD, rate int64) (money.Credits, error) {
	return money.MulDivCeil(money.Credits(quota), rate, money.One)
}
