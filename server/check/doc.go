// Package check watches the books: each minute, on one server at a time, it verifies what was booked since the last good
// verification, and once a day everything. What is found twice, in two snapshots, is put on record, raises an alert and
// freezes the accounts of people and resources that it is about, never the platform's. Nothing repairs itself: a person
// looks, puts it right and unfreezes. What was booked wrongly but whole is corrected with `resourcepool ledger correct`. A row
// that was tampered with is not: a correction moves the row and its entries together, so that they differ as before. There the
// row is put back as it was, from a backup or by the database's owner; until then the check fails.
//
// Invariants: checks of both kinds share one memory, the audit events of what they froze, with the causes. An account that was
// frozen for each cause that is found of it now is not frozen again, so one that a person unfroze stays so while the same
// findings stand; another cause freezes it again. A cause is a transaction, or how far a row or its holds are off. It is
// forgotten when verification passes: any, of what each minute found; a full one, of what a full run found. What is found of
// an account that is frozen already is not counted as a freezing for it: who unfreezes the account sees it frozen for that once.
// every freezing and unfreezing is in the audit log, in the transaction that does it.
//
// Imports: ledger, journal, ids, clock. SQL is in store.go.
package check
