package account

import (
	"context"
	"fmt"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/apitoken"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
)

func (st store) createToken(ctx context.Context, t newToken, b Budgets, e journal.Event) (made *ent.APIToken, err error) {
	err = st.inTx(ctx, func(tx *ent.Client) error {
		live, err := tx.APIToken.Query().Where(apitoken.UserID(t.user), apitoken.RevokedAtIsNil()).Count(ctx)
		if err != nil {
			return fmt.Errorf("account: count API tokens: %w", err)
		}
		if live >= maxTokens {
			return errTooManyTokens
		}
		create := tx.APIToken.Create().SetID(t.id).SetUserID(t.user).SetName(t.name).SetSecretHash(t.hash).
			SetMaskedSecret(t.masked).SetCreatedAt(t.at).SetNillableExpiresAt(t.expires)
		if t.models != nil {
			create.SetModels(t.models)
		}
		if t.scopes != nil {
			create.SetScopes(t.scopes)
		}
		if t.networks != nil {
			create.SetNetworks(t.networks)
		}
		if made, err = create.Save(ctx); err != nil {
			return fmt.Errorf("account: write an API token: %w", err)
		}
		if err := b.OpenBudget(ctx, tx, t.id, t.limit, string(t.period)); err != nil {
			return err
		}
		return note(ctx, tx, t.user, e)
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// token returns nil where there is none.
func (st store) token(ctx context.Context, id ids.ID) (*ent.APIToken, error) {
	if !wellFormed(id, ids.Token) {
		return nil, nil
	}
	t, err := st.client.APIToken.Get(ctx, id)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("account: read an API token: %w", err)
	}
	return t, nil
}

func (st store) tokens(ctx context.Context, user ids.ID) ([]*ent.APIToken, error) {
	all, err := st.client.APIToken.Query().Where(apitoken.UserID(user)).Order(ent.Desc(apitoken.FieldID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("account: read API tokens: %w", err)
	}
	return all, nil
}

// revokeToken notes the first time only, where two revoke at once.
func (st store) revokeToken(ctx context.Context, t *ent.APIToken, at time.Time, e journal.Event) (after *ent.APIToken, err error) {
	err = st.inTx(ctx, func(tx *ent.Client) error {
		n, err := tx.APIToken.Update().Where(apitoken.ID(t.ID), apitoken.RevokedAtIsNil()).SetRevokedAt(at).Save(ctx)
		if err != nil {
			return fmt.Errorf("account: revoke an API token: %w", err)
		}
		if after, err = tx.APIToken.Get(ctx, t.ID); err != nil {
			return fmt.Errorf("account: read an API token: %w", err)
		}
		if n == 0 {
			return nil
		}
		return note(ctx, tx, t.UserID, e)
	})
	if err != nil {
		return nil, err
	}
	return after, nil
}

// used notes a use of a token or a session.
func (st store) used(ctx context.Context, u use, at time.Time) error {
	if u.token != "" {
		return st.tokenUsed(ctx, u.token, at)
	}
	return st.sessionSeen(ctx, u.session, at, u.ip)
}

// tokenUsed notes a use, at most once a minute whoever asks.
func (st store) tokenUsed(ctx context.Context, id ids.ID, at time.Time) error {
	_, err := st.client.APIToken.Update().
		Where(apitoken.ID(id), apitoken.Or(apitoken.LastUsedAtIsNil(), apitoken.LastUsedAtLTE(at.Add(-usedEvery)))).
		SetLastUsedAt(at).Save(ctx)
	if err != nil {
		return fmt.Errorf("account: note the use of an API token: %w", err)
	}
	return nil
}
