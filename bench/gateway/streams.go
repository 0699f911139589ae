package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/resourcepool/resourcepool/server/clock"
)

const (
	opening    = 128                  // streams that are asked for at once
	openFor    = 15 * time.Second     // how long a stream stays open,
	openerEach = 5 * time.Millisecond // and so much longer for each of them
	restWithin = 100 * time.Second    // idle connections to the upstream are kept for a minute
	restEvery  = time.Second          // how often it is looked whether all are gone
	goSlack    = 24                   // goroutines of idle connections to Postgres, jobs of the moment
	heapSlack  = 4                    // MB that the program may keep of so many streams, besides
	descriptor = 480. / (1 << 20)     // MB of every goroutine that ever ran beside others: Go does not free them
)

// memory is what open streams take.
type memory struct {
	Streams int    `json:"streams"`
	Before  vitals `json:"before"`
	Open    vitals `json:"open"`
	After   vitals `json:"after"`
	// Waited is how long after the last stream the program was back where it was.
	Waited float64 `json:"waited_s"`
	// Kept says what it has not given back; then the run fails once it has printed all.
	Kept string `json:"kept,omitempty"`
}

// streams opens so many streams, measures while all are open, lets them come to their end, and waits until the program is
// back where it was.
func (w *world) streams(ctx context.Context, n int) (*memory, error) {
	m := &memory{Streams: n}
	if err := w.settleIn(ctx); err != nil {
		return nil, err
	}
	var err error
	if m.Before, err = w.vitals(ctx); err != nil {
		return nil, err
	}
	each := openFor + time.Duration(n)*openerEach
	if err := w.slow(ctx, each/time.Duration(w.o.answer)); err != nil {
		return nil, err
	}
	if err := w.hold(ctx, n, 2*each+patience, &m.Open); err != nil {
		return nil, err
	}
	if err := w.slow(ctx, 0); err != nil {
		return nil, err
	}
	began := clock.System.Now()
	for {
		if m.After, err = w.vitals(ctx); err != nil {
			return nil, err
		}
		waited := clock.System.Now().Sub(began)
		m.Waited = waited.Seconds()
		if m.After.Goroutines <= m.Before.Goroutines+goSlack && m.After.Heap <= m.Before.Heap+heapSlack+descriptor*m.Open.Goroutines {
			return m, nil
		}
		if waited > restWithin {
			m.Kept = fmt.Sprintf("%.0f s after the last stream the program has %.0f goroutines and %.1f MB of heap, and had %.0f and %.1f before the first",
				m.Waited, m.After.Goroutines, m.After.Heap, m.Before.Goroutines, m.Before.Heap)
			return m, nil
		}
		select {
		case <-time.After(restEvery):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// settleIn has every consumer ask once, so that what is made for the first request is there before.
func (w *world) settleIn(ctx context.Context) error {
	c, err := w.crew(ctx, named("v1-stream"), consumers)
	if err != nil {
		return err
	}
	defer c.close()
	for _, one := range c.clients {
		if err := errors.Join(one.conn.SetDeadline(clock.System.Now().Add(patience)), one.ask()); err != nil {
			return err
		}
		w.count(c.route, one.took)
	}
	return nil
}

var errEnded = errors.New("some streams ended before all were open: this machine is too slow for so many, ask for fewer")

// hold opens n streams, takes the vitals while all of them are open, and reads them to their end.
func (w *world) hold(ctx context.Context, n int, within time.Duration, during *vitals) error {
	c, err := w.crew(ctx, named("v1-stream"), n)
	if err != nil {
		return err
	}
	defer c.close()
	var ended atomic.Int64
	var open sync.WaitGroup
	open.Add(n)
	slots := make(chan struct{}, opening)
	all, ctx := errgroup.WithContext(ctx)
	defer context.AfterFunc(ctx, c.close)() // one that fails ends the others
	for _, one := range c.clients {
		if err := one.conn.SetDeadline(clock.System.Now().Add(within)); err != nil {
			return err
		}
		all.Go(func() error {
			slots <- struct{}{}
			r, err := one.send()
			<-slots
			open.Done()
			if err != nil {
				return err
			}
			defer r.Body.Close()
			defer ended.Add(1)
			return one.receive(r)
		})
	}
	all.Go(func() (err error) {
		open.Wait()
		*during, err = w.vitals(ctx)
		if ended.Load() > 0 {
			return errors.Join(err, errEnded)
		}
		return err
	})
	err = all.Wait()
	for _, one := range c.clients {
		w.count(c.route, one.took)
	}
	return err
}
