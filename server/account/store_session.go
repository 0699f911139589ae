package account

import (
	"context"
	"fmt"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/session"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
)

type newSession struct {
	id, user    ids.ID
	hash        []byte
	at, expires time.Time
}

// insert writes the session and ends the one that it replaces.
func (n *newSession) insert(ctx context.Context, tx *ent.Client, replaces ids.ID) error {
	err := tx.Session.Create().SetID(n.id).SetUserID(n.user).SetSecretHash(n.hash).SetCreatedAt(n.at).
		SetExpiresAt(n.expires).SetReauthenticatedAt(n.at).SetLastSeenAt(n.at).Exec(ctx)
	if err != nil {
		return fmt.Errorf("account: write a session: %w", err)
	}
	if replaces == "" {
		return nil
	}
	old, err := tx.Session.Get(ctx, replaces)
	if ent.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("account: read a session: %w", err)
	}
	if err := tx.Session.DeleteOne(old).Exec(ctx); err != nil && !ent.IsNotFound(err) {
		return fmt.Errorf("account: delete a session: %w", err)
	}
	return journal.Change(ctx, tx, journal.User, string(old.UserID))
}

func (st store) createSession(ctx context.Context, n newSession, replaces ids.ID) error {
	return st.inTx(ctx, func(tx *ent.Client) error { return n.insert(ctx, tx, replaces) })
}

func (st store) deleteSession(ctx context.Context, user, id ids.ID) error {
	return st.inTx(ctx, func(tx *ent.Client) error {
		if _, err := tx.Session.Delete().Where(session.ID(id)).Exec(ctx); err != nil {
			return fmt.Errorf("account: delete a session: %w", err)
		}
		return journal.Change(ctx, tx, journal.User, string(user))
	})
}

func (st store) deleteExpiredSessions(ctx context.Context, now time.Time) error {
	if _, err := st.client.Session.Delete().Where(session.ExpiresAtLTE(now)).Exec(ctx); err != nil {
		return fmt.Errorf("account: delete expired sessions: %w", err)
	}
	return nil
}

func (st store) reauthenticated(ctx context.Context, id ids.ID, at time.Time) error {
	if _, err := st.client.Session.Update().Where(session.ID(id)).SetReauthenticatedAt(at).Save(ctx); err != nil {
		return fmt.Errorf("account: note a proof of identity: %w", err)
	}
	return nil
}

func (st store) reauthenticatedAt(ctx context.Context, id ids.ID) (time.Time, error) {
	n, err := st.client.Session.Get(ctx, id)
	if ent.IsNotFound(err) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("account: read a session: %w", err)
	}
	return n.ReauthenticatedAt, nil
}
