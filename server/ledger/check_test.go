package ledger_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
)

// recorded verifies in full, wants it clean, and puts it on record.
func recorded(t testing.TB, db testDB) *ledger.Verification {
	t.Helper()
	require.NoError(t, ledger.Record(t.Context(), db.app, clean(t, db)))
	v, err := ledger.LastGood(t.Context(), db.app, true)
	require.NoError(t, err)
	require.NotNil(t, v)
	return v
}

func since(t testing.TB, db testDB, base *ledger.Verification) *ledger.Report {
	t.Helper()
	r, err := ledger.CheckSince(t.Context(), db.app, base, ledger.VerifyOptions{Now: clock.System.Now()})
	require.NoError(t, err)
	return r
}

// spend has a request charged.
func spend(t testing.TB, l *ledger.Ledger, user, res, owner ids.ID, charge money.Credits, cost money.USD) ledger.Outcome {
	t.Helper()
	h := hold(user, res, owner, 2*charge, 2*cost)
	do(t, l, h)
	return do(t, l, &ledger.Settle{Hold: h.ID, Charge: charge, Cost: cost, Usage: usage(user, res, owner)})
}

func TestAnIncrementalCheckFindsWhatWasDoneInItsRange(t *testing.T) {
	wallet := func(u ids.ID) ledger.AccountID { return ledger.Wallet(u) }
	// Transactions: 1–4 before the base (two deposits, two grants), 5–10 requests in turn of tom and eve on both keys.
	type people struct {
		tom, eve, bob ids.ID
		own, bobs     ids.ID // keys
	}
	for name, c := range map[string]struct {
		tamper   string
		first    int64 // 0: no transaction is named
		involved func(p people) []ledger.AccountID
	}{
		"AmountsEdited": {`UPDATE ledger_entries SET amount = amount * 2 WHERE seq = 6`, 6, func(p people) []ledger.AccountID {
			return []ledger.AccountID{ledger.Quota(p.bobs), wallet(p.eve)}
		}},
		"MemoEdited": {`UPDATE ledger_transactions SET memo = 'nothing to see' WHERE seq = 7`, 7, func(p people) []ledger.AccountID {
			return []ledger.AccountID{ledger.Quota(p.own), wallet(p.tom)}
		}},
		"BalanceAfterEdited": {`UPDATE ledger_entries SET balance_after = balance_after + 1 WHERE seq = 5 AND account_id LIKE 'wallet:%'`, 5, func(p people) []ledger.AccountID {
			return []ledger.AccountID{wallet(p.tom)}
		}},
		"MiddleDeleted": {`DELETE FROM ledger_entries WHERE seq = 8; DELETE FROM ledger_transactions WHERE seq = 8`, 8, func(p people) []ledger.AccountID {
			return []ledger.AccountID{ledger.Quota(p.bobs), wallet(p.eve)} // by their later entries; not who comes next
		}},
		"HashEdited": {`UPDATE ledger_transactions SET hash = decode(repeat('00', 32), 'hex') WHERE seq = 8`, 8, func(p people) []ledger.AccountID {
			return []ledger.AccountID{ledger.Quota(p.bobs), wallet(p.eve)}
		}},
		"TailDeleted": {`DELETE FROM ledger_entries WHERE seq = 10; DELETE FROM ledger_transactions WHERE seq = 10`, 10, nil},
		"RolledBack": {`DELETE FROM ledger_entries WHERE seq > 3; DELETE FROM ledger_transactions WHERE seq > 3;
			UPDATE ledger_head SET seq = 3, hash = (SELECT hash FROM ledger_transactions WHERE seq = 3)`, 4, nil},
		"EntryDeleted":    {`DELETE FROM ledger_entries WHERE seq = 6 AND n = 0`, 6, nil},
		"HeadMovedBack":   {`UPDATE ledger_head SET seq = 8, hash = (SELECT hash FROM ledger_transactions WHERE seq = 8)`, 9, nil},
		"SaltReplaced":    {`UPDATE ledger_entries SET salt = decode(repeat('00', 16), 'hex') WHERE seq = 6 AND n = 1`, 6, nil},
		"AccountSwitched": {`UPDATE ledger_entries SET account_id = 'platform.loss' WHERE seq = 7 AND n = 0`, 7, nil},
		"LinkCut": {`UPDATE ledger_transactions SET previous_hash = hash WHERE seq = 9`, 9, func(p people) []ledger.AccountID {
			return []ledger.AccountID{ledger.Quota(p.own), wallet(p.tom)}
		}},
		"AnotherHead":       {`UPDATE ledger_head SET hash = decode(repeat('00', 32), 'hex')`, 10, nil},
		"PlatformEdited":    {`UPDATE ledger_accounts SET balance = balance + 1 WHERE id = 'platform.revenue'`, 0, func(people) []ledger.AccountID { return nil }},
		"SumKeptByAnother":  {`UPDATE ledger_accounts SET balance = balance + CASE id WHEN 'platform.revenue' THEN 1 ELSE -1 END WHERE id IN ('platform.revenue', 'platform.loss')`, 0, nil},
		"UntouchedRaised":   {`UPDATE ledger_accounts SET balance = balance + 1000 WHERE id LIKE 'wallet:%' AND id NOT IN (SELECT account_id FROM ledger_entries WHERE seq > 4)`, 0, nil},
		"TotalsEdited":      {`UPDATE pool_totals SET credits_charged = credits_charged + 1`, 0, func(people) []ledger.AccountID { return nil }},
		"RollupsEdited":     {`UPDATE usage_rollups SET cost_amount = cost_amount + 1`, 0, nil},
		"ContributorEdited": {`UPDATE pool_ledgers SET revenue = revenue + 1`, 0, nil},
		"LogEdited": {`UPDATE usage_logs SET credits_charged = 0 WHERE transaction_seq = 6`, 0, func(p people) []ledger.AccountID {
			return []ledger.AccountID{ledger.Quota(p.bobs), wallet(p.eve)}
		}},
		"LogDeleted":  {`DELETE FROM usage_logs WHERE transaction_seq = 9`, 0, nil},
		"TriggerOff":  {`SELECT 1`, 0, func(people) []ledger.AccountID { return nil }},
		"HoldOverdue": {`UPDATE ledger_holds SET expires_at = now() - interval '2 minutes'`, 0, func(people) []ledger.AccountID { return nil }},
		"HoldForgotten": {`DELETE FROM ledger_holds`, 0, func(p people) []ledger.AccountID {
			return []ledger.AccountID{ledger.Quota(p.own), wallet(p.tom)}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			db := fresh(t)
			l, stop := start(t, db, "")
			p := people{tom: source.New(ids.User), eve: source.New(ids.User), bob: source.New(ids.User)}
			p.own, p.bobs = deposit(t, l, "", 100*one), deposit(t, l, p.bob, 100*one)
			grant(t, l, p.tom, 100*one)
			grant(t, l, p.eve, 100*one)
			base := recorded(t, db)
			for range 3 {
				spend(t, l, p.tom, p.own, "", one, one/2)
				spend(t, l, p.eve, p.bobs, p.bob, one, one/2)
			}
			do(t, l, hold(p.tom, p.own, "", one, one))
			r := since(t, db, base)
			require.True(t, r.Clean(), "%v", r.Findings)
			require.Equal(t, int64(10), r.Transactions)
			stopQuietly(t, db, stop)
			tamper(t, db, `ALTER TABLE usage_logs_`+clock.System.Now().Format("200601")+` DISABLE TRIGGER ALL; `+c.tamper)
			if name != "TriggerOff" {
				guarded(t, db)
			}
			r = since(t, db, base)
			require.False(t, r.Clean())
			if c.first == 0 {
				require.Nil(t, r.FirstBadSeq, "%v", r.Findings)
			} else {
				require.NotNil(t, r.FirstBadSeq, "%v", r.Findings)
				require.Equal(t, c.first, *r.FirstBadSeq, "%v", r.Findings)
			}
			if c.involved != nil {
				require.Equal(t, c.involved(p), r.Involved, "%v", r.Findings)
			}
		})
	}
}

