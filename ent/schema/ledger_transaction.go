package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/resourcepool/resourcepool/server/ids"
)

// LedgerTransaction is a transaction of the books, for reading: the ledger's writer alone inserts them.
type LedgerTransaction struct{ ent.Schema }

// Annotations names the table; its SQL is in ent/migrate/migrations.
func (LedgerTransaction) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "ledger_transactions"}}
}

// Fields of LedgerTransaction.
func (LedgerTransaction) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("id").StorageKey("seq").Immutable(),
		field.String("kind").Immutable(),
		field.Time("created_at").Immutable(),
		field.String("memo").Immutable(),
		field.Bytes("memo_salt").Immutable(),
		field.String("actor_id").GoType(ids.ID("")).Immutable(),
		field.String("user_id").GoType(ids.ID("")).Immutable(),
		field.String("resource_id").GoType(ids.ID("")).Immutable(),
		field.String("usage_id").GoType(ids.ID("")).Immutable(),
		field.Bytes("leaf").Immutable(),
		field.Bytes("previous_hash").Immutable(),
		field.Bytes("hash").Immutable(),
	}
}
