// Package money has the two exact amounts of the product, Credits and USD, as int64 counts of 10⁻⁹.
//
// The largest amount is about 9.2 billion. Nothing here is ever a float, every operation that can overflow says so, and
// products of tokens and prices are taken in 128 bits and rounded up once. On the wire an amount is a decimal string with
// at most nine fraction digits. Imports: fault.
package money

import (
	"encoding/json"
	"io"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/resourcepool/resourcepool/server/fault"
)

// Credits is an amount of what consumers pay, in 10⁻⁹ Credits.
type Credits int64

// USD is an amount of quota or cost, in 10⁻⁹ US dollars.
type USD int64

// One is 1 Credit or 1 USD.
const One = 1_000_000_000

// Amount is either of the two.
type Amount interface{ ~int64 }

// ErrOverflow is returned where a result would not fit the amount.
var ErrOverflow = fault.New(fault.BadUserInput, "the amount is too large")

// Add returns a + b, or ErrOverflow.
func Add[A Amount](a, b A) (A, error) {
	s := a + b
	if (s > a) != (b > 0) {
		return 0, ErrOverflow
	}
	return s, nil
}

// Line is tokens at a price for a million of them.
type Line[A Amount] struct {
	Tokens     int64 // ≥ 0
	PerMillion A     // ≥ 0
}

// Price returns Σ tokens × price ÷ 10⁶, exact in 128 bits and rounded up once at 10⁻⁹. It returns ErrOverflow where
// the result does not fit, and refuses negative tokens and prices.
func Price[A Amount](lines ...Line[A]) (A, error) {
	var hi, lo uint64
	for _, l := range lines {
		if l.Tokens < 0 || l.PerMillion < 0 {
			return 0, fault.New(fault.BadUserInput, "tokens and prices can't be negative")
		}
		h, m := bits.Mul64(uint64(l.Tokens), uint64(l.PerMillion))
		var carry uint64
		lo, carry = bits.Add64(lo, m, 0)
		hi, carry = bits.Add64(hi, h, carry)
		if carry != 0 {
			return 0, ErrOverflow
		}
	}
	return divCeil[A](hi, lo, 1_000_000)
}

// MulDivFloor returns a × num ÷ den rounded down. All are ≥ 0 and den > 0; a result that does not fit is ErrOverflow.
func MulDivFloor[A Amount](a A, num, den int64) (A, error) {
	hi, lo, err := product(a, num, den)
	if err != nil {
		return 0, err
	}
	if hi >= uint64(den) {
		return 0, ErrOverflow
	}
	q, _ := bits.Div64(hi, lo, uint64(den))
	return fit[A](q)
}

// MulDivCeil is MulDivFloor rounded up.
func MulDivCeil[A Amount](a A, num, den int64) (A, error) {
	hi, lo, err := product(a, num, den)
	if err != nil {
		return 0, err
	}
	return divCeil[A](hi, lo, uint64(den))
}

func product[A Amount](a A, num, den int64) (hi, lo uint64, err error) {
	if a < 0 || num < 0 || den <= 0 {
		return 0, 0, fault.New(fault.BadUserInput, "an amount or a ratio is negative")
	}
	hi, lo = bits.Mul64(uint64(a), uint64(num))
	return hi, lo, nil
}

func divCeil[A Amount](hi, lo, den uint64) (A, error) {
	if hi >= den {
		return 0, ErrOverflow
	}
	q, r := bits.Div64(hi, lo, den)
	if q > math.MaxInt64 { // before rounding up, which could wrap around to 0
		return 0, ErrOverflow
	}
	if r != 0 {
		q++
	}
	return fit[A](q)
}

func fit[A Amount](q uint64) (A, error) {
	if q > math.MaxInt64 {
		return 0, ErrOverflow
	}
	return A(q), nil
}

