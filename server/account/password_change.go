package account

import (
	"context"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/emaillink"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/limit"
)

// resetBacklog bounds the resets that wait for Run.
const resetBacklog = 256

var (
	errSamePassword  = fault.Invalid("newPassword", "this is the password that you have")
	errNeedsPassword = fault.Invalid("password", "give the password that you have")
)

// ChangePassword gives the actor another password and a new session in place of all that they have. Who has a password
// proves it; who has none, since they sign in otherwise, gets one. It returns a BAD_USER_INPUT that names the argument,
// UNAUTHENTICATED for a wrong password, RATE_LIMITED, OVERLOADED, or FORBIDDEN for an API token.
func (s *Service) ChangePassword(ctx context.Context, actor *access.Actor, old *string, next string) (*ent.User, Login, error) {
	if !actor.SignedIn() || actor.SessionID == "" {
		return nil, Login{}, errNoSession
	}
	if err := checkPassword("newPassword", next); err != nil {
		return nil, Login{}, err
	}
	u, err := s.User(ctx, actor.ID)
	if err != nil {
		return nil, Login{}, err
	}
	if u.PasswordHash != "" {
		switch {
		case old == nil:
			return nil, Login{}, errNeedsPassword
		case *old == next:
			return nil, Login{}, errSamePassword
		}
		if err := s.prove(ctx, s.failures.attempt(u.Email, string(actor.SessionID)), u, *old); err != nil {
			return nil, Login{}, err
		}
	}
	hash, err := s.passwords.hash(ctx, next)
	if err != nil {
		return nil, Login{}, err
	}
	now, err := s.store.sessionByID(ctx, actor.SessionID)
	if err != nil {
		return nil, Login{}, err
	}
	renewed, login, err := s.newSession(ctx, u.ID, how{method: now.Method, second: now.SecondFactor})
	if err != nil {
		return nil, Login{}, err
	}
	err = s.store.inTx(ctx, func(tx *ent.Client) error {
		if err := setPassword(ctx, tx, u.ID, hash); err != nil {
			return err
		}
		if err := renewed.insert(ctx, tx, ""); err != nil {
			return err
		}
		if err := s.notify(ctx, tx, u.Email, passwordChanged); err != nil {
			return err
		}
		return note(ctx, tx, u.ID, s.event(actor.ID, "user.passwordChanged", u.ID, nil))
	})
	if err != nil {
		return nil, Login{}, err
	}
	s.posted()
	s.Invalidate(u.ID)
	return u, login, nil
}

// RequestPasswordReset has a link sent with which the person of this e-mail can choose a new password. Whether there is one
// is not to be seen, neither in the answer nor in how long it takes: Run looks. It returns a BAD_USER_INPUT for what is no
// e-mail, FORBIDDEN where no mail is sent, or RATE_LIMITED.
func (s *Service) RequestPasswordReset(ctx context.Context, address, ip string) error {
	if s.mail == nil {
		return errNoMail
	}
	email, err := parseEmail("email", address)
	if err != nil {
		return err
	}
	if _, err := s.throttle.Take(ctx, mailsTo.Of(limit.Network(ip)), mailsTo.Of(email)); err != nil {
		return err
	}
	select {
	case s.resets <- email:
		return nil
	default:
		return errBusy
	}
}

// sendReset sends the link, where the e-mail has an account.
func (s *Service) sendReset(ctx context.Context, email string) error {
	u, err := s.store.userByEmail(ctx, email)
	if err != nil || u == nil || u.DeletedAt != nil {
		return err
	}
	err = s.store.inTx(ctx, func(tx *ent.Client) error {
		if err := s.sendLink(ctx, tx, u.ID, emaillink.PurposeRESET, u.Email); err != nil {
			return err
		}
		return note(ctx, tx, u.ID, s.event("", "user.passwordResetAsked", u.ID, nil))
	})
	if err == nil {
		s.posted()
	}
	return err
}

// ResetPassword takes the secret of a link and a new password. It ends all sessions and opens none: who has a second factor
// still has to give it. It returns a BAD_USER_INPUT that names the argument, or OVERLOADED.
func (s *Service) ResetPassword(ctx context.Context, secret, password string) error {
	if err := checkPassword("password", password); err != nil {
		return err
	}
	l, err := s.openLink(ctx, secret, emaillink.PurposeRESET)
	if err != nil {
		return err
	}
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return err
	}
	err = s.store.inTx(ctx, func(tx *ent.Client) error {
		u, err := useLink(ctx, tx, l, s.clock.Now())
		if err != nil {
			return err
		}
		if u.Email != l.Email {
			return errBadLink // the account has moved to another address since
		}
		if err := setEmail(ctx, tx, u, l.Email, s.clock.Now(), true); err != nil { // who has the link reads the mail
			return err
		}
		if err := setPassword(ctx, tx, u.ID, hash); err != nil {
			return err
		}
		if err := s.notify(ctx, tx, u.Email, passwordChanged); err != nil {
			return err
		}
		return note(ctx, tx, u.ID, s.event(u.ID, "user.passwordReset", u.ID, nil))
	})
	if err != nil {
		return err
	}
	s.posted()
	s.Invalidate(l.UserID)
	return nil
}
