package checkpoint

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// The tree is stored sparsely: of its levels only each eighth, the roots of complete subtrees of 256, 256², … leaves. What is
// between is computed from the leaves or from the level below, at most 128 hashes for one.
const (
	stride = 8
	fanOut = 1 << stride
	// growAtOnce is how many stored hashes are computed at a time, from 256 times as many.
	growAtOnce = 64
)

// nodes is what a tree is read from. Row 0 are the record hashes of the leaves, row r the roots of subtrees of 256^r leaves.
type nodes interface {
	// pick returns some hashes of a row, in the order of n; one that is missing is an error.
	pick(ctx context.Context, row int, n []int64) ([]tlog.Hash, error)
	// span returns the hashes from ≤ n < to of a row.
	span(ctx context.Context, row int, from, to int64) ([]tlog.Hash, error)
	// count returns how many hashes of a row are stored.
	count(ctx context.Context, row int) (int64, error)
	// add stores the next hashes of a row.
	add(ctx context.Context, row int, from int64, hashes []tlog.Hash) error
}

// reader is a tlog.HashReader over nodes.
type reader struct {
	ctx   context.Context // tlog's interface has no place for it, and a reader lives for one call
	nodes nodes
}

// ReadHashes returns hashes of the tree by tlog's numbering.
func (r reader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	need := map[int]map[int64]tlog.Hash{}
	for _, index := range indexes {
		row, from, to := below(index)
		if need[row] == nil {
			need[row] = map[int64]tlog.Hash{}
		}
		for n := from; n < to; n++ {
			need[row][n] = tlog.Hash{}
		}
	}
	for row, hashes := range need {
		ns := slices.Sorted(maps.Keys(hashes))
		got, err := r.nodes.pick(r.ctx, row, ns)
		if err != nil {
			return nil, err
		}
		for i, n := range ns {
			hashes[n] = got[i]
		}
	}
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		row, from, to := below(index)
		hashes := make([]tlog.Hash, 0, to-from)
		for n := from; n < to; n++ {
			hashes = append(hashes, need[row][n])
		}
		out[i] = fold(hashes)
	}
	return out, nil
}

// below returns the row and the range of stored hashes that the hash of an index is made of.
func below(index int64) (row int, from, to int64) {
	level, n := tlog.SplitStoredHashIndex(index)
	up := level % stride
	return level / stride, n << up, (n + 1) << up
}

// fold returns the root of a complete subtree: the number of hashes is a power of two. It works in place.
func fold(hashes []tlog.Hash) tlog.Hash {
	for len(hashes) > 1 {
		for i := range len(hashes) / 2 {
			hashes[i] = tlog.NodeHash(hashes[2*i], hashes[2*i+1])
		}
		hashes = hashes[:len(hashes)/2]
	}
	return hashes[0]
}

// grow stores what is missing of a tree of size leaves, some at a time. It calls again before each step and ends where that
// returns an error.
func grow(ctx context.Context, s nodes, size int64, again func() error) error {
	for row, want := 1, size/fanOut; want > 0; row, want = row+1, want/fanOut {
		have, err := s.count(ctx, row)
		if err != nil {
			return err
		}
		for have < want {
			if err := again(); err != nil {
				return err
			}
			to := min(want, have+growAtOnce)
			children, err := s.span(ctx, row-1, have*fanOut, to*fanOut)
			if err != nil {
				return err
			}
			hashes := make([]tlog.Hash, 0, to-have)
			for some := range slices.Chunk(children, fanOut) {
				hashes = append(hashes, fold(some))
			}
			if err := s.add(ctx, row, have, hashes); err != nil {
				return err
			}
			have = to
		}
	}
	return nil
}

// edge is the right edge of a growing tree: the roots of its complete subtrees, largest first. It is all that the root of
// any size needs while the leaves go by once.
type edge struct {
	size  int64
	roots []tlog.Hash
}

func (e *edge) push(leaf []byte) {
	e.roots = append(e.roots, tlog.RecordHash(leaf))
	e.size++
	for n := e.size; n%2 == 0; n /= 2 {
		last := len(e.roots) - 1
		e.roots[last-1] = tlog.NodeHash(e.roots[last-1], e.roots[last])
		e.roots = e.roots[:last]
	}
}

// root returns the root at the present size, which is not 0.
func (e *edge) root() tlog.Hash {
	h := e.roots[len(e.roots)-1]
	for i := len(e.roots) - 2; i >= 0; i-- {
		h = tlog.NodeHash(e.roots[i], h)
	}
	return h
}

// missing is the error of pick and span for a hash that is not there.
func missing(row int, n int64) error {
	if row == 0 {
		return fmt.Errorf("checkpoint: transaction #%d is missing", n+1)
	}
	return fmt.Errorf("checkpoint: ledger_tree has no hash %d of row %d; it is computed anew once the table is emptied", n, row)
}
