package account

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/resourcepool/resourcepool/server/ids"
)

const (
	browserQuery = `SELECT s.id, s.expires_at, s.last_seen_at, u.id, u.contributor, u.admin, u.status
		FROM sessions s JOIN users u ON u.id = s.user_id WHERE `
	programQuery = `SELECT t.id, t.expires_at, t.last_used_at, t.models, b.spend_limit IS NOT NULL, u.id, u.contributor, u.admin, u.status
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
	return st.one(ctx, browserQuery+where, key, func(r *sql.Rows) (*found, error) {
		var (
			f                  found
			id, user           ids.ID
			contributor, admin bool
			status             string
		)
		if err := r.Scan(&id, &f.expires, &f.lastUsed, &user, &contributor, &admin, &status); err != nil {
			return nil, err
		}
		f.actor = actorOf(user, contributor, admin, status)
		f.actor.SessionID = id
		return &f, nil
	})
}

func (st store) tokenActor(ctx context.Context, where string, key any) (*found, error) {
	return st.one(ctx, programQuery+where, key, func(r *sql.Rows) (*found, error) {
		var (
			f                  found
			id, user           ids.ID
			expires, used      sql.NullTime
			models             []byte
			bounded            bool
			contributor, admin bool
			status             string
		)
		if err := r.Scan(&id, &expires, &used, &models, &bounded, &user, &contributor, &admin, &status); err != nil {
			return nil, err
		}
		f.expires, f.lastUsed = expires.Time, used.Time
		f.actor = actorOf(user, contributor, admin, status)
		f.actor.TokenID = id
		if models != nil {
			if err := json.Unmarshal(models, &f.actor.TokenModels); err != nil {
				return nil, err
			}
		}
		f.actor.TokenLimited = bounded || f.actor.TokenModels != nil
		return &f, nil
	})
}

// one returns the row, nil where there is none.
func (st store) one(ctx context.Context, query string, key any, scan func(*sql.Rows) (*found, error)) (*found, error) {
	rows, err := st.client.QueryContext(ctx, query, key)
	if err != nil {
		return nil, fmt.Errorf("account: read an actor: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var f *found
	if rows.Next() {
		if f, err = scan(rows); err != nil {
			return nil, fmt.Errorf("account: read an actor: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("account: read an actor: %w", err)
	}
	return f, nil
}
