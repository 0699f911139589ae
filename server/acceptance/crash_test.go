package acceptance

import (
	"fmt"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/sandbox"
)

// crashes are the points at which a server can die, or lose its database, while it serves one request. Each says what
// must be true when a server is back on the same data folder.
var crashes = []crash{
	{name: "BeforeTheHoldCommits", arm: atCommit(hold, committing, die)},
	{name: "AfterTheHoldBeforeItIsKnown", arm: atCommit(hold, committed, die)},
	{name: "AfterTheHoldBeforeTheCall", arm: atCommit(hold, acknowledged, die), calls: maybe},
	{name: "AfterTheCallBegan", arm: func(s *scene) {
		s.up.Hook(func(http.ResponseWriter, int64) bool { s.die(); return true }, nil)
	}, calls: 1},
	{name: "AfterTheFirstPiece", only: streamed, arm: func(s *scene) {
		s.up.Hook(nil, func(n int64) {
			if n == 8 { // the first has no text yet
				s.awaitReading()
				s.die()
			}
		})
	}, calls: 1, delivered: true},
	{name: "AfterTheAnswerBeforeTheSettlement", arm: func(s *scene) {
		s.wire.onMoment(func(m moment) verdict {
			if m.about != settlement {
				return pass
			}
			if s.mode == streamed {
				s.awaitReading()
			}
			return s.die()
		})
	}, calls: 1, delivered: true},
	{name: "BeforeTheSettlementCommits", arm: atCommit(settlement, committing, die), calls: 1, delivered: true},
	{name: "AfterCommitBeforeItIsKnown", arm: atCommit(settlement, committed, die), calls: 1, delivered: true, charged: true},
	{name: "AfterCommitBeforeTheReply", arm: atCommit(settlement, acknowledged, die), calls: 1, delivered: true, charged: true},
	{name: "AfterTheReplyThatNobodyRead", only: whole, mute: true, arm: func(s *scene) {
		s.replied = func() { s.die() }
	}, calls: 1, charged: true},

	// Only the connection is lost: the server finds out what became of its COMMIT, and the consumer gets the answer.
	{name: "CutBeforeTheHoldCommits", arm: atCommit(hold, committing, lose), calls: 1, survives: true, charged: true},
	{name: "CutAfterTheHoldBeforeItIsKnown", arm: atCommit(hold, committed, lose), calls: 1, survives: true, charged: true},
	{name: "CutBeforeTheSettlementCommits", arm: atCommit(settlement, committing, lose), calls: 1, survives: true, charged: true},
	{name: "CutAfterCommitBeforeItIsKnown", arm: atCommit(settlement, committed, lose), calls: 1, survives: true, charged: true},

	// The first key fails, and the hold's USD part goes to the other one.
	{name: "BeforeTheMoveCommits", arm: atMove(committing), calls: 1},
	{name: "AfterTheMoveBeforeItIsKnown", arm: atMove(committed), calls: 1},
	{name: "AfterTheSecondCallBegan", arm: func(s *scene) {
		s.up.Hook(func(w http.ResponseWriter, n int64) bool {
			if n == 1 {
				w.WriteHeader(http.StatusInternalServerError)
				return true
			}
			s.die()
			return true
		}, nil)
	}, calls: 2},
	{name: "CutAfterTheMoveBeforeItIsKnown", arm: func(s *scene) { atCommitOfMove(s, committed, s.lose) }, calls: 2, survives: true, charged: true},
}

// maybe is for a count that depends on who is quicker: the signal, or the server.
const maybe = -1

type crash struct {
	name      string
	only      mode // "" for both
	mute      bool // the consumer never reads the reply
	arm       func(*scene)
	calls     int64 // that reached the provider before the retry
	delivered bool  // a streaming consumer may have text
	survives  bool  // the server lives on and answers
	charged   bool
}

