package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/page"
)

func TestTransactionsAreFoundByTime(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	user := source.New(ids.User)
	for range 5 {
		grant(t, l, user, one)
	}
	all, err := l.List(t.Context(), page.Args{}, ledger.Filter{})
	require.NoError(t, err)
	require.Len(t, all.Edges, 5)
	for from := range 6 {
		for to := from; to < 6; to++ {
			var f ledger.Filter
			var want []int64
			for i := range all.Edges {
				booked := all.Edges[len(all.Edges)-1-i].Node
				if i == from {
					f.From = &booked.CreatedAt
				}
				if i == to {
					f.To = &booked.CreatedAt
				}
				if i >= from && i < to {
					want = append([]int64{booked.ID}, want...)
				}
			}
			if from == 5 {
				later := all.Edges[0].Node.CreatedAt.Add(time.Microsecond)
				f.From = &later
			}
			got, err := l.List(t.Context(), page.Args{}, f)
			require.NoError(t, err)
			var seqs []int64
			for _, e := range got.Edges {
				seqs = append(seqs, e.Node.ID)
			}
			require.Equal(t, want, seqs, "from %d to %d", from, to)
		}
	}
}
