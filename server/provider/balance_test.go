package provider_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/provider"
)

func TestBalancesOfChinaAndOfRelays(t *testing.T) {
	const (
		sub     = "GET /dashboard/billing/subscription"
		usage   = "GET /dashboard/billing/usage"
		grants  = "GET /dashboard/billing/credit_grants"
		session = `403 {"error":{"message":"Your request to GET /dashboard/billing/subscription must be made with a session key (that is, it can only be made from the browser).","code":null}}`
	)
	for _, tt := range []struct {
		name, provider string
		answers        map[string]string
		balance        string // "" for none
		chats, empty   bool
	}{
		{name: "Moonshot: USD abroad", provider: "moonshot", answers: map[string]string{"GET /users/me/balance": `{"code":0,"data":{"available_balance":49.58894,"voucher_balance":46.58893,"cash_balance":3.00001},"scode":"0x0","status":true}`}, balance: "49.58894"},
		{name: "Moonshot: a debt", provider: "moonshot", answers: map[string]string{"GET /users/me/balance": `{"code":0,"data":{"available_balance":-3.5},"status":true}`}, balance: "0"},
		{name: "Moonshot: CNY in China is credit that does not compare", provider: "moonshot-cn", answers: map[string]string{"GET /users/me/balance": `{"code":0,"data":{"available_balance":49.58894},"status":true}`}},
		{name: "Moonshot: nothing left in China", provider: "moonshot-cn", answers: map[string]string{"GET /users/me/balance": `{"code":0,"data":{"available_balance":0},"status":true}`}, empty: true},
		{name: "Moonshot: nonsense", provider: "moonshot", answers: map[string]string{"GET /users/me/balance": `{"code":1,"data":null}`}, chats: true},
		{name: "SiliconFlow: CNY", provider: "siliconflow", answers: map[string]string{"GET /user/info": `{"code":20000,"message":"OK","status":true,"data":{"id":"u","balance":"0.88","chargeBalance":"88.00","totalBalance":"88.88"}}`}},
		{name: "SiliconFlow: the older field", provider: "siliconflow", answers: map[string]string{"GET /user/info": `{"code":20000,"message":"OK","status":true,"data":{"balance":"0.88"}}`}},
		{name: "SiliconFlow: nothing left", provider: "siliconflow", answers: map[string]string{"GET /user/info": `{"code":20000,"message":"OK","status":true,"data":{"totalBalance":"0"}}`}, empty: true},
		{name: "SiliconFlow: another code", provider: "siliconflow", answers: map[string]string{"GET /user/info": `{"code":50000,"status":true,"data":{"totalBalance":"88"}}`}, chats: true},
		{name: "relay: the limit less what was used, in cents", provider: "custom", answers: map[string]string{sub: `{"object":"billing_subscription","has_payment_method":true,"hard_limit_usd":20.5}`, usage: `{"object":"list","total_usage":725.5}`}, balance: "13.245"},
		{name: "relay: more was used", provider: "custom", answers: map[string]string{sub: `{"hard_limit_usd":1}`, usage: `{"total_usage":725}`}, balance: "0"},
		{name: "relay: no limit", provider: "custom", answers: map[string]string{sub: `{"hard_limit_usd":100000000}`, usage: `{"total_usage":1}`}, chats: true},
		{name: "relay: a limit of 0 says nothing", provider: "custom", answers: map[string]string{sub: `{"hard_limit_usd":0}`, usage: `{"total_usage":0}`}, chats: true},
		{name: "relay: usage that is refused is not 0", provider: "custom", answers: map[string]string{sub: `{"hard_limit_usd":20}`, usage: session}, chats: true},
		{name: "relay: grants", provider: "custom", answers: map[string]string{grants: `{"object":"credit_summary","total_granted":18,"total_used":4.5,"total_available":13.5}`}, balance: "13.5"},
		{name: "relay: what remains of grants", provider: "custom", answers: map[string]string{sub: session, grants: `{"total_remaining":3}`}, balance: "3"},
		{name: "relay: success alone is believed", provider: "custom", answers: map[string]string{sub: `403 {"hard_limit_usd":20}`, grants: `401 {"total_available":3}`}, chats: true},
		{name: "relay: an error with success", provider: "custom", answers: map[string]string{sub: `{"error":{"message":"no","type":"x"},"hard_limit_usd":20}`}, chats: true},
		{name: "relay: none of it", provider: "custom", answers: map[string]string{}, chats: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &scripted{answers: tt.answers, paths: true}
			tt.answers["GET /models"] = `{"data":[{"id":"m"}]}`
			tt.answers["POST /chat/completions"] = `{"choices":[{"message":{"content":"x"}}]}`
			target := provider.Target{Provider: tt.provider}
			if tt.provider == "custom" {
				target.BaseURL = "https://llm.example.com/v1"
			}
			v, err := s.serve(t, tt.provider).Verify(t.Context(), target, plain(canary), provider.VerifyOptions{})
			require.Equal(t, tt.chats, len(s.bodies) > 0, "what proves nothing is followed by a chat")
			if tt.empty {
				require.Equal(t, fault.DeclaredQuotaTooHigh, fault.CodeOf(err))
				return
			}
			require.NoError(t, err)
			if tt.balance == "" {
				require.Nil(t, v.Balance)
				return
			}
			require.Equal(t, tt.balance, v.Balance.String())
		})
	}
}

func TestOpenAIItselfIsNotAskedAsARelay(t *testing.T) {
	s := &scripted{answers: map[string]string{"GET /models": `{"data":[{"id":"gpt-4o-mini"}]}`, "POST /chat/completions": `{"choices":[{"message":{"content":"x"}}]}`}}
	_, _, err := verify(t, s.serve(t, "openai"), "openai")
	require.NoError(t, err)
	require.Equal(t, []string{"GET /models", "POST /chat/completions"}, s.calls)
}
