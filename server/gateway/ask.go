package gateway

import (
	"context"
	"encoding/hex"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/provider"
)

// ask is a request as the spine takes it: whose it is, what decides about its price, and what goes to the provider.
type ask struct {
	actor    *access.Actor
	kind     provider.Kind
	asked    string // the model, as the client calls it
	model    string // on the price list
	members  []byte // what goes to the provider as it came
	prompt   prompt
	cap      int64 // the caller's own cap of the output, 0 where it has none
	choices  int64 // answers that are made and paid for, at least 1
	batch    bool  // several prompts, each with a context window of its own
	streamed bool
	relayed  bool        // the answer goes out in the dialect of the request, else as text
	usage    bool        // a stream is to tell its usage
	consumer string      // stands for the consumer at the provider
	items    int64       // texts of a list, 0 where there is no list
	unknown  []string    // members that are on no list
	beta     string      // features of Anthropic's that the client asks for
	version  string      // of Anthropic's dialect
	thread   string      // the conversation that the request goes on with, "" where that does not matter
	key      *ledger.Key // nil: the request is not to be repeated
	count    func() int64
}

// prompt is what bounds the tokens of a request's prompt from above.
type prompt struct {
	bytes    int64 // of all text, tools and schemas included
	messages int64
	images   int64
	embedded int64 // bytes of documents that are part of the request
	tools    bool  // some providers put instructions of their own before them
	open     bool  // it has parts of which only the context window is a bound
	caches   bool  // it asks for parts to be kept in a cache
	longLife bool  // and that for an hour
}

// delivery is where and within what limits a request is sent.
type delivery struct {
	target    provider.Target
	key       provider.Key
	outputCap int64
	reasons   bool
	id        string
	created   int64
}

// upstream is what the gateway needs of the providers.
type upstream interface {
	Ask(ctx context.Context, r *provider.Request) (*provider.Answer, *provider.Failure)
	Stream(ctx context.Context, r *provider.Request) (*provider.Stream, *provider.Failure)
	Confirm(ctx context.Context, t provider.Target, k provider.Key) bool
}

// output is how many tokens a request with an output cap can have made in all its choices.
func (a *ask) output(outputCap int64) int64 {
	if a.kind == provider.KindEmbeddings {
		return 0
	}
	return outputCap * a.choices
}

// requested is the model's name as the client has it where that is another one, "" where it is the same.
func (a *ask) requested() string {
	if a.asked == a.model {
		return ""
	}
	return a.asked
}

// place is where a key may fail while it works elsewhere: a model, at an endpoint of its own.
func (a *ask) place() string {
	switch a.kind {
	case provider.KindCompletions, provider.KindEmbeddings, provider.KindResponses:
		return a.model + " (" + string(a.kind) + ")"
	}
	return a.model
}

// capField is what the client calls the output cap.
func (a *ask) capField() string {
	switch {
	case !a.relayed:
		return "input.maxTokens"
	case a.kind == provider.KindResponses:
		return "max_output_tokens"
	case a.kind == provider.KindEmbeddings:
		return "input"
	}
	return "max_tokens"
}

// request is what is sent for a.
func (a *ask) request(d delivery) *provider.Request {
	r := &provider.Request{
		Target: d.target, Key: d.key, Kind: a.kind, Model: a.model, As: a.asked, ID: d.id, Created: d.created, Members: a.members, Stream: a.streamed,
		OutputCap: d.outputCap, Items: a.items, User: a.consumer, Reasons: d.reasons, Beta: a.beta, Version: a.version,
	}
	if a.kind == provider.KindEmbeddings {
		r.OutputCap = 0
	}
	return r
}

// consumerOf stands for a person at the providers, who can neither tell who it is nor mistake one for another.
func (g *Gateway) consumerOf(a *access.Actor) string {
	return hex.EncodeToString(g.vault.Hash("consumer", []byte(a.ID))[:16])
}

// namesOf are what answers of each kind are called by their dialects.
var namesOf = map[provider.Kind]string{
	provider.KindChat: "chatcmpl-", provider.KindCompletions: "cmpl-", provider.KindEmbeddings: "emb-",
	provider.KindMessages: "msg_", provider.KindResponses: "resp_",
}

// answerID names an answer after its row of the usage log.
func answerID(k provider.Kind, usage ids.ID) string { return namesOf[k] + usage.Tail() }

// answerTokens counts an answer here: what the model thought aloud was paid for like the rest.
func answerTokens(model string, parts ...string) (n int64) {
	for _, p := range parts {
		n += provider.CountTokens(model, p)
	}
	return n
}
