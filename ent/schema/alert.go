package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/resourcepool/resourcepool/server/ids"
)

// Alert is something that needs a person. One is open per kind and subject.
type Alert struct{ ent.Schema }

// Annotations names the table; its SQL is in ent/migrate/migrations.
func (Alert) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "alerts"}}
}

// Fields of Alert.
func (Alert) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").GoType(ids.ID("")).Immutable(),
		field.Time("at").Immutable(),
		field.String("kind").Immutable(),
		field.String("subject").Immutable(),
		field.String("message"),
		field.Time("resolved_at").Optional().Nillable(),
	}
}
