package main

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime/pprof"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/feed"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
)

func (b *books) source() *ids.Source {
	if b.ids == nil {
		b.ids = ids.System()
	}
	return b.ids
}

// measure runs servers that write and a feed with one reader, keeps so many operations in flight over all, and prints a
// row of the table.
func measure(ctx context.Context, b *books, writers, flight int, warmUp, seconds time.Duration) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	servers, stop, err := b.serve(ctx, writers)
	if err != nil {
		return err
	}
	lag, stopFeed, err := b.follow(ctx)
	if err != nil {
		return err
	}
	var ended atomic.Bool
	var measuring atomic.Bool
	took := make([][]time.Duration, flight)
	var failed atomic.Int64
	var load sync.WaitGroup
	for n := range flight {
		load.Go(func() {
			l := servers[n%len(servers)]
			for !ended.Load() {
				began := clock.System.Now()
				h, err := b.pair(ctx, l, func() {
					now := clock.System.Now()
					if measuring.Load() {
						took[n] = append(took[n], now.Sub(began))
					}
					began = now
				})
				if err != nil && ctx.Err() == nil {
					failed.Add(1)
					fmt.Fprintln(os.Stderr, "bench:", h, err)
				}
			}
		})
	}
	time.Sleep(warmUp)
	before, err := b.usage(ctx)
	if err != nil {
		return err
	}
	lag.reset()
	measuring.Store(true)
	time.Sleep(seconds)
	measuring.Store(false)
	after, err := b.usage(ctx)
	if err != nil {
		return err
	}
	late := lag.percentile(99)
	ended.Store(true)
	load.Wait()
	stopFeed()
	if err := stop(); err != nil {
		return err
	}
	if n := failed.Load(); n > 0 {
		return fmt.Errorf("%d operations failed", n)
	}
	all := slices.Concat(took...)
	slices.Sort(all)
	row(b, writers, flight, seconds, all, before, after, late)
	return nil
}

// pair does a hold and its settlement for a consumer and a key drawn at random; done is called after each.
func (b *books) pair(ctx context.Context, l *ledger.Ledger, done func()) (ids.ID, error) {
	user, key := b.users[rand.IntN(len(b.users))], b.resources[rand.IntN(len(b.resources))] //nolint:gosec // a load, not a secret
	h := &ledger.Hold{
		ID: b.source().New(ids.Hold), User: user, OutputCap: 100, TTL: time.Minute,
		Credits:    func(int64) (money.Credits, error) { return 2 * money.Credits(charge), nil },
		Candidates: []ledger.Reserve{{Resource: key, USD: func(int64) (money.USD, error) { return 2 * money.USD(cost), nil }}},
	}
	if _, err := l.Do(ctx, ledger.Request{Op: h, Caller: string(user)}); err != nil {
		return h.ID, err
	}
	done()
	_, err := l.Do(ctx, ledger.Request{Caller: string(user), Op: &ledger.Settle{
		Hold: h.ID, Charge: money.Credits(charge), Cost: money.USD(cost),
		Usage: &ledger.Usage{
			ID: b.source().New(ids.Usage), CreatedAt: clock.System.Now(), Succeeded: true, Model: "gpt-4", Provider: "openai", User: user, Resource: key,
			PromptTokens: 2000, CompletionTokens: 1000, Latency: 400 * time.Millisecond, Attempts: 1, RoutingReason: "only_candidate",
		},
	}})
	done()
	return h.ID, err
}

// serve starts the ledgers; stop ends them in order.
func (b *books) serve(ctx context.Context, writers int) (servers []*ledger.Ledger, stop func() error, err error) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, writers)
	for range writers {
		l, batches, err := b.ledger()
		if err != nil {
			cancel()
			return nil, nil, err
		}
		ready := make(chan struct{})
		go func() {
			err := l.Run(ctx, ready)
			_ = batches.Close()
			ended <- err
		}()
		select {
		case <-ready:
		case err := <-ended:
			cancel()
			return nil, nil, err
		}
		servers = append(servers, l)
	}
	return servers, func() error {
		cancel()
		var first error
		for range writers {
			if err := <-ended; err != nil && first == nil {
				first = err
			}
		}
		return first
	}, nil
}

// follow runs a feed, as another server has it, with one reader, and measures how long after its booking each transaction is
// delivered. Both times are of this machine's clock.
func (b *books) follow(ctx context.Context) (*lags, func(), error) {
	ctx, cancel := context.WithCancel(ctx)
	db, err := database.Open(b.url, 4)
	if err != nil {
		cancel()
		return nil, nil, err
	}
	hub := feed.New(feed.Deps{Client: database.Ent(db), Database: b.url, Clock: clock.System, Log: slog.New(slog.DiscardHandler)})
	var running sync.WaitGroup
	running.Go(func() { _ = hub.Run(ctx) })
	s, err := hub.Transactions(ctx, nil)
	if err != nil {
		cancel()
		return nil, nil, err
	}
	l := &lags{}
	running.Go(func() {
		for e := range s.C {
			l.add(clock.System.Now().Sub(e.Transaction.CreatedAt))
		}
		if err := s.Err(); err != nil && ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, "bench: the feed's reader:", err)
		}
	})
	return l, func() { cancel(); running.Wait(); _ = db.Close() }, nil
}

// lags are how late the reader was.
type lags struct {
	mu  sync.Mutex
	all []time.Duration
}

func (l *lags) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, d)
}

func (l *lags) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = nil
}

func (l *lags) percentile(p int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.all) == 0 {
		return -1
	}
	slices.Sort(l.all)
	return l.all[(len(l.all)-1)*p/100]
}

func profile(file string) (stop func(), err error) {
	if file == "" {
		return func() {}, nil
	}
	f, err := os.Create(file) //nolint:gosec // where the operator says
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() { pprof.StopCPUProfile(); _ = f.Close() }, nil
}
