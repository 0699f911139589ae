package pool

import (
	"context"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
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

// Quote tells what a deposit of the quota would bring the actor, where the provider reports no balance: what a provider
// confirms is all available at once. Who is signed out is told what a newcomer gets. A quota that no deposit takes is a
// BAD_USER_INPUT on "quota".
func (s *Service) Quote(ctx context.Context, actor *access.Actor, quota money.USD) (*Quote, error) {
	if quota <= 0 || quota > maxQuota {
		return nil, fault.Invalid("quota", "the quota of one key is above 0 and at most %s USD", money.Format(money.USD(maxQuota)))
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	out := &Quote{Quota: quota, FeeRate: set.DepositFeeRate}
	if out.Fee, err = money.MulDivCeil(money.Credits(quota), set.DepositFeeRate, money.One); err != nil {
		return nil, err
	}
	var used money.Credits
	if actor.SignedIn() {
		if used, err = s.ledger.TrustUsed(ctx, actor.ID); err != nil {
			return nil, err
		}
	}
	out.Credits = money.Credits(quota) - out.Fee
	out.Vesting = out.Credits - min(out.Credits, max(0, money.Credits(set.UnconfirmedTrustLimit)-used))
	return out, nil
}
