// Package simulate replays requests over a described pool of keys and tells what each strategy of routing makes of them.
//
// Run is a discrete-event simulation in virtual time. Requests arrive as a trace or a Poisson process says; a strategy orders
// the keys that may serve; up to three are tried, as the gateway does; a rate limit cools a key, a fault of the server goes to
// the next. What is assumed of a key is in Key, what is assumed of conversations at Converse; README.md has it in words, and
// results.
//
// Run is pure: the same requests, pool, strategy and seed give the same Result. Luck belongs to a request and a key, not to the
// order of events, so that all strategies meet the same faults.
//
// Invariants: every request is answered or not, once; what the keys lost is what the answers cost; no quota falls below 0.
//
// Imports: fault, ids, money, routing.
package simulate
