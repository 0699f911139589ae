package acceptance

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/sandbox"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

const feed = `subscription($after: Cursor) { transactionFeed(after: $after) { cursor transaction { seq kind postings { account asset amount } } usage { id user { id } } } }`

func TestAFeedClientThatReconnectsSeesEveryEventOnceInOrder(t *testing.T) {
	u := upstreamtest.New(t)
	database := dbtest.URL(t)
	one := launch(t, settings(t, database, "POOL_PROVIDER_URLS="+u.ProviderURLs()))
	two := launch(t, settings(t, database, "POOL_PROVIDER_URLS="+u.ProviderURLs()))
	admin, tom := one.admin(), one.person("tom")
	admin.gpt4()
	admin.grant(tom, "100000")
	admin.platform(u, "sk-platform-0123456789", "50000", false)
	require.Eventually(t, func() bool {
		return tom.at(two).must(`{ models { name available } }`, nil).Get(`models.#(name=="gpt-4").available`).Bool()
	}, 5*time.Second, 50*time.Millisecond, "the other server learns of the key")
	begin := admin.latestSeq()

	stop := make(chan struct{})
	var writers sync.WaitGroup
	for i := range 8 {
		to := tom
		if i%2 == 0 {
			to = tom.at(two)
		}
		writers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if r := to.try(complete, ask("gpt-4", vars{"maxTokens": 20})); r.err != nil {
					t.Error(r.err)
					return
				}
			}
		})
	}
	seen, cursor := []int64{}, ""
	for round := range 6 {
		server := one
		if round%2 == 1 {
			server = two
		}
		s := admin.at(server).socket()
		s.subscribe(feed, vars{"after": nullable(cursor)})
		for range 60 {
			e := s.event().Get("transactionFeed")
			cursor = e.Get("cursor").String()
			seen = append(seen, e.Get("transaction.seq").Int())
			require.NotEmpty(t, e.Get("transaction.postings").Array())
		}
		s.close()
		time.Sleep(200 * time.Millisecond)
	}
	close(stop)
	writers.Wait()
	require.Greater(t, seen[0], begin)
	for i := 1; i < len(seen); i++ {
		require.Equal(t, seen[i-1]+1, seen[i], "event %d", i)
	}
	one.verified()
}

func (c *client) latestSeq() int64 {
	c.t.Helper()
	r := c.must(`{ ledgerTransactions(first: 1) { edges { node { seq } } } }`, nil)
	seq, err := strconv.ParseInt(r.Get("ledgerTransactions.edges.0.node.seq").String(), 10, 64)
	require.NoError(c.t, err)
	return seq
}

func TestTheFeedIsForAdmins(t *testing.T) {
	p := serve(t)
	tom := p.person("tom")
	s := tom.socket()
	s.subscribe(feed, nil)
	m, err := s.read(10 * time.Second)
	require.NoError(t, err)
	require.Contains(t, m.Raw, "FORBIDDEN")
	stranger := p.anonymous().socket()
	stranger.subscribe(feed, nil)
	m, err = stranger.read(10 * time.Second)
	require.True(t, websocket.IsCloseError(err, 4401), "%v %v", m, err)
}

func TestAStreamedCompletionComesInPiecesAndIsChargedOnce(t *testing.T) {
	u := upstreamtest.New(t)
	p := serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, tom := p.admin(), p.person("tom")
	admin.gpt4()
	admin.grant(tom, "50")
	key := admin.platform(u, "sk-platform-0123456789", "500", false)
	w := tom.socket()
	w.subscribe(`subscription { walletChanged { available held } }`, nil)
	require.Equal(t, "50", w.event().Get("walletChanged.available").String())
	res := admin.socket()
	res.subscribe(`subscription { resourceChanged { id currentQuota } }`, nil)
	time.Sleep(200 * time.Millisecond)

	u.NextUsage("sk-platform-0123456789", 2000, 1000)
	s := tom.socket()
	stream := `subscription($i: CompleteInput!) { completionStream(input: $i) { text done payload { completion { content promptTokens completionTokens finishReason } creditsCharged wallet { available } } } }`
	s.subscribe(stream, ask("gpt-4", vars{"idempotencyKey": "s1"}))
	var text strings.Builder
	pieces := 0
	for {
		chunk := s.event().Get("completionStream")
		text.WriteString(chunk.Get("text").String())
		if chunk.Get("done").Bool() {
			require.Equal(t, text.String(), chunk.Get("payload.completion.content").String())
			require.Equal(t, "10", chunk.Get("payload.creditsCharged").String())
			require.Equal(t, "40", chunk.Get("payload.wallet.available").String())
			break
		}
		pieces++
	}
	require.Greater(t, pieces, 3)
	require.Equal(t, "499.95", admin.resource(key)["currentQuota"])
	require.Eventually(t, func() bool { return w.event().Get("walletChanged.available").String() == "40" }, 10*time.Second, time.Millisecond)
	require.Eventually(t, func() bool { return res.event().Get("resourceChanged.currentQuota").String() == "499.95" }, 10*time.Second, time.Millisecond)

	again := tom.socket()
	again.subscribe(stream, ask("gpt-4", vars{"idempotencyKey": "s1"}))
	replayed := ""
	for {
		chunk := again.event().Get("completionStream")
		replayed += chunk.Get("text").String()
		if chunk.Get("done").Bool() {
			break
		}
	}
	require.Equal(t, text.String(), replayed)
	require.Equal(t, "40", tom.available())
	p.verified()
}

func TestHangingUpPaysForWhatWasDelivered(t *testing.T) {
	u := upstreamtest.New(t)
	u.SetLatency("", sandbox.Latency{PerToken: 20 * time.Millisecond})
	u.SetLength(400)
	p := serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, tom := p.admin(), p.person("tom")
	admin.gpt4()
	admin.grant(tom, "50")
	admin.platform(u, "sk-platform-0123456789", "500", false)
	s := tom.socket()
	s.subscribe(`subscription($i: CompleteInput!) { completionStream(input: $i) { text done } }`, ask("gpt-4", nil))
	for range 5 {
		s.event()
	}
	s.close()
	require.Eventually(t, func() bool {
		w := tom.must(wallet, nil).Get("viewer.wallet")
		return w.Get("held").String() == "0" && w.Get("available").String() != "50"
	}, 10*time.Second, 50*time.Millisecond)
	log := tom.must(`{ usageLogs { edges { node { creditsCharged completionTokens } } } }`, nil).Get("usageLogs.edges.0.node")
	require.Positive(t, log.Get("completionTokens").Int())
	require.Less(t, log.Get("completionTokens").Int(), int64(300))
	p.verified()
}

func TestADepositTellsItsSteps(t *testing.T) {
	u := upstreamtest.New(t)
	p := serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	bob := p.person("bob")
	u.AddKey("sk-bobs-0123456789", "10")
	s := bob.socket()
	s.subscribe(`subscription { depositProgress(id: "p1") { step ok detail elapsedMs } }`, nil)
	bob.must(depositQuery, vars{"i": vars{"provider": "openai", "apiKey": "sk-bobs-0123456789", "quota": "10", "progressId": "p1"}})
	for _, step := range []string{"KEY", "MODELS", "BALANCE", "BOOKED"} {
		e := s.event().Get("depositProgress")
		require.Equal(t, step, e.Get("step").String())
		require.True(t, e.Get("ok").Bool())
	}
}
