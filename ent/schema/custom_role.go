package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/resourcepool/resourcepool/server/ids"
)

// CustomRole is a role of the operator's own making: rights out of those that admins have.
type CustomRole struct{ ent.Schema }

// Annotations names the table; its SQL is in ent/migrate/migrations.
func (CustomRole) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "custom_roles"}}
}

// Fields of CustomRole.
func (CustomRole) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").GoType(ids.ID("")).Immutable(),
		field.String("name").Unique().Immutable(),
		field.String("description"),
		field.JSON("grants", []Grant{}),
		field.Time("updated_at"),
	}
}

// Grant is a right of a custom role, as the policy writes it.
type Grant struct {
	Object string `json:"object"`
	Action string `json:"action"`
}
