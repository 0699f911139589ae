package pool

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/lib/pq"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/poolledger"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/page"
)

// each hands every row of a SELECT to scan.
func (r *Reports) each(ctx context.Context, scan func(*sql.Rows) error, text string, args ...any) error {
	rows, err := r.ent.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // what was not read is told by Err
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// overview is one statement, so all its figures are of one snapshot.
func (r *Reports) overview(ctx context.Context) (*Overview, error) {
	o := &Overview{}
	var succeeded int64
	err := r.each(ctx, func(rows *sql.Rows) error {
		return rows.Scan(&o.ActiveResources, &o.ActiveContributors, &o.PlatformOwned, &o.UserContributed, &o.Contributors,
			&o.CreditsCharged, &o.ProviderCost, &o.DepositFees, &o.Requests, &succeeded)
	}, `WITH active AS (
			SELECT r.owner_id, a.balance FROM pool_resources r LEFT JOIN ledger_accounts a ON a.id = 'resource:' || r.id
			WHERE r.status = 'ACTIVE')
		SELECT (SELECT count(*) FROM active), (SELECT count(DISTINCT owner_id) FROM active),
			(SELECT coalesce(sum(balance) FILTER (WHERE owner_id IS NULL), 0)::bigint FROM active),
			(SELECT coalesce(sum(balance) FILTER (WHERE owner_id IS NOT NULL), 0)::bigint FROM active),
			(SELECT count(*) FROM pool_ledgers WHERE owner_id <> ''),
			(SELECT balance FROM ledger_accounts WHERE id = $1), (SELECT balance FROM ledger_accounts WHERE id = $2),
			(SELECT balance FROM ledger_accounts WHERE id = $3), t.requests, t.succeeded
		FROM pool_totals t`, string(ledger.Revenue), string(ledger.Spent), string(ledger.Fees))
	if err != nil {
		return nil, fmt.Errorf("pool: overview: %w", err)
	}
	o.derive(succeeded)
	return o, nil
}

var contributorColumns = map[ContributorField]string{
	ByContributed: poolledger.FieldContributed, ByConsumed: poolledger.FieldConsumed,
	ByRevenue: poolledger.FieldRevenue, ByRequestsOnOwn: poolledger.FieldRequests,
}

func (r *Reports) contributors(ctx context.Context, args page.Args, order ContributorOrder) (page.Connection[*ent.PoolLedger], error) {
	if order.Field == "" {
		order.Field = ByContributed
	}
	column, ok := contributorColumns[order.Field]
	if !ok {
		return page.Connection[*ent.PoolLedger]{}, errUnknownOrder
	}
	return page.Of(ctx, r.ent.PoolLedger.Query().Where(poolledger.IDNEQ("")), args, page.List[*ent.PoolLedger]{
		DB: r.ent, Name: "contributors", Table: poolledger.Table, Key: page.ID(poolledger.FieldID),
		KeyOf: func(l *ent.PoolLedger) string { return string(l.ID) },
		Order: page.Order{Name: string(order.Field), Expr: column, Desc: !order.Asc},
	})
}

func (r *Reports) ledger(ctx context.Context, owner ids.ID) (*ent.PoolLedger, error) {
	row, err := r.ent.PoolLedger.Get(ctx, owner)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("pool: read the totals of %s: %w", owner, err)
	}
	return row, nil
}

func (r *Reports) remaining(ctx context.Context, owners []ids.ID) (map[ids.ID]money.USD, error) {
	out := make(map[ids.ID]money.USD, len(owners))
	err := r.each(ctx, func(rows *sql.Rows) error {
		var owner ids.ID
		var left money.USD
		if err := rows.Scan(&owner, &left); err != nil {
			return err
		}
		out[owner] = left
		return nil
	}, `SELECT r.owner_id, sum(a.balance)::bigint FROM pool_resources r JOIN ledger_accounts a ON a.id = 'resource:' || r.id
		WHERE r.owner_id = ANY ($1) AND r.status IN ('ACTIVE', 'PAUSED', 'SUSPENDED') GROUP BY r.owner_id`, pq.Array(texts(owners)))
	if err != nil {
		return nil, fmt.Errorf("pool: what is left: %w", err)
	}
	return out, nil
}

func texts(list []ids.ID) []string {
	out := make([]string, len(list))
	for i, id := range list {
		out[i] = string(id)
	}
	return out
}
