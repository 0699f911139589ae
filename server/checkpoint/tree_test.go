package checkpoint

import (
	"context"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"
)

// rows are nodes in memory.
type rows [][]tlog.Hash

func (r *rows) row(i int) []tlog.Hash {
	for len(*r) <= i {
		*r = append(*r, nil)
	}
	return (*r)[i]
}

func (r *rows) pick(_ context.Context, row int, ns []int64) (out []tlog.Hash, err error) {
	for _, n := range ns {
		if n >= int64(len(r.row(row))) {
			return nil, missing(row, n)
		}
		out = append(out, r.row(row)[n])
	}
	return out, nil
}

// add stores hashes; each row grows by one at a time.
func (r *rows) add(t *testing.T, nodes []node) {
	for _, n := range nodes {
		require.Len(t, r.row(n.row), int(n.n))
		(*r)[n.row] = append(r.row(n.row), n.hash)
	}
}

// naive keeps every hash of a tree, as tlog numbers them.
type naive []tlog.Hash

func (s naive) ReadHashes(indexes []int64) (out []tlog.Hash, err error) {
	for _, i := range indexes {
		out = append(out, s[i])
	}
	return out, nil
}

func leafData(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

// TestTheSparseTreeIsTlogs compares roots and proofs with those from tlog's own storage of all hashes.
func TestTheSparseTreeIsTlogs(t *testing.T) {
	const most = 65536 + 300
	var all naive
	var sparse rows
	var right edge
	sparse.row(0)
	for n := range int64(most) {
		hashes, err := tlog.StoredHashes(n, leafData(n), all)
		require.NoError(t, err)
		all = append(all, hashes...)
		sparse[0] = append(sparse[0], tlog.RecordHash(leafData(n)))
		sparse.add(t, right.push(leafData(n), nil))
		size := n + 1
		if size > 1000 && !(size > 65536-3 && size < 65536+3) && size != 256*255 && size != 40_000 && size != most {
			continue
		}
		want, err := tlog.TreeHash(size, all)
		require.NoError(t, err)
		got, err := tlog.TreeHash(size, reader{t.Context(), &sparse})
		require.NoError(t, err)
		require.Equal(t, want, got, size)
		require.Equal(t, want, right.root(), size)
		again, err := edgeAt(size, reader{t.Context(), &sparse})
		require.NoError(t, err)
		require.Equal(t, right, again, size)
		for _, of := range []int64{0, size / 3, size - 1, min(255, size-1), min(256, size-1)} {
			want, err := tlog.ProveRecord(size, of, all)
			require.NoError(t, err)
			got, err := tlog.ProveRecord(size, of, reader{t.Context(), &sparse})
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		old := size/2 + 1
		wantTree, err := tlog.ProveTree(size, old, all)
		require.NoError(t, err)
		gotTree, err := tlog.ProveTree(size, old, reader{t.Context(), &sparse})
		require.NoError(t, err)
		require.Equal(t, wantTree, gotTree)
	}
	require.Len(t, sparse, 3)
	require.Len(t, sparse[1], most/256)
	require.Len(t, sparse[2], 1)
}
