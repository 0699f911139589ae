package account

import (
	"context"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
)

// seenEvery is how old may be what is known of a session's last use.
const seenEvery = time.Minute

var errNoSuchSession = fault.New(fault.NotFound, "there is no such session")

// Sessions returns the sessions of a user that have not ended, the last used first.
func (s *Service) Sessions(ctx context.Context, user ids.ID) ([]*ent.Session, error) {
	return s.store.sessions(ctx, user, s.clock.Now())
}

// RevokeSession ends a session: one of the actor's own, or anybody's for admins. Another's is NOT_FOUND.
func (s *Service) RevokeSession(ctx context.Context, actor *access.Actor, id ids.ID) error {
	if !wellFormed(id, ids.Session) {
		return errNoSuchSession
	}
	n, err := s.store.sessionByID(ctx, id)
	if err != nil {
		return err
	}
	if !s.policy.Can(actor, "revoke", "Session", n.UserID) {
		return errNoSuchSession
	}
	err = s.store.inTx(ctx, func(tx *ent.Client) error {
		if n, err := endSession(ctx, tx, id); err != nil || n == 0 {
			return err
		}
		return note(ctx, tx, n.UserID, s.event(actor.ID, "session.revoke", id, nil))
	})
	if err == nil {
		s.Invalidate(n.UserID)
	}
	return err
}

// RevokeOtherSessions ends all sessions of the actor but the one that asks, and returns how many there were.
func (s *Service) RevokeOtherSessions(ctx context.Context, actor *access.Actor) (n int, err error) {
	err = s.store.inTx(ctx, func(tx *ent.Client) error {
		if n, err = endSessions(ctx, tx, actor.ID, actor.SessionID); err != nil || n == 0 {
			return err
		}
		return note(ctx, tx, actor.ID, s.event(actor.ID, "session.revokeOthers", actor.ID, map[string]any{"sessions": n}))
	})
	if err == nil {
		s.Invalidate(actor.ID)
	}
	return n, err
}
