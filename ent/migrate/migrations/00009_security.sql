-- +goose Up

-- People. An account that was deleted keeps its row, under a pseudonym: the books name it.
ALTER TABLE users
	ADD COLUMN email_verified_at timestamptz,                  -- of the e-mail that the row has
	ADD COLUMN deleted_at        timestamptz,
	ADD COLUMN custom_roles      jsonb NOT NULL DEFAULT '[]';  -- names in custom_roles

ALTER TABLE sessions
	ADD COLUMN last_seen_at  timestamptz NOT NULL DEFAULT now(),
	ADD COLUMN ip            text NOT NULL DEFAULT '',
	ADD COLUMN user_agent    text NOT NULL DEFAULT '',
	ADD COLUMN method        text NOT NULL DEFAULT 'PASSWORD' CHECK (method IN ('PASSWORD', 'PASSKEY', 'OIDC')),
	ADD COLUMN second_factor boolean NOT NULL DEFAULT false;   -- one was given, or the method is two in one

ALTER TABLE api_tokens
	ADD COLUMN scopes   jsonb,                                 -- null: all that a token may
	ADD COLUMN networks jsonb;                                 -- prefixes that it may be used from; null: anywhere
ALTER TABLE ledger_budgets
	ADD COLUMN period       text NOT NULL DEFAULT '' CHECK (period IN ('', 'DAY', 'WEEK', 'MONTH')), -- what is spent counts from its start
	ADD COLUMN period_start timestamptz;

-- A code of an authenticator app (TOTP). It counts once it is confirmed.
CREATE TABLE second_factors (
	user_id       text COLLATE "C" PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
	secret        bytea NOT NULL,                    -- sealed by the vault
	created_at    timestamptz NOT NULL,
	confirmed_at  timestamptz,
	last_step     bigint NOT NULL DEFAULT 0          -- the time step of the last code taken: none is taken twice
);
CREATE TABLE recovery_codes (
	user_id    text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	code_hash  bytea NOT NULL,                       -- keyed
	used_at    timestamptz,
	PRIMARY KEY (user_id, code_hash)
);
CREATE TABLE passkeys (
	id             text COLLATE "C" PRIMARY KEY,
	user_id        text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	name           text NOT NULL,
	credential_id  bytea NOT NULL UNIQUE,
	credential     jsonb NOT NULL,                   -- public key, counter, flags
	created_at     timestamptz NOT NULL,
	last_used_at   timestamptz
);
CREATE INDEX passkeys_user ON passkeys (user_id);
-- Who a person is at a provider of single sign-on.
CREATE TABLE identities (
	id            text COLLATE "C" PRIMARY KEY,
	user_id       text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	issuer        text NOT NULL,
	subject       text NOT NULL,
	created_at    timestamptz NOT NULL,
	last_used_at  timestamptz NOT NULL,
	UNIQUE (issuer, subject)
);
CREATE INDEX identities_user ON identities (user_id);
-- What was begun with a browser and is answered once: a passkey's challenge, a sign-in elsewhere.
CREATE TABLE ceremonies (
	id          text COLLATE "C" PRIMARY KEY,
	kind        text NOT NULL,
	user_id     text COLLATE "C" REFERENCES users (id) ON DELETE CASCADE,
	data        bytea NOT NULL,                      -- sealed by the vault
	expires_at  timestamptz NOT NULL
);
CREATE INDEX ceremonies_expiry ON ceremonies (expires_at);

-- Links that were sent by mail, each good once.
CREATE TABLE email_links (
	id           text COLLATE "C" PRIMARY KEY,
	user_id      text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	purpose      text NOT NULL CHECK (purpose IN ('VERIFY', 'RESET', 'CHANGE')),
	email        text NOT NULL,                      -- the address that it was sent to
	secret_hash  bytea NOT NULL UNIQUE,
	created_at   timestamptz NOT NULL,
	expires_at   timestamptz NOT NULL,
	used_at      timestamptz
);
CREATE INDEX email_links_user ON email_links (user_id);
-- Mails to be sent. What they say is sealed: it has secrets in it. A row is deleted once its mail is sent.
CREATE TABLE mails (
	id           text COLLATE "C" PRIMARY KEY,
	created_at   timestamptz NOT NULL,
	sealed       bytea NOT NULL,
	attempts     bigint NOT NULL DEFAULT 0,
	next_at      timestamptz NOT NULL,
	last_error   text
);
CREATE INDEX mails_next ON mails (next_at);

-- Roles that an operator defines: rights out of those that admins have.
CREATE TABLE custom_roles (
	id           text COLLATE "C" PRIMARY KEY,
	name         text NOT NULL UNIQUE,
	description  text NOT NULL,
	grants       jsonb NOT NULL,                     -- [{"object": …, "action": …}]
	updated_at   timestamptz NOT NULL
);

-- Who does what how often, over all servers: when all that a key did will be forgotten, and until when it is refused. A crash
-- of the database empties it.
CREATE UNLOGGED TABLE throttles (
	key      text COLLATE "C" PRIMARY KEY,
	full_at  timestamptz NOT NULL,
	open_at  timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 70);
CREATE INDEX throttles_full ON throttles (full_at);

