package pool_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/routing"
	"github.com/resourcepool/resourcepool/server/vault"
)

// serve has a key serve a request and books it.
func (w *world) serve(consumer *access.Actor, r *ent.PoolResource, charge money.Credits, cost money.USD) {
	w.t.Helper()
	_, err := w.ledger.Do(w.t.Context(), ledger.Request{
		Op: &ledger.Settle{Hold: w.hold(consumer, r, cost), Charge: charge, Cost: cost, Usage: usage(consumer, r)},
		Records: func(ledger.Outcome) []ledger.Row {
			return []ledger.Row{pool.HealthRow(r.ID, routing.Delta{Requests: 1, Successes: 1})}
		},
	})
	require.NoError(w.t, err)
}

// dies has the provider refuse a key.
func (w *world) dies(r *ent.PoolResource) {
	w.t.Helper()
	w.pool.Renew()
	k, err := w.pool.Key(w.t.Context(), r.ID)
	require.NoError(w.t, err)
	require.NoError(w.t, w.pool.ProviderRejected(w.t.Context(), k, provider.Dead))
	require.Equal(w.t, "SUSPENDED by PROVIDER", w.status(r.ID))
}

// passes lets time go by and does what is due then.
func (w *world) passes(d time.Duration) {
	w.t.Helper()
	w.clock.Advance(d)
	require.NoError(w.t, w.pool.EndOverdue(w.t.Context()))
}

func TestAKeyThatIsNotRepairedInTimeIsClawedBack(t *testing.T) {
	w := newWorld(t)
	bob, eve := w.person(), w.person()
	r, other := w.deposit(bob, "sk-bob-0123456789"), w.deposit(eve, "sk-eve-0123456789")
	w.serve(bob, other, 300*one, one)
	w.serve(eve, r, 120*one, 100*one)
	w.dies(r)
	by, err := w.pool.RepairBy(t.Context(), w.row(r.ID))
	require.NoError(t, err)
	require.True(t, by.Equal(w.clock.Now().Add(72*time.Hour)))

	w.passes(72*time.Hour - time.Second)
	require.Equal(t, "SUSPENDED by PROVIDER", w.status(r.ID))
	require.Equal(t, ledger.WalletState{Available: 600 * one}, w.wallet(bob))
	w.passes(time.Second)
	require.Equal(t, "DEPLETED", w.status(r.ID))
	require.Contains(t, *w.row(r.ID).StatusReason, "not repaired in time")
	require.Equal(t, ledger.WalletState{Owed: 210 * one}, w.wallet(bob), "900 that it brought, less 90 that it served, less 300 spent")
	require.Equal(t, 1, w.count(`SELECT count(*) FROM audit_events WHERE subject = $1 AND action = 'resource.clawback' AND detail->>'taken' = '900'`, r.ID))
	require.Equal(t, 1, w.count(`SELECT count(*) FROM alerts WHERE subject = $1 AND kind = 'resource.forfeited'`, r.ID))
	require.Equal(t, 1, w.count(`SELECT count(*) FROM ledger_transactions WHERE kind = 'CLAWBACK'`))
	require.Equal(t, int64(100*one), int64(w.count(`SELECT contributed FROM pool_ledgers WHERE owner_id = $1`, bob.ID)))
	by, err = w.pool.RepairBy(t.Context(), w.row(r.ID))
	require.NoError(t, err)
	require.Nil(t, by)
	w.passes(time.Hour)
	require.Equal(t, 1, w.count(`SELECT count(*) FROM ledger_transactions WHERE kind = 'CLAWBACK'`))

	for _, who := range []*access.Actor{bob, eve, w.person()} {
		_, err := w.pool.Deposit(t.Context(), who, in("openai", " SK-bob-0123456789 ", one))
		refused(t, fault.KeyAlreadyDeposited, err)
	}
	_, err = w.ledger.Do(t.Context(), ledger.Request{Op: &ledger.Hold{
		ID: source.New("hld"), User: bob.ID, OutputCap: 1, TTL: time.Minute, Credits: func(int64) (money.Credits, error) { return 0, nil },
	}})
	require.Equal(t, "210", requireCode(t, fault.InsufficientCredits, err).Details["owed"])
	w.grant(bob, 210*one)
	require.Zero(t, w.wallet(bob))
	_, err = w.pool.Deposit(t.Context(), w.person(), in("openai", "sk-bob-0123456789", one))
	require.NoError(t, err, "nobody owes for it any more")
	w.sound()
}

