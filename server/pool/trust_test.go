package pool_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/sandbox"
	"github.com/resourcepool/resourcepool/server/vault"
)

// schemer tries to get more out of the pool than a key of theirs brought in.
type schemer struct {
	*world
	who   *access.Actor
	other *ent.PoolResource // of somebody honest, to spend on
	keys  int
	spent money.Credits
}

// brings deposits another key, which is good for nothing once it was tested.
func (s *schemer) brings(usd int64) *ent.PoolResource {
	s.t.Helper()
	s.keys++
	key := fmt.Sprintf("sk-scheme-%d-0123456789", s.keys)
	s.up.AddKey(key, fmt.Sprint(usd))
	got, err := s.pool.Deposit(s.t.Context(), s.who, in("openai", key, moneyOf(usd)))
	require.NoError(s.t, err)
	return got.Resource
}

// spends all that is available on the honest key.
func (s *schemer) spends() {
	s.t.Helper()
	all := s.wallet(s.who).Available
	if all > 0 && s.wallet(s.who).Owed == 0 {
		s.serve(s.who, s.other, all, 1)
		s.spent += all
	}
}

// forfeits lets a key die and the owner's grace pass.
func (s *schemer) forfeits(r *ent.PoolResource) {
	s.t.Helper()
	s.dies(r)
	s.passes(72 * time.Hour)
	require.Equal(s.t, "DEPLETED", s.status(r.ID))
}

// What a key is said to be good for gets nobody more than the trust limit, $1000, in whatever way the keys come, die and go.
func TestNobodyGainsMoreThanTheTrustLimitByKeysThatAreGoodForNothing(t *testing.T) {
	for name, try := range map[string]func(s *schemer){
		"one key": func(s *schemer) {
			r := s.brings(10_000)
			s.spends()
			s.forfeits(r)
		},
		"many keys": func(s *schemer) {
			var all []*ent.PoolResource
			for range 5 {
				all = append(all, s.brings(700))
				s.spends()
			}
			for _, r := range all {
				s.forfeits(r)
			}
		},
		"keys that repay the debt for others": func(s *schemer) {
			for range 4 {
				r := s.brings(1000)
				s.spends()
				next := s.brings(1000)
				s.forfeits(r)
				s.spends()
				s.forfeits(next)
				s.spends()
			}
		},
		"a key that comes again": func(s *schemer) {
			r := s.brings(2000)
			s.spends()
			s.forfeits(r)
			for _, who := range []*access.Actor{s.who, s.person()} {
				_, err := s.pool.Deposit(s.t.Context(), who, in("openai", "sk-scheme-1-0123456789", one))
				refused(s.t, fault.KeyAlreadyDeposited, err)
			}
			got, err := s.pool.Withdraw(s.t.Context(), s.who, r.ID) // nothing is left to take back
			require.NoError(s.t, err)
			require.Zero(s.t, got.Credited)
			_, err = s.pool.Deposit(s.t.Context(), s.person(), in("openai", "sk-scheme-1-0123456789", one))
			refused(s.t, fault.KeyAlreadyDeposited, err)
		},
		"withdrawing in between": func(s *schemer) {
			for range 3 {
				r := s.brings(900)
				_, err := s.pool.Withdraw(s.t.Context(), s.who, r.ID)
				require.NoError(s.t, err)
			}
			r := s.brings(5000)
			s.spends()
			_, err := s.pool.Withdraw(s.t.Context(), s.who, r.ID)
			refused(s.t, fault.InsufficientCredits, err)
			s.forfeits(r)
		},
		"one's own use": func(s *schemer) {
			r := s.brings(3000)
			for range 3 { // paid for out of what was there at once
				s.serve(s.who, r, 100*one, 80*one)
				s.spent += 100 * one
			}
			require.NoError(s.t, s.pool.Vest(s.t.Context()))
			s.spends()
			s.forfeits(r)
		},
		"a key put in the place of a dead one": func(s *schemer) {
			r := s.brings(2000)
			s.spends()
			s.dies(r)
			s.up.AddKey("sk-scheme-next-0123456789", "2000")
			_, err := s.pool.Rotate(s.t.Context(), s.who, r.ID, vault.NewSecret("sk-scheme-next-0123456789"))
			require.NoError(s.t, err)
			s.brings(1000)
			s.spends()
			s.clock.Advance(time.Second)
			s.forfeits(r)
		},
		"an expiry far ahead": func(s *schemer) {
			s.up.AddKey("sk-scheme-late-0123456789", "1000")
			input := in("openai", "sk-scheme-late-0123456789", 1000*one)
			input.ExpiresAt = ptr(s.clock.Now().Add(100 * 365 * 24 * time.Hour))
			got, err := s.pool.Deposit(s.t.Context(), s.who, input)
			require.NoError(s.t, err)
			s.spends()
			s.forfeits(got.Resource)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := &schemer{world: w, who: w.person(), other: w.deposit(w.person(), "sk-honest-0123456789")}
			try(s)
			s.spends()
			have := s.wallet(s.who)
			require.LessOrEqual(t, s.spent+have.Available, money.Credits(1000*one), "%+v", have)
			require.Positive(t, s.spent)
			w.sound()
		})
	}
}

func TestNobodyGainsByDepositsAtOnce(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	errs := make(chan error, 20)
	for n := range cap(errs) {
		key := fmt.Sprintf("sk-%02d-0123456789", n)
		w.up.AddKey(key, "500")
		go func() {
			_, err := w.pool.Deposit(t.Context(), bob, in("openai", key, 500*one))
			errs <- err
		}()
	}
	for range cap(errs) {
		require.NoError(t, <-errs)
	}
	require.Equal(t, ledger.WalletState{Available: 1000 * one, Vesting: 8000 * one}, w.wallet(bob))
	w.sound()
}

