package checkpoint

import (
	"context"
	"database/sql"
	"errors"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
)

// booked is a transaction as it is stored.
type booked struct {
	ledger.Header        // without its commitments
	actor, resource      ids.ID
	resourceOwner        ids.ID // "" for the platform's, and where there is no resource
	memo                 string
	memoSalt, originSalt []byte // the origin's is nil in the first ledgers
	leaf                 []byte
	entries              []bookedEntry
}

type bookedEntry struct {
	account ledger.AccountID
	owner   ids.ID // whose account it is: a resource's is its owner's; "" for the platform's
	amount  int64
	salt    []byte
}

// originOwner is who may know the origin besides admins: the owner of the resource, where nobody else acted.
func (b *booked) originOwner() ids.ID {
	owner := b.resourceOwner
	if b.resource == "" {
		owner = b.actor
	}
	if b.actor != "" && b.actor != owner {
		return ""
	}
	return owner
}

// booked reads a transaction; nil where there is none.
func (t tables) booked(ctx context.Context, seq int64) (*booked, error) {
	b := &booked{}
	var salts []byte
	err := t.db.QueryRowContext(ctx, `SELECT t.seq, t.created_at, t.kind, t.user_id, t.usage_id, t.actor_id, t.resource_id, coalesce(r.owner_id, ''), t.memo, t.memo_salt, t.leaf
		FROM ledger_transactions t LEFT JOIN pool_resources r ON r.id = t.resource_id WHERE t.seq = $1`, seq).
		Scan(&b.Seq, &b.At, &b.Kind, &b.User, &b.Usage, &b.actor, &b.resource, &b.resourceOwner, &b.memo, &salts, &b.leaf)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b.memoSalt = salts[:min(len(salts), saltLen)]
	if len(salts) > saltLen {
		b.originSalt = salts[saltLen:]
	}
	rows, err := t.db.QueryContext(ctx, `SELECT e.account_id, e.amount, e.salt, coalesce(r.owner_id, '') FROM ledger_entries e
		LEFT JOIN pool_resources r ON e.account_id LIKE 'resource:%' AND r.id = substr(e.account_id, 10) WHERE e.seq = $1 ORDER BY e.n`, seq)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var e bookedEntry
		if err := rows.Scan(&e.account, &e.amount, &e.salt, &e.owner); err != nil {
			return nil, err
		}
		if owner := e.account.Owner(); owner.Kind() == ids.User {
			e.owner = owner
		}
		b.entries = append(b.entries, e)
	}
	return b, rows.Err()
}
