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
	how         how
	ip          string
	userAgent   string
}

// insert writes the session and ends the one that it replaces.
func (n *newSession) insert(ctx context.Context, tx *ent.Client, replaces ids.ID) error {
	err := tx.Session.Create().SetID(n.id).SetUserID(n.user).SetSecretHash(n.hash).SetCreatedAt(n.at).
		SetExpiresAt(n.expires).SetReauthenticatedAt(n.how.proven).SetLastSeenAt(n.at).SetIP(n.ip).SetUserAgent(n.userAgent).
		SetMethod(n.how.method).SetSecondFactor(n.how.second).Exec(ctx)
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

func (st store) createSession(ctx context.Context, n newSession, replaces ids.ID, e journal.Event) error {
	return st.inTx(ctx, func(tx *ent.Client) error {
		if err := n.insert(ctx, tx, replaces); err != nil {
			return err
		}
		return journal.Audit(ctx, tx, e)
	})
}

// deleteSession ends a session; one that has ended leaves no trace.
func (st store) deleteSession(ctx context.Context, id ids.ID, e journal.Event) error {
	return st.inTx(ctx, func(tx *ent.Client) error {
		if n, err := endSession(ctx, tx, id); err != nil || n == 0 {
			return err
		}
		return note(ctx, tx, e.Actor, e)
	})
}

// endSession ends one session, and returns how many that were: none where it has ended.
func endSession(ctx context.Context, tx *ent.Client, id ids.ID) (int, error) {
	n, err := tx.Session.Delete().Where(session.ID(id)).Exec(ctx)
	return n, wrap("delete a session", err)
}

// endSessions ends the sessions of a user, save one where there is one to keep, and returns how many.
func endSessions(ctx context.Context, tx *ent.Client, user, keep ids.ID) (int, error) {
	n, err := tx.Session.Delete().Where(session.UserID(user), session.IDNEQ(keep)).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("account: delete sessions: %w", err)
	}
	return n, nil
}

// sessions returns those that have not expired, the last used first.
func (st store) sessions(ctx context.Context, user ids.ID, now time.Time) ([]*ent.Session, error) {
	all, err := st.client.Session.Query().Where(session.UserID(user), session.ExpiresAtGT(now)).
		Order(ent.Desc(session.FieldLastSeenAt, session.FieldID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("account: read sessions: %w", err)
	}
	return all, nil
}

// sessionByID returns errNoSuchSession where there is none.
func (st store) sessionByID(ctx context.Context, id ids.ID) (*ent.Session, error) {
	n, err := st.client.Session.Get(ctx, id)
	if ent.IsNotFound(err) {
		return nil, errNoSuchSession
	}
	if err != nil {
		return nil, fmt.Errorf("account: read a session: %w", err)
	}
	return n, nil
}

// sessionSeen notes a use, at most once a minute whoever asks.
func (st store) sessionSeen(ctx context.Context, id ids.ID, at time.Time, ip string) error {
	_, err := st.client.Session.Update().Where(session.ID(id), session.LastSeenAtLTE(at.Add(-seenEvery))).SetLastSeenAt(at).SetIP(ip).Save(ctx)
	if err != nil {
		return fmt.Errorf("account: note the use of a session: %w", err)
	}
	return nil
}

func (st store) deleteExpiredSessions(ctx context.Context, now time.Time) error {
	if _, err := st.client.Session.Delete().Where(session.ExpiresAtLTE(now)).Exec(ctx); err != nil {
		return fmt.Errorf("account: delete expired sessions: %w", err)
	}
	return nil
}

// reauthenticated notes a proof of identity. A second factor that was given before stays given.
func (st store) reauthenticated(ctx context.Context, id ids.ID, second bool, e journal.Event) error {
	return st.inTx(ctx, func(tx *ent.Client) error {
		update := tx.Session.Update().Where(session.ID(id)).SetReauthenticatedAt(e.At)
		if second {
			update.SetSecondFactor(true)
		}
		if _, err := update.Save(ctx); err != nil {
			return fmt.Errorf("account: note a proof of identity: %w", err)
		}
		return journal.Audit(ctx, tx, e)
	})
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
