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
	_, signed, err := k.store.newest(ctx)
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
	last, signed, err := k.last(ctx)
	if err != nil {
		return err
	}
	published, foreign, err := k.published(ctx)
	if err != nil {
		return err
	}
	// The head is read after what was signed: what another server signs meanwhile must not look like more than there is.
	seq, hash, err := k.store.head(ctx)
	if err != nil {
		return err
	}
	at, err := k.resume(ctx, seq, leads, last, published)
	if err != nil || seq == 0 {
		return err
	}
	if err := k.walk(ctx, &at, seq, leads, true); err != nil {
		return err
	}
	if at.head != hash {
		return &Contradiction{fmt.Sprintf("the head is not that of the last transaction, #%d", seq)}
	}
	if last != nil && last.Size == seq {
		k.newest.Store(last)
		return k.store.publish(ctx, seq, signed, foreign)
	}
	next := Checkpoint{Size: seq, Root: at.right.root(), Head: at.head, At: k.Clock.Now().Truncate(time.Second)}
	return k.keep(ctx, next, foreign, leads)
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
// has of what the others signed. It is no more than the database says: one that this key did not sign is passed over. The
// text of it, or of one that has another size than is said of it, is foreign, which may be replaced by any other.
func (k *Keeper) published(ctx context.Context) (c *Checkpoint, foreign string, err error) {
	size, signed, err := k.store.newest(ctx)
	if err != nil || signed == "" {
		return nil, "", err
	}
	opened, err := Open([]byte(signed), k.Key.Verifiers())
	if err != nil {
		k.Log.WarnContext(ctx, "checkpoint: the one in the database is not of this server's key: give all servers the same POOL_SIGNING_KEY", "err", err)
		return nil, signed, nil
	}
	if opened.Size != size {
		foreign = signed
	}
	return &opened, foreign, nil
}

func (k *Keeper) keep(ctx context.Context, next Checkpoint, foreign string, leads func() error) error {
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
	return k.store.publish(ctx, next.Size, signed, foreign)
}
