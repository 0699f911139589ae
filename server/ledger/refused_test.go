package ledger_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
)

// strange is a record that can't be written.
type strange struct{ table *ledger.Table }

func (s strange) Table() *ledger.Table                { return s.table }
func (s strange) Key() string                         { return "k" }
func (s strange) Values() []any                       { return []any{"k"} }
func (s strange) Merge(later ledger.Row) ledger.Row   { return later }
func (s strange) records(ledger.Outcome) []ledger.Row { return []ledger.Row{s} }

// What the database can't even parse, or what is no row of its table, is refused alone: neither the batch that it was in nor
// those after it suffer.
func TestWhatCannotBeWrittenTakesNobodyAlong(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	user := source.New(ids.User)
	for _, table := range []*ledger.Table{
		{Name: "nowhere", Rank: 90, SQL: `INSERT INTO nowhere (id) SELECT * FROM unnest($1::text[])`, Types: []string{"text"}},
		{Name: "too narrow", Rank: 90, SQL: `INSERT INTO users (id) SELECT * FROM unnest($1::text[], $2::text[])`, Types: []string{"text", "text"}},
		{Name: "no type", Rank: 90, SQL: `INSERT INTO users (id) SELECT * FROM unnest($1::text[])`, Types: []string{"colour"}},
	} {
		const all, bad = 150, 77
		refused := make([]error, all)
		var callers sync.WaitGroup
		for i := range all {
			callers.Go(func() {
				r := ledger.Request{Op: &ledger.Grant{User: user, Amount: one}}
				if i == bad {
					r.Records = strange{table}.records
				}
				_, refused[i] = l.Do(t.Context(), r)
			})
		}
		callers.Wait()
		for i, err := range refused {
			require.Equal(t, i == bad, err != nil, "%s, %d: %v", table.Name, i, err)
		}
	}
	require.EqualValues(t, 3*149*one, wallet(t, l, user).Available)
	clean(t, db)
}

// An account under investigation gives nothing away, not even later: what is held now would leave when the holds end.
func TestAFrozenKeyIsNotWithdrawn(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	owner, eve := source.New(ids.User), source.New(ids.User)
	res := deposit(t, l, owner, 10*one)
	grant(t, l, eve, 100*one)
	h := hold(eve, res, owner, one, 10*one)
	do(t, l, h)
	for _, account := range []ledger.AccountID{ledger.Quota(res), ledger.Wallet(owner)} {
		_, err := db.Exec(`UPDATE ledger_accounts SET frozen = (id = $1)`, string(account))
		require.NoError(t, err)
		_, err = l.Do(t.Context(), ledger.Request{Op: &ledger.Withdraw{Resource: res, Owner: owner}})
		require.ErrorIs(t, err, ledger.ErrFrozen, account)
	}
	_, err := db.Exec(`UPDATE ledger_accounts SET frozen = false`)
	require.NoError(t, err)
	do(t, l, &ledger.Withdraw{Resource: res, Owner: owner})
	do(t, l, &ledger.Release{Hold: h.ID})
	clean(t, db)
}
