package money_test

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/money"
)

const (
	largest  = money.USD(math.MaxInt64)
	smallest = money.USD(math.MinInt64)
)

// amounts are of all sizes, the edges among them.
func amounts() *rapid.Generator[money.USD] {
	return rapid.Map(rapid.OneOf(
		rapid.Int64(),
		rapid.Int64Range(-2*money.One, 2*money.One),
		rapid.SampledFrom([]int64{0, 1, -1, money.One, math.MaxInt64, math.MinInt64, math.MinInt64 + 1}),
	), func(n int64) money.USD { return money.USD(n) })
}

func TestParse_Accepted(t *testing.T) {
	tests := map[string]money.USD{
		"0":                      0,
		"-0":                     0,
		"-0.000000000":           0,
		"1":                      money.One,
		"0001":                   money.One,
		"9.95":                   9_950_000_000,
		"9.950000000":            9_950_000_000,
		"-9.95":                  -9_950_000_000,
		"0.000000001":            1,
		"-0.000000001":           -1,
		"9223372036.854775807":   largest,
		"09223372036.854775807":  largest,
		"-9223372036.854775808":  smallest,
		"-9223372036.854775807":  smallest + 1,
		strings.Repeat("0", 999): 0,
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			got, err := money.Parse[money.USD](text)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

func TestParse_Refused(t *testing.T) {
	for _, text := range []string{
		"", "-", ".", "-.", "1.", ".5", "-.5", "+1", "--1", "1-", "1e3", "1E3", "0x10", "1_000", "1,5", "1.2.3", " 1", "1 ",
		"NaN", "Inf", "１", "1.0000000000", "0.1234567891", "٣", "1\x00",
	} {
		t.Run(text, func(t *testing.T) {
			_, err := money.Parse[money.Credits](text)
			assert.Equal(t, fault.BadUserInput, fault.CodeOf(err))
			assert.NotErrorIs(t, err, money.ErrOverflow)
		})
	}
}

func TestParse_TooLarge(t *testing.T) {
	for _, text := range []string{
		"9223372036.854775808", "-9223372036.854775809", "9223372037", "18446744073.709551615", "18446744073.709551616",
		"-18446744073.709551615", "99999999999", "1" + strings.Repeat("0", 999),
	} {
		t.Run(text, func(t *testing.T) {
			_, err := money.Parse[money.USD](text)
			require.ErrorIs(t, err, money.ErrOverflow)
		})
	}
}

func TestFormat(t *testing.T) {
	tests := map[money.USD]string{
		0: "0", 1: "0.000000001", -1: "-0.000000001", money.One: "1", 997_950_000_000: "997.95",
		-money.One / 2: "-0.5", largest: "9223372036.854775807", smallest: "-9223372036.854775808",
	}
	for amount, want := range tests {
		assert.Equal(t, want, money.Format(amount))
		assert.Equal(t, want, amount.String())
		assert.Equal(t, want, money.Credits(amount).String())
	}
}

func TestParse_ReadsWhatFormatWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := amounts().Draw(t, "amount")
		text := money.Format(want)
		got, err := money.Parse[money.USD](text)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.NotRegexp(t, `\.\d*0$|\.$|e`, text, "the shortest form")
	})
}

