package pool_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/sandbox"
	"github.com/resourcepool/resourcepool/server/vault"
)

func TestAnOwnerPausesAndResumes(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	r := w.deposit(bob, "sk-bob-0123456789")
	_, err := w.pool.Resume(t.Context(), bob, r.ID)
	refused(t, fault.Conflict, err)
	got, err := w.pool.Pause(t.Context(), bob, r.ID)
	require.NoError(t, err)
	require.Equal(t, "PAUSED", string(got.Status))
	keys, err := w.pool.Keys(t.Context(), "gpt-4")
	require.NoError(t, err)
	require.False(t, keys[0].Active(), "routing knows at once")
	_, err = w.pool.Pause(t.Context(), bob, r.ID)
	refused(t, fault.Conflict, err)
	got, err = w.pool.Resume(t.Context(), bob, r.ID)
	require.NoError(t, err)
	require.Equal(t, "ACTIVE", string(got.Status))
	require.Equal(t, 2, w.count(`SELECT count(*) FROM audit_events WHERE subject = $1 AND actor_id = $2 AND action IN ('resource.pause', 'resource.resume')`, r.ID, bob.ID))
	require.Equal(t, 3, w.count(`SELECT count(*) FROM changes WHERE kind = 'resource' AND ref = $1`, r.ID))
}

func TestOfManyPausesAtOnceOneWins(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	r := w.deposit(bob, "sk-bob-0123456789")
	var wg sync.WaitGroup
	errs := make(chan error, 10)
	for range cap(errs) {
		wg.Go(func() {
			_, err := w.pool.Pause(t.Context(), bob, r.ID)
			errs <- err
		})
	}
	wg.Wait()
	won := 0
	for range cap(errs) {
		if err := <-errs; err == nil {
			won++
		} else {
			refused(t, fault.Conflict, err)
		}
	}
	require.Equal(t, 1, won)
}

func TestAStrangerDoesNotLearnThatAKeyExists(t *testing.T) {
	w := newWorld(t)
	bob, eve := w.person(), w.person()
	r := w.deposit(bob, "sk-bob-0123456789")
	_, unknown := w.pool.Pause(t.Context(), eve, source.New("res"))
	for name, call := range map[string]func() error{
		"pause":    func() error { _, err := w.pool.Pause(t.Context(), eve, r.ID); return err },
		"resume":   func() error { _, err := w.pool.Resume(t.Context(), eve, r.ID); return err },
		"verify":   func() error { _, err := w.pool.Verify(t.Context(), eve, r.ID); return err },
		"suspend":  func() error { _, err := w.pool.Suspend(t.Context(), eve, r.ID, "x"); return err },
		"withdraw": func() error { _, err := w.pool.Withdraw(t.Context(), eve, r.ID); return err },
		"rotate": func() error {
			_, err := w.pool.Rotate(t.Context(), eve, r.ID, vault.NewSecret("sk-eve-0123456789"))
			return err
		},
	} {
		require.Equal(t, unknown, call(), name)
	}
	_, err := w.pool.Pause(t.Context(), nil, r.ID)
	refused(t, fault.Unauthenticated, err)
	_, err = w.pool.Suspend(t.Context(), bob, r.ID, "mine")
	refused(t, fault.Forbidden, err)
	require.Equal(t, "ACTIVE", w.status(r.ID))
}

