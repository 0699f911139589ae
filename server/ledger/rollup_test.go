package ledger_test

import (
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
)

// sums are the roll-ups beside the logs that they stand for: each pair must have the same rows.
var sums = map[string][2]string{
	"usage_rollups": {
		`SELECT hour, user_id, resource_id, owner_id, provider, model, requests, failed, prompt_tokens, completion_tokens, latency_ms, credits_charged, cost_amount FROM usage_rollups`,
		`SELECT date_trunc('hour', created_at, 'UTC'), user_id, resource_id, owner_id, provider, model, count(*), count(*) FILTER (WHERE status = 'FAILED'),
			sum(prompt_tokens)::bigint, sum(completion_tokens)::bigint, sum(latency_ms)::bigint, sum(credits_charged)::bigint, sum(cost_amount)::bigint
			FROM usage_logs GROUP BY 1, 2, 3, 4, 5, 6`,
	},
	"pool_totals": {
		`SELECT requests, succeeded, credits_charged, provider_cost FROM pool_totals`,
		`SELECT count(*), count(*) FILTER (WHERE status = 'SUCCEEDED'), sum(credits_charged)::bigint, sum(cost_amount)::bigint FROM usage_logs`,
	},
	"pool_ledgers, what was brought in": {
		`SELECT owner_id, contributed, credits_issued FROM pool_ledgers`,
		`SELECT t.user_id, coalesce(sum(e.amount) FILTER (WHERE e.account_id = 'resource:' || t.resource_id), 0)::bigint,
			coalesce(sum(e.amount) FILTER (WHERE e.account_id IN ('wallet:' || t.user_id, 'debt:' || t.user_id)), 0)::bigint
			FROM ledger_transactions t JOIN ledger_entries e ON e.seq = t.seq
			WHERE t.kind IN ('DEPOSIT', 'VEST', 'WITHDRAWAL', 'CLAWBACK') AND t.user_id <> '' GROUP BY 1`,
	},
	"pool_ledgers, what was used": {
		`SELECT owner_id, consumed, revenue, requests FROM pool_ledgers WHERE requests > 0`,
		`SELECT owner_id, sum(cost_amount)::bigint, sum(credits_charged)::bigint, count(*) FROM usage_logs WHERE owner_id <> '' GROUP BY 1`,
	},
	"what was served to others": {
		`SELECT resource_id, served FROM ledger_deposits WHERE served > 0`,
		`SELECT resource_id, sum(cost_amount)::bigint FROM usage_logs WHERE owner_id NOT IN ('', user_id) GROUP BY 1 HAVING sum(cost_amount) > 0`,
	},
	"the log's charges, as wallets paid them": {
		`SELECT id, user_id, credits_charged FROM usage_logs WHERE credits_charged > 0`,
		`SELECT t.usage_id, substr(e.account_id, 8), -e.amount FROM ledger_transactions t JOIN ledger_entries e ON e.seq = t.seq
			WHERE t.kind = 'USAGE' AND e.account_id LIKE 'wallet:%'`,
	},
	"the log's costs, as they were spent": {
		`SELECT id, cost_amount FROM usage_logs WHERE cost_amount > 0`,
		`SELECT t.usage_id, e.amount FROM ledger_transactions t JOIN ledger_entries e ON e.seq = t.seq WHERE e.account_id = 'provider.spent'`,
	},
}

// adding wants every roll-up to equal its log.
func adding(t *testing.T, db testDB) {
	t.Helper()
	for name, pair := range sums {
		for _, q := range []string{pair[0] + " EXCEPT ALL " + pair[1], pair[1] + " EXCEPT ALL " + pair[0]} {
			var n int
			require.NoError(t, db.QueryRow(`SELECT count(*) FROM (`+strings.ReplaceAll(q, "\n", " ")+`) AS d`).Scan(&n), name)
			require.Zero(t, n, "%s: %s", name, q)
		}
	}
}

