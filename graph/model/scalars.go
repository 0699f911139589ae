package model

import (
	"encoding/json"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/vault"
)

// maxText bounds ids and cursors: none of ours is longer, and a longer one need not travel any further.
const maxText = 512

// MarshalID writes an id.
func MarshalID(id ids.ID) graphql.Marshaler { return graphql.MarshalString(string(id)) }

// UnmarshalID reads an id from a string or an Int, as GraphQL asks. What it names is for the domain to find out.
func UnmarshalID(v any) (ids.ID, error) {
	s, ok := text(v)
	if !ok || len(s) > maxText || strings.ContainsRune(s, 0) {
		return "", fault.Invalid("", "an ID is a string")
	}
	return ids.ID(s), nil
}

// MarshalTextID writes an id that is text inside: one that a client made, or that names a line of a list.
func MarshalTextID(id string) graphql.Marshaler { return graphql.MarshalString(id) }

// UnmarshalTextID reads an id that a client made.
func UnmarshalTextID(v any) (string, error) {
	id, err := UnmarshalID(v)
	return string(id), err
}

// MarshalCursor writes a cursor.
func MarshalCursor(c string) graphql.Marshaler { return graphql.MarshalString(c) }

// UnmarshalCursor reads a cursor as the server once gave it.
func UnmarshalCursor(v any) (string, error) {
	s, ok := v.(string)
	if !ok || len(s) > maxText {
		return "", fault.Invalid("", "this is not a cursor")
	}
	return s, nil
}

// MarshalTime writes a time as RFC 3339 in UTC, to the microsecond that the database keeps.
func MarshalTime(t time.Time) graphql.Marshaler {
	return graphql.MarshalString(t.UTC().Format("2006-01-02T15:04:05.999999Z07:00"))
}

// UnmarshalTime reads RFC 3339 with any offset. Years outside 1970–9999 are refused: the database has no use for them.
func UnmarshalTime(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, fault.Invalid("", "a Time is a string as in RFC 3339")
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.UTC().Year() < 1970 || t.UTC().Year() > 9999 {
		return time.Time{}, fault.Invalid("", "a Time is written as in RFC 3339: \"2026-01-31T12:00:00Z\"")
	}
	return t.UTC(), nil
}

// MarshalString writes a text.
func MarshalString(s string) graphql.Marshaler { return graphql.MarshalString(s) }

// UnmarshalString reads a text; unlike gqlgen's own it takes no number for one.
func UnmarshalString(v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", fault.Invalid("", "a String is a text")
	}
	if strings.ContainsRune(s, 0) { // which no database and no provider takes
		return "", fault.Invalid("", "a String has no NUL character")
	}
	return s, nil
}

// MarshalBigInt writes a 64-bit integer as a string.
func MarshalBigInt(n int64) graphql.Marshaler {
	return graphql.MarshalString(strconv.FormatInt(n, 10))
}

// UnmarshalBigInt reads a 64-bit integer from a string or an Int.
func UnmarshalBigInt(v any) (int64, error) {
	s, _ := text(v)
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fault.Invalid("", "a BigInt is a 64-bit integer, as a string")
	}
	return n, nil
}

// MarshalInt writes an Int.
func MarshalInt(n int) graphql.Marshaler { return MarshalInt64(int64(n)) }

// UnmarshalInt reads an Int: 32 bits, whole.
func UnmarshalInt(v any) (int, error) {
	n, err := UnmarshalInt64(v)
	return int(n), err
}

// MarshalInt64 writes an Int that Go keeps in 64 bits; GraphQL's Int ends at 32, so a larger one is written as the largest.
func MarshalInt64(n int64) graphql.Marshaler {
	n = max(math.MinInt32, min(n, math.MaxInt32))
	return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, strconv.FormatInt(n, 10)) })
}

// UnmarshalInt64 reads an Int: 32 bits, whole.
func UnmarshalInt64(v any) (int64, error) {
	if _, isText := v.(string); isText {
		return 0, errInt
	}
	s, _ := text(v)
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		return 0, errInt
	}
	return n, nil
}

var errInt = fault.Invalid("", "an Int is a whole number of at most 32 bits")

// MarshalFloat writes a Float; what is not a number is written as null.
func MarshalFloat(f float64) graphql.Marshaler {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return graphql.Null
	}
	return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, strconv.FormatFloat(f, 'g', -1, 64)) })
}

// UnmarshalFloat reads a finite Float or an Int.
func UnmarshalFloat(v any) (float64, error) {
	if f, ok := v.(float64); ok && !math.IsNaN(f) && !math.IsInf(f, 0) {
		return f, nil
	}
	s, _ := text(v)
	f, err := strconv.ParseFloat(s, 64)
	if _, isText := v.(string); isText || err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, fault.Invalid("", "a Float is a finite number")
	}
	return f, nil
}

// MarshalRate writes a rate that is kept in 10⁻⁹ as a Float, exactly.
func MarshalRate(nano int64) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, money.Format(money.USD(nano))) })
}

// UnmarshalRate reads a Float into 10⁻⁹, rounded up.
func UnmarshalRate(v any) (int64, error) {
	f, err := UnmarshalFloat(v)
	if err != nil {
		return 0, err
	}
	rate, err := money.FromFloat[money.USD](f)
	return int64(rate), err
}

// text returns a string or a whole number as it was written.
func text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	}
	return "", false
}

// MarshalKey writes a provider key the only way one may be written.
func MarshalKey(k vault.Secret) graphql.Marshaler { return graphql.MarshalString(k.String()) }

// UnmarshalKey takes a provider key out of the plain text of an input, so that no struct carries it as a string.
func UnmarshalKey(v any) (vault.Secret, error) {
	s, ok := v.(string)
	if !ok {
		return vault.Secret{}, fault.Invalid("", "an API key is a string")
	}
	return vault.ParseKey("", s)
}
