package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/resourcepool/resourcepool/server/ids"
)

// SecondFactor is the authenticator app of a person: the secret that its codes come from.
type SecondFactor struct{ ent.Schema }

// Annotations names the table; its SQL is in ent/migrate/migrations.
func (SecondFactor) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "second_factors"}}
}

// Fields of SecondFactor.
func (SecondFactor) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").GoType(ids.ID("")).StorageKey("user_id").Immutable(),
		field.Bytes("secret").Sensitive(),
		field.Time("created_at"),
		field.Time("confirmed_at").Optional().Nillable(),
		field.Int64("last_step").Default(0),
	}
}
