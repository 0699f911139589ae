package ledger_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
)

func TestTheWorkedExampleIsBookedToTheDigit(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	bob, tom := source.New(ids.User), source.New(ids.User)
	key := deposit(t, l, bob, 1000*one)
	require.Equal(t, ledger.WalletState{Available: 900 * one}, wallet(t, l, bob))
	grant(t, l, tom, 50*one)

	h := hold(tom, key, bob, 40*one, one)
	require.Equal(t, int64(40*one), do(t, l, h).Wallet.Held)
	require.Equal(t, ledger.WalletState{Available: 10 * one, Held: 40 * one}, wallet(t, l, tom))
	out := do(t, l, &ledger.Settle{Hold: h.ID, Charge: 10 * one, Cost: 50_000_000, Usage: usage(tom, key, bob)})
	require.Equal(t, int64(3), out.Seq)
	require.Equal(t, money.Credits(10*one), out.Charged)
	require.Equal(t, ledger.WalletState{Available: 40 * one}, wallet(t, l, tom))

	quotas, err := l.Quotas(t.Context(), key)
	require.NoError(t, err)
	require.Equal(t, ledger.Balance{Balance: 999_950_000_000}, quotas[key])
	platform, err := l.Balances(t.Context(), ledger.Fees, ledger.Revenue, ledger.Spent)
	require.NoError(t, err)
	require.Equal(t, int64(100*one), platform[ledger.Fees].Balance)
	require.Equal(t, int64(10*one), platform[ledger.Revenue].Balance)
	require.Equal(t, int64(50_000_000), platform[ledger.Spent].Balance)
	require.Equal(t, int64(3), clean(t, db).Transactions)
}

func TestManyHoldsOnFundsForSevenAreSeven(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	bob, tom := source.New(ids.User), source.New(ids.User)
	key := deposit(t, l, bob, 1000*one)
	grant(t, l, tom, 70*one)
	var wg sync.WaitGroup
	errs := make(chan error, 200)
	for range 200 {
		wg.Go(func() {
			h := hold(tom, key, bob, 10*one, one/10)
			if _, err := l.Do(t.Context(), ledger.Request{Op: h, Caller: string(tom)}); err != nil {
				errs <- err
				return
			}
			_, err := l.Do(t.Context(), ledger.Request{Op: &ledger.Settle{Hold: h.ID, Charge: 10 * one, Cost: 50_000_000, Usage: usage(tom, key, bob)}})
			errs <- err
		})
	}
	wg.Wait()
	served := 0
	for range 200 {
		if err := <-errs; err == nil {
			served++
		} else {
			require.ErrorIs(t, err, ledger.ErrInsufficientCredits)
		}
	}
	require.Equal(t, 7, served)
	require.Zero(t, wallet(t, l, tom))
	clean(t, db)
}

func TestAHoldIsResolvedOnce(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	bob, tom := source.New(ids.User), source.New(ids.User)
	key := deposit(t, l, bob, 10*one)
	grant(t, l, tom, 50*one)
	h := hold(tom, key, bob, 10*one, one)
	do(t, l, h)
	var wg sync.WaitGroup
	results := make(chan error, 50)
	for range 50 {
		wg.Go(func() {
			_, err := l.Do(t.Context(), ledger.Request{Op: &ledger.Release{Hold: h.ID}})
			results <- err
		})
	}
	wg.Wait()
	won := 0
	for range 50 {
		if err := <-results; err == nil {
			won++
		} else {
			require.ErrorIs(t, err, ledger.ErrHoldGone)
		}
	}
	require.Equal(t, 1, won)
	out := do(t, l, &ledger.Settle{Hold: h.ID, Charge: 10 * one, Cost: one, Usage: usage(tom, key, bob)})
	require.True(t, out.Late)
	require.Zero(t, out.Charged)
	require.Equal(t, int64(9*one), out.Resource.Balance)
	require.Equal(t, ledger.WalletState{Available: 50 * one}, wallet(t, l, tom))
	clean(t, db)
}

func TestWhatExceedsTheHoldAndTheFundsIsThePlatformsLoss(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	bob, tom := source.New(ids.User), source.New(ids.User)
	key := deposit(t, l, bob, one)
	grant(t, l, tom, 12*one)
	h := hold(tom, key, bob, 10*one, one/2)
	do(t, l, h)
	out := do(t, l, &ledger.Settle{Hold: h.ID, Charge: 15 * one, Cost: 2 * one, Usage: usage(tom, key, bob)})
	require.Equal(t, money.Credits(12*one), out.Charged)
	b, err := l.Balances(t.Context(), ledger.Loss, ledger.Revenue, ledger.Quota(key), ledger.Spent)
	require.NoError(t, err)
	require.Equal(t, int64(-3*one), b[ledger.Loss].Balance)
	require.Equal(t, int64(15*one), b[ledger.Revenue].Balance)
	require.Zero(t, b[ledger.Quota(key)].Balance)
	require.Equal(t, int64(2*one), b[ledger.Spent].Balance)
	clean(t, db)
}

