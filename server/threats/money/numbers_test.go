package money_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

// odd are numbers that are none of the contract's, as literals of GraphQL, of JSON, or both.
var (
	oddAlways = []string{`-1`, `1e309`, `-1e309`, `9223372036854775808`, `-9223372036854775809`, `"1e3"`, `"NaN"`, `"Infinity"`, `"-1"`, `"0x10"`, `"１"`, `" 1"`, `"1,0"`, `"+1"`, `""`, `true`, `[1, 2]`, `{}`}
	oddAmount = []string{`1.5`, `1e3`, `"1.0000000001"`, `"9223372036.854775808"`, `"9223372036854775808"`, `"1e-3"`, `".5"`, `"1."`, `"-0.000000001"`}
	oddWhole  = []string{`1.5`, `2147483648`, `-2147483649`, `"1"`}
	oddLimits = []string{`2147483647`} // for what has a limit far below
	oddZero   = []string{`0`}
)

// numeric is an argument of the contract that takes a number, in a document with a place for it.
type numeric struct {
	name, kind string // kind is its type in GraphQL
	document   string // "%s" is the argument's place
	more       [][]string
	good       string // a value that passes its check, to show that the rest of the document is good
	admin      bool
}

func numerics(tom, resource string) []numeric {
	withZero, whole := [][]string{oddAmount, oddZero}, [][]string{oddWhole}
	price := func(field, kind string) numeric {
		others := ""
		for _, f := range []string{"inputCostPerMillion", "outputCostPerMillion", "inputPricePerMillion", "outputPricePerMillion"} {
			if f != field {
				others += ", " + f + ": 1"
			}
		}
		return numeric{"setModelPrice." + field, kind, `mutation { setModelPrice(input: {model: "odd", provider: "openai", ` + field + `: %s` + others + `}) { id } }`, [][]string{oddAmount}, "1", true}
	}
	setting := func(field, kind, good string, more ...[]string) numeric {
		return numeric{"updateSettings." + field, kind, `mutation { updateSettings(input: {` + field + `: %s}) { priceMarkup } }`, more, good, true}
	}
	complete := func(root, field, kind string, more ...[]string) numeric {
		return numeric{root + "." + field, kind, `{ ` + root + `(input: {model: "gpt-4", messages: [{role: USER, content: "hi"}], ` + field + `: %s}) { __typename } }`, more, "1", root == "routingPreview"}
	}
	list := func(field string, admin bool) numeric {
		return numeric{field, "Int", `{ ` + field + `(first: %s) { totalCount } }`, [][]string{oddWhole, oddLimits}, "1", admin}
	}
	all := []numeric{
		{"deposit.quota", "USD", `mutation { deposit(input: {provider: "openai", apiKey: "sk-odd-0123456789", quota: %s}) { fee } }`, withZero, "", false},
		{"addPlatformResource.quota", "USD", `mutation { addPlatformResource(input: {provider: "openai", apiKey: "sk-odd-0123456789", quota: %s}) { id } }`, withZero, "", true},
		{"depositQuote.quota", "USD", `{ depositQuote(quota: %s) { fee } }`, withZero, "1", false},
		{"grantCredits.amount", "Credits", `mutation { grantCredits(userId: "` + tom + `", amount: %s, memo: "odd") { seq } }`, withZero, "", true},
		{"createApiToken.spendLimit", "Credits", `mutation { createApiToken(input: {name: "odd", spendLimit: %s}) { secret } }`, [][]string{oddAmount}, "1", false},
		price("inputCostPerMillion", "USD"), price("outputCostPerMillion", "USD"), price("inputPricePerMillion", "Credits"), price("outputPricePerMillion", "Credits"),
		price("minimumCharge", "Credits"), price("cachedInputCostPerMillion", "USD"),
		setting("unconfirmedTrustLimit", "USD", "1000", oddAmount), setting("lowQuotaThreshold", "USD", "10", oddAmount),
		setting("clawbackGraceHours", "Int", "72", oddWhole, oddLimits), setting("usedRecentlySeconds", "Int", "60", oddWhole, oddLimits),
		setting("depositFeeRate", "Float", "0.1", []string{`1`, `2`}), setting("priceMarkup", "Float", "1.2", []string{`1e18`}),
		setting("platformOwnedFactor", "Float", "0.8", oddZero, []string{`1.1`}), setting("lowQuotaFactor", "Float", "0.5", oddZero), setting("usedRecentlyFactor", "Float", "0.9", oddZero),
		setting("costWeight", "Float", "0.4", []string{`1.1`}), setting("performanceWeight", "Float", "0.3", []string{`1.1`}), setting("reliabilityWeight", "Float", "0.3", []string{`1.1`}),
		list("usageLogs", false), list("resources", true), list("contributors", true), list("users", true), list("ledgerTransactions", true),
	}
	for _, field := range []string{"maxConcurrency", "maxRequestsPerMinute", "maxTokensPerMinute"} {
		all = append(all, numeric{"setResourceLimits." + field, "Int", `mutation { setResourceLimits(id: "` + resource + `", ` + field + `: %s) { id } }`, whole, "1", true})
	}
	for _, root := range []string{"estimate", "routingPreview"} {
		all = append(all, complete(root, "maxTokens", "Int", oddWhole, oddZero), complete(root, "temperature", "Float"), complete(root, "topP", "Float"))
	}
	for _, field := range []struct{ name, kind string }{{"maxTokens", "Int"}, {"temperature", "Float"}, {"topP", "Float"}} {
		n := complete("complete", field.name, field.kind)
		n.document, n.good = "mutation "+n.document, ""
		if field.kind == "Int" {
			n.more = [][]string{oddWhole, oddZero}
		}
		all = append(all, n)
	}
	return all
}

