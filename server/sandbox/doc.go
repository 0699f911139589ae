// Package sandbox is a provider that speaks OpenAI's, Anthropic's and Gemini's protocols, for the demo and for tests. No
// model stands behind it, and every key and every model is known to every protocol.
//
// Its keys have a quota in USD that really runs out, exact to 10⁻⁹; unknown keys are refused; faults happen where they were
// scripted and nowhere else. What a call answers depends on the request alone: the same request gets the same text and the
// same usage, unless a script says other figures. A key may be used as long as anything is left on it, so that the last call
// may take it below zero, as with real prepaid accounts.
//
// Tokens are counted cheaply: a prompt has 3 tokens, 3 more for each message, one for every 4 bytes of text and of the tools
// begun, and 85 for an image, a file or a sound; an answer is made of words that are one token each to o200k, or of JSON,
// counted as prompts are. Nothing here runs a tokenizer.
//
// What a request decides:
//
//	tools       call the named function or the first, unless tool_choice is none or the last message is a tool's result
//	format      JSON that satisfies the simple part of the schema
//	effort      thoughts of 12 words, which count as output; gpt-5-mini has them unasked
//	n           so many choices; a stream brings a piece of each in turn
//
// Everything else is ignored, and is in Calls for tests to see. With Options.Cache a chat's prompt that begins with the
// messages of an earlier one of the account has their tokens cached, from 1024 on and in multiples of 128.
//
// OpenAI's protocol is under /v1, at the root (DeepSeek's address) and under the paths of the other providers' addresses;
// Anthropic's is POST /v1/messages and GET /v1/models with its headers, Gemini's is under /v1beta. The balance calls of
// DeepSeek, OpenRouter, SiliconFlow and Moonshot are where these have them. A refusal is in the protocol of the endpoint.
// The sandbox is directed in Go, or over HTTP under /sandbox/. Imports: clock, money; net/http; gjson.
package sandbox
