package provider

import (
	"net/url"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/dialect"
)

// way is how a request of a kind reaches a provider: at once where the provider speaks the client's dialect, else through
// chat completions, which every provider has or is translated to.
type way struct {
	path     func(p *url.URL, r *Request) *url.URL
	requests []func([]byte) ([]byte, error) // translations of the request, in their order
	wire     wire                           // the form of the provider's own answer
	in, out  leg                            // translations of the answer: to the form that is metered, and from it to the client's
	metered  Kind                           // the form in which usage is read
}

// leg translates an answer in one direction; the zero leg leaves it as it is.
type leg struct {
	whole  func([]byte) ([]byte, error)
	stream func() dialect.Translator
}

// wire is a form of answers as providers send them.
type wire struct {
	chat  bool // it is OpenAI's chat completions
	named bool // events have names
	tells bool // the first event tells of the prompt
	bare  bool // nothing says that an event is the last one: its translator knows
	// ends reports whether an event is the last one.
	ends func(name string, data []byte) bool
	// marks are members of which every whole answer has one.
	marks []string
}

var (
	chatWire      = wire{chat: true, marks: []string{"choices.0"}}
	listWire      = wire{marks: []string{"data.0"}}
	messagesWire  = wire{named: true, tells: true, marks: []string{"content"}, ends: func(name string, _ []byte) bool { return name == "message_stop" }}
	responsesWire = wire{named: true, marks: []string{"output"}, ends: func(name string, _ []byte) bool {
		return name == "response.completed" || name == "response.incomplete"
	}}
	geminiWire = wire{bare: true, marks: []string{"candidates.0", "promptFeedback"}}
)

// at is the address of an endpoint beside the base.
func at(path ...string) func(*url.URL, *Request) *url.URL {
	return func(base *url.URL, _ *Request) *url.URL { return base.JoinPath(path...) }
}

func generateContent(base *url.URL, r *Request) *url.URL {
	if !r.Stream {
		return base.JoinPath("models", r.Model+":generateContent")
	}
	u := base.JoinPath("models", r.Model+":streamGenerateContent")
	u.RawQuery = "alt=sse"
	return u
}

func (w *way) url(e *endpoint, r *Request) *url.URL {
	if w == openAIChat {
		return e.chat
	}
	return w.path(e.base, r)
}

// answers reports whether a body is an answer at all.
func (w *way) answers(body []byte) bool {
	return slices.ContainsFunc(w.wire.marks, func(m string) bool { return gjson.GetBytes(body, m).Exists() })
}

var (
	openAIChat        = &way{path: at("chat", "completions"), wire: chatWire, metered: KindChat}
	openAICompletions = &way{path: at("completions"), wire: wire{marks: []string{"choices.0"}}, metered: KindCompletions}
	openAIEmbeddings  = &way{path: at("embeddings"), wire: listWire, metered: KindEmbeddings}
	openAIResponses   = &way{path: at("responses"), wire: responsesWire, metered: KindResponses}
	anthropicMessages = &way{path: at("messages"), wire: messagesWire, metered: KindMessages}

	anthropicChat = &way{
		path: at("messages"), wire: messagesWire, metered: KindChat,
		requests: []func([]byte) ([]byte, error){dialect.ChatRequestToMessages},
		in:       leg{dialect.ChatAnswerFromMessages, dialect.ChatStreamFromMessages},
	}
	geminiChat = &way{
		path: generateContent, wire: geminiWire, metered: KindChat,
		requests: []func([]byte) ([]byte, error){dialect.ChatRequestToGemini},
		in:       leg{dialect.ChatAnswerFromGemini, dialect.ChatStreamFromGemini},
	}
	geminiEmbeddings = &way{path: at("openai", "embeddings"), wire: listWire, metered: KindEmbeddings}

	fromMessages  = dialect.MessagesRequestToChat
	toMessages    = leg{dialect.MessagesAnswerFromChat, dialect.MessagesStreamFromChat}
	fromResponses = dialect.ResponsesRequestToChat
	toResponses   = leg{dialect.ResponsesAnswerFromChat, dialect.ResponsesStreamFromChat}
)

// through is the way of a client's dialect to a provider by way of chat completions.
func (w *way) through(request func([]byte) ([]byte, error), answer leg) *way {
	out := *w
	out.requests = append([]func([]byte) ([]byte, error){request}, w.requests...)
	out.out = answer
	return &out
}

// ways are those of each dialect of providers, beside what a provider has natively.
var ways = map[dialectName]map[Kind]*way{
	openAIDialect: {
		KindChat: openAIChat, KindCompletions: openAICompletions, KindEmbeddings: openAIEmbeddings,
		KindMessages: openAIChat.through(fromMessages, toMessages), KindResponses: openAIChat.through(fromResponses, toResponses),
	},
	anthropicDialect: {
		KindChat: anthropicChat, KindMessages: anthropicMessages, KindResponses: anthropicChat.through(fromResponses, toResponses),
	},
	geminiDialect: {
		KindChat: geminiChat, KindEmbeddings: geminiEmbeddings,
		KindMessages: geminiChat.through(fromMessages, toMessages), KindResponses: geminiChat.through(fromResponses, toResponses),
	},
}

// way returns how a kind of request reaches the provider, nil where it can't.
func (p *Provider) way(k Kind) *way {
	switch {
	case k == KindResponses && p.dialect == openAIDialect && p.Has(k):
		return openAIResponses
	case (k == KindCompletions || k == KindEmbeddings) && !p.Has(k):
		return nil
	}
	return ways[p.dialect][k]
}

// Serves reports whether the provider answers requests of the kind, translated or not, with so many choices.
func Serves(provider string, k Kind, choices int64) bool {
	p, ok := Lookup(provider)
	if !ok {
		return false
	}
	w := p.way(k)
	return w != nil && (choices <= 1 || len(w.requests) == 0)
}
