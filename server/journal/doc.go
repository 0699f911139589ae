// Package journal writes the three tables that every domain adds to: changes, audit_events and alerts.
//
// changes wakes the views of things that changed without a ledger transaction; audit_events says who did what that moved
// no money; alerts is what needs a person, one open per kind and subject. Each function writes one row through the
// caller's own transaction, so that the row stands or falls with what it tells of. Nothing here reads. No key, password
// or prompt may be in an event's detail or an alert's message.
//
// Imports: ids, origin. SQL is in store.go.
package journal
