package model

import (
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

type PoolOverview struct {
	TotalValue         money.USD
	ActiveResources    int
	Contributors       int
	ActiveContributors int
	PlatformOwned      money.USD
	PlatformShare      float64
	UserContributed    money.USD
	UserShare          float64
	CreditsCharged     money.Credits
	ProviderCost       money.USD
	Profit             money.Credits
	DepositFees        money.Credits
	Requests           int64
	SuccessRate        float64
}

type DepositQuote struct {
	Quota   money.USD
	FeeRate float64
	Fee     money.Credits
	Credits money.Credits
	Vesting money.Credits
}

type DepositStep struct {
	Step      DepositStepName
	OK        bool
	Detail    string
	ElapsedMs int64
}

type Model struct {
	ID                        ids.ID
	Name                      string
	Provider                  string
	ContextWindow             *int64
	Available                 bool
	InputCostPerMillion       money.USD
	CachedInputCostPerMillion money.USD
	OutputCostPerMillion      money.USD
	InputPricePerMillion      money.Credits
	OutputPricePerMillion     money.Credits
	MinimumCharge             money.Credits
}
