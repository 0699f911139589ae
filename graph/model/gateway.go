package model

import (
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

type MessageInput struct {
	Role    MessageRole
	Content string
}

type CompleteInput struct {
	Model          string
	Messages       []*MessageInput
	MaxTokens      *int
	Temperature    *float64
	TopP           *float64
	Stop           []string
	IdempotencyKey *string
}

type Estimate struct {
	Maximum      money.Credits
	Expected     money.Credits
	PromptTokens int64
}

type Completion struct {
	ID               ids.ID
	Model            string
	Content          string
	FinishReason     FinishReason
	PromptTokens     int64
	CompletionTokens int64
	TotalTokens      int64
}

// CompletePayload answers a completion; the usage log and the wallet are read when asked for.
type CompletePayload struct {
	Completion     *Completion
	CreditsCharged money.Credits
	UsageID        ids.ID
}

type CompletionChunk struct {
	Text    string
	Done    bool
	Payload *CompletePayload
}
