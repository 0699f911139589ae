package content

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/sandbox"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

// Row 52: what people ask and are answered is read by nobody else, and by nobody once their account is gone.
func TestRow52_PromptPrivacy(t *testing.T) {
	t.Parallel()
	b := make([]byte, 12)
	_, _ = rand.Read(b)
	secret := "CANARY" + hex.EncodeToString(b)
	up := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+up.ProviderURLs("openai"))
	db := p.Database()
	admin, tom := p.Admin(), p.Person("tom")
	admin.GPT4()
	admin.Grant(tom, "1000")
	admin.Platform(up, "sk-0123456789", "1000", false)
	socket := admin.Socket()
	socket.Subscribe(`subscription { transactionFeed(after: null) { cursor transaction { seq kind memo postings { account asset amount } }
		usage { id model requestedModel errorCode routingReason user { displayName } } } }`, nil)

	in := programtest.Vars{"idempotencyKey": "once", "messages": []vars{{"role": "USER", "content": "Tell me of " + secret}}}
	answer := `{"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"This is ` + secret + `"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":5,"total_tokens":10}}`
	up.Script("", sandbox.Fault{Kind: sandbox.RawAnswer, Body: answer})
	first := tom.Must(programtest.Complete, programtest.Ask("gpt-4", in))
	require.Equal(t, "This is "+secret, first.Get("complete.completion.content").String())
	require.Equal(t, first.Get("complete.completion").Raw, tom.Must(programtest.Complete, programtest.Ask("gpt-4", in)).Get("complete.completion").Raw, "the answer is kept for repetitions")
	for _, kind := range []sandbox.Kind{sandbox.BadRequest, sandbox.ServerError, sandbox.Garbage} { // and quoted in what goes wrong
		up.Script("", sandbox.Fault{Kind: kind, Message: "No idea of what " + secret + " is"})
		in["idempotencyKey"] = string(kind)
		_, err := tom.Do(programtest.Complete, programtest.Ask("gpt-4", in))
		require.Error(t, err)
	}
	in["idempotencyKey"] = "once"
	token := tom.APIToken()
	for _, path := range []string{"/v1/chat/completions", "/v1/chat/completions?" + secret} {
		p.Call("POST", path, `{"model":"gpt-4","stream":true,"messages":[{"role":"user","content":"`+secret+`"}]}`, "Authorization", "Bearer "+token, "Idempotency-Key", "streamed")
		p.Call("POST", path, `{"model":"gpt-4","messages":[{"role":"user","content":"`+secret, "Authorization", "Bearer "+token)
	}

	seen := 0
	for {
		m, err := socket.Read(time.Second)
		if err != nil {
			break
		}
		require.False(t, strings.Contains(m.Raw, secret), "the feed tells of it")
		seen++
	}
	require.Equal(t, 2, seen, "events of the feed")
	require.False(t, p.Says(secret), "the log has it")
	require.Empty(t, p.Holding(db, secret), "tables that have it")

	// The account goes, and everything that could sign in as it comes back, as from a copy of the database.
	p.Exec(db, `CREATE TABLE kept_users AS SELECT * FROM users`)
	tom.Must(`mutation($p: String!) { reauthenticate(password: $p) }`, vars{"p": "password of tom"})
	require.True(t, tom.Must(`mutation { deleteAccount }`, nil).Get("deleteAccount").Bool())
	p.Exec(db, `UPDATE users u SET email = k.email, password_hash = k.password_hash, status = k.status, deleted_at = NULL FROM kept_users k WHERE k.id = u.id AND u.id = $1`, tom.ID)
	p.Changed(db, "user", tom.ID)
	again := p.Anonymous()
	require.Eventually(t, func() bool {
		_, err := again.Do(`mutation($i: SignInInput!) { signIn(input: $i) { viewer { id } } }`, vars{"i": vars{"email": "tom@example.org", "password": "password of tom"}})
		return err == nil
	}, 10*time.Second, 50*time.Millisecond)
	data, err := again.Do(programtest.Complete, programtest.Ask("gpt-4", in))
	require.False(t, strings.Contains(data.Raw, secret), "the recorded answer can be read")
	require.Error(t, err)
}
