// Package vault keeps the deposited keys. It is the only place where a key exists in plain text.
//
// A key is encrypted with AES-256-GCM under a data key of its own, which is wrapped by the master key. Both are bound to
// the resource, its provider and its host (Ref), so that a ciphertext that was moved to another row, or whose host was
// edited, does not open. Deleting the row destroys the key. The master key itself encrypts nothing: every purpose
// (wrapping, fingerprints, hashes, blobs, the check value) has a sub-key derived from it by HKDF.
//
// Invariants: a master key that the database does not know is refused at start; a key in plain text leaves only as a
// Secret, which no formatter, logger, encoder or database driver can read; a decrypted key is kept in memory for at most
// five minutes. A server forgets a key at once when told to (Forget), which the feed does for changes of other servers.
// A Secret that fails to open is an error, never a value.
//
// Imports: ent (store*.go only), ids, clock, fault.
package vault
