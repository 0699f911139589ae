package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/resourcepool/resourcepool/server/ids"
)

// AuditEvent is something that someone did, or that the platform did by itself, and that moved no money.
type AuditEvent struct{ ent.Schema }

// Annotations names the table; its SQL is in ent/migrate/migrations.
func (AuditEvent) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "audit_events"}}
}

// Fields of AuditEvent.
func (AuditEvent) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").GoType(ids.ID("")).Immutable(),
		field.Time("at").Immutable(),
		field.String("actor_id").GoType(ids.ID("")).Immutable().Optional().Nillable(),
		field.String("action").Immutable(),
		field.String("subject").Immutable(),
		field.JSON("detail", map[string]any{}).Optional().Immutable(),
		field.String("session_id").GoType(ids.ID("")).Default("").Immutable(),
		field.String("token_id").GoType(ids.ID("")).Default("").Immutable(),
		field.String("request_id").GoType(ids.ID("")).Default("").Immutable(),
		field.String("ip").Default("").Immutable(),
		field.String("user_agent").Default("").Immutable(),
		field.String("reason").Default("").Immutable(),
	}
}
