package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
)

func TestTheLogSaysWhatWasAskedForAndAtWhatPrices(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	tom := source.New(ids.User)
	key := deposit(t, l, source.New(ids.User), 1000*one)
	grant(t, l, tom, 50*one)
	logged := func(change func(u *ledger.Usage)) *ledger.UsageRow {
		u := usage(tom, key, "")
		change(u)
		h := hold(tom, key, "", one, one)
		do(t, l, h)
		do(t, l, &ledger.Settle{Hold: h.ID, Charge: 1, Cost: 1, Usage: u})
		row, err := database.Ent(db.app).UsageLog.Get(t.Context(), u.ID)
		require.NoError(t, err)
		return row
	}
	row := logged(func(*ledger.Usage) {})
	require.Equal(t, "chat", row.Endpoint)
	require.Equal(t, "gpt-4", row.Model)
	require.Empty(t, row.RequestedModel)

	prices := ledger.Prices{Input: 1, CacheWrite: 2, Output: 3, Minimum: 4, InputCost: 5, CachedCost: 6, CacheWriteCost: 7, OutputCost: 8}
	row = logged(func(u *ledger.Usage) { u.RequestedModel, u.Endpoint, u.Prices = "best", "embeddings", prices })
	require.Equal(t, "embeddings", row.Endpoint)
	require.Equal(t, "gpt-4", row.Model)
	require.Equal(t, "best", row.RequestedModel)
	require.Equal(t, prices, ledger.Prices{
		Input: row.InputPrice, CacheWrite: row.CacheWritePrice, Output: row.OutputPrice, Minimum: row.MinimumCharge,
		InputCost: row.InputCost, CachedCost: row.CachedInputCost, CacheWriteCost: row.CacheWriteCost, OutputCost: row.OutputCost,
	})
	clean(t, db)
}
