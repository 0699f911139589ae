package pool

import (
	"strings"

	"github.com/resourcepool/resourcepool/server/journal"
	"github.com/resourcepool/resourcepool/server/ledger"
)

// The tables that travel with operations of the ledger. Guards go in before an operation is decided, records where it was
// booked; the ranks are agreed among all who declare tables.
var (
	resourceTable = &ledger.Table{
		Name: "pool_resources", Rank: 10,
		SQL: `INSERT INTO pool_resources (id, owner_id, provider, base_url, label, masked_key, fingerprint, account_hash, models,
				original_quota, quota_confirmed, backup, accepted_terms, expires_at, created_at, verified_at, status)
			SELECT n.id, n.owner_id, n.provider, n.base_url, n.label, n.masked_key, n.fingerprint, n.account_hash, n.models,
				n.original_quota, n.quota_confirmed, n.backup, n.accepted_terms, n.expires_at, n.at, n.at, 'ACTIVE'
			FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::bytea[], $9::jsonb[],
				$10::bigint[], $11::bool[], $12::bool[], $13::text[], $14::timestamptz[], $15::timestamptz[])
				AS n(id, owner_id, provider, base_url, label, masked_key, fingerprint, account_hash, models,
				original_quota, quota_confirmed, backup, accepted_terms, expires_at, at)
			WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = n.owner_id AND u.deleted_at IS NOT NULL)
			ON CONFLICT DO NOTHING RETURNING encode(fingerprint, 'hex') || ':' || id`,
		Types: []string{
			"text", "text", "text", "text", "text", "text", "bytea", "bytea", "jsonb",
			"bigint", "bool", "bool", "text", "timestamptz", "timestamptz",
		},
	}
	secretTable = &ledger.Table{
		Name: "secrets", Rank: 20,
		SQL: `INSERT INTO secrets (resource_id, key_id, wrapped_key, ciphertext, created_at)
			SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[], $5::timestamptz[])
			ON CONFLICT DO NOTHING RETURNING resource_id`,
		Types: []string{"text", "text", "bytea", "bytea", "timestamptz"},
	}
	contributorTable = &ledger.Table{
		Name: "users", Rank: 30,
		SQL:   `UPDATE users u SET contributor = true FROM unnest($1::text[]) AS n(id) WHERE u.id = n.id AND NOT u.contributor`,
		Types: []string{"text"},
	}
	depletedTable = &ledger.Table{
		Name: "pool_resources.depleted", Rank: 40,
		SQL: `UPDATE pool_resources r SET status = 'DEPLETED', status_reason = NULL, suspended_by = NULL
			FROM unnest($1::text[]) AS n(id)
			WHERE r.id = n.id AND (r.status IN ('ACTIVE', 'PAUSED') OR r.status = 'SUSPENDED' AND r.suspended_by = 'PROVIDER')`,
		Types: []string{"text"},
	}
	healthTable = &ledger.Table{
		Name: "pool_resources.health", Rank: 40,
		SQL: `UPDATE pool_resources r SET
				total_requests = r.total_requests + n.requests,
				successful_requests = r.successful_requests + n.successes,
				average_latency_ms = COALESCE(n.latency_keep * r.average_latency_ms + n.latency_add, n.latency_first),
				token_latency_ms = COALESCE(n.token_keep * r.token_latency_ms + n.token_add, n.token_first),
				success_average = COALESCE(n.success_keep * r.success_average + n.success_add, n.success_first),
				grace_used_ms = CASE WHEN n.successes > 0 AND r.status = 'ACTIVE' THEN 0 ELSE r.grace_used_ms END,
				failures_in_a_row = CASE WHEN n.failures_reset THEN 0 ELSE r.failures_in_a_row END + n.failures,
				last_failure_at = GREATEST(r.last_failure_at, n.last_failure_at),
				last_used_at = GREATEST(r.last_used_at, n.last_used_at),
				cooling_until = GREATEST(r.cooling_until, n.cooling_until)
			FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::float8[], $5::float8[], $6::float8[], $7::float8[], $8::float8[],
				$9::float8[], $10::float8[], $11::float8[], $12::float8[], $13::bool[], $14::bigint[], $15::timestamptz[],
				$16::timestamptz[], $17::timestamptz[])
				AS n(id, requests, successes, latency_keep, latency_add, latency_first, token_keep, token_add, token_first,
				success_keep, success_add, success_first, failures_reset, failures, last_failure_at, last_used_at, cooling_until)
			WHERE r.id = n.id`,
		Types: []string{
			"text", "bigint", "bigint", "float8", "float8", "float8", "float8", "float8", "float8", "float8", "float8", "float8",
			"bool", "bigint", "timestamptz", "timestamptz", "timestamptz",
		},
	}
	withdrawnTable = &ledger.Table{
		Name: "pool_resources.withdrawn", Rank: 40,
		SQL: `UPDATE pool_resources r SET status = 'WITHDRAWN', withdrawn_at = n.at, status_reason = NULL, suspended_by = NULL
			FROM unnest($1::text[], $2::timestamptz[]) AS n(id, at) WHERE r.id = n.id AND r.status <> 'WITHDRAWN'`,
		Types: []string{"text", "timestamptz"},
	}
	restTable = &ledger.Table{
		Name: "rests", Rank: 45,
		SQL: `INSERT INTO rests (subject, model, why, until, failures)
			SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::bigint[])
			ON CONFLICT (subject, model) DO UPDATE SET why = EXCLUDED.why, until = EXCLUDED.until, failures = EXCLUDED.failures
			WHERE EXCLUDED.until >= rests.until OR (EXCLUDED.failures = 0 AND EXCLUDED.why = rests.why)`,
		Types: []string{"text", "text", "text", "timestamptz", "bigint"},
	}
	auditTable = &ledger.Table{
		Name: "audit_events", Rank: 60,
		SQL: `INSERT INTO audit_events (` + strings.Join(journal.AuditColumns, ", ") + `)
			SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::jsonb[],
				$7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[])`,
		Types: journal.AuditTypes,
	}
	changeTable = &ledger.Table{
		Name:  "changes",
		Rank:  70,
		SQL:   `INSERT INTO changes (kind, ref) SELECT * FROM unnest($1::text[], $2::text[])`,
		Types: []string{"text", "text"},
	}
	alertTable = &ledger.Table{
		Name: "alerts", Rank: 80,
		SQL: `INSERT INTO alerts (id, at, kind, subject, message)
			SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::text[])
			ON CONFLICT (kind, subject) WHERE resolved_at IS NULL DO NOTHING`,
		Types: []string{"text", "timestamptz", "text", "text", "text"},
	}
)
