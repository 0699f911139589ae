package pool

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/resourcepool/resourcepool/server/ledger"
)

const (
	vestEvery   = time.Minute
	eraseEvery  = 5 * time.Second
	expireEvery = 10 * time.Second // and what they leave behind is taken back
	endBatch    = 500
	restsEvery  = 10 * time.Minute
	tidyEvery   = time.Minute
	jobTimeout  = time.Minute

	// jobCaller is who the ledger's queue takes the jobs for.
	jobCaller = "job:pool"
)

// Run does the jobs of the pool until ctx ends: it keeps the keys for routing fresh, vests what use has proven, erases the
// keys of withdrawn resources, ends resources whose time is over or that were not repaired in time and takes back what is
// left on them, and forgets old rests. A job that fails is logged and done again at its next turn. Any number of servers may
// run them at once.
func (s *Service) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { s.keys.run(ctx, s.log); return nil })
	g.Go(func() error { return s.every(ctx, vestEvery, "vest", s.Vest) })
	g.Go(func() error { return s.every(ctx, eraseEvery, "erase", s.EraseDrained) })
	g.Go(func() error { return s.every(ctx, expireEvery, "expire", s.EndOverdue) })
	g.Go(func() error { return s.every(ctx, restsEvery, "rests", s.PruneRests) })
	g.Go(func() error { return s.every(ctx, tidyEvery, "tidy", s.tidy) })
	return g.Wait()
}

// every does a job at once and then at intervals. It returns nil when ctx ends.
func (s *Service) every(ctx context.Context, interval time.Duration, name string, job func(context.Context) error) error {
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		jctx, cancel := context.WithTimeout(ctx, jobTimeout)
		err := job(jctx)
		cancel()
		if err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "pool: a job failed and is done again later", "job", name, "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// tidy lets go of what memory holds for nobody: keys opened some minutes ago, steps of deposits that nobody follows.
func (s *Service) tidy(context.Context) error {
	s.vault.Tidy()
	s.progress.tidy()
	return nil
}

// Vest releases the Credits that use has proven since the last time. What another server released meanwhile is nothing.
func (s *Service) Vest(ctx context.Context) error {
	due, err := s.ledger.Vestable(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for i := range due {
		_, err := s.ledger.Do(ctx, ledger.Request{Op: &due[i], Caller: jobCaller})
		switch {
		case errors.Is(err, ledger.ErrOverloaded), errors.Is(err, ledger.ErrClosed), ctx.Err() != nil:
			return errors.Join(append(errs, err)...) // the rest would fare the same
		case errors.Is(err, ledger.ErrNothing), errors.Is(err, ledger.ErrFrozen):
		case err != nil:
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// EraseDrained erases the keys of withdrawn resources whose last request has ended.
func (s *Service) EraseDrained(ctx context.Context) error {
	drained, err := s.ledger.Drained(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range drained {
		errs = append(errs, s.erase(ctx, id))
	}
	return errors.Join(errs...)
}
