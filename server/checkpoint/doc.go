// Package checkpoint makes the books provable to those who have no access to them: signed checkpoints of the ledger, proofs
// that a transaction is in them, and receipts that show one transaction to one person. README.md has the formats.
//
// A checkpoint is a signed note (C2SP tlog-checkpoint) with the size of the log, the root of the RFC 6962 tree over its
// leaves, the head of its chain and the time. It is kept outside the database, in a folder or a bucket. Invariants: a
// checkpoint is never changed or removed by the program, and none is signed that contradicts the newest one there is.
//
// What is trusted: the signing key and the place where checkpoints are kept. Nothing in the database is: ledger_tree and
// ledger_checkpoint only spare work, and whoever could write them could make the signer stop or a receipt fail, not lie.
// ledger_tree does hide a leaf rewritten in place from the signer, which goes on to sign the leaf as it was; it does not
// hide it from Audit, which replays the log itself, nor from a receipt, which is verified before it is handed out.
//
// Imports: ledger, access, journal, fault, money, ids, clock; golang.org/x/mod/sumdb. SQL is in store*.go.
package checkpoint
