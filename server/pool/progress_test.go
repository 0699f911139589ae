package pool_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/pool"
)

// told collects steps until the channel is closed.
func told(t *testing.T, steps <-chan pool.DepositStep) (names []string, last pool.DepositStep) {
	t.Helper()
	for {
		select {
		case s, ok := <-steps:
			if !ok {
				return names, last
			}
			names, last = append(names, s.Step), s
		case <-time.After(5 * time.Second):
			t.Fatalf("the steps do not end: %v", names)
		}
	}
}

func TestTheStepsOfADepositAreToldBeforeAndAfter(t *testing.T) {
	w := newWorld(t)
	bob, eve := w.person(), w.person()
	early, err := w.pool.DepositSteps(t.Context(), bob, "p1")
	require.NoError(t, err)
	w.up.AddKey("sk-deep-0123456789", "10")
	input := in("deepseek", "sk-deep-0123456789", 10*one)
	input.ProgressID = ptr("p1")
	_, err = w.pool.Deposit(t.Context(), bob, input)
	require.NoError(t, err)
	late, err := w.pool.DepositSteps(t.Context(), bob, "p1")
	require.NoError(t, err)
	for _, steps := range []<-chan pool.DepositStep{early, late} {
		names, last := told(t, steps)
		require.Equal(t, []string{"KEY", "MODELS", "BALANCE", "BOOKED"}, names)
		require.True(t, last.OK)
	}
	ctx, cancel := context.WithCancel(t.Context())
	others, err := w.pool.DepositSteps(ctx, eve, "p1")
	require.NoError(t, err)
	cancel()
	names, _ := told(t, others)
	require.Empty(t, names, "nobody follows another's deposit")
}

func TestAFailingStepIsTheLast(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	w.up.AddKey("sk-poor-0123456789", "10")
	w.up.AddKey("sk-dead-0123456789", "10")
	w.up.Script("sk-dead-0123456789", unauthorized)
	for _, c := range []struct {
		key   string
		quota int64
		steps []string
	}{
		{"sk-poor-0123456789", 11, []string{"KEY", "MODELS", "BALANCE"}},
		{"sk-dead-0123456789", 10, []string{"KEY"}},
		{"sk-poor-0123456789", 0, []string{"KEY"}},
	} {
		input := in("deepseek", c.key, 0)
		input.Quota, input.ProgressID = moneyOf(c.quota), ptr("p")
		_, err := w.pool.Deposit(t.Context(), bob, input)
		require.Error(t, err)
		steps, err := w.pool.DepositSteps(t.Context(), bob, "p")
		require.NoError(t, err)
		names, last := told(t, steps)
		require.Equal(t, c.steps, names)
		require.False(t, last.OK)
		require.NotContains(t, last.Detail, "sk-")
	}
}

func TestFollowingIsBounded(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	for range 4 {
		_, err := w.pool.DepositSteps(t.Context(), bob, "same")
		require.NoError(t, err)
	}
	_, err := w.pool.DepositSteps(t.Context(), bob, "same")
	refused(t, fault.RateLimited, err)
	for i := range 19 {
		_, err := w.pool.DepositSteps(t.Context(), bob, "p"+string(rune('a'+i)))
		require.NoError(t, err)
	}
	_, err = w.pool.DepositSteps(t.Context(), bob, "one too many")
	refused(t, fault.RateLimited, err)
}
