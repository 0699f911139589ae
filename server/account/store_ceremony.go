package account

import (
	"context"
	"fmt"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
)

func (st store) insertCeremony(ctx context.Context, c newCeremony) error {
	_, err := st.client.ExecContext(ctx, `INSERT INTO ceremonies (id, kind, user_id, data, expires_at) VALUES ($1, $2, NULLIF($3, ''), $4, $5)`,
		string(c.id), string(c.kind), string(c.user), c.data, c.expires)
	return wrap("write a ceremony", err)
}

// takeCeremony deletes a ceremony and returns what it kept, nil where there is none: of two answers at once one gets it.
func (st store) takeCeremony(ctx context.Context, kind ceremonyKind, id, user ids.ID) (data []byte, expires time.Time, err error) {
	rows, err := st.client.QueryContext(ctx,
		`DELETE FROM ceremonies WHERE id = $1 AND kind = $2 AND user_id IS NOT DISTINCT FROM NULLIF($3, '') RETURNING data, expires_at`,
		string(id), string(kind), string(user))
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("account: take a ceremony: %w", err)
	}
	defer func() { _ = rows.Close() }()
	if rows.Next() {
		if err := rows.Scan(&data, &expires); err != nil {
			return nil, time.Time{}, fmt.Errorf("account: take a ceremony: %w", err)
		}
	}
	return data, expires, wrap("take a ceremony", rows.Err())
}

func (st store) deleteExpiredCeremonies(ctx context.Context, now time.Time) error {
	_, err := st.client.ExecContext(ctx, `DELETE FROM ceremonies WHERE expires_at <= $1`, now)
	return wrap("delete expired ceremonies", err)
}
