package routing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/routing"
)

func TestPardon_TakesAFailureBack(t *testing.T) {
	before := routing.Observe(routing.Health{}, routing.Observation{At: now, OK: true, Latency: time.Second, OutputTokens: 10})
	failed := routing.Observe(before, routing.Observation{At: now.Add(time.Second)})
	require.Less(t, *failed.SuccessAverage, *before.SuccessAverage)
	after := failed.Apply(routing.Pardon())
	require.InDelta(t, *before.SuccessAverage, *after.SuccessAverage, 1e-12)
	require.Zero(t, after.FailuresInARow)
	require.Equal(t, int64(2), after.Requests)
}
