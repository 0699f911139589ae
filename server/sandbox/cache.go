package sandbox

import (
	"hash/maphash"
	"time"

	"github.com/tidwall/gjson"
)

const (
	cacheLife  = 5 * time.Minute
	cacheLeast = 1024 // tokens of the shortest prompt that is kept
	cacheStep  = 128  // what is cached is told in multiples of it
	cacheMost  = 4096 // prompts that an account keeps
)

var cacheSeed = maphash.MakeSeed()

// promptCache is when the prompts of an account were last seen, by the hash of the model and the messages.
type promptCache map[uint64]time.Time

// prefix is the beginning of a prompt that ends with one of its messages.
type prefix struct {
	hash   uint64
	tokens int64
}

// prefixes collects those of one prompt. nil collects nothing.
type prefixes struct {
	hash maphash.Hash
	list []prefix
}

func newPrefixes(model string) *prefixes {
	p := &prefixes{}
	p.hash.SetSeed(cacheSeed)
	_, _ = p.hash.WriteString(model)
	return p
}

// add appends a message; tokens is that of the prompt with it.
func (p *prefixes) add(message gjson.Result, tokens int64) {
	if p == nil {
		return
	}
	_ = p.hash.WriteByte(0)
	_, _ = p.hash.WriteString(message.Raw)
	if tokens >= cacheLeast {
		p.list = append(p.list, prefix{p.hash.Sum64(), tokens})
	}
}

// cached returns how many tokens of a prompt the account of a key has in its cache, and keeps the prompt in it.
func (s *Server) cached(c *call, p *prefixes) int64 {
	if p == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	cache := c.key.account.cache
	if cache == nil {
		cache = promptCache{}
		c.key.account.cache = cache
	}
	var tokens int64
	for _, prefix := range p.list {
		if seen, ok := cache[prefix.hash]; ok && c.at.Sub(seen) < cacheLife {
			tokens = prefix.tokens / cacheStep * cacheStep
		}
		if len(cache) >= cacheMost {
			clear(cache)
		}
		cache[prefix.hash] = c.at
	}
	return tokens
}
