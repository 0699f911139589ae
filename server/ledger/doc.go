// Package ledger keeps the books: double entry, append-only, chained by hashes, committed in groups.
//
// Callers hand an operation to Ledger.Do and are answered after it committed. Apply, a pure function, decides every
// operation of a batch; one writer per server commits the batch in one transaction, and several servers share one
// Postgres. README.md says what the package promises and in which order a batch takes its locks.
//
// Invariants, whatever happens: the entries of a transaction add up to 0 for each asset; an account's balance is the sum
// of its entries, and its held amount the sum of the holds on it; balance − held never falls below the account's minimum;
// seq has no gaps; a hold is resolved once. Amounts are in 10⁻⁹ of a Credit or a US dollar.
//
// Imports: ent (files store*.go alone), fault, clock, money, ids.
package ledger
