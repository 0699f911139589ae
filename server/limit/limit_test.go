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
}

func TestManyAreTakenTogetherOrNot(t *testing.T) {
	now := clock.NewFake(time.Unix(0, 0))
	l := New(now, 10, time.Second)
	require.Zero(t, l.TakeMany("a", 7))
	require.Equal(t, time.Second, l.TakeMany("a", 4))
	_, left, _ := l.State("a")
	require.Equal(t, 3, left, "what was refused took nothing")
	require.Zero(t, l.TakeMany("a", 3))
	require.Equal(t, 10*time.Second, l.TakeMany("a", 1000), "more than there is takes all that there is")
	now.Advance(10 * time.Second)
	require.Zero(t, l.TakeMany("a", 1000))
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

func TestRequestsAreCountedByWhoSendsThem(t *testing.T) {
	now := clock.NewFake(time.Unix(0, 0))
	r := &Requests{Account: New(now, 60, time.Second), Token: New(now, 2, 30*time.Second), Cost: New(now, 100, time.Second)}
	token := Caller{Account: "usr_a", Token: "tok_a", Address: "192.0.2.1"}
	require.NoError(t, r.Take(token))
	require.NoError(t, r.Take(token))
	require.Equal(t, fault.RateLimited, fault.CodeOf(r.Take(token)))
	browser := Caller{Account: "usr_a", Address: "192.0.2.1"}
	require.NoError(t, r.Take(browser), "the account has more than its token")
	require.NoError(t, r.Take(Caller{Address: "2001:db8::1"}))

	policy, state := r.Fields(token)
	require.Equal(t, `"token";q=2;w=60, "account";q=60;w=60`, policy)
	require.Equal(t, `"token";r=0;t=60, "account";r=57;t=3`, state)
	policy, state = r.Fields(Caller{Address: "2001:db8::2"})
	require.Equal(t, `"address";q=60;w=60`, policy)
	require.Equal(t, `"address";r=59;t=1`, state, "of the same network")

	require.NoError(t, r.Spend(browser, 90))
	require.Equal(t, fault.RateLimited, fault.CodeOf(r.Spend(token, 11)), "of one account, however it comes")

	var none *Requests
	require.NoError(t, none.Take(token))
	require.NoError(t, none.Spend(token, 1_000_000))
	policy, state = none.Fields(token)
	require.Empty(t, policy+state)
}
