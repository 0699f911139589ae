// Package gateway is the data path: it takes one request of a consumer through
//
//	authorize → validate → replay → price → route → hold → call (+ failover) → settle → record
//
// whole or streamed by the same code (spine.go), whether it is GraphQL's input or a request in a dialect of the field
// (call.go). README.md says what of a request is passed on, and who bears what when something goes wrong.
//
// Invariants: nothing is sent to a provider before its most possible cost is held; every hold that this package takes is
// resolved by it, by one Settle or one Release, whatever became of the client; a failure is reported after its hold was
// released; nothing is replayed once output has reached the consumer; no error or answer tells the consumer whose key
// served, nor at which provider.
//
// Memory here (keys that rest, what runs on them, conversations, requests in flight) only saves calls: money is decided by
// the ledger alone.
//
// Imports: ent (files store*.go alone), access, journal, ledger, pool, provider, routing, vault; fault, clock, money, ids.
package gateway
