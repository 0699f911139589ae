// Package v1 is the edge for programs that speak the dialects of the field: OpenAI's chat completions, completions,
// embeddings, responses and models, and Anthropic's messages. The handler is mounted by httpd, which has checked the host,
// the origin and the size of headers; who calls is found out here, by an API token alone (no cookie counts).
//
// Contract: a request reaches the gateway as it came and its answer goes out as the gateway gives it. Errors have the shape
// of the dialect that was called; their statuses are those that the official clients understand (402 out of credits, which
// none of them retries; 429 and 503 with Retry-After, which they do), and never a provider's own 401 or 403. Streams are
// flushed piece by piece and kept alive by comments; what a stream cost follows it in a comment and in trailers.
//
// No header of a provider reaches the client: all that are sent are written here.
//
// Imports: access, fault, gateway, limit, money, pool, provider, clock.
package v1
