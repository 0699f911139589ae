// Package upstreamtest gives a test a scripted provider: a sandbox of its own on a loopback port, which stands for any of
// the providers. Imports: sandbox, money.
package upstreamtest

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/sandbox"
)

// Upstream is the provider of one test. The methods of its Server direct it further.
type Upstream struct {
	*sandbox.Server
	URL string // of the root; URLs tells where the providers' addresses lie beneath it

	tb testing.TB
}

// New starts a provider that records its last 10 000 calls and answers with 16 tokens unless told otherwise. It ends with the test.
func New(tb testing.TB) *Upstream {
	tb.Helper()
	s, err := sandbox.New(sandbox.Options{Length: 16, Recording: 10_000})
	if err != nil {
		tb.Fatal(err)
	}
	listener := httptest.NewServer(s.Handler())
	tb.Cleanup(func() {
		listener.CloseClientConnections()
		listener.Close()
	})
	return &Upstream{Server: s, URL: listener.URL, tb: tb}
}

// bases are the paths of the providers' addresses that are not /v1.
var bases = map[string]string{
	"deepseek":   "",
	"groq":       "/openai/v1",
	"azure":      "/openai/v1",
	"openrouter": "/api/v1",
	"fireworks":  "/inference/v1",
	"qwen":       "/compatible-mode/v1",
	"zhipu":      "/api/paas/v4",
	"gemini":     "/v1beta",
}

// URLs returns the addresses under which the upstream stands for providers: openai and deepseek where none is named.
func (u *Upstream) URLs(providers ...string) map[string]string {
	if len(providers) == 0 {
		providers = []string{"openai", "deepseek"}
	}
	out := map[string]string{}
	for _, p := range providers {
		base, ok := bases[p]
		if !ok {
			base = "/v1"
		}
		out[p] = u.URL + base
	}
	return out
}

// ProviderURLs is URLs as the setting POOL_PROVIDER_URLS writes it.
func (u *Upstream) ProviderURLs(providers ...string) string {
	var pairs []string
	for p, url := range u.URLs(providers...) {
		pairs = append(pairs, p+"="+url)
	}
	return strings.Join(pairs, ",")
}

// AddKey makes a key with a quota in USD that may call models, or all of them where none is named.
func (u *Upstream) AddKey(key, quota string, models ...string) {
	u.tb.Helper()
	usd, err := money.Parse[money.USD](quota)
	if err == nil {
		err = u.Server.AddKey(sandbox.KeySpec{Key: key, Quota: usd, Models: models})
	}
	if err != nil {
		u.tb.Fatal(err)
	}
}

// Script puts faults before the next calls of key; "" is for whichever key calls.
func (u *Upstream) Script(key string, faults ...sandbox.Fault) {
	u.tb.Helper()
	if err := u.Server.Script(key, faults...); err != nil {
		u.tb.Fatal(err)
	}
}

// NextUsage makes the next chat call of key report prompt and completion tokens.
func (u *Upstream) NextUsage(key string, prompt, completion int64) {
	u.tb.Helper()
	u.Script(key, sandbox.Fault{Kind: sandbox.UsageOverride, Prompt: prompt, Completion: completion})
}

// Chats returns how many chat calls came with key, refused ones included.
func (u *Upstream) Chats(key string) int64 {
	k, _ := u.Key(key)
	return k.Calls.Chats
}

// Used returns what key has spent.
func (u *Upstream) Used(key string) money.USD {
	k, _ := u.Key(key)
	return k.Used
}

// Sent returns how many recorded calls have text in their body.
func (u *Upstream) Sent(text string) int { return len(u.Calls(text)) }
