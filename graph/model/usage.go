package model

import (
	"time"

	"github.com/resourcepool/resourcepool/ent/usagelog"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

type PoolUsageLogOrder struct {
	Field     UsageOrderField
	Direction OrderDirection
}

type PoolUsageLogFilter struct {
	Status          *usagelog.Status
	Model           *string
	From            *time.Time
	To              *time.Time
	UserID          *ids.ID
	ResourceID      *ids.ID
	ResourceOwnerID *ids.ID
}

// UsagePoint is a bucket's totals; what the caller may not see is nil.
type UsagePoint struct {
	At               time.Time
	Group            *string
	Requests         int64
	Failed           int64
	PromptTokens     int64
	CompletionTokens int64
	CreditsCharged   *money.Credits
	CostAmount       *money.USD
	AverageLatencyMs *float64
}
