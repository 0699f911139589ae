package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// PoolResource is a deposited key: its terms, its life and its health. Its quota is an account of the ledger.
type PoolResource struct{ ent.Schema }

// Annotations names the table; its SQL is in ent/migrate/migrations.
func (PoolResource) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "pool_resources"}}
}

// Fields of PoolResource.
func (PoolResource) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").GoType(ids.ID("")).Immutable(),
		field.String("owner_id").GoType(ids.ID("")).Immutable().Optional().Nillable(),
		field.String("provider").Immutable(),
		field.String("base_url").Immutable().Default(""),
		field.String("label"),
		field.String("masked_key"),
		field.Bytes("fingerprint").Sensitive(),
		field.Bytes("account_hash").Optional().Nillable().Sensitive(),
		field.JSON("models", []string{}),
		field.Int64("original_quota").GoType(money.USD(0)).Immutable(),
		field.Bool("quota_confirmed"),
		field.Enum("status").Values("ACTIVE", "PAUSED", "SUSPENDED", "DEPLETED", "EXPIRED", "WITHDRAWN"),
		field.String("status_reason").Optional().Nillable(),
		field.Enum("suspended_by").Values("PROVIDER", "MONITOR", "ADMIN").Optional().Nillable(),
		field.Time("suspended_at").Optional().Nillable(),
		field.Int64("grace_used_ms").Default(0),
		field.Bool("backup").Immutable().Default(false),
		field.String("accepted_terms").Immutable().Optional().Nillable(),
		field.Time("expires_at").Optional().Nillable(),
		field.Time("verified_at").Optional().Nillable(),
		field.Time("created_at").Immutable(),
		field.Time("withdrawn_at").Optional().Nillable(),
		field.Int64("max_concurrency").Default(0),
		field.Int64("max_requests_per_minute").Default(0),
		field.Int64("max_tokens_per_minute").Default(0),
		field.Int64("total_requests").Default(0),
		field.Int64("successful_requests").Default(0),
		field.Float("average_latency_ms").Optional().Nillable(),
		field.Float("token_latency_ms").Optional().Nillable(),
		field.Float("success_average").Optional().Nillable(),
		field.Int64("failures_in_a_row").Default(0),
		field.Time("last_failure_at").Optional().Nillable(),
		field.Time("last_used_at").Optional().Nillable(),
		field.Time("cooling_until").Optional().Nillable(),
	}
}
