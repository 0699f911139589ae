package account

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/identity"
	"github.com/resourcepool/resourcepool/ent/passkey"
	"github.com/resourcepool/resourcepool/ent/user"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
)

var errLastWayIn = fault.New(fault.Conflict, "this is your last way to sign in: set a password or add a passkey first")

type newPasskey struct {
	id, user ids.ID
	name     string
	key      *webauthn.Credential
	at       time.Time
}

// inTxOf runs f in a transaction that holds the user's row: their ways to sign in change one at a time.
func (s *Service) inTxOf(ctx context.Context, id ids.ID, f func(tx *ent.Client, u *ent.User) error) error {
	return s.store.inTx(ctx, func(tx *ent.Client) error {
		u, err := lockUser(ctx, tx, id)
		if err != nil {
			return err
		}
		return f(tx, u)
	})
}

// lockUser returns errNoUser where there is none, or none any more.
func lockUser(ctx context.Context, tx *ent.Client, id ids.ID) (*ent.User, error) {
	u, err := tx.User.Query().Where(user.ID(id), user.DeletedAtIsNil()).Modify(func(s *sql.Selector) { s.For("NO KEY UPDATE") }).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, errNoUser
	}
	if err != nil {
		return nil, fmt.Errorf("account: lock a user: %w", err)
	}
	return u, nil
}

func (st store) passkeys(ctx context.Context, client *ent.Client, user ids.ID) ([]*ent.Passkey, error) {
	all, err := client.Passkey.Query().Where(passkey.UserID(user)).Order(ent.Desc(passkey.FieldID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("account: read passkeys: %w", err)
	}
	return all, nil
}

func (st store) insertPasskey(ctx context.Context, p newPasskey, e journal.Event) (made *ent.Passkey, err error) {
	text, err := json.Marshal(p.key)
	if err != nil {
		return nil, fmt.Errorf("account: write a passkey: %w", err)
	}
	err = st.inTx(ctx, func(tx *ent.Client) error {
		if _, err := lockUser(ctx, tx, p.user); err != nil {
			return err
		}
		n, err := tx.Passkey.Query().Where(passkey.UserID(p.user)).Count(ctx)
		if err != nil {
			return fmt.Errorf("account: count passkeys: %w", err)
		}
		if n >= maxPasskeys {
			return errTooManyPasskeys
		}
		made, err = tx.Passkey.Create().SetID(p.id).SetUserID(p.user).SetName(p.name).SetCredentialID(p.key.ID).
			SetCredential(text).SetCreatedAt(p.at).Save(ctx)
		if ent.IsConstraintError(err) {
			return errKnownPasskey
		}
		if err != nil {
			return fmt.Errorf("account: write a passkey: %w", err)
		}
		return note(ctx, tx, p.user, e)
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// matchPasskey returns the user whose passkey gave the answer. Its row is held meanwhile, so that of two answers with one
// count the second has come too late. What looks like a copy is written down, and refused.
func (s *Service) matchPasskey(ctx context.Context, asked webauthn.SessionData, answer *protocol.ParsedCredentialAssertionData) (u *ent.User, err error) {
	cloned := false
	err = s.store.inTx(ctx, func(tx *ent.Client) error {
		row, err := lockPasskey(ctx, tx, answer.RawID)
		if err != nil {
			return err
		}
		if u, err = tx.User.Get(ctx, row.UserID); err != nil {
			return fmt.Errorf("account: read a user: %w", err)
		}
		if u.DeletedAt != nil {
			return errBadPasskey
		}
		kept, err := credentialOf(row)
		if err != nil {
			return err
		}
		who := func(_, _ []byte) (webauthn.User, error) {
			return holder{user: u, keys: []webauthn.Credential{kept}}, nil
		}
		used, err := s.passkeys.ValidateDiscoverableLogin(who, asked, answer)
		if err != nil {
			return errBadPasskey.Because(err)
		}
		if cloned = used.Authenticator.CloneWarning; cloned {
			return journal.Audit(ctx, tx, s.event(u.ID, "passkey.cloned", row.ID, map[string]any{
				"count": kept.Authenticator.SignCount, "given": answer.Response.AuthenticatorData.Counter,
			}))
		}
		return passkeyUsed(ctx, tx, row, used, s.clock.Now())
	})
	if err == nil && cloned {
		err = errCloned
	}
	if err != nil {
		return nil, err
	}
	return u, nil
}

func lockPasskey(ctx context.Context, tx *ent.Client, credential []byte) (*ent.Passkey, error) {
	row, err := tx.Passkey.Query().Where(passkey.CredentialID(credential)).Modify(func(s *sql.Selector) { s.For("NO KEY UPDATE") }).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, errBadPasskey
	}
	if err != nil {
		return nil, fmt.Errorf("account: read a passkey: %w", err)
	}
	return row, nil
}

func passkeyUsed(ctx context.Context, tx *ent.Client, row *ent.Passkey, used *webauthn.Credential, at time.Time) error {
	text, err := json.Marshal(used)
	if err != nil {
		return fmt.Errorf("account: write a passkey: %w", err)
	}
	if err := tx.Passkey.UpdateOne(row).SetCredential(text).SetLastUsedAt(at).Exec(ctx); err != nil {
		return fmt.Errorf("account: note the use of a passkey: %w", err)
	}
	return nil
}

func deletePasskey(ctx context.Context, tx *ent.Client, user, id ids.ID) error {
	n, err := tx.Passkey.Delete().Where(passkey.ID(id), passkey.UserID(user)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("account: delete a passkey: %w", err)
	}
	if n == 0 {
		return errNoPasskey
	}
	return nil
}

// mustHaveWayIn returns errLastWayIn where the user could not sign in any more. The caller holds the user's row.
func (s *Service) mustHaveWayIn(ctx context.Context, tx *ent.Client, u *ent.User) error {
	if u.PasswordHash != "" {
		return nil
	}
	ways := 0
	if s.passkeys != nil {
		n, err := tx.Passkey.Query().Where(passkey.UserID(u.ID)).Count(ctx)
		if err != nil {
			return fmt.Errorf("account: count passkeys: %w", err)
		}
		ways += n
	}
	if s.sso != nil {
		n, err := tx.Identity.Query().Where(identity.UserID(u.ID), identity.Issuer(s.sso.Issuer())).Count(ctx)
		if err != nil {
			return fmt.Errorf("account: count identities: %w", err)
		}
		ways += n
	}
	if ways == 0 {
		return errLastWayIn
	}
	return nil
}
