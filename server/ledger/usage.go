package ledger

import (
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// Usage is the log row of a request that had a hold. The ledger writes it, and the roll-ups that follow from it, with the
// operation that resolves the hold.
type Usage struct {
	ID               ids.ID
	CreatedAt        time.Time
	Succeeded        bool
	Model            string
	RequestedModel   string // "" where the request named the model itself
	Endpoint         string // "" for chat
	Provider         string
	User             ids.ID
	Token            ids.ID // "" where signed in otherwise
	Resource         ids.ID
	Owner            ids.ID // "" for the platform's
	PromptTokens     int64
	CachedTokens     int64 // part of PromptTokens
	CacheWriteTokens int64 // part of PromptTokens
	CompletionTokens int64
	ReasoningTokens  int64 // part of CompletionTokens
	Latency          time.Duration
	Prices           Prices
	RoutingReason    string
	Attempts         int64
	ErrorCode        string
	Streamed         bool
	Estimated        bool // the provider reported no usage
	Clamped          bool // the provider's usage was outside its bounds
}

// Prices are those in force at the request, per million tokens.
type Prices struct {
	Input, CacheWrite, Output, Minimum                money.Credits
	InputCost, CachedCost, CacheWriteCost, OutputCost money.USD
}
