package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
)

func TestACorrectionMovesWhatItSaysAndEveryCheckStaysClean(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	tom, bob, admin := source.New(ids.User), source.New(ids.User), source.New(ids.User)
	key := deposit(t, l, bob, 100*one)
	grant(t, l, tom, 100*one)
	base := recorded(t, db)
	used := spend(t, l, tom, key, bob, 10*one, 2*one)
	_, err := db.Exec(`UPDATE ledger_accounts SET frozen = true WHERE id = $1`, string(ledger.Wallet(tom)))
	require.NoError(t, err)
	out := do(t, l, &ledger.Adjust{Actor: admin, Corrects: used.Seq, Reason: "the answer was empty", Entries: []ledger.Entry{
		{Account: ledger.Wallet(tom), Amount: 10 * one}, {Account: ledger.Revenue, Amount: -10 * one},
		{Account: ledger.Quota(key), Amount: 2 * one}, {Account: ledger.Spent, Amount: -2 * one},
	}})
	require.Equal(t, used.Seq+1, out.Seq)
	require.Equal(t, money.Credits(100*one), wallet(t, l, tom).Available)
	quotas, err := l.Quotas(t.Context(), key)
	require.NoError(t, err)
	require.Equal(t, int64(100*one), quotas[key].Balance)
	r := since(t, db, base)
	require.True(t, r.Clean(), "%v", r.Findings)
	clean(t, db)
	list, err := l.TransactionsBySeq(t.Context(), out.Seq)
	require.NoError(t, err)
	booked := list[out.Seq]
	require.Equal(t, []string{"ADJUSTMENT", "Corrects #3: the answer was empty", string(admin), string(tom), string(key)},
		[]string{booked.Kind, booked.Memo, string(booked.ActorID), string(booked.UserID), string(booked.ResourceID)})
}

func TestACorrectionThatCannotBeIsRefusedAndMovesNothing(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	tom, bob, admin := source.New(ids.User), source.New(ids.User), source.New(ids.User)
	grant(t, l, tom, 10*one)
	key := deposit(t, l, bob, 100*one)
	gone := deposit(t, l, bob, 100*one)
	do(t, l, &ledger.Withdraw{Resource: gone, Owner: bob})
	do(t, l, hold(tom, key, bob, 4*one, one))
	entry := func(a ledger.AccountID, n int64) ledger.Entry { return ledger.Entry{Account: a, Amount: n} }
	for name, op := range map[string]ledger.Adjust{
		"NotBalanced":   {Entries: []ledger.Entry{entry(ledger.Wallet(tom), 2), entry(ledger.Loss, -1)}},
		"AcrossAssets":  {Entries: []ledger.Entry{entry(ledger.Wallet(tom), 1), entry(ledger.Quota(key), -1)}},
		"OneEntry":      {Entries: []ledger.Entry{entry(ledger.Wallet(tom), 0)}},
		"Twice":         {Entries: []ledger.Entry{entry(ledger.Wallet(tom), 1), entry(ledger.Wallet(tom), -1)}},
		"Nothing":       {Entries: []ledger.Entry{entry(ledger.Wallet(tom), 0), entry(ledger.Loss, 0)}},
		"UnknownKind":   {Entries: []ledger.Entry{entry("purse:"+ledger.AccountID(tom), 1), entry(ledger.Loss, -1)}},
		"UnknownHot":    {Entries: []ledger.Entry{entry("platform.mine", 1), entry(ledger.Loss, -1)}},
		"OfNobody":      {Entries: []ledger.Entry{entry("wallet:", 1), entry(ledger.Loss, -1)}},
		"WrongOwner":    {Entries: []ledger.Entry{entry(ledger.Wallet(key), 1), entry(ledger.Loss, -1)}},
		"NoSuchAccount": {Entries: []ledger.Entry{entry(ledger.Wallet(source.New(ids.User)), 1), entry(ledger.Loss, -1)}},
		"Vesting":       {Entries: []ledger.Entry{entry(ledger.Vesting(bob), 1), entry(ledger.Loss, -1)}},
		"Withdrawn":     {Entries: []ledger.Entry{entry(ledger.Quota(gone), 1), entry(ledger.Supply, -1)}},
		"BelowHeld":     {Entries: []ledger.Entry{entry(ledger.Wallet(tom), -7*one), entry(ledger.Loss, 7*one)}},
		"Overflow":      {Entries: []ledger.Entry{entry(ledger.Wallet(tom), 1<<62), entry(ledger.Loss, 1<<62), entry(ledger.Fees, 1<<62)}},
		"NoReason":      {Reason: " ", Entries: []ledger.Entry{entry(ledger.Wallet(tom), 1), entry(ledger.Loss, -1)}},
	} {
		t.Run(name, func(t *testing.T) {
			op.Actor, op.Corrects = admin, 1
			if op.Reason == "" {
				op.Reason = "a try"
			}
			_, err := l.Do(t.Context(), ledger.Request{Op: &op})
			require.Error(t, err)
			if name != "Overflow" {
				require.Equal(t, fault.BadUserInput, fault.CodeOf(err), err.Error())
			}
		})
	}
	require.Equal(t, int64(4), clean(t, db).HeadSeq)
}
