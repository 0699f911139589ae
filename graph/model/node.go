package model

// Node is what `node` finds by its id: *ent.User, *ent.APIToken, *ent.PoolResource, *ent.UsageLog or
// *ent.LedgerTransaction. The ent types can carry no marker method, so the compiler can't hold the list; the resolver
// makes nothing else.
type Node any
