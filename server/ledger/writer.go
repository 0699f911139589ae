package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
)

// Run registers this server, resolves what a former one of the same identity left, cuts the logs' partitions, and then
// commits batches until ctx ends; what waits then is still committed. ready is closed when Do will be answered.
func (l *Ledger) Run(ctx context.Context, ready chan<- struct{}) error {
	if err := l.Cut(ctx); err != nil {
		return fmt.Errorf("ledger: cut partitions: %w", err)
	}
	if err := l.register(ctx); err != nil {
		return fmt.Errorf("ledger: register this server: %w", err)
	}
	stopped := make(chan struct{})
	jobs, stopJobs := context.WithCancel(ctx)
	defer stopJobs()
	go func() {
		defer close(stopped)
		l.runJobs(jobs)
	}()
	w := newWriter(ctx, l)
	defer w.close()
	swept := make(chan error, 1)
	go func() { swept <- l.Sweep(jobs) }()
	if err := w.serveUntil(ctx, swept); err != nil {
		l.log.WarnContext(ctx, "ledger: the first sweep failed, the next one tries again", "err", err)
	}
	if ready != nil {
		close(ready)
	}
	w.run(ctx)
	l.queue.close()
	for l.queue.len() > 0 {
		w.commit(context.WithoutCancel(ctx), l.queue.take(batchMost))
	}
	stopJobs()
	<-stopped
	return l.unregister(context.WithoutCancel(ctx))
}

// serveUntil commits batches until the channel delivers.
func (w *writer) serveUntil(ctx context.Context, done <-chan error) error {
	for {
		select {
		case err := <-done:
			return err
		case <-ctx.Done():
			return <-done
		case <-w.l.queue.wake:
			w.commit(context.WithoutCancel(ctx), w.l.queue.take(batchMost))
		}
	}
}

func (w *writer) run(ctx context.Context) {
	idle := time.NewTicker(leaseEvery)
	defer idle.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.l.queue.wake:
			w.commit(context.WithoutCancel(ctx), w.l.queue.take(batchMost))
		case <-idle.C:
			w.commit(context.WithoutCancel(ctx), nil)
		}
	}
}

// commit has a batch decided and committed, and answers its callers. It returns when the fate of each is known.
//
// A batch that fails before COMMIT is tried again, alone where the database refused something in it, so that one bad
// operation does not take its neighbours along. A COMMIT that failed may have happened: the batch's id in the server's
// own row tells.
func (w *writer) commit(ctx context.Context, batch []*pending) {
	backoff, began := 10*time.Millisecond, w.l.clock.Now()
	for attempt := 0; ; attempt++ {
		batch = forsaken(batch)
		b := &batchRun{l: w.l, requests: batch, id: w.l.ids.New(ids.Batch)}
		err := w.attempt(ctx, b)
		var refused *setAside
		switch {
		case err == nil:
			b.answer()
			if b.head.seq > 0 {
				w.l.committed(b.head.seq)
			}
			return
		case errors.Is(err, errServerDead):
			w.l.log.WarnContext(ctx, "ledger: this server was taken for dead and registers anew", "server", w.l.serverID())
			err = w.l.register(ctx)
		case errors.As(err, &refused):
			batch = refused.without(batch)
			continue
		case refusedByDatabase(err):
			w.apart(ctx, batch, err)
			return
		}
		if err != nil {
			w.l.log.WarnContext(ctx, "ledger: a batch failed and is tried again", "operations", len(batch), "attempt", attempt, "err", err)
			if len(batch) == 0 {
				return // the next tick renews the lease
			}
			if w.late() {
				w.giveUp(batch, err)
				return
			}
			time.Sleep(backoff)
			backoff = min(2*backoff, time.Second)
			if w.l.clock.Now().Sub(began) > awayLimit {
				batch = w.dropNew(batch)
			}
		}
	}
}

// attempt runs the batch once. A COMMIT of unknown fate is resolved before it returns.
func (w *writer) attempt(ctx context.Context, b *batchRun) error {
	err := w.transact(ctx, b)
	var unknown *unknownCommitError
	if !errors.As(err, &unknown) {
		return err
	}
	for {
		happened, err := w.l.happened(ctx, b.id)
		if err == nil && happened {
			return nil
		}
		if err == nil {
			return unknown
		}
		w.l.log.WarnContext(ctx, "ledger: the fate of a commit is not known yet", "batch", b.id, "err", err)
		if w.late() {
			return unknown
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// without answers the requests that are set aside and returns the others.
func (e *setAside) without(batch []*pending) []*pending {
	kept := make([]*pending, 0, len(batch))
	for i, p := range batch {
		if err := e.refused[i]; err != nil {
			p.done <- answer{err: err}
			continue
		}
		kept = append(kept, p)
	}
	return kept
}

// apart commits the halves of a batch that the database refused, and so on down to the one that can't be: a thousand that
// one spoils cost twenty commits, not a thousand.
func (w *writer) apart(ctx context.Context, batch []*pending, cause error) {
	if n := len(batch); n > 1 {
		w.commit(ctx, slices.Clone(batch[:n/2]))
		w.commit(ctx, slices.Clone(batch[n/2:]))
		return
	}
	for _, p := range batch {
		p.done <- answer{err: fmt.Errorf("ledger: the database refused %T: %w", p.Op, cause)}
	}
}

// stopLimit is how long the writer goes on trying once it is told to stop and the database is away.
const stopLimit = 10 * time.Second

// late reports whether the writer was told to stop longer than stopLimit ago.
func (w *writer) late() bool {
	if w.until.Err() == nil {
		return false
	}
	now := w.l.clock.Now()
	if w.stopped.IsZero() {
		w.stopped = now
	}
	return now.Sub(w.stopped) > stopLimit
}

// giveUp answers a batch that can't be committed before the end. Its holds are released by another server, or the next start.
// Nothing of it was booked, unless its COMMIT was sent: then nobody knows here.
func (w *writer) giveUp(batch []*pending, cause error) {
	err := ErrClosed
	var unknown *unknownCommitError
	if errors.As(cause, &unknown) {
		err = fmt.Errorf("ledger: the server stops before it is known whether this was booked: %w", cause)
	}
	for _, p := range batch {
		p.done <- answer{err: err}
	}
}

// awayLimit is how long new operations wait for a database that can't be reached.
const awayLimit = 2 * time.Second

// dropNew refuses what reserved nothing yet. Operations that resolve a hold stay until they are committed.
func (w *writer) dropNew(batch []*pending) []*pending {
	kept := batch[:0]
	for _, p := range batch {
		if p.Op.holdID() != "" {
			kept = append(kept, p)
			continue
		}
		p.done <- answer{err: ErrOverloaded}
	}
	return kept
}

func (l *Ledger) serverID() ids.ID { return l.server.Load().(ids.ID) }

// unknownCommitError says that COMMIT was sent and not answered.
type unknownCommitError struct{ cause error }

func (e *unknownCommitError) Error() string { return "ledger: commit: " + e.cause.Error() }
func (e *unknownCommitError) Unwrap() error { return e.cause }

// errServerDead says that another server marked this one dead, because its lease ran out.
var errServerDead = errors.New("ledger: this server is marked dead")
