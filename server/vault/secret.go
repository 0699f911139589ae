package vault

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode"

	"github.com/resourcepool/resourcepool/server/fault"
)

const redacted = "[redacted]"

// maxKey bounds a key in bytes. The longest that providers give out are signed tokens of about 2 KB.
const maxKey = 4096

var errNotEncodable = errors.New("vault: a secret can't be encoded")

// Secret is a key in plain text. The zero value is an empty one.
//
// The text is held in a closure: fmt does not call the methods of unexported fields, and printers that walk a value by
// reflection ignore methods altogether, but none of them can look into a func.
type Secret struct {
	reveal func() string
}

// NewSecret returns raw as a secret, without what copying adds to a key: spaces around it, quotes, invisible characters
// and the word "Bearer".
func NewSecret(raw string) Secret { return hide(clean(raw)) }

// ParseKey is NewSecret for what a person typed: what can't be a key is a BadUserInput on field. The message never
// quotes the input.
func ParseKey(field, raw string) (Secret, error) {
	if len(raw) > 2*maxKey {
		return Secret{}, fault.Invalid(field, "this is too long for a key")
	}
	key := clean(raw)
	switch {
	case key == "":
		return Secret{}, fault.Invalid(field, "the key is empty")
	case len(key) > maxKey:
		return Secret{}, fault.Invalid(field, "this is too long for a key")
	case strings.IndexFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0:
		return Secret{}, fault.Invalid(field, "a key has no spaces, line breaks or letters outside ASCII")
	}
	return hide(key), nil
}

func hide(s string) Secret { return Secret{reveal: func() string { return s }} }

// Reveal returns the plain text. Only what sends it to its provider calls this.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// Empty reports whether there is no key in it.
func (s Secret) Empty() bool { return s.Reveal() == "" }

// Mask returns what may be shown of a key: "sk-…9f3c". Of a key of up to 12 characters nothing is shown.
func Mask(s Secret) string {
	const ellipsis, short, tail, head = "…", 12, 4, 5
	key := s.Reveal()
	if len(key) <= short {
		return ellipsis
	}
	prefix := key[:strings.IndexAny(key[:head], "-_")+1]
	return prefix + ellipsis + key[len(key)-tail:]
}

// String returns a placeholder, as do GoString, Format and LogValue.
func (Secret) String() string { return redacted }

// GoString is for %#v.
func (Secret) GoString() string { return redacted }

// Format is for every other verb of fmt.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue is for slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON fails, as do MarshalText, MarshalBinary and Value: a secret goes nowhere but to its provider.
func (Secret) MarshalJSON() ([]byte, error) { return nil, errNotEncodable }

// MarshalText fails.
func (Secret) MarshalText() ([]byte, error) { return nil, errNotEncodable }

// MarshalBinary fails.
func (Secret) MarshalBinary() ([]byte, error) { return nil, errNotEncodable }

// Value fails: a secret is no SQL parameter.
func (Secret) Value() (driver.Value, error) { return nil, errNotEncodable }

// clean strips what is no part of a key, until nothing more is found.
func clean(raw string) string {
	key := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) { // zero-width spaces and joiners, the byte order mark, direction marks
			return -1
		}
		return r
	}, raw)
	for {
		before := key
		key = strings.TrimFunc(key, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("\"'`“”‘’„«»", r) })
		for _, word := range []string{"authorization:", "bearer "} {
			if len(key) >= len(word) && strings.EqualFold(key[:len(word)], word) {
				key = key[len(word):]
			}
		}
		if key == before {
			return key
		}
	}
}

// folded is the form of a key that its fingerprint is taken of: no spaces anywhere, one case. Two real keys that differ
// in case alone don't occur, a copy that differs from its original in case does.
func folded(s Secret) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, clean(s.Reveal())))
}
