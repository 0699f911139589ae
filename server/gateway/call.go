package gateway

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/provider"
)

// Call is a request in a dialect of its client's, as it came. What of it is read here decides about its price; the rest
// reaches the provider unchanged.
type Call struct {
	Kind           provider.Kind
	Body           []byte  // a JSON object
	IdempotencyKey *string // nil: the request is not to be repeated
	Beta           string  // the anthropic-beta header
	Version        string  // the anthropic-version header
	Uncapped       bool    // an output cap is not required: the prompt is only counted
}

const (
	mostChoices = 16
	mostMembers = 128
	mostItems   = 2048    // of a list of texts to embed
	mostNumbers = 300_000 // tokens that are given as numbers
)

// reading is a Call while it is read.
type reading struct {
	ask      *ask
	body     gjson.Result
	survey   survey
	seen     map[string]bool
	names    int
	n        int64 // choices of each prompt
	prompts  int64
	countAll []gjson.Result // what the prompt is made of
	asks     bool           // there is what a request of the kind must have
	threadBy string         // prompt_cache_key
}

// read brings a call into the spine's form. It returns a BadUserInput that names the member at fault.
func (g *Gateway) read(actor *access.Actor, c Call) (*ask, error) {
	if !provider.Readable(c.Body) {
		return nil, fault.Invalid("", "the body is not JSON, or is nested too deeply")
	}
	body := gjson.ParseBytes(c.Body)
	if !body.IsObject() {
		return nil, fault.Invalid("", "the body is not a JSON object")
	}
	if err := validKey(c.IdempotencyKey); err != nil {
		return nil, fault.Invalid("Idempotency-Key", "an idempotency key has 1 to %d bytes and no control characters", maxKey)
	}
	a := &ask{
		actor: actor, kind: c.Kind, choices: 1, batch: c.Kind == provider.KindEmbeddings, relayed: true, consumer: g.consumerOf(actor), beta: harmless(c.Beta),
		members: make([]byte, 0, len(c.Body)),
	}
	if _, err := time.Parse(time.DateOnly, c.Version); err == nil {
		a.version = c.Version
	}
	if bytes.Contains(c.Body, []byte("cache_control")) || bytes.Contains(c.Body, []byte(`\u`)) {
		a.prompt.findCaches(body)
	}
	r := &reading{ask: a, body: body, survey: survey{prompt: &a.prompt}, seen: map[string]bool{}, n: 1, prompts: 1}
	if err := r.all(c.Uncapped); err != nil {
		return nil, err
	}
	g.noted.log(g.log, c.Kind, a.unknown)
	a.count = func() int64 { return countPrompt(a.model, r.countAll, a.prompt) }
	if c.IdempotencyKey != nil {
		a.key = &ledger.Key{
			Name:      "relay:" + string(c.Kind) + ":" + string(actor.ID) + ":" + *c.IdempotencyKey,
			InputHash: g.vault.Hash("input", append([]byte(c.Kind+"\x00"), c.Body...)),
		}
	}
	return a, nil
}

// all reads every member once.
func (r *reading) all(uncapped bool) (err error) {
	r.body.ForEach(func(name, v gjson.Result) bool {
		if r.names++; r.names > mostMembers {
			err = fault.Invalid("", "there are at most %d members", mostMembers)
			return false
		}
		if r.seen[name.Str] {
			err = fault.Invalid(name.Str, "this stands there twice")
			return false
		}
		r.seen[name.Str] = true
		err = r.member(name, v)
		return err == nil
	})
	if err != nil {
		return err
	}
	a := r.ask
	if !pool.ModelName(a.asked) {
		return fault.Invalid("model", "a model has a name of 1 to 200 bytes without spaces")
	}
	if a.kind == provider.KindMessages && a.cap == 0 && !uncapped {
		return fault.Invalid("max_tokens", "this is required")
	}
	if !r.asks {
		return fault.Invalid(contentOf[a.kind], "this is required")
	}
	if a.choices = r.n * r.prompts; a.choices > mostChoices {
		return fault.Invalid(contentOf[a.kind], "there are at most %d answers to a request", mostChoices)
	}
	a.prompt.bytes += int64(len(a.members))
	r.thread()
	return nil
}

// contentOf is the member that every request of a kind must have.
var contentOf = map[provider.Kind]string{
	provider.KindChat: "messages", provider.KindMessages: "messages", provider.KindCompletions: "prompt",
	provider.KindEmbeddings: "input", provider.KindResponses: "input",
}

