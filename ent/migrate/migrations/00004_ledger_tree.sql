-- +goose Up

-- The RFC 6962 tree over the leaves of ledger_transactions, every eighth level of it: level 1 are the roots of complete
-- subtrees of 256 leaves, level 2 of 256², … It is computed from the leaves; whoever empties it has it computed anew.
CREATE TABLE ledger_tree (
	level  smallint NOT NULL,
	n      bigint NOT NULL,
	hash   bytea NOT NULL,
	PRIMARY KEY (level, n)
);

-- The newest signed checkpoint, for all servers to make proofs with. The checkpoints that count are kept elsewhere.
CREATE TABLE ledger_checkpoint (
	id    integer PRIMARY KEY CHECK (id = 1),
	size  bigint NOT NULL,
	note  text NOT NULL
) WITH (fillfactor = 50);

-- +goose Down
DROP TABLE ledger_checkpoint, ledger_tree;
