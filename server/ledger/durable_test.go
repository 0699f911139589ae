package ledger_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
)

func TestConnectionsCutUnderLoadLoseAndDoubleNothing(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	tom := source.New(ids.User)
	res := deposit(t, l, "", 1_000*one)
	grant(t, l, tom, 10_000*one)
	stop := make(chan struct{})
	pause := 15 * time.Millisecond
	var cutter, workers sync.WaitGroup
	cutter.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(pause): // longer each time: a slow machine must get a batch through before it gives up
				pause += time.Millisecond
				_, _ = db.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
			}
		}
	})
	for range 16 {
		workers.Go(func() {
			for range 10 {
				h := hold(tom, res, "", one, one/10)
				if _, err := l.Do(t.Context(), ledger.Request{Op: h}); err != nil {
					t.Error(err)
					return
				}
				out, err := l.Do(t.Context(), ledger.Request{Op: &ledger.Settle{Hold: h.ID, Charge: one, Cost: one / 10, Usage: usage(tom, res, "")}})
				if err != nil || out.Late {
					t.Errorf("late: %v, %v", out.Late, err)
				}
			}
		})
	}
	workers.Wait()
	close(stop)
	cutter.Wait()
	require.Eventually(t, func() bool { return db.Ping() == nil }, 5*time.Second, 10*time.Millisecond)
	require.Equal(t, int64(2+16*10), clean(t, db).HeadSeq)
	require.Equal(t, ledger.WalletState{Available: (10_000 - 16*10) * one}, wallet(t, l, tom))
}

func TestTheBooksRefuseChanges(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	grant(t, l, source.New(ids.User), one)
	for _, query := range []string{
		`UPDATE ledger_transactions SET memo = 'x'`, `DELETE FROM ledger_transactions`, `TRUNCATE ledger_transactions`, `TRUNCATE ledger_transactions_0`,
		`UPDATE ledger_entries SET amount = 1`, `DELETE FROM ledger_entries`, `TRUNCATE ledger_entries`, `TRUNCATE ledger_entries_0`,
		`UPDATE ledger_entries_0 SET amount = 1`,
	} {
		_, err := db.Exec(query)
		require.ErrorContains(t, err, "append-only", query)
	}
	clean(t, db)
}

func TestTamperingIsFoundAtTheFirstBadTransaction(t *testing.T) {
	for name, c := range map[string]struct {
		tamper string
		first  int64
	}{
		"AmountsEdited":   {`UPDATE ledger_entries SET amount = amount * 2 WHERE seq = 4`, 4},
		"MemoEdited":      {`UPDATE ledger_transactions SET memo = 'nothing to see' WHERE seq = 3`, 3},
		"MiddleDeleted":   {`DELETE FROM ledger_entries WHERE seq = 5; DELETE FROM ledger_transactions WHERE seq = 5`, 5},
		"TailDeleted":     {`DELETE FROM ledger_entries WHERE seq = 9; DELETE FROM ledger_transactions WHERE seq = 9`, 9},
		"EntryDeleted":    {`DELETE FROM ledger_entries WHERE seq = 2 AND n = 0`, 2},
		"BalanceRaised":   {`UPDATE ledger_accounts SET balance = balance + 1000 WHERE id LIKE 'wallet:%'`, 0},
		"HeadMovedBack":   {`UPDATE ledger_head SET seq = 8, hash = (SELECT hash FROM ledger_transactions WHERE seq = 8)`, 9},
		"HoldForgotten":   {`UPDATE ledger_accounts SET held = 1 WHERE id LIKE 'wallet:%'`, 0},
		"UsageCopied":     {`UPDATE pool_totals SET requests = requests + 1`, 0},
		"SaltReplaced":    {`UPDATE ledger_entries SET salt = decode(repeat('00', 16), 'hex') WHERE seq = 6 AND n = 1`, 6},
		"AccountSwitched": {`UPDATE ledger_entries SET account_id = 'platform.loss' WHERE seq = 7 AND n = 0`, 7},
	} {
		t.Run(name, func(t *testing.T) {
			db := fresh(t)
			l, stop := start(t, db, "")
			for range 9 {
				grant(t, l, source.New(ids.User), one)
			}
			stop()
			clean(t, db)
			tamper(t, db, c.tamper)
			r, err := ledger.Verify(t.Context(), db.DB, ledger.VerifyOptions{Now: clock.System.Now()})
			require.NoError(t, err)
			require.False(t, r.Clean())
			if c.first == 0 {
				require.Nil(t, r.FirstBadSeq)
				return
			}
			require.NotNil(t, r.FirstBadSeq, "%v", r.Findings)
			require.Equal(t, c.first, *r.FirstBadSeq, "%v", r.Findings)
		})
	}
}

// tamper does what only the owner of the tables can: it takes the triggers away first.
func tamper(t *testing.T, db testDB, query string) {
	t.Helper()
	_, err := db.Exec(`ALTER TABLE ledger_entries_0 DISABLE TRIGGER ALL; ALTER TABLE ledger_transactions_0 DISABLE TRIGGER ALL; ` + query)
	require.NoError(t, err)
}

func TestAServerTakenForDeadRegistersAnewAndChargesNothingItCannot(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	tom := source.New(ids.User)
	res := deposit(t, l, "", 100*one)
	grant(t, l, tom, 100*one)
	h := hold(tom, res, "", 10*one, one)
	do(t, l, h)
	_, err := db.Exec(`UPDATE ledger_servers SET dead = true`)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return wallet(t, l, tom).Held == 0 }, 15*time.Second, 50*time.Millisecond)
	out := do(t, l, &ledger.Settle{Hold: h.ID, Charge: 10 * one, Cost: one, Usage: usage(tom, res, "")})
	require.True(t, out.Late)
	require.Equal(t, ledger.WalletState{Available: 100 * one}, wallet(t, l, tom))
	clean(t, db)
}

func TestNothingIsReservedForACallerWhoLeft(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	tom := source.New(ids.User)
	res := deposit(t, l, "", 100*one)
	grant(t, l, tom, 100*one)
	gone, leave := context.WithCancel(t.Context())
	leave()
	_, err := l.Do(gone, ledger.Request{Op: hold(tom, res, "", one, one), Caller: string(tom)})
	require.ErrorIs(t, err, context.Canceled)

	// Released right behind, in one batch or in the next: nothing is left either, and the key is free.
	key := &ledger.Key{Name: "complete:x:left", InputHash: []byte{1}}
	h := hold(tom, res, "", one, one)
	var both sync.WaitGroup
	for _, r := range []ledger.Request{{Op: h, Caller: "tom", Key: key}, {Op: &ledger.Release{Hold: h.ID}, Caller: "tom"}} {
		both.Go(func() { _, _ = l.Do(t.Context(), r) })
		time.Sleep(time.Microsecond)
	}
	both.Wait()
	_, err = l.Do(t.Context(), ledger.Request{Op: &ledger.Release{Hold: h.ID}})
	if err != nil {
		require.ErrorIs(t, err, ledger.ErrHoldGone)
	}
	require.Equal(t, ledger.WalletState{Available: 100 * one}, wallet(t, l, tom))
	_, found, err := l.Recorded(t.Context(), *key)
	require.NoError(t, err)
	require.False(t, found)
	clean(t, db)
}
