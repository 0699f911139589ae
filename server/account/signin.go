package account

import (
	"context"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/session"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/limit"
	"github.com/resourcepool/resourcepool/server/origin"
)

// sessionFor is how long a session lasts, used or not.
const sessionFor = 30 * 24 * time.Hour

var (
	errWrongPassword = fault.New(fault.Unauthenticated, "wrong e-mail or password")
	errKnownEmail    = fault.New(fault.Conflict, "there is an account with this e-mail")
	errClosed        = fault.New(fault.Forbidden, "accounts are made by the operator here")
	errNoSession     = fault.New(fault.Forbidden, "this is for sessions: an API token is revoked instead")
)

// Login is a new session. Secret goes into the cookie and is known nowhere else.
type Login struct {
	Secret    string
	ExpiresAt time.Time
}

// SignUpInput makes an account. IP is whose sign-ups are counted; Replaces is the session that the browser had.
type SignUpInput struct {
	Email, Password, DisplayName string
	Invite                       *string
	IP                           string
	Replaces                     ids.ID
}

// SignInInput opens a session. IP is whose failures are counted; Replaces is the session that the browser had, which
// ends with this one: nobody goes on under an id that was known before.
type SignInInput struct {
	Email, Password string
	Code            *string
	IP              string
	Replaces        ids.ID
}

// SignUp makes an account and signs it in. It returns a BAD_USER_INPUT that names the argument, CONFLICT for a known
// e-mail, FORBIDDEN where sign-up is closed or by invitation, RATE_LIMITED or OVERLOADED.
func (s *Service) SignUp(ctx context.Context, in SignUpInput) (*ent.User, Login, error) {
	if s.mode == Closed {
		return nil, Login{}, errClosed
	}
	email, err := parseEmail("input.email", in.Email)
	if err != nil {
		return nil, Login{}, err
	}
	if err := checkPassword("input.password", in.Password); err != nil {
		return nil, Login{}, err
	}
	name, err := parseName("input.displayName", in.DisplayName)
	if err != nil {
		return nil, Login{}, err
	}
	if s.mode == Invite {
		if err := s.checkInvite(email, in.Invite); err != nil {
			return nil, Login{}, err
		}
	}
	if s.signUps.Burst > 0 {
		if _, err := s.throttle.Take(ctx, s.signUps.Of(limit.Network(in.IP))); err != nil {
			return nil, Login{}, err
		}
	}
	// Before the hash, so that a known e-mail costs no turn; the unique index decides between two at once.
	known, err := s.store.userByEmail(ctx, email)
	if err != nil {
		return nil, Login{}, err
	}
	if known != nil {
		return nil, Login{}, errKnownEmail
	}
	hash, err := s.passwords.hash(ctx, in.Password)
	if err != nil {
		return nil, Login{}, err
	}
	u := newUser{id: s.ids.New(ids.User), email: email, name: name, hash: hash, at: s.clock.Now()}
	first, login, err := s.newSession(ctx, u.id, byPassword)
	if err != nil {
		return nil, Login{}, err
	}
	made, err := s.store.createUser(ctx, u, &first, in.Replaces, s.event(u.id, "user.signUp", u.id, nil), s.verification(u.id, email))
	if err != nil {
		return nil, Login{}, err
	}
	s.posted()
	s.endLocally(in.Replaces)
	return made, login, nil
}

// SignIn opens a session. A wrong password and an unknown e-mail are the same UNAUTHENTICATED; after too many of them it
// is RATE_LIMITED with retryAfterSeconds, for the right password too. Who has a second factor gets SECOND_FACTOR_REQUIRED
// without a code, and UNAUTHENTICATED for a wrong one.
func (s *Service) SignIn(ctx context.Context, in SignInInput) (*ent.User, Login, error) {
	var u *ent.User
	email, err := parseEmail("input.email", in.Email)
	if err == nil { // what is no e-mail is nobody's
		if u, err = s.store.userByEmail(ctx, email); err != nil {
			return nil, Login{}, err
		}
	}
	if err := s.prove(ctx, s.failures.attempt(email, in.IP), u, in.Password); err != nil {
		return nil, Login{}, err
	}
	second, err := s.proveSecond(ctx, u, in.Code)
	if err != nil {
		return nil, Login{}, err
	}
	login, err := s.open(ctx, u, how{method: session.MethodPASSWORD, second: second}, in.Replaces)
	return u, login, err
}

