// Package programtest runs the built program for tests that judge it from outside, as its users see it: over HTTP and
// WebSocket, on a database of its own, with providers that are sandboxes in the test's process.
//
// A package of such tests calls Main from its TestMain. Serve starts a server for one test; Shared is one for all tests of
// a package. Client and Socket are a person at it, Gate is a provider with a test's hand on it. Methods fail the test
// themselves, unless they return an error.
//
// Imports: dbtest, upstreamtest; only tests import it.
package programtest
