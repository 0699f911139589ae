package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// ModelCost is what a provider takes for a million tokens of a model, where an admin set it.
type ModelCost struct{ ent.Schema }

// Annotations names the table; its SQL is in ent/migrate/migrations.
func (ModelCost) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "model_costs"}}
}

// Fields of ModelCost.
func (ModelCost) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").GoType(ids.ID("")).Immutable(),
		field.String("name").Immutable(),
		field.String("provider").Immutable(),
		field.Int64("input_cost").GoType(money.USD(0)),
		field.Int64("cached_input_cost").GoType(money.USD(0)),
		field.Int64("output_cost").GoType(money.USD(0)),
		field.Time("updated_at"),
	}
}
