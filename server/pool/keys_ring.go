package pool

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/routing"
)

const (
	ringEvery   = 100 * time.Millisecond // at most this often is the snapshot read for others' changes
	ringOverdue = 300 * time.Millisecond // a change older than this is waited for: whoever reads in the background is late
	ringMost    = 5 * time.Second        // how old a snapshot gets when nobody tells of changes
	ringTimeout = 10 * time.Second       // of one reading
	// patchKept is how long what this server did outweighs a reading that does not have it yet.
	patchKept = time.Second
)

// keyring is the snapshot of all keys. Readers take it without a lock; one reading at a time replaces it. Slots outlive
// readings, so that a reading changes what has changed and the index by model is made anew only where models did.
type keyring struct {
	clock clock.Clock
	load  func(ctx context.Context, old *index) (map[ids.ID]*Key, error)

	index  atomic.Pointer[index]
	needed atomic.Uint64 // the generation that a snapshot must have: one more with each change of this server
	dirty  atomic.Int64  // when another server's change was first told of since the last reading, in Unix nanoseconds
	wake   chan struct{}

	mu     sync.Mutex
	begun  uint64  // readings so far
	flight *flight // the one that runs
}

// index finds slots. It is never changed; what it leads to is.
type index struct {
	generation uint64
	slots      map[ids.ID]*slot
	all        []*slot // by id
	byModel    map[string][]*slot
}

// slot holds the newest state of a key.
type slot struct {
	key atomic.Pointer[Key]

	mu      sync.Mutex // of those who replace it
	patched time.Time  // by settled
}

// flight is a reading that others wait for too.
type flight struct {
	number     uint64
	generation uint64
	done       chan struct{}
	err        error
}

func newKeyring(c clock.Clock, load func(context.Context, *index) (map[ids.ID]*Key, error)) *keyring {
	return &keyring{clock: c, load: load, wake: make(chan struct{}, 1)}
}

// current returns the snapshot, which has all that this server changed; it waits for a reading where it must.
func (k *keyring) current(ctx context.Context) (*index, error) {
	if idx := k.index.Load(); idx != nil && idx.generation >= k.needed.Load() && !k.overdue() {
		return idx, nil
	}
	return k.read(ctx)
}

func (k *keyring) overdue() bool {
	since := k.dirty.Load()
	return since != 0 && k.clock.Now().UnixNano()-since > int64(ringOverdue)
}

// renew says that this server changed a key: every call from now on has a snapshot that was read after this.
func (k *keyring) renew() {
	k.needed.Add(1)
	k.nudge()
}

// invalidate says that another server may have changed keys.
func (k *keyring) invalidate() {
	k.dirty.CompareAndSwap(0, k.clock.Now().UnixNano())
	k.nudge()
}

func (k *keyring) nudge() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// run reads in the background what others changed, until ctx ends.
func (k *keyring) run(ctx context.Context, log *slog.Logger) {
	idle := time.NewTicker(ringMost)
	defer idle.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.wake:
		case <-idle.C:
			k.invalidate()
		}
		if _, err := k.read(ctx); err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, "pool: the keys can't be read", "err", err)
		}
		select { // what is told meanwhile is read together
		case <-ctx.Done():
			return
		case <-time.After(ringEvery):
		}
	}
}

// read returns a snapshot that has all that was known to have changed when it was called. Calls share a reading where it
// began late enough for each of them.
func (k *keyring) read(ctx context.Context) (*index, error) {
	want, told := k.needed.Load(), k.dirty.Load() != 0
	k.mu.Lock()
	before := k.begun
	k.mu.Unlock()
	for {
		k.mu.Lock()
		f := k.flight
		mine := f == nil
		if mine {
			k.begun++
			f = &flight{number: k.begun, generation: k.needed.Load(), done: make(chan struct{})}
			k.flight = f
			k.dirty.Store(0)
		}
		k.mu.Unlock()
		if mine {
			k.fly(ctx, f)
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		switch {
		case f.number <= before && (told || f.generation < want): // it began too early for this call
		case f.err != nil:
			return nil, f.err
		default:
			return k.index.Load(), nil
		}
	}
}

// fly does the reading of a flight. It outlives the call that began it, since others wait for it.
func (k *keyring) fly(ctx context.Context, f *flight) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ringTimeout)
	defer cancel()
	defer func() {
		if f.err != nil {
			k.invalidate()
		}
		k.mu.Lock()
		k.flight = nil
		k.mu.Unlock()
		close(f.done)
	}()
	old := k.index.Load()
	if old == nil {
		old = &index{}
	}
	read, err := k.load(ctx, old)
	if err != nil {
		f.err = fmt.Errorf("pool: read the keys: %w", err)
		return
	}
	k.index.Store(k.merge(old, read, f.generation))
}

// merge puts what was read into the slots and makes the index of the new snapshot.
func (k *keyring) merge(old *index, read map[ids.ID]*Key, generation uint64) *index {
	idx := &index{generation: generation, slots: make(map[ids.ID]*slot, len(read))}
	same := len(read) == len(old.slots)
	for id, key := range read {
		s := old.slots[id]
		if s == nil {
			s, same = &slot{}, false
		} else {
			same = same && sameModels(s.key.Load().Models, key.Models)
		}
		s.update(key, k.clock.Now())
		idx.slots[id] = s
	}
	if same {
		idx.all, idx.byModel = old.all, old.byModel
		return idx
	}
	idx.all = make([]*slot, 0, len(read))
	for _, id := range sortedIDs(read) {
		idx.all = append(idx.all, idx.slots[id])
	}
	idx.byModel = map[string][]*slot{}
	for _, s := range idx.all {
		for _, model := range s.key.Load().Models {
			idx.byModel[model] = append(idx.byModel[model], s)
		}
	}
	return idx
}

// sameModels compares what a reading shares with the one before where nothing changed.
func sameModels(a, b []string) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0] || slices.Equal(a, b))
}

func sortedIDs(m map[ids.ID]*Key) []ids.ID {
	out := make([]ids.ID, 0, len(m))
	for id := range m {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// update takes what was read. The reading may have begun before a request of this server that settled since: as long as
// it counts fewer requests than are known here, what is known here of quota and health stands for another moment.
func (s *slot) update(read *Key, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.key.Load()
	if old != nil && read.Health.Requests < old.Health.Requests && now.Sub(s.patched) < patchKept {
		read.Health, read.Quota = old.Health, old.Quota
	}
	s.key.Store(read)
}

// settled folds what a request did into the snapshot.
func (k *keyring) settled(resource ids.ID, quota ledger.Balance, d routing.Delta) {
	idx := k.index.Load()
	if idx == nil {
		return
	}
	s := idx.slots[resource]
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := *s.key.Load()
	key.Quota = quota
	key.Health = key.Health.Apply(d)
	s.patched = k.clock.Now()
	s.key.Store(&key)
}
