package graph

import (
	"context"
	"sync"
	"time"
)

// loader gathers what the fields of one answer ask for, one key each, into one query for all of them. It lives as long as
// one answer, so it needs no invalidation and shows nobody what another may see.
type loader[K comparable, V any] struct {
	fetch func(ctx context.Context, keys []K) (map[K]V, error)

	mu      sync.Mutex
	known   map[K]*batch[K, V]
	pending *batch[K, V]
}

// batch is one query. Its results are there when done is closed.
type batch[K comparable, V any] struct {
	keys   []K
	done   chan struct{}
	values map[K]V
	err    error
}

// gathering is how long a query waits for more keys: fields of one answer are resolved side by side.
const gathering = 500 * time.Microsecond

const mostKeys = 500

func newLoader[K comparable, V any](fetch func(context.Context, []K) (map[K]V, error)) *loader[K, V] {
	return &loader[K, V]{fetch: fetch, known: map[K]*batch[K, V]{}}
}

// load returns the value of key, the zero value where there is none.
func (l *loader[K, V]) load(ctx context.Context, key K) (V, error) {
	l.mu.Lock()
	b := l.known[key]
	if b == nil {
		if b = l.pending; b == nil {
			b = &batch[K, V]{done: make(chan struct{})}
			l.pending = b
			go l.run(context.WithoutCancel(ctx), b)
		}
		b.keys = append(b.keys, key)
		l.known[key] = b
		if len(b.keys) >= mostKeys {
			l.pending = nil
		}
	}
	l.mu.Unlock()
	select {
	case <-b.done:
		return b.values[key], b.err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

func (l *loader[K, V]) run(ctx context.Context, b *batch[K, V]) {
	time.Sleep(gathering)
	l.mu.Lock()
	if l.pending == b {
		l.pending = nil
	}
	l.mu.Unlock()
	defer close(b.done)
	defer func() {
		if cause := recover(); cause != nil {
			b.err = recovered(ctx, cause)
		}
	}()
	b.values, b.err = l.fetch(ctx, b.keys)
}
