package acceptance

import (
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// nightly skips what takes too long for every run: `make nightly` sets the variable.
func nightly(t *testing.T) {
	t.Helper()
	if os.Getenv("POOL_TEST_NIGHTLY") == "" {
		t.Skip("make nightly runs this")
	}
}

func TestAServerThatDiesWithARefusalHasItOnRecordOrAsksAnew(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for name, c := range map[string]struct {
		at    stage
		again int64 // calls of the retry
	}{
		"BeforeCommit": {committing, 1},
		"AfterCommit":  {committed, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s.t, s.p.t = t, t
			tom := s.p.person("tom" + name)
			s.admin.grant(tom, "50")
			s.once, s.crashed = &sync.Once{}, make(chan struct{})
			refuse := func(w http.ResponseWriter, _ int64) bool {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusBadRequest)
				_, _ = w.Write([]byte(`{"error": {"message": "not like this", "type": "invalid_request_error"}}`))
				return true
			}
			s.up.script(refuse, nil)
			atCommit(settlement, c.at, die)(s)
			in := ask("gpt-4", vars{"maxTokens": 1000, "idempotencyKey": "once"})
			_ = tom.request(whole, in)
			<-s.crashed
			s.disarm()
			s.p.start()
			w := tom.must(wallet, nil).Get("viewer.wallet")
			require.Equal(t, "50", w.Get("available").String())
			require.Equal(t, "0", w.Get("held").String())
			s.up.script(refuse, nil)
			tom.refused("UPSTREAM_REJECTED", complete, in)
			tom.refused("UPSTREAM_REJECTED", complete, in)
			require.Equal(t, c.again, s.up.chats.Load())
			require.Equal(t, "50", tom.available())
			s.p.verified()
		})
		s.t, s.p.t = t, t
	}
}

func TestAnotherServerReleasesWhatADeadOneHeld(t *testing.T) {
	nightly(t)
	t.Parallel()
	s := newScene(t)
	two := launch(t, settings(t, s.wire.url, "POOL_PROVIDER_URLS="+s.up.urls))
	for _, c := range crashes {
		if c.name != "AfterTheCallBegan" && c.name != "AfterCommitBeforeItIsKnown" && c.name != "AfterTheMoveBeforeItIsKnown" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			s.t, s.p.t, two.t = t, t, t
			tom := s.p.person("tom" + c.name)
			s.admin.grant(tom, "50")
			quota := s.quota()
			s.mode, s.once, s.crashed = whole, &sync.Once{}, make(chan struct{})
			s.up.script(nil, nil)
			c.arm(s)
			in := ask("gpt-4", vars{"maxTokens": 1000, "idempotencyKey": "once"})
			_ = tom.request(whole, in)
			<-s.crashed
			s.disarm()
			tom, s.admin = tom.at(two), s.admin.at(two)
			// Waiting for what the dead server began takes as long as its lease.
			began := time.Now()
			require.Eventually(t, func() bool {
				return tom.must(wallet, nil).Get("viewer.wallet.held").String() == "0"
			}, 40*time.Second, 100*time.Millisecond)
			t.Logf("released after %v", time.Since(began))
			s.judge(tom, quota, c.charged)
			second := tom.request(whole, in)
			require.NoError(t, second.err)
			require.Equal(t, "40", tom.available())
			s.p.start()
			s.admin = s.admin.at(s.p)
			third := tom.at(s.p).request(streamed, in)
			require.NoError(t, third.err)
			require.Equal(t, second.payload.Get("completion").Raw, third.payload.Get("completion").Raw)
			require.Equal(t, "40", tom.available())
			s.p.verified()
		})
		s.t, s.p.t, two.t = t, t, t
	}
}
