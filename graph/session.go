package graph

import (
	"context"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/graph/model"
	"github.com/resourcepool/resourcepool/server/account"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
)

var errNoCookie = fault.New(fault.Forbidden, "sign in by POST: a WebSocket can't carry the session's cookie")

// canSignIn refuses what would open a session that nobody gets the cookie of.
func canSignIn(ctx context.Context) error {
	if requestFrom(ctx).SetSession == nil {
		return errNoCookie
	}
	return nil
}

// replaced is the session that the browser had before.
func replaced(ctx context.Context) ids.ID {
	if a := actor(ctx); a != nil {
		return a.SessionID
	}
	return ""
}

// enter hands a new session to the browser and answers the rest of the request as who signed in.
func (r *Resolver) enter(ctx context.Context, u *ent.User, l account.Login) (*model.SessionPayload, error) {
	a, err := r.Accounts.ActorBySession(ctx, l.Secret)
	if err != nil {
		return nil, err
	}
	request := requestFrom(ctx)
	request.SetSession(l.Secret, l.ExpiresAt)
	request.signedIn.Store(a)
	return &model.SessionPayload{Viewer: u}, nil
}

// leave takes the session's cookie back.
func leave(ctx context.Context) {
	if r := requestFrom(ctx); r.ClearSession != nil {
		r.ClearSession()
	}
}

// recoveryCodes shows new recovery codes, this once.
func (r *Resolver) recoveryCodes(ctx context.Context, codes []string, err error) (*model.RecoveryCodesPayload, error) {
	if err != nil {
		return nil, err
	}
	u, err := r.user(ctx, actor(ctx).ID)
	return &model.RecoveryCodesPayload{RecoveryCodes: codes, Viewer: u}, err
}
