package checkpoint

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
)

const (
	every = time.Minute
	// job is the lease: one server at a time signs.
	job = "checkpoints"
	// AlertContradiction is the kind of the alert that the books contradict what was signed.
	AlertContradiction = "checkpoint.contradiction"
	alertSubject       = "ledger"
)

// leases is ledger.Ledger.
type leases interface {
	Leads(ctx context.Context, job string) (bool, error)
}

// Deps are what a Keeper works with.
type Deps struct {
	DB     *sql.DB
	Leases leases
	Key    Key
	Place  Place
	Clock  clock.Clock
	IDs    *ids.Source
	Log    *slog.Logger
}

// Keeper signs checkpoints as the log grows.
type Keeper struct {
	Deps
	store  tables
	newest atomic.Pointer[Checkpoint]
	kept   string // the newest file in the place that this server knows of
}

// NewKeeper returns a keeper; Run works.
func NewKeeper(d Deps) *Keeper { return &Keeper{Deps: d, store: tables{d.DB}} }

// Newest is the newest checkpoint that this server knows of, nil where there is none.
func (k *Keeper) Newest() *Checkpoint { return k.newest.Load() }

// Run signs a checkpoint at once and then each minute, where this server has the lease and the log grew, until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := k.Round(ctx); err != nil && ctx.Err() == nil {
			k.Log.ErrorContext(ctx, "checkpoint: none was signed", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// errNotLeading ends a round of a server whose lease went to another.
var errNotLeading = errors.New("checkpoint: another server has the lease")

// Contradiction is why nothing is signed: the books are not a continuation of what was signed before.
type Contradiction struct{ Why string }

func (c *Contradiction) Error() string { return "checkpoint: " + c.Why }

// Round signs a checkpoint if this server has the lease and the log grew. It returns a *Contradiction, and raises an alert,
// where the books contradict the newest checkpoint in the place.
func (k *Keeper) Round(ctx context.Context) error {
	leads := func() error {
		ok, err := k.Leases.Leads(ctx, job)
		if err == nil && !ok {
			err = errNotLeading
		}
		return err
	}
	if err := leads(); err != nil {
		if errors.Is(err, errNotLeading) {
			return k.follow(ctx)
		}
		return err
	}
	err := k.sign(ctx, leads)
	var c *Contradiction
	switch {
	case errors.Is(err, errNotLeading):
		return nil
	case errors.As(err, &c):
		n := journal.Notice{ID: k.IDs.New(ids.Alert), At: k.Clock.Now(), Kind: AlertContradiction, Subject: alertSubject, Message: c.Why}
		return errors.Join(err, journal.Alert(ctx, k.DB, n))
	case err != nil:
		return err
	}
	return journal.Resolve(ctx, k.DB, AlertContradiction, alertSubject, k.Clock.Now())
}

// follow learns of the newest checkpoint that another server signed.
func (k *Keeper) follow(ctx context.Context) error {
	signed, err := k.store.newest(ctx)
	if err != nil || signed == "" {
		return err
	}
	c, err := Open([]byte(signed), k.Key.Verifiers())
	if err != nil {
		return fmt.Errorf("%w; give all servers the same POOL_SIGNING_KEY", err)
	}
	k.newest.Store(&c)
	return nil
}

func (k *Keeper) sign(ctx context.Context, leads func() error) error {
	seq, hash, err := k.store.head(ctx)
	if err != nil {
		return err
	}
	last, signed, err := k.last(ctx)
	if err != nil {
		return err
	}
	published, err := k.published(ctx)
	if err != nil {
		return err
	}
	for _, before := range []*Checkpoint{last, published} {
		if before != nil {
			if err := k.continues(ctx, *before, seq, leads); err != nil {
				return err
			}
		}
	}
	if seq == 0 {
		return nil
	}
	chained, found, err := k.store.chained(ctx, seq)
	if err != nil {
		return err
	}
	if !found || chained != hash {
		return &Contradiction{fmt.Sprintf("the head is not that of the last transaction, #%d", seq)}
	}
	if last != nil && last.Size == seq {
		k.newest.Store(last)
		return k.store.publish(ctx, seq, signed)
	}
	if err := grow(ctx, k.store, seq, leads); err != nil {
		return err
	}
	next := Checkpoint{Size: seq, Head: hash, At: k.Clock.Now().Truncate(time.Second)}
	if next.Root, err = tlog.TreeHash(seq, reader{ctx, k.store}); err != nil {
		return err
	}
	if last != nil {
		if err := k.consistent(ctx, *last, next); err != nil {
			return err
		}
	}
	return k.keep(ctx, next, leads)
}

// last returns the newest checkpoint in the place, nil where there is none.
func (k *Keeper) last(ctx context.Context) (*Checkpoint, []byte, error) {
	name := k.kept // what is older need not be listed
	later, err := k.Place.List(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	if len(later) > 0 {
		name = later[len(later)-1]
	}
	if name == "" {
		return nil, nil, nil
	}
	signed, err := k.Place.Read(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, &Contradiction{fmt.Sprintf("the newest checkpoint, %s, is gone from %s", name, k.Place)}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("the newest checkpoint, %s in %s: %w", name, k.Place, err)
	}
	c, err := Open(signed, k.Key.Verifiers())
	if err == nil && c.Size != sizeOf(name) {
		err = errors.New("its size is not that in its name")
	}
	if err != nil {
		return nil, nil, &Contradiction{fmt.Sprintf("the newest checkpoint, %s in %s, is not to be trusted: %v", name, k.Place, err)}
	}
	k.kept = name
	return &c, signed, nil
}

// published returns the checkpoint that the servers make proofs with. Where each keeps its own folder, it is all that a server
// has of what the others signed. It is no more than the database says: one that this key did not sign is passed over.
func (k *Keeper) published(ctx context.Context) (*Checkpoint, error) {
	signed, err := k.store.newest(ctx)
	if err != nil || signed == "" {
		return nil, err
	}
	c, err := Open([]byte(signed), k.Key.Verifiers())
	if err != nil {
		k.Log.WarnContext(ctx, "checkpoint: the one in the database is not of this server's key: give all servers the same POOL_SIGNING_KEY", "err", err)
		return nil, nil
	}
	return &c, nil
}

// continues refuses books that are not a continuation of those of a checkpoint.
func (k *Keeper) continues(ctx context.Context, last Checkpoint, seq int64, leads func() error) error {
	if seq < last.Size {
		return &Contradiction{fmt.Sprintf("the log was rolled back: it has %d transactions, %d were signed at %s", seq, last.Size, last.At.Format(time.RFC3339))}
	}
	chained, found, err := k.store.chained(ctx, last.Size)
	if err != nil {
		return err
	}
	if !found || chained != last.Head {
		return &Contradiction{fmt.Sprintf("the chain was rewritten: the hash of #%d is not what was signed at %s", last.Size, last.At.Format(time.RFC3339))}
	}
	if err := grow(ctx, k.store, last.Size, leads); err != nil {
		return err
	}
	root, err := tlog.TreeHash(last.Size, reader{ctx, k.store})
	if err != nil {
		return err
	}
	if root != last.Root {
		return &Contradiction{fmt.Sprintf("the leaves up to #%d are not what was signed at %s", last.Size, last.At.Format(time.RFC3339))}
	}
	return nil
}

// consistent proves that the tree of next has that of last in it, as anyone could with both.
func (k *Keeper) consistent(ctx context.Context, last, next Checkpoint) error {
	proof, err := tlog.ProveTree(next.Size, last.Size, reader{ctx, k.store})
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(proof, next.Size, next.Root, last.Size, last.Root); err != nil {
		return &Contradiction{fmt.Sprintf("the tree of %d transactions does not have that of %d in it", next.Size, last.Size)}
	}
	return nil
}

func (k *Keeper) keep(ctx context.Context, next Checkpoint, leads func() error) error {
	signed, err := k.Key.Sign(next)
	if err != nil {
		return err
	}
	if err := leads(); err != nil {
		return err
	}
	if err := k.Place.Write(ctx, nameOf(next), signed); err != nil {
		return fmt.Errorf("%s: %w", k.Place, err)
	}
	k.kept = nameOf(next)
	k.newest.Store(&next)
	return k.store.publish(ctx, next.Size, signed)
}
