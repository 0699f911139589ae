// Package demo fills a fresh server with the people of the worked example and keeps traffic going, all of it through the
// public API as anybody could do it. The keys are those of a sandbox provider. Imports: sandbox, money; net/http.
package demo
