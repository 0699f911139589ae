// Package httpd is the HTTP edge: one listener with /graphql, GraphiQL, the page of the program, downloads,
// the way to a provider of single sign-on and back, /healthz and /readyz.
//
// What holds for every request is here, before anything reads a body: the Host is one of ours, a browser's page comes from
// an origin that is allowed, bodies are bounded and uncompressed, headers and bodies arrive in time, the caller's address
// is taken from trusted proxies alone, and a panic is an answer with a reference. Who the caller is comes from a session's
// cookie or a bearer token and goes into the context (access.With).
//
// Imports: chi, access, account (what single sign-on takes and gives), origin, fault, clock, ids, limit. The GraphQL handler, the makers of downloads and the frontend's
// files are handed in.
package httpd
