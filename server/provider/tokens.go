package provider

import (
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tiktoken-go/tokenizer"
)

var (
	o200k  = sync.OnceValue(func() tokenizer.Codec { return codec(tokenizer.O200kBase) })
	cl100k = sync.OnceValue(func() tokenizer.Codec { return codec(tokenizer.Cl100kBase) })
)

func codec(e tokenizer.Encoding) tokenizer.Codec {
	c, err := tokenizer.Get(e)
	if err != nil {
		panic(err) // the two encodings are in the library
	}
	return c
}

const (
	maxWord  = 1 << 10   // merging is quadratic in the length of a word, so no word may be longer
	maxExact = 512 << 10 // beyond it the count is carried on at the rate found so far
)

// CountTokens counts the tokens of text as the model's own encoding does where that is known, else as o200k does. It is for
// calls whose usage was not reported; it is exact for ordinary text up to 512 KiB and an estimate beyond that and for words of
// more than a thousand bytes.
func CountTokens(model, text string) int64 {
	if text == "" {
		return 0
	}
	enc := o200k
	if (strings.HasPrefix(model, "gpt-4") && !strings.HasPrefix(model, "gpt-4o") && !strings.HasPrefix(model, "gpt-4.")) || strings.HasPrefix(model, "gpt-3.5") {
		enc = cl100k
	}
	head := text[:cut(text, maxExact)]
	var n int64
	for rest := head; rest != ""; {
		piece := rest[:word(rest)]
		rest = rest[len(piece):]
		k, err := enc().Count(piece)
		if err != nil {
			k = (len(piece) + 3) / 4
		}
		n += int64(k)
	}
	if len(head) < len(text) {
		n += (n*int64(len(text)-len(head)) + int64(len(head)) - 1) / int64(len(head))
	}
	return max(n, 1)
}

// word returns where to cut the next piece: before a space that follows a letter, so that words stay whole, in the last
// quarter of 8 spans; a piece without such a place is cut after one span.
func word(s string) int {
	const most = 8 * maxWord
	if len(s) <= maxWord {
		return len(s)
	}
	end := min(len(s), most)
	longest, start := 0, 0
	at := 0
	for i := 1; i < end; i++ {
		if s[i] != ' ' {
			continue
		}
		longest = max(longest, i-start)
		if longest > maxWord {
			break
		}
		start = i
		if c := s[i-1]; c >= 'a' && c <= 'z' {
			at = i
		}
	}
	if longest <= maxWord && end == len(s) && end-start <= maxWord {
		return end
	}
	if at > 0 {
		return at
	}
	return cut(s, maxWord)
}

// cut returns the greatest index up to n that does not split a character.
func cut(s string, n int) int {
	if n >= len(s) {
		return len(s)
	}
	for i := n; i > n-utf8.UTFMax && i > 0; i-- {
		if utf8.RuneStart(s[i]) {
			return i
		}
	}
	return n
}
