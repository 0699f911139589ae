// Package model has the Go side of the contract's types that no domain package owns: scalars, enums, connections and
// payloads.
//
// It is written by hand; gqlgen generates no model. A type here only carries: no rule lives in it. A value that a client
// sent wrong is a fault.BadUserInput, never an internal error. Imports: gqlgen's graphql, ent, and the server's packages.
package model
