package account

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/session"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
)

const (
	maxPasskeys       = 20       // of one person
	maxCredentialJSON = 64 << 10 // bytes of a browser's answer
)

var (
	errNoPasskeys      = fault.New(fault.Conflict, "passkeys need the pool to have a name and https: its address is a bare IP, or plain http")
	errTooManyPasskeys = fault.New(fault.Conflict, "you have %d passkeys: remove one first", maxPasskeys)
	errKnownPasskey    = fault.New(fault.Conflict, "this passkey was added before")
	errNoPasskey       = fault.New(fault.NotFound, "there is no such passkey")
	errBadCredential   = fault.Invalid("input.credential", "this is no good answer to what was asked of the browser")
	errBadPasskey      = fault.New(fault.Unauthenticated, "this passkey is not good here")
	errCloned          = fault.New(fault.Unauthenticated, "this passkey may have been copied, for its counter went back: sign in another way and replace it")
)

// PasskeyCeremony is what to ask a browser. Options is JSON: of PublicKeyCredentialCreationOptions for a new passkey, of
// PublicKeyCredentialRequestOptions for one that is used.
type PasskeyCeremony struct {
	ID        ids.ID
	Options   string
	ExpiresAt time.Time
}

// AddPasskeyInput is a browser's answer to BeginPasskeyRegistration, and what its person calls the passkey.
type AddPasskeyInput struct {
	CeremonyID       ids.ID
	Credential, Name string
}

// UsePasskeyInput is a browser's answer to BeginPasskeyAuthentication. Replaces is the session that it had, which ends with
// the new one.
type UsePasskeyInput struct {
	CeremonyID ids.ID
	Credential string
	Replaces   ids.ID
}

// registration is kept while a passkey is made.
type registration struct {
	Session ids.ID
	Data    webauthn.SessionData
}

// holder is a user as WebAuthn knows them.
type holder struct {
	user *ent.User
	keys []webauthn.Credential
}

func (h holder) WebAuthnID() []byte                         { return []byte(h.user.ID) }
func (h holder) WebAuthnName() string                       { return h.user.Email }
func (h holder) WebAuthnDisplayName() string                { return h.user.DisplayName }
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

// Passkeys lists those of a user, the newest first. Whether the caller may see them is access's question.
func (s *Service) Passkeys(ctx context.Context, user ids.ID) ([]*ent.Passkey, error) {
	return s.store.passkeys(ctx, s.store.client, user)
}

// BeginPasskeyRegistration begins to make a passkey. It returns REAUTHENTICATION_REQUIRED, CONFLICT where there can be none or
// no more, FORBIDDEN for an API token, or RATE_LIMITED.
func (s *Service) BeginPasskeyRegistration(ctx context.Context, actor *access.Actor) (*PasskeyCeremony, error) {
	if s.passkeys == nil {
		return nil, errNoPasskeys
	}
	u, err := s.User(ctx, actor.ID)
	if err != nil {
		return nil, err
	}
	rows, err := s.Passkeys(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	if len(rows) >= maxPasskeys {
		return nil, errTooManyPasskeys
	}
	h := holder{user: u}
	for _, row := range rows {
		key, err := credentialOf(row)
		if err != nil {
			return nil, err
		}
		h.keys = append(h.keys, key)
	}
	// A device that holds one already is told so: a second would be of no use.
	options, data, err := s.passkeys.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.keys).CredentialDescriptors()))
	if err != nil {
		return nil, fmt.Errorf("account: begin a passkey: %w", err)
	}
	return s.ask(ctx, addingPasskey, u.ID, registration{Session: actor.SessionID, Data: *data}, options.Response)
}

// BeginPasskeyAuthentication begins to use a passkey, whosever: the browser offers those that it has, and nobody learns who has
// any. It returns CONFLICT where there can be none, or RATE_LIMITED.
func (s *Service) BeginPasskeyAuthentication(ctx context.Context) (*PasskeyCeremony, error) {
	if s.passkeys == nil {
		return nil, errNoPasskeys
	}
	options, data, err := s.passkeys.BeginDiscoverableLogin()
	if err != nil {
		return nil, fmt.Errorf("account: begin to use a passkey: %w", err)
	}
	return s.ask(ctx, usingPasskey, "", data, options.Response)
}

func (s *Service) ask(ctx context.Context, kind ceremonyKind, user ids.ID, keep, options any) (*PasskeyCeremony, error) {
	text, err := json.Marshal(options)
	if err != nil {
		return nil, fmt.Errorf("account: write what to ask a browser: %w", err)
	}
	id, expires, err := s.begin(ctx, kind, user, keep)
	if err != nil {
		return nil, err
	}
	return &PasskeyCeremony{ID: id, Options: string(text), ExpiresAt: expires}, nil
}