func TestNobodyGainsByARingThatUsesItsOwnKeys(t *testing.T) {
	w := newWorld(t)
	ann, ben := w.person(), w.person()
	anns, bens := w.deposit(ann, "sk-ann-0123456789"), w.deposit(ben, "sk-ben-0123456789")
	for _, more := range []struct {
		who *access.Actor
		key string
	}{{ann, "sk-ann-more-0123456789"}, {ben, "sk-ben-more-0123456789"}} {
		w.deposit(more.who, more.key) // of which most vests
	}
	ring := func() money.Credits { return w.wallet(ann).Available + w.wallet(ben).Available }
	vesting := w.wallet(ann).Vesting
	for range 20 {
		before := ring()
		w.serve(ben, anns, 12*one, 10*one) // at the markup that prices have
		w.serve(ann, bens, 12*one, 10*one)
		require.NoError(t, w.pool.Vest(t.Context()))
		require.Less(t, ring(), before)
		before = ring()
		w.serve(ann, anns, 12*one, 10*one)
		require.NoError(t, w.pool.Vest(t.Context()))
		require.Less(t, ring(), before)
	}
	require.LessOrEqual(t, w.wallet(ann).Vesting, vesting)
	w.sound()
}

func TestNobodyGainsByDust(t *testing.T) {
	w := newWorld(t)
	ann, tom := w.person(), w.person()
	w.grant(tom, one)
	for n := range 30 {
		key := fmt.Sprintf("sk-dust-%02d-0123456789", n)
		w.up.AddKey(key, "1")
		got, err := w.pool.Deposit(t.Context(), ann, in("openai", key, money.USD(1+n)))
		require.NoError(t, err)
		used := money.USD(n / 3)
		if used > 0 {
			w.serve(tom, got.Resource, money.Credits(used), used)
		}
		_, err = w.pool.Withdraw(t.Context(), ann, got.Resource.ID)
		require.NoError(t, err)
		has, quota, fee := w.wallet(ann), int64(1+n), int64(got.Fee)
		require.LessOrEqual(t, int64(has.Available+has.Vesting), int64(used)*(quota-fee)/quota, "for %d that was used, of %d", used, quota)
		if has.Available > 0 {
			w.serve(ann, w.deposit(w.person(), key+"-other"), has.Available, 1)
		}
	}
	w.sound()
}

func TestNobodyGainsByAnAccountThatSomebodyOwesFor(t *testing.T) {
	w := newWorld(t)
	bob, eve := w.person(), w.person()
	key := func(name, organization string) vault.Secret {
		require.NoError(t, w.up.Server.AddKey(sandbox.KeySpec{Key: name, Quota: 1000 * one, Organization: organization}))
		return vault.NewSecret(name)
	}
	key("sk-first-0123456789", "org-bob")
	got, err := w.pool.Deposit(t.Context(), bob, in("openai", "sk-first-0123456789", 1000*one))
	require.NoError(t, err)
	s := &schemer{world: w, who: bob, other: w.deposit(w.person(), "sk-honest-0123456789")}
	s.spends()
	s.forfeits(got.Resource)
	require.Equal(t, money.Credits(900*one), w.wallet(bob).Owed)

	key("sk-second-0123456789", "org-bob")
	_, err = w.pool.Deposit(t.Context(), eve, in("openai", "sk-second-0123456789", 1000*one))
	refused(t, fault.KeyAlreadyDeposited, err)
	own := w.deposit(eve, "sk-eve-0123456789")
	_, err = w.pool.Rotate(t.Context(), eve, own.ID, vault.NewSecret("sk-second-0123456789"))
	refused(t, fault.KeyAlreadyDeposited, err)
	_, err = w.pool.Deposit(t.Context(), bob, in("openai", "sk-second-0123456789", 1000*one))
	require.NoError(t, err, "who owes may repay with it")
	require.Zero(t, w.wallet(bob))
	w.sound()
}

func TestNobodyGainsByWithdrawingWhileRequestsRun(t *testing.T) {
	w := newWorld(t)
	bob, tom := w.person(), w.person()
	w.grant(tom, 1000*one)
	r := w.deposit(bob, "sk-bob-0123456789")
	running := w.hold(tom, r, 400*one)
	got, err := w.pool.Withdraw(t.Context(), bob, r.ID)
	require.NoError(t, err)
	require.Equal(t, money.Credits(-540*one), got.Credited)
	require.Equal(t, ledger.WalletState{Held: 360 * one}, w.wallet(bob), "what the request may give back can't be spent")
	require.Zero(t, w.wallet(bob).Available)
	_, err = w.pool.Deposit(t.Context(), bob, in("openai", "sk-bob-0123456789", 1000*one))
	require.NoError(t, err)
	require.Equal(t, ledger.WalletState{Available: 640 * one, Held: 360 * one, Vesting: 260 * one}, w.wallet(bob), "within the trust limit all the same")
	_, err = w.ledger.Do(t.Context(), ledger.Request{Op: &ledger.Settle{Hold: running, Charge: 100 * one, Cost: 100 * one, Usage: usage(tom, r)}})
	require.NoError(t, err)
	require.Equal(t, money.Credits(640*one+90*one), w.wallet(bob).Available, "and what served is paid")
	w.sound()
}
