package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/resourcepool/resourcepool/server/ids"
)

// EmailLink is a link that was sent by mail, good once. Its secret is kept as a hash.
type EmailLink struct{ ent.Schema }

// Annotations names the table; its SQL is in ent/migrate/migrations.
func (EmailLink) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "email_links"}}
}

// Fields of EmailLink.
func (EmailLink) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").GoType(ids.ID("")).Immutable(),
		field.String("user_id").GoType(ids.ID("")).Immutable(),
		field.Enum("purpose").Values("VERIFY", "RESET", "CHANGE").Immutable(),
		field.String("email").Immutable(),
		field.Bytes("secret_hash").Unique().Sensitive().Immutable(),
		field.Time("created_at").Immutable(),
		field.Time("expires_at").Immutable(),
		field.Time("used_at").Optional().Nillable(),
	}
}
