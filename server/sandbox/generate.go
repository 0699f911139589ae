package sandbox

import (
	"net/http"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/money"
)

const (
	wordsPerPiece  = 4
	reasoningWords = 12
	partTokens     = 85 // of an image, a file or a sound
	maxChoices     = 128
)

// request is what of a request decides about the answer, in whichever dialect it came.
type request struct {
	model        string
	prompt       int64 // tokens
	cap          int64 // of the answer's tokens, reasoning included; 0: none
	seed         uint64
	choices      int // to answer with; 0: one
	spare        int // choices that are counted and not shown
	stream       bool
	quiet        bool      // the stream does not tell its usage
	call         *function // to call; nil: none
	object       string    // JSON to answer with; "": words
	reason       bool
	hideThoughts bool
	prefixes     *prefixes // nil: nothing is cached
}

// usage is what an answer tells. Cached and written are parts of prompt, reasoning of completion.
type usage struct{ prompt, cached, written, completion, reasoning int64 }

// finish is why a choice ended.
type finish int

const (
	stopped finish = iota
	cut            // at the cap
	called         // a function
)

// choice is one of the texts or calls that a request is answered with.
type choice struct {
	index     int
	seed      uint64
	finish    finish
	reasoning int // words
	words     int
	function  string // that it calls
	literal   string // JSON: the arguments of the function, else the text in place of words

	thought, at int  // what is streamed of the reasoning and of the rest
	began       bool // the call
}

// answer is what a call will answer.
type answer struct {
	id, model string
	choices   []choice
	usage     usage
	told      []byte // the usage as JSON, nil where none is told
	raw       bool   // told is a script's
	stream    bool
	silent    bool // no thoughts are shown
}

// form writes answers as an endpoint does. It belongs to one call.
type form interface {
	id(seed string) string
	usage(b []byte, u usage) []byte
	whole(b []byte, a *answer) []byte
	// begin, piece and end write the events of a stream, fail the one that ends it with an error.
	begin(b []byte, a *answer) []byte
	piece(b []byte, a *answer, p piece) []byte
	end(b []byte, a *answer) []byte
	fail(b, trouble []byte) []byte
}

// generate answers a call that makes something up.
func (s *Server) generate(c *call, req request, f form) {
	price, ok := s.model(c, req.model)
	if !ok {
		return
	}
	a := &answer{model: req.model, stream: req.stream, silent: req.hideThoughts}
	override := c.fault != nil && c.fault.Kind == UsageOverride && c.fault.Raw == nil
	a.choose(req, s.lengthOf, override, c.fault)
	a.usage.prompt = req.prompt
	if override {
		a.usage = usage{c.fault.Prompt, c.fault.Cached, c.fault.CacheWrite, c.fault.Completion, c.fault.Reasoning}
	} else {
		a.usage.cached = s.cached(c, req.prefixes)
	}
	u := a.usage
	if !s.charge(c, u.prompt+u.completion,
		money.Line[money.USD]{Tokens: u.prompt - u.cached - u.written, PerMillion: price.Input},
		money.Line[money.USD]{Tokens: u.cached, PerMillion: price.Cached},
		money.Line[money.USD]{Tokens: u.written, PerMillion: price.Input + price.Input/4},
		money.Line[money.USD]{Tokens: u.completion, PerMillion: price.Output},
	) {
		return
	}
	switch {
	case c.fault != nil && c.fault.Kind == NoUsage:
	case c.fault != nil && c.fault.Kind == UsageOverride && c.fault.Raw != nil:
		a.told, a.raw = c.fault.Raw, true
	case !req.stream || !req.quiet:
		a.told = f.usage(nil, u)
	}
	a.id = f.id(strconv.FormatUint(req.seed, 36))
	if !c.wait() {
		return
	}
	if req.stream {
		a.streamTo(c, f)
	} else {
		a.wholeTo(c, f)
	}
}

// lengthOf is how many words a choice has.
func (s *Server) lengthOf(seed uint64) int {
	s.mu.Lock()
	n := s.length
	s.mu.Unlock()
	if n > 0 {
		return min(n, maxAnswer)
	}
	return usualLength(seed)
}