// stopQuietly stops a server and keeps its holds, as if it had just been killed.
func stopQuietly(t *testing.T, db testDB, stop func()) {
	t.Helper()
	stop()
	_, err := db.Exec(`UPDATE ledger_servers SET dead = false, lease_at = now()`)
	require.NoError(t, err)
}

// guarded puts the triggers on again.
func guarded(t *testing.T, db testDB) {
	t.Helper()
	_, err := db.Exec(`DO $$ DECLARE part regclass; BEGIN
		FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent IN ('ledger_entries'::regclass, 'ledger_transactions'::regclass, 'usage_logs'::regclass) LOOP
			EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only', part);
			EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER no_truncate', part);
		END LOOP; END $$`)
	require.NoError(t, err)
}

func TestChecksUnderLoadOfTwoServersFindNothing(t *testing.T) {
	db := fresh(t)
	a, _ := start(t, db, "")
	b, _ := start(t, db, "")
	tom, bob := source.New(ids.User), source.New(ids.User)
	res := deposit(t, a, bob, 1_000*one)
	grant(t, a, tom, 1_000*one)
	base := recorded(t, db)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 16 {
		l := []*ledger.Ledger{a, b}[i%2]
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				h := hold(tom, res, bob, one, one/10)
				if _, err := l.Do(t.Context(), ledger.Request{Op: h}); err != nil {
					t.Error(err)
					return
				}
				var end ledger.Operation = &ledger.Settle{Hold: h.ID, Charge: one / 100, Cost: one / 100, Usage: usage(tom, res, bob)}
				if n%3 == 0 {
					failed := usage(tom, res, bob)
					failed.Succeeded = false
					end = &ledger.Release{Hold: h.ID, Usage: failed}
				}
				if _, err := l.Do(t.Context(), ledger.Request{Op: end}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	rounds := 0
	for began := time.Now(); time.Since(began) < 3*time.Second; rounds++ {
		r := since(t, db, base)
		require.True(t, r.Clean(), "%v", r.Findings)
		require.NoError(t, ledger.Record(t.Context(), db.app, r))
		next, err := ledger.LastGood(t.Context(), db.app, false)
		require.NoError(t, err)
		require.Equal(t, r.HeadSeq, next.HeadSeq)
		base = next
	}
	close(stop)
	wg.Wait()
	require.Greater(t, rounds, 3)
	clean(t, db)
}

func TestAnAuditBeginsAtTheLastFullVerification(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	tom := source.New(ids.User)
	grant(t, l, tom, one)
	first, err := l.Audit(t.Context())
	require.NoError(t, err)
	require.True(t, first.Full())
	require.Equal(t, int64(1), *first.FullHeadSeq)
	grant(t, l, tom, one)
	second, err := l.Audit(t.Context())
	require.NoError(t, err)
	require.False(t, second.Full())
	require.Equal(t, []int64{1, 2, 2, 1}, []int64{second.FromSeq, second.HeadSeq, second.Transactions, *second.FullHeadSeq})
	tamper(t, db, `UPDATE ledger_entries SET amount = 2 WHERE seq = 2`)
	third, err := l.Audit(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(2), *third.FirstBadSeq)
	require.Equal(t, int64(1), *third.FullHeadSeq)
	last, err := ledger.Last(t.Context(), db.app, false)
	require.NoError(t, err)
	require.True(t, last.OK, "what fails is for the keeper of the checks to put on record")
}