func TestOnlyAnAdminLiftsAnAdminsSuspension(t *testing.T) {
	w := newWorld(t)
	bob, admin := w.person(), w.person(access.Admin)
	r := w.deposit(bob, "sk-bob-0123456789")
	for _, before := range []string{"ACTIVE", "PAUSED"} {
		if before == "PAUSED" {
			_, err := w.pool.Pause(t.Context(), bob, r.ID)
			require.NoError(t, err)
		}
		_, err := w.pool.Suspend(t.Context(), admin, r.ID, " ")
		require.Equal(t, "reason", requireCode(t, fault.BadUserInput, err).Field)
		got, err := w.pool.Suspend(t.Context(), admin, r.ID, "terms of use")
		require.NoError(t, err)
		require.Equal(t, "terms of use", *got.StatusReason)
		require.Equal(t, "SUSPENDED by ADMIN", w.status(r.ID))
		_, err = w.pool.Suspend(t.Context(), admin, r.ID, "again")
		refused(t, fault.Conflict, err)
		_, err = w.pool.Resume(t.Context(), bob, r.ID)
		refused(t, fault.Conflict, err)
		_, err = w.pool.Verify(t.Context(), bob, r.ID)
		refused(t, fault.Conflict, err)
		got, err = w.pool.Resume(t.Context(), admin, r.ID)
		require.NoError(t, err)
		require.Nil(t, got.StatusReason)
		require.Equal(t, before, w.status(r.ID))
	}
}

func TestARefusedKeyIsSuspendedAndRepairedByAnotherTest(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	r := w.deposit(bob, "sk-bob-0123456789")
	key := func() *pool.Key {
		k, err := w.pool.Key(t.Context(), r.ID)
		require.NoError(t, err)
		return k
	}
	require.NoError(t, w.pool.ProviderRejected(t.Context(), key(), provider.RateLimited))
	require.Equal(t, "ACTIVE", w.status(r.ID))
	stale := key()
	require.NoError(t, w.pool.ProviderRejected(t.Context(), stale, provider.Dead))
	require.Equal(t, "SUSPENDED by PROVIDER", w.status(r.ID))
	require.Equal(t, "the provider does not accept the key", *w.row(r.ID).StatusReason)
	require.NoError(t, w.pool.ProviderRejected(t.Context(), stale, provider.Dead))
	require.Equal(t, 1, w.count(`SELECT count(*) FROM audit_events WHERE subject = $1 AND action = 'resource.fail'`, r.ID))
	require.Equal(t, 1, w.count(`SELECT count(*) FROM alerts WHERE subject = $1 AND resolved_at IS NULL`, r.ID))
	_, err := w.pool.Pause(t.Context(), bob, r.ID)
	refused(t, fault.Conflict, err)

	w.up.Script("sk-bob-0123456789", unauthorized)
	got, err := w.pool.Verify(t.Context(), bob, r.ID)
	require.NoError(t, err)
	require.Equal(t, "SUSPENDED", string(got.Status))
	w.up.ClearScript("sk-bob-0123456789")
	w.up.Script("sk-bob-0123456789", broken)
	_, err = w.pool.Verify(t.Context(), bob, r.ID)
	refused(t, fault.ProviderUnreachable, err)
	w.up.ClearScript("sk-bob-0123456789")
	w.clock.Advance(time.Minute)
	got, err = w.pool.Verify(t.Context(), bob, r.ID)
	require.NoError(t, err)
	require.Equal(t, "ACTIVE", string(got.Status))
	require.Nil(t, got.StatusReason)
	require.True(t, got.VerifiedAt.Equal(w.clock.Now()))
	require.Zero(t, w.count(`SELECT count(*) FROM alerts WHERE resolved_at IS NULL`))

	require.NoError(t, w.pool.ProviderRejected(t.Context(), stale, provider.Dead), "news from before the test")
	require.Equal(t, "ACTIVE", w.status(r.ID))
	require.NoError(t, w.pool.ProviderRejected(t.Context(), key(), provider.Empty))
	require.Equal(t, "the provider reports no quota left", *w.row(r.ID).StatusReason)
}

func TestATestThatFailsSuspends(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	r := w.deposit(bob, "sk-bob-0123456789")
	w.up.Script("sk-bob-0123456789", noQuota)
	got, err := w.pool.Verify(t.Context(), bob, r.ID)
	require.NoError(t, err)
	require.Equal(t, "SUSPENDED", string(got.Status))
	require.Equal(t, "the provider reports no quota left", *got.StatusReason)
}

