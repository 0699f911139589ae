package money_test

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/money"
)

// edges are the numbers at which arithmetic goes wrong. Every operation is tried on all of them with one another.
var edges = []int64{
	math.MinInt64, math.MinInt64 + 1, -math.MaxInt64 / 2, -1 << 62, -1<<32 - 1, -money.One, -2, -1, 0, 1, 2, 3, 999_999, 1_000_000, 1_000_001,
	money.One - 1, money.One, money.One + 1, 1<<31 - 1, 1 << 32, 3_037_000_499, 3_037_000_500, math.MaxInt64/1_000_000 - 1, math.MaxInt64 / 1_000_000,
	math.MaxInt64/1_000_000 + 1, 1<<62 - 1, 1 << 62, math.MaxInt64/2 + 1, math.MaxInt64 - 1_000_000, math.MaxInt64 - 1, math.MaxInt64,
}

// exactly wants the amount that is want, ErrOverflow where there is none, and BAD_USER_INPUT where the input was wrong.
func exactly(t *testing.T, want *big.Int, wrong bool, got money.USD, err error, in ...int64) {
	t.Helper()
	switch {
	case wrong:
		if fault.CodeOf(err) != fault.BadUserInput || err == error(money.ErrOverflow) || got != 0 {
			t.Fatalf("%v: got %d, %v; the input is wrong", in, got, err)
		}
	case !want.IsInt64():
		if err != error(money.ErrOverflow) || got != 0 {
			t.Fatalf("%v: got %d, %v; %s is too large", in, got, err, want)
		}
	case err != nil || want.Int64() != int64(got):
		t.Fatalf("%v: got %d, %v; it is %s", in, got, err, want)
	}
}

func product(a, b int64) *big.Int { return new(big.Int).Mul(big.NewInt(a), big.NewInt(b)) }

func TestAdd_AtTheEdges(t *testing.T) {
	for _, a := range edges {
		for _, b := range edges {
			got, err := money.Add(money.USD(a), money.USD(b))
			exactly(t, new(big.Int).Add(big.NewInt(a), big.NewInt(b)), false, got, err, a, b)
		}
	}
}

func TestMulDiv_AtTheEdges(t *testing.T) {
	for _, a := range edges {
		for _, num := range edges {
			for _, den := range edges {
				wrong := a < 0 || num < 0 || den <= 0
				floor, up := new(big.Int), new(big.Int)
				if !wrong {
					floor.Quo(product(a, num), big.NewInt(den))
					up = ceil(product(a, num), den)
				}
				got, err := money.MulDivFloor(money.USD(a), num, den)
				exactly(t, floor, wrong, got, err, a, num, den)
				got, err = money.MulDivCeil(money.USD(a), num, den)
				exactly(t, up, wrong, got, err, a, num, den)
			}
		}
	}
}

func TestPrice_AtTheEdges(t *testing.T) {
	for _, tokens := range edges {
		for _, price := range edges {
			one := money.Line[money.USD]{Tokens: tokens, PerMillion: money.USD(price)}
			wrong := tokens < 0 || price < 0
			got, err := money.Price(one)
			exactly(t, ceil(product(tokens, price), 1_000_000), wrong, got, err, tokens, price)
			for _, more := range edges { // beside tokens at a price of 1, which move the remainder
				got, err := money.Price(one, money.Line[money.USD]{Tokens: more, PerMillion: 1})
				sum := new(big.Int).Add(product(tokens, price), big.NewInt(more))
				exactly(t, ceil(sum, 1_000_000), wrong || more < 0, got, err, tokens, price, more)
			}
		}
	}
}