// Parse reads a plain decimal: an optional minus, digits, at most nine fraction digits, no exponent.
func Parse[A Amount](s string) (A, error) {
	digits, neg := strings.CutPrefix(s, "-")
	whole, frac, dot := strings.Cut(digits, ".")
	if whole == "" || (dot && frac == "") || !allDigits(whole) || !allDigits(frac) {
		return 0, fault.New(fault.BadUserInput, "an amount is a plain decimal number such as \"9.95\"")
	}
	if len(frac) > 9 {
		return 0, fault.New(fault.BadUserInput, "an amount has at most 9 fraction digits")
	}
	whole = strings.TrimLeft(whole, "0")
	if len(whole) > 10 {
		return 0, ErrOverflow
	}
	n, err := strconv.ParseUint(whole+frac+strings.Repeat("0", 9-len(frac)), 10, 64)
	if err != nil {
		return 0, ErrOverflow
	}
	if neg && n <= 1<<63 { // there is one more amount below 0 than above
		return A(-n), nil
	}
	return fit[A](n)
}

// Format writes a as Parse reads it, without trailing zeros.
func Format[A Amount](a A) string {
	sign, n := "", uint64(a)
	if a < 0 {
		sign, n = "-", -n
	}
	s := sign + strconv.FormatUint(n/One, 10)
	if frac := n % One; frac != 0 {
		f := strconv.FormatUint(frac, 10)
		s += "." + strings.TrimRight(strings.Repeat("0", 9-len(f))+f, "0")
	}
	return s
}

// FromFloat turns a published price into an exact amount: the shortest decimal that means f, rounded up at 10⁻⁹.
// It is the only way in for a float, and only for prices of the catalogue and factors of the settings.
func FromFloat[A Amount](f float64) (A, error) {
	if math.IsNaN(f) || f < 0 || f > math.MaxInt64/One {
		return 0, ErrOverflow
	}
	whole, frac, _ := strings.Cut(strconv.FormatFloat(f, 'f', -1, 64), ".")
	more := len(frac) > 9 && strings.Trim(frac[9:], "0") != ""
	if len(frac) > 9 {
		frac = frac[:9]
	}
	text := whole
	if frac != "" {
		text += "." + frac
	}
	a, err := Parse[A](text)
	if err == nil && more {
		return Add(a, 1)
	}
	return a, err
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func (c Credits) String() string { return Format(c) }
func (u USD) String() string     { return Format(u) }

// MarshalGQL writes the amount as a decimal string.
func (c Credits) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, strconv.Quote(Format(c))) }

// MarshalGQL writes the amount as a decimal string.
func (u USD) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, strconv.Quote(Format(u))) }

// UnmarshalGQL reads a decimal string or an Int; a Float is refused.
func (c *Credits) UnmarshalGQL(v any) (err error) {
	*c, err = unmarshal[Credits](v)
	return err
}

// UnmarshalGQL reads a decimal string or an Int; a Float is refused.
func (u *USD) UnmarshalGQL(v any) (err error) {
	*u, err = unmarshal[USD](v)
	return err
}

// MarshalJSON writes the amount as a decimal string.
func (c Credits) MarshalJSON() ([]byte, error) { return json.Marshal(Format(c)) }

// MarshalJSON writes the amount as a decimal string.
func (u USD) MarshalJSON() ([]byte, error) { return json.Marshal(Format(u)) }

// UnmarshalJSON reads a decimal string.
func (c *Credits) UnmarshalJSON(b []byte) error { return unmarshalJSON(b, c) }

// UnmarshalJSON reads a decimal string.
func (u *USD) UnmarshalJSON(b []byte) error { return unmarshalJSON(b, u) }

func unmarshalJSON[A Amount](b []byte, to *A) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	a, err := Parse[A](s)
	*to = a
	return err
}

func unmarshal[A Amount](v any) (A, error) {
	switch v := v.(type) {
	case string:
		return Parse[A](v)
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return 0, fault.New(fault.BadUserInput, "send an amount as a string, not as a Float")
		}
		return Parse[A](v.String())
	case int:
		return Parse[A](strconv.Itoa(v))
	case int64:
		return Parse[A](strconv.FormatInt(v, 10))
	}
	return 0, fault.New(fault.BadUserInput, "an amount is a decimal string such as \"9.95\"")
}
