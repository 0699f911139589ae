package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
)

func TestABudgetBeginsAnewWithItsPeriod(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	tom, token := source.New(ids.User), source.New(ids.Token)
	key := deposit(t, l, "", 100*one)
	grant(t, l, tom, 100*one)
	limit := money.Credits(15 * one)
	require.NoError(t, l.OpenBudget(t.Context(), db, token, &limit, "DAY"))
	spend := func(maximum, charge money.Credits) error {
		h := hold(tom, key, "", maximum, one)
		h.Token = token
		if _, err := l.Do(t.Context(), ledger.Request{Op: h}); err != nil {
			return err
		}
		u := usage(tom, key, "")
		u.Token = token
		do(t, l, &ledger.Settle{Hold: h.ID, Charge: charge, Cost: one, Usage: u})
		return nil
	}
	spent := func() money.Credits {
		budgets, err := l.Budgets(t.Context(), token)
		require.NoError(t, err)
		require.Equal(t, ledger.Day, budgets[token].Period)
		require.WithinRange(t, budgets[token].PeriodEnds, time.Now(), time.Now().AddDate(0, 0, 1))
		return budgets[token].Spent
	}
	require.Zero(t, spent())
	require.NoError(t, spend(10*one, 9*one))
	require.ErrorIs(t, spend(10*one, 9*one), ledger.ErrInsufficientCredits)
	require.Equal(t, money.Credits(9*one), spent())
	clean(t, db)

	// A reservation of yesterday is settled today, and counts today.
	h := hold(tom, key, "", 4*one, one)
	h.Token = token
	do(t, l, h)
	_, err := db.ExecContext(t.Context(), `UPDATE ledger_budgets SET period_start = period_start - interval '1 day'`)
	require.NoError(t, err)
	require.Zero(t, spent(), "also before anybody has spent anything")
	require.ErrorIs(t, spend(12*one, one), ledger.ErrInsufficientCredits, "what is held is not free")
	u := usage(tom, key, "")
	u.Token = token
	do(t, l, &ledger.Settle{Hold: h.ID, Charge: 3 * one, Cost: one, Usage: u})
	require.Equal(t, money.Credits(3*one), spent())
	require.NoError(t, spend(12*one, 12*one))
	require.ErrorIs(t, spend(one, one), ledger.ErrInsufficientCredits)
	require.Equal(t, money.Credits(15*one), spent())

	r, err := ledger.Verify(t.Context(), db.DB, ledger.VerifyOptions{Now: time.Now()})
	require.NoError(t, err)
	require.Equal(t, []string{"token " + string(token) + " has spent 15, its usage adds up to 24"}, r.Findings, "there was no yesterday")
	_, err = db.ExecContext(t.Context(), `UPDATE ledger_budgets SET spent = $1`, 24*one)
	require.NoError(t, err)
	clean(t, db)
	_, err = db.ExecContext(t.Context(), `UPDATE ledger_budgets SET period_start = period_start - interval '1 hour'`)
	require.NoError(t, err)
	r, err = ledger.Verify(t.Context(), db.DB, ledger.VerifyOptions{Now: time.Now()})
	require.NoError(t, err)
	require.Len(t, r.Findings, 1)
}
