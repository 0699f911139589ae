package account

import (
	"context"
	"fmt"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
)

// What is left of a person in the row that the books name.
const (
	deletedName   = "Deleted account"
	deletedDomain = "@deleted.invalid" // no such domain can exist
)

var (
	errHasKeys = fault.New(fault.Conflict, "withdraw your keys first: they would go on serving, and nobody could take them back")
	errDeleted = fault.New(fault.Conflict, "this account was deleted")
)

// DeleteAccount deletes the actor's account: nobody signs in to it again, and nothing that says whose it was is kept. The
// books stay as they are, under a pseudonym; Credits that are left are given up. It returns CONFLICT while keys of theirs
// are in the pool, and for the last active admin, or FORBIDDEN for an API token.
func (s *Service) DeleteAccount(ctx context.Context, actor *access.Actor) error {
	if !actor.SignedIn() || actor.SessionID == "" {
		return errNoSession
	}
	err := s.store.inTx(ctx, func(tx *ent.Client) error {
		people, err := lockPeople(ctx, tx, actor.ID)
		if err != nil {
			return err
		}
		u := people[actor.ID]
		if u == nil || u.DeletedAt != nil {
			return errNoUser
		}
		keys, err := keysOf(ctx, tx, u.ID)
		if err != nil {
			return err
		}
		if keys > 0 {
			return errHasKeys
		}
		if err := s.notify(ctx, tx, u.Email, accountDeleted); err != nil {
			return err
		}
		pseudonym, err := s.pseudonymise(ctx, tx, u)
		if err != nil {
			return err
		}
		people[u.ID] = pseudonym
		if activeAdmin(u) && !anyActiveAdmin(people) {
			return errLastAdmin
		}
		return note(ctx, tx, u.ID, s.event(actor.ID, "user.deleted", u.ID, nil))
	})
	if err != nil {
		return err
	}
	s.posted()
	s.Invalidate(actor.ID)
	return nil
}

// pseudonymise takes out of the database what says who a user is, and all that signs in as them.
func (s *Service) pseudonymise(ctx context.Context, tx *ent.Client, u *ent.User) (*ent.User, error) {
	if err := forget(ctx, tx, u.ID, s.clock.Now()); err != nil {
		return nil, err
	}
	if err := s.keys.DestroyUser(ctx, tx, u.ID); err != nil {
		return nil, err
	}
	after, err := tx.User.UpdateOne(u).SetEmail(string(u.ID) + deletedDomain).SetDisplayName(deletedName).SetPasswordHash("").
		SetAdmin(false).SetCustomRoles([]string{}).SetStatus("FROZEN").ClearEmailVerifiedAt().SetDeletedAt(s.clock.Now()).Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("account: delete a user: %w", err)
	}
	return after, nil
}
