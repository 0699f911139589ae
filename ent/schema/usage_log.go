package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// UsageLog is one request that had a hold. Written by the ledger's batch alone. Empty ids mean none.
type UsageLog struct{ ent.Schema }

// Annotations names the table; its SQL is in ent/migrate/migrations.
func (UsageLog) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "usage_logs"}}
}

// Fields of UsageLog.
func (UsageLog) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").GoType(ids.ID("")).Immutable(),
		field.Time("created_at").Immutable(),
		field.Enum("status").Values("SUCCEEDED", "FAILED").Immutable(),
		field.String("model").Immutable(),
		field.String("requested_model").Immutable().Default(""),
		field.String("endpoint").Immutable().Default("chat"),
		field.String("provider").Immutable(),
		field.String("user_id").GoType(ids.ID("")).Immutable(),
		field.String("token_id").GoType(ids.ID("")).Immutable(),
		field.String("resource_id").GoType(ids.ID("")).Immutable(),
		field.String("owner_id").GoType(ids.ID("")).Immutable(),
		field.Int64("prompt_tokens").Immutable(),
		field.Int64("cached_tokens").Immutable(),
		field.Int64("cache_write_tokens").Immutable(),
		field.Int64("completion_tokens").Immutable(),
		field.Int64("reasoning_tokens").Immutable(),
		field.Int64("latency_ms").Immutable(),
		field.Int64("credits_charged").GoType(money.Credits(0)).Immutable(),
		field.Int64("cost_amount").GoType(money.USD(0)).Immutable(),
		field.Int64("input_price").GoType(money.Credits(0)).Immutable(),
		field.Int64("output_price").GoType(money.Credits(0)).Immutable(),
		field.Int64("cache_write_price").GoType(money.Credits(0)).Immutable().Default(0),
		field.Int64("minimum_charge").GoType(money.Credits(0)).Immutable(),
		field.Int64("input_cost").GoType(money.USD(0)).Immutable(),
		field.Int64("cached_input_cost").GoType(money.USD(0)).Immutable(),
		field.Int64("cache_write_cost").GoType(money.USD(0)).Immutable().Default(0),
		field.Int64("output_cost").GoType(money.USD(0)).Immutable(),
		field.String("routing_reason").Immutable(),
		field.Int64("attempts").Immutable(),
		field.String("error_code").Immutable(),
		field.Bool("streamed").Immutable(),
		field.Bool("estimated").Immutable(),
		field.Bool("clamped").Immutable(),
		field.Int64("transaction_seq").Immutable(),
	}
}