func TestTrustAboveTheLimitVestsByUse(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	bob, tom := source.New(ids.User), source.New(ids.User)
	key := deposit(t, l, bob, 2000*one)
	require.Equal(t, ledger.WalletState{Available: 1000 * one, Vesting: 800 * one}, wallet(t, l, bob))
	second := deposit(t, l, bob, 100*one)
	require.Equal(t, ledger.WalletState{Available: 1000 * one, Vesting: 890 * one}, wallet(t, l, bob))
	_, err := l.Do(t.Context(), ledger.Request{Op: &ledger.Vest{Resource: second, Owner: bob}})
	require.ErrorIs(t, err, ledger.ErrNothing)

	grant(t, l, tom, 1000*one)
	spend := func(user ids.ID, cost money.USD) {
		h := hold(user, key, bob, 10*one, cost)
		do(t, l, h)
		do(t, l, &ledger.Settle{Hold: h.ID, Charge: 10 * one, Cost: cost, Usage: usage(user, key, bob)})
	}
	spend(bob, 50*one) // one's own use does not vest
	vestable, err := l.Vestable(t.Context())
	require.NoError(t, err)
	require.Empty(t, vestable)
	spend(tom, 100*one)
	vestable, err = l.Vestable(t.Context())
	require.NoError(t, err)
	require.Equal(t, []ledger.Vest{{Resource: key, Owner: bob}}, vestable)
	require.Equal(t, money.Credits(90*one), do(t, l, &vestable[0]).Credited)
	require.Equal(t, ledger.WalletState{Available: 1080 * one, Vesting: 800 * one}, wallet(t, l, bob))
	used, err := l.TrustUsed(t.Context(), bob)
	require.NoError(t, err)
	require.Equal(t, money.Credits(1000*one), used)
	clean(t, db)
}

func TestWithdrawingTakesTheHeldPartWithTheLastHold(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	bob, tom := source.New(ids.User), source.New(ids.User)
	key := deposit(t, l, bob, 100*one)
	grant(t, l, tom, 100*one)
	first, second := hold(tom, key, bob, 10*one, 10*one), hold(tom, key, bob, 10*one, 20*one)
	do(t, l, first)
	do(t, l, second)
	out := do(t, l, &ledger.Withdraw{Resource: key, Owner: bob, Memo: "withdrawn"})
	require.Equal(t, money.USD(70*one), out.Taken)
	require.Equal(t, money.Credits(-63*one), out.Credited)
	require.Equal(t, money.Credits(-7*one), out.Fee)
	require.Equal(t, ledger.WalletState{Held: 27 * one}, wallet(t, l, bob))
	_, err := l.Do(t.Context(), ledger.Request{Op: hold(tom, key, bob, one, one)})
	require.ErrorIs(t, err, ledger.ErrNoQuota)
	_, err = l.Do(t.Context(), ledger.Request{Op: &ledger.Withdraw{Resource: key, Owner: bob}})
	require.ErrorIs(t, err, ledger.ErrClosing)

	do(t, l, &ledger.Settle{Hold: first.ID, Charge: 5 * one, Cost: 5 * one, Usage: usage(tom, key, bob)})
	require.Equal(t, ledger.WalletState{Held: 27*one - 4_500_000_000}, wallet(t, l, bob))
	do(t, l, &ledger.Release{Hold: second.ID})
	require.Equal(t, ledger.WalletState{Available: 4_500_000_000}, wallet(t, l, bob))
	b, err := l.Balances(t.Context(), ledger.Fees, ledger.Quota(key))
	require.NoError(t, err)
	require.Equal(t, int64(500_000_000), b[ledger.Fees].Balance)
	require.Zero(t, b[ledger.Quota(key)])
	clean(t, db)
}

