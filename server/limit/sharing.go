package limit

import (
	"context"
	"log/slog"
	"time"

	"github.com/resourcepool/resourcepool/server/clock"
)

const (
	mergeEvery   = time.Second
	sweepEvery   = time.Minute
	mergeTimeout = 5 * time.Second
)

// Sharing merges what several servers count. Its limiters are made before Run.
type Sharing struct {
	store    store
	hasher   Hasher
	clock    clock.Clock
	log      *slog.Logger
	limiters map[string]*Limiter // by name
}

// NewSharing returns a sharing without limiters.
func NewSharing(db DB, h Hasher, c clock.Clock, log *slog.Logger) *Sharing {
	return &Sharing{store: store{db}, hasher: h, clock: c, log: log, limiters: map[string]*Limiter{}}
}

// Limiter returns a limiter that counts with those of the same name on other servers.
func (s *Sharing) Limiter(name string, burst int, refill time.Duration) *Limiter {
	l := New(s.clock, burst, refill)
	l.taken = map[string]time.Duration{}
	s.limiters[name] = l
	return l
}

// PerMinute returns such a limiter of so many a minute, all of which may come at once; nil, which limits nothing, for 0.
func (s *Sharing) PerMinute(name string, n int) *Limiter {
	if n == 0 {
		return nil
	}
	return s.Limiter(name, n, time.Minute/time.Duration(n))
}

// Run merges and sweeps until ctx is done. It always returns nil: each server can count alone.
func (s *Sharing) Run(ctx context.Context) error {
	merge, sweep := time.NewTicker(mergeEvery), time.NewTicker(sweepEvery)
	defer merge.Stop()
	defer sweep.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-merge.C:
			err = s.Merge(ctx)
		case <-sweep.C:
			err = s.store.sweep(ctx, s.clock.Now())
		}
		if err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "limit: this server counts alone", "err", err)
		}
	}
}

// Merge adds what this server let through since the last time to what all have, in one statement, and takes over the sum.
// Where nothing was, it asks nothing.
func (s *Sharing) Merge(ctx context.Context) error {
	type mine struct {
		limiter *Limiter
		key     string
	}
	whose, taken := map[string]mine{}, map[string]time.Duration{}
	undone := map[*Limiter]map[string]time.Duration{}
	for name, l := range s.limiters {
		undone[l] = l.uncounted()
		for key, d := range undone[l] {
			h := hashed(s.hasher, name, key)
			whose[h], taken[h] = mine{l, key}, d
		}
	}
	if len(taken) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, mergeTimeout)
	defer cancel()
	sums, err := s.store.add(ctx, s.clock.Now(), taken)
	if err != nil {
		for l, d := range undone {
			l.recount(d)
		}
		return err
	}
	for h, full := range sums {
		whose[h].limiter.counted(whose[h].key, full)
	}
	return nil
}
