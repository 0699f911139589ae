package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/user"
	"github.com/resourcepool/resourcepool/server/ids"
)

var errAdminPassword = errors.New("account: POOL_ADMIN_EMAIL has an account with another password than POOL_ADMIN_PASSWORD: " +
	"whoever made it does not become the admin; name another e-mail or that account's password")

// EnsureAdmin makes the first admin, once: where there is any admin, or no e-mail is given, it does nothing, so that
// changing the settings later changes nobody. An account that has the e-mail already becomes the admin only if it has the
// password too; else somebody who signed up before the operator would. Its errors name the variable at fault.
func (s *Service) EnsureAdmin(ctx context.Context, email, password string) error {
	if email == "" && password == "" {
		return nil
	}
	email, err := parseEmail("POOL_ADMIN_EMAIL", email)
	if err != nil {
		return fmt.Errorf("account: POOL_ADMIN_EMAIL: %w", err)
	}
	if err := checkPassword("POOL_ADMIN_PASSWORD", password); err != nil {
		return fmt.Errorf("account: POOL_ADMIN_PASSWORD: %w", err)
	}
	if exists, err := s.store.client.User.Query().Where(user.Admin(true)).Exist(ctx); err != nil || exists {
		return wrap("look for an admin", err)
	}
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return err
	}
	id := s.ids.New(ids.User)
	err = s.store.inTx(ctx, func(tx *ent.Client) error {
		// Several servers may start at once on a new database.
		if _, err := tx.ExecContext(ctx, "LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE"); err != nil {
			return fmt.Errorf("account: lock users: %w", err)
		}
		if exists, err := tx.User.Query().Where(user.Admin(true)).Exist(ctx); err != nil || exists {
			return wrap("look for an admin", err)
		}
		known, err := tx.User.Query().Where(user.Email(email)).Only(ctx)
		switch {
		case ent.IsNotFound(err):
			u := newUser{id: id, email: email, name: "Admin", hash: hash, admin: true, verified: true, at: s.clock.Now()}
			if _, err := u.insert(ctx, tx); err != nil {
				return err
			}
		case err != nil:
			return fmt.Errorf("account: read a user: %w", err)
		default:
			id = known.ID
			if ok, err := s.passwords.matches(password, known.PasswordHash); err != nil || !ok {
				return errors.Join(errAdminPassword, err)
			}
			if err := tx.User.UpdateOne(known).SetAdmin(true).SetStatus(user.StatusACTIVE).SetEmailVerifiedAt(s.clock.Now()).Exec(ctx); err != nil {
				return fmt.Errorf("account: make the admin: %w", err)
			}
		}
		return note(ctx, tx, id, s.event("", "user.firstAdmin", id, nil))
	})
	if err != nil {
		return err
	}
	s.Invalidate(id)
	return nil
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("account: %s: %w", what, err)
}
