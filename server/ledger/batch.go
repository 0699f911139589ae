package ledger

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
)

// batchRun is one attempt to commit a batch: what it locked, decided and will write.
type batchRun struct {
	l        *Ledger
	id       ids.ID
	requests []*pending
	state    *State
	answers  []answer
	decided  []int // the requests that reach Apply, in order
	head     head
	// headLocked says that the head was locked together with the accounts.
	headLocked bool

	links    []link
	usages   []*UsageRow
	rollups  *rollups
	records  map[*Table][]Row
	finished []finishedKey
	freed    []string
	extra    []AccountID // accounts found to be needed once others were read
}

type head struct {
	seq  int64
	hash Digest
	at   time.Time
}

type finishedKey struct {
	name   string
	answer []byte
}

// answer tells the callers what became of their requests.
func (b *batchRun) answer() {
	for i, p := range b.requests {
		p.done <- b.answers[i]
	}
}

// refuse settles a request before Apply.
func (b *batchRun) refuse(i int, err error) { b.answers[i] = answer{err: err} }

// open returns the requests that nothing has refused or answered yet.
func (b *batchRun) open() []int {
	var open []int
	for i := range b.requests {
		if b.answers[i].err == nil && !b.answers[i].outcome.Replayed {
			open = append(open, i)
		}
	}
	return open
}

// decide runs Apply over the requests that are still open.
func (b *batchRun) decide() []decision {
	b.decided = b.open()
	operations := make([]Operation, len(b.decided))
	for n, i := range b.decided {
		operations[n] = b.requests[i].Op
		if h, ok := operations[n].(*Hold); ok && b.requests[i].Key != nil {
			h.key = b.requests[i].Key.Name
		}
	}
	return Apply(b.state, operations)
}

// refusedWithGuards returns the requests that Apply refused although their guards are in.
func (b *batchRun) refusedWithGuards(decisions []decision) map[int]error {
	refused := map[int]error{}
	for n, d := range decisions {
		if i := b.decided[n]; d.err != nil && len(b.requests[i].Guards) > 0 {
			refused[i] = d.err
		}
	}
	return refused
}

// books reports whether the decisions need the head: what they book is numbered, and what they record goes in its order.
func books(decisions []decision, requests []*pending, decided []int) bool {
	for n, d := range decisions {
		if d.err == nil && (len(d.drafts) > 0 || d.usage != nil || requests[decided[n]].Records != nil) {
			return true
		}
	}
	return false
}

// number gives the decided transactions their place in the chain and collects what goes with them.
func (b *batchRun) number(decisions []decision) error {
	b.rollups = newRollups()
	b.records = map[*Table][]Row{}
	for n, d := range decisions {
		i := b.decided[n]
		p := b.requests[i]
		if d.err != nil {
			b.refuse(i, d.err)
			if p.Key != nil {
				b.freed = append(b.freed, p.Key.Name)
			}
			continue
		}
		first := int64(0)
		for k := range d.drafts {
			if err := b.chain(d.drafts[k]); err != nil {
				return err
			}
			if k == 0 {
				first = b.head.seq
			}
		}
		d.out.Seq, d.out.At = first, b.head.at
		if d.usage != nil {
			d.out.Usage = d.usage.row(first, d.out.Charged, d.cost)
			b.usages = append(b.usages, d.out.Usage)
			b.rollups.addUsage(d.out.Usage)
		}
		b.record(p, d)
		b.answers[i] = answer{outcome: d.out}
	}
	return nil
}

func (b *batchRun) chain(d draft) error {
	k := link{draft: d, seq: b.head.seq + 1, at: b.head.at, salts: make([]byte, saltLen*(len(d.entries)+2))}
	if _, err := io.ReadFull(b.l.rand, k.salts); err != nil {
		return fmt.Errorf("ledger: salts: %w", err)
	}
	k.seal(b.head.hash)
	b.head.seq, b.head.hash = k.seq, k.hash
	b.links = append(b.links, k)
	b.rollups.addDraft(&k.draft)
	return nil
}

func (b *batchRun) record(p *pending, d decision) {
	if d.served.cost > 0 {
		b.rollups.served[d.served.resource] += d.served.cost
	}
	if p.Records != nil {
		for _, row := range p.Records(d.out) {
			b.records[row.Table()] = append(b.records[row.Table()], row)
		}
	}
	b.finishKey(p, d)
}

// finishKey records the answer under the operation's own key or that of the hold that it resolved, or frees the key.
func (b *batchRun) finishKey(p *pending, d decision) {
	name := d.key
	switch p.Op.(type) {
	case *Hold, *Move:
		return
	default:
		if p.Key != nil {
			name = p.Key.Name
		}
	}
	switch {
	case name == "":
	case p.Answer == nil:
		b.freed = append(b.freed, name)
	default:
		b.finished = append(b.finished, finishedKey{name, p.Answer})
	}
}

// merged returns the rows of a table in the order of their keys, those of one key folded into one.
func merged(rows []Row) []Row {
	slices.SortStableFunc(rows, func(a, b Row) int { return strings.Compare(a.Key(), b.Key()) })
	out := rows[:0]
	for _, r := range rows {
		if n := len(out); n > 0 && out[n-1].Key() == r.Key() {
			out[n-1] = out[n-1].Merge(r)
			continue
		}
		out = append(out, r)
	}
	return out
}
