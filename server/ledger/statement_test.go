package ledger_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/page"
)

// lines reads a statement to its end.
func lines(t *testing.T, s *ledger.Statement) (all []ledger.StatementLine) {
	t.Helper()
	for {
		more, err := s.Next(t.Context())
		require.NoError(t, err)
		if len(more) == 0 {
			return all
		}
		all = append(all, more...)
	}
}

func statement(t *testing.T, l *ledger.Ledger, user ids.ID, from, to *time.Time) *ledger.Statement {
	t.Helper()
	s, err := l.Statement(t.Context(), user, from, to)
	require.NoError(t, err)
	return s
}

// addsUp wants each line's balance to be the one before and its amount, and the last to be what the wallet has.
func addsUp(t *testing.T, l *ledger.Ledger, user ids.ID, all []ledger.StatementLine) {
	t.Helper()
	balance, seq := money.Credits(0), int64(0)
	for _, line := range all {
		balance += line.Amount
		require.Equal(t, balance, line.BalanceAfter, "line %s", line.ID())
		require.Greater(t, line.Seq, seq)
		require.NotZero(t, line.Amount)
		seq = line.Seq
	}
	w := wallet(t, l, user)
	require.Equal(t, balance, w.Available+w.Held)
}

// owe makes a debt, as a claw-back does.
func owe(t *testing.T, db testDB, user ids.ID, credits money.Credits) {
	t.Helper()
	_, err := db.Exec(`INSERT INTO ledger_accounts (id, asset, balance, held, closing, maximum) VALUES ($1, 'CREDIT', $2, 0, false, 0)`, string(ledger.Debt(user)), -int64(credits))
	require.NoError(t, err)
}

func TestAStatementAddsUpAcrossEveryKindOfMovement(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	bob, tom := source.New(ids.User), source.New(ids.User)
	key := deposit(t, l, bob, 2000*one) // 1000 at once, 800 vest
	grant(t, l, tom, 1000*one)
	spend := func(user ids.ID, charge money.Credits, cost money.USD) ids.ID {
		h, u := hold(user, key, bob, charge, cost), usage(user, key, bob)
		do(t, l, h)
		do(t, l, &ledger.Settle{Hold: h.ID, Charge: charge, Cost: cost, Usage: u})
		return u.ID
	}
	asked := spend(tom, 10*one, 100*one)
	do(t, l, &ledger.Vest{Resource: key, Owner: bob})
	spend(bob, 30*one, 5*one)
	owe(t, db, bob, 25*one)
	grant(t, l, bob, 10*one) // all of it repays the debt
	grant(t, l, bob, 20*one) // 15 of it
	do(t, l, &ledger.Withdraw{Resource: key, Owner: bob, Memo: "withdrawn"})

	all := lines(t, statement(t, l, bob, nil, nil))
	addsUp(t, l, bob, all)
	var kinds []ledger.Kind
	for _, line := range all {
		kinds = append(kinds, line.Kind)
	}
	require.Equal(t, []ledger.Kind{ledger.KindDeposit, ledger.KindVest, ledger.KindUsage, ledger.KindGrant, ledger.KindWithdrawal}, kinds)
	require.Equal(t, money.Credits(5*one), all[3].Amount)

	toms := lines(t, statement(t, l, tom, nil, nil))
	addsUp(t, l, tom, toms)
	require.Len(t, toms, 2)
	require.Equal(t, asked, toms[1].Usage)
	require.Equal(t, "gpt-4", toms[1].Model)
	require.Empty(t, toms[0].Usage)
	require.Empty(t, lines(t, statement(t, l, source.New(ids.User), nil, nil)))

	// Page by page from the newest, as GraphQL lists it, it is the same.
	var listed []ledger.WalletEntry
	two := 2
	args := page.Args{First: &two}
	for {
		c, err := l.Entries(t.Context(), bob, args)
		require.NoError(t, err)
		total, err := c.TotalCount(t.Context())
		require.NoError(t, err)
		require.Equal(t, len(all), total)
		for _, e := range c.Edges {
			listed = append(listed, e.Node)
		}
		if !c.PageInfo.HasNextPage {
			break
		}
		args.After = c.PageInfo.EndCursor
	}
	require.Len(t, listed, len(all))
	for i, e := range listed {
		require.Equal(t, all[len(all)-1-i].WalletEntry, e)
	}
}

func TestAStatementIsOfItsPeriodAndNotTorn(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	tom := source.New(ids.User)
	many := func(n int) {
		var wg sync.WaitGroup
		for range n {
			wg.Go(func() { grant(t, l, tom, one) })
		}
		wg.Wait()
	}
	many(1200)
	opened := statement(t, l, tom, nil, nil)
	first, err := opened.Next(t.Context())
	require.NoError(t, err)
	require.Len(t, first, 1000)
	grant(t, l, source.New(ids.User), one)
	middle := do(t, l, &ledger.Grant{User: tom, Amount: one}).At
	many(100)
	rest := lines(t, opened)
	require.Len(t, rest, 200, "what is booked meanwhile is not in it")
	addsUpTo := append(first, rest...)
	require.Equal(t, money.Credits(1200*one), addsUpTo[1199].BalanceAfter)

	all := lines(t, statement(t, l, tom, nil, nil))
	require.Len(t, all, 1301)
	addsUp(t, l, tom, all)
	before, since := lines(t, statement(t, l, tom, nil, &middle)), lines(t, statement(t, l, tom, &middle, nil))
	require.Equal(t, all, append(before, since...))
	require.True(t, before[len(before)-1].CreatedAt.Before(middle))
	require.Equal(t, middle, since[0].CreatedAt)
	future, past := middle.Add(time.Hour), middle.Add(-time.Hour)
	require.Empty(t, lines(t, statement(t, l, tom, &future, nil)))
	require.Empty(t, lines(t, statement(t, l, tom, nil, &past)))
	require.Len(t, lines(t, statement(t, l, tom, &past, &future)), 1301)
}
