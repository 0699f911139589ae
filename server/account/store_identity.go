package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/identity"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/sso"
)

// identityOf returns nil where nobody has the identity.
func identityOf(ctx context.Context, client *ent.Client, who sso.Person) (*ent.Identity, error) {
	row, err := client.Identity.Query().Where(identity.Issuer(who.Issuer), identity.Subject(who.Subject)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("account: read an identity: %w", err)
	}
	return row, nil
}

// identityUsed returns who has the identity, and notes that it was used; nil where nobody has it.
func (st store) identityUsed(ctx context.Context, who sso.Person, at time.Time) (*ent.User, error) {
	row, err := identityOf(ctx, st.client, who)
	if row == nil || err != nil {
		return nil, err
	}
	u, err := st.client.User.Get(ctx, row.UserID)
	if err != nil {
		return nil, fmt.Errorf("account: read a user: %w", err)
	}
	if err := st.client.Identity.UpdateOne(row).SetLastUsedAt(at).Exec(ctx); err != nil && !ent.IsNotFound(err) {
		return nil, fmt.Errorf("account: note the use of an identity: %w", err)
	}
	return u, nil
}

func (st store) identities(ctx context.Context, user ids.ID) ([]*ent.Identity, error) {
	all, err := st.client.Identity.Query().Where(identity.UserID(user)).Order(ent.Desc(identity.FieldID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("account: read identities: %w", err)
	}
	return all, nil
}

// insertIdentity gives an identity to a user; by says how it came to that.
func (s *Service) insertIdentity(ctx context.Context, tx *ent.Client, user ids.ID, who sso.Person, by string) error {
	id, now := s.ids.New(ids.Identity), s.clock.Now()
	err := tx.Identity.Create().SetID(id).SetUserID(user).SetIssuer(who.Issuer).SetSubject(who.Subject).
		SetCreatedAt(now).SetLastUsedAt(now).Exec(ctx)
	if ent.IsConstraintError(err) {
		return errTaken
	}
	if err != nil {
		return fmt.Errorf("account: write an identity: %w", err)
	}
	return note(ctx, tx, user, s.event(user, "identity.link", id, identityDetail(who.Issuer, who.Subject, by)))
}

func deleteIdentity(ctx context.Context, tx *ent.Client, user, id ids.ID) (*ent.Identity, error) {
	row, err := tx.Identity.Query().Where(identity.ID(id), identity.UserID(user)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, errNoIdentity
	}
	if err != nil {
		return nil, fmt.Errorf("account: read an identity: %w", err)
	}
	if err := tx.Identity.DeleteOne(row).Exec(ctx); err != nil {
		return nil, fmt.Errorf("account: delete an identity: %w", err)
	}
	return row, nil
}

// emailVerified notes that the e-mail of a user is theirs.
func emailVerified(ctx context.Context, tx *ent.Client, u *ent.User, at time.Time) (*ent.User, error) {
	after, err := tx.User.UpdateOne(u).SetEmailVerifiedAt(at).Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("account: note a verified e-mail: %w", err)
	}
	return after, nil
}

// raced is for who comes back twice at once, as somebody new: the other has made the account, and the next sign-in finds it.
func raced(err error) error {
	if errors.Is(err, errKnownEmail) || errors.Is(err, errTaken) {
		return errSSOOver
	}
	return err
}