// choose makes the choices, and counts their tokens.
func (a *answer) choose(req request, length func(uint64) int, override bool, f *Fault) {
	shown := max(req.choices, 1)
	a.choices = make([]choice, 0, shown)
	for i := range shown + req.spare {
		ch := choice{index: i, seed: req.seed}
		if i > 0 {
			ch.seed = mix(req.seed + uint64(i)) //nolint:gosec // small and not negative
		}
		if req.reason {
			ch.reasoning = reasoningWords
		}
		switch {
		case req.call != nil:
			ch.function, ch.literal, ch.finish = req.call.name, sample(req.call.schema), called
		case req.object != "":
			ch.literal = req.object
		case override:
			ch.reasoning, ch.words = int(min(f.Reasoning, maxAnswer)), int(min(f.Completion-f.Reasoning, maxAnswer))
		default:
			ch.words = length(ch.seed)
		}
		a.usage.completion += ch.limit(req.cap)
		a.usage.reasoning += int64(ch.reasoning)
		if i < shown {
			a.choices = append(a.choices, ch)
		}
	}
}

// limit cuts a choice at a number of tokens, 0 for none, and returns how many it has.
func (ch *choice) limit(most int64) int64 {
	n := ch.tokens()
	if most == 0 || n <= most {
		return n
	}
	ch.finish = cut
	ch.reasoning = int(min(int64(ch.reasoning), most))
	left := most - int64(ch.reasoning)
	ch.words = int(min(int64(ch.words), left))
	if left -= textTokens(ch.function); left < 0 {
		ch.function, left = "", 0
	}
	ch.literal = ch.literal[:boundary(ch.literal, min(int(left)*4, len(ch.literal)))]
	return ch.tokens()
}

func (ch *choice) tokens() int64 {
	return int64(ch.reasoning) + int64(ch.words) + textTokens(ch.function) + textTokens(ch.literal)
}

// boundary is the last beginning of a character in s that is not after i.
func boundary(s string, i int) int {
	for i > 0 && i < len(s) && !utf8.RuneStart(s[i]) {
		i--
	}
	return i
}

// appendText appends the text of a choice as the inside of a JSON string.
func (ch *choice) appendText(b []byte) []byte {
	if ch.literal != "" {
		return appendEscaped(b, ch.literal)
	}
	return appendText(b, ch.seed, 0, ch.words)
}

// appendThought appends the reasoning of a choice as the inside of a JSON string.
func (ch *choice) appendThought(b []byte) []byte { return appendText(b, ^ch.seed, 0, ch.reasoning) }

// arguments returns the arguments of the function that a choice calls, "{}" where they were cut.
func (ch *choice) arguments() string {
	if ch.finish == cut {
		return "{}"
	}
	return ch.literal
}

// appendEscaped appends s as the inside of a JSON string.
func appendEscaped(b []byte, s string) []byte {
	at := len(b)
	b = gjson.AppendJSONString(b, s)
	return append(b[:at], b[at+1:len(b)-1]...)
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

func (a *answer) wholeTo(c *call, f form) {
	tokens := time.Duration(0)
	for i := range a.choices {
		tokens = max(tokens, time.Duration(a.choices[i].tokens()))
	}
	if !pause(c.r, tokens*c.latency.PerToken) {
		return
	}
	if c.fault != nil && c.fault.Kind == StreamError {
		c.fault.errorBody(c)
		return
	}
	pooled := buffers.Get().(*[]byte)
	defer buffers.Put(pooled)
	b := f.whole((*pooled)[:0], a)
	*pooled = b
	h := c.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	if c.fault != nil && (c.fault.Kind == CutStream || c.fault.Kind == Stall) {
		_, _ = c.w.Write(b[:len(b)/2])
		_ = http.NewResponseController(c.w).Flush()
		if c.fault.Kind == CutStream {
			panic(http.ErrAbortHandler)
		}
		if !pause(c.r, c.fault.Delay) {
			return
		}
		b = b[len(b)/2:]
	}
	_, _ = c.w.Write(b)
}
