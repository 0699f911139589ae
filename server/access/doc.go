// Package access decides who may do what. Casbin evaluates an embedded model (model.conf) and policy (policy.csv); both
// are part of the program, so that no server can have another policy than its neighbour.
//
// An actor asks for an action on an object that has an owner. Objects are the root fields of the contract
// ("Mutation.deposit", action "call"), its types ("PoolResource", "read" and what is done to one), fields that only some
// may see ("User.email", "read"), and arguments that only some may use ("PoolUsageLogFilter.userId", "filter"). What the
// policy does not name is denied.
//
// Invariants: roles, status and limits come with the actor, which account reads anew for each request, so that a demotion
// acts at once; a decision depends on nothing but them, the rule's object and action, and whose the thing is, so that it
// can be remembered for as long as the program runs. An owner of "" is the platform.
//
// Imports: casbin, ids, origin, fault.
package access