// Parse against exact rational numbers, for any text of digits, dots and signs.
func TestParse_AgreesWithRationalNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?[0-9]{1,12}(\.[0-9]{1,11})?`).Draw(t, "text")
		got, err := money.Parse[money.USD](text)
		want, ok := new(big.Rat).SetString(text)
		require.True(t, ok)
		want.Mul(want, big.NewRat(money.One, 1))
		_, frac, _ := strings.Cut(text, ".")
		if len(frac) > 9 || !want.Num().IsInt64() {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		require.Equal(t, want.Num().Int64(), int64(got))
	})
}

func TestAdd_AgreesWithBigIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := amounts().Draw(t, "a"), amounts().Draw(t, "b")
		got, err := money.Add(a, b)
		requireBig(t, new(big.Int).Add(big.NewInt(int64(a)), big.NewInt(int64(b))), got, err)
	})
}

func TestPrice_OfTheWorkedExample(t *testing.T) {
	tests := map[string]struct {
		prompt, completion int64
		cost               money.USD
		charge             money.Credits
	}{
		"Tom":   {2000, 1000, 50_000_000, 10 * money.One},
		"Alice": {1500, 500, 30_000_000, 5 * money.One},
		"David": {5500, 1500, 100_000_000, 15 * money.One},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cost, err := money.Price(
				money.Line[money.USD]{Tokens: tt.prompt, PerMillion: 10 * money.One},
				money.Line[money.USD]{Tokens: tt.completion, PerMillion: 30 * money.One})
			require.NoError(t, err)
			assert.Equal(t, tt.cost, cost)
			charge, err := money.Price(
				money.Line[money.Credits]{Tokens: tt.prompt},
				money.Line[money.Credits]{Tokens: tt.completion, PerMillion: 10_000 * money.One})
			require.NoError(t, err)
			assert.Equal(t, tt.charge, charge)
		})
	}
}

func TestPrice_RoundsUpOnceForAllLines(t *testing.T) {
	third := money.Line[money.USD]{Tokens: 1, PerMillion: 333_333}
	got, err := money.Price(third, third, third)
	require.NoError(t, err)
	assert.Equal(t, money.USD(1), got)

	got, err = money.Price[money.USD]()
	require.NoError(t, err)
	assert.Zero(t, got)
}

func TestPrice_RefusesNegatives(t *testing.T) {
	for _, line := range []money.Line[money.USD]{{Tokens: -1, PerMillion: 1}, {Tokens: 1, PerMillion: -1}} {
		_, err := money.Price(line)
		assert.Equal(t, fault.BadUserInput, fault.CodeOf(err))
	}
}

// What is just too large must not come out as nothing: 2⁶⁴ − ½ rounded up does not fit 64 bits.
func TestPrice_DoesNotWrapAround(t *testing.T) {
	lines := []money.Line[money.USD]{ // 2⁶⁴·10⁶ − 500 000
		{Tokens: 2_000_000, PerMillion: largest}, {Tokens: 1_500_000, PerMillion: 1},
	}
	_, err := money.Price(lines...)
	require.ErrorIs(t, err, money.ErrOverflow)

	most := money.Line[money.USD]{Tokens: math.MaxInt64, PerMillion: largest}
	_, err = money.Price(most, most, most, most, money.Line[money.USD]{Tokens: 16, PerMillion: 1 << 62}) // 2¹²⁸ + 4
	require.ErrorIs(t, err, money.ErrOverflow)
}

func TestPrice_AgreesWithBigIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sum := new(big.Int)
		lines := make([]money.Line[money.USD], rapid.IntRange(0, 6).Draw(t, "n"))
		for i := range lines {
			lines[i] = money.Line[money.USD]{Tokens: natural(t, "tokens"), PerMillion: money.USD(natural(t, "price"))}
			sum.Add(sum, new(big.Int).Mul(big.NewInt(lines[i].Tokens), big.NewInt(int64(lines[i].PerMillion))))
		}
		got, err := money.Price(lines...)
		requireBig(t, ceil(sum, 1_000_000), got, err)
	})
}

func TestMulDiv_AgreesWithBigIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, num, den := money.USD(natural(t, "a")), natural(t, "num"), max(natural(t, "den"), 1)
		product := new(big.Int).Mul(big.NewInt(int64(a)), big.NewInt(num))
		got, err := money.MulDivFloor(a, num, den)
		requireBig(t, new(big.Int).Quo(product, big.NewInt(den)), got, err)
		got, err = money.MulDivCeil(a, num, den)
		requireBig(t, ceil(product, den), got, err)
	})
}

func TestMulDiv_JustTooLarge(t *testing.T) {
	_, err := money.MulDivFloor(money.USD(1)<<62, 28, 7) // 2⁶⁴
	require.ErrorIs(t, err, money.ErrOverflow)
	_, err = money.MulDivCeil(money.USD(1)<<62, 28, 7)
	require.ErrorIs(t, err, money.ErrOverflow)
}

func TestMulDiv_TheFeeOfTheWorkedExample(t *testing.T) {
	fee, err := money.MulDivCeil(money.Credits(1000*money.One), money.One/10, money.One)
	require.NoError(t, err)
	assert.Equal(t, money.Credits(100*money.One), fee)
}

func TestMulDiv_Refused(t *testing.T) {
	for name, in := range map[string][3]int64{
		"a negative amount":    {-1, 1, 1},
		"a negative numerator": {1, -1, 1},
		"nothing to divide by": {1, 1, 0},
		"a negative divisor":   {1, 1, -1},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := money.MulDivFloor(money.USD(in[0]), in[1], in[2])
			assert.Equal(t, fault.BadUserInput, fault.CodeOf(err))
			_, err = money.MulDivCeil(money.USD(in[0]), in[1], in[2])
			assert.Equal(t, fault.BadUserInput, fault.CodeOf(err))
		})
	}
}

func TestFromFloat(t *testing.T) {
	tests := map[string]struct {
		in   float64
		want money.USD
	}{
		"nothing":                        {0, 0},
		"minus nothing":                  {math.Copysign(0, -1), 0},
		"a price as it is written":       {0.1, 100_000_000},
		"a price that binary only nears": {2.675, 2_675_000_000},
		"a factor":                       {1.2, 1_200_000_000},
		"the smallest amount":            {1e-9, 1},
		"less is rounded up":             {1e-10, 1},
		"far less too":                   {5e-324, 1},
		"ten digits are rounded up":      {0.0000000011, 2},
		"a large one":                    {9223372036, 9_223_372_036_000_000_000},
		"an exponent in print":           {1e9, 1_000_000_000 * money.One},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := money.FromFloat[money.USD](tt.in)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestFromFloat_Refused(t *testing.T) {
	for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -1e-9, 9223372037, math.MaxFloat64} {
		_, err := money.FromFloat[money.USD](f)
		require.ErrorIs(t, err, money.ErrOverflow, "%v", f)
	}
}

func TestFromFloat_IsTheLeastAmountThatIsNotBelowTheDecimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.Float64Range(0, 9e9).Draw(t, "f")
		got, err := money.FromFloat[money.USD](f)
		require.NoError(t, err)
		exact, ok := new(big.Rat).SetString(big.NewFloat(f).Text('g', -1))
		require.True(t, ok)
		exact.Mul(exact, big.NewRat(money.One, 1))
		over := new(big.Rat).Sub(big.NewRat(int64(got), 1), exact)
		require.True(t, over.Sign() >= 0 && over.Cmp(big.NewRat(1, 1)) < 0, "over by %s", over.FloatString(12))
	})
}

// natural draws a number ≥ 0 of any size.
func natural(t *rapid.T, label string) int64 {
	return rapid.OneOf(
		rapid.Int64Range(0, math.MaxInt64),
		rapid.Int64Range(0, 10_000_000),
		rapid.SampledFrom([]int64{0, 1, 2, 999_999, 1_000_000, 1_000_001, money.One, math.MaxInt64 - 1, math.MaxInt64}),
	).Draw(t, label)
}

func ceil(n *big.Int, den int64) *big.Int {
	q, r := new(big.Int).QuoRem(n, big.NewInt(den), new(big.Int))
	if r.Sign() != 0 {
		q.Add(q, big.NewInt(1))
	}
	return q
}

func requireBig(t *rapid.T, want *big.Int, got money.USD, err error) {
	if !want.IsInt64() {
		require.ErrorIs(t, err, money.ErrOverflow)
		require.Zero(t, got)
		return
	}
	require.NoError(t, err)
	require.Equal(t, want.Int64(), int64(got))
}
