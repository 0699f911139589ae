package schema

import (
	"encoding/json"

	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/resourcepool/resourcepool/server/ids"
)

// Passkey is a WebAuthn credential of a person.
type Passkey struct{ ent.Schema }

// Annotations names the table; its SQL is in ent/migrate/migrations.
func (Passkey) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "passkeys"}}
}

// Fields of Passkey.
func (Passkey) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").GoType(ids.ID("")).Immutable(),
		field.String("user_id").GoType(ids.ID("")).Immutable(),
		field.String("name"),
		field.Bytes("credential_id").Unique().Immutable(),
		field.JSON("credential", json.RawMessage{}).Sensitive(),
		field.Time("created_at").Immutable(),
		field.Time("last_used_at").Optional().Nillable(),
	}
}
