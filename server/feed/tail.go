package feed

import (
	"sort"
	"sync"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/ledger"
)

// Event is a booked transaction. Its rows are shared: they are for reading alone.
type Event struct {
	Cursor      string
	Seq         int64
	Transaction *ent.LedgerTransaction
	Postings    []ledger.Posting
	Usage       *ent.UsageLog // the request that was booked, nil where it is another movement
}

// kept is how many events stay at hand for live readers; who is further behind reads the table.
const kept = 2048

// tail is the end of the ledger as the hub has read it: all events with floor < seq ≤ head. Events are never changed in
// place, so that readers keep the slices they were given.
type tail struct {
	mu     sync.Mutex
	events []Event
	floor  int64
	head   int64
	grown  chan struct{} // closed when head rises
}

func newTail(head int64) *tail {
	return &tail{floor: head, head: head, grown: make(chan struct{})}
}

// add takes the events that follow the head.
func (t *tail) add(events []Event) {
	if len(events) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.events) >= 2*kept {
		cut := len(t.events) - kept
		t.floor = t.events[cut-1].Seq
		t.events = append(make([]Event, 0, 3*kept), t.events[cut:]...)
	}
	t.events = append(t.events, events...)
	t.rise(events[len(events)-1].Seq)
}

// skip moves the head past events that were not read, because nobody was there to read them.
func (t *tail) skip(head int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if head <= t.head {
		return
	}
	t.events, t.floor = nil, head
	t.rise(head)
}

func (t *tail) rise(head int64) {
	t.head = head
	close(t.grown)
	t.grown = make(chan struct{})
}

func (t *tail) position() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.head
}

// after returns the events after seq, or that they are no longer at hand (behind). Where there are none yet, grown is
// closed as soon as it is worth asking again.
func (t *tail) after(seq int64) (events []Event, behind bool, grown <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if seq < t.floor {
		return nil, true, t.grown
	}
	i := sort.Search(len(t.events), func(i int) bool { return t.events[i].Seq > seq })
	return t.events[i:len(t.events):len(t.events)], false, t.grown
}