func TestTheRollUpsEqualTheLogAfterARandomLoadOnTwoServers(t *testing.T) {
	db := fresh(t)
	a, _ := start(t, db, "")
	b, _ := start(t, db, "")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	people := []ids.ID{source.New(ids.User), source.New(ids.User), source.New(ids.User), source.New(ids.User)}
	var keys sync.Map // the resources of each, "" for the platform's
	for _, owner := range append(people[:3:3], "") {
		keys.Store(deposit(t, a, owner, 1500*one), owner)
	}
	for _, p := range people {
		grant(t, a, p, 40*one)
	}
	var workers sync.WaitGroup
	for w := range uint64(6) {
		workers.Go(func() {
			r, l := rand.New(rand.NewPCG(seed, w)), []*ledger.Ledger{a, b}[w%2]
			for range 60 {
				if err := somebody(t, r, l, people, &keys); err != nil {
					t.Error(err)
				}
			}
		})
	}
	workers.Wait()
	adding(t, db)
	for _, p := range people {
		addsUp(t, a, p, lines(t, statement(t, b, p, nil, nil)))
	}
	clean(t, db)
	_, err := db.Exec(`UPDATE usage_rollups SET failed = failed + 1 WHERE ctid = (SELECT ctid FROM usage_rollups LIMIT 1)`)
	require.NoError(t, err)
	var n int
	pair := sums["usage_rollups"]
	require.NoError(t, db.QueryRow(`SELECT count(*) FROM (`+pair[0]+` EXCEPT ALL `+pair[1]+`) AS d`).Scan(&n))
	require.Equal(t, 1, n, "the comparison finds a difference")
}

// somebody does something; what the rules refuse is no error.
func somebody(t *testing.T, r *rand.Rand, l *ledger.Ledger, people []ids.ID, keys *sync.Map) error {
	try := func(op ledger.Operation) (ledger.Outcome, bool) {
		out, err := l.Do(t.Context(), ledger.Request{Op: op})
		return out, err == nil
	}
	var key, owner ids.ID
	n := 0
	keys.Range(func(k, o any) bool {
		if n++; r.IntN(n) == 0 {
			key, owner = k.(ids.ID), o.(ids.ID)
		}
		return true
	})
	user, amount := people[r.IntN(len(people))], money.Credits(r.Int64N(3*one))
	switch r.IntN(12) {
	case 0:
		res := source.New(ids.Resource)
		if _, ok := try(&ledger.Deposit{Resource: res, Owner: user, Quota: money.USD(amount) + 1, Fee: amount / 10, TrustLimit: 1000 * one, Confirmed: r.IntN(2) == 0}); ok {
			keys.Store(res, user)
		}
	case 1:
		try(&ledger.Vest{Resource: key, Owner: owner})
	case 2:
		if r.IntN(3) == 0 {
			try(&ledger.Withdraw{Resource: key, Owner: owner})
		} else if r.IntN(3) == 0 {
			try(&ledger.Clawback{Resource: key, Owner: owner})
		}
	default:
		h := hold(user, key, owner, amount, money.USD(amount/2))
		if _, ok := try(h); !ok {
			return nil
		}
		u := usage(user, key, owner)
		u.CreatedAt = clock.System.Now().Add(-time.Duration(r.IntN(5)) * 50 * time.Minute)
		u.Model, u.Latency, u.Succeeded = []string{"gpt-4", "gpt-4o", "o1"}[r.IntN(3)], time.Duration(r.IntN(9000))*time.Millisecond, r.IntN(4) > 0
		if r.IntN(4) == 0 {
			u.Succeeded = false
			_, err := l.Do(t.Context(), ledger.Request{Op: &ledger.Release{Hold: h.ID, Usage: u}})
			return err
		}
		_, err := l.Do(t.Context(), ledger.Request{Op: &ledger.Settle{Hold: h.ID, Charge: amount + money.Credits(r.Int64N(one)), Cost: money.USD(amount/2) + money.USD(r.Int64N(one)), Usage: u}})
		if err == nil && r.IntN(8) == 0 { // once more: nobody is charged, the cost is booked
			again := *u
			again.ID = source.New(ids.Usage)
			try(&ledger.Settle{Hold: h.ID, Charge: amount, Cost: 1000, Usage: &again})
		}
		return err
	}
	return nil
}
