package pool

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/resourcepool/resourcepool/server/clock"
)

// remembered keeps in memory what was read last. It is read again when it is older than maxAge or was forgotten; of many
// who ask at once, one reads and the others wait. What it hands out is shared and may not be changed.
type remembered[T any] struct {
	clock  clock.Clock
	maxAge time.Duration
	read   func(ctx context.Context) (T, error)

	generation atomic.Uint64 // rises when what was read before is no longer true
	last       atomic.Pointer[memory[T]]
	turn       chan struct{}
}

type memory[T any] struct {
	value      T
	generation uint64
	at         time.Time
}

const readTimeout = 5 * time.Second

func remember[T any](c clock.Clock, maxAge time.Duration, read func(ctx context.Context) (T, error)) *remembered[T] {
	return &remembered[T]{clock: c, maxAge: maxAge, read: read, turn: make(chan struct{}, 1)}
}

// get returns what is known. A failing read is an error even where something older is known: prices and limits that nobody
// can vouch for are not applied.
func (r *remembered[T]) get(ctx context.Context) (value T, err error) {
	if m := r.fresh(); m != nil {
		return m.value, nil
	}
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return value, ctx.Err()
	}
	defer func() { <-r.turn }()
	if m := r.fresh(); m != nil {
		return m.value, nil
	}
	m := &memory[T]{generation: r.generation.Load(), at: r.clock.Now()} // both of before the read
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if m.value, err = r.read(ctx); err != nil {
		return value, err
	}
	r.last.Store(m)
	return m.value, nil
}

func (r *remembered[T]) fresh() *memory[T] {
	m := r.last.Load()
	if m == nil || m.generation != r.generation.Load() || r.clock.Now().Sub(m.at) >= r.maxAge {
		return nil
	}
	return m
}

// known returns what was read last, however old; false before the first read.
func (r *remembered[T]) known() (value T, ok bool) {
	m := r.last.Load()
	if m == nil {
		return value, false
	}
	return m.value, true
}

// forget makes the next get read anew, and what is being read now count as old.
func (r *remembered[T]) forget() { r.generation.Add(1) }
