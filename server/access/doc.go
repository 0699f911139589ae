// Package access decides who may do what. Casbin evaluates the model and the policy of policy.conf, which is part of the
// program, so that no server can have another policy than its neighbour; the rights of custom roles, which the operator
// defines, are added to it while the program runs.
//
// An actor asks for an action on an object that has an owner. Objects are the root fields of the contract
// ("Mutation.deposit", action "call"), its types ("PoolResource", "read" and what is done to one), fields that only some
// may see ("User.email", "read"), and arguments that only some may use ("PoolUsageLogFilter.userId", "filter"). What the
// policy does not name is denied.
//
// Invariants: roles, status and limits come with the actor, which account reads anew for each request, so that a demotion
// acts at once; a decision depends on nothing but what a question has, and is remembered for as long as the rules stay as
// they are. Rules never change: others take their place at once and for everybody (Casbin's own enforcers can reload, but
// their synchronised one hands a watcher the method without the lock). A custom role has no right that admins don't have,
// none that is about what is one's own, and none that is reserved; where custom roles can't be had, none has any right.
// An owner of "" is the platform.
//
// Imports: casbin, ids, origin, fault.
package access

//go:generate go run ./matrix ../../docs/access.md
