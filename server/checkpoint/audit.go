package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"golang.org/x/sync/errgroup"

	"github.com/resourcepool/resourcepool/server/ledger"
)

// Audit compares a replay of the log with the checkpoints of a place. Watch is told each transaction in its order; it keeps
// the right edge of the tree and what it was at the sizes of checkpoints, so memory does not grow with the log.
type Audit struct {
	place Place
	keys  note.Verifiers
	marks []mark
	next  int // the mark that the replay comes to
	right edge
	gap   bool // a transaction was missing: no later size can be compared
}

// mark is a checkpoint and what the replay was at its size.
type mark struct {
	name    string
	size    int64
	reached bool
	root    tlog.Hash
	head    ledger.Digest
}

// NewAudit lists the checkpoints of a place; Result reads them and accepts what one of keys signed.
func NewAudit(ctx context.Context, place Place, keys note.Verifiers) (*Audit, error) {
	names, err := place.List(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", place, err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("there are no checkpoints in %s", place)
	}
	a := &Audit{place: place, keys: keys}
	for _, name := range names {
		a.marks = append(a.marks, mark{name: name, size: sizeOf(name)})
	}
	return a, nil
}

// Watch takes the next transaction of a replay.
func (a *Audit) Watch(seq int64, leaf, hash ledger.Digest) {
	if a.gap || seq != a.right.size+1 {
		a.gap = true
		return
	}
	a.right.push(leaf[:], nil)
	for ; a.next < len(a.marks) && a.marks[a.next].size <= seq; a.next++ {
		if m := &a.marks[a.next]; m.size == seq {
			m.reached, m.root, m.head = true, a.right.root(), hash
		}
	}
}

// Result is what a comparison found.
type Result struct {
	Checkpoints int
	Newest      Checkpoint // the newest that could be opened
	Agreed      int64      // the log up to here is what was signed; 0: nothing is
	Disagreed   int64      // the first size at which it is not; 0: none
	Findings    []string
}

// Clean reports whether nothing was found.
func (r *Result) Clean() bool { return len(r.Findings) == 0 }

// readAtOnce is how many checkpoints are read at a time.
const readAtOnce = 16

// mostFindings bounds the texts of a result.
const mostFindings = 20

// Result compares, once the replay is through.
func (a *Audit) Result(ctx context.Context) (*Result, error) {
	opened, bad := make([]Checkpoint, len(a.marks)), make([]error, len(a.marks))
	some, within := errgroup.WithContext(ctx)
	some.SetLimit(readAtOnce)
	for i := range a.marks {
		some.Go(func() error {
			signed, err := a.place.Read(within, a.marks[i].name)
			if err != nil {
				return fmt.Errorf("%s: %w", a.place, err)
			}
			opened[i], bad[i] = Open(signed, a.keys)
			if bad[i] == nil && opened[i].Size != a.marks[i].size {
				bad[i] = errors.New("its size is not that in its name")
			}
			return nil
		})
	}
	if err := some.Wait(); err != nil {
		return nil, err
	}
	r := &Result{Checkpoints: len(a.marks)}
	for i, m := range a.marks {
		switch c := opened[i]; {
		case bad[i] != nil:
			r.find("%s: %v", m.name, bad[i])
		default:
			r.Newest = c
			r.compare(c, m, a.right.size)
		}
	}
	return r, nil
}

func (r *Result) compare(c Checkpoint, m mark, replayed int64) {
	at := c.At.Format(time.RFC3339)
	switch {
	case m.reached && m.root == c.Root && m.head == c.Head:
		if r.Disagreed == 0 {
			r.Agreed = c.Size
		}
		return
	case !m.reached:
		r.find("%d transactions were signed at %s, the log has %d in a row: it was cut or rolled back", c.Size, at, replayed)
	case m.root != c.Root && m.head != c.Head:
		r.find("the log up to #%d is not what was signed at %s: it was rewritten and chained anew", c.Size, at)
	case m.root != c.Root:
		r.find("the leaves up to #%d are not what was signed at %s", c.Size, at)
	default:
		r.find("the hash of #%d is not what was signed at %s", c.Size, at)
	}
	if r.Disagreed == 0 {
		r.Disagreed = c.Size
	}
}

func (r *Result) find(format string, args ...any) {
	if len(r.Findings) < mostFindings {
		r.Findings = append(r.Findings, fmt.Sprintf(format, args...))
	}
}

// Range returns in which transactions the first bad one is, by the checkpoints; ok is false where none disagrees.
func (r *Result) Range() (from, to int64, ok bool) { return r.Agreed + 1, r.Disagreed, r.Disagreed > 0 }
