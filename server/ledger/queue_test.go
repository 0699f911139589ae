package ledger

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/fault"
)

// wait puts n requests of a caller into the queue, and returns how many it took and what it refused the next one with.
func wait(q *queue, caller string, n, bound int) (taken int, err error) {
	for taken = range n {
		p := &pending{Request: Request{Op: &Grant{}, Caller: caller, Answer: fmt.Appendf(nil, "%d", taken)}, ctx: context.Background()}
		if err := q.put(p, bound); err != nil {
			return taken, err
		}
	}
	return n, nil
}

func callers(batch []*pending) map[string]int {
	n := map[string]int{}
	for _, p := range batch {
		n[p.Caller]++
	}
	return n
}

func TestAFloodDelaysNobodyElse(t *testing.T) {
	q := newQueue()
	_, err := wait(q, "flood", 2000, backlogMost)
	require.NoError(t, err)
	for i := range 50 {
		_, err := wait(q, fmt.Sprint("tom", i), 1+i%3, backlogMost)
		require.NoError(t, err)
	}
	// However many wait for the one, all that the others have goes with the next batch, their first ones first.
	batch := q.take(400)
	require.Len(t, batch, 400)
	first := callers(batch[:51])
	require.Len(t, first, 51)
	got := callers(batch)
	for i := range 50 {
		require.Equal(t, 1+i%3, got[fmt.Sprint("tom", i)])
	}
	// Who comes while the flood goes on is next, too.
	_, err = wait(q, "late", 1, backlogMost)
	require.NoError(t, err)
	require.Contains(t, callers(q.take(2)), "late")
	// Of one caller the order stays.
	at := -1
	for _, p := range append(batch, q.take(3000)...) {
		if p.Caller == "flood" {
			var n int
			_, err := fmt.Sscan(string(p.Answer), &n)
			require.NoError(t, err)
			require.Greater(t, n, at)
			at = n
		}
	}
	require.Zero(t, q.len())
}

func TestAFullQueueRefusesWhoFilledIt(t *testing.T) {
	q := newQueue()
	const bound = 100
	n, err := wait(q, "flood", 1000, bound)
	require.Equal(t, bound, n)
	require.ErrorIs(t, err, ErrOverloaded)
	require.Equal(t, fault.Overloaded, fault.CodeOf(err))
	f, _ := fault.As(err)
	require.Positive(t, f.Details["retryAfterSeconds"])

	n, err = wait(q, "tom", 1000, bound)
	require.Equal(t, bound/2, n, "an even share")
	require.ErrorIs(t, err, ErrOverloaded)
	n, _ = wait(q, "alice", 1000, bound)
	require.Equal(t, 34, n, "100 by 3, rounded up")
	for i := range 1000 {
		if _, err = wait(q, fmt.Sprint("other", i), 1, bound); err != nil {
			break
		}
	}
	require.ErrorIs(t, err, ErrOverloaded)
	require.Equal(t, 2*bound, q.len())
	// What was reserved comes free all the same.
	require.NoError(t, q.put(&pending{Request: Request{Op: &Release{Hold: "hld_1"}, Caller: "flood"}, ctx: context.Background()}, bound))

	// It takes from everybody again once there is room.
	q.take(150)
	_, err = wait(q, "flood", 1, bound)
	require.NoError(t, err)
}
