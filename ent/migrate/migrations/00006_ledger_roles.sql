-- +goose Up

-- Partitions are cut by a server whose role owns no table, so the functions that do it run as the owner. They take
-- nothing that could harm: the logs are a list, whether a partition is guarded follows from its log, and bounds only say
-- which rows go where; Postgres refuses those that overlap.
DROP FUNCTION ledger_cut(text, text, text, text, boolean);

-- Cuts the partition of a log that begins at `low` and ends before `high`, with its triggers; true where it was missing. Where
-- partitions of another size are there, only what they leave uncovered is cut. It is attached, not created in place: that
-- would wait for every reader of the log, and all writers behind it.
-- +goose StatementBegin
CREATE FUNCTION ledger_cut(parent text, suffix text, low text, high text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	part    text := parent || '_' || suffix;
	covered record;
BEGIN
	IF parent NOT IN ('ledger_transactions', 'ledger_entries', 'usage_logs', 'routing_decisions') OR suffix !~ '^[0-9]{1,18}$' THEN
		RAISE EXCEPTION 'no partition % of % is cut', suffix, parent USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM pg_advisory_xact_lock(hashtext('ledger partitions'));
	IF parent IN ('ledger_transactions', 'ledger_entries') THEN
		FOR covered IN SELECT b[1]::bigint AS low, b[2]::bigint AS high FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid,
			regexp_match(pg_get_expr(c.relpartbound, c.oid), $re$FROM \('?(\d+)'?\) TO \('?(\d+)'?\)$re$) b
			WHERE i.inhparent = to_regclass(parent) ORDER BY 1
		LOOP
			IF covered.low <= low::bigint AND covered.high > low::bigint THEN
				low := covered.high;
			ELSIF covered.low > low::bigint AND covered.low < high::bigint THEN
				high := covered.low;
			END IF;
		END LOOP;
		IF low::bigint >= high::bigint THEN
			RETURN false;
		END IF;
		IF to_regclass(part) IS NOT NULL THEN
			part := part || '_' || low::bigint;
		END IF;
	ELSIF to_regclass(part) IS NOT NULL THEN
		RETURN false;
	END IF;
	EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES INCLUDING STORAGE)', part, parent);
	IF parent <> 'routing_decisions' THEN
		EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION ledger_refuse()', part);
		EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()', part);
		EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER append_only', part);
		EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER no_truncate', part);
	END IF;
	EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, low, high);
	RETURN true;
END $$;
-- +goose StatementEnd

-- Drops the weeks of routing decisions that ended more than 30 days ago by the database's clock, and returns how many. Where
-- a reader is in the way it gives up soon: dropping can wait, what comes behind it can't.
-- +goose StatementBegin
CREATE FUNCTION ledger_drop_decisions() RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET lock_timeout = '1s' AS $$
DECLARE
	part name;
	dropped integer := 0;
BEGIN
	PERFORM pg_advisory_xact_lock(hashtext('ledger partitions'));
	FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = 'routing_decisions'::regclass AND c.relname ~ '^routing_decisions_[0-9]{8}$'
			AND to_date(right(c.relname, 8), 'YYYYMMDD') + 7 < clock_timestamp() - interval '30 days'
	LOOP
		EXECUTE format('DROP TABLE %I', part);
		dropped := dropped + 1;
	END LOOP;
	RETURN dropped;
END $$;
-- +goose StatementEnd

-- Names in them mean what they mean to the owner, whatever the caller's path is. The role of the server is granted them
-- after each run of the migrations.
-- +goose StatementBegin
DO $$
BEGIN
	EXECUTE format('ALTER FUNCTION ledger_cut(text, text, text, text) SET search_path = %I, pg_temp', current_schema());
	EXECUTE format('ALTER FUNCTION ledger_drop_decisions() SET search_path = %I, pg_temp', current_schema());
END $$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION ledger_cut(text, text, text, text), ledger_drop_decisions() FROM PUBLIC;

-- usage_logs, whose partitions refused TRUNCATE, and the record of verifications refuse it too.
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON usage_logs FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger_verifications FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger_verifications FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
ALTER TABLE usage_logs ENABLE ALWAYS TRIGGER no_truncate;
ALTER TABLE ledger_verifications ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE ledger_verifications ENABLE ALWAYS TRIGGER no_truncate;

-- +goose Down
DROP TRIGGER no_truncate ON usage_logs;
DROP TRIGGER append_only ON ledger_verifications;
DROP TRIGGER no_truncate ON ledger_verifications;
DROP FUNCTION ledger_cut, ledger_drop_decisions;
