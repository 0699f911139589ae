package gateway

import (
	"sync"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
)

// threads remember on which key a conversation went on last: that key has its prompt in a cache, where reading it costs a
// tenth. This is the memory of one server and only saves money: losing it loses nothing else.
type threads struct {
	mu sync.Mutex
	of map[string]turn
}

type turn struct {
	key ids.ID
	at  time.Time
}

const (
	// warmFor is how long providers keep a prompt in their caches after its last use.
	warmFor     = 5 * time.Minute
	mostThreads = 100_000
)

func newThreads() *threads { return &threads{of: map[string]turn{}} }

// went notes where a conversation went on.
func (t *threads) went(thread string, key ids.ID, now time.Time) {
	if thread == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.of) >= mostThreads {
		for name, last := range t.of {
			if now.Sub(last.at) > warmFor || len(t.of) > mostThreads*9/10 {
				delete(t.of, name)
			}
		}
	}
	t.of[thread] = turn{key, now}
}

// warm returns the key that has a conversation in its cache, "" where none has.
func (t *threads) warm(thread string, now time.Time) ids.ID {
	if thread == "" {
		return ""
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if last, ok := t.of[thread]; ok && now.Sub(last.at) < warmFor {
		return last.key
	}
	return ""
}
