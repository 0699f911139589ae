package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// The tree is stored sparsely: of its levels only each eighth, the roots of complete subtrees of 256, 256², … leaves. What is
// between is computed from the leaves or from the level below, at most 128 hashes for one.
const stride = 8

// nodes is what a tree is read from. Row 0 are the record hashes of the leaves, row r the roots of subtrees of 256^r leaves.
type nodes interface {
	// pick returns some hashes of a row, in the order of n; one that is missing is an error.
	pick(ctx context.Context, row int, n []int64) ([]tlog.Hash, error)
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

// edge is the right edge of a growing tree: the roots of its complete subtrees, largest first. It is all that the root of
// any size needs while the leaves go by once.
type edge struct {
	size  int64
	roots []tlog.Hash
}

// node is a hash of the tree that is stored: the n-th of a row.
type node struct {
	row  int
	n    int64
	hash tlog.Hash
}

// push adds a leaf, and to done the stored hashes that are complete with it.
func (e *edge) push(leaf []byte, done []node) []node {
	e.roots = append(e.roots, tlog.RecordHash(leaf))
	e.size++
	for level, n := 1, e.size; n%2 == 0; level, n = level+1, n/2 {
		last := len(e.roots) - 1
		e.roots[last-1] = tlog.NodeHash(e.roots[last-1], e.roots[last])
		e.roots = e.roots[:last]
		if level%stride == 0 {
			done = append(done, node{level / stride, n/2 - 1, e.roots[last-1]})
		}
	}
	return done
}

// edgeAt reads the right edge of the tree of a size. It is worth no more than what it is read from: hold its root to a signed one.
func edgeAt(size int64, r tlog.HashReader) (edge, error) {
	var indexes []int64
	for level := bits.Len64(uint64(size)) - 1; level >= 0; level-- {
		if n := size >> level; n%2 == 1 {
			indexes = append(indexes, tlog.StoredHashIndex(level, n-1))
		}
	}
	roots, err := r.ReadHashes(indexes)
	return edge{size, roots}, err
}

// root returns the root at the present size, which is not 0.
func (e *edge) root() tlog.Hash {
	h := e.roots[len(e.roots)-1]
	for i := len(e.roots) - 2; i >= 0; i-- {
		h = tlog.NodeHash(e.roots[i], h)
	}
	return h
}

// errMissing is within the error of pick for a hash that is not there.
var errMissing = errors.New("checkpoint: the tree has a gap")

func missing(row int, n int64) error {
	if row == 0 {
		return fmt.Errorf("%w: transaction #%d is missing", errMissing, n+1)
	}
	return fmt.Errorf("%w: ledger_tree has no hash %d of row %d; it is computed anew once the table is emptied", errMissing, n, row)
}