func TestNobodyGainsByRestartingTheClock(t *testing.T) {
	dead := func(w *world) { w.up.Script("sk-bob-0123456789", unauthorized) }
	verify := func(w *world, bob *access.Actor, r *ent.PoolResource) {
		_, err := w.pool.Verify(w.t.Context(), bob, r.ID)
		require.NoError(w.t, err)
	}
	for name, try := range map[string]func(w *world, bob *access.Actor, r *ent.PoolResource){
		"a test that fails again": func(w *world, bob *access.Actor, r *ent.PoolResource) {
			dead(w)
			verify(w, bob, r)
		},
		"a test that passes": func(w *world, bob *access.Actor, r *ent.PoolResource) {
			verify(w, bob, r)
			require.Equal(w.t, "ACTIVE", w.status(r.ID))
			w.clock.Advance(time.Second)
			w.dies(r)
		},
		"a test that passes and a pause": func(w *world, bob *access.Actor, r *ent.PoolResource) {
			verify(w, bob, r)
			_, err := w.pool.Pause(w.t.Context(), bob, r.ID)
			require.NoError(w.t, err)
			_, err = w.pool.Resume(w.t.Context(), bob, r.ID)
			require.NoError(w.t, err)
			dead(w)
			verify(w, bob, r)
		},
		"another key that dies, too": func(w *world, bob *access.Actor, r *ent.PoolResource) {
			w.up.AddKey("sk-next-0123456789", "1000")
			_, err := w.pool.Rotate(w.t.Context(), bob, r.ID, vault.NewSecret("sk-next-0123456789"))
			require.NoError(w.t, err)
			w.clock.Advance(time.Second)
			w.dies(r)
		},
		"a pause": func(w *world, bob *access.Actor, r *ent.PoolResource) {
			_, err := w.pool.Pause(w.t.Context(), bob, r.ID)
			refused(w.t, fault.Conflict, err)
			_, err = w.pool.Resume(w.t.Context(), bob, r.ID)
			refused(w.t, fault.Conflict, err)
		},
		"an admin's suspension": func(w *world, _ *access.Actor, r *ent.PoolResource) {
			admin := w.person(access.Admin)
			_, err := w.pool.Suspend(w.t.Context(), admin, r.ID, "terms of use")
			require.NoError(w.t, err)
			w.passes(100 * time.Hour)
			require.Equal(w.t, "SUSPENDED by ADMIN", w.status(r.ID), "which nobody but an admin can repair")
			_, err = w.pool.Resume(w.t.Context(), admin, r.ID)
			require.NoError(w.t, err)
			w.dies(r)
		},
		"a withdrawal that is refused": func(w *world, bob *access.Actor, r *ent.PoolResource) {
			_, err := w.pool.Withdraw(w.t.Context(), bob, r.ID)
			refused(w.t, fault.InsufficientCredits, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			bob := w.person()
			r := w.deposit(bob, "sk-bob-0123456789")
			w.serve(bob, w.deposit(w.person(), "sk-eve-0123456789"), one, 1)
			w.dies(r)
			w.passes(71 * time.Hour)
			try(w, bob, r)
			w.passes(time.Hour - 2*time.Second)
			require.Equal(t, "SUSPENDED by PROVIDER", w.status(r.ID))
			w.passes(2 * time.Second)
			require.Equal(t, "DEPLETED", w.status(r.ID))
			require.Equal(t, ledger.WalletState{Owed: one}, w.wallet(bob))
			w.sound()
		})
	}
}

