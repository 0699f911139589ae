// Package check watches the books: each minute, on one server at a time, it verifies what was booked since the last good
// verification, and once a day everything. What is found twice, in two snapshots, is put on record, raises an alert and
// freezes the accounts of people and resources that it is about, never the platform's. Nothing repairs itself: a person
// looks, corrects with `resourcepool ledger correct` and unfreezes.
//
// Invariants: an account is frozen for a finding once, so one that a person unfroze stays so while the same finding stands;
// every freezing and unfreezing is in the audit log, in the transaction that does it.
//
// Imports: ledger, journal, ids, clock. SQL is in store.go.
package check
