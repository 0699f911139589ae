package vault

import (
	"sync"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
)

const (
	cacheFor  = 5 * time.Minute // unless a test says otherwise
	cacheSize = 8192            // keys
)

// cache holds decrypted keys, and the data keys of people, for a few minutes. An entry serves only the ref that it was opened with.
type cache struct {
	lasts      time.Duration
	mu         sync.RWMutex
	entries    map[ids.ID]cached
	forgotten  uint64 // how often forget was called
	sweepAfter time.Time
}

type cached struct {
	ref   Ref
	key   Secret
	until time.Time
}

func (c *cache) get(ref Ref, now time.Time) (Secret, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	e, ok := c.entries[ref.Resource]
	if !ok || e.ref != ref || !now.Before(e.until) {
		return Secret{}, false
	}
	return e.key, true
}

// mark is taken before a key is read from the database and given to put afterwards.
func (c *cache) mark() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.forgotten
}

// put keeps a key, unless some key was forgotten since mark: what was read may be what had to be forgotten.
func (c *cache) put(ref Ref, key Secret, now time.Time, mark uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.forgotten != mark {
		return
	}
	if c.entries == nil {
		c.entries = map[ids.ID]cached{}
	}
	if len(c.entries) >= cacheSize || now.After(c.sweepAfter) {
		c.sweep(now)
	}
	c.entries[ref.Resource] = cached{ref: ref, key: key, until: now.Add(c.lasts)}
}

// tidy drops what is too old even where nothing is put in any more.
func (c *cache) tidy(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, e := range c.entries {
		if !now.Before(e.until) {
			delete(c.entries, id)
		}
	}
}

// sweep drops what is too old, and any one entry where all are fresh and there is no room.
func (c *cache) sweep(now time.Time) {
	c.sweepAfter = now.Add(c.lasts / 5)
	for id, e := range c.entries {
		if !now.Before(e.until) {
			delete(c.entries, id)
		}
	}
	for id := range c.entries {
		if len(c.entries) < cacheSize {
			return
		}
		delete(c.entries, id)
	}
}

func (c *cache) forget(resource ids.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgotten++
	delete(c.entries, resource)
}
