package account

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/customrole"
	"github.com/resourcepool/resourcepool/ent/schema"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
)

func (st store) customRoles(ctx context.Context) ([]*ent.CustomRole, error) {
	all, err := st.client.CustomRole.Query().Order(ent.Asc(customrole.FieldName)).All(ctx)
	return all, wrap("read custom roles", err)
}

// changeRole makes a change of the custom roles, for an active admin.
func (st store) changeRole(ctx context.Context, actor ids.ID, change func(tx *ent.Client) (*journal.Event, error)) error {
	return st.inTx(ctx, func(tx *ent.Client) error {
		people, err := lockPeople(ctx, tx, actor)
		if err != nil {
			return err
		}
		if !activeAdmin(people[actor]) {
			return errNoLongerYou
		}
		e, err := change(tx)
		if err != nil || e == nil {
			return err
		}
		if err := journal.Audit(ctx, tx, *e); err != nil {
			return err
		}
		return journal.Change(ctx, tx, journal.Roles, e.Subject)
	})
}

// saveRole writes a role. The locks of changeRole make two changes go one after the other.
func (st store) saveRole(ctx context.Context, actor, id ids.ID, in CustomRoleInput, at time.Time, event func(before []schema.Grant) journal.Event) (saved *ent.CustomRole, err error) {
	err = st.changeRole(ctx, actor, func(tx *ent.Client) (*journal.Event, error) {
		before, err := tx.CustomRole.Query().Where(customrole.Name(in.Name)).Only(ctx)
		switch {
		case err == nil:
			saved, err = tx.CustomRole.UpdateOne(before).SetDescription(in.Description).SetGrants(in.Grants).SetUpdatedAt(at).Save(ctx)
		case ent.IsNotFound(err):
			saved, err = createRole(ctx, tx, id, in, at)
		}
		if err != nil {
			return nil, wrap("write a custom role", err)
		}
		e := event(nil)
		if before != nil {
			e = event(before.Grants)
		}
		return &e, nil
	})
	if err != nil {
		return nil, err
	}
	return saved, nil
}

func createRole(ctx context.Context, tx *ent.Client, id ids.ID, in CustomRoleInput, at time.Time) (*ent.CustomRole, error) {
	n, err := tx.CustomRole.Query().Count(ctx)
	if err != nil {
		return nil, err
	}
	if n >= maxCustomRoles {
		return nil, errTooManyRoles
	}
	return tx.CustomRole.Create().SetID(id).SetName(in.Name).SetDescription(in.Description).SetGrants(in.Grants).SetUpdatedAt(at).Save(ctx)
}

// removeRole deletes a role and takes it from everybody, so that nobody has it again when another of its name is made.
func (st store) removeRole(ctx context.Context, actor ids.ID, name string, e journal.Event) (there bool, err error) {
	err = st.changeRole(ctx, actor, func(tx *ent.Client) (*journal.Event, error) {
		n, err := tx.CustomRole.Delete().Where(customrole.Name(name)).Exec(ctx)
		if err != nil || n == 0 {
			return nil, wrap("delete a custom role", err)
		}
		there = true
		_, err = tx.ExecContext(ctx, `UPDATE users SET custom_roles = custom_roles - $1::text WHERE custom_roles @> to_jsonb($1::text)`, name)
		return &e, wrap("take a custom role from people", err)
	})
	return there && err == nil, err
}

// haveRoles makes sure that the custom roles are there and stay there until the transaction ends.
func haveRoles(ctx context.Context, tx *ent.Client, field string, names []string) error {
	for _, name := range names {
		there, err := tx.CustomRole.Query().Where(customrole.Name(name)).Modify(func(s *sql.Selector) { s.For("SHARE") }).All(ctx)
		if err != nil {
			return fmt.Errorf("account: read a custom role: %w", err)
		}
		if len(there) == 0 {
			return fault.Invalid(field, "there is no custom role %q", name)
		}
	}
	return nil
}