// member reads one member.
func (r *reading) member(name, v gjson.Result) error {
	rule := ruleOf(r.ask.kind, name.Str)
	if !rule.allows(v) {
		return refusal(name.Str, rule)
	}
	switch rule.treatment {
	case unknown:
		r.ask.unknown = append(r.ask.unknown, name.Str)
	case dropped, refused:
		return nil
	case ours:
		return r.own(name, v)
	}
	if v.Type == gjson.Null {
		return nil
	}
	if name.Str == "tools" || name.Str == "functions" {
		r.ask.prompt.tools = true
		r.countAll = append(r.countAll, gjson.Result{Type: gjson.String, Str: v.Raw})
		if !v.IsArray() {
			return fault.Invalid(name.Str, "this is a list")
		}
		if name.Str == "tools" {
			if err := checkTools(r.ask.kind, v); err != nil {
				return err
			}
		}
	}
	r.keep(name, v)
	return nil
}

func (r *reading) keep(name, v gjson.Result) {
	b := r.ask.members
	if len(b) > 0 {
		b = append(b, ',')
	}
	r.ask.members = append(append(append(b, name.Raw...), ':'), v.Raw...)
}

// own reads a member that decides about the request.
func (r *reading) own(name, v gjson.Result) error {
	a := r.ask
	if v.Type == gjson.Null && name.Str != "model" {
		return nil
	}
	switch name.Str {
	case "model":
		a.asked = v.Str
	case "stream":
		if v.Type != gjson.True && v.Type != gjson.False {
			return fault.Invalid("stream", "this is true or false")
		}
		a.streamed = v.Bool() && a.kind != provider.KindEmbeddings
	case "stream_options":
		a.usage = v.Get("include_usage").Bool()
	case "max_tokens", "max_completion_tokens", "max_output_tokens":
		n, ok := whole(v, mostTokens)
		if !ok {
			return fault.Invalid(name.Str, "this is a whole number between 1 and %d", mostTokens)
		}
		if a.cap == 0 || n < a.cap {
			a.cap = n
		}
	case "n", "best_of":
		n, ok := whole(v, mostChoices)
		if !ok {
			return fault.Invalid(name.Str, "this is a whole number between 1 and %d", mostChoices)
		}
		r.n = max(r.n, n)
		if n > 1 {
			r.keep(name, v)
		}
	case "prompt_cache_key":
		r.threadBy = v.String()
	case "messages":
		return r.conversation(name, v)
	default:
		return r.content(name, v)
	}
	return nil
}

// conversation reads a list of messages.
func (r *reading) conversation(name, v gjson.Result) error {
	if !v.IsArray() || !v.Get("0").Exists() {
		return fault.Invalid(name.Str, "there is at least one message, in a list")
	}
	if err := each(v, name.Str, r.survey.message); err != nil {
		return err
	}
	if r.ask.prompt.messages > maxMessages {
		return fault.Invalid(name.Str, "there are at most %d messages", maxMessages)
	}
	r.prompt(name, v)
	return nil
}

// content reads what else a prompt is made of: input, prompt, system, instructions.
func (r *reading) content(name, v gjson.Result) error {
	switch {
	case r.ask.kind == provider.KindResponses && v.IsArray():
		return r.conversation(name, v)
	case v.IsArray() && !v.Get("0").Exists(), v.Type == gjson.String && v.Str == "" && name.Str == contentOf[r.ask.kind]:
		return fault.Invalid(name.Str, "this is empty")
	case v.IsArray() && name.Str == contentOf[r.ask.kind]:
		if err := r.list(name, v); err != nil {
			return err
		}
	case v.IsArray():
		if err := each(v, name.Str, r.survey.part); err != nil {
			return err
		}
	case v.Type != gjson.String:
		return fault.Invalid(name.Str, "this is a text or a list")
	}
	r.ask.prompt.messages++
	r.prompt(name, v)
	return nil
}

// list reads a prompt, or what is to be embedded, that is a list: of texts, of lists of tokens, or of tokens.
func (r *reading) list(name, v gjson.Result) error {
	const what = "a list is of texts, of lists of tokens, or of tokens"
	first, items, numbers := v.Get("0"), int64(0), int64(0)
	err := error(nil)
	v.ForEach(func(_, one gjson.Result) bool {
		items++
		switch {
		case one.Type != first.Type || one.IsArray() != first.IsArray():
			err = fault.Invalid(name.Str, what)
		case one.Type == gjson.Number:
			numbers++
		case one.IsArray():
			one.ForEach(func(_, token gjson.Result) bool {
				numbers++
				if token.Type != gjson.Number {
					err = fault.Invalid(name.Str, what)
				}
				return err == nil && numbers <= mostNumbers
			})
		case one.Type != gjson.String:
			err = fault.Invalid(name.Str, what)
		}
		return err == nil && numbers <= mostNumbers
	})
	if err != nil {
		return err
	}
	if first.Type == gjson.Number {
		items = 1
	}
	if items > mostItems || numbers > mostNumbers {
		return fault.Invalid(name.Str, "a list has at most %d texts and %d tokens", mostItems, mostNumbers)
	}
	r.ask.items = items
	if r.ask.kind == provider.KindCompletions {
		r.prompts = items // each of them is completed
		r.ask.batch = items > 1
	}
	return nil
}

