package provider

import (
	"context"
	"math"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/dialect"
)

// Message is a turn of the conversation. Role is "system", "user" or "assistant".
type Message struct{ Role, Content string }

// ChatRequest asks Model for the next turn of a conversation in plain text.
type ChatRequest struct {
	Target      Target
	Key         Key
	Model       string // the provider's own name of it
	Messages    []Message
	MaxTokens   int64 // the cap of the output; 0 sends none
	Temperature *float64
	TopP        *float64
	Stop        []string
	User        string // stands for the consumer at the provider, "" for nobody
	Reasons     bool   // the model reasons before it answers
}

// Request returns r as one that Ask and Stream take.
func (r *ChatRequest) Request(stream bool) *Request {
	return &Request{
		Target: r.Target, Key: r.Key, Kind: KindChat, Model: r.Model, OutputCap: r.MaxTokens, User: r.User, Reasons: r.Reasons,
		Stream: stream, Members: ChatMembers(r.Messages, r.Temperature, r.TopP, r.Stop),
	}
}

// Chat makes one call and returns the whole answer.
func (c *Client) Chat(ctx context.Context, r ChatRequest) (*Answer, *Failure) {
	return c.Ask(ctx, r.Request(false))
}

// ChatMembers writes a conversation in plain text as members of a chat request.
func ChatMembers(messages []Message, temperature, topP *float64, stop []string) []byte {
	size := 64
	for i := range messages {
		size += len(messages[i].Content) + len(messages[i].Content)/8 + 32
	}
	b := append(make([]byte, 0, size), `"messages":[`...)
	for i, m := range messages {
		if i > 0 {
			b = append(b, ',')
		}
		b = gjson.AppendJSONString(append(b, `{"role":`...), m.Role)
		b = gjson.AppendJSONString(append(b, `,"content":`...), m.Content)
		b = append(b, '}')
	}
	b = append(b, ']')
	b = appendFloat(b, `,"temperature":`, temperature)
	b = appendFloat(b, `,"top_p":`, topP)
	for i, s := range stop {
		if i == 0 {
			b = append(b, `,"stop":[`...)
		} else {
			b = append(b, ',')
		}
		b = gjson.AppendJSONString(b, s)
	}
	if len(stop) > 0 {
		b = append(b, ']')
	}
	return b
}

func appendFloat(b []byte, name string, f *float64) []byte {
	if f == nil || math.IsNaN(*f) || math.IsInf(*f, 0) {
		return b
	}
	return strconv.AppendFloat(append(b, name...), *f, 'g', -1, 64)
}

// Readable reports whether b is JSON that is nested at most 200 deep, which parsers that recurse can take.
func Readable(b []byte) bool { return dialect.Shallow(b) && gjson.ValidBytes(b) }
