package checkpoint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/resourcepool/resourcepool/server/ledger"
)

// walkAtOnce is how many transactions are read at a time.
const walkAtOnce = 16384

// position is a place in the log and all that is known there of what is before it: the tree's right edge and the chain's
// head. The zero position is its start.
type position struct {
	right edge
	head  ledger.Digest
}

// is reports whether the log at the position is what a checkpoint says.
func (p *position) is(c *Checkpoint) bool {
	return p.right.size == c.Size && p.right.root() == c.Root && p.head == c.Head
}

// walk goes on to a size along the transactions themselves. Each must be chained to the one before it, so that root and head
// are of the same leaves. What is in ledger_tree is not read; with store, the hashes of this walk are put there.
func (k *Keeper) walk(ctx context.Context, p *position, to int64, leads func() error, store bool) error {
	for p.right.size < to {
		if err := leads(); err != nil {
			return err
		}
		upTo := min(to, p.right.size+walkAtOnce)
		steps, err := k.store.steps(ctx, p.right.size, upTo)
		if err != nil {
			return err
		}
		var done []node
		for _, s := range steps {
			if p.head = ledger.Chained(p.head, s.leaf); p.head != s.hash {
				return &Contradiction{fmt.Sprintf("the chain is broken: the hash of #%d is not that of its leaf after the one before it", p.right.size+1)}
			}
			done = p.right.push(s.leaf[:], done)
		}
		if p.right.size < upTo {
			return &Contradiction{fmt.Sprintf("transaction #%d is missing", p.right.size+1)}
		}
		if !store || len(done) == 0 {
			continue
		}
		replaced, err := k.store.add(ctx, done)
		if err != nil {
			return err
		}
		if replaced > 0 {
			k.Log.ErrorContext(ctx, "checkpoint: ledger_tree had hashes that are not of the transactions; they were replaced and not signed", "hashes", replaced, "upTo", upTo)
		}
	}
	return nil
}

// resume returns the newest position that was signed, after it held the books to each of the checkpoints; nil are passed over.
func (k *Keeper) resume(ctx context.Context, seq int64, leads func() error, signed ...*Checkpoint) (p position, err error) {
	signed = slices.DeleteFunc(signed, func(c *Checkpoint) bool { return c == nil })
	slices.SortFunc(signed, func(a, b *Checkpoint) int { return cmp.Compare(a.Size, b.Size) })
	for _, c := range signed {
		if err := k.continues(ctx, c, seq); err != nil {
			return p, err
		}
	}
	for i, c := range signed {
		if i == 0 {
			p, err = k.edge(ctx, c, leads)
		} else {
			err = k.walk(ctx, &p, c.Size, leads, true)
		}
		if err == nil && !p.is(c) {
			err = notSigned(c)
		}
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

// continues refuses books that are shorter than a checkpoint, or have another chain.
func (k *Keeper) continues(ctx context.Context, c *Checkpoint, seq int64) error {
	if seq < c.Size {
		return &Contradiction{fmt.Sprintf("the log was rolled back: it has %d transactions, %d were signed at %s", seq, c.Size, c.At.Format(time.RFC3339))}
	}
	chained, found, err := k.store.chained(ctx, c.Size)
	if err != nil {
		return err
	}
	if !found || chained != c.Head {
		return &Contradiction{fmt.Sprintf("the chain was rewritten: the hash of #%d is not what was signed at %s", c.Size, c.At.Format(time.RFC3339))}
	}
	return nil
}

func notSigned(c *Checkpoint) *Contradiction {
	return &Contradiction{fmt.Sprintf("the leaves up to #%d are not what was signed at %s", c.Size, c.At.Format(time.RFC3339))}
}

// edge returns the position of a checkpoint. The edge in ledger_tree is taken only where it hashes to the root that was
// signed; otherwise the log is walked from its start, and the tree stored anew once the walk came to that root.
func (k *Keeper) edge(ctx context.Context, c *Checkpoint, leads func() error) (position, error) {
	right, err := edgeAt(c.Size, reader{ctx, k.store})
	if err != nil && !errors.Is(err, errMissing) {
		return position{}, err
	}
	if p := (position{right, c.Head}); err == nil && p.is(c) {
		return p, nil
	}
	k.Log.WarnContext(ctx, "checkpoint: ledger_tree is not the tree that was signed; it is computed anew", "size", c.Size, "err", err)
	var p, again position
	var broken *Contradiction
	switch err := k.walk(ctx, &p, c.Size, leads, false); {
	case errors.As(err, &broken):
		why := notSigned(c)
		why.Why += ": " + broken.Why
		return p, why
	case err != nil:
		return p, err
	case !p.is(c):
		return p, notSigned(c)
	}
	return p, k.walk(ctx, &again, c.Size, leads, true)
}
