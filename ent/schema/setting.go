package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/resourcepool/resourcepool/server/money"
)

// Setting is the one row of settings that admins change at run time. Rates are in 10⁻⁹.
type Setting struct{ ent.Schema }

// Annotations names the table; its SQL is in ent/migrate/migrations.
func (Setting) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "settings"}}
}

// Fields of Setting.
func (Setting) Fields() []ent.Field {
	return []ent.Field{
		field.Int("id").Immutable(),
		field.Int64("deposit_fee_rate"),
		field.Int64("unconfirmed_trust_limit").GoType(money.USD(0)),
		field.Int64("clawback_grace_hours"),
		field.Int64("price_markup"),
		field.Float("cost_weight"),
		field.Float("performance_weight"),
		field.Float("reliability_weight"),
		field.Float("platform_owned_factor"),
		field.Float("low_quota_factor"),
		field.Int64("low_quota_threshold").GoType(money.USD(0)),
		field.Float("used_recently_factor"),
		field.Int64("used_recently_seconds"),
		field.Time("updated_at"),
	}
}
