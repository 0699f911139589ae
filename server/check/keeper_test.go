package check_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/check"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
)

const one = money.One

var source = ids.System()

// world is a ledger, who checks it, and who can do with its tables what no server can.
type world struct {
	t      *testing.T
	owner  *sql.DB
	db     *sql.DB
	ledger *ledger.Ledger
	keeper *check.Keeper
	clock  *clock.Fake

	tom, eve ids.ID
	key      ids.ID
}

// alone has every lease.
type alone struct{}

func (alone) Leads(context.Context, string) (bool, error) { return true, nil }

func newWorld(t *testing.T) *world {
	t.Helper()
	url := dbtest.URL(t)
	app := dbtest.App(t, url)
	w := &world{t: t, owner: dbtest.Open(t, url), db: dbtest.Open(t, app), clock: clock.NewFake(clock.System.Now()), tom: source.New(ids.User), eve: source.New(ids.User), key: source.New(ids.Resource)}
	w.ledger = ledger.New(ledger.Options{
		DB: w.db, Batches: dbtest.Writer(t, app), Ent: database.Ent(w.db), Clock: clock.System, Rand: rand.Reader, IDs: source, Log: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(t.Context())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- w.ledger.Run(ctx, ready) }()
	<-ready
	t.Cleanup(func() { cancel(); require.NoError(t, <-done) })
	w.keeper = check.NewKeeper(check.Deps{DB: w.db, Leases: alone{}, Clock: w.clock, IDs: source, Log: slog.New(slog.DiscardHandler), Pause: time.Millisecond})

	w.do(&ledger.Deposit{Resource: w.key, Quota: 100 * one})
	w.do(&ledger.Grant{User: w.tom, Amount: 100 * one})
	w.do(&ledger.Grant{User: w.eve, Amount: 100 * one})
	require.NoError(t, w.keeper.Daily(t.Context())) // the base
	require.True(t, w.keeper.Last().OK)
	return w
}

func (w *world) do(op ledger.Operation) ledger.Outcome {
	w.t.Helper()
	out, err := w.ledger.Do(w.t.Context(), ledger.Request{Op: op})
	require.NoError(w.t, err)
	return out
}

func (w *world) round() {
	w.t.Helper()
	require.NoError(w.t, w.keeper.Round(w.t.Context()))
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	_, err := w.owner.ExecContext(w.t.Context(), query, args...)
	require.NoError(w.t, err)
}

func (w *world) texts(query string) (out []string) {
	w.t.Helper()
	rows, err := w.owner.QueryContext(w.t.Context(), query)
	require.NoError(w.t, err)
	defer func() { require.NoError(w.t, rows.Close()) }()
	for rows.Next() {
		var s string
		require.NoError(w.t, rows.Scan(&s))
		out = append(out, s)
	}
	require.NoError(w.t, rows.Err())
	return out
}

func (w *world) frozen() []string {
	return w.texts(`SELECT id FROM ledger_accounts WHERE frozen ORDER BY id`)
}

func (w *world) alerts() []string {
	return w.texts(`SELECT kind || ' ' || subject FROM alerts WHERE resolved_at IS NULL ORDER BY 1`)
}

func (w *world) hold(user ids.ID) *ledger.Hold {
	return &ledger.Hold{
		ID: source.New(ids.Hold), User: user, OutputCap: 100, TTL: time.Minute,
		Credits:    func(int64) (money.Credits, error) { return one, nil },
		Candidates: []ledger.Reserve{{Resource: w.key, USD: func(int64) (money.USD, error) { return one, nil }}},
	}
}

func (w *world) settle(h *ledger.Hold) *ledger.Settle {
	return &ledger.Settle{Hold: h.ID, Charge: one, Cost: one, Usage: &ledger.Usage{
		ID: source.New(ids.Usage), CreatedAt: clock.System.Now(), Succeeded: true, Model: "m", Provider: "p", User: h.User, Resource: w.key, Attempts: 1,
	}}
}

func (w *world) freeze(account ledger.AccountID, frozen bool) bool {
	w.t.Helper()
	changed, err := check.Freeze(w.t.Context(), w.db, w.clock, source, account, frozen, "usr_admin", "by hand")
	require.NoError(w.t, err)
	return changed
}

func TestWhatIsFoundTwiceFreezesExactlyWhoIsInvolvedAndIsTold(t *testing.T) {
	w := newWorld(t)
	w.do(&ledger.Grant{User: w.tom, Amount: one, Memo: "a bonus"})
	w.round()
	require.Empty(t, w.alerts())
	w.do(&ledger.Grant{User: w.tom, Amount: one, Memo: "another"})
	w.exec(`ALTER TABLE ledger_transactions_0 DISABLE TRIGGER append_only; UPDATE ledger_transactions SET memo = 'x' WHERE memo = 'another'; ALTER TABLE ledger_transactions_0 ENABLE ALWAYS TRIGGER append_only`)
	wallet := string(ledger.Wallet(w.tom))
	w.round()
	require.False(t, w.keeper.Last().OK)
	require.Equal(t, int64(1), w.keeper.Found())
	require.Equal(t, []string{wallet}, w.frozen())
	require.Equal(t, []string{"ledger.check ledger", "ledger.frozen " + wallet}, w.alerts())
	require.Equal(t, []string{"ledger.freeze " + wallet}, w.texts(`SELECT action || ' ' || subject FROM audit_events WHERE actor_id IS NULL`))

	t.Run("a person who is frozen spends nothing, the other does", func(t *testing.T) {
		_, err := w.ledger.Do(t.Context(), ledger.Request{Op: w.hold(w.tom)})
		require.ErrorIs(t, err, ledger.ErrFrozen)
		h := w.hold(w.eve)
		w.do(h)
		w.do(w.settle(h))
	})
	t.Run("who was let go stays so while the same finding stands", func(t *testing.T) {
		require.True(t, w.freeze(ledger.Wallet(w.tom), false))
		require.False(t, w.freeze(ledger.Wallet(w.tom), false), "once")
		w.round()
		require.Empty(t, w.frozen())
		require.Equal(t, []string{"ledger.check ledger"}, w.alerts())
		h := w.hold(w.tom)
		w.do(h)
		w.do(w.settle(h))
	})
	t.Run("and the alert ends when the row is as it was", func(t *testing.T) {
		w.exec(`ALTER TABLE ledger_transactions_0 DISABLE TRIGGER append_only; UPDATE ledger_transactions SET memo = 'another' WHERE memo = 'x'; ALTER TABLE ledger_transactions_0 ENABLE ALWAYS TRIGGER append_only`)
		w.round()
		require.Empty(t, w.alerts())
		require.True(t, w.keeper.Last().OK)
	})
}

// tamper changes transactions and entries as their owner can, and switches the triggers on again.
func (w *world) tamper(query string) {
	w.t.Helper()
	w.exec(`ALTER TABLE ledger_transactions_0 DISABLE TRIGGER append_only; ALTER TABLE ledger_entries_0 DISABLE TRIGGER append_only; ` + query +
		`; ALTER TABLE ledger_transactions_0 ENABLE ALWAYS TRIGGER append_only; ALTER TABLE ledger_entries_0 ENABLE ALWAYS TRIGGER append_only`)
}

func TestAnAuditBeforeTheCheckDoesNotDisarmIt(t *testing.T) {
	w := newWorld(t)
	w.do(&ledger.Grant{User: w.tom, Amount: one, Memo: "another"})
	w.tamper(`UPDATE ledger_transactions SET memo = 'x' WHERE memo = 'another'`)
	r, err := w.ledger.Audit(t.Context())
	require.NoError(t, err)
	require.False(t, r.Clean())
	w.round()
	require.Equal(t, []string{string(ledger.Wallet(w.tom))}, w.frozen())
	require.Len(t, w.alerts(), 2)
}

func TestAFullAuditThatFailsDoesNotStandForTheDaysRun(t *testing.T) {
	w := newWorld(t)
	w.exec(`ALTER TABLE ledger_verifications DISABLE TRIGGER USER; DELETE FROM ledger_verifications`)
	w.tamper(`UPDATE ledger_transactions SET memo = 'x' WHERE kind = 'GRANT' AND user_id = '` + string(w.tom) + `'`)
	r, err := w.ledger.Audit(t.Context())
	require.NoError(t, err)
	require.True(t, r.Full())
	require.False(t, r.Clean())
	require.NoError(t, w.keeper.Daily(t.Context()))
	require.Equal(t, []string{string(ledger.Wallet(w.tom))}, w.frozen())
}

func TestWhoComesAfterARowThatIsGoneIsNotFrozen(t *testing.T) {
	w := newWorld(t)
	w.do(&ledger.Grant{User: w.tom, Amount: one, Memo: "gone"})
	w.do(&ledger.Grant{User: w.eve, Amount: one, Memo: "next"})
	w.tamper(`DELETE FROM ledger_entries WHERE seq = (SELECT seq FROM ledger_transactions WHERE memo = 'gone'); DELETE FROM ledger_transactions WHERE memo = 'gone'`)
	w.round()
	require.False(t, w.keeper.Last().OK)
	require.Empty(t, w.frozen(), "whose it was is in the rows of accounts, which the full run reads")
	w.clock.Advance(25 * time.Hour)
	require.NoError(t, w.keeper.Daily(t.Context()))
	require.Equal(t, []string{string(ledger.Wallet(w.tom))}, w.frozen())
}

func TestASharedKeyDoesNotSpreadAFindingToItsNextConsumers(t *testing.T) {
	w := newWorld(t)
	h := w.hold(w.tom)
	w.do(h)
	out := w.do(w.settle(h))
	w.tamper(fmt.Sprintf(`UPDATE ledger_entries SET amount = amount * 2 WHERE seq = %d AND account_id LIKE 'resource:%%'`, out.Seq))
	for range 3 {
		h := w.hold(w.eve)
		w.do(h)
		w.do(w.settle(h))
	}
	w.round()
	require.Equal(t, []string{string(ledger.Quota(w.key)), string(ledger.Wallet(w.tom))}, w.frozen())
	require.Len(t, w.texts(`SELECT unnest(findings) FROM ledger_verifications WHERE NOT ok AND array_to_string(findings, ' ') LIKE '%leaves%'`),
		4, "the leaf, the balance of the transaction, what it leaves the key at, the key's row")
}

func TestEachFindingFreezesAnAccountOnceWhicheverRunFindsIt(t *testing.T) {
	w := newWorld(t)
	wallet := string(ledger.Wallet(w.tom))
	for _, memo := range []string{"first", "second"} {
		w.do(&ledger.Grant{User: w.tom, Amount: one, Memo: memo})
	}
	edit := func(from, to string) {
		w.tamper(`UPDATE ledger_transactions SET memo = '` + to + `' WHERE memo = '` + from + `'`)
	}
	daily := func() {
		w.clock.Advance(25 * time.Hour)
		require.NoError(t, w.keeper.Daily(t.Context()))
	}
	letGo := func() {
		require.Equal(t, []string{wallet}, w.frozen())
		require.True(t, w.freeze(ledger.Wallet(w.tom), false))
	}
	edit("first", "x")
	w.round()
	letGo()
	daily()
	require.Empty(t, w.frozen(), "the full run finds what the minute's found")
	edit("second", "y")
	w.round()
	letGo() // another finding
	w.round()
	daily()
	require.Empty(t, w.frozen())
	edit("x", "first")
	edit("y", "second")
	w.clock.Advance(time.Minute)
	w.round()
	require.True(t, w.freeze(ledger.Wallet(w.tom), true)) // by hand, which is for no finding
	require.True(t, w.freeze(ledger.Wallet(w.tom), false))
	edit("first", "z")
	daily()
	letGo() // once it was gone it is new
	w.round()
	require.Empty(t, w.frozen(), "the minute's finds what the full run found")
	daily()
	require.Empty(t, w.frozen())
}

func TestOneRoundAtATime(t *testing.T) {
	w := newWorld(t)
	w.exec(`UPDATE ledger_accounts SET held = held + 1 WHERE id = $1`, string(ledger.Wallet(w.tom)))
	slow := check.NewKeeper(check.Deps{DB: w.db, Leases: alone{}, Clock: w.clock, IDs: source, Log: slog.New(slog.DiscardHandler), Pause: time.Second})
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			if err := slow.Round(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Len(t, w.texts(`SELECT id::text FROM ledger_verifications WHERE NOT ok`), 1)
	require.NoError(t, slow.Round(t.Context()), "the next one is taken again")
	require.Len(t, w.texts(`SELECT id::text FROM ledger_verifications WHERE NOT ok`), 2)
}

func TestAFullRunFindsWhatIsOlderThanTheLastCheck(t *testing.T) {
	w := newWorld(t)
	w.exec(`UPDATE ledger_accounts SET balance = balance + CASE id WHEN $1 THEN 1 ELSE -1 END WHERE id IN ($1, $2)`, string(ledger.Wallet(w.tom)), string(ledger.Wallet(w.eve)))
	w.round()
	require.Empty(t, w.frozen(), "accounts that did not move are a matter of the full run")
	require.NoError(t, w.keeper.Daily(t.Context()))
	require.Empty(t, w.frozen(), "once a day")
	w.clock.Advance(25 * time.Hour)
	require.NoError(t, w.keeper.Daily(t.Context()))
	require.ElementsMatch(t, []string{string(ledger.Wallet(w.tom)), string(ledger.Wallet(w.eve))}, w.frozen())
	require.Contains(t, w.alerts(), "ledger.check ledger, in full")
	w.round()
	require.False(t, w.keeper.Last().OK, "a good minute does not make a bad day good")
	require.Contains(t, w.alerts(), "ledger.check ledger, in full")
}

// What goes away between two looks was no finding: here a hold that is overdue until the sweeper comes.
func TestWhatIsGoneAtTheSecondLookFreezesNobody(t *testing.T) {
	w := newWorld(t)
	w.exec(`UPDATE ledger_accounts SET held = held + 1 WHERE id = $1`, string(ledger.Wallet(w.tom)))
	slow := check.NewKeeper(check.Deps{DB: w.db, Leases: alone{}, Clock: w.clock, IDs: source, Log: slog.New(slog.DiscardHandler), Pause: 2 * time.Second})
	var wg sync.WaitGroup
	wg.Go(func() {
		time.Sleep(700 * time.Millisecond)
		_, err := w.owner.Exec(`UPDATE ledger_accounts SET held = held - 1 WHERE id = $1`, string(ledger.Wallet(w.tom)))
		if err != nil {
			t.Error(err)
		}
	})
	require.NoError(t, slow.Round(t.Context()))
	wg.Wait()
	require.Empty(t, w.frozen())
	require.Empty(t, w.alerts())
	require.True(t, slow.Last().OK)
}

func TestHoldsTakenBeforeAFreezeAreResolved(t *testing.T) {
	w := newWorld(t)
	settled, released, late := w.hold(w.tom), w.hold(w.tom), w.hold(w.tom)
	w.do(settled)
	w.do(released)
	w.do(late)
	require.True(t, w.freeze(ledger.Wallet(w.tom), true))
	require.True(t, w.freeze(ledger.Quota(w.key), true))
	require.Equal(t, money.Credits(one), w.do(w.settle(settled)).Charged)
	w.do(&ledger.Release{Hold: released.ID})
	w.do(&ledger.Release{Hold: late.ID})
	require.True(t, w.do(w.settle(late)).Late, "what the provider took is booked on a frozen key")
	state, err := w.ledger.Wallet(t.Context(), w.tom)
	require.NoError(t, err)
	require.Equal(t, ledger.WalletState{Available: 99 * one}, state)
	_, err = w.ledger.Do(t.Context(), ledger.Request{Op: w.hold(w.eve)})
	require.ErrorIs(t, err, ledger.ErrNoQuota, "a frozen key is passed over")
	_, err = w.ledger.Do(t.Context(), ledger.Request{Op: &ledger.Grant{User: w.tom, Amount: one}})
	require.ErrorIs(t, err, ledger.ErrFrozen)
	w.round()
	require.True(t, w.keeper.Last().OK)
	_, err = check.Freeze(t.Context(), w.db, w.clock, source, ledger.Revenue, true, "", "never the platform's")
	require.ErrorIs(t, err, check.ErrNoAccount)
}