func TestTheClockStartsAnewOnceARepairedKeyHasServed(t *testing.T) {
	w := newWorld(t)
	bob, tom := w.person(), w.person()
	r := w.deposit(bob, "sk-bob-0123456789")
	w.grant(tom, 10*one)
	w.dies(r)
	w.passes(71 * time.Hour)
	_, err := w.pool.Verify(t.Context(), bob, r.ID)
	require.NoError(t, err)
	w.passes(100 * time.Hour)
	require.Equal(t, "ACTIVE", w.status(r.ID), "a repaired key has all the time")
	w.serve(tom, r, 1, one)
	w.dies(r)
	w.passes(72*time.Hour - time.Second)
	require.Equal(t, "SUSPENDED by PROVIDER", w.status(r.ID))
	w.passes(time.Second)
	require.Equal(t, "DEPLETED", w.status(r.ID))
}

func TestWhatExpiresUnusedIsClawedBack(t *testing.T) {
	w := newWorld(t)
	bob, tom := w.person(), w.person()
	w.grant(tom, 1000*one)
	w.up.AddKey("sk-bob-0123456789", "1000")
	input := in("openai", "sk-bob-0123456789", 1000*one)
	input.ExpiresAt = ptr(w.clock.Now().Add(24 * time.Hour))
	got, err := w.pool.Deposit(t.Context(), bob, input)
	require.NoError(t, err)
	r := got.Resource
	w.serve(tom, r, 480*one, 400*one)
	running := w.hold(tom, r, 100*one)
	w.passes(24*time.Hour - time.Second)
	require.Equal(t, money.Credits(900*one), w.wallet(bob).Available)
	w.passes(time.Second)
	require.Equal(t, "EXPIRED", w.status(r.ID))
	require.Equal(t, money.Credits(450*one), w.wallet(bob).Available, "for 400 that it served and 100 that are held")
	_, err = w.ledger.Do(t.Context(), ledger.Request{Op: &ledger.Release{Hold: running}})
	require.NoError(t, err)
	w.passes(10 * time.Second)
	require.Equal(t, money.Credits(360*one), w.wallet(bob).Available)
	require.Equal(t, 2, w.count(`SELECT count(*) FROM ledger_transactions WHERE kind = 'CLAWBACK'`))
	_, err = w.pool.Withdraw(t.Context(), bob, r.ID)
	require.NoError(t, err)
	require.Equal(t, money.Credits(360*one), w.wallet(bob).Available)
	w.sound()
}

func TestThePlatformsOwnKeyIsNotForfeited(t *testing.T) {
	w := newWorld(t)
	w.up.AddKey("sk-own-0123456789", "100")
	r, err := w.pool.AddPlatformResource(t.Context(), w.person(access.Admin), in("openai", "sk-own-0123456789", 50*one))
	require.NoError(t, err)
	w.dies(r)
	by, err := w.pool.RepairBy(t.Context(), w.row(r.ID))
	require.NoError(t, err)
	require.Nil(t, by)
	w.passes(1000 * time.Hour)
	require.Equal(t, "SUSPENDED by PROVIDER", w.status(r.ID))
}

// Two servers that end the same keys at once end each once.
func TestAClawBackIsBookedOnceOnManyServers(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	r := w.deposit(bob, "sk-bob-0123456789")
	w.dies(r)
	w.clock.Advance(72 * time.Hour)
	errs := make(chan error, 5)
	for range cap(errs) {
		s := w.another()
		go func() { errs <- s.EndOverdue(t.Context()) }()
	}
	for range cap(errs) {
		require.NoError(t, <-errs)
	}
	require.Zero(t, w.wallet(bob))
	require.Equal(t, 1, w.count(`SELECT count(*) FROM ledger_transactions WHERE kind = 'CLAWBACK'`))
	require.Equal(t, 1, w.count(`SELECT count(*) FROM audit_events WHERE subject = $1 AND action = 'resource.forfeit'`, r.ID))
	w.sound()
}
