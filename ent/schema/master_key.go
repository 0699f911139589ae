package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
)

// MasterKey is what a master key is recognised by.
type MasterKey struct{ ent.Schema }

// Annotations names the table; its SQL is in ent/migrate/migrations.
func (MasterKey) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "master_keys"}}
}

// Fields of MasterKey.
func (MasterKey) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").Immutable(),
		field.Bytes("check_value").Sensitive().Immutable(),
		field.Time("created_at").Immutable(),
		field.Bytes("root").Sensitive().Optional(),
		field.Bytes("handover").Sensitive().Optional(),
		field.Bytes("external").Sensitive().Optional(),
		field.Time("retired_at").Optional().Nillable(),
	}
}
