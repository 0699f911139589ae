-- +goose Up
CREATE TABLE users (
	id             text COLLATE "C" PRIMARY KEY,
	email          text NOT NULL UNIQUE,             -- normalised: trimmed, lower case
	display_name   text NOT NULL,
	password_hash  text NOT NULL,                    -- argon2id, in its own encoding
	contributor    boolean NOT NULL DEFAULT false,
	admin          boolean NOT NULL DEFAULT false,
	status         text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'FROZEN')),
	created_at     timestamptz NOT NULL
);

CREATE TABLE sessions (
	id           text COLLATE "C" PRIMARY KEY,
	user_id      text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	secret_hash  bytea NOT NULL UNIQUE,              -- SHA-256 of 256 random bits
	created_at   timestamptz NOT NULL,
	expires_at   timestamptz NOT NULL,
	reauthenticated_at timestamptz NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE api_tokens (
	id             text COLLATE "C" PRIMARY KEY,
	user_id        text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	name           text NOT NULL,
	secret_hash    bytea NOT NULL UNIQUE,
	masked_secret  text NOT NULL,
	models         jsonb,                            -- null: every model
	created_at     timestamptz NOT NULL,
	expires_at     timestamptz,
	last_used_at   timestamptz,
	revoked_at     timestamptz
);
CREATE INDEX api_tokens_user ON api_tokens (user_id);

CREATE TABLE pool_resources (
	id                   text COLLATE "C" PRIMARY KEY,
	owner_id             text COLLATE "C" REFERENCES users (id),  -- null: the platform's own
	provider             text NOT NULL,
	base_url             text NOT NULL DEFAULT '',   -- only where the provider has customBaseUrl
	label                text NOT NULL,
	masked_key           text NOT NULL,
	fingerprint          bytea NOT NULL,             -- keyed hash of the key
	account_hash         bytea,                      -- keyed hash of the provider's account, where it lets that be seen
	models               jsonb NOT NULL,
	original_quota       bigint NOT NULL CHECK (original_quota >= 0),
	quota_confirmed      boolean NOT NULL,
	status               text NOT NULL CHECK (status IN ('ACTIVE', 'PAUSED', 'SUSPENDED', 'DEPLETED', 'EXPIRED', 'WITHDRAWN')),
	status_reason        text,
	suspended_by         text CHECK (suspended_by IN ('PROVIDER', 'MONITOR', 'ADMIN')),
	backup               boolean NOT NULL DEFAULT false,
	accepted_terms       text,
	expires_at           timestamptz,
	verified_at          timestamptz,
	created_at           timestamptz NOT NULL,
	withdrawn_at         timestamptz,
	-- health, written with settlements and releases
	total_requests       bigint NOT NULL DEFAULT 0,
	successful_requests  bigint NOT NULL DEFAULT 0,
	average_latency_ms   double precision,           -- moving average of a whole request
	token_latency_ms     double precision,           -- moving average per output token
	success_average      double precision,           -- moving average of success, 0..1
	failures_in_a_row    bigint NOT NULL DEFAULT 0,
	last_failure_at      timestamptz,
	last_used_at         timestamptz,
	cooling_until        timestamptz
);
-- A key, and a provider's account, is in the pool once.
CREATE UNIQUE INDEX pool_resources_fingerprint ON pool_resources (fingerprint)
	WHERE status NOT IN ('WITHDRAWN', 'DEPLETED', 'EXPIRED');
CREATE UNIQUE INDEX pool_resources_account ON pool_resources (provider, account_hash)
	WHERE account_hash IS NOT NULL AND status NOT IN ('WITHDRAWN', 'DEPLETED', 'EXPIRED');
CREATE INDEX pool_resources_owner ON pool_resources (owner_id);
CREATE INDEX pool_resources_status ON pool_resources (status);

CREATE TABLE secrets (
	resource_id   text COLLATE "C" PRIMARY KEY REFERENCES pool_resources (id) DEFERRABLE INITIALLY DEFERRED,
	key_id        text NOT NULL,                     -- which master key wraps the data key
	wrapped_key   bytea NOT NULL,
	ciphertext    bytea NOT NULL,
	created_at    timestamptz NOT NULL
);

-- What a master key is recognised by: a wrong one is refused at start.
CREATE TABLE master_keys (
	id          text PRIMARY KEY,
	check_value bytea NOT NULL,
	created_at  timestamptz NOT NULL
);

CREATE TABLE model_costs (
	id                text COLLATE "C" PRIMARY KEY,
	name              text NOT NULL,
	provider          text NOT NULL,
	input_cost        bigint NOT NULL CHECK (input_cost >= 0),         -- 10⁻⁹ USD per million tokens
	cached_input_cost bigint NOT NULL CHECK (cached_input_cost >= 0),
	output_cost       bigint NOT NULL CHECK (output_cost >= 0),
	updated_at        timestamptz NOT NULL,
	UNIQUE (name, provider)
);
CREATE TABLE model_prices (
	id             text COLLATE "C" PRIMARY KEY,
	name           text NOT NULL UNIQUE,
	input_price    bigint NOT NULL CHECK (input_price >= 0),           -- 10⁻⁹ Credits per million tokens
	output_price   bigint NOT NULL CHECK (output_price >= 0),
	minimum_charge bigint NOT NULL CHECK (minimum_charge >= 0),
	updated_at     timestamptz NOT NULL
);

CREATE TABLE settings (
	id                      integer PRIMARY KEY CHECK (id = 1),
	deposit_fee_rate        bigint NOT NULL CHECK (deposit_fee_rate >= 0 AND deposit_fee_rate < 1000000000),  -- 10⁻⁹
	unconfirmed_trust_limit bigint NOT NULL CHECK (unconfirmed_trust_limit >= 0),
	clawback_grace_hours    bigint NOT NULL CHECK (clawback_grace_hours >= 0),
	price_markup            bigint NOT NULL CHECK (price_markup >= 0),                                        -- 10⁻⁹
	cost_weight             double precision NOT NULL,
	performance_weight      double precision NOT NULL,
	reliability_weight      double precision NOT NULL,
	platform_owned_factor   double precision NOT NULL,
	low_quota_factor        double precision NOT NULL,
	low_quota_threshold     bigint NOT NULL CHECK (low_quota_threshold >= 0),
	used_recently_factor    double precision NOT NULL,
	used_recently_seconds   bigint NOT NULL CHECK (used_recently_seconds >= 0),
	updated_at              timestamptz NOT NULL
);

CREATE TABLE audit_events (
	id        text COLLATE "C" PRIMARY KEY,
	at        timestamptz NOT NULL,
	actor_id  text COLLATE "C",                      -- null: the system itself
	action    text NOT NULL,
	subject   text NOT NULL,
	detail    jsonb
);
CREATE INDEX audit_events_subject ON audit_events (subject, id);

CREATE TABLE alerts (
	id          text COLLATE "C" PRIMARY KEY,
	at          timestamptz NOT NULL,
	kind        text NOT NULL,
	subject     text NOT NULL,
	message     text NOT NULL,
	resolved_at timestamptz
);
-- One open alert per kind and subject.
CREATE UNIQUE INDEX alerts_open ON alerts (kind, subject) WHERE resolved_at IS NULL;

-- What changed without a ledger transaction. Readers go by xid and id, below the snapshot's xmin, so none is missed.
CREATE TABLE changes (
	xid   xid8 NOT NULL DEFAULT pg_current_xact_id(),
	id    bigint GENERATED ALWAYS AS IDENTITY,
	kind  text NOT NULL,                             -- user, resource, prices, settings
	ref   text NOT NULL,
	at    timestamptz NOT NULL DEFAULT clock_timestamp(),
	PRIMARY KEY (xid, id)
);

-- +goose Down
DROP TABLE changes, alerts, audit_events, settings, model_prices, model_costs, master_keys, secrets, pool_resources,
	api_tokens, sessions, users;
