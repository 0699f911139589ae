package provider

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/fault"
)

type plain string

func (p plain) Reveal() string { return string(p) }

func TestBaseURLOfAnAdmin(t *testing.T) {
	for raw, want := range map[string]string{
		"https://llm.example.com/v1/":     "https://llm.example.com/v1",
		" https://LLM.Example.com:443 ":   "https://llm.example.com",
		"https://8.8.8.8/v1":              "https://8.8.8.8/v1",
		"https://[2606:4700::1111]/a%20b": "https://[2606:4700::1111]/a%20b",
	} {
		got, err := ValidateBaseURL(raw)
		require.NoError(t, err, raw)
		require.Equal(t, want, got)
		require.Equal(t, Host(Target{Provider: "custom", BaseURL: got}), Host(Target{Provider: "custom", BaseURL: want}))
	}
	for _, raw := range []string{
		"", "llm.example.com", "http://llm.example.com", "file:///etc/passwd", "gopher://x.example.com", "https:llm.example.com",
		"https://user@llm.example.com", "https://user:pw@llm.example.com", "https://llm.example.com/?q=1", "https://llm.example.com/#f", "https://llm.example.com?",
		"https://llm.example.com:8443", "https://llm.example.com:", "https://llm.example.com:80",
		"https://169.254.169.254/latest", "https://[::ffff:7f00:1]/", "https://[::ffff:169.254.169.254]/", "https://[::1]", "https://[fe80::1%25eth0]/", "https://[fd00::1]",
		"https://[64:ff9b::7f00:1]", "https://[2002:7f00:1::]", "https://[::127.0.0.1]",
		"https://127.0.0.1", "https://127.1", "https://2130706433", "https://0x7f.1", "https://0x7f000001", "https://0177.0.0.1", "https://127.0.0.1.", "https://0",
		"https://10.0.0.1", "https://172.16.5.5", "https://192.168.1.1", "https://100.64.0.1", "https://198.18.0.1", "https://224.0.0.1", "https://255.255.255.255",
		"https://localhost", "https://localhost.", "https://x.localhost", "https://metadata.google.internal", "https://metadata", "https://db.local",
		"https://пример.example.com", "https://a..example.com", "https://x.example.com/../../etc", "https://x%00.example.com",
	} {
		_, err := ValidateBaseURL(raw)
		require.Equal(t, fault.BadUserInput, fault.CodeOf(err), raw)
		f, _ := fault.As(err)
		require.Equal(t, "baseUrl", f.Field)
	}
}

func TestAzureAddressIsOfAResource(t *testing.T) {
	azure, _ := Lookup("azure")
	for _, raw := range []string{
		"https://bob.openai.azure.com", "https://Bob.openai.azure.com/", "https://bob.cognitiveservices.azure.com/openai/v1/",
		"https://bob.services.ai.azure.com/api/projects/x", "https://bob.openai.azure.com/openai/deployments/gpt-4o/chat/completions",
	} {
		got, err := azure.Address(raw)
		require.NoError(t, err, raw)
		require.Regexp(t, `^https://bob\.[a-z.]+\.azure\.com/openai/v1$`, got)
	}
	for _, raw := range []string{
		"https://llm.example.com/openai/v1", "https://openai.azure.com", "https://evilopenai.azure.com", "https://bob.openai.azure.com.example.com",
		"https://bob.blob.azure.com", "http://bob.openai.azure.com", "https://bob.openai.azure.com?api-version=1",
	} {
		_, err := azure.Address(raw)
		require.Equal(t, fault.BadUserInput, fault.CodeOf(err), raw)
	}
	custom, _ := Lookup("custom")
	got, err := custom.Address("https://llm.example.com/v1/")
	require.NoError(t, err)
	require.Equal(t, "https://llm.example.com/v1", got)
}

func TestHostIsTheProvidersOwn(t *testing.T) {
	require.Equal(t, "api.openai.com", Host(Target{Provider: "openai"}))
	require.Equal(t, "api.deepseek.com", Host(Target{Provider: "deepseek"}))
	require.Equal(t, "llm.example.com", Host(Target{Provider: "custom", BaseURL: "https://llm.example.com/v1"}))
	require.Empty(t, Host(Target{Provider: "nobody"}))
}

func TestAddressesAreCheckedAtEveryConnection(t *testing.T) {
	for _, address := range []string{"127.0.0.1:443", "[::1]:443", "[::ffff:10.0.0.1]:443", "169.254.169.254:443", "8.8.8.8:80", "8.8.8.8:5432", "[fe80::1%eth0]:443", "nonsense"} {
		require.ErrorIs(t, publicOnly("tcp", address, nil), errBlocked, address)
	}
	for _, address := range []string{"8.8.8.8:443", "[2606:4700::1111]:443"} {
		require.NoError(t, publicOnly("tcp", address, nil), address)
	}
}

func TestPrivateAddressIsNeverCalled(t *testing.T) {
	var hits atomic.Int64
	canary := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer canary.Close()
	c, err := New(Options{})
	require.NoError(t, err)
	defer c.Close()

	// As if the name had resolved to this machine after it was saved.
	req := httptest.NewRequest(http.MethodGet, canary.URL, nil)
	_, err = c.public.RoundTrip(req)
	require.ErrorIs(t, err, errBlocked)

	_, err = c.Verify(t.Context(), Target{Provider: "custom", BaseURL: canary.URL}, plain("sk-x"), VerifyOptions{})
	require.Equal(t, fault.BadUserInput, fault.CodeOf(err))
	_, f := c.Chat(t.Context(), ChatRequest{Target: Target{Provider: "custom", BaseURL: canary.URL}, Key: plain("sk-x"), Model: "m"})
	require.Equal(t, Connection, f.Class)
	_, err = c.Verify(t.Context(), Target{Provider: "openai", BaseURL: "https://evil.example.com"}, plain("sk-x"), VerifyOptions{})
	require.Equal(t, fault.BadUserInput, fault.CodeOf(err))
	_, err = c.Verify(t.Context(), Target{Provider: "nobody"}, plain("sk-x"), VerifyOptions{})
	require.Equal(t, fault.BadUserInput, fault.CodeOf(err))
	require.Zero(t, hits.Load())
}

func TestBlockedAddressIsTheAdminsMistake(t *testing.T) {
	c, err := New(Options{Transport: failing{errBlocked}})
	require.NoError(t, err)
	_, err = c.Verify(t.Context(), Target{Provider: "custom", BaseURL: "https://llm.example.com"}, plain("sk-x"), VerifyOptions{})
	require.Equal(t, fault.BadUserInput, fault.CodeOf(err))
	require.True(t, errors.Is(err, errBlocked))
}

type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

func TestOverriddenAddresses(t *testing.T) {
	for _, urls := range []map[string]string{{"nobody": "http://x"}, {"openai": "ftp://x"}, {"openai": "http://"}, {"openai": "http://u:p@x"}, {"openai": "http://x?q"}, {"openai": "::"}} {
		_, err := New(Options{URLs: urls})
		require.Error(t, err, urls)
	}
}
