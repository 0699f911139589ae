package schema

import (
	"encoding/json"

	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/resourcepool/resourcepool/server/ids"
)

// RoutingDecision is why a request went to its key. Kept 30 days.
type RoutingDecision struct{ ent.Schema }

// Annotations names the table; its SQL is in ent/migrate/migrations.
func (RoutingDecision) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "routing_decisions"}}
}

// Fields of RoutingDecision.
func (RoutingDecision) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").GoType(ids.ID("")).StorageKey("usage_id").Immutable(),
		field.JSON("decision", json.RawMessage{}).Immutable(),
	}
}
