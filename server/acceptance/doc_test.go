// Package acceptance proves the product from outside: every test starts the built program on a database of its own and
// speaks to it over HTTP and WebSocket as its users do. The providers are sandboxes in the test's process.
package acceptance