// The largest price there is, and the one above it.
func TestPrice_FillsTheLastAmount(t *testing.T) {
	whole := money.Line[money.USD]{Tokens: 1_000_000, PerMillion: math.MaxInt64 - 1}
	got, err := money.Price(whole, money.Line[money.USD]{Tokens: 1, PerMillion: 1_000_000})
	require.NoError(t, err)
	require.Equal(t, largest, got)
	got, err = money.Price(whole, money.Line[money.USD]{Tokens: 1, PerMillion: 1})
	require.NoError(t, err)
	require.Equal(t, largest, got, "rounded up to it")
	_, err = money.Price(whole, money.Line[money.USD]{Tokens: 1, PerMillion: 1_000_001})
	require.ErrorIs(t, err, money.ErrOverflow, "rounded up beyond it")
}

func TestParse_WritesEveryEdgeAndReadsItAgain(t *testing.T) {
	for _, n := range edges {
		for _, text := range []string{money.Format(money.USD(n)), money.USD(n).String(), money.Credits(n).String()} {
			got, err := money.Parse[money.USD](text)
			require.NoError(t, err)
			require.Equal(t, money.USD(n), got)
			exact, ok := new(big.Rat).SetString(text)
			require.True(t, ok)
			require.Zero(t, exact.Cmp(big.NewRat(n, money.One)), "%s is not %d / 10⁹", text, n)
		}
	}
}

// Lines are rounded up together: never more than each alone, and less than one unit above the exact price.
func TestPrice_RoundsUpOnceWhateverTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) money.Line[money.USD] {
			return money.Line[money.USD]{Tokens: rapid.Int64Range(0, 1<<30).Draw(t, "tokens"), PerMillion: money.USD(rapid.Int64Range(0, 1<<30).Draw(t, "price"))}
		}), 1, 5).Draw(t, "lines")
		together, err := money.Price(lines...)
		require.NoError(t, err)
		apart := money.USD(0)
		backwards := make([]money.Line[money.USD], 0, len(lines))
		for i := range lines {
			one, err := money.Price(lines[len(lines)-1-i])
			require.NoError(t, err)
			apart += one
			backwards = append(backwards, lines[len(lines)-1-i])
		}
		require.LessOrEqual(t, together, apart)
		require.Less(t, apart-together, money.USD(len(lines)))
		same, err := money.Price(backwards...)
		require.NoError(t, err)
		require.Equal(t, together, same)
	})
}

// The fee is rounded up, what a contributor gets is the rest: nothing is lost, and no part of a deposit is free of it.
func TestMulDiv_TheFeeIsRoundedUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		quota, rate := money.Credits(natural(t, "quota")), rapid.Int64Range(0, money.One).Draw(t, "rate")
		fee, err := money.MulDivCeil(quota, rate, money.One)
		require.NoError(t, err)
		require.LessOrEqual(t, fee, quota)
		owed := product(int64(quota), rate)
		require.GreaterOrEqual(t, product(int64(fee), money.One).Cmp(owed), 0, "less than the rate asks")
		require.Less(t, product(int64(fee)-1, money.One).Cmp(owed), 0, "a whole unit too much")
		require.Equal(t, fee == 0, quota == 0 || rate == 0)
	})
}

// Giving a fee back in parts never gives back more than was taken, and all of it with the last part.
func TestMulDiv_PartsOfAFeeAddUpToIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		quota := max(natural(t, "quota"), 1)
		fee := money.Credits(rapid.Int64Range(0, quota).Draw(t, "fee"))
		taken, undone := int64(0), money.Credits(0)
		for range rapid.IntRange(0, 6).Draw(t, "parts") {
			part := rapid.Int64Range(0, quota-taken).Draw(t, "part")
			taken += part
			total, err := money.MulDivFloor(fee, taken, quota)
			require.NoError(t, err)
			require.GreaterOrEqual(t, total, undone)
			require.LessOrEqual(t, total-undone, money.Credits(part), "a part's fee is not above the part")
			undone = total
		}
		last, err := money.MulDivFloor(fee, quota, quota)
		require.NoError(t, err)
		require.Equal(t, fee, last)
		require.LessOrEqual(t, undone, fee)
	})
}
