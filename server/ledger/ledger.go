package ledger

import (
	"context"
	"database/sql"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/ids"
)

const (
	// batchMost is how many operations one transaction takes at most. What a batch costs by itself, its round trips and its
	// commit, is a tenth at 400 and little at 1000; beyond that the first of a batch wait for the last.
	batchMost = 1000
	// backlogMost bounds what waits: about two seconds of work at the rate that a small machine reaches.
	backlogMost = 20_000
	// leaseEvery is how often an idle server renews its lease, leaseFor how old a lease may get.
	leaseEvery = 5 * time.Second
	leaseFor   = 20 * time.Second
	// sweepEvery is how often a server looks for holds that nobody will resolve.
	sweepEvery = 5 * time.Second
	// operationsKept is how long an operation key is remembered.
	operationsKept = 24 * time.Hour
)

// Options are what a Ledger is made of.
type Options struct {
	DB       *sql.DB // for reading and jobs
	Batches  *sql.DB // of the writer alone: one connection (database.OpenWriter)
	Ent      *ent.Client
	Clock    clock.Clock
	Rand     io.Reader // salts
	IDs      *ids.Source
	Log      *slog.Logger
	Identity string // survives restarts of one server, "" for none: what it left behind is swept at once when it is back
}

// Ledger is one server's access to the books. Run must be running for Do to be answered.
type Ledger struct {
	db       *sql.DB
	batches  *sql.DB
	ent      *ent.Client
	clock    clock.Clock
	rand     io.Reader
	ids      *ids.Source
	log      *slog.Logger
	identity string

	queue  *queue
	server atomic.Value // ids.ID: the row whose lease this server renews

	onCommit []func(seq int64) // set before Run

	booked chan int64 // the newest sequence to notify others of
}

// New returns a ledger on a migrated database.
func New(o Options) *Ledger {
	l := &Ledger{
		db: o.DB, batches: o.Batches, ent: o.Ent, clock: o.Clock, rand: o.Rand, ids: o.IDs, log: o.Log, identity: o.Identity,
		queue: newQueue(), booked: make(chan int64, 1),
	}
	l.server.Store(ids.ID(""))
	return l
}

// OnCommit has f called after each batch that booked something, with the newest sequence. It must return at once, and
// be set before Run.
func (l *Ledger) OnCommit(f func(seq int64)) {
	l.onCommit = append(l.onCommit, f)
}

// Do has an operation decided and answers when its batch has committed. It returns what the operation is refused with
// (the errors of its type), ErrOverloaded where too much waits, ErrClosed once the writer stops, ErrIdempotency or
// ErrPending by its key, a *GuardError where a guard did not go in, or an internal error, after which nothing was booked.
//
// When ctx ends first its error is returned and the operation may be booked or not: what needs to know calls with a
// context that outlives the client. Requests of one caller are decided in the order in which they came, so that whoever
// gave a Hold up can send its Release right behind.
func (l *Ledger) Do(ctx context.Context, r Request) (Outcome, error) {
	p := &pending{Request: r, ctx: ctx, done: make(chan answer, 1)}
	if err := l.queue.put(p, backlogMost); err != nil {
		return Outcome{}, err
	}
	select {
	case a := <-p.done:
		return a.outcome, a.err
	case <-ctx.Done():
		return Outcome{}, ctx.Err()
	}
}

// committed tells this server's listeners, and through the notifier the other servers'.
func (l *Ledger) committed(seq int64) {
	select {
	case <-l.booked:
	default:
	}
	select {
	case l.booked <- seq:
	default:
	}
	for _, f := range l.onCommit {
		f(seq)
	}
}