func TestARotatedKeyReplacesTheOld(t *testing.T) {
	w := newWorld(t)
	bob, eve := w.person(), w.person()
	require.NoError(t, w.up.Server.AddKey(sandbox.KeySpec{Key: "sk-old-0123456789", Quota: 1000 * one, Organization: "org-bob"}))
	require.NoError(t, w.up.Server.AddKey(sandbox.KeySpec{Key: "sk-new-0123456780", Quota: 1000 * one, Organization: "org-bob", Models: []string{"gpt-4o"}}))
	require.NoError(t, w.up.Server.AddKey(sandbox.KeySpec{Key: "sk-foreign-0123456789", Quota: 1000 * one, Organization: "org-else"}))
	got, err := w.pool.Deposit(t.Context(), bob, in("openai", "sk-old-0123456789", 100*one))
	require.NoError(t, err)
	r := got.Resource
	w.deposit(eve, "sk-eve-0123456789")
	before, err := w.pool.Key(t.Context(), r.ID)
	require.NoError(t, err)
	_, err = w.vault.Key(t.Context(), before.Ref(), vault.ForVerify) // so that the old key is in memory
	require.NoError(t, err)

	for key, code := range map[string]fault.Code{
		"sk-eve-0123456789":     fault.KeyAlreadyDeposited,
		"sk-foreign-0123456789": fault.KeyRejected,
		"sk-nobody-0123456789":  fault.KeyRejected,
		"short":                 fault.BadUserInput,
	} {
		_, err := w.pool.Rotate(t.Context(), bob, r.ID, vault.NewSecret(key))
		refused(t, code, err)
	}
	require.NoError(t, w.pool.ProviderRejected(t.Context(), before, provider.Dead))
	w.clock.Advance(time.Second)
	rotated, err := w.pool.Rotate(t.Context(), bob, r.ID, vault.NewSecret("sk-new-0123456780"))
	require.NoError(t, err)
	require.Equal(t, "ACTIVE", string(rotated.Status))
	require.Equal(t, "sk-…6780", rotated.MaskedKey)
	require.Equal(t, []string{"gpt-4o"}, rotated.Models)
	secret, err := w.vault.Key(t.Context(), before.Ref(), vault.ForVerify)
	require.NoError(t, err)
	require.Equal(t, "sk-new-0123456780", secret.Reveal())
	keys, err := w.pool.Keys(t.Context(), "gpt-4o")
	require.NoError(t, err)
	require.Len(t, keys, 2)
	_, err = w.pool.Deposit(t.Context(), eve, in("openai", "sk-new-0123456780", one))
	refused(t, fault.KeyAlreadyDeposited, err)
	require.Equal(t, int64(2), w.headSeq(), "no money moved")
}

func TestAWithdrawalUndoesTheDepositAndErasesTheKey(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	r := w.deposit(bob, "sk-bob-0123456789")
	got, err := w.pool.Withdraw(t.Context(), bob, r.ID)
	require.NoError(t, err)
	require.Equal(t, []any{money.Credits(-100 * one), money.Credits(-900 * one), int64(2)}, []any{got.Fee, got.Credited, got.TransactionSeq})
	require.Equal(t, "WITHDRAWN", string(got.Resource.Status))
	require.NotNil(t, got.Resource.WithdrawnAt)
	require.Zero(t, w.wallet(bob))
	require.Zero(t, w.count(`SELECT count(*) FROM secrets`))
	keys, err := w.pool.AllKeys(t.Context())
	require.NoError(t, err)
	require.Empty(t, keys)
	_, err = w.pool.Withdraw(t.Context(), bob, r.ID)
	refused(t, fault.Conflict, err)
	_, err = w.pool.Deposit(t.Context(), bob, in("openai", "sk-bob-0123456789", one))
	require.NoError(t, err, "what was withdrawn may come again")
	w.sound()
}