// A number that is none, or not one of the contract's, is refused by name wherever the contract takes a number, and books nothing.
func TestRow42_NumberAbuse(t *testing.T) {
	t.Parallel()
	u := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, tom := p.Admin(), p.Person("tom")
	admin.GPT4()
	admin.Grant(tom, "1000")
	u.AddKey("sk-odd-0123456789", "1000000")
	resource := admin.Platform(u, platformKey, "5000", false)
	everything := `{ settings { depositFeeRate unconfirmedTrustLimit clawbackGraceHours priceMarkup costWeight usedRecentlySeconds usedRecentlyFactor }
		resources { totalCount } models { name inputPricePerMillion outputPricePerMillion } users { edges { node { wallet { available held } apiTokens { id } } } } }`
	head, state, calls := headSeq(admin), admin.Must(everything, nil).Raw, u.Totals()
	for _, n := range numerics(tom.ID, resource) {
		c := tom
		if n.admin {
			c = admin
		}
		odd := append([]string{`NaN`}, oddAlways...)
		for _, more := range n.more {
			odd = append(odd, more...)
		}
		operation, rest, _ := strings.Cut(n.document, "{")
		if operation == "" {
			operation = "query "
		}
		asVariable := operation + "($n: " + n.kind + "!) {" + fmt.Sprintf(rest, "$n")
		for _, v := range odd {
			e := refusal(t, c, fmt.Sprintf(n.document, v), nil)
			require.Equal(t, "BAD_USER_INPUT", e.Code, "%s: %s: %s", n.name, v, e.Message)
			require.NotEmpty(t, e.Field, "%s: %s: %s", n.name, v, e.Message)
			if json.Valid([]byte(v)) {
				e := refusal(t, c, asVariable, vars{"n": json.RawMessage(v)})
				require.Equal(t, "BAD_USER_INPUT", e.Code, "%s by a variable: %s: %s", n.name, v, e.Message)
				require.NotEmpty(t, e.Field, "%s by a variable: %s: %s", n.name, v, e.Message)
			}
		}
	}
	require.Equal(t, head, headSeq(admin))
	require.Equal(t, state, admin.Must(everything, nil).Raw)
	for _, n := range numerics(tom.ID, resource) { // the documents are good but for the number
		if n.good == "" {
			continue
		}
		c := tom
		if n.admin {
			c = admin
		}
		c.Must(fmt.Sprintf(n.document, n.good), nil)
	}

	auth := []string{"Content-Type", "application/json", "Authorization", "Bearer " + tom.APIToken()}
	for path, members := range map[string]struct{ body, caps string }{
		"/v1/chat/completions": {`{"model":"gpt-4","messages":[{"role":"user","content":"hi"}],%s}`, "max_tokens max_completion_tokens n"},
		"/v1/completions":      {`{"model":"gpt-4","prompt":"hi",%s}`, "max_tokens n"},
		"/v1/responses":        {`{"model":"gpt-4","input":"hi",%s}`, "max_output_tokens"},
		"/v1/messages":         {`{"model":"gpt-4","messages":[{"role":"user","content":"hi"}],%s}`, "max_tokens"},
	} {
		for _, member := range strings.Fields(members.caps) {
			for _, v := range []string{`-1`, `0`, `1e309`, `9223372036854775807`, `9223372036854775808`, `"1e3"`, `"1"`, `1.5`, `NaN`, `2147483648`, `[1]`, `{}`, `true`} {
				resp, body := p.Call(http.MethodPost, path, fmt.Sprintf(members.body, fmt.Sprintf(`"%s":%s`, member, v)), auth...)
				require.Equal(t, http.StatusBadRequest, resp.StatusCode, "%s %s: %s: %s", path, member, v, body)
			}
		}
	}
	require.Equal(t, calls, u.Totals())
	require.Equal(t, `{"available":"1000","held":"0","owed":"0","vesting":"0"}`, tom.Must(wallet, nil).Get("viewer.wallet").Raw)
	p.Verified()
}

// refusal is the first error of an answer that has to have one.
func refusal(t *testing.T, c *client, document string, v vars) *graphError {
	t.Helper()
	_, err := c.Do(document, v)
	require.Error(t, err, "%s %v", document, v)
	e, ok := err.(*graphError)
	require.True(t, ok, "%s %v: %v", document, v, err)
	return e
}