// scene is one server with two keys behind a wire, on which one crash after the other is played.
type scene struct {
	t     *testing.T
	p     *program
	wire  *wire
	up    *gate
	admin *client
	keys  []string

	// of the crash that is being played
	mode    mode
	reading chan struct{} // closed when the consumer has the first text
	replied func()        // is called when the reply reached the consumer's machine
	once    *sync.Once
	crashed chan struct{}
}

func newScene(t *testing.T) *scene {
	s := &scene{t: t, wire: newWire(t, dbtest.URL(t)), up: programtest.NewGate(t)}
	s.p = programtest.Launch(t, programtest.Settings(t, s.wire.url, "POOL_PROVIDER_URLS="+s.up.URLs))
	s.admin = s.p.Admin()
	s.admin.GPT4()
	for i := range 2 {
		s.keys = append(s.keys, s.admin.Platform(s.up.Upstream, fmt.Sprintf("sk-platform-%d-0123456789", i), "5000", false))
	}
	s.up.Script("", sandbox.Fault{Kind: sandbox.UsageOverride, Prompt: 2000, Completion: 1000, Count: 1 << 20})
	return s
}

// die kills the server at once; lose only takes the connection that asks.
func (s *scene) die() verdict {
	s.once.Do(func() {
		s.p.Kill(syscall.SIGKILL)
		close(s.crashed)
	})
	return cut
}

func (s *scene) lose() verdict {
	v := pass
	s.once.Do(func() {
		v = cut
		close(s.crashed)
	})
	return v
}

// awaitReading returns when the consumer has some of the text.
func (s *scene) awaitReading() {
	select {
	case <-s.reading:
	case <-time.After(10 * time.Second):
		s.t.Error("the consumer got no text")
	}
}

func die(s *scene) verdict  { return s.die() }
func lose(s *scene) verdict { return s.lose() }

func atCommit(about subject, at stage, then func(*scene) verdict) func(*scene) {
	return func(s *scene) {
		s.wire.onMoment(func(m moment) verdict {
			if m.about == about && m.at == at {
				return then(s)
			}
			return pass
		})
	}
}

func atMove(at stage) func(*scene) {
	return func(s *scene) { atCommitOfMove(s, at, s.die) }
}

// atCommitOfMove acts on the first batch about holds after the first call, which fails.
func atCommitOfMove(s *scene, at stage, then func() verdict) {
	s.up.Hook(func(w http.ResponseWriter, n int64) bool {
		if n == 1 {
			w.WriteHeader(http.StatusInternalServerError)
		}
		return n == 1
	}, nil)
	s.wire.onMoment(func(m moment) verdict {
		if m.about == hold && m.at == at && s.up.Chats.Load() == 1 {
			return then()
		}
		return pass
	})
}

// disarm lets everything pass again.
func (s *scene) disarm() {
	s.wire.onMoment(nil)
	calls := s.up.Chats.Load()
	s.up.Hook(nil, nil)
	s.up.Chats.Store(calls)
}

func TestAServerThatDiesAtANamedPointReleasesOrHasCharged(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	n := 0
	for _, c := range crashes {
		for _, m := range []mode{whole, streamed} {
			for _, key := range []string{"", "once"} {
				if c.only != "" && c.only != m {
					continue
				}
				n++
				name := fmt.Sprintf("tom%d", n)
				t.Run(fmt.Sprintf("%s/%s/Key=%v", c.name, m, key != ""), func(t *testing.T) {
					s.t, s.p.T = t, t
					s.play(c, m, name, key)
				})
				s.t, s.p.T = t, t
			}
		}
	}
}