-- What was done: from where and why, and who may not say that it never was.
ALTER TABLE audit_events
	ADD COLUMN session_id  text COLLATE "C" NOT NULL DEFAULT '',
	ADD COLUMN token_id    text COLLATE "C" NOT NULL DEFAULT '',
	ADD COLUMN request_id  text COLLATE "C" NOT NULL DEFAULT '',
	ADD COLUMN ip          text NOT NULL DEFAULT '',
	ADD COLUMN user_agent  text NOT NULL DEFAULT '',
	ADD COLUMN reason      text NOT NULL DEFAULT '';
CREATE INDEX audit_events_actor ON audit_events (actor_id, id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_events FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_events FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER no_truncate;

-- Every decryption of a deposited key.
CREATE TABLE key_accesses (
	id           text COLLATE "C" PRIMARY KEY,
	at           timestamptz NOT NULL,
	resource_id  text COLLATE "C" NOT NULL,
	purpose      text NOT NULL,                      -- request, verify, rotate, …
	actor_id     text COLLATE "C" NOT NULL DEFAULT '', -- whose request it was for, '' for the platform's own
	request_id   text COLLATE "C" NOT NULL DEFAULT '',
	server_id    text COLLATE "C" NOT NULL DEFAULT ''
);
CREATE INDEX key_accesses_resource ON key_accesses (resource_id, id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON key_accesses FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON key_accesses FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
ALTER TABLE key_accesses ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE key_accesses ENABLE ALWAYS TRIGGER no_truncate;

-- How long an owner has left to repair a key that its provider refuses.
ALTER TABLE pool_resources
	ADD COLUMN suspended_at   timestamptz,               -- by its provider: since when; stays where it was not repaired in time
	ADD COLUMN grace_used_ms  bigint NOT NULL DEFAULT 0; -- that it was suspended before, since it last served a request
UPDATE pool_resources SET suspended_at = now() WHERE status = 'SUSPENDED' AND suspended_by = 'PROVIDER';

-- Master keys change; what they protect beside the data keys does not, and is kept wrapped by the one in force.
ALTER TABLE master_keys
	ADD COLUMN root        bytea,                    -- the secret that fingerprints, hashes and blobs go by, wrapped by this key
	ADD COLUMN handover    bytea,                    -- this key, wrapped by the one before it, while servers still have that one
	ADD COLUMN external    bytea,                    -- this key, wrapped by a key service, where it comes from there
	ADD COLUMN retired_at  timestamptz;
-- A data key for what is kept of a person: destroyed with the account.
CREATE TABLE user_keys (
	user_id      text COLLATE "C" PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
	key_id       text NOT NULL,
	wrapped_key  bytea NOT NULL
);
CREATE INDEX user_keys_key ON user_keys (key_id);
CREATE INDEX secrets_key ON secrets (key_id);
-- Nothing comes under a master key that is retired or unknown. Who writes reads the key's row under a lock, so that whoever
-- retires the key waits for them, and they for it.
-- +goose StatementBegin
CREATE FUNCTION master_key_in_force() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM FROM master_keys WHERE id = NEW.key_id AND retired_at IS NULL FOR SHARE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'the master key % is retired or unknown: nothing new comes under it', NEW.key_id USING ERRCODE = 'insufficient_privilege';
	END IF;
	RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER master_key_in_force BEFORE INSERT OR UPDATE OF key_id ON secrets FOR EACH ROW EXECUTE FUNCTION master_key_in_force();
CREATE TRIGGER master_key_in_force BEFORE INSERT OR UPDATE OF key_id ON user_keys FOR EACH ROW EXECUTE FUNCTION master_key_in_force();
ALTER TABLE secrets ENABLE ALWAYS TRIGGER master_key_in_force;
ALTER TABLE user_keys ENABLE ALWAYS TRIGGER master_key_in_force;

-- +goose Down
DROP TRIGGER master_key_in_force ON secrets;
DROP INDEX secrets_key;
DROP TABLE user_keys, key_accesses, throttles, custom_roles, mails, email_links, ceremonies, identities, passkeys, recovery_codes, second_factors;
DROP FUNCTION master_key_in_force;
ALTER TABLE master_keys DROP COLUMN root, DROP COLUMN handover, DROP COLUMN external, DROP COLUMN retired_at;
ALTER TABLE pool_resources DROP COLUMN suspended_at, DROP COLUMN grace_used_ms;
DROP TRIGGER append_only ON audit_events;
DROP TRIGGER no_truncate ON audit_events;
DROP INDEX audit_events_actor;
ALTER TABLE audit_events DROP COLUMN session_id, DROP COLUMN token_id, DROP COLUMN request_id, DROP COLUMN ip, DROP COLUMN user_agent, DROP COLUMN reason;
ALTER TABLE ledger_budgets DROP COLUMN period, DROP COLUMN period_start;
ALTER TABLE api_tokens DROP COLUMN scopes, DROP COLUMN networks;
ALTER TABLE sessions DROP COLUMN last_seen_at, DROP COLUMN ip, DROP COLUMN user_agent, DROP COLUMN method, DROP COLUMN second_factor;
ALTER TABLE users DROP COLUMN email_verified_at, DROP COLUMN deleted_at, DROP COLUMN custom_roles;
