package limit

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/fault"
)

func TestABurstPassesAndThenOneEveryRefill(t *testing.T) {
	now := clock.NewFake(time.Unix(0, 0))
	l := New(now, 3, time.Minute)
	for range 3 {
		require.Zero(t, l.Take("a"))
	}
	require.Equal(t, time.Minute, l.Take("a"))
	require.Zero(t, l.Take("b"), "others have their own")
	now.Advance(time.Minute)
	require.Zero(t, l.Wait("a"))
	require.Zero(t, l.Take("a"))
	require.NotZero(t, l.Take("a"))
	l.GiveBack("a")
	require.Zero(t, l.Take("a"))
}

func TestARefusalTellsHowLongToWait(t *testing.T) {
	require.NoError(t, Refusal(0))
	f, ok := fault.As(Refusal(1500 * time.Millisecond))
	require.True(t, ok)
	require.Equal(t, fault.RateLimited, f.Code)
	require.Equal(t, 2, f.Details["retryAfterSeconds"])
}

func TestTheKeysAreBounded(t *testing.T) {
	l := New(clock.NewFake(time.Unix(0, 0)), 1, time.Minute)
	for i := range maxKeys + 10 {
		require.Zero(t, l.Take(strconv.Itoa(i)))
	}
	require.LessOrEqual(t, len(l.full), maxKeys)
}