func TestAWithdrawalWithRequestsInFlightErasesTheKeyWithTheLast(t *testing.T) {
	w := newWorld(t)
	bob, tom := w.person(), w.person()
	r := w.deposit(bob, "sk-bob-0123456789")
	w.grant(tom, one)
	h := w.hold(tom, r, 10*one)
	_, err := w.pool.Withdraw(t.Context(), bob, r.ID)
	require.NoError(t, err)
	require.NoError(t, w.pool.EraseDrained(t.Context()))
	require.Equal(t, 1, w.count(`SELECT count(*) FROM secrets`))
	_, err = w.ledger.Do(t.Context(), ledger.Request{Op: &ledger.Settle{Hold: h, Charge: 1, Cost: one, Usage: usage(tom, r)}})
	require.NoError(t, err)
	require.NoError(t, w.pool.EraseDrained(t.Context()))
	require.Zero(t, w.count(`SELECT count(*) FROM secrets`))
	require.Equal(t, 1, w.count(`SELECT count(*) FROM audit_events WHERE subject = $1 AND action = 'resource.erase'`, r.ID))
	w.sound()
}

func TestAWithdrawalOfSpentCreditsIsRefused(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	r := w.deposit(bob, "sk-bob-0123456789")
	w.up.AddKey("sk-eve-0123456789", "1000")
	other := w.deposit(w.person(), "sk-eve-0123456789")
	h := w.hold(bob, other, one)
	_, err := w.ledger.Do(t.Context(), ledger.Request{Op: &ledger.Settle{Hold: h, Charge: 500 * one, Cost: 1, Usage: usage(bob, other)}})
	require.NoError(t, err)
	_, err = w.pool.Withdraw(t.Context(), bob, r.ID)
	refused(t, fault.InsufficientCredits, err)
	require.Equal(t, "ACTIVE", w.status(r.ID))
	require.Equal(t, 2, w.count(`SELECT count(*) FROM secrets`))
}

func TestWhatIsLeftDecidesWhetherAKeyIsDepleted(t *testing.T) {
	w := newWorld(t)
	bob, tom := w.person(), w.person()
	r := w.deposit(bob, "sk-bob-0123456789")
	w.grant(tom, one)
	spend := func(usd money.USD) {
		h := w.hold(tom, r, usd)
		_, err := w.ledger.Do(t.Context(), ledger.Request{
			Op: &ledger.Settle{Hold: h, Charge: 1, Cost: usd, Usage: usage(tom, r)},
			Records: func(o ledger.Outcome) []ledger.Row {
				if o.Resource.Balance > 0 {
					return nil
				}
				return []ledger.Row{pool.DepletedRow(r.ID)}
			},
		})
		require.NoError(t, err)
	}
	spend(1000*one - 10_000_000)
	require.NoError(t, w.pool.MarkDepleted(t.Context(), r.ID))
	require.Equal(t, "ACTIVE", w.status(r.ID), "a cent is enough to go on")
	spend(1)
	require.NoError(t, w.pool.MarkDepleted(t.Context(), r.ID))
	require.Equal(t, "DEPLETED", w.status(r.ID))

	eve := w.person()
	r = w.deposit(eve, "sk-eve-0123456789")
	spend(1000 * one)
	require.Equal(t, "DEPLETED", w.status(r.ID))
	_, err := w.pool.Verify(t.Context(), eve, r.ID)
	refused(t, fault.Conflict, err)
	got, err := w.pool.Withdraw(t.Context(), eve, r.ID)
	require.NoError(t, err)
	require.Equal(t, "WITHDRAWN", string(got.Resource.Status))
	require.Zero(t, got.Credited)
	w.sound()
}

