package check

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
)

const (
	// askEvery is how often the leases are asked for, well below how long one lasts.
	askEvery = 5 * time.Second
	every    = time.Minute
	fullAt   = 24 * time.Hour
	// pause is between finding something and looking again: two rounds of the sweeper, who may be about to release a hold.
	pause = 10 * time.Second
	// The jobs that one server at a time has the lease of.
	job, fullJob = "checks", "full check"
)

// leases is ledger.Ledger.
type leases interface {
	Leads(ctx context.Context, job string) (bool, error)
}

// Deps are what a Keeper works with.
type Deps struct {
	DB     *sql.DB
	Leases leases
	Clock  clock.Clock
	IDs    *ids.Source
	Log    *slog.Logger
	Pause  time.Duration // between the two looks; 0: 10 s
}

// Keeper checks the books.
type Keeper struct {
	Deps
	minutely, daily atomic.Pointer[Status]
	found           atomic.Int64
	busy, full      atomic.Bool // a check, a full run is on its way
}

// Status is what the last check of this server came to.
type Status struct {
	OK   bool
	At   time.Time
	Took time.Duration
}

// NewKeeper returns a keeper; Run works.
func NewKeeper(d Deps) *Keeper {
	if d.Pause == 0 {
		d.Pause = pause
	}
	return &Keeper{Deps: d}
}

// Last is what the last check of this server came to, nil where it made none: another server has the lease. A full run that
// failed counts until one passes.
func (k *Keeper) Last() *Status {
	last, full := k.minutely.Load(), k.daily.Load()
	if last == nil || full != nil && full.At.After(last.At) {
		return full
	}
	s := *last
	s.OK = s.OK && (full == nil || full.OK)
	return &s
}

// Found is how many findings this server has acted on.
func (k *Keeper) Found() int64 { return k.found.Load() }

// Run checks until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	var jobs errgroup.Group
	var last time.Time
	for {
		leads, err := k.Leases.Leads(ctx, job)
		if now := k.Clock.Now(); err == nil && leads && now.Sub(last) >= every {
			last = now
			jobs.Go(func() error { k.complain(ctx, k.Round(ctx)); return nil })
			jobs.Go(func() error { k.complain(ctx, k.Daily(ctx)); return nil })
		} else {
			k.complain(ctx, err)
		}
		select {
		case <-ctx.Done():
			return jobs.Wait()
		case <-tick.C:
		}
	}
}

func (k *Keeper) complain(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		k.Log.ErrorContext(ctx, "check: the books were not checked", "err", err)
	}
}

// Round verifies what was booked since the last good verification. One that takes longer than a minute has no other beside it.
func (k *Keeper) Round(ctx context.Context) error {
	if !k.busy.CompareAndSwap(false, true) {
		return nil
	}
	defer k.busy.Store(false)
	base, err := ledger.LastGood(ctx, k.DB, false)
	if err != nil || base == nil {
		return err // the full run comes first
	}
	return k.look(ctx, func(o ledger.VerifyOptions) (*ledger.Report, error) { return ledger.CheckSince(ctx, k.DB, base, o) })
}

// Daily verifies everything where the last full verification is a day old, or there is none.
func (k *Keeper) Daily(ctx context.Context) error {
	if !k.full.CompareAndSwap(false, true) {
		return nil
	}
	defer k.full.Store(false)
	last, err := ledger.Last(ctx, k.DB, true)
	if err != nil || last != nil && k.Clock.Now().Sub(last.At) < fullAt {
		return err
	}
	if leads, err := k.Leases.Leads(ctx, fullJob); err != nil || !leads {
		return err
	}
	asked := k.Clock.Now()
	return k.look(ctx, func(o ledger.VerifyOptions) (*ledger.Report, error) {
		o.Progress = func(int64, int64) {
			if now := k.Clock.Now(); now.Sub(asked) >= askEvery {
				asked = now
				_, _ = k.Leases.Leads(ctx, fullJob) // one that is lost has the other server do it too, no more
			}
		}
		return ledger.Verify(ctx, k.DB, o)
	})
}

// look runs a verification, once more where it finds something, and puts on record what it came to.
func (k *Keeper) look(ctx context.Context, verify func(ledger.VerifyOptions) (*ledger.Report, error)) error {
	var took time.Duration
	timed := func() (*ledger.Report, error) {
		now := k.Clock.Now()
		r, err := verify(ledger.VerifyOptions{Now: now})
		took = k.Clock.Now().Sub(now)
		return r, err
	}
	r, err := timed()
	if err == nil && !r.Clean() {
		k.Log.WarnContext(ctx, "check: something is wrong with the books, looking again", "findings", strings.Join(r.Findings, "; "))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(k.Pause):
		}
		r, err = timed()
	}
	if err != nil {
		return err
	}
	status := &k.minutely
	if r.Full() {
		status = &k.daily
	}
	status.Store(&Status{OK: r.Clean(), At: r.CheckedAt, Took: took})
	if r.Clean() {
		return k.passed(ctx, r)
	}
	k.found.Add(int64(len(r.Findings)))
	frozen, err := k.failed(ctx, r)
	k.Log.ErrorContext(ctx, "check: the books are not in order", "findings", strings.Join(r.Findings, "; "), "frozen", frozen)
	return err
}

// message is what an alert says of a report.
func message(r *ledger.Report) string {
	const some = 5
	text := strings.Join(r.Findings[:min(some, len(r.Findings))], "; ")
	if more := len(r.Findings) - some; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}

// ErrNoAccount says that there is no such account, or that it is the platform's, which nothing freezes.
var ErrNoAccount = errors.New("there is no such account of a person or a resource")