func TestSpentCreditsCannotBeWithdrawn(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	bob := source.New(ids.User)
	key := deposit(t, l, bob, 100*one)
	other := deposit(t, l, "", 100*one)
	h := hold(bob, other, "", 10*one, one)
	do(t, l, h)
	do(t, l, &ledger.Settle{Hold: h.ID, Charge: 10 * one, Cost: one, Usage: usage(bob, other, "")})
	_, err := l.Do(t.Context(), ledger.Request{Op: &ledger.Withdraw{Resource: key, Owner: bob}})
	require.ErrorIs(t, err, ledger.ErrInsufficientCredits)
	h = hold(bob, key, bob, one, one)
	do(t, l, h) // the refused withdrawal left the key open
	do(t, l, &ledger.Release{Hold: h.ID})
	clean(t, db)
}

func TestAClawBackTakesVestingThenTheWalletThenOwes(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	bob := source.New(ids.User)
	key, other := deposit(t, l, bob, 2000*one), deposit(t, l, "", 1000*one) // 1000 at once, 800 vest
	spent := hold(bob, other, "", 700*one, one)
	do(t, l, spent)
	do(t, l, &ledger.Settle{Hold: spent.ID, Charge: 700 * one, Cost: one, Usage: usage(bob, other, "")})
	running := hold(bob, key, bob, 0, 500*one)
	do(t, l, running)

	out := do(t, l, &ledger.Clawback{Resource: key, Owner: bob, Memo: "not repaired"})
	require.Equal(t, money.USD(1500*one), out.Taken)
	require.Equal(t, []money.Credits{-150 * one, -550 * one, -800 * one}, []money.Credits{out.Fee, out.Credited, out.Vesting})
	require.Equal(t, ledger.WalletState{Owed: 250 * one}, wallet(t, l, bob))
	_, err := l.Do(t.Context(), ledger.Request{Op: &ledger.Clawback{Resource: key, Owner: bob}})
	require.ErrorIs(t, err, ledger.ErrNothing, "the rest is held")
	do(t, l, &ledger.Release{Hold: running.ID})
	do(t, l, &ledger.Clawback{Resource: key, Owner: bob})
	require.Equal(t, ledger.WalletState{Owed: 700 * one}, wallet(t, l, bob), "what was spent of a key that served nobody")

	_, err = l.Do(t.Context(), ledger.Request{Op: hold(bob, other, "", 0, one)})
	require.ErrorIs(t, err, ledger.ErrInsufficientCredits)
	grant(t, l, bob, 800*one)
	require.Equal(t, ledger.WalletState{Available: 100 * one}, wallet(t, l, bob))
	do(t, l, &ledger.Withdraw{Resource: key, Owner: bob})
	_, err = l.Do(t.Context(), ledger.Request{Op: &ledger.Clawback{Resource: key, Owner: bob}})
	require.ErrorIs(t, err, ledger.ErrNothing)
	do(t, l, &ledger.Clawback{Resource: other}) // the platform's: nobody had Credits for it
	clean(t, db)
}

func TestATokenSpendsNoMoreThanItsBudget(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	tom, token := source.New(ids.User), source.New(ids.Token)
	key := deposit(t, l, "", 100*one)
	grant(t, l, tom, 100*one)
	limit := money.Credits(15 * one)
	require.NoError(t, l.OpenBudget(t.Context(), db, token, &limit, ""))
	h := hold(tom, key, "", 10*one, one)
	h.Token = token
	do(t, l, h)
	again := hold(tom, key, "", 10*one, one)
	again.Token = token
	_, err := l.Do(t.Context(), ledger.Request{Op: again})
	require.ErrorIs(t, err, ledger.ErrInsufficientCredits)
	require.Contains(t, err.Error(), "Credits")
	u := usage(tom, key, "")
	u.Token = token
	do(t, l, &ledger.Settle{Hold: h.ID, Charge: 4 * one, Cost: one, Usage: u})
	budgets, err := l.Budgets(t.Context(), token)
	require.NoError(t, err)
	require.Equal(t, ledger.Budget{Limit: &limit, Spent: 4 * one}, budgets[token])
	do(t, l, again)
	do(t, l, &ledger.Release{Hold: again.ID})
	clean(t, db)
}

func TestAnElasticHoldShrinksToTheFundsAndTheQuota(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	tom := source.New(ids.User)
	small, large := deposit(t, l, "", one), deposit(t, l, "", 2*one)
	grant(t, l, tom, 50*one)
	perToken := func(n int64) (money.USD, error) { return money.USD(n * one / 1000), nil }
	h := &ledger.Hold{
		ID: source.New(ids.Hold), User: tom, OutputCap: 100_000, Elastic: true, TTL: time.Minute,
		Credits:    func(n int64) (money.Credits, error) { return money.Credits(n * one / 100), nil },
		Candidates: []ledger.Reserve{{Resource: small, USD: perToken}, {Resource: large, USD: perToken}},
	}
	out := do(t, l, h)
	require.Equal(t, int64(2000), out.OutputCap) // the funds afford 5000, the better key 2000
	require.Equal(t, 1, out.Chosen)
	require.Equal(t, int64(20*one), out.Wallet.Held)
	do(t, l, &ledger.Release{Hold: h.ID})
	clean(t, db)
}

