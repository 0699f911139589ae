package provider_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/sandbox"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

func verify(t *testing.T, c *provider.Client, name string) (provider.Verification, []provider.Step, error) {
	t.Helper()
	var steps []provider.Step
	v, err := c.Verify(t.Context(), provider.Target{Provider: name}, plain(canary), provider.VerifyOptions{Progress: func(s provider.Step) { steps = append(steps, s) }})
	for _, s := range steps {
		require.NotContains(t, s.Detail, "CANARY")
	}
	if err != nil {
		require.NotContains(t, err.Error(), "CANARY")
	}
	return v, steps, err
}

func names(steps []provider.Step) (out string) {
	for _, s := range steps {
		out += s.Name
		if !s.OK {
			out += "!"
		}
		out += " "
	}
	return strings.TrimSpace(out)
}

func TestVerifyWithoutABalanceAsksForOneToken(t *testing.T) {
	u := upstreamtest.New(t)
	require.NoError(t, u.Server.AddKey(sandbox.KeySpec{Key: canary, Quota: money.One, Models: []string{"gpt-4", "gpt-4o-mini", "text-embedding-3-small"}, Organization: "org-bob"}))
	v, steps, err := verify(t, client(t, u.URLs()), "openai")
	require.NoError(t, err)
	require.Equal(t, provider.Verification{Models: []string{"gpt-4", "gpt-4o-mini", "text-embedding-3-small"}, Account: "org-bob"}, v)
	require.Equal(t, "KEY MODELS BALANCE", names(steps))
	calls := u.Calls(`"max_tokens":1`)
	require.Len(t, calls, 1)
	require.Contains(t, calls[0].Body, `"gpt-4o-mini"`, "the cheapest")
}

func TestVerifyComparesNothingButReadsTheBalance(t *testing.T) {
	u := upstreamtest.New(t)
	u.AddKey(canary, "12.345678901")
	v, steps, err := verify(t, client(t, u.URLs()), "deepseek")
	require.NoError(t, err)
	require.Equal(t, "12.345678901", v.Balance.String())
	require.Equal(t, "KEY MODELS BALANCE", names(steps))
	require.Zero(t, u.Chats(canary), "a balance needs no chat")
}

func TestVerifyRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, provider string
		faults         []sandbox.Fault
		want           fault.Code
		steps          string
	}{
		{"an unknown key", "openai", []sandbox.Fault{{Kind: sandbox.Unauthorized, On: "models"}}, fault.KeyRejected, "KEY!"},
		{"a forbidden key", "openai", []sandbox.Fault{{Kind: sandbox.Unauthorized, On: "models", Status: 403, Message: "no " + canary}}, fault.KeyRejected, "KEY!"},
		{"xAI's 400", "openai", []sandbox.Fault{{Kind: sandbox.BadRequest, On: "models", Message: "Incorrect API key provided: " + canary}}, fault.KeyRejected, "KEY!"},
		{"a key that lists but can't call", "openai", []sandbox.Fault{{Kind: sandbox.ServerError, Status: 403, Count: 3}}, fault.KeyRejected, "KEY MODELS BALANCE!"},
		{"an empty key", "openai", []sandbox.Fault{{Kind: sandbox.InsufficientQuota}}, fault.DeclaredQuotaTooHigh, "KEY MODELS BALANCE!"},
		{"a provider that is down", "openai", []sandbox.Fault{{Kind: sandbox.ServerError, On: "models"}}, fault.ProviderUnreachable, "KEY!"},
		{"a provider that hangs up", "openai", []sandbox.Fault{{Kind: sandbox.LostConnection, On: "models"}}, fault.ProviderUnreachable, "KEY!"},
		{"garbage", "openai", []sandbox.Fault{{Kind: sandbox.Garbage, On: "models"}}, fault.ProviderUnreachable, "KEY!"},
		{"a redirect", "openai", []sandbox.Fault{{Kind: sandbox.Redirect, On: "models", Location: "http://127.0.0.1:1"}}, fault.ProviderUnreachable, "KEY!"},
		{"a chat that fails", "openai", []sandbox.Fault{{Kind: sandbox.ServerError}}, fault.ProviderUnreachable, "KEY MODELS BALANCE!"},
		{"a balance that fails", "deepseek", []sandbox.Fault{{Kind: sandbox.ServerError, On: "balance"}}, fault.ProviderUnreachable, "KEY MODELS BALANCE!"},
		{"a balance that is refused", "deepseek", []sandbox.Fault{{Kind: sandbox.Unauthorized, On: "balance"}}, fault.KeyRejected, "KEY MODELS BALANCE!"},
		{"nothing of what a provider has", "openai", []sandbox.Fault{{Kind: sandbox.ServerError, Status: 404, Count: 9, On: "any"}}, fault.ProviderUnreachable, "KEY MODELS BALANCE!"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u := upstreamtest.New(t)
			u.AddKey(canary, "5")
			u.Script(canary, tt.faults...)
			_, steps, err := verify(t, client(t, u.URLs()), tt.provider)
			require.Equal(t, tt.want, fault.CodeOf(err))
			require.Equal(t, tt.steps, names(steps))
			if f, _ := fault.As(err); tt.want == fault.DeclaredQuotaTooHigh {
				require.Equal(t, "0", f.Details["actualQuota"])
			}
		})
	}
	u := upstreamtest.New(t)
	u.AddKey(canary, "0")
	for _, name := range []string{"openai", "deepseek"} {
		_, _, err := verify(t, client(t, u.URLs()), name)
		require.Equal(t, fault.DeclaredQuotaTooHigh, fault.CodeOf(err))
	}
}

