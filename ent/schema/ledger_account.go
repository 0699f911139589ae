package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
)

// LedgerAccount is an account of the books, for reading: the ledger's writer alone moves them.
type LedgerAccount struct{ ent.Schema }

// Annotations names the table; its SQL is in ent/migrate/migrations.
func (LedgerAccount) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "ledger_accounts"}}
}

// Fields of LedgerAccount.
func (LedgerAccount) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").Immutable(),
		field.String("asset").Immutable(),
		field.Int64("balance").Immutable(),
		field.Int64("held").Immutable(),
		field.Int64("minimum").Immutable().Optional().Nillable(),
		field.Int64("maximum").Immutable().Optional().Nillable(),
		field.Bool("frozen").Immutable(),
		field.Bool("closing").Immutable(),
	}
}
