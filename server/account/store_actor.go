package account

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/resourcepool/resourcepool/server/access"
)

const (
	personColumns = `u.id, u.contributor, u.admin, u.status, u.custom_roles, u.email_verified_at IS NOT NULL`
	browserQuery  = `SELECT ` + personColumns + `, s.id, s.expires_at, s.last_seen_at, s.reauthenticated_at, s.second_factor
		FROM sessions s JOIN users u ON u.id = s.user_id WHERE `
	programQuery = `SELECT ` + personColumns + `, t.id, t.expires_at, t.last_used_at, t.models, t.scopes, t.networks, b.spend_limit IS NOT NULL,
		EXISTS (SELECT FROM second_factors f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL) OR EXISTS (SELECT FROM passkeys k WHERE k.user_id = u.id)
		FROM api_tokens t JOIN users u ON u.id = t.user_id LEFT JOIN ledger_budgets b ON b.token_id = t.id
		WHERE t.revoked_at IS NULL AND `
)

func (st store) bySession(ctx context.Context, hash string) (*found, error) {
	return st.session(ctx, "s.secret_hash = $1", []byte(hash))
}

func (st store) bySessionID(ctx context.Context, id string) (*found, error) {
	return st.session(ctx, "s.id = $1", id)
}

func (st store) byToken(ctx context.Context, hash string) (*found, error) {
	return st.tokenActor(ctx, "t.secret_hash = $1", []byte(hash))
}

func (st store) byTokenID(ctx context.Context, id string) (*found, error) {
	return st.tokenActor(ctx, "t.id = $1", id)
}

func (st store) session(ctx context.Context, where string, key any) (*found, error) {
	return st.one(ctx, browserQuery+where, key, func(f *found, scan func(...any) error) error {
		return scan(&f.actor.SessionID, &f.expires, &f.lastUsed, &f.proved, &f.second)
	})
}

func (st store) tokenActor(ctx context.Context, where string, key any) (*found, error) {
	return st.one(ctx, programQuery+where, key, func(f *found, scan func(...any) error) error {
		var expires, used sql.NullTime
		var models, scopes, networks []byte
		var bounded bool
		if err := scan(&f.actor.TokenID, &expires, &used, &models, &scopes, &networks, &bounded, &f.second); err != nil {
			return err
		}
		f.expires, f.lastUsed = expires.Time, used.Time
		for _, list := range []struct {
			stored []byte
			to     any
		}{{models, &f.actor.TokenModels}, {scopes, &f.actor.TokenScopes}, {networks, &f.networks}} {
			if list.stored == nil {
				continue
			}
			if err := json.Unmarshal(list.stored, list.to); err != nil {
				return err
			}
		}
		f.actor.TokenLimited = bounded || f.actor.TokenModels != nil
		return nil
	})
}

// one returns the row, nil where there is none. rest reads what follows the columns of the person.
func (st store) one(ctx context.Context, query string, key any, rest func(f *found, scan func(...any) error) error) (*found, error) {
	rows, err := st.client.QueryContext(ctx, query, key)
	if err != nil {
		return nil, fmt.Errorf("account: read an actor: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var f *found
	if rows.Next() {
		if f, err = scanActor(rows, rest); err != nil {
			return nil, fmt.Errorf("account: read an actor: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("account: read an actor: %w", err)
	}
	return f, nil
}

func scanActor(rows *sql.Rows, rest func(f *found, scan func(...any) error) error) (*found, error) {
	f := &found{actor: &access.Actor{}}
	var contributor, admin bool
	var status string
	var custom []byte
	err := rest(f, func(more ...any) error {
		return rows.Scan(append([]any{&f.actor.ID, &contributor, &admin, &status, &custom, &f.verified}, more...)...)
	})
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(custom, &f.actor.CustomRoles); err != nil {
		return nil, err
	}
	f.actor.Roles, f.actor.Frozen = slices.Clip(roles(contributor, admin)), status != "ACTIVE"
	return f, nil
}
