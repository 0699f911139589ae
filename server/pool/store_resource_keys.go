package pool

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/lib/pq"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/provider"
)

// endedKeys is how many DEPLETED and EXPIRED resources are read, the newest: they pile up, and serve no more.
const endedKeys = 100

const keyColumns = `r.id, coalesce(r.owner_id, ''), r.backup, r.provider, r.base_url, r.status, r.expires_at, r.verified_at,
	r.total_requests, r.successful_requests, r.average_latency_ms, r.token_latency_ms, r.success_average, r.failures_in_a_row,
	r.last_failure_at, r.last_used_at, r.cooling_until, r.max_concurrency, r.max_requests_per_minute, r.max_tokens_per_minute, coalesce(a.balance, 0), coalesce(a.held, 0)
	FROM pool_resources r LEFT JOIN ledger_accounts a ON a.id = 'resource:' || r.id`

// loadKeys reads the keys. Their models, which are long and change only when a key is tested, are read for those alone that
// were tested since old.
func (s *Service) loadKeys(ctx context.Context, old *index) (map[ids.ID]*Key, error) {
	rows, err := s.ent.QueryContext(ctx, `SELECT `+keyColumns+` WHERE r.status IN ('ACTIVE', 'PAUSED', 'SUSPENDED')
		UNION ALL (SELECT `+keyColumns+` WHERE r.status IN ('DEPLETED', 'EXPIRED') ORDER BY r.id DESC LIMIT $1)`, endedKeys)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	keys := map[ids.ID]*Key{}
	var tested []string
	for rows.Next() {
		k, err := scanKey(rows)
		if err != nil {
			return nil, err
		}
		keys[k.ID] = k
		if s := old.slots[k.ID]; s != nil && sameTime(s.key.Load().VerifiedAt, k.VerifiedAt) {
			k.Models = s.key.Load().Models
		} else {
			tested = append(tested, string(k.ID))
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if len(tested) > 0 {
		if err := s.loadModels(ctx, keys, tested); err != nil {
			return nil, err
		}
	}
	rests, err := s.loadRests(ctx, s.clock.Now().Add(-restsKnown))
	if err != nil {
		return nil, err
	}
	rest(keys, rests)
	return keys, nil
}

func scanKey(rows *sql.Rows) (*Key, error) {
	k := &Key{}
	h, l := &k.Health, &k.Limits
	err := rows.Scan(&k.ID, &k.Owner, &k.Backup, &k.Provider, &k.BaseURL, &k.Status, &k.ExpiresAt, &k.VerifiedAt,
		&h.Requests, &h.Successes, &h.AverageLatencyMs, &h.TokenLatencyMs, &h.SuccessAverage, &h.FailuresInARow,
		&h.LastFailureAt, &h.LastUsedAt, &h.CoolingUntil, &l.Concurrency, &l.RequestsPerMinute, &l.TokensPerMinute, &k.Quota.Balance, &k.Quota.Held)
	if err != nil {
		return nil, err
	}
	k.Platform = k.Owner == ""
	k.Host = provider.Host(k.Target())
	return k, nil
}

func (s *Service) loadModels(ctx context.Context, keys map[ids.ID]*Key, of []string) error {
	rows, err := s.ent.QueryContext(ctx, `SELECT id, models, verified_at FROM pool_resources WHERE id = ANY ($1)`, pq.Array(of))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id ids.ID
		var text []byte
		var verified *time.Time
		if err := rows.Scan(&id, &text, &verified); err != nil {
			return err
		}
		k := keys[id]
		if err := json.Unmarshal(text, &k.Models); err != nil {
			return fmt.Errorf("models of %s: %w", id, err)
		}
		slices.Sort(k.Models)
		k.VerifiedAt = verified // it may have been tested since the first statement
	}
	return rows.Err()
}

func sameTime(a, b *time.Time) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b)
}
