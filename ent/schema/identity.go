package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/resourcepool/resourcepool/server/ids"
)

// Identity is who a person is at a provider of single sign-on.
type Identity struct{ ent.Schema }

// Annotations names the table; its SQL is in ent/migrate/migrations.
func (Identity) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "identities"}}
}

// Fields of Identity.
func (Identity) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").GoType(ids.ID("")).Immutable(),
		field.String("user_id").GoType(ids.ID("")).Immutable(),
		field.String("issuer").Immutable(),
		field.String("subject").Immutable(),
		field.Time("created_at").Immutable(),
		field.Time("last_used_at"),
	}
}
