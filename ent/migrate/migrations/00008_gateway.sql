-- +goose Up

-- What was asked for, where, and what it costs to have a prompt kept in a provider's cache. Rows from before asked for chats
-- by the model's own name. Constants: no row is written anew, and no guard of the log is in the way.
ALTER TABLE usage_logs
	ADD COLUMN requested_model   text NOT NULL DEFAULT '',   -- '' where it is the model's own name
	ADD COLUMN endpoint          text NOT NULL DEFAULT 'chat',
	ADD COLUMN cache_write_price bigint NOT NULL DEFAULT 0,  -- per million tokens, as the others
	ADD COLUMN cache_write_cost  bigint NOT NULL DEFAULT 0;

-- What its owner lets a key do at most at a time; 0: no limit.
ALTER TABLE pool_resources
	ADD COLUMN max_concurrency         bigint NOT NULL DEFAULT 0 CHECK (max_concurrency >= 0),
	ADD COLUMN max_requests_per_minute bigint NOT NULL DEFAULT 0 CHECK (max_requests_per_minute >= 0),
	ADD COLUMN max_tokens_per_minute   bigint NOT NULL DEFAULT 0 CHECK (max_tokens_per_minute >= 0);

-- Why a key, or a provider as a whole, is left alone for a while. It is rewritten in place, and few rows are there at a time.
CREATE TABLE rests (
	subject   text COLLATE "C" NOT NULL,             -- a resource's id, or provider:<realm>
	model     text COLLATE "C" NOT NULL,             -- '' for all of them
	why       text NOT NULL,
	until     timestamptz NOT NULL,
	failures  bigint NOT NULL CHECK (failures >= 0), -- in a row: the next rest is longer
	PRIMARY KEY (subject, model)
) WITH (fillfactor = 70);

-- Further names of models. One whose name is a model's own, or whose model is on no price list, means nothing.
CREATE TABLE model_aliases (
	name        text PRIMARY KEY,
	model       text NOT NULL,
	updated_at  timestamptz NOT NULL
);

-- +goose Down
DROP TABLE model_aliases, rests;
ALTER TABLE pool_resources DROP COLUMN max_concurrency, DROP COLUMN max_requests_per_minute, DROP COLUMN max_tokens_per_minute;
ALTER TABLE usage_logs DROP COLUMN requested_model, DROP COLUMN endpoint, DROP COLUMN cache_write_price, DROP COLUMN cache_write_cost;
