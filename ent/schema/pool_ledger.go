package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// PoolLedger is a contributor's running totals, kept by the ledger's batch.
type PoolLedger struct{ ent.Schema }

// Annotations names the table; its SQL is in ent/migrate/migrations.
func (PoolLedger) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "pool_ledgers"}}
}

// Fields of PoolLedger.
func (PoolLedger) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").GoType(ids.ID("")).StorageKey("owner_id").Immutable(),
		field.Int64("contributed").GoType(money.USD(0)).Immutable(),
		field.Int64("consumed").GoType(money.USD(0)).Immutable(),
		field.Int64("credits_issued").GoType(money.Credits(0)).Immutable(),
		field.Int64("revenue").GoType(money.Credits(0)).Immutable(),
		field.Int64("requests").Immutable(),
	}
}
