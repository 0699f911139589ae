package upstreamtest_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

func TestEveryProviderAnswersAtItsAddress(t *testing.T) {
	u := upstreamtest.New(t)
	u.AddKey("sk-a", "1")
	providers := []string{
		"openai", "deepseek", "groq", "openrouter", "anthropic", "gemini", "moonshot", "siliconflow", "mistral", "together", "xai",
		"fireworks", "qwen", "zhipu", "azure",
	}
	urls := u.URLs(providers...)
	require.Len(t, urls, len(providers))
	for p, base := range urls {
		path := "/chat/completions"
		body := `{"model":"gpt-4","messages":[{"role":"user","content":"hi"}],"max_tokens":1,"contents":[{}]}`
		switch p {
		case "anthropic":
			path = "/messages"
		case "gemini":
			path = "/models/gemini-2.5-flash:generateContent"
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+path, strings.NewReader(body))
		require.NoError(t, err)
		for name, v := range map[string]string{"Authorization": "Bearer sk-a", "X-Api-Key": "sk-a", "Anthropic-Version": "2023-06-01", "X-Goog-Api-Key": "sk-a"} {
			req.Header.Set(name, v)
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		answer, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 200, resp.StatusCode, "%s: %s", p, answer)
	}
	require.Equal(t, len(providers), u.Sent("gpt-4"))
	require.EqualValues(t, len(providers)-2, u.Chats("sk-a"))
	pairs := strings.Split(u.ProviderURLs(), ",")
	slices.Sort(pairs)
	require.Equal(t, []string{"deepseek=" + u.URL, "openai=" + u.URL + "/v1"}, pairs)
}
