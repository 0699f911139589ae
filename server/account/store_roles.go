package account

import (
	"context"
	"fmt"
	"slices"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/user"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
)

var (
	errLastAdmin   = fault.New(fault.Conflict, "this is the last active admin")
	errNoLongerYou = fault.New(fault.Forbidden, "you are not an active admin any more")
)

// SetRoles gives a user these roles and no others; USER everybody keeps. Their sessions go on: roles are the person's, and
// read anew for each request. It returns NOT_FOUND, CONFLICT for the last active admin, or FORBIDDEN where the actor has
// just stopped being one.
func (s *Service) SetRoles(ctx context.Context, actor *access.Actor, id ids.ID, want []access.Role) (*ent.User, error) {
	contributor, admin := slices.Contains(want, access.Contributor), slices.Contains(want, access.Admin)
	return s.changePerson(ctx, actor, id, func(tx *ent.Client, u *ent.User) (*ent.UserUpdateOne, string, map[string]any) {
		if u.Contributor == contributor && u.Admin == admin {
			return nil, "", nil
		}
		return tx.User.UpdateOne(u).SetContributor(contributor).SetAdmin(admin),
			"user.roles", map[string]any{"from": Roles(u), "to": roles(contributor, admin)}
	})
}

// SetStatus freezes or thaws a user. It returns NOT_FOUND, CONFLICT for the last active admin, or FORBIDDEN where the
// actor has just stopped being one.
func (s *Service) SetStatus(ctx context.Context, actor *access.Actor, id ids.ID, status user.Status) (*ent.User, error) {
	return s.changePerson(ctx, actor, id, func(tx *ent.Client, u *ent.User) (*ent.UserUpdateOne, string, map[string]any) {
		if u.Status == status {
			return nil, "", nil
		}
		return tx.User.UpdateOne(u).SetStatus(status), "user.status", map[string]any{"from": u.Status, "to": status}
	})
}

// changePerson makes a change that an admin asked for, under the locks that keep an active admin in place. A change that
// changes nothing leaves no trace.
func (s *Service) changePerson(ctx context.Context, actor *access.Actor, id ids.ID,
	change func(*ent.Client, *ent.User) (update *ent.UserUpdateOne, action string, detail map[string]any),
) (after *ent.User, err error) {
	if !wellFormed(id, ids.User) {
		return nil, errNoUser
	}
	err = s.store.inTx(ctx, func(tx *ent.Client) error {
		people, err := lockPeople(ctx, tx, id, actor.ID)
		if err != nil {
			return err
		}
		if !activeAdmin(people[actor.ID]) {
			return errNoLongerYou
		}
		before, ok := people[id]
		switch {
		case !ok:
			return errNoUser
		case before.DeletedAt != nil:
			return errDeleted
		}
		update, action, detail := change(tx, before)
		if update == nil {
			after = before
			return nil
		}
		if after, err = update.Save(ctx); err != nil {
			return fmt.Errorf("account: change a user: %w", err)
		}
		people[id] = after
		if activeAdmin(before) && !anyActiveAdmin(people) {
			return errLastAdmin
		}
		return note(ctx, tx, id, s.event(actor.ID, action, id, detail))
	})
	if err != nil {
		return nil, err
	}
	s.Invalidate(id)
	return after, nil
}

func activeAdmin(u *ent.User) bool {
	return u != nil && u.Admin && u.Status == user.StatusACTIVE
}

func anyActiveAdmin(people map[ids.ID]*ent.User) bool {
	for _, u := range people {
		if activeAdmin(u) {
			return true
		}
	}
	return false
}
