package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/resourcepool/resourcepool/server/ids"
)

// Session is a sign-in in a browser: a cookie whose secret is kept as a hash.
type Session struct{ ent.Schema }

// Annotations names the table; its SQL is in ent/migrate/migrations.
func (Session) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "sessions"}}
}

// Fields of Session.
func (Session) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").GoType(ids.ID("")).Immutable(),
		field.String("user_id").GoType(ids.ID("")).Immutable(),
		field.Bytes("secret_hash").Unique().Sensitive().Immutable(),
		field.Time("created_at").Immutable(),
		field.Time("expires_at"),
		field.Time("reauthenticated_at"),
		field.Time("last_seen_at"),
		field.String("ip").Default(""),
		field.String("user_agent").Default(""),
		field.Enum("method").Values("PASSWORD", "PASSKEY", "OIDC").Default("PASSWORD").Immutable(),
		field.Bool("second_factor").Default(false),
	}
}
