// Package dialect translates requests and answers between the dialects of the field, where the one that a client speaks
// is not the one that a provider understands. OpenAI's chat completions are the hub: every other dialect is translated
// into it and out of it, and two translators in a row serve any pair.
//
//	client                     hub                  provider
//	/v1/messages   ──────▶  chat request  ──────▶  Anthropic's messages, Gemini's generateContent
//	/v1/responses  ◀──────  chat answer   ◀──────
//
// Everything here is pure: documents in, documents out, no I/O, no clock, no state but that of one stream.
//
// Invariants:
//   - What can't be said in the other dialect is refused by name (a BadUserInput on the field), never dropped in silence
//     where it would change the answer's meaning or its price. Hints (seed, user, logit_bias, …) may be dropped.
//   - Usage is carried over in the hub's form: prompt_tokens is all of the prompt, cached reads and cache writes included,
//     and prompt_tokens_details has cached_tokens and cache_write_tokens; completion_tokens is all of the output, reasoning
//     included, and completion_tokens_details has reasoning_tokens. A figure that is no whole number ≥ 0 becomes null, so
//     that the reader sees a malformed report; nothing is made up.
//   - Documents that are not of their dialect give an error, never a panic, whatever their shape.
//
// Imports: fault; gjson, sjson.
package dialect

// Emit takes an event that a Translator made. name is "" in dialects whose events have none; data is JSON and belongs to
// the receiver only until Emit returns.
type Emit func(name string, data []byte)

// Translator turns the events of one stream into those of another dialect. It belongs to one stream and one goroutine.
type Translator interface {
	// Event takes one event of the source: its name, "" where it has none, and its data, which is valid JSON and not kept.
	// It returns an error for an event that is not of the source's dialect. Errors that the provider reports inside a
	// stream are the caller's to find before.
	Event(name string, data []byte, emit Emit) error
	// End is called once, when the source ended as its dialect wants. It emits what closes the target's stream.
	End(emit Emit) error
}