// play has somebody ask once, lets the server die meanwhile, and judges what is left.
func (s *scene) play(c crash, m mode, name, key string) {
	tom := s.p.Person(name)
	s.admin.Grant(tom, "50")
	quota := s.quota()
	s.mode, s.reading, s.once, s.crashed, s.replied = m, make(chan struct{}), &sync.Once{}, make(chan struct{}), nil
	s.up.Hook(nil, nil)
	c.arm(s)
	in := programtest.Ask("gpt-4", vars{"maxTokens": 1000})
	if key != "" {
		in["i"].(vars)["idempotencyKey"] = key
	}

	first := s.request(tom, c, in)
	select {
	case <-s.crashed:
	case <-time.After(20 * time.Second):
		s.t.Fatalf("the point was never reached: %v", first.err)
	}
	s.disarm()
	if c.survives {
		require.NoError(s.t, first.err)
		require.Equal(s.t, "10", first.payload.Get("creditsCharged").String())
	} else {
		s.p.Start()
	}
	calls := s.up.Chats.Load()
	if c.calls != maybe {
		require.Equal(s.t, c.calls, calls, "calls that reached the provider")
	}
	if !c.delivered && !c.survives {
		require.Empty(s.t, first.text)
	}
	booked := s.judge(tom, quota, c.charged)

	// Who asks again with the key is answered from the record, or the request runs anew, once.
	want := 1
	if key == "" && c.charged {
		want = 2
	}
	second := request(tom, m, in)
	require.NoError(s.t, second.err)
	third := second
	if key != "" {
		third = request(tom, m.other(), in)
		require.NoError(s.t, third.err)
	}
	require.Equal(s.t, "10", second.payload.Get("creditsCharged").String())
	require.Equal(s.t, second.payload.Get("completion").Raw, third.payload.Get("completion").Raw)
	require.Equal(s.t, second.payload.Get("usage.id").String(), third.payload.Get("usage.id").String())
	again := int64(1)
	if key != "" && c.charged {
		again = 0
		require.Equal(s.t, booked, second.payload.Get("usage.id").String(), "the answer on record")
		if c.survives {
			require.Equal(s.t, first.payload.Get("completion").Raw, second.payload.Get("completion").Raw)
		}
	}
	require.Equal(s.t, calls+again, s.up.Chats.Load())
	require.Equal(s.t, fmt.Sprint(50-10*want), tom.Available())
	require.Equal(s.t, quota-money.USD(want)*5*money.One/100, s.quota())
	s.p.Verified()
}

// judge wants the consumer to be released in full or charged once, and returns the id of the charged request.
func (s *scene) judge(tom *client, quota money.USD, charged bool) (usage string) {
	available, spent, requests := "50", money.USD(0), 0
	if charged {
		available, spent, requests = "40", 5*money.One/100, 1
	}
	w := tom.Must(programtest.Wallet, nil).Get("viewer.wallet")
	require.Equal(s.t, "0", w.Get("held").String())
	require.Equal(s.t, available, w.Get("available").String())
	require.Equal(s.t, quota-spent, s.quota(), "what is left on the keys")
	for _, k := range s.keys {
		require.Equal(s.t, "0", s.admin.Resource(k)["reservedQuota"])
	}
	rows := tom.Must(`{ usageLogs { edges { node { id status creditsCharged transaction { kind } } } } }`, nil).Get("usageLogs.edges").Array()
	require.Len(s.t, rows, requests)
	for _, r := range rows {
		require.Equal(s.t, "SUCCEEDED", r.Get("node.status").String())
		require.Equal(s.t, "10", r.Get("node.creditsCharged").String())
		require.Equal(s.t, "USAGE", r.Get("node.transaction.kind").String())
		usage = r.Get("node.id").String()
	}
	s.p.Verified()
	return usage
}

// quota is what is left on both keys.
func (s *scene) quota() (sum money.USD) {
	for _, k := range s.keys {
		q, err := money.Parse[money.USD](s.admin.Resource(k)["currentQuota"])
		require.NoError(s.t, err)
		sum += q
	}
	return sum
}

// request sends the request as the crash wants it: read as it comes, or not read at all.
func (s *scene) request(tom *client, c crash, in vars) completionReply {
	switch {
	case c.mute:
		return unread(tom, programtest.Complete, in, s.replied)
	case s.mode == whole:
		return request(tom, whole, in)
	}
	var once sync.Once
	return stream(tom, in, func(string) { once.Do(func() { close(s.reading) }) })
}
