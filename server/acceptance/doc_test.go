// Package acceptance proves the product from outside: every test starts the built program on a database of its own and
// speaks to it over HTTP and WebSocket as its users do, by the means of package programtest.
//
// Faults come from outside, too: a wire between a program and Postgres (wire_test.go) reads the protocol along and acts at
// a named point of a batch, a programtest.Gate before the provider at one of a call. crash_test.go plays each point at
// which a server can die; chaos_test.go lets three servers and Postgres die at random and judges by the clients' journal.
package acceptance
