package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/resourcepool/resourcepool/server/ids"
)

// User is a person who can sign in. Every user has the role USER; the other two of the contract are columns, those of the
// operator's own making a list of names.
type User struct{ ent.Schema }

// Annotations names the table; its SQL is in ent/migrate/migrations.
func (User) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "users"}}
}

// Fields of User.
func (User) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").GoType(ids.ID("")).Immutable(),
		field.String("email").Unique(),
		field.String("display_name"),
		field.String("password_hash").Sensitive(),
		field.Bool("contributor").Default(false),
		field.Bool("admin").Default(false),
		field.Enum("status").Values("ACTIVE", "FROZEN").Default("ACTIVE"),
		field.Time("email_verified_at").Optional().Nillable(),
		field.Time("deleted_at").Optional().Nillable(),
		field.JSON("custom_roles", []string{}).Default([]string{}),
		field.Time("created_at").Immutable(),
	}
}
