// Package ent has the schema of the database and the client generated from it. Everything here is generated but
// schema/, migrate/migrations/ and this file. Imports: ids, money.
package ent

//go:generate go run -mod=mod entgo.io/ent/cmd/ent generate --target . --feature sql/upsert,sql/modifier,sql/lock,sql/execquery ./schema
