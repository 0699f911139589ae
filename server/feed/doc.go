// Package feed tells whoever listens what was booked and what changed, on every server of a pool.
//
// A Hub reads Postgres once per server and batch: the ledger's transactions after its head, woken by the ledger's NOTIFY,
// by Poke on the server that booked, and every 100 ms without either; and the table changes, for what moves no money.
//
// What it promises. A feed of transactions has every event after its cursor once, in the order of seq, without a gap,
// over reconnects and whichever server it connects to: seq is in commit order, so what is read below the head is all
// there is. A reader that falls behind reads on from the table at its own pace; nobody waits for it. A change is told
// once at least and soon, also where it commits later than one with a higher number, and before what was booked after it.
// Views of wallets and resources are told that there is something new, not what: they read the latest state, at most four
// times a second each.
//
// Every goroutine ends with its subscriber's context or with Run, which waits for them. Rows are shared between all
// subscribers and may not be written to.
//
// Imports: ent, lib/pq's listener (store*.go alone), ledger (the names of accounts, postings), clock, fault, ids.
package feed
