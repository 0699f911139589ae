package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/resourcepool/resourcepool/server/ids"
)

// Secret is an encrypted key: the ciphertext and the wrapped data key that opens it. Deleting the row destroys the key.
type Secret struct{ ent.Schema }

// Annotations names the table; its SQL is in ent/migrate/migrations.
func (Secret) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "secrets"}}
}

// Fields of Secret.
func (Secret) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").GoType(ids.ID("")).StorageKey("resource_id").Immutable(),
		field.String("key_id"),
		field.Bytes("wrapped_key").Sensitive(),
		field.Bytes("ciphertext").Sensitive(),
		field.Time("created_at").Immutable(),
	}
}
