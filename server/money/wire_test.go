package money_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/money"
)

func TestGraphQL_AnAmountIsADecimalString(t *testing.T) {
	var out strings.Builder
	money.Credits(9_950_000_000).MarshalGQL(&out)
	money.USD(-1).MarshalGQL(&out)
	assert.Equal(t, `"9.95""-0.000000001"`, out.String())
}

func TestGraphQL_Accepted(t *testing.T) {
	tests := map[string]any{
		"a string":          "10",
		"an Int of a query": int64(10),
		"an Int in Go":      10,
		"a variable":        json.Number("10"),
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			var credits money.Credits
			require.NoError(t, credits.UnmarshalGQL(in))
			assert.Equal(t, money.Credits(10*money.One), credits)
			var usd money.USD
			require.NoError(t, usd.UnmarshalGQL(in))
			assert.Equal(t, money.USD(10*money.One), usd)
		})
	}
}

func TestGraphQL_Refused(t *testing.T) {
	tests := map[string]any{
		"a Float of a query":       9.95,
		"a whole Float of a query": 10.0,
		"a Float in a variable":    json.Number("9.95"),
		"a whole Float":            json.Number("10.0"),
		"an exponent":              json.Number("1e3"),
		"a large exponent":         json.Number("1E3"),
		"null":                     nil,
		"a Boolean":                true,
		"a list":                   []any{"1"},
		"an object":                map[string]any{"amount": "1"},
		"a text that is no amount": "ten",
		"too large a number":       json.Number("99999999999999999999"),
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			credits, usd := money.Credits(7), money.USD(7)
			assert.Equal(t, fault.BadUserInput, fault.CodeOf(credits.UnmarshalGQL(in)))
			assert.Equal(t, fault.BadUserInput, fault.CodeOf(usd.UnmarshalGQL(in)))
			assert.Zero(t, credits)
			assert.Zero(t, usd)
		})
	}
}

func TestGraphQL_ReadsWhatItWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := amounts().Draw(t, "amount")
		var out strings.Builder
		want.MarshalGQL(&out)
		var text string
		require.NoError(t, json.Unmarshal([]byte(out.String()), &text))
		var got money.USD
		require.NoError(t, got.UnmarshalGQL(text))
		require.Equal(t, want, got)
	})
}

func TestJSON_ReadsWhatItWrites(t *testing.T) {
	type books struct {
		Credits money.Credits  `json:"credits"`
		USD     money.USD      `json:"usd"`
		None    *money.Credits `json:"none"`
	}
	rapid.Check(t, func(t *rapid.T) {
		want := books{Credits: money.Credits(amounts().Draw(t, "credits")), USD: amounts().Draw(t, "usd")}
		b, err := json.Marshal(want)
		require.NoError(t, err)
		var got books
		require.NoError(t, json.Unmarshal(b, &got))
		require.Equal(t, want, got)
	})
	b, err := json.Marshal(books{Credits: 1, USD: money.One})
	require.NoError(t, err)
	assert.JSONEq(t, `{"credits": "0.000000001", "usd": "1", "none": null}`, string(b))
}

func TestJSON_RefusesNumbers(t *testing.T) {
	for _, text := range []string{`1`, `9.95`, `"1e3"`, `null`, `{}`, `""`} {
		var credits money.Credits
		require.Error(t, json.Unmarshal([]byte(text), &credits), text)
		var usd money.USD
		require.Error(t, json.Unmarshal([]byte(text), &usd), text)
	}
}
