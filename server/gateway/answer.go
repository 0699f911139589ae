package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/vault"
)

// FinishReason is why a completion ended.
type FinishReason string

// The reasons of the contract.
const (
	FinishStop          FinishReason = "STOP"
	FinishLength        FinishReason = "LENGTH"
	FinishContentFilter FinishReason = "CONTENT_FILTER"
	FinishOther         FinishReason = "OTHER"
)

func finishOf(said string) FinishReason {
	switch said {
	case "stop", "eos", "end_turn", "stop_sequence":
		return FinishStop
	case "length", "max_tokens":
		return FinishLength
	case "content_filter":
		return FinishContentFilter
	}
	return FinishOther
}

// Completion is what the consumer gets.
type Completion struct {
	ID               ids.ID
	Model            string // as asked for
	Content          string
	FinishReason     FinishReason
	PromptTokens     int64
	CompletionTokens int64

	// Of a request that is answered in its own dialect: the whole answer, or the events of a streamed one.
	Body   []byte `json:",omitempty"`
	Events []byte `json:",omitempty"`
	last   []byte
	unkept bool // it is too long to be recorded
	cut    bool // its client left before the end
}

// repeated is the fault with which a repetition of c ends. One who asks again for a stream that was left is told that it was.
func (c *Completion) repeated(f *fault.Error) *fault.Error {
	switch {
	case c.unkept:
		return errUnkept
	case f == nil && c.cut && c.Events != nil:
		return errBrokeOff
	}
	return f
}

// cutTo makes c what a consumer has of an answer that did not get to its end.
func (c *Completion) cutTo(text string) { c.Content, c.FinishReason = text, FinishOther }

// Result is a completion and what was paid for it.
type Result struct {
	Completion     Completion
	CreditsCharged money.Credits
	UsageID        ids.ID
	Booked         *ledger.UsageRow // the log; nil where the answer is a repetition's
	Available      money.Credits    // left to the consumer after it; 0 where the answer is a repetition's
	Last           []byte           // the event that a stream has yet to end with, nil for none
}

// ending is how a request ended: with a result, with an error, or, where a stream broke off after output, with both.
type ending struct {
	result *Result
	err    error
}

// repeated is e as it is for those who waited for it under the same idempotency key.
func (e ending) repeated() *ending {
	if r := e.result; r != nil && e.err == nil {
		if f := r.Completion.repeated(nil); f != nil {
			e.err = f
		}
	}
	return &e
}

// record is an ending as it is kept under its idempotency key. Its JSON is stored: fields may be added, none renamed.
// What was charged is in the usage log, which has what was really paid.
type record struct {
	Usage      ids.ID         `json:"usage"`
	Completion *Completion    `json:"completion,omitempty"`
	Code       fault.Code     `json:"code,omitempty"`
	Message    string         `json:"message,omitempty"`
	Details    map[string]any `json:"details,omitempty"`
}

// recorded purposes a sealed blob for this use alone.
const recorded = "completion"

// seal returns what is recorded of an ending, nil where nobody can ask for it again: there is no idempotency key, or no
// account any more.
func (g *Gateway) seal(ctx context.Context, j *job, c *Completion, f *fault.Error) ([]byte, error) {
	if j.ask.key == nil {
		return nil, nil
	}
	r := record{Usage: j.usageID, Completion: c}
	if c != nil && c.unkept {
		r.Completion = nil
	}
	if f != nil {
		r.Code, r.Message, r.Details = f.Code, f.Message, f.Details
	}
	plain, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("gateway: write an answer: %w", err)
	}
	// Whether the client is still there does not matter: the repetition may come from another.
	sealed, err := g.vault.SealFor(context.WithoutCancel(ctx), j.ask.actor.ID, recorded, plain)
	if errors.Is(err, vault.ErrDestroyed) {
		return nil, nil
	}
	return sealed, err
}

// unseal reads what seal wrote for who asks; charged is asked for what was paid for a completion.
func (g *Gateway) unseal(ctx context.Context, a *ask, sealed []byte, charged func(usage ids.ID) (money.Credits, error)) (ending, error) {
	plain, err := g.vault.OpenFor(ctx, a.actor.ID, recorded, sealed)
	if err != nil {
		return ending{}, fmt.Errorf("gateway: open a recorded answer: %w", err)
	}
	var r record
	if err := json.Unmarshal(plain, &r); err != nil {
		return ending{}, fmt.Errorf("gateway: read a recorded answer: %w", err)
	}
	var end ending
	if r.Code != "" {
		end.err = &fault.Error{Code: r.Code, Message: r.Message, Details: r.Details}
	}
	if r.Completion != nil {
		paid, err := charged(r.Usage)
		if err != nil {
			return ending{}, err
		}
		end.result = &Result{Completion: *r.Completion, CreditsCharged: paid, UsageID: r.Usage}
	}
	return end, nil
}

// The faults that end a request after it was sent. They name neither key nor provider.
var (
	errUpstreamFailed = fault.New(fault.UpstreamFailed, "no provider gave an answer; nothing was charged")
	errUpstreamSlow   = fault.New(fault.UpstreamFailed, "the provider took too long; nothing was charged")
	errOversized      = fault.New(fault.UpstreamRejected, "the request is larger than what any key may do at a time")
	errOverlong       = fault.New(fault.UpstreamFailed, "the provider's answer was too long to be handed on; nothing was charged")
	errUnkept         = fault.New(fault.Conflict, "the answer to the first request with this idempotency key was too long to be kept; it was charged once")
	errBrokeOff       = fault.New(fault.UpstreamFailed, "the answer broke off; the part that was delivered was charged")
)

// clientGone is the error code in the usage log of a request whose client left.
const clientGone fault.Code = "CLIENT_GONE"

// rejection tells the consumer what the provider found wrong with the request. The provider's package has removed
// whatever could name a key or an account from its words; its own name goes here.
func rejection(f *provider.Failure, by string) *fault.Error {
	reason := f.Message
	names := []string{by}
	if p, ok := provider.Lookup(by); ok {
		names = append(names, p.Name)
	}
	for _, name := range names {
		reason = regexp.MustCompile("(?i)"+regexp.QuoteMeta(name)).ReplaceAllLiteralString(reason, "the provider")
	}
	return fault.New(fault.UpstreamRejected, "the request was refused: %s", reason)
}
