package account

import (
	"context"
	"fmt"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/emaillink"
	"github.com/resourcepool/resourcepool/ent/user"
)

// insert writes the link and takes those back that it replaces.
func (l newLink) insert(ctx context.Context, tx *ent.Client) error {
	if _, err := tx.EmailLink.Delete().Where(emaillink.UserID(l.user), emaillink.PurposeEQ(l.purpose)).Exec(ctx); err != nil {
		return fmt.Errorf("account: take a link back: %w", err)
	}
	err := tx.EmailLink.Create().SetID(l.id).SetUserID(l.user).SetPurpose(l.purpose).SetEmail(l.email).SetSecretHash(l.hash[:]).
		SetCreatedAt(l.at).SetExpiresAt(l.expires).Exec(ctx)
	if err != nil {
		return fmt.Errorf("account: write a link: %w", err)
	}
	return nil
}

// link returns nil where there is none that can still be used.
func (st store) link(ctx context.Context, hash []byte, now time.Time, purposes ...emaillink.Purpose) (*ent.EmailLink, error) {
	l, err := st.client.EmailLink.Query().
		Where(emaillink.SecretHash(hash), emaillink.PurposeIn(purposes...), emaillink.UsedAtIsNil(), emaillink.ExpiresAtGT(now)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("account: read a link: %w", err)
	}
	return l, nil
}

// useLink spends a link, which of those who use it at once only one does, and returns its user. Those of the same person
// that change whose account it is go with it.
func useLink(ctx context.Context, tx *ent.Client, l *ent.EmailLink, now time.Time) (*ent.User, error) {
	n, err := tx.EmailLink.Update().Where(emaillink.ID(l.ID), emaillink.UsedAtIsNil()).SetUsedAt(now).Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("account: use a link: %w", err)
	}
	if n == 0 {
		return nil, errBadLink
	}
	if l.Purpose != emaillink.PurposeVERIFY {
		_, err = tx.EmailLink.Delete().Where(emaillink.UserID(l.UserID), emaillink.IDNEQ(l.ID)).Exec(ctx)
		if err != nil {
			return nil, fmt.Errorf("account: take links back: %w", err)
		}
	}
	u, err := tx.User.Query().Where(user.ID(l.UserID), user.DeletedAtIsNil()).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, errBadLink
	}
	if err != nil {
		return nil, fmt.Errorf("account: read a user: %w", err)
	}
	return u, nil
}

// setEmail gives a user an e-mail, verified or not. It returns errKnownEmail where another has it.
func setEmail(ctx context.Context, tx *ent.Client, u *ent.User, email string, at time.Time, verified bool) error {
	update := tx.User.UpdateOne(u).SetEmail(email)
	switch {
	case verified:
		update.SetEmailVerifiedAt(at)
	case u.Email != email:
		update.ClearEmailVerifiedAt()
	}
	err := update.Exec(ctx)
	if ent.IsConstraintError(err) {
		return errKnownEmail
	}
	if err != nil {
		return fmt.Errorf("account: set an e-mail: %w", err)
	}
	return nil
}

func (st store) deleteExpiredLinks(ctx context.Context, now time.Time) error {
	if _, err := st.client.EmailLink.Delete().Where(emaillink.ExpiresAtLTE(now)).Exec(ctx); err != nil {
		return fmt.Errorf("account: delete expired links: %w", err)
	}
	return nil
}
