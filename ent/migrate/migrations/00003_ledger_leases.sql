-- +goose Up

-- What only one server does at a time: whoever has the lease of a job, by the database's clock.
CREATE TABLE ledger_leases (
	job        text COLLATE "C" PRIMARY KEY,
	server_id  text COLLATE "C" NOT NULL,
	until      timestamptz NOT NULL
);

-- +goose Down
DROP TABLE ledger_leases;
