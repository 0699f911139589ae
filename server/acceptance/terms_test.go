package acceptance

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

func TestWhatAContributorAgreedToIsShownAndRecorded(t *testing.T) {
	t.Parallel()
	u := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, bob := p.Admin(), p.Person("bob")
	terms := p.Anonymous().Must(`{ depositTerms { version text zh: text(lang: "zh-CN") } }`, nil).Get("depositTerms")
	require.Contains(t, terms.Get("text").String(), "Your provider's terms")
	require.Contains(t, terms.Get("zh").String(), "服务商条款")
	ask := `query($id: ID!) { node(id: $id) { ... on PoolResource { acceptedTerms } } }`
	for key, accepted := range map[string]any{"sk-one-0123456789": terms.Get("version").String(), "sk-two-0123456789": "what another form said", "sk-three-0123456789": nil} {
		u.AddKey(key, "10")
		r := bob.Must(`mutation($i: DepositInput!) { deposit(input: $i) { resource { id } } }`, vars{"i": vars{"provider": "openai", "apiKey": key, "quota": "10", "acceptedTerms": accepted}})
		id := vars{"id": r.Get("deposit.resource.id").String()}
		for _, c := range []*client{bob, admin} {
			require.Equal(t, accepted, c.Must(ask, id).Get("node.acceptedTerms").Value())
		}
		require.Equal(t, "null", p.Person("p"+key[3:6]).Must(ask, id).Get("node").Raw)
	}
}
