package gateway

import (
	"context"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/provider"
)

// ask is a request as the spine takes it: whose it is, what decides about its price, and, behind exchange, its dialect.
type ask struct {
	actor    *access.Actor
	model    string
	bytes    int64 // of all text that goes into the prompt
	messages int64
	asked    int64 // the caller's own cap of the output, 0 where it has none
	streamed bool
	key      *ledger.Key // nil: the request is not to be repeated
	exchange exchange
}

// exchange is a request in its dialect: how it is sent, and how large its prompt is.
type exchange interface {
	// whole sends the request and returns its whole answer.
	whole(ctx context.Context, u upstream, d delivery) (*provider.ChatResult, *provider.Failure)
	// open sends the request and returns its answer as it arrives.
	open(ctx context.Context, u upstream, d delivery) (*provider.Stream, *provider.Failure)
	// promptTokens counts the prompt here.
	promptTokens() int64
}

// delivery is where and within what limits a request is sent.
type delivery struct {
	target    provider.Target
	key       provider.Key
	outputCap int64
	reasons   bool
}

// upstream is what the gateway needs of the providers.
type upstream interface {
	Chat(ctx context.Context, r provider.ChatRequest) (*provider.ChatResult, *provider.Failure)
	ChatStream(ctx context.Context, r provider.ChatRequest) (*provider.Stream, *provider.Failure)
	Confirm(ctx context.Context, t provider.Target, k provider.Key) bool
}

// chat is the exchange of an Input.
type chat struct {
	in       *Input
	consumer string // stands for the consumer at the provider
}

var wireRoles = map[Role]string{System: "system", User: "user", Assistant: "assistant"}

func (c *chat) request(d delivery) provider.ChatRequest {
	messages := make([]provider.Message, len(c.in.Messages))
	for i := range c.in.Messages {
		messages[i] = provider.Message{Role: wireRoles[c.in.Messages[i].Role], Content: c.in.Messages[i].Content}
	}
	return provider.ChatRequest{
		Target: d.target, Key: d.key, Model: c.in.Model, Messages: messages, MaxTokens: d.outputCap,
		Temperature: c.in.Temperature, TopP: c.in.TopP, Stop: c.in.Stop, User: c.consumer, Reasons: d.reasons,
	}
}

func (c *chat) whole(ctx context.Context, u upstream, d delivery) (*provider.ChatResult, *provider.Failure) {
	return u.Chat(ctx, c.request(d))
}

func (c *chat) open(ctx context.Context, u upstream, d delivery) (*provider.Stream, *provider.Failure) {
	return u.ChatStream(ctx, c.request(d))
}

func (c *chat) promptTokens() int64 {
	n := int64(primingTokens)
	for i := range c.in.Messages {
		n += provider.CountTokens(c.in.Model, c.in.Messages[i].Content) + framingTokens
	}
	return n
}

// textBytes is what the prompt is bounded by. Stop sequences are no part of it.
func (in *Input) textBytes() (n int64) {
	for i := range in.Messages {
		n += int64(len(in.Messages[i].Content))
	}
	return n
}

// answerTokens counts an answer here: what the model thought aloud was paid for like the rest.
func answerTokens(model string, parts ...string) (n int64) {
	for _, p := range parts {
		n += provider.CountTokens(model, p)
	}
	return n
}