func TestAnOperationKeyIsDoneOnce(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	tom := source.New(ids.User)
	key := &ledger.Key{Name: "grant:x:1", InputHash: []byte{1}}
	g := ledger.Request{Op: &ledger.Grant{User: tom, Amount: one, Memo: "once"}, Key: key, Answer: []byte("granted")}
	var wg sync.WaitGroup
	var mu sync.Mutex
	fresh := 0
	for range 30 {
		wg.Go(func() {
			for {
				out, err := l.Do(t.Context(), g)
				if err == ledger.ErrPending {
					continue
				}
				if err != nil || out.Replayed && string(out.Answer) != "granted" {
					t.Errorf("got %v %q", err, out.Answer)
				}
				mu.Lock()
				defer mu.Unlock()
				if !out.Replayed {
					fresh++
				}
				return
			}
		})
	}
	wg.Wait()
	require.Equal(t, 1, fresh)
	require.Equal(t, ledger.WalletState{Available: one}, wallet(t, l, tom))
	_, err := l.Do(t.Context(), ledger.Request{Op: g.Op, Key: &ledger.Key{Name: key.Name, InputHash: []byte{2}}})
	require.ErrorIs(t, err, ledger.ErrIdempotency)
	clean(t, db)
}

func TestAKeyOfAHoldIsFinishedOrFreedWithIt(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	tom := source.New(ids.User)
	res := deposit(t, l, "", 100*one)
	grant(t, l, tom, 100*one)
	key := &ledger.Key{Name: "complete:x:1", InputHash: []byte{1}}
	claim := func() ids.ID {
		h := hold(tom, res, "", one, one)
		_, err := l.Do(t.Context(), ledger.Request{Op: h, Key: key})
		require.NoError(t, err)
		return h.ID
	}
	first := claim()
	_, _, err := l.Recorded(t.Context(), *key)
	require.ErrorIs(t, err, ledger.ErrPending)
	do(t, l, &ledger.Release{Hold: first})
	_, found, err := l.Recorded(t.Context(), *key)
	require.NoError(t, err)
	require.False(t, found)
	second := claim()
	_, err = l.Do(t.Context(), ledger.Request{Op: &ledger.Settle{Hold: second, Charge: one, Cost: one, Usage: usage(tom, res, "")}, Answer: []byte("said")})
	require.NoError(t, err)
	answer, found, err := l.Recorded(t.Context(), *key)
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, "said", string(answer))
	out, err := l.Do(t.Context(), ledger.Request{Op: hold(tom, res, "", one, one), Key: key})
	require.NoError(t, err)
	require.True(t, out.Replayed)
	clean(t, db)
}

func TestHoldsOfAServerThatIsGoneAreReleased(t *testing.T) {
	db := fresh(t)
	l, stop := start(t, db, "first")
	tom := source.New(ids.User)
	res := deposit(t, l, "", 100*one)
	grant(t, l, tom, 100*one)
	do(t, l, hold(tom, res, "", one, one))
	stop()
	again, _ := start(t, db, "first")
	require.Equal(t, ledger.WalletState{Available: 100 * one}, wallet(t, again, tom))
	clean(t, db)
}

func TestTwoServersKeepOneChain(t *testing.T) {
	db := fresh(t)
	a, _ := start(t, db, "")
	b, _ := start(t, db, "")
	tom := source.New(ids.User)
	res := deposit(t, a, "", 1_000*one)
	grant(t, a, tom, 1_000*one)
	var wg sync.WaitGroup
	for i := range 40 {
		l := a
		if i%2 == 0 {
			l = b
		}
		wg.Go(func() {
			for range 10 {
				h := hold(tom, res, "", one, one/10)
				if _, err := l.Do(t.Context(), ledger.Request{Op: h}); err != nil {
					t.Error(err)
					return
				}
				if _, err := l.Do(t.Context(), ledger.Request{Op: &ledger.Settle{Hold: h.ID, Charge: one, Cost: one / 10, Usage: usage(tom, res, "")}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	require.Equal(t, ledger.WalletState{Available: 600 * one}, wallet(t, a, tom))
	require.Equal(t, int64(402), clean(t, db).HeadSeq)
}
