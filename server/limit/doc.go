// Package limit counts who does what how often, and refuses what is too often, over all servers together.
//
// What somebody could guess with, or wear others out with (wrong passwords and codes, new accounts, mails, refused keys),
// goes through a Throttle: each attempt is counted in Postgres before it is looked at, so that attempts at once can't pass
// together, wherever they arrive; one that was right is given back. The longer somebody goes on, the longer they wait. Where
// the database can't be asked, the attempt is refused.
//
// Ordinary requests are counted by each server in its memory, in token buckets (Limiter), and once a second all servers
// merge what they counted (Sharing). Between two merges a server does not know of what others let through: that second of
// the others is how far the count can be wrong. It is not lost: the sum has it, and whoever asked for too much waits for it.
// While the database can't be asked, each server goes by its own count.
//
// The table has no name, address or e-mail in it, only keyed hashes. What it has of those who have been quiet is swept.
//
// Imports: fault, clock. SQL is in store.go.
package limit
