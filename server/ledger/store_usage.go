package ledger

import (
	"fmt"
	"strings"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/usagelog"
	"github.com/resourcepool/resourcepool/server/money"
)

// UsageRow is a usage log as it stands in the books.
type UsageRow = ent.UsageLog

// row is the log of a request with what was booked for it.
func (u *Usage) row(seq int64, charged money.Credits, cost money.USD) *UsageRow {
	status, endpoint := usagelog.StatusFAILED, u.Endpoint
	if u.Succeeded {
		status = usagelog.StatusSUCCEEDED
	}
	if endpoint == "" {
		endpoint = usagelog.DefaultEndpoint
	}
	return &UsageRow{
		ID: u.ID, CreatedAt: u.CreatedAt.UTC().Truncate(time.Microsecond), Status: status,
		Model: u.Model, RequestedModel: u.RequestedModel, Endpoint: endpoint, Provider: u.Provider,
		UserID: u.User, TokenID: u.Token, ResourceID: u.Resource, OwnerID: u.Owner,
		PromptTokens: u.PromptTokens, CachedTokens: u.CachedTokens, CacheWriteTokens: u.CacheWriteTokens,
		CompletionTokens: u.CompletionTokens, ReasoningTokens: u.ReasoningTokens, LatencyMs: u.Latency.Milliseconds(),
		CreditsCharged: charged, CostAmount: cost,
		InputPrice: u.Prices.Input, CacheWritePrice: u.Prices.CacheWrite, OutputPrice: u.Prices.Output, MinimumCharge: u.Prices.Minimum,
		InputCost: u.Prices.InputCost, CachedInputCost: u.Prices.CachedCost, CacheWriteCost: u.Prices.CacheWriteCost, OutputCost: u.Prices.OutputCost,
		RoutingReason: u.RoutingReason, Attempts: u.Attempts, ErrorCode: u.ErrorCode,
		Streamed: u.Streamed, Estimated: u.Estimated, Clamped: u.Clamped, TransactionSeq: seq,
	}
}

// usageColumns are those of usage_logs, each with its type and its value in a row.
var usageColumns = []struct {
	name, typ string
	value     func(*array, *UsageRow)
}{
	{"id", "text", func(a *array, u *UsageRow) { a.text(string(u.ID)) }},
	{"created_at", "timestamptz", func(a *array, u *UsageRow) { a.time(u.CreatedAt) }},
	{"status", "text", func(a *array, u *UsageRow) { a.text(string(u.Status)) }},
	{"model", "text", func(a *array, u *UsageRow) { a.text(u.Model) }},
	{"requested_model", "text", func(a *array, u *UsageRow) { a.text(u.RequestedModel) }},
	{"endpoint", "text", func(a *array, u *UsageRow) { a.text(u.Endpoint) }},
	{"provider", "text", func(a *array, u *UsageRow) { a.text(u.Provider) }},
	{"user_id", "text", func(a *array, u *UsageRow) { a.text(string(u.UserID)) }},
	{"token_id", "text", func(a *array, u *UsageRow) { a.text(string(u.TokenID)) }},
	{"resource_id", "text", func(a *array, u *UsageRow) { a.text(string(u.ResourceID)) }},
	{"owner_id", "text", func(a *array, u *UsageRow) { a.text(string(u.OwnerID)) }},
	{"prompt_tokens", "bigint", func(a *array, u *UsageRow) { a.int(u.PromptTokens) }},
	{"cached_tokens", "bigint", func(a *array, u *UsageRow) { a.int(u.CachedTokens) }},
	{"cache_write_tokens", "bigint", func(a *array, u *UsageRow) { a.int(u.CacheWriteTokens) }},
	{"completion_tokens", "bigint", func(a *array, u *UsageRow) { a.int(u.CompletionTokens) }},
	{"reasoning_tokens", "bigint", func(a *array, u *UsageRow) { a.int(u.ReasoningTokens) }},
	{"latency_ms", "bigint", func(a *array, u *UsageRow) { a.int(u.LatencyMs) }},
	{"credits_charged", "bigint", func(a *array, u *UsageRow) { a.int(int64(u.CreditsCharged)) }},
	{"cost_amount", "bigint", func(a *array, u *UsageRow) { a.int(int64(u.CostAmount)) }},
	{"input_price", "bigint", func(a *array, u *UsageRow) { a.int(int64(u.InputPrice)) }},
	{"cache_write_price", "bigint", func(a *array, u *UsageRow) { a.int(int64(u.CacheWritePrice)) }},
	{"output_price", "bigint", func(a *array, u *UsageRow) { a.int(int64(u.OutputPrice)) }},
	{"minimum_charge", "bigint", func(a *array, u *UsageRow) { a.int(int64(u.MinimumCharge)) }},
	{"input_cost", "bigint", func(a *array, u *UsageRow) { a.int(int64(u.InputCost)) }},
	{"cached_input_cost", "bigint", func(a *array, u *UsageRow) { a.int(int64(u.CachedInputCost)) }},
	{"cache_write_cost", "bigint", func(a *array, u *UsageRow) { a.int(int64(u.CacheWriteCost)) }},
	{"output_cost", "bigint", func(a *array, u *UsageRow) { a.int(int64(u.OutputCost)) }},
	{"routing_reason", "text", func(a *array, u *UsageRow) { a.text(u.RoutingReason) }},
	{"attempts", "bigint", func(a *array, u *UsageRow) { a.int(u.Attempts) }},
	{"error_code", "text", func(a *array, u *UsageRow) { a.text(u.ErrorCode) }},
	{"streamed", "bool", func(a *array, u *UsageRow) { a.bool(u.Streamed) }},
	{"estimated", "bool", func(a *array, u *UsageRow) { a.bool(u.Estimated) }},
	{"clamped", "bool", func(a *array, u *UsageRow) { a.bool(u.Clamped) }},
	{"transaction_seq", "bigint", func(a *array, u *UsageRow) { a.int(u.TransactionSeq) }},
}

var insertUsages = func() string {
	var names, arrays []string
	for i, c := range usageColumns {
		names = append(names, c.name)
		arrays = append(arrays, fmt.Sprintf("$%d::%s[]", i+1, c.typ))
	}
	return "INSERT INTO usage_logs (" + strings.Join(names, ", ") + ") SELECT * FROM unnest(" + strings.Join(arrays, ", ") + ")"
}()

func writeUsages(s *statement, usages []*UsageRow) {
	args := make([]any, len(usageColumns))
	for i, c := range usageColumns {
		column := newArray(elementOf[c.typ], len(usages), 24)
		for _, u := range usages {
			c.value(column, u)
		}
		args[i] = column
	}
	s.add(insertUsages, args...)
}