func TestAnEmptyKeyThatIsLiftedIsDepleted(t *testing.T) {
	w := newWorld(t)
	bob, tom, admin := w.person(), w.person(), w.person(access.Admin)
	r := w.deposit(bob, "sk-bob-0123456789")
	w.grant(tom, one)
	h := w.hold(tom, r, 1000*one)
	_, err := w.pool.Suspend(t.Context(), admin, r.ID, "terms of use")
	require.NoError(t, err)
	_, err = w.ledger.Do(t.Context(), ledger.Request{
		Op:      &ledger.Settle{Hold: h, Charge: 1, Cost: 1000 * one, Usage: usage(tom, r)},
		Records: func(ledger.Outcome) []ledger.Row { return []ledger.Row{pool.DepletedRow(r.ID)} },
	})
	require.NoError(t, err)
	require.Equal(t, "SUSPENDED by ADMIN", w.status(r.ID), "only an admin lifts an admin's")
	_, err = w.pool.Resume(t.Context(), admin, r.ID)
	require.NoError(t, err)
	require.Equal(t, "DEPLETED", w.status(r.ID))
}

func TestAResourcePastItsTimeExpires(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	w.up.AddKey("sk-bob-0123456789", "10")
	input := in("openai", "sk-bob-0123456789", 10*one)
	input.ExpiresAt = ptr(w.clock.Now().Add(24 * time.Hour))
	got, err := w.pool.Deposit(t.Context(), bob, input)
	require.NoError(t, err)
	w.clock.Advance(24*time.Hour - time.Second)
	require.NoError(t, w.pool.Expire(t.Context()))
	require.Equal(t, "ACTIVE", w.status(got.Resource.ID))
	w.clock.Advance(time.Second)
	require.NoError(t, w.pool.Expire(t.Context()))
	require.Equal(t, "EXPIRED", w.status(got.Resource.ID))
	require.Equal(t, 1, w.count(`SELECT count(*) FROM alerts WHERE kind = 'resource.expired'`))
	_, err = w.pool.Resume(t.Context(), bob, got.Resource.ID)
	refused(t, fault.Conflict, err)
}

func TestAFrozenOwnerRepairsAndDoesNotWithdraw(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	r := w.deposit(bob, "sk-bob-0123456789")
	bob.Frozen = true
	_, err := w.pool.Withdraw(t.Context(), bob, r.ID)
	refused(t, fault.Forbidden, err)
	_, err = w.pool.Pause(t.Context(), bob, r.ID)
	refused(t, fault.Forbidden, err)
	_, err = w.pool.Verify(t.Context(), bob, r.ID)
	require.NoError(t, err)
}

func TestAKeyWhoseHostWasEditedIsStopped(t *testing.T) {
	w := newWorld(t)
	admin := w.person(access.Admin)
	w.up.AddKey("sk-own-0123456789", "100")
	input := in("custom", "sk-own-0123456789", 50*one)
	input.BaseURL = ptr("https://llm.example.com/v1")
	r, err := w.pool.AddPlatformResource(t.Context(), admin, input)
	require.NoError(t, err)
	calls := w.up.Totals()
	_, err = w.db.Exec(`UPDATE pool_resources SET base_url = 'https://evil.example.org/v1'`)
	require.NoError(t, err)
	w.clock.Advance(6 * time.Minute) // until nobody has the key in memory
	got, err := w.pool.Verify(t.Context(), admin, r.ID)
	require.NoError(t, err)
	require.Equal(t, "SUSPENDED by MONITOR", w.status(got.ID))
	require.Equal(t, calls, w.up.Totals(), "the key went nowhere")
	require.Equal(t, 1, w.count(`SELECT count(*) FROM alerts WHERE kind = 'resource.unreadable'`))
	got, err = w.pool.Resume(t.Context(), admin, r.ID)
	require.NoError(t, err)
	require.Equal(t, "ACTIVE", string(got.Status))
	k, err := w.pool.Key(t.Context(), r.ID)
	require.NoError(t, err)
	require.NoError(t, w.pool.KeyUnreadable(t.Context(), k))
	require.Equal(t, "SUSPENDED by MONITOR", w.status(r.ID))
}
