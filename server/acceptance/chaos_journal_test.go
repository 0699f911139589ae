package acceptance

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// book is the journal that the clients keep, outside of the servers: what each asked for, and all it was told.
type book struct {
	mu      sync.Mutex
	entries []*entry
	codes   map[string]int // how often each error came
	wrong   []string
}

// entry is one thing that somebody wants done once. It belongs to one worker at a time.
type entry struct {
	id      string // its idempotency key, where it has one
	kind    string // complete, deposit, withdraw, grant
	by      string // the person
	in      vars
	mode    mode
	key     string // deposit, withdraw: the API key; grant: to whom
	amount  int64  // deposit: the quota; grant: the Credits
	memo    string // grant
	booked  int64  // grant: how often, as the judge found
	of      *entry // withdraw: the deposit
	acks    []ack
	unknown int    // attempts of which nobody knows what became
	refusal string // the code of the last refusal, where nothing was acknowledged
}

// ack is what an acknowledgement said.
type ack struct {
	ref    string // usage, resource or transaction
	amount int64
	answer string // all of the completion
}

func (a ack) String() string { return fmt.Sprintf("%s for %d", a.ref, a.amount) }

func (e *entry) String() string {
	return fmt.Sprintf("%s %s%s by %s: %d unknown, refused %q, acknowledged %v", e.kind, e.id, e.memo, e.by, e.unknown, e.refusal, e.acks)
}

func (b *book) open(e *entry) *entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.entries = append(b.entries, e)
	return e
}

func (b *book) acked(e *entry, a ack) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e.acks, e.refusal = append(e.acks, a), ""
}

func (b *book) refused(e *entry, code string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.codes[code]++
	if len(e.acks) == 0 {
		e.refusal = code
	}
}

func (b *book) unsure(e *entry, why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.codes[why]++
	e.unknown++
}

func (b *book) count(what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.codes[what]++
}

// complain notes what can't be right.
func (b *book) complain(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wrong = append(b.wrong, fmt.Sprintf(format, args...))
}

// some returns an acknowledged entry for which keep is true, nil where there is none; pick chooses.
func (b *book) some(pick func(n int) int, keep func(*entry) bool) *entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.entries) == 0 {
		return nil
	}
	for range 20 {
		if e := b.entries[pick(len(b.entries))]; len(e.acks) > 0 && keep(e) {
			return e
		}
	}
	return nil
}

// where returns the entries for which keep is true.
func (b *book) where(keep func(*entry) bool) []*entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.entries), func(e *entry) bool { return !keep(e) })
}

// summary counts what became of the entries.
func (b *book) summary() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	acked, refused, unknown, open := map[string]int{}, map[string]int{}, 0, 0
	for _, e := range b.entries {
		unknown += e.unknown
		switch {
		case len(e.acks) > 0:
			acked[e.kind]++
		case e.refusal != "":
			refused[e.kind]++
		default:
			open++
		}
	}
	var codes []string
	for code, n := range b.codes {
		codes = append(codes, fmt.Sprintf("%s %d", code, n))
	}
	slices.Sort(codes)
	return fmt.Sprintf("%d entries; acknowledged %v, refused %v, never known %d; %d attempts of unknown end; errors: %s",
		len(b.entries), acked, refused, open, unknown, strings.Join(codes, ", "))
}
