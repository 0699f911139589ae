package feed

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
)

const (
	pollEvery  = 100 * time.Millisecond // where nothing wakes the hub
	pollAtMost = 5 * time.Millisecond   // between two reads, however often it is woken
	pollUnseen = 50 * time.Millisecond  // the same where nobody watches: then only caches have to be told
	retryAfter = time.Second            // the longest pause while Postgres does not answer
	pruneEvery = 10 * time.Minute
	keepFor    = time.Hour        // of changes
	awayTooFar = keepFor / 2      // without reading changes, after which some may be lost
	queryLimit = 10 * time.Second // of one statement
	pageSize   = 500              // transactions per read
)

// The kinds of changes, and what ref names.
const (
	User     = "user"
	Resource = "resource"
	Prices   = "prices"
	Settings = "settings"
	Roles    = "roles"
	Rest     = "rest"
	// Everything says that changes may have been missed: before the hub ran, or while Postgres was away. Forget all.
	Everything = "*"
)

// ErrClosed says that the hub has stopped; its server is going down. Reconnect and go on from the last cursor.
var ErrClosed = errors.New("feed: the hub has stopped")

// Deps is what a Hub works with.
type Deps struct {
	Client   *ent.Client
	Database string // the address of Postgres, for the connection that listens
	Clock    clock.Clock
	Log      *slog.Logger
}

// Hub reads the ledger and the changes for all subscribers of one server.
type Hub struct {
	store *store
	clock clock.Clock
	log   *slog.Logger

	woken   chan struct{}
	ready   chan struct{} // closed when the first head is read
	closing chan struct{} // closed when Run ends
	tail    *tail         // set before ready is closed

	mu        sync.Mutex
	closed    bool
	open      sync.WaitGroup // the goroutines of subscribers
	onChange  []func(kind, ref string)
	onEvents  []func([]Event)
	onMoved   []func([]ledger.AccountID)
	readers   int // subscriptions of transactions
	wallets   map[ids.ID]map[*watch[struct{}]]bool
	resources map[ids.ID]map[*watch[ids.ID]]bool // by owner, "" for all
	owners    map[ids.ID]ids.ID                  // of resources; only the hub's own goroutine uses it
	unsettled map[changeID]bool                  // told already, above the cursor of changes; likewise
}

// New returns a hub that does nothing until Run.
func New(d Deps) *Hub {
	return &Hub{
		store: &store{client: d.Client, address: d.Database, log: d.Log}, clock: d.Clock, log: d.Log,
		woken: make(chan struct{}, 1), ready: make(chan struct{}), closing: make(chan struct{}),
		wallets: map[ids.ID]map[*watch[struct{}]]bool{}, resources: map[ids.ID]map[*watch[ids.ID]]bool{},
		owners: map[ids.ID]ids.ID{}, unsettled: map[changeID]bool{},
	}
}

// OnChange calls f for every change, whoever made it. It is called once with Everything when Run has started, so what was
// cached before is forgotten. f runs in the hub's goroutine and may not block. Call before Run.
func (h *Hub) OnChange(f func(kind, ref string)) { h.onChange = append(h.onChange, f) }

// OnTransactions calls f with every batch of events. It makes the hub read all of every transaction even where nobody
// watches; OnMoved is cheaper. f may not block. Call before Run.
func (h *Hub) OnTransactions(f func([]Event)) { h.onEvents = append(h.onEvents, f) }

// OnMoved calls f with the accounts of people and resources that were moved, each once per batch. f may not block. Call
// before Run.
func (h *Hub) OnMoved(f func([]ledger.AccountID)) { h.onMoved = append(h.onMoved, f) }

// Poke says that something was booked on this server. It never blocks.
func (h *Hub) Poke() {
	select {
	case h.woken <- struct{}{}:
	default:
	}
}

// Run reads until ctx ends, then ends every subscription and waits for them. Where Postgres does not answer, it logs and
// tries again. It runs once.
func (h *Hub) Run(ctx context.Context) error {
	stop := h.store.listen(h.Poke)
	defer stop()
	defer h.close()

	at, ok := h.start(ctx)
	if !ok {
		return nil
	}
	pruned, read, tried := h.clock.Now(), h.clock.Now(), h.clock.Now()
	pause := pollEvery
	for {
		if !h.wait(ctx, tried, pause) {
			return nil
		}
		next, err := h.read(ctx, at)
		now := h.clock.Now()
		tried = now
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			h.log.WarnContext(ctx, "feed: Postgres does not answer, trying again", "err", err)
			pause = min(2*pause, retryAfter)
			continue
		}
		if now.Sub(read) > awayTooFar {
			h.tell(Everything, "")
		}
		at, read, pause = next, now, pollEvery
		if now.Sub(pruned) >= pruneEvery {
			pruned = now
			if err := h.store.prune(ctx, keepFor); err != nil && ctx.Err() == nil {
				h.log.WarnContext(ctx, "feed: old changes were not pruned", "err", err)
			}
		}
	}
}

// start finds where the ledger and the changes end now.
func (h *Hub) start(ctx context.Context) (changeID, bool) {
	pause := pollEvery
	for {
		head, at, err := h.store.begin(ctx)
		if err == nil {
			h.tail = newTail(head)
			close(h.ready)
			h.tell(Everything, "")
			return at, true
		}
		if ctx.Err() != nil {
			return changeID{}, false
		}
		h.log.WarnContext(ctx, "feed: Postgres does not answer, trying again", "err", err)
		if !h.wait(ctx, h.clock.Now(), pause) {
			return changeID{}, false
		}
		pause = min(2*pause, retryAfter)
	}
}

// wait returns when the hub is woken or the pause is over, and not before pollAtMost after the last read; false where ctx
// ended.
func (h *Hub) wait(ctx context.Context, last time.Time, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	woken := h.woken
	if pause > pollEvery {
		woken = nil // Postgres is away: nothing is new before it is back
	}
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	case <-woken:
	}
	rest := h.atMost() - h.clock.Now().Sub(last)
	if rest <= 0 {
		return true
	}
	timer.Reset(rest)
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// atMost is how often the hub reads at most.
func (h *Hub) atMost() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.readers+len(h.onEvents)+len(h.wallets)+len(h.resources) == 0 {
		return pollUnseen
	}
	return pollAtMost
}

// close ends all subscriptions and waits for their goroutines.
func (h *Hub) close() {
	h.mu.Lock()
	h.closed = true
	close(h.closing)
	h.mu.Unlock()
	h.open.Wait()
}

func (h *Hub) tell(kind, ref string) {
	for _, f := range h.onChange {
		f(kind, ref)
	}
}
