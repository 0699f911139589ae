package money_test

import (
	"bufio"
	"database/sql"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/sandbox"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

const platformKey = "sk-platform-0123456789"

// priced starts servers on one database that charge 10 Credits for what a key of the platform answers.
func priced(t *testing.T, n int) (u *upstreamtest.Upstream, all []*program, admin *client, key string) {
	t.Helper()
	u = upstreamtest.New(t)
	_, all = servers(t, n, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin = all[0].Admin()
	admin.GPT4()
	key = admin.Platform(u, platformKey, "5000", false)
	u.Script(platformKey, sandbox.Fault{Kind: sandbox.UsageOverride, Prompt: 2000, Completion: 1000, Count: 1 << 20})
	// The price and the key have come to every server.
	scout := all[0].Person("scout")
	admin.Grant(scout, "1000")
	for _, p := range all {
		require.Eventually(t, func() bool {
			return try(t, scout.At(p), programtest.Complete, programtest.Ask("gpt-4", vars{"maxTokens": 1000})).code == ""
		}, 5*time.Second, 50*time.Millisecond)
	}
	return u, all, admin, key
}

// Two hundred requests at three servers, on funds for one.
func TestRow40_NegativeBalance(t *testing.T) {
	t.Parallel()
	u, all, admin, key := priced(t, 3)
	tom := all[0].Person("tom")
	admin.Grant(tom, "10")
	before := u.Chats(platformKey)
	codes := tally(programtest.Together(200, func(i int) reply {
		return try(t, tom.At(all[i%len(all)]), programtest.Complete, programtest.Ask("gpt-4", vars{"maxTokens": 1000}))
	}))
	require.Equal(t, map[string]int{"": 1, "INSUFFICIENT_CREDITS": 199}, codes)
	require.Equal(t, int64(1), u.Chats(platformKey)-before)
	require.Equal(t, `{"available":"0","held":"0","owed":"0","vesting":"0"}`, tom.Must(wallet, nil).Get("viewer.wallet").Raw)
	require.Equal(t, "0", admin.Resource(key)["reservedQuota"])
	all[0].Verified()
}

// Fifty repetitions of a request at three servers are one call and one charge, of the same person alone.
func TestRow41_Replay(t *testing.T) {
	t.Parallel()
	u, all, admin, _ := priced(t, 3)
	tom, alice := all[0].Person("tom"), all[0].Person("alice")
	admin.Grant(tom, "70")
	admin.Grant(alice, "70")
	before := u.Chats(platformKey)
	once := programtest.Ask("gpt-4", vars{"maxTokens": 1000, "idempotencyKey": "once"})
	answers := map[string]bool{}
	for _, r := range programtest.Together(50, func(i int) reply { return try(t, tom.At(all[i%len(all)]), programtest.Complete, once) }) {
		require.Empty(t, r.code)
		answers[r.data.Get("complete.completion").Raw+r.data.Get("complete.usage").Raw+r.data.Get("complete.creditsCharged").Raw] = true
	}
	require.Len(t, answers, 1)
	require.Equal(t, int64(1), u.Chats(platformKey)-before)
	require.Equal(t, "60", tom.Available())
	for _, p := range all {
		tom.At(p).Refused("IDEMPOTENCY_CONFLICT", programtest.Complete, programtest.Ask("gpt-4", vars{"maxTokens": 999, "idempotencyKey": "once"}))
	}
	alice.At(all[1]).Must(programtest.Complete, once)
	require.Equal(t, "60", alice.Available())
	require.Equal(t, "60", tom.Available())
	require.Equal(t, int64(2), u.Chats(platformKey)-before)
	all[0].Verified()
}

// What ends something once ends it once, however many come at once: withdrawals of a key that serves, and clients that
// leave while the last piece of their answer is on its way.
func TestRow43_TwiceAtOnce(t *testing.T) {
	t.Parallel()
	const many = 50
	u := upstreamtest.New(t)
	database, all := servers(t, 2, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	db := dbtest.Open(t, database)
	admin, bob, tom := all[0].Admin(), all[0].Person("bob"), all[0].Person("tom")
	admin.GPT4()
	admin.Grant(tom, "1000")
	id := bob.Deposit(u, "sk-bob-0123456789", "500")
	ask := programtest.Ask("gpt-4", vars{"maxTokens": 20})
	for _, p := range all {
		require.Eventually(t, func() bool { return try(t, tom.At(p), programtest.Complete, ask).code == "" }, 5*time.Second, 50*time.Millisecond)
	}

	streams := make(chan struct{})
	go func() {
		defer close(streams)
		leaveAtTheEnd(t, all, tom, many)
	}()
	codes := tally(programtest.Together(many, func(i int) reply { return try(t, tom.At(all[i%2]), programtest.Complete, ask) }))
	require.Equal(t, map[string]int{"": many}, codes)
	<-streams
	settled(t, db)
	require.Equal(t, 2*many+2, number(t, db, `SELECT count(*) FROM usage_logs`))
	require.Equal(t, 2*many+2, number(t, db, `SELECT count(*) FROM ledger_transactions WHERE kind = 'USAGE'`), "each was charged once")
	spent := amount(t, "1000") - amount(t, tom.Available())
	require.Equal(t, int(spent), number(t, db, `SELECT sum(credits_charged) FROM usage_logs`))
	all[0].Verified()

	// Withdrawals, while requests run that will give some of the key back.
	u.Script("sk-bob-0123456789", sandbox.Fault{Kind: sandbox.Slow, Delay: time.Second, Count: 10})
	running := make(chan map[string]int)
	go func() {
		running <- tally(programtest.Together(10, func(i int) reply { return try(t, tom.At(all[i%2]), programtest.Complete, ask) }))
	}()
	require.Eventually(t, func() bool { return number(t, db, `SELECT count(*) FROM ledger_holds`) == 10 }, 5*time.Second, 5*time.Millisecond)
	codes = tally(programtest.Together(many, func(i int) reply { return try(t, bob.At(all[i%2]), withdraw, vars{"id": id}) }))
	require.Equal(t, map[string]int{"": 1, "CONFLICT": many - 1}, codes)
	require.Equal(t, map[string]int{"": 10}, <-running)
	settled(t, db)
	state := admin.Resource(id)
	require.Equal(t, "WITHDRAWN 0 0", state["status"]+" "+state["currentQuota"]+" "+state["reservedQuota"])
	used := number(t, db, `SELECT sum(cost_amount) FROM usage_logs`)
	left := int(amount(t, bob.Available()))
	require.InDelta(t, used*9/10, left, 200, "for what it served, rounded against its owner a few times")
	require.LessOrEqual(t, left, used*9/10+1)
	all[0].Verified()
}

// leaveAtTheEnd has clients hang up when the last piece of their answer is due, some before and some after.
func leaveAtTheEnd(t *testing.T, all []*program, tom *client, many int) {
	token := tom.APIToken()
	programtest.Together(many, func(i int) error {
		req, err := http.NewRequest(http.MethodPost, all[i%len(all)].URL+dialects["chat"].path,
			strings.NewReader(`{"model":"gpt-4","max_tokens":20,"stream":true,"messages":[{"role":"user","content":"hi"}]}`))
		if err != nil {
			t.Error(err)
			return err
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		lines := bufio.NewScanner(resp.Body)
		for n := 0; n < 4+i%16 && lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "data: ") {
				n++
			}
		}
		return nil
	})
}

// settled waits until no hold is open.
func settled(t *testing.T, db *sql.DB) {
	t.Helper()
	require.Eventually(t, func() bool { return number(t, db, `SELECT count(*) FROM ledger_holds`) == 0 }, 10*time.Second, 10*time.Millisecond)
}

func number(t *testing.T, db *sql.DB, query string) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRow(query).Scan(&n))
	return n
}
