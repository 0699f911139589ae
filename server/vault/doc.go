// Package vault keeps the deposited keys. It is the only place where a key exists in plain text.
//
// A key is encrypted with AES-256-GCM under a data key of its own, which is wrapped by the master key. Both are bound to
// the resource, its provider and its host (Ref), so that a ciphertext that was moved to another row, or whose host was
// edited, does not open. Deleting the row destroys the key. What is kept of a person's content is encrypted under a data
// key of theirs (SealFor), which ends with the account.
//
// The master key encrypts nothing but what wraps: data keys, and the vault's own secrets (roots), by which fingerprints,
// hashes and blobs go and which outlive it. It can be changed beside running servers (Rotate): the next one is handed over
// to them wrapped by the one in force, every data key is wrapped anew, and the old one is retired once nothing is under it.
// It is given, or wrapped by a key service (Source).
//
// Invariants: a master key that the database does not know, or no longer, is refused at start, and the database takes
// nothing under one; a key in plain text leaves only as a Secret, which no formatter, logger, encoder or database driver
// can read, and only after a row in key_accesses says what for; a decrypted key is kept in memory for at most five minutes.
// A server forgets a key at once when told to (Forget), which the feed does for changes of other servers. A Secret that
// fails to open is an error, never a value, and one under a master key that this server lacks is another error: it is the
// server that something is wrong with.
//
// Imports: ent and its SQL builder, lib/pq's arrays, page (store*.go only), ids, origin, clock, fault.
package vault
