package account

import (
	"context"
	"strings"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/session"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/limit"
	"github.com/resourcepool/resourcepool/server/origin"
	"github.com/resourcepool/resourcepool/server/sso"
)

var errNoIdentity = fault.New(fault.NotFound, "there is no such identity")

// SignInMethods is how people can come in here.
type SignInMethods struct {
	SignUp   SignUpMode
	Password bool
	Passkeys bool
	OIDC     *OIDCMethod // nil: there is no provider
}

// OIDCMethod is the provider of single sign-on: what its button says. Where the button leads is the edge's.
type OIDCMethod struct{ Name string }

// SignInMethods is the same for everybody.
func (s *Service) SignInMethods() *SignInMethods {
	m := &SignInMethods{SignUp: s.mode, Password: true, Passkeys: s.passkeys != nil}
	if s.sso != nil {
		m.OIDC = &OIDCMethod{Name: s.sso.Name()}
	}
	return m
}

// Identities lists who a user is elsewhere, the newest first. Whether the caller may see them is access's question.
func (s *Service) Identities(ctx context.Context, user ids.ID) ([]*ent.Identity, error) {
	return s.store.identities(ctx, user)
}

// UnlinkIdentity takes an identity off the actor's account. It returns REAUTHENTICATION_REQUIRED, NOT_FOUND, CONFLICT where
// it is the last way to sign in, or FORBIDDEN for an API token.
func (s *Service) UnlinkIdentity(ctx context.Context, actor *access.Actor, id ids.ID) error {
	if !wellFormed(id, ids.Identity) {
		return errNoIdentity
	}
	return s.inTxOf(ctx, actor.ID, func(tx *ent.Client, u *ent.User) error {
		was, err := deleteIdentity(ctx, tx, u.ID, id)
		if err != nil {
			return err
		}
		if err := s.mustHaveWayIn(ctx, tx, u); err != nil {
			return err
		}
		return note(ctx, tx, u.ID, s.event(actor.ID, "identity.unlink", id, identityDetail(was.Issuer, was.Subject, "asked")))
	})
}

// link gives an identity to the account of who asked for it, in the session that asked.
func (s *Service) link(ctx context.Context, actor *access.Actor, asked departure, who sso.Person) error {
	if !actor.SignedIn() || actor.ID != asked.Link || actor.SessionID != asked.Session {
		return errLinkSession
	}
	return s.inTxOf(ctx, actor.ID, func(tx *ent.Client, u *ent.User) error {
		known, err := identityOf(ctx, tx, who)
		switch {
		case err != nil:
			return err
		case known != nil && known.UserID != u.ID:
			return errTaken
		case known != nil:
			return nil
		}
		return s.insertIdentity(ctx, tx, u.ID, who, "asked")
	})
}

// signOn opens a session for whose identity it is. An identity that nobody has goes to the account with its e-mail where both
// sides have verified that, and to a new account where there is none and anybody may make one.
func (s *Service) signOn(ctx context.Context, actor *access.Actor, who sso.Person) (Login, error) {
	u, err := s.owner(ctx, who)
	if err != nil {
		return Login{}, err
	}
	if u.DeletedAt != nil {
		return Login{}, errSSODeleted
	}
	replaces := ids.ID("")
	if actor.SignedIn() {
		replaces = actor.SessionID
	}
	return s.open(ctx, u, how{method: session.MethodOIDC, second: who.MultiFactor, proven: who.AuthenticatedAt}, replaces)
}

func (s *Service) owner(ctx context.Context, who sso.Person) (u *ent.User, err error) {
	u, err = s.store.identityUsed(ctx, who, s.clock.Now())
	if u != nil || err != nil {
		return u, err
	}
	email, err := parseEmail("email", who.Email)
	if err != nil || !who.EmailVerified {
		return nil, errSSOEmail
	}
	known, err := s.store.userByEmail(ctx, email)
	if err != nil {
		return nil, err
	}
	if known == nil {
		return s.join(ctx, who, email)
	}
	err = s.inTxOf(ctx, known.ID, func(tx *ent.Client, locked *ent.User) error {
		// Who signed up with an e-mail that is not theirs must not be joined by its owner: both would have the account.
		if locked.EmailVerifiedAt == nil || locked.Email != email {
			return errLinkFirst
		}
		u = locked
		return s.insertIdentity(ctx, tx, u.ID, who, "email")
	})
	if err != nil {
		return nil, raced(err)
	}
	return u, nil
}

// join makes an account for somebody whom only the provider knows. It has no password.
func (s *Service) join(ctx context.Context, who sso.Person, email string) (made *ent.User, err error) {
	if s.mode != Open {
		return nil, errSSOClosed
	}
	if s.signUps.Burst > 0 {
		if _, err := s.throttle.Take(ctx, s.signUps.Of(limit.Network(origin.From(ctx).IP))); err != nil {
			return nil, err
		}
	}
	name, err := parseName("name", who.Name)
	if err != nil {
		name, _, _ = strings.Cut(email, "@")
		if name, err = parseName("name", name); err != nil {
			name = "Somebody"
		}
	}
	u := newUser{id: s.ids.New(ids.User), email: email, name: name, at: s.clock.Now()}
	err = s.store.inTx(ctx, func(tx *ent.Client) error {
		if made, err = u.insert(ctx, tx); err != nil {
			return err
		}
		if made, err = emailVerified(ctx, tx, made, u.at); err != nil {
			return err
		}
		if err := s.insertIdentity(ctx, tx, u.id, who, "signUp"); err != nil {
			return err
		}
		return note(ctx, tx, u.id, s.event(u.id, "user.signUp", u.id, map[string]any{"issuer": who.Issuer}))
	})
	if err != nil {
		return nil, raced(err)
	}
	return made, nil
}

func identityDetail(issuer, subject, by string) map[string]any {
	return map[string]any{"issuer": issuer, "subject": subject, "by": by}
}
