// Package mail sends mails. A mail is put into an outbox within the transaction of what it tells of, so that it is sent if
// and only if that is committed, and stays there until a mail server has taken it; any server of the pool may send it.
//
// Invariants: what a mail says is sealed in the database, since it may hold a link that signs in; a mail that the mail
// server refuses for good, or that is a day old, is dropped and logged without its text; a mail may arrive twice, where a
// server dies after it was taken, and never not at all. The way to the mail server is encrypted, save on the loopback.
//
// Imports: ent, journal (its Execer), clock, ids. SQL is in store.go.
package mail
