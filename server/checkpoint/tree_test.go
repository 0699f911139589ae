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

func (r *rows) span(_ context.Context, row int, from, to int64) ([]tlog.Hash, error) {
	return append([]tlog.Hash(nil), r.row(row)[from:to]...), nil
}

func (r *rows) count(_ context.Context, row int) (int64, error) { return int64(len(r.row(row))), nil }

func (r *rows) add(_ context.Context, row int, from int64, hashes []tlog.Hash) error {
	(*r)[row] = append(r.row(row)[:from], hashes...)
	return nil
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
	nothing := func() error { return nil }
	for n := range int64(most) {
		hashes, err := tlog.StoredHashes(n, leafData(n), all)
		require.NoError(t, err)
		all = append(all, hashes...)
		sparse[0] = append(sparse[0], tlog.RecordHash(leafData(n)))
		right.push(leafData(n))
		size := n + 1
		if size > 1000 && !(size > 65536-3 && size < 65536+3) && size != 256*255 && size != 40_000 && size != most {
			continue
		}
		require.NoError(t, grow(t.Context(), &sparse, size, nothing))
		want, err := tlog.TreeHash(size, all)
		require.NoError(t, err)
		got, err := tlog.TreeHash(size, reader{t.Context(), &sparse})
		require.NoError(t, err)
		require.Equal(t, want, got, size)
		require.Equal(t, want, right.root(), size)
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
