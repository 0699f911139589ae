package acceptance

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/programtest"
)

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
			s.t, s.p.T = t, t
			tom := s.p.Person("tom" + name)
			s.admin.Grant(tom, "50")
			s.once, s.crashed = &sync.Once{}, make(chan struct{})
			refuse := func(w http.ResponseWriter, _ int64) bool {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusBadRequest)
				_, _ = w.Write([]byte(`{"error": {"message": "not like this", "type": "invalid_request_error"}}`))
				return true
			}
			s.up.Hook(refuse, nil)
			atCommit(settlement, c.at, die)(s)
			in := programtest.Ask("gpt-4", vars{"maxTokens": 1000, "idempotencyKey": "once"})
			_ = request(tom, whole, in)
			<-s.crashed
			s.disarm()
			s.p.Start()
			w := tom.Must(programtest.Wallet, nil).Get("viewer.wallet")
			require.Equal(t, "50", w.Get("available").String())
			require.Equal(t, "0", w.Get("held").String())
			s.up.Hook(refuse, nil)
			tom.Refused("UPSTREAM_REJECTED", programtest.Complete, in)
			tom.Refused("UPSTREAM_REJECTED", programtest.Complete, in)
			require.Equal(t, c.again, s.up.Chats.Load())
			require.Equal(t, "50", tom.Available())
			s.p.Verified()
		})
		s.t, s.p.T = t, t
	}
}

func TestAnotherServerReleasesWhatADeadOneHeld(t *testing.T) {
	programtest.Nightly(t)
	t.Parallel()
	s := newScene(t)
	two := programtest.Launch(t, programtest.Settings(t, s.wire.url, "POOL_PROVIDER_URLS="+s.up.URLs))
	for _, c := range crashes {
		if c.name != "AfterTheCallBegan" && c.name != "AfterCommitBeforeItIsKnown" && c.name != "AfterTheMoveBeforeItIsKnown" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			s.t, s.p.T, two.T = t, t, t
			tom := s.p.Person("tom" + c.name)
			s.admin.Grant(tom, "50")
			quota := s.quota()
			s.mode, s.once, s.crashed = whole, &sync.Once{}, make(chan struct{})
			s.up.Hook(nil, nil)
			c.arm(s)
			in := programtest.Ask("gpt-4", vars{"maxTokens": 1000, "idempotencyKey": "once"})
			_ = request(tom, whole, in)
			<-s.crashed
			s.disarm()
			tom, s.admin = tom.At(two), s.admin.At(two)
			// Waiting for what the dead server began takes as long as its lease.
			began := time.Now()
			require.Eventually(t, func() bool {
				return tom.Must(programtest.Wallet, nil).Get("viewer.wallet.held").String() == "0"
			}, 40*time.Second, 100*time.Millisecond)
			t.Logf("released after %v", time.Since(began))
			s.judge(tom, quota, c.charged)
			second := request(tom, whole, in)
			require.NoError(t, second.err)
			require.Equal(t, "40", tom.Available())
			s.p.Start()
			s.admin = s.admin.At(s.p)
			third := request(tom.At(s.p), streamed, in)
			require.NoError(t, third.err)
			require.Equal(t, second.payload.Get("completion").Raw, third.payload.Get("completion").Raw)
			require.Equal(t, "40", tom.Available())
			s.p.Verified()
		})
		s.t, s.p.T, two.T = t, t, t
	}
}