// prompt keeps what the prompt is made of.
func (r *reading) prompt(name, v gjson.Result) {
	r.asks = r.asks || name.Str == contentOf[r.ask.kind]
	r.countAll = append(r.countAll, v)
	r.keep(name, v)
}

// whole reads a whole number from 1 to most.
func whole(v gjson.Result, most int64) (int64, bool) {
	n := v.Int()
	return n, v.Type == gjson.Number && float64(n) == v.Num && n >= 1 && n <= most
}

// newThread begins the name of a conversation: of one consumer, with one model.
func (a *ask) newThread() hash.Hash {
	h := sha256.New()
	h.Write([]byte(a.consumer + "\x00" + a.asked + "\x00"))
	return h
}

// threadBytes is what a prompt must at least have for a provider to keep it in a cache: 1024 tokens.
const threadBytes = 4096

// thread finds out which conversation a request goes on with: what the client says, else what it began with. That matters
// only where the prompt is long enough to be cached.
func (r *reading) thread() {
	a := r.ask
	if a.prompt.bytes < threadBytes || a.kind == provider.KindEmbeddings {
		return
	}
	h := a.newThread()
	h.Write([]byte(r.threadBy + "\x00"))
	if r.threadBy == "" {
		for _, name := range []string{"system", "instructions", "prompt"} {
			h.Write([]byte(r.body.Get(name).Raw))
		}
		list := r.body.Get("messages")
		if !list.Exists() {
			list = r.body.Get("input")
		}
		list.ForEach(func(_, m gjson.Result) bool {
			h.Write([]byte(m.Raw))
			return m.Get("role").Str != "user"
		})
	}
	a.thread = string(h.Sum(nil)[:16])
	if r.threadBy != "" && a.kind != provider.KindMessages { // the provider gets a key of its own for each consumer, so that none can probe another's cache
		key := hex.EncodeToString(h.Sum(nil)[:16])
		a.members = append(append(a.members, `,"prompt_cache_key":"`...), key+`"`...)
	}
}

// countPrompt counts a prompt here.
func countPrompt(model string, of []gjson.Result, p prompt) int64 {
	var b strings.Builder
	for _, v := range of {
		texts(v, "", &b)
	}
	return provider.CountTokens(model, b.String()) + p.messages*framingTokens + primingTokens + p.images*usualImage + numbersOf(of) + p.embedded/usualPage
}

// numbersOf counts the tokens that are given as numbers.
func numbersOf(of []gjson.Result) (n int64) {
	for _, v := range of {
		if !v.IsArray() {
			continue
		}
		v.ForEach(func(_, one gjson.Result) bool {
			switch {
			case one.Type == gjson.Number:
				n++
			case one.IsArray() && one.Get("0").Type == gjson.Number:
				n += one.Get("#").Int()
			}
			return true
		})
	}
	return n
}

// usualPage is how many bytes of an embedded document make about one token: a page of some fifty thousand has one or two
// thousand.
const usualPage = 32

// usualImage is what an image of a usual size takes at most providers.
const usualImage = 765

// harmlessBetas are the beginnings of features of Anthropic's that change no price and keep nothing.
var harmlessBetas = []string{"claude-code-", "interleaved-thinking-", "fine-grained-tool-streaming-", "token-efficient-tools-", "output-128k-", "prompt-caching-", "extended-cache-ttl-", "context-management-", "structured-outputs-", "effort-"}

// harmless leaves of the anthropic-beta header what may be asked for.
func harmless(beta string) string {
	var kept []string
	for name := range strings.SplitSeq(beta, ",") {
		name = strings.TrimSpace(name)
		for _, start := range harmlessBetas {
			if strings.HasPrefix(name, start) && len(name) < 64 && utf8.ValidString(name) && !bytes.ContainsAny([]byte(name), "\r\n") {
				kept = append(kept, name)
				break
			}
		}
	}
	return strings.Join(kept, ",")
}
