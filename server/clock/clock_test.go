package clock_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/resourcepool/resourcepool/server/clock"
)

var (
	_ clock.Clock = clock.System
	_ clock.Clock = (*clock.Fake)(nil)
)

func TestSystem_IsInUTCAndGoesOn(t *testing.T) {
	a := clock.System.Now()
	b := clock.System.Now()
	assert.Equal(t, time.UTC, a.Location())
	assert.False(t, b.Before(a))
	assert.WithinDuration(t, time.Now(), a, time.Minute)
}

func TestFake_MovesOnlyWhenTold(t *testing.T) {
	start := time.Date(2026, 11, 22, 20, 0, 0, 0, time.FixedZone("CST", 8*3600))
	c := clock.NewFake(start)
	assert.Equal(t, time.UTC, c.Now().Location())
	assert.True(t, c.Now().Equal(start))
	assert.Equal(t, c.Now(), c.Now())
	c.Advance(time.Hour)
	c.Advance(-time.Minute)
	assert.Equal(t, 59*time.Minute, c.Now().Sub(start))
}

func TestFake_IsSafeForSeveralAtOnce(t *testing.T) {
	c := clock.NewFake(time.Unix(0, 0))
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			c.Advance(time.Second)
			_ = c.Now()
		})
	}
	wg.Wait()
	assert.Equal(t, time.Unix(10, 0).UTC(), c.Now())
}
