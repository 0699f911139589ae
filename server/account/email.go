package account

import (
	"context"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/emaillink"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
)

var (
	errNoMail     = fault.New(fault.Forbidden, "this server sends no mail: ask its operator")
	errIsVerified = fault.New(fault.Conflict, "this e-mail is verified already")
)

// verification sends the link that verifies a new account's e-mail, where mails are sent.
func (s *Service) verification(user ids.ID, email string) func(context.Context, *ent.Client) error {
	return func(ctx context.Context, tx *ent.Client) error {
		if s.mail == nil {
			return nil
		}
		return s.sendLink(ctx, tx, user, emaillink.PurposeVERIFY, email)
	}
}

// SendVerification sends the link again that verifies the actor's e-mail. It returns CONFLICT where that is done, FORBIDDEN
// where no mail is sent, or RATE_LIMITED.
func (s *Service) SendVerification(ctx context.Context, actor *access.Actor) error {
	if s.mail == nil {
		return errNoMail
	}
	u, err := s.User(ctx, actor.ID)
	if err != nil {
		return err
	}
	if u.EmailVerifiedAt != nil {
		return errIsVerified
	}
	if _, err := s.throttle.Take(ctx, mailsTo.Of(string(actor.ID))); err != nil {
		return err
	}
	if err := s.store.inTx(ctx, func(tx *ent.Client) error { return s.verification(u.ID, u.Email)(ctx, tx) }); err != nil {
		return err
	}
	s.posted()
	return nil
}

// VerifyEmail takes the secret of a link that was sent to an address: whoever has it reads what is sent there. It verifies
// the e-mail of its account, or makes the address the account's e-mail where that was asked for. It returns BAD_USER_INPUT
// for a link that is not good, and CONFLICT where the address has become another's meanwhile.
func (s *Service) VerifyEmail(ctx context.Context, secret string) error {
	l, err := s.openLink(ctx, secret, emaillink.PurposeVERIFY, emaillink.PurposeCHANGE)
	if err != nil {
		return err
	}
	err = s.store.inTx(ctx, func(tx *ent.Client) error {
		u, err := useLink(ctx, tx, l, s.clock.Now())
		if err != nil {
			return err
		}
		old := u.Email
		if l.Purpose == emaillink.PurposeVERIFY && old != l.Email {
			return errBadLink // it was for an e-mail that the account no longer has
		}
		if err := setEmail(ctx, tx, u, l.Email, s.clock.Now(), true); err != nil {
			return err
		}
		if old == l.Email {
			return note(ctx, tx, u.ID, s.event(u.ID, "user.emailVerified", u.ID, nil))
		}
		if err := s.notify(ctx, tx, old, emailChanged(l.Email)); err != nil {
			return err
		}
		return note(ctx, tx, u.ID, s.event(u.ID, "user.emailChanged", u.ID, nil))
	})
	if err != nil {
		return err
	}
	s.posted()
	s.Invalidate(l.UserID)
	return nil
}

// ChangeEmail makes another address the actor's: once the link sent to it is opened where mails are sent, else at once. It
// returns a BAD_USER_INPUT that names the argument, CONFLICT for an address that has an account, or RATE_LIMITED.
func (s *Service) ChangeEmail(ctx context.Context, actor *access.Actor, address string) (*ent.User, error) {
	email, err := parseEmail("email", address)
	if err != nil {
		return nil, err
	}
	u, err := s.User(ctx, actor.ID)
	if err != nil || u.Email == email {
		return u, err
	}
	known, err := s.store.userByEmail(ctx, email)
	if err != nil {
		return nil, err
	}
	if known != nil {
		return nil, errKnownEmail
	}
	if _, err := s.throttle.Take(ctx, mailsTo.Of(string(actor.ID))); err != nil {
		return nil, err
	}
	err = s.store.inTx(ctx, func(tx *ent.Client) error {
		if s.mail != nil {
			return s.sendLink(ctx, tx, u.ID, emaillink.PurposeCHANGE, email)
		}
		if err := setEmail(ctx, tx, u, email, s.clock.Now(), false); err != nil {
			return err
		}
		return note(ctx, tx, u.ID, s.event(actor.ID, "user.emailChanged", u.ID, nil))
	})
	if err != nil {
		return nil, err
	}
	s.posted()
	s.Invalidate(u.ID)
	return s.User(ctx, u.ID)
}

// notify sends a notice to an address, where mails are sent.
func (s *Service) notify(ctx context.Context, tx *ent.Client, to string, n notice) error {
	if s.mail == nil {
		return nil
	}
	return s.mail.Put(ctx, tx, n.mail(to))
}

// posted has what was put into the outbox sent.
func (s *Service) posted() {
	if s.mail != nil {
		s.mail.Wake()
	}
}
