// Package checkpoint makes the books provable to those who have no access to them: signed checkpoints of the ledger, proofs
// that a transaction is in them, and receipts that show one transaction to one person. README.md has the formats.
//
// A checkpoint is a signed note (C2SP tlog-checkpoint) with the size of the log, the root of the RFC 6962 tree over its
// leaves, the head of its chain and the time. It is kept outside the database, in a folder or a bucket. Invariants: a
// checkpoint is never changed or removed by the program, and none is signed that contradicts the newest one there is.
//
// What is trusted: the signing key and the place where checkpoints are kept. ledger_tree and ledger_checkpoint only spare
// work. The signer begins at the right edge of a tree that it signed, taken from ledger_tree only where it hashes to the root
// that was signed, and goes on along ledger_transactions itself, each chained to the one before it: the root and the head
// that it signs are of the same rows. Whoever can write ledger_tree can make it read the log from its start again, or make a
// receipt fail; hashes planted ahead are replaced, and none gets signed.
//
// What the signer does not see is whether a transaction is right, that is for the ledger's own checks; nor a leaf rewritten
// in place below the edge, after it was signed: it does not read it again, and signs on with the leaf as it was. Audit sees
// it, which replays the log itself, and so does a receipt, which is verified before it is handed out.
//
// Imports: ledger, access, journal, fault, money, ids, clock; golang.org/x/mod/sumdb. SQL is in store*.go.
package checkpoint