// AddPasskey keeps the passkey that a browser made. It returns a BAD_USER_INPUT that names the argument, CONFLICT where it is
// known or one too many, REAUTHENTICATION_REQUIRED, or FORBIDDEN for an API token.
func (s *Service) AddPasskey(ctx context.Context, actor *access.Actor, in AddPasskeyInput) (*ent.Passkey, error) {
	if s.passkeys == nil {
		return nil, errNoPasskeys
	}
	name, err := parseName("input.name", in.Name)
	if err != nil {
		return nil, err
	}
	u, err := s.User(ctx, actor.ID)
	if err != nil {
		return nil, err
	}
	var begun registration
	if err := s.finish(ctx, addingPasskey, in.CeremonyID, u.ID, &begun); err != nil {
		return nil, err
	}
	if begun.Session != actor.SessionID {
		return nil, errNoCeremony
	}
	key, err := s.made(u, begun.Data, in.Credential)
	if err != nil {
		return nil, err
	}
	p := newPasskey{id: s.ids.New(ids.Passkey), user: u.ID, name: name, key: key, at: s.clock.Now()}
	return s.store.insertPasskey(ctx, p, s.event(actor.ID, "passkey.add", p.id, map[string]any{"name": name}))
}

// made reads the passkey that a browser made, and holds it to what was asked.
func (s *Service) made(u *ent.User, asked webauthn.SessionData, text string) (*webauthn.Credential, error) {
	if len(text) > maxCredentialJSON {
		return nil, errBadCredential
	}
	answer, err := protocol.ParseCredentialCreationResponseBytes([]byte(text))
	if err != nil {
		return nil, errBadCredential.Because(err)
	}
	key, err := s.passkeys.CreateCredential(holder{user: u}, asked, answer)
	if err != nil {
		return nil, errBadCredential.Because(err)
	}
	return key, nil
}

// SignInWithPasskey opens a session for whose passkey it is, frozen or not. It returns UNAUTHENTICATED for one that is not
// good, a BAD_USER_INPUT for a ceremony that was not begun or is over, CONFLICT where there can be no passkeys.
func (s *Service) SignInWithPasskey(ctx context.Context, in UsePasskeyInput) (*ent.User, Login, error) {
	u, err := s.provePasskey(ctx, in)
	if err != nil {
		return nil, Login{}, err
	}
	login, err := s.open(ctx, u, how{method: session.MethodPASSKEY, second: true}, in.Replaces)
	return u, login, err
}

// ReauthenticateWithPasskey proves with one of the actor's own passkeys that it is them, and notes it with the session. It
// returns what SignInWithPasskey does, or FORBIDDEN for an API token.
func (s *Service) ReauthenticateWithPasskey(ctx context.Context, actor *access.Actor, in UsePasskeyInput) error {
	if !actor.SignedIn() || actor.SessionID == "" {
		return errNoSession
	}
	u, err := s.provePasskey(ctx, in)
	if err != nil {
		return err
	}
	if u.ID != actor.ID {
		return errBadPasskey
	}
	if err := s.store.reauthenticated(ctx, actor.SessionID, true, s.event(actor.ID, "user.reauthenticate", actor.ID, nil)); err != nil {
		return err
	}
	s.endLocally(actor.SessionID) // what is known of it is older
	return nil
}

// provePasskey returns whose passkey answered.
func (s *Service) provePasskey(ctx context.Context, in UsePasskeyInput) (*ent.User, error) {
	if s.passkeys == nil {
		return nil, errNoPasskeys
	}
	var asked webauthn.SessionData
	if err := s.finish(ctx, usingPasskey, in.CeremonyID, "", &asked); err != nil {
		return nil, err
	}
	if len(in.Credential) > maxCredentialJSON {
		return nil, errBadCredential
	}
	answer, err := protocol.ParseCredentialRequestResponseBytes([]byte(in.Credential))
	if err != nil {
		return nil, errBadCredential.Because(err)
	}
	return s.matchPasskey(ctx, asked, answer)
}

// RemovePasskey removes one of the actor's passkeys. It returns REAUTHENTICATION_REQUIRED, NOT_FOUND, CONFLICT where it is the
// last way to sign in, or FORBIDDEN for an API token.
func (s *Service) RemovePasskey(ctx context.Context, actor *access.Actor, id ids.ID) error {
	if !wellFormed(id, ids.Passkey) {
		return errNoPasskey
	}
	return s.inTxOf(ctx, actor.ID, func(tx *ent.Client, u *ent.User) error {
		if err := deletePasskey(ctx, tx, u.ID, id); err != nil {
			return err
		}
		if err := s.mustHaveWayIn(ctx, tx, u); err != nil {
			return err
		}
		return note(ctx, tx, u.ID, s.event(actor.ID, "passkey.remove", id, nil))
	})
}

func credentialOf(row *ent.Passkey) (webauthn.Credential, error) {
	var key webauthn.Credential
	if err := json.Unmarshal(row.Credential, &key); err != nil {
		return webauthn.Credential{}, fmt.Errorf("account: read passkey %s: %w", row.ID, err)
	}
	return key, nil
}
