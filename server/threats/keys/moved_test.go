package keys

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/programtest"
)

// stopped waits until a resource's key was found not to be its own, while tom asks for what it serves.
func (s stage) stopped(id string) {
	s.T.Helper()
	require.Eventually(s.T, func() bool {
		_, _ = s.tom.Do(programtest.Complete, programtest.Ask("gpt-4", nil))
		r := s.admin.Must(suspended, vars{"id": id}).Get("node")
		return r.Get("status").String() == "SUSPENDED" && r.Get("suspendedBy").String() == "MONITOR"
	}, 10*time.Second, 20*time.Millisecond, "the resource is not suspended")
}

// Row 25: a key is sent to the host that it was deposited for, and to no other.
func TestRow25_KeySentToChangedBaseURL(t *testing.T) {
	t.Parallel()
	var hits atomic.Int64
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		hits.Add(1)
		w.WriteHeader(http.StatusTeapot)
	}))
	t.Cleanup(evil.Close)
	s := begin(t)
	// Later settings override earlier ones: the same providers, and one more.
	s.Kill(9)
	s.Env = append(s.Env, "POOL_PROVIDER_URLS="+s.up.ProviderURLs("openai", "custom")+",deepseek="+evil.URL)
	s.Start()
	db := s.Database()
	for _, at := range []string{"deepseek", "custom"} {
		s.admin.Must(programtest.SetModelPrice, vars{"i": vars{
			"model": "gpt-4", "provider": at, "inputCostPerMillion": "10", "outputCostPerMillion": "30",
			"inputPricePerMillion": "0", "outputPricePerMillion": "10000",
		}})
	}

	t.Run("no mutation moves a key", func(t *testing.T) {
		schema := schemaOf(s.admin)
		for _, m := range schema["Mutation"].Get("fields").Array() {
			for _, arg := range m.Get("args").Array() {
				require.NotEqual(t, "baseUrl", arg.Get("name").String(), m.Get("name"))
				fields := schema[named(arg.Get("type")).Get("name").String()].Get(`inputFields`)
				if fields.Get(`#(name=="baseUrl")`).Exists() {
					require.Equal(t, "NON_NULL", fields.Get(`#(name=="apiKey").type.kind`).String(), "%s takes an address without its key", m.Get("name"))
				}
			}
		}
	})
	t.Run("another provider in its row", func(t *testing.T) {
		id := s.admin.Platform(s.up, "sk-moved-0123456789", "1000", false)
		s.tom.Must(programtest.Complete, programtest.Ask("gpt-4", nil))
		s.Exec(db, `UPDATE pool_resources SET provider = 'deepseek' WHERE id = $1`, id)
		s.Changed(db, "resource", id)
		for range 20 {
			_, _ = s.tom.Do(programtest.Complete, programtest.Ask("gpt-4", nil))
			require.Zero(t, hits.Load(), "requests that reached the other host")
			time.Sleep(20 * time.Millisecond)
		}
		s.stopped(id)
	})
	t.Run("another address in its row", func(t *testing.T) {
		s.up.AddKey("sk-custom-0123456789", "1000")
		id := s.admin.Must(programtest.AddPlatformResource, vars{"i": vars{
			"provider": "custom", "apiKey": "sk-custom-0123456789", "quota": "1000", "baseUrl": "https://llm.example.com/v1",
		}}).Get("addPlatformResource.id").String()
		s.tom.Must(programtest.Complete, programtest.Ask("gpt-4", nil))
		s.Exec(db, `UPDATE pool_resources SET base_url = 'https://evil.example.com/v1' WHERE id = $1`, id)
		// Until the server has heard of it, it knows the address that the key was deposited for.
		s.Changed(db, "resource", id)
		s.stopped(id)
		before := s.up.Chats("sk-custom-0123456789")
		s.tom.Refused("NO_RESOURCE_AVAILABLE", programtest.Complete, programtest.Ask("gpt-4", nil))
		require.Equal(t, before, s.up.Chats("sk-custom-0123456789"))
	})
}
