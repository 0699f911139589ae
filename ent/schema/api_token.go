package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/resourcepool/resourcepool/server/ids"
)

// APIToken is a secret that a program signs in with. What it may spend is a row of the ledger.
type APIToken struct{ ent.Schema }

// Annotations names the table; its SQL is in ent/migrate/migrations.
func (APIToken) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "api_tokens"}}
}

// Fields of APIToken.
func (APIToken) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").GoType(ids.ID("")).Immutable(),
		field.String("user_id").GoType(ids.ID("")).Immutable(),
		field.String("name"),
		field.Bytes("secret_hash").Unique().Sensitive().Immutable(),
		field.String("masked_secret").Immutable(),
		field.JSON("models", []string{}).Optional(),
		field.JSON("scopes", []string{}).Optional(),
		field.JSON("networks", []string{}).Optional(),
		field.Time("created_at").Immutable(),
		field.Time("expires_at").Optional().Nillable(),
		field.Time("last_used_at").Optional().Nillable(),
		field.Time("revoked_at").Optional().Nillable(),
	}
}
