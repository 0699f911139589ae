// Package account owns people: users, their roles and status, sessions, API tokens, and who the sender of a request is.
//
// People sign in with a password, with a passkey (WebAuthn; its device asks who is there, so it is two factors in one), or
// at a provider of single sign-on (package sso). What is begun with a browser, a ceremony, is sealed and kept for five
// minutes, and answered once.
//
// Passwords are hashed with argon2id, a few at a time for the whole server; secrets of sessions and tokens are 256 random
// bits of which only the SHA-256 is stored. What a request may do is access's question; here it is answered who sends it,
// with roles and status as they are in the database now: a change acts at once on this server and within a second on
// every other (the cache of actors is that young, and Invalidate empties it earlier). Custom roles are rows; what they allow
// access's policy is told here, within the same time.
//
// Invariants: an e-mail has one account; there is always an active admin once there was one, whoever demotes or freezes
// whom at the same time; every change of a person writes its audit event and its change row in the same transaction, and
// so do sign-in and sign-out; a wrong password and an unknown e-mail look and last the same; nobody learns who has passkeys;
// an identity elsewhere has one account, and comes to one with its e-mail only where both sides have verified that; nobody
// takes away their last way to sign in. What somebody could guess with is counted over all servers, before it is looked at.
//
// What is sent by mail holds a secret that is kept as a hash, serves once and not for long. A deleted account keeps its row,
// under a pseudonym, since the books name it; nothing else says whose it was.
//
// Ent and SQL are in store*.go; store_actor.go reads the ledger's budgets to know whether a token is limited, and
// store_deletion.go the pool's resources to know whether there are any.
// Imports: go-webauthn, ent, access, sso, mail, journal, limit, origin, page, ids, money, clock, fault.
package account
