-- +goose Up

-- Accounts: balance is the sum of the account's entries, held what holds reserve of it.
CREATE TABLE ledger_accounts (
	id       text COLLATE "C" PRIMARY KEY,           -- wallet:usr_…, resource:res_…, platform.revenue, …
	asset    text NOT NULL CHECK (asset IN ('CREDIT', 'USD')),
	balance  bigint NOT NULL DEFAULT 0,
	held     bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
	minimum  bigint,                                 -- of balance − held; null: none
	maximum  bigint,                                 -- of balance; null: none
	frozen   boolean NOT NULL DEFAULT false,         -- a failed check stopped it
	closing  boolean NOT NULL DEFAULT false,         -- a withdrawn resource: no new holds, what holds give back leaves
	CONSTRAINT ledger_accounts_minimum CHECK (minimum IS NULL OR balance - held >= minimum),
	CONSTRAINT ledger_accounts_maximum CHECK (maximum IS NULL OR balance <= maximum)
) WITH (fillfactor = 70);

INSERT INTO ledger_accounts (id, asset) VALUES
	('platform.fees', 'CREDIT'), ('platform.issued', 'CREDIT'), ('platform.loss', 'CREDIT'), ('platform.revenue', 'CREDIT'),
	('provider.spent', 'USD'), ('provider.supply', 'USD');

-- What a deposit promised, and how much of it was proven by use: the terms of vesting and of a withdrawal.
CREATE TABLE ledger_deposits (
	resource_id  text COLLATE "C" PRIMARY KEY,
	user_id      text COLLATE "C" NOT NULL,
	confirmed    boolean NOT NULL,                   -- the provider itself reported the quota
	quota        bigint NOT NULL,                    -- USD
	fee          bigint NOT NULL,                    -- Credits, of the whole quota
	paid         bigint NOT NULL,                    -- Credits made available: at once and vested since, less what was returned
	vesting      bigint NOT NULL CHECK (vesting >= 0),  -- Credits still promised
	served       bigint NOT NULL DEFAULT 0,          -- USD that the key served to others
	vested       bigint NOT NULL DEFAULT 0,          -- Credits
	withdrawn    bigint NOT NULL DEFAULT 0,          -- USD taken back
	fee_undone   bigint NOT NULL DEFAULT 0,          -- Credits of the fee undone by withdrawals
	reserved     bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0)  -- Credits held on the wallet until the last hold of a withdrawn key ends
);
CREATE INDEX ledger_deposits_user ON ledger_deposits (user_id);
CREATE INDEX ledger_deposits_vesting ON ledger_deposits (resource_id) WHERE vesting > 0;

-- The budget of an API token, locked with the accounts.
CREATE TABLE ledger_budgets (
	token_id     text COLLATE "C" PRIMARY KEY,
	spend_limit  bigint CHECK (spend_limit >= 0),    -- Credits; null: none
	spent        bigint NOT NULL DEFAULT 0,
	held         bigint NOT NULL DEFAULT 0 CHECK (held >= 0)
) WITH (fillfactor = 70);

-- A server and its lease. batch_id is the last batch that it committed.
CREATE TABLE ledger_servers (
	id        text COLLATE "C" PRIMARY KEY,
	identity  text NOT NULL,                         -- survives restarts on one data dir; '' where it has none
	started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	lease_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
	batch_id  text COLLATE "C" NOT NULL DEFAULT '',
	dead      boolean NOT NULL DEFAULT false
) WITH (fillfactor = 70);

