-- +goose Up

-- Each index costs every request. What follows is what no query needs, or what another order of columns serves as well.

-- Holds are few; what looks for orphans reads them all.
DROP INDEX ledger_holds_server, ledger_holds_resource, ledger_holds_user, ledger_holds_expiry;

-- Rows come and go by the thousand each second: vacuum follows closely, and does not rest.
ALTER TABLE ledger_holds SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE ledger_accounts SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE ledger_head SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE ledger_servers SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE pool_totals SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE pool_ledgers SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE usage_rollups SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);

-- Sequence and time rise together, so that a time is found by halving.
DROP INDEX ledger_transactions_time;

-- The first sequence that is not older than a time; the next free one where all are.
-- +goose StatementBegin
CREATE FUNCTION ledger_seq_at(moment timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
	older  bigint := 0;
	newer  bigint := (SELECT seq + 1 FROM ledger_head WHERE id = 1);
	middle bigint;
BEGIN
	WHILE newer - older > 1 LOOP
		middle := older + (newer - older) / 2;
		IF (SELECT created_at FROM ledger_transactions WHERE seq = middle) < moment THEN
			older := middle;
		ELSE
			newer := middle;
		END IF;
	END LOOP;
	RETURN newer;
END $$;
-- +goose StatementEnd

-- One index for the key and for a user's series; rows come in the order of time.
ALTER TABLE usage_rollups DROP CONSTRAINT usage_rollups_pkey;
DROP INDEX usage_rollups_user;
ALTER TABLE usage_rollups ADD PRIMARY KEY (user_id, hour, resource_id, model);
CREATE INDEX usage_rollups_hour ON usage_rollups USING brin (hour) WITH (pages_per_range = 32, autosummarize = on);

-- +goose Down
DROP INDEX usage_rollups_hour;
ALTER TABLE usage_rollups DROP CONSTRAINT usage_rollups_pkey;
ALTER TABLE usage_rollups ADD PRIMARY KEY (hour, user_id, resource_id, model);
CREATE INDEX usage_rollups_user ON usage_rollups (user_id, hour);
DROP FUNCTION ledger_seq_at;
CREATE INDEX ledger_transactions_time ON ledger_transactions (created_at);
CREATE INDEX ledger_holds_server ON ledger_holds (server_id);
CREATE INDEX ledger_holds_resource ON ledger_holds (resource_id);
CREATE INDEX ledger_holds_user ON ledger_holds (user_id);
CREATE INDEX ledger_holds_expiry ON ledger_holds (expires_at);
