// Package pool keeps the deposited keys: how they come in, how they live and end, what they are worth and what they cost.
//
// A deposit is tested with its provider, encrypted, and booked by one operation of the ledger: the resource's row, its
// secret, the ledger entries and the owner's role stand or fall together. The life of a resource is a state machine on one
// row; each move is one compare-and-set UPDATE, committed with its audit event and the row of `changes` that wakes the
// other servers.
//
//	ACTIVE ⇄ PAUSED                                  by its owner
//	ACTIVE, PAUSED → SUSPENDED by PROVIDER           the provider refuses the key or says that nothing is left on it
//	SUSPENDED by PROVIDER → ACTIVE                   verified again, or another key put in
//	ACTIVE, PAUSED, SUSPENDED → SUSPENDED by ADMIN   lifted by an admin's resumeResource alone
//	the same → SUSPENDED by MONITOR                  the stored key does not open; lifted likewise
//	ACTIVE, PAUSED, SUSPENDED by PROVIDER → DEPLETED nothing left, or less than $0.01 left and a hold refused for it
//	SUSPENDED by PROVIDER → DEPLETED                 not repaired within the grace period; what is left is taken back
//	ACTIVE, PAUSED, SUSPENDED → EXPIRED              past expiresAt; what is left is taken back
//	any but WITHDRAWN → WITHDRAWN                    the key is erased once its last request has ended
//
// Beside its state, a key may rest: be left alone for a while, by itself or with its provider as a whole. Rests are rows that
// requests write, for all servers; a test that the key passes ends its own.
//
// Invariants: a key is in the pool once (the unique indexes decide, whatever was checked before); of a rejected key only
// its fingerprint and the reason are kept, in the audit log; no transaction of this package is open while a provider is
// called, since the ledger's writer may wait for the rows it locks; credit and quota move through the ledger alone. What
// this package keeps in memory (the keys for routing, the steps of running deposits) is never what decides about money.
//
// Imports: ent (files store*.go, and its row types as results), access, journal, ledger, provider, routing, vault; fault,
// clock, money, ids.
package pool
