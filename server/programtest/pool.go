package programtest

import (
	"net/http"
	"strings"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

// Wallet asks for the wallet of who is signed in.
const Wallet = `{ viewer { wallet { available held owed vesting } } }`

// Available is what c can spend.
func (c *Client) Available() string {
	c.T.Helper()
	return c.Must(Wallet, nil).Get("viewer.wallet.available").String()
}

// Complete asks for a completion; Ask makes its variables.
const Complete = `mutation($i: CompleteInput!) { complete(input: $i) {
	completion { id model content finishReason promptTokens completionTokens totalTokens } creditsCharged
	usage { id status creditsCharged attempts errorCode } wallet { available held } } }`

// Ask is the variables of Complete: an article of a model, and more fields of its input.
func Ask(model string, more Vars) Vars {
	in := Vars{"model": model, "messages": []Vars{{"role": "USER", "content": "Write an article"}}}
	for k, v := range more {
		in[k] = v
	}
	return Vars{"i": in}
}

// What sets up a pool.
const (
	Deposit = `mutation($i: DepositInput!) { deposit(input: $i) { resource { id status originalQuota currentQuota maskedKey } fee credited vesting
		transaction { seq kind postings { account asset amount } } viewer { roles wallet { available } } } }`
	AddPlatformResource = `mutation($i: DepositInput!) { addPlatformResource(input: $i) { id ownerType backup currentQuota } }`
	SetModelPrice       = `mutation($i: SetModelPriceInput!) { setModelPrice(input: $i) { id name provider outputPricePerMillion } }`
	GrantCredits        = `mutation($u: ID!, $a: Credits!) { grantCredits(userId: $u, amount: $a, memo: "a test") { seq } }`
)

// GPT4 sets the prices of the worked example.
func (c *Client) GPT4() {
	c.T.Helper()
	c.Must(SetModelPrice, Vars{"i": Vars{
		"model": "gpt-4", "provider": "openai", "inputCostPerMillion": "10", "outputCostPerMillion": "30",
		"inputPricePerMillion": "0", "outputPricePerMillion": "10000",
	}})
}

// Grant gives credits.
func (c *Client) Grant(to *Client, credits string) {
	c.T.Helper()
	c.Must(GrantCredits, Vars{"u": to.ID, "a": credits})
}

// Deposit puts a sandbox key into the pool and returns the resource's id.
func (c *Client) Deposit(u *upstreamtest.Upstream, key, quota string) string {
	c.T.Helper()
	u.AddKey(key, quota)
	r := c.Must(Deposit, Vars{"i": Vars{"provider": "openai", "apiKey": key, "quota": quota, "acceptedTerms": "v3"}})
	return r.Get("deposit.resource.id").String()
}

// Platform adds a sandbox key of the platform and returns the resource's id.
func (c *Client) Platform(u *upstreamtest.Upstream, key, quota string, backup bool) string {
	c.T.Helper()
	u.AddKey(key, quota)
	r := c.Must(AddPlatformResource, Vars{"i": Vars{"provider": "openai", "apiKey": key, "quota": quota, "backup": backup}})
	return r.Get("addPlatformResource.id").String()
}

// Resource is the state of a key in figures.
func (c *Client) Resource(id string) map[string]string {
	c.T.Helper()
	r := c.Must(`query($id: ID!) { node(id: $id) { ... on PoolResource { status currentQuota reservedQuota totalRequests successfulRequests } } }`, Vars{"id": id})
	out := map[string]string{}
	for k, v := range r.Get("node").Map() {
		out[k] = v.String()
	}
	return out
}

// APIToken makes a token and returns its secret.
func (c *Client) APIToken() string {
	c.T.Helper()
	return c.Must(`mutation { createApiToken(input: {name: "v1"}) { secret } }`, nil).Get("createApiToken.secret").String()
}

// Call sends a request to the API that speaks the dialects of the field.
func (p *Program) Call(method, path, body string, header ...string) (*http.Response, gjson.Result) {
	p.T.Helper()
	req, err := http.NewRequest(method, p.URL+path, strings.NewReader(body))
	require.NoError(p.T, err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(p.T, err)
	defer func() { _ = resp.Body.Close() }()
	text := readAll(p.T, resp.Body)
	return resp, gjson.ParseBytes(text)
}
