package sandbox

import (
	"net/http"
	"time"
)

// piece is what one event of a stream brings of a choice.
type piece struct {
	choice  *choice
	kind    pieceKind
	from, n int // words, or bytes of the literal
	tokens  int
}

type pieceKind int

const (
	thought   pieceKind = iota
	text                // words or a literal
	callBegin           // the name of a function
	arguments           // a part of its arguments
)

// appendText appends the text of a piece as the inside of a JSON string.
func (p piece) appendText(b []byte) []byte {
	switch ch := p.choice; {
	case p.kind == thought:
		return appendText(b, ^ch.seed, p.from, p.n)
	case ch.literal != "":
		return appendEscaped(b, ch.literal[p.from:p.from+p.n])
	default:
		return appendText(b, ch.seed, p.from, p.n)
	}
}

// next takes the next piece of a choice; false at its end.
func (ch *choice) next() (piece, bool) {
	p := piece{choice: ch}
	switch {
	case ch.thought < ch.reasoning:
		p.kind, p.from, p.n = thought, ch.thought, min(wordsPerPiece, ch.reasoning-ch.thought)
		p.tokens = p.n
		ch.thought += p.n
	case ch.function != "" && !ch.began:
		p.kind, p.tokens = callBegin, int(textTokens(ch.function))
		ch.began = true
	case ch.at < len(ch.literal):
		p.kind, p.from = text, ch.at
		if ch.function != "" {
			p.kind = arguments
		}
		// Short, so that arguments of any length come in several pieces.
		end := boundary(ch.literal, min(ch.at+min(8, (len(ch.literal)+1)/2), len(ch.literal)))
		if end <= ch.at {
			end = len(ch.literal)
		}
		p.n = end - ch.at
		p.tokens = int(textTokens(ch.literal[:end]) - textTokens(ch.literal[:ch.at]))
		ch.at = end
	case ch.at < ch.words:
		p.kind, p.from, p.n = text, ch.at, min(wordsPerPiece, ch.words-ch.at)
		p.tokens = p.n
		ch.at += p.n
	default:
		return piece{}, false
	}
	return p, true
}

// pieces yields the pieces of all choices, one of each in turn.
func (a *answer) pieces(yield func(piece) bool) {
	for more := true; more; {
		more = false
		for i := range a.choices {
			p, ok := a.choices[i].next()
			if ok && !yield(p) {
				return
			}
			more = more || ok
		}
	}
}

func (a *answer) streamTo(c *call, f form) {
	c.w.Header().Set("Content-Type", "text/event-stream")
	c.w.Header().Set("Cache-Control", "no-cache")
	out := http.NewResponseController(c.w)
	pooled := buffers.Get().(*[]byte)
	defer buffers.Put(pooled)
	b := (*pooled)[:0]
	send := func() {
		_, _ = c.w.Write(b)
		*pooled, b = b, b[:0]
	}
	// due is what the script wants where so many pieces were sent; it returns false where the stream ends with that.
	fault, sent := c.fault, 0
	due := func(last bool) bool {
		if fault == nil || (sent < fault.Chunks && !last) {
			return true
		}
		switch fault.Kind {
		case CutStream:
			_ = out.Flush()
			panic(http.ErrAbortHandler)
		case StreamError:
			_, body := c.dialect.trouble(fault.trouble(c.name), http.Header{})
			if fault.Body != "" {
				body = []byte(fault.Body)
			}
			b = f.fail(b, body)
			send()
			return false
		case Stall:
			wait := fault.Delay
			fault = nil // once
			return out.Flush() == nil && pause(c.r, wait)
		}
		return true
	}
	if b = f.begin(b, a); len(b) > 0 {
		send()
		_ = out.Flush()
	}
	for p := range a.pieces {
		if !due(false) {
			return
		}
		if d := time.Duration(p.tokens) * c.latency.PerToken; d > 0 {
			// Without latency the pieces leave as the buffer fills.
			if out.Flush() != nil || !pause(c.r, d) {
				return
			}
		}
		if b = f.piece(b, a, p); len(b) > 0 {
			send()
		}
		sent++
	}
	if due(true) {
		b = f.end(b, a)
		send()
	}
}
