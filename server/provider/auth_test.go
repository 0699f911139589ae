package provider

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeyStandsInTheProvidersOwnHeader(t *testing.T) {
	const key = "sk-canary-0123456789"
	for name, want := range map[string]http.Header{
		"openai":    {"Authorization": {"Bearer " + key}},
		"anthropic": {"X-Api-Key": {key}, "Anthropic-Version": {"2023-06-01"}},
		"azure":     {"Api-Key": {key}},
		"gemini":    {"X-Goog-Api-Key": {key}},
	} {
		t.Run(name, func(t *testing.T) {
			var got http.Header
			var address string
			s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got, address = r.Header, r.URL.String() }))
			defer s.Close()
			c, err := New(Options{URLs: map[string]string{name: s.URL}})
			require.NoError(t, err)
			defer c.Close()
			e, err := c.endpoint(Target{Provider: name})
			require.NoError(t, err)
			resp, f := c.send(t.Context(), e, e.base.JoinPath("models"), key, nil, nil)
			require.Nil(t, f)
			require.NoError(t, resp.Body.Close())
			for _, h := range []string{"Accept", "User-Agent"} {
				require.NotEmpty(t, got.Get(h))
				got.Del(h)
			}
			require.Equal(t, want, got)
			require.Equal(t, "/models", address)
		})
	}
}

func TestEndpointsThatProvidersHave(t *testing.T) {
	all := []Kind{KindChat, KindCompletions, KindEmbeddings, KindMessages, KindResponses}
	for name, want := range map[string][]Kind{
		"openai":    {KindChat, KindCompletions, KindEmbeddings, KindResponses},
		"anthropic": {KindChat, KindMessages},
		"gemini":    {KindChat, KindEmbeddings},
		"deepseek":  {KindChat},
		"mistral":   {KindChat, KindEmbeddings},
	} {
		p, ok := Lookup(name)
		require.True(t, ok)
		var got []Kind
		for _, k := range all {
			if p.Has(k) {
				got = append(got, k)
			}
		}
		require.Equal(t, want, got, name)
	}
}