CREATE TABLE ledger_holds (
	id           text COLLATE "C" PRIMARY KEY,
	server_id    text COLLATE "C" NOT NULL,
	user_id      text COLLATE "C" NOT NULL,
	credits      bigint NOT NULL CHECK (credits >= 0),
	resource_id  text COLLATE "C" NOT NULL,
	owner_id     text COLLATE "C" NOT NULL,          -- '' for the platform's
	usd          bigint NOT NULL CHECK (usd >= 0),
	token_id     text COLLATE "C" NOT NULL,          -- '' where none
	operation    text COLLATE "C" NOT NULL,          -- the operation key to free or to answer, '' where none
	created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
	expires_at   timestamptz NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX ledger_holds_server ON ledger_holds (server_id);
CREATE INDEX ledger_holds_resource ON ledger_holds (resource_id);
CREATE INDEX ledger_holds_user ON ledger_holds (user_id);
CREATE INDEX ledger_holds_expiry ON ledger_holds (expires_at);

-- Operation keys: what a caller may repeat without doing it twice. Kept 24 h.
CREATE TABLE ledger_operations (
	key          text COLLATE "C" PRIMARY KEY,       -- scope, principal and the caller's key
	input_hash   bytea NOT NULL,
	server_id    text COLLATE "C" NOT NULL,
	done         boolean NOT NULL,
	answer       bytea,                              -- encrypted under its own data key
	created_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ledger_operations_age ON ledger_operations (created_at);

CREATE TABLE ledger_head (
	id    integer PRIMARY KEY CHECK (id = 1),
	seq   bigint NOT NULL,
	at    timestamptz NOT NULL,
	hash  bytea NOT NULL
) WITH (fillfactor = 50);
INSERT INTO ledger_head VALUES (1, 0, '-infinity', decode(repeat('00', 32), 'hex'));

CREATE TABLE ledger_transactions (
	seq            bigint PRIMARY KEY,
	kind           text NOT NULL,
	created_at     timestamptz NOT NULL,
	memo           text NOT NULL,
	memo_salt      bytea NOT NULL,
	actor_id       text COLLATE "C" NOT NULL,        -- '' for the system
	user_id        text COLLATE "C" NOT NULL,        -- whose wallet, '' where none
	resource_id    text COLLATE "C" NOT NULL,
	usage_id       text COLLATE "C" NOT NULL,
	leaf           bytea NOT NULL,
	previous_hash  bytea NOT NULL,
	hash           bytea NOT NULL
) PARTITION BY RANGE (seq);
CREATE INDEX ledger_transactions_user ON ledger_transactions (user_id, seq) WHERE user_id <> '';
CREATE INDEX ledger_transactions_resource ON ledger_transactions (resource_id, seq) WHERE resource_id <> '';
CREATE INDEX ledger_transactions_time ON ledger_transactions (created_at);

CREATE TABLE ledger_entries (
	seq            bigint NOT NULL,
	n              smallint NOT NULL,
	account_id     text COLLATE "C" NOT NULL,
	amount         bigint NOT NULL,
	balance_after  bigint,                           -- null for the platform's hot accounts
	salt           bytea NOT NULL,
	PRIMARY KEY (seq, n)
) PARTITION BY RANGE (seq);
CREATE INDEX ledger_entries_account ON ledger_entries (account_id, seq) WHERE balance_after IS NOT NULL;

-- +goose StatementBegin
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
-- +goose StatementEnd

-- Cuts the partition of a log that begins at `low` and ends before `high`, with its triggers; true where it was missing.
-- +goose StatementBegin
CREATE FUNCTION ledger_cut(parent text, suffix text, low text, high text, guarded boolean) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	part text := parent || '_' || suffix;
BEGIN
	IF to_regclass(part) IS NOT NULL THEN
		RETURN false;
	END IF;
	EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', part, parent, low, high);
	IF guarded THEN
		EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION ledger_refuse()', part);
		EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()', part);
		EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER append_only', part);
		EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER no_truncate', part);
	END IF;
	RETURN true;
END $$;
-- +goose StatementEnd

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger_transactions FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
ALTER TABLE ledger_transactions ENABLE ALWAYS TRIGGER no_truncate;
ALTER TABLE ledger_entries ENABLE ALWAYS TRIGGER no_truncate;

-- Full verifications: the next one may start where the last good one ended.
CREATE TABLE ledger_verifications (
	id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	at          timestamptz NOT NULL,
	full_run    boolean NOT NULL,
	head_seq    bigint NOT NULL,
	head_hash   bytea NOT NULL,
	ok          boolean NOT NULL
);

-- One row for every request that had a hold. Partitioned by the time in the id.
CREATE TABLE usage_logs (
	id                 text COLLATE "C" PRIMARY KEY,
	created_at         timestamptz NOT NULL,
	status             text NOT NULL CHECK (status IN ('SUCCEEDED', 'FAILED')),
	model              text NOT NULL,
	provider           text NOT NULL,
	user_id            text COLLATE "C" NOT NULL,
	token_id           text COLLATE "C" NOT NULL,    -- '' where signed in by cookie
	resource_id        text COLLATE "C" NOT NULL,
	owner_id           text COLLATE "C" NOT NULL,    -- '' for the platform's
	prompt_tokens      bigint NOT NULL,
	cached_tokens      bigint NOT NULL,
	cache_write_tokens bigint NOT NULL,
	completion_tokens  bigint NOT NULL,
	reasoning_tokens   bigint NOT NULL,
	latency_ms         bigint NOT NULL,
	credits_charged    bigint NOT NULL,
	cost_amount        bigint NOT NULL,
	input_price        bigint NOT NULL,              -- the prices in force, per million tokens
	output_price       bigint NOT NULL,
	minimum_charge     bigint NOT NULL,
	input_cost         bigint NOT NULL,
	cached_input_cost  bigint NOT NULL,
	output_cost        bigint NOT NULL,
	routing_reason     text NOT NULL,
	attempts           bigint NOT NULL,
	error_code         text NOT NULL,                -- '' where none
	streamed           boolean NOT NULL,
	estimated          boolean NOT NULL,             -- the provider reported no usage: counted here
	clamped            boolean NOT NULL,             -- the provider's usage was outside its bounds
	transaction_seq    bigint NOT NULL               -- 0 where nothing was booked
) PARTITION BY RANGE (id);
CREATE INDEX usage_logs_user ON usage_logs (user_id, id);
CREATE INDEX usage_logs_owner ON usage_logs (owner_id, id) WHERE owner_id <> '';
CREATE INDEX usage_logs_resource ON usage_logs (resource_id, id);

-- Why that key: for admins, 30 days. Partitioned like usage_logs, dropped by partition.
CREATE TABLE routing_decisions (
	usage_id  text COLLATE "C" PRIMARY KEY,
	decision  jsonb NOT NULL
) PARTITION BY RANGE (usage_id);

-- Roll-ups, kept by the batch that books.
CREATE TABLE usage_rollups (
	hour               timestamptz NOT NULL,
	user_id            text COLLATE "C" NOT NULL,
	resource_id        text COLLATE "C" NOT NULL,
	owner_id           text COLLATE "C" NOT NULL,
	provider           text NOT NULL,
	model              text NOT NULL,
	requests           bigint NOT NULL,
	failed             bigint NOT NULL,
	prompt_tokens      bigint NOT NULL,
	completion_tokens  bigint NOT NULL,
	latency_ms         bigint NOT NULL,
	credits_charged    bigint NOT NULL,
	cost_amount        bigint NOT NULL,
	PRIMARY KEY (hour, user_id, resource_id, model)
) WITH (fillfactor = 70);
CREATE INDEX usage_rollups_user ON usage_rollups (user_id, hour);
CREATE INDEX usage_rollups_owner ON usage_rollups (owner_id, hour) WHERE owner_id <> '';

CREATE TABLE pool_ledgers (
	owner_id         text COLLATE "C" PRIMARY KEY,
	contributed      bigint NOT NULL DEFAULT 0,      -- USD, net of withdrawals and claw-backs
	consumed         bigint NOT NULL DEFAULT 0,      -- USD
	credits_issued   bigint NOT NULL DEFAULT 0,      -- Credits, at once and vested, net of withdrawals
	revenue          bigint NOT NULL DEFAULT 0,      -- Credits charged for requests on their keys
	requests         bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);

CREATE TABLE pool_totals (
	id              integer PRIMARY KEY CHECK (id = 1),
	requests        bigint NOT NULL,
	succeeded       bigint NOT NULL,
	credits_charged bigint NOT NULL,
	provider_cost   bigint NOT NULL
) WITH (fillfactor = 50);
INSERT INTO pool_totals VALUES (1, 0, 0, 0, 0);

-- +goose Down
DROP TABLE pool_totals, pool_ledgers, usage_rollups, routing_decisions, usage_logs, ledger_verifications, ledger_entries,
	ledger_transactions, ledger_head, ledger_operations, ledger_holds, ledger_servers, ledger_budgets, ledger_deposits, ledger_accounts;
DROP FUNCTION ledger_cut, ledger_refuse;
