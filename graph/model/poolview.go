package model

import (
	"github.com/resourcepool/resourcepool/server/money"
)

type DepositQuote struct {
	Quota   money.USD
	FeeRate float64
	Fee     money.Credits
	Credits money.Credits
	Vesting money.Credits
}