func TestVerifyPasses(t *testing.T) {
	for _, tt := range []struct {
		name, provider string
		faults         []sandbox.Fault
	}{
		{"under a rate limit", "openai", []sandbox.Fault{{Kind: sandbox.RateLimit, On: "any", Count: 2}}},
		{"where the cheapest model refuses", "openai", []sandbox.Fault{{Kind: sandbox.BadRequest}}},
		{"where no model takes one token", "openai", []sandbox.Fault{{Kind: sandbox.BadRequest, Count: 3}}},
		{"with a balance that can't be read", "deepseek", []sandbox.Fault{{Kind: sandbox.Garbage, On: "balance"}}},
		{"without a list of models", "openai", []sandbox.Fault{{Kind: sandbox.ServerError, Status: 404, On: "models"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u := upstreamtest.New(t)
			u.AddKey(canary, "5")
			u.Script(canary, tt.faults...)
			v, steps, err := verify(t, client(t, u.URLs()), tt.provider)
			require.NoError(t, err)
			require.NotEmpty(t, v.Models)
			require.Nil(t, v.Balance)
			require.Equal(t, "KEY MODELS BALANCE", names(steps))
		})
	}
}

func TestBalances(t *testing.T) {
	const models = `{"data":[{"id":"m"}]}`
	usd := func(s string) *money.USD {
		a, err := money.Parse[money.USD](s)
		require.NoError(t, err)
		return &a
	}
	for _, tt := range []struct {
		name, provider   string
		answers          map[string]string
		balance, ceiling *money.USD
		empty            bool
	}{
		{"USD among currencies", "deepseek", map[string]string{"/user/balance": `{"is_available":true,"balance_infos":[{"currency":"CNY","total_balance":"110.00"},{"currency":"USD","total_balance":"4.20"}]}`}, usd("4.2"), nil, false},
		{"CNY alone is not compared", "deepseek", map[string]string{"/user/balance": `{"is_available":true,"balance_infos":[{"currency":"CNY","total_balance":"1.00"}]}`}, nil, nil, false},
		{"credit in CNY beside no USD", "deepseek", map[string]string{"/user/balance": `{"is_available":true,"balance_infos":[{"currency":"USD","total_balance":"0.00"},{"currency":"CNY","total_balance":"9"}]}`}, nil, nil, false},
		{"a debt", "deepseek", map[string]string{"/user/balance": `{"is_available":true,"balance_infos":[{"currency":"USD","total_balance":"-0.50"}]}`}, usd("0"), nil, false},
		{"not available", "deepseek", map[string]string{"/user/balance": `{"is_available":false,"balance_infos":[{"currency":"CNY","total_balance":"0.00"}]}`}, nil, nil, true},
		{"nonsense", "deepseek", map[string]string{"/user/balance": `{"is_available":"maybe","balance_infos":[{"currency":"USD","total_balance":"1e9"}]}`}, nil, nil, false},
		{"OpenRouter: credits", "openrouter", map[string]string{"/key": `{"data":{"limit":null,"limit_remaining":null}}`, "/credits": `{"data":{"total_credits":20,"total_usage":7.1234567891234}}`}, usd("12.876543211"), nil, false},
		{"OpenRouter: the key's limit is less", "openrouter", map[string]string{"/key": `{"data":{"limit_remaining":2.5}}`, "/credits": `{"data":{"total_credits":20,"total_usage":7}}`}, usd("2.5"), nil, false},
		{"OpenRouter: the limit alone", "openrouter", map[string]string{"/key": `{"data":{"limit_remaining":74.5}}`}, nil, usd("74.5"), false},
		{"OpenRouter: the limit is used up", "openrouter", map[string]string{"/key": `{"data":{"limit_remaining":0}}`}, nil, nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch answer, ok := tt.answers[r.URL.Path]; {
				case ok:
					_, _ = io.WriteString(w, answer)
				case r.URL.Path == "/models":
					_, _ = io.WriteString(w, models)
				case r.URL.Path == "/chat/completions":
					_, _ = io.WriteString(w, `{"choices":[{"message":{"content":"x"}}]}`)
				default:
					w.WriteHeader(http.StatusForbidden)
				}
			}))
			defer s.Close()
			v, _, err := verify(t, client(t, map[string]string{tt.provider: s.URL}), tt.provider)
			if tt.empty {
				require.Equal(t, fault.DeclaredQuotaTooHigh, fault.CodeOf(err))
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.balance, v.Balance)
			require.Equal(t, tt.ceiling, v.Ceiling)
		})
	}
}

func TestVerifyEndsWithItsContext(t *testing.T) {
	u := upstreamtest.New(t)
	u.AddKey(canary, "5")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := client(t, u.URLs()).Verify(ctx, provider.Target{Provider: "openai"}, plain(canary), provider.VerifyOptions{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestModelsOfABareList(t *testing.T) {
	c := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/models" {
			_, _ = io.WriteString(w, `[{"id":"b"},{"id":"a"},{"id":"a"},{"id":""},{"id":"x y"},{"name":"z"},7]`)
			return
		}
		_, _ = io.WriteString(w, `{"choices":[{"message":{"content":"x"}}]}`)
	})
	v, _, err := verify(t, c, "openai")
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, v.Models)
}

func TestConfirm(t *testing.T) {
	u := upstreamtest.New(t)
	u.AddKey(canary, "5")
	c := client(t, u.URLs())
	confirm := func() bool {
		return c.Confirm(t.Context(), provider.Target{Provider: "openai"}, plain(canary))
	}
	require.False(t, confirm(), "a key that works")
	for _, f := range []sandbox.Kind{sandbox.ServerError, sandbox.RateLimit, sandbox.LostConnection, sandbox.Garbage} {
		u.Script(canary, sandbox.Fault{Kind: f, On: "models"})
		require.False(t, confirm(), f)
	}
	u.Revoke(canary)
	require.True(t, confirm())
}
