package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// ModelPrice is what the platform charges for a million tokens of a model, where an admin set it.
type ModelPrice struct{ ent.Schema }

// Annotations names the table; its SQL is in ent/migrate/migrations.
func (ModelPrice) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "model_prices"}}
}

// Fields of ModelPrice.
func (ModelPrice) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").GoType(ids.ID("")).Immutable(),
		field.String("name").Unique().Immutable(),
		field.Int64("input_price").GoType(money.Credits(0)),
		field.Int64("output_price").GoType(money.Credits(0)),
		field.Int64("minimum_charge").GoType(money.Credits(0)),
		field.Time("updated_at"),
	}
}
