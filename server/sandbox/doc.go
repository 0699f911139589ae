// Package sandbox is a provider that speaks the OpenAI protocol, for the demo and for tests. No model stands behind it.
//
// Its keys have a quota in USD that really runs out, exact to 10⁻⁹; unknown keys are refused; faults happen where they were
// scripted and nowhere else. What a call answers depends on the request alone: the same request gets the same text and the
// same usage, unless a script says other figures. A key may be used as long as anything is left on it, so that the last call
// may take it below zero, as with real prepaid accounts.
//
// Tokens are counted cheaply: a prompt has 3 tokens, 3 more for each message, and one for every 4 bytes of text begun;
// an answer is made of words that are one token each to o200k. Nothing here runs a tokenizer.
//
// It answers under /v1 (the form of OpenAI's address), at the root (DeepSeek's), with GET /user/balance beside, and is
// directed in Go or over HTTP under /sandbox/. Imports: clock, money; net/http; gjson.
package sandbox
