package gateway

import (
	"encoding/binary"
	"fmt"
	"hash"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/provider"
)

// Role is who speaks in a message.
type Role string

// The roles of the contract.
const (
	System    Role = "SYSTEM"
	User      Role = "USER"
	Assistant Role = "ASSISTANT"
)

// Message is a turn of the conversation.
type Message struct {
	Role    Role
	Content string
}

// Input asks for one completion.
type Input struct {
	Model          string
	Messages       []Message
	MaxTokens      *int // nil: as many as the default cap, the funds and the quota allow
	Temperature    *float64
	TopP           *float64
	Stop           []string
	IdempotencyKey *string
}

const (
	maxMessages = 4096
	maxText     = 8 << 20   // bytes of all messages
	mostTokens  = 1_000_000 // that a caller may ask for
	maxStops    = 4
	maxStop     = 1024 // bytes of a stop sequence
	maxKey      = 255  // bytes of an idempotency key
)

// validate returns a BadUserInput that names the argument at fault.
func (in *Input) validate() error {
	if err := validModel(in.Model); err != nil {
		return err
	}
	if err := in.validMessages(); err != nil {
		return err
	}
	if n := in.MaxTokens; n != nil && (*n < 1 || *n > mostTokens) {
		return fault.Invalid("input.maxTokens", "this is between 1 and %d", mostTokens)
	}
	if t := in.Temperature; t != nil && !(*t >= 0 && *t <= 2) { // NaN too
		return fault.Invalid("input.temperature", "a temperature is between 0 and 2")
	}
	if p := in.TopP; p != nil && !(*p >= 0 && *p <= 1) {
		return fault.Invalid("input.topP", "this is between 0 and 1")
	}
	if len(in.Stop) > maxStops {
		return fault.Invalid("input.stop", "there can be at most %d stop sequences", maxStops)
	}
	for i, s := range in.Stop {
		if s == "" || len(s) > maxStop || !utf8.ValidString(s) {
			return fault.Invalid(fmt.Sprintf("input.stop[%d]", i), "a stop sequence has 1 to %d bytes", maxStop)
		}
	}
	return validKey(in.IdempotencyKey)
}

func validModel(name string) error {
	if !pool.ModelName(name) {
		return fault.Invalid("input.model", "a model has a name of 1 to 200 bytes without spaces")
	}
	return nil
}

func (in *Input) validMessages() error {
	if n := len(in.Messages); n == 0 || n > maxMessages {
		return fault.Invalid("input.messages", "there are 1 to %d messages", maxMessages)
	}
	total := 0
	for i := range in.Messages {
		m := &in.Messages[i]
		switch {
		case m.Role != System && m.Role != User && m.Role != Assistant:
			return fault.Invalid(fmt.Sprintf("input.messages[%d].role", i), "a role is SYSTEM, USER or ASSISTANT")
		case m.Content == "":
			return fault.Invalid(fmt.Sprintf("input.messages[%d].content", i), "the message is empty")
		case !utf8.ValidString(m.Content):
			return fault.Invalid(fmt.Sprintf("input.messages[%d].content", i), "the message is not valid UTF-8")
		}
		if total += len(m.Content); total > maxText {
			return fault.Invalid("input.messages", "all messages together have at most %d MiB", maxText>>20)
		}
	}
	return nil
}

func validKey(key *string) error {
	if key == nil {
		return nil
	}
	if *key == "" || len(*key) > maxKey || !utf8.ValidString(*key) || strings.IndexFunc(*key, func(r rune) bool { return r < ' ' || r == 0x7f }) >= 0 {
		return fault.Invalid("input.idempotencyKey", "an idempotency key has 1 to %d bytes and no control characters", maxKey)
	}
	return nil
}

var wireRoles = map[Role]string{System: "system", User: "user", Assistant: "assistant"}

// members writes what of the input goes to a provider.
func (in *Input) members() []byte {
	messages := make([]provider.Message, len(in.Messages))
	for i := range in.Messages {
		messages[i] = provider.Message{Role: wireRoles[in.Messages[i].Role], Content: in.Messages[i].Content}
	}
	return provider.ChatMembers(messages, in.Temperature, in.TopP, in.Stop)
}

// thread names the conversation by what it began with, up to what was asked first.
func (in *Input) thread(h hash.Hash) string {
	for i := range in.Messages {
		m := &in.Messages[i]
		h.Write(appendText(appendText(nil, string(m.Role)), m.Content))
		if m.Role == User {
			break
		}
	}
	return string(h.Sum(nil)[:16])
}

// promptTokens counts the prompt here.
func (in *Input) promptTokens() int64 {
	n := int64(primingTokens)
	for i := range in.Messages {
		n += provider.CountTokens(in.Model, in.Messages[i].Content) + framingTokens
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

// canonical writes all that decides about the answer, length-prefixed, so that no two inputs give the same bytes. Whether
// the answer is streamed is no part of it: the same question may be repeated the other way.
func (in *Input) canonical() []byte {
	size := 64 + len(in.Model)
	for i := range in.Messages {
		size += len(in.Messages[i].Content) + 16
	}
	b := append(make([]byte, 0, size), "complete/1"...)
	b = appendText(b, in.Model)
	b = binary.AppendUvarint(b, uint64(len(in.Messages)))
	for i := range in.Messages {
		b = appendText(b, string(in.Messages[i].Role))
		b = appendText(b, in.Messages[i].Content)
	}
	b = append(b, flag(in.MaxTokens != nil))
	if in.MaxTokens != nil {
		b = binary.AppendVarint(b, int64(*in.MaxTokens))
	}
	b = appendFloat(b, in.Temperature)
	b = appendFloat(b, in.TopP)
	b = binary.AppendUvarint(b, uint64(len(in.Stop)))
	for _, s := range in.Stop {
		b = appendText(b, s)
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendFloat(b []byte, f *float64) []byte {
	if f == nil {
		return append(b, 0)
	}
	return binary.BigEndian.AppendUint64(append(b, 1), math.Float64bits(*f))
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}
