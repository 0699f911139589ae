package account

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/schema"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
)

const (
	maxCustomRoles = 100 // that there are
	maxDescription = 500
	loadRolesEvery = time.Second
	loadRolesIn    = 2 * time.Second
)

var errTooManyRoles = fault.New(fault.Conflict, "there are %d custom roles: remove one first", maxCustomRoles)

// CustomRoleInput is a custom role as an admin wants it.
type CustomRoleInput struct {
	Name, Description string
	Grants            []schema.Grant
}

// SaveCustomRole makes the custom role of that name, or changes it, for everybody who has it. It returns a BAD_USER_INPUT
// that names the argument, CONFLICT where there are too many, or FORBIDDEN where the actor has just stopped being an admin.
func (s *Service) SaveCustomRole(ctx context.Context, actor *access.Actor, in CustomRoleInput) (*ent.CustomRole, error) {
	if !access.ValidName(in.Name) {
		return nil, fault.Invalid("input.name", "a custom role is called by 2 to 40 capital letters, digits and underscores, and not like one of the program's")
	}
	in.Description = strings.TrimSpace(in.Description)
	if utf8.RuneCountInString(in.Description) > maxDescription || !utf8.ValidString(in.Description) || strings.ContainsFunc(in.Description, misleading) {
		return nil, fault.Invalid("input.description", "a description is one line of at most %d characters", maxDescription)
	}
	grants, err := s.parseGrants("input.grants", in.Grants)
	if err != nil {
		return nil, err
	}
	in.Grants = grants
	saved, err := s.store.saveRole(ctx, actor.ID, s.ids.New(ids.CustomRole), in, s.clock.Now(), func(before []schema.Grant) journal.Event {
		return s.event(actor.ID, "role.save", ids.ID(in.Name), map[string]any{"from": before, "to": in.Grants})
	})
	if err != nil {
		return nil, err
	}
	s.LoadRoles(ctx)
	return saved, nil
}

// parseGrants returns the rights, each once.
func (s *Service) parseGrants(field string, grants []schema.Grant) ([]schema.Grant, error) {
	out, may := []schema.Grant{}, s.policy.Grantable()
	for _, g := range grants {
		if !slices.Contains(may, access.Grant(g)) {
			return nil, fault.Invalid(field, "no custom role may have the right to %q: see grantableRights", g.Action+" "+g.Object)
		}
		if !slices.Contains(out, g) {
			out = append(out, g)
		}
	}
	if len(out) == 0 {
		return nil, fault.Invalid(field, "name some rights")
	}
	return out, nil
}

// RemoveCustomRole takes a custom role from everybody who has it, and reports whether there was one. It returns FORBIDDEN
// where the actor has just stopped being an admin.
func (s *Service) RemoveCustomRole(ctx context.Context, actor *access.Actor, name string) (bool, error) {
	there, err := s.store.removeRole(ctx, actor.ID, name, s.event(actor.ID, "role.remove", ids.ID(name), nil))
	if err == nil && there {
		s.LoadRoles(ctx)
		s.InvalidateAll() // whoever had it
	}
	return there, err
}

// SetCustomRoles gives a user these custom roles and no others. It returns a BAD_USER_INPUT for a role that is not there,
// NOT_FOUND, or FORBIDDEN where the actor has just stopped being an admin.
func (s *Service) SetCustomRoles(ctx context.Context, actor *access.Actor, id ids.ID, names []string) (*ent.User, error) {
	want := slices.Compact(slices.Sorted(slices.Values(names)))
	var unknown error
	u, err := s.changePerson(ctx, actor, id, func(tx *ent.Client, u *ent.User) (*ent.UserUpdateOne, string, map[string]any) {
		if unknown = haveRoles(ctx, tx, "roles", want); unknown != nil || slices.Equal(u.CustomRoles, want) {
			return nil, "", nil
		}
		return tx.User.UpdateOne(u).SetCustomRoles(want), "user.customRoles", map[string]any{"from": u.CustomRoles, "to": want}
	})
	if unknown != nil {
		return nil, unknown
	}
	return u, err
}

// CustomRoles returns all custom roles by name.
func (s *Service) CustomRoles(ctx context.Context) ([]*ent.CustomRole, error) {
	return s.store.customRoles(ctx)
}

// GrantableRights are those that a custom role may have.
func (s *Service) GrantableRights() []schema.Grant {
	var out []schema.Grant
	for _, g := range s.policy.Grantable() {
		out = append(out, schema.Grant(g))
	}
	return out
}

// LoadRoles has the policy go by the custom roles as they are now. Where they can't be read, nobody has the rights of any:
// one that was taken meanwhile must not go on.
func (s *Service) LoadRoles(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadRolesIn)
	defer cancel()
	s.loading.Lock()
	defer s.loading.Unlock()
	stored, err := s.store.customRoles(ctx)
	if err != nil {
		s.log.WarnContext(ctx, "account: the custom roles can't be read: nobody has their rights", "err", err)
		stored = nil
	}
	custom := []access.CustomRole{}
	for _, r := range stored {
		c := access.CustomRole{Name: r.Name}
		for _, g := range r.Grants {
			c.Grants = append(c.Grants, access.Grant(g))
		}
		custom = append(custom, c)
	}
	changed, err := s.policy.Use(custom)
	if err != nil {
		s.log.ErrorContext(ctx, "account: the custom roles are not taken: nobody has their rights", "err", err)
	}
	if changed {
		s.tell("")
	}
}

// RolesChanged says that the custom roles may have changed on another server. It never blocks.
func (s *Service) RolesChanged() {
	select {
	case s.rolesChanged <- struct{}{}:
	default:
	}
}

// KeepRoles keeps the policy by the custom roles: once it is told that they changed, and every second, until ctx is done. It
// always returns nil.
func (s *Service) KeepRoles(ctx context.Context) error {
	tick := time.NewTicker(loadRolesEvery)
	defer tick.Stop()
	for {
		s.LoadRoles(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-s.rolesChanged:
		case <-tick.C:
		}
	}
}
