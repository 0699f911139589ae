-- +goose Up

-- A verification that found nothing is where the next one may begin. carried are sums as they were at its head, which the
-- next one expects to have grown by what was booked since.
ALTER TABLE ledger_verifications
	ADD COLUMN from_seq  bigint NOT NULL DEFAULT 0,
	ADD COLUMN findings  text[] NOT NULL DEFAULT '{}',
	ADD COLUMN involved  text[] NOT NULL DEFAULT '{}',   -- accounts of people and resources
	ADD COLUMN carried   jsonb;
CREATE INDEX ledger_verifications_full ON ledger_verifications (id) WHERE full_run;

-- +goose Down
DROP INDEX ledger_verifications_full;
ALTER TABLE ledger_verifications DROP COLUMN from_seq, DROP COLUMN findings, DROP COLUMN involved, DROP COLUMN carried;
