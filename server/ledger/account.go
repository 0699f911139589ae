package ledger

import (
	"strings"

	"github.com/resourcepool/resourcepool/server/ids"
)

// Asset is what an account counts.
type Asset string

// The two assets.
const (
	Credit Asset = "CREDIT"
	USD    Asset = "USD"
)

// AccountID names an account: a kind and whose it is, or one of the platform's.
type AccountID string

// The platform's accounts. They are hot: every transaction moves some, so batches add to them last and never read them.
const (
	Issued   AccountID = "platform.issued"  // all Credits ever minted, negative
	Revenue  AccountID = "platform.revenue" // what consumers were charged
	Fees     AccountID = "platform.fees"    // of deposits
	Loss     AccountID = "platform.loss"    // what nobody could be charged for, negative
	Supply   AccountID = "provider.supply"  // all quota ever brought in, negative
	Spent    AccountID = "provider.spent"   // what providers took
	walletOf           = "wallet:"
	vestOf             = "vesting:"
	debtOf             = "debt:"
	quotaOf            = "resource:"
)

var hotAccounts = []AccountID{Fees, Issued, Loss, Revenue, Spent, Supply}

// Wallet is what a user can spend; available never falls below 0.
func Wallet(user ids.ID) AccountID { return AccountID(walletOf + string(user)) }

// Vesting is what a user was promised for deposits above the trust limit; never below 0.
func Vesting(user ids.ID) AccountID { return AccountID(vestOf + string(user)) }

// Debt is what a user owes after a claw-back; never above 0.
func Debt(user ids.ID) AccountID { return AccountID(debtOf + string(user)) }

// Quota is what is left on a resource; available never falls below 0.
func Quota(resource ids.ID) AccountID { return AccountID(quotaOf + string(resource)) }

// Asset returns what the account counts.
func (a AccountID) Asset() Asset {
	if strings.HasPrefix(string(a), quotaOf) || a == Supply || a == Spent {
		return USD
	}
	return Credit
}

// Hot reports whether the account is the platform's, which no decision depends on.
func (a AccountID) Hot() bool { return !strings.Contains(string(a), ":") }

// Owner returns the id of the user or the resource whose account it is, "" for the platform's.
func (a AccountID) Owner() ids.ID {
	_, owner, _ := strings.Cut(string(a), ":")
	return ids.ID(owner)
}

// bounds returns the limits that the database checks behind Apply: of balance − held, and of the balance.
func (a AccountID) bounds() (minimum, maximum *int64) {
	zero := int64(0)
	switch {
	case a.Hot():
		return nil, nil
	case strings.HasPrefix(string(a), debtOf):
		return nil, &zero
	}
	return &zero, nil
}
