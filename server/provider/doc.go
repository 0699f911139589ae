// Package provider calls the providers of language models.
//
// It has the table of providers, the catalogue of their models and prices, the live test of a key, whole and streamed chat
// calls, and the classes of failures by which the caller decides what happens to a key and to a request. A row
// of the table says which wire dialect its provider speaks: OpenAI's, Anthropic's or Gemini's.
//
// Invariants:
//   - A key is revealed only into the header by which its provider authorizes, never into an address. No error, message or log
//     line of this package holds one: the provider's own words never leave it, save the sanitised reason of a request that the
//     provider itself refused.
//   - Keys go over https to the provider's own address, or to public addresses that an admin named; every connection checks
//     the resolved address. Redirects are never followed. Only Options.URLs, the operator's word, lifts that.
//   - What an upstream sends is bounded: headers, lines, bodies, nesting.
//   - Usage is handed on as reported, believed or not: bounds are the caller's.
//
// Imports: fault, clock, money; net/http; catwalk, tokenizer, gjson.
package provider
