package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/resourcepool/resourcepool/server/ids"
)

// KeyAccess is one decryption of a deposited key: of which, what for and for whom.
type KeyAccess struct{ ent.Schema }

// Annotations names the table; its SQL is in ent/migrate/migrations.
func (KeyAccess) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "key_accesses"}}
}

// Fields of KeyAccess.
func (KeyAccess) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").GoType(ids.ID("")).Immutable(),
		field.Time("at").Immutable(),
		field.String("resource_id").GoType(ids.ID("")).Immutable(),
		field.String("purpose").Immutable(),
		field.String("actor_id").GoType(ids.ID("")).Default("").Immutable(),
		field.String("request_id").GoType(ids.ID("")).Default("").Immutable(),
		field.String("server_id").GoType(ids.ID("")).Default("").Immutable(),
	}
}
