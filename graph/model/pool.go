package model

import (
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/poolresource"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/vault"
)

type PoolLedgerOrder struct {
	Field     LedgerOrderField
	Direction OrderDirection
}

type PoolResourceOrder struct {
	Field     ResourceOrderField
	Direction OrderDirection
}

type PoolResourceFilter struct {
	Status    []poolresource.Status
	Provider  *string
	OwnerType *OwnerType
	OwnerID   *ids.ID
}

// DepositPayload answers a deposit and a withdrawal.
type DepositPayload struct {
	Resource *ent.PoolResource
	Fee      money.Credits
	Credited money.Credits
	Vesting  money.Credits
	Seq      int64 // of the transaction
}

type UpdateSettingsInput struct {
	DepositFeeRate        *float64
	UnconfirmedTrustLimit *money.USD
	ClawbackGraceHours    *int
	PriceMarkup           *float64
	CostWeight            *float64
	PerformanceWeight     *float64
	ReliabilityWeight     *float64
	PlatformOwnedFactor   *float64
	LowQuotaFactor        *float64
	LowQuotaThreshold     *money.USD
	UsedRecentlyFactor    *float64
	UsedRecentlySeconds   *int
}

type SetModelPriceInput struct {
	Model                     string
	Provider                  string
	InputCostPerMillion       money.USD
	CachedInputCostPerMillion *money.USD
	OutputCostPerMillion      money.USD
	InputPricePerMillion      money.Credits
	OutputPricePerMillion     money.Credits
	MinimumCharge             *money.Credits
}

type DepositInput struct {
	Provider       string
	APIKey         vault.Secret
	Quota          money.USD
	Label          *string
	BaseURL        *string
	ExpiresAt      *time.Time
	Backup         *bool
	AcceptedTerms  *string
	ProgressID     *ids.ID
	IdempotencyKey *string
}
