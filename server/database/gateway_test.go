package database_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent/migrate/migrations"
	"github.com/resourcepool/resourcepool/server/database"
)

const insertUsage = `INSERT INTO usage_logs (id, created_at, status, model, provider, user_id, token_id, resource_id, owner_id,
	prompt_tokens, cached_tokens, cache_write_tokens, completion_tokens, reasoning_tokens, latency_ms, credits_charged, cost_amount,
	input_price, output_price, minimum_charge, input_cost, cached_input_cost, output_cost, routing_reason, attempts, error_code,
	streamed, estimated, clamped, transaction_seq)
	VALUES ($1, now(), 'SUCCEEDED', 'gpt-4', 'openai', '', '', '', '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '', 1, '', false, false, false, 0)`

// The log of requests gets columns while it is full of rows that nobody may change.
func TestTheLogOfRequestsTakesColumnsInOldAndNewPartitions(t *testing.T) {
	address, db := empty(t)
	before := map[string]string{}
	names, err := fs.Glob(migrations.FS, "*.sql")
	require.NoError(t, err)
	for _, name := range names {
		if name < "00008" {
			text, err := fs.ReadFile(migrations.FS, name)
			require.NoError(t, err)
			before[name] = string(text)
		}
	}
	require.NoError(t, database.MigrateFrom(t.Context(), address, history(before)))
	run(t, db, `SELECT ledger_cut('usage_logs', '1', 'use_1', 'use_2')`)
	_, err = db.ExecContext(t.Context(), insertUsage, "use_1x")
	require.NoError(t, err)

	require.NoError(t, database.Migrate(t.Context(), address))
	run(t, db, `SELECT ledger_cut('usage_logs', '2', 'use_2', 'use_3')`)
	_, err = db.ExecContext(t.Context(), insertUsage, "use_2x")
	require.NoError(t, err)
	for _, part := range []string{"usage_logs_1", "usage_logs_2"} {
		require.Equal(t, 1, count(t, db, `SELECT count(*) FROM `+part+` WHERE requested_model = '' AND endpoint = 'chat' AND cache_write_price = 0 AND cache_write_cost = 0`), part)
		_, err := db.ExecContext(t.Context(), `UPDATE `+part+` SET endpoint = 'embeddings'`)
		require.ErrorContains(t, err, "append-only", part)
		_, err = db.ExecContext(t.Context(), `TRUNCATE `+part)
		require.ErrorContains(t, err, "append-only", part)
	}

	text, err := fs.ReadFile(migrations.FS, "00008_gateway.sql")
	require.NoError(t, err)
	_, down, ok := strings.Cut(string(text), "-- +goose Down")
	require.True(t, ok)
	run(t, db, down)
	require.Zero(t, count(t, db, `SELECT count(*) FROM information_schema.columns
		WHERE column_name IN ('endpoint', 'cache_write_price', 'max_concurrency') OR table_name IN ('rests', 'model_aliases')`))
	require.Equal(t, 2, count(t, db, `SELECT count(*) FROM usage_logs`))
}