// how somebody signed in.
type how struct {
	method session.Method
	second bool      // with a second factor
	proven time.Time // when they last proved who they are; zero: just now
}

var byPassword = how{method: session.MethodPASSWORD}

// open opens a session for who has proven to be the user.
func (s *Service) open(ctx context.Context, u *ent.User, h how, replaces ids.ID) (Login, error) {
	n, login, err := s.newSession(ctx, u.ID, h)
	if err != nil {
		return Login{}, err
	}
	if err := s.store.createSession(ctx, n, replaces, s.event(u.ID, "user.signIn", u.ID, signedIn(n.id, h, replaces))); err != nil {
		return Login{}, err
	}
	s.endLocally(replaces)
	return login, nil
}

// prove compares the password with that of the user, nil where there is none, and counts a failure.
func (s *Service) prove(ctx context.Context, a *attempt, u *ent.User, password string) error {
	if err := a.check(ctx); err != nil { // who is over the limit does not wait for a turn
		return err
	}
	done, err := s.passwords.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := a.begin(ctx); err != nil {
		return err
	}
	hash := ""
	if u != nil {
		hash = u.PasswordHash
	}
	ok, err := s.passwords.matches(password, hash)
	if err != nil {
		return err
	}
	if !ok {
		if u != nil {
			s.failedToSignIn(ctx, u.ID)
		}
		return errWrongPassword
	}
	return a.succeeded(ctx)
}

// signedIn is what the audit log says of a new session, and of the one that it ended.
func signedIn(session ids.ID, h how, replaces ids.ID) map[string]any {
	detail := map[string]any{"session": session, "method": h.method, "secondFactor": h.second}
	if replaces != "" {
		detail["replaces"] = replaces
	}
	return detail
}

// SignOut ends the session of the actor. It returns FORBIDDEN for an API token.
func (s *Service) SignOut(ctx context.Context, actor *access.Actor) error {
	if !actor.SignedIn() || actor.SessionID == "" {
		return errNoSession
	}
	if err := s.store.deleteSession(ctx, actor.SessionID, s.event(actor.ID, "user.signOut", actor.ID, map[string]any{"session": actor.SessionID})); err != nil {
		return err
	}
	s.Invalidate(actor.ID)
	return nil
}

// Reauthenticate proves the password again, and the second factor of who has one, and notes it with the session. It
// returns UNAUTHENTICATED for a wrong password or code, SECOND_FACTOR_REQUIRED, FORBIDDEN for an API token, or RATE_LIMITED.
func (s *Service) Reauthenticate(ctx context.Context, actor *access.Actor, password string, code *string) error {
	if !actor.SignedIn() || actor.SessionID == "" {
		return errNoSession
	}
	u, err := s.User(ctx, actor.ID)
	if err != nil {
		return err
	}
	if err := s.prove(ctx, s.failures.attempt(u.Email, string(actor.SessionID)), u, password); err != nil {
		return err
	}
	second, err := s.proveSecond(ctx, u, code)
	if err != nil {
		return err
	}
	if err := s.store.reauthenticated(ctx, actor.SessionID, second, s.event(actor.ID, "user.reauthenticate", actor.ID, nil)); err != nil {
		return err
	}
	s.endLocally(actor.SessionID) // what is known of it is older
	return nil
}

// ReauthenticatedAt returns when the person behind the session last proved their password; zero for an API token.
func (s *Service) ReauthenticatedAt(ctx context.Context, actor *access.Actor) (time.Time, error) {
	if !actor.SignedIn() || actor.SessionID == "" {
		return time.Time{}, nil
	}
	return s.store.reauthenticatedAt(ctx, actor.SessionID)
}

func (s *Service) newSession(ctx context.Context, user ids.ID, h how) (newSession, Login, error) {
	secret, err := newSessionSecret(s.random)
	if err != nil {
		return newSession{}, Login{}, err
	}
	hash, now := hashSecret(secret), s.clock.Now()
	if h.proven.IsZero() || h.proven.After(now) {
		h.proven = now
	}
	from := origin.From(ctx)
	n := newSession{
		id: s.ids.New(ids.Session), user: user, hash: hash[:], at: now, expires: now.Add(sessionFor), how: h, ip: from.IP, userAgent: from.UserAgent,
	}
	return n, Login{Secret: secret, ExpiresAt: n.expires}, nil
}
