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
	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/sandbox"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

const feed = `subscription($after: Cursor) { transactionFeed(after: $after) { cursor transaction { seq kind postings { account asset amount } } usage { id user { id } } } }`

func TestAFeedClientThatReconnectsSeesEveryEventOnceInOrder(t *testing.T) {
	u := upstreamtest.New(t)
	database := dbtest.URL(t)
	one := programtest.Launch(t, programtest.Settings(t, database, "POOL_PROVIDER_URLS="+u.ProviderURLs()))
	two := programtest.Launch(t, programtest.Settings(t, database, "POOL_PROVIDER_URLS="+u.ProviderURLs()))
	admin, tom := one.Admin(), one.Person("tom")
	admin.GPT4()
	admin.Grant(tom, "100000")
	admin.Platform(u, "sk-platform-0123456789", "50000", false)
	require.Eventually(t, func() bool {
		return tom.At(two).Must(`{ models { name available } }`, nil).Get(`models.#(name=="gpt-4").available`).Bool()
	}, 5*time.Second, 50*time.Millisecond, "the other server learns of the key")
	begin := latestSeq(admin)

	stop := make(chan struct{})
	var writers sync.WaitGroup
	for i := range 8 {
		to := tom
		if i%2 == 0 {
			to = tom.At(two)
		}
		writers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if r := try(to, programtest.Complete, programtest.Ask("gpt-4", vars{"maxTokens": 20})); r.err != nil {
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
		s := admin.At(server).Socket()
		s.Subscribe(feed, vars{"after": nullable(cursor)})
		for range 60 {
			e := s.Event().Get("transactionFeed")
			cursor = e.Get("cursor").String()
			seen = append(seen, e.Get("transaction.seq").Int())
			require.NotEmpty(t, e.Get("transaction.postings").Array())
		}
		s.Close()
		time.Sleep(200 * time.Millisecond)
	}
	close(stop)
	writers.Wait()
	require.Greater(t, seen[0], begin)
	for i := 1; i < len(seen); i++ {
		require.Equal(t, seen[i-1]+1, seen[i], "event %d", i)
	}
	one.Verified()
}

func latestSeq(c *client) int64 {
	c.T.Helper()
	r := c.Must(`{ ledgerTransactions(first: 1) { edges { node { seq } } } }`, nil)
	seq, err := strconv.ParseInt(r.Get("ledgerTransactions.edges.0.node.seq").String(), 10, 64)
	require.NoError(c.T, err)
	return seq
}

func TestTheFeedIsForAdmins(t *testing.T) {
	p := programtest.Serve(t)
	tom := p.Person("tom")
	s := tom.Socket()
	s.Subscribe(feed, nil)
	m, err := s.Read(10 * time.Second)
	require.NoError(t, err)
	require.Contains(t, m.Raw, "FORBIDDEN")
	stranger := p.Anonymous().Socket()
	stranger.Subscribe(feed, nil)
	m, err = stranger.Read(10 * time.Second)
	require.True(t, websocket.IsCloseError(err, 4401), "%v %v", m, err)
}

func TestAStreamedCompletionComesInPiecesAndIsChargedOnce(t *testing.T) {
	u := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, tom := p.Admin(), p.Person("tom")
	admin.GPT4()
	admin.Grant(tom, "50")
	key := admin.Platform(u, "sk-platform-0123456789", "500", false)
	w := tom.Socket()
	w.Subscribe(`subscription { walletChanged { available held } }`, nil)
	require.Equal(t, "50", w.Event().Get("walletChanged.available").String())
	res := admin.Socket()
	res.Subscribe(`subscription { resourceChanged { id currentQuota } }`, nil)
	time.Sleep(200 * time.Millisecond)

	u.NextUsage("sk-platform-0123456789", 2000, 1000)
	s := tom.Socket()
	stream := `subscription($i: CompleteInput!) { completionStream(input: $i) { text done payload { completion { content promptTokens completionTokens finishReason } creditsCharged wallet { available } } } }`
	s.Subscribe(stream, programtest.Ask("gpt-4", vars{"idempotencyKey": "s1"}))
	var text strings.Builder
	pieces := 0
	for {
		chunk := s.Event().Get("completionStream")
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
	require.Equal(t, "499.95", admin.Resource(key)["currentQuota"])
	require.Eventually(t, func() bool { return w.Event().Get("walletChanged.available").String() == "40" }, 10*time.Second, time.Millisecond)
	require.Eventually(t, func() bool { return res.Event().Get("resourceChanged.currentQuota").String() == "499.95" }, 10*time.Second, time.Millisecond)

	again := tom.Socket()
	again.Subscribe(stream, programtest.Ask("gpt-4", vars{"idempotencyKey": "s1"}))
	replayed := ""
	for {
		chunk := again.Event().Get("completionStream")
		replayed += chunk.Get("text").String()
		if chunk.Get("done").Bool() {
			break
		}
	}
	require.Equal(t, text.String(), replayed)
	require.Equal(t, "40", tom.Available())
	p.Verified()
}

func TestHangingUpPaysForWhatWasDelivered(t *testing.T) {
	u := upstreamtest.New(t)
	u.SetLatency("", sandbox.Latency{PerToken: 20 * time.Millisecond})
	u.SetLength(400)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	admin, tom := p.Admin(), p.Person("tom")
	admin.GPT4()
	admin.Grant(tom, "50")
	admin.Platform(u, "sk-platform-0123456789", "500", false)
	s := tom.Socket()
	s.Subscribe(`subscription($i: CompleteInput!) { completionStream(input: $i) { text done } }`, programtest.Ask("gpt-4", nil))
	for range 5 {
		s.Event()
	}
	s.Close()
	require.Eventually(t, func() bool {
		w := tom.Must(programtest.Wallet, nil).Get("viewer.wallet")
		return w.Get("held").String() == "0" && w.Get("available").String() != "50"
	}, 10*time.Second, 50*time.Millisecond)
	log := tom.Must(`{ usageLogs { edges { node { creditsCharged completionTokens } } } }`, nil).Get("usageLogs.edges.0.node")
	require.Positive(t, log.Get("completionTokens").Int())
	require.Less(t, log.Get("completionTokens").Int(), int64(300))
	p.Verified()
}

func TestADepositTellsItsSteps(t *testing.T) {
	u := upstreamtest.New(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs())
	bob := p.Person("bob")
	u.AddKey("sk-bobs-0123456789", "10")
	s := bob.Socket()
	s.Subscribe(`subscription { depositProgress(id: "p1") { step ok detail elapsedMs } }`, nil)
	bob.Must(programtest.Deposit, vars{"i": vars{"provider": "openai", "apiKey": "sk-bobs-0123456789", "quota": "10", "progressId": "p1"}})
	for _, step := range []string{"KEY", "MODELS", "BALANCE", "BOOKED"} {
		e := s.Event().Get("depositProgress")
		require.Equal(t, step, e.Get("step").String())
		require.True(t, e.Get("ok").Bool())
	}
}
