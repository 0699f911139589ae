package pool_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent/poolresource"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/sandbox"
	"github.com/resourcepool/resourcepool/server/vault"
)

func TestADepositIsBookedWithItsKeyItsRoleAndItsFee(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	w.up.AddKey("sk-bob-0123456789abcd", "1000", "gpt-4", "gpt-4o-mini")
	got, err := w.pool.Deposit(t.Context(), bob, in("openai", " sk-bob-0123456789abcd\n", 1000*one))
	require.NoError(t, err)
	require.Equal(t, money.Credits(100*one), got.Fee)
	require.Equal(t, money.Credits(900*one), got.Credited)
	require.Zero(t, got.Vesting)
	require.Equal(t, int64(1), got.TransactionSeq)

	r := got.Resource
	require.Equal(t, poolresource.StatusACTIVE, r.Status)
	require.Equal(t, "OpenAI key", r.Label)
	require.Equal(t, "sk-…abcd", r.MaskedKey)
	require.Equal(t, []string{"gpt-4", "gpt-4o-mini"}, r.Models)
	require.Equal(t, money.USD(1000*one), r.OriginalQuota)
	require.False(t, r.QuotaConfirmed)
	require.Equal(t, ledger.WalletState{Available: 900 * one}, w.wallet(bob))
	require.Equal(t, 1, w.count(`SELECT count(*) FROM users WHERE id = $1 AND contributor`, bob.ID))
	require.Equal(t, 2, w.count(`SELECT count(*) FROM changes`))

	keys, err := w.pool.Keys(t.Context(), "gpt-4")
	require.NoError(t, err)
	require.Len(t, keys, 1)
	secret, err := w.vault.Key(t.Context(), keys[0].Ref(), vault.ForVerify)
	require.NoError(t, err)
	require.Equal(t, "sk-bob-0123456789abcd", secret.Reveal())
	w.sound()
}

func TestEveryArgumentAtFaultIsNamed(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	w.up.AddKey("sk-good-key-1", "5")
	for field, spoil := range map[string]func(*pool.DepositInput){
		"input.provider":       func(i *pool.DepositInput) { i.Provider = "nobody" },
		"input.apiKey":         func(i *pool.DepositInput) { i.APIKey = vault.NewSecret("sk-1") },
		"input.quota":          func(i *pool.DepositInput) { i.Quota = 0 },
		"input.label":          func(i *pool.DepositInput) { i.Label = ptr(strings.Repeat("x", 81)) },
		"input.baseUrl":        func(i *pool.DepositInput) { i.BaseURL = ptr("https://example.com") },
		"input.backup":         func(i *pool.DepositInput) { i.Backup = true },
		"input.expiresAt":      func(i *pool.DepositInput) { i.ExpiresAt = ptr(w.clock.Now().Add(23 * time.Hour)) },
		"input.acceptedTerms":  func(i *pool.DepositInput) { i.AcceptedTerms = ptr("a\nb") },
		"input.progressId":     func(i *pool.DepositInput) { i.ProgressID = ptr("") },
		"input.idempotencyKey": func(i *pool.DepositInput) { i.IdempotencyKey = ptr("") },
	} {
		input := in("openai", "sk-good-key-1", 5*one)
		spoil(&input)
		_, err := w.pool.Deposit(t.Context(), bob, input)
		require.Equal(t, field, requireCode(t, fault.BadUserInput, err).Field)
	}
	input := in("openai", "sk-good-key-1", -1)
	input.Label = ptr("\u202eevil")
	_, err := w.pool.Deposit(t.Context(), bob, input)
	require.ErrorContains(t, err, "quota")
	require.ErrorContains(t, err, "label")
	require.Zero(t, w.up.Totals().Models, "nothing was asked of the provider")
}

func TestWhatTheProviderRefusesIsNotKept(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	w.up.AddKey("sk-dead-key-canary", "10")
	w.up.Script("sk-dead-key-canary", unauthorized)
	w.up.AddKey("sk-empty-key-canary", "10")
	w.up.Script("sk-empty-key-canary", noQuota)
	w.up.AddKey("sk-poor-key-canary", "12.5")
	w.up.AddKey("sk-away-key-canary", "10")
	w.up.Script("sk-away-key-canary", broken)
	for _, c := range []struct {
		provider, key string
		code          fault.Code
		actual        any
	}{
		{"openai", "sk-dead-key-canary", fault.KeyRejected, nil},
		{"openai", "sk-unknown-key-canary", fault.KeyRejected, nil},
		{"openai", "sk-empty-key-canary", fault.DeclaredQuotaTooHigh, "0"},
		{"deepseek", "sk-poor-key-canary", fault.DeclaredQuotaTooHigh, "12.5"},
		{"openai", "sk-away-key-canary", fault.ProviderUnreachable, nil},
	} {
		_, err := w.pool.Deposit(t.Context(), bob, in(c.provider, c.key, 20*one))
		f := requireCode(t, c.code, err)
		require.Equal(t, c.actual, f.Details["actualQuota"])
		require.NotContains(t, err.Error(), "canary")
	}
	require.Zero(t, w.count(`SELECT (SELECT count(*) FROM pool_resources) + (SELECT count(*) FROM secrets) + (SELECT seq FROM ledger_head)`))
	require.Equal(t, 5, w.count(`SELECT count(*) FROM audit_events WHERE action = 'deposit.refused' AND subject = $1 AND detail ? 'fingerprint'
		AND detail ? 'reason' AND (SELECT count(*) FROM jsonb_object_keys(detail)) = 2`, bob.ID))
}

func TestABalanceThatCoversTheQuotaConfirmsIt(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	w.up.AddKey("sk-deep-0123456789", "5000")
	got, err := w.pool.Deposit(t.Context(), bob, in("deepseek", "sk-deep-0123456789", 5000*one))
	require.NoError(t, err)
	require.True(t, got.Resource.QuotaConfirmed)
	require.Equal(t, money.Credits(4500*one), got.Credited, "no trust limit where the provider vouches")
}

func TestDeclaredQuotaAboveTheTrustLimitVests(t *testing.T) {
	w := newWorld(t)
	bob, tom := w.person(), w.person()
	w.up.AddKey("sk-large-0123456789", "3000")
	got, err := w.pool.Deposit(t.Context(), bob, in("openai", "sk-large-0123456789", 2000*one))
	require.NoError(t, err)
	require.Equal(t, money.Credits(1000*one), got.Credited)
	require.Equal(t, money.Credits(800*one), got.Vesting)

	w.grant(tom, one)
	h := w.hold(tom, got.Resource, 100*one)
	_, err = w.ledger.Do(t.Context(), ledger.Request{Op: &ledger.Settle{Hold: h, Charge: 1, Cost: 100 * one, Usage: usage(tom, got.Resource)}})
	require.NoError(t, err)
	require.NoError(t, w.pool.Vest(t.Context()))
	require.NoError(t, w.pool.Vest(t.Context()), "a second time is nothing")
	require.Equal(t, ledger.WalletState{Available: 1090 * one, Vesting: 710 * one}, w.wallet(bob))
	w.sound()
}

func TestAKeyIsInThePoolOnce(t *testing.T) {
	w := newWorld(t)
	people := []*access.Actor{w.person(), w.person()}
	w.up.AddKey("sk-shared-0123456789", "1000")
	var wg sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		wg.Go(func() {
			key := "sk-shared-0123456789"
			if i%3 == 0 {
				key = "Bearer " + key + " "
			}
			_, errs[i] = w.pool.Deposit(t.Context(), people[i%2], in("openai", key, 1000*one))
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		refused(t, fault.KeyAlreadyDeposited, err)
	}
	require.Equal(t, 1, won)
	require.Equal(t, 1, w.count(`SELECT count(*) FROM pool_resources`))
	require.Equal(t, 1, w.count(`SELECT count(*) FROM secrets`))
	require.Equal(t, 1, w.count(`SELECT seq FROM ledger_head`))
	require.Equal(t, money.Credits(900*one), w.wallet(people[0]).Available+w.wallet(people[1]).Available)
	w.sound()
}

func TestTwoKeysOfOneProviderAccountAreOne(t *testing.T) {
	w := newWorld(t)
	for _, key := range []string{"sk-first-0123456789", "sk-second-0123456789"} {
		require.NoError(t, w.up.Server.AddKey(sandbox.KeySpec{Key: key, Quota: 1000 * one, Organization: "org-acme"}))
	}
	_, err := w.pool.Deposit(t.Context(), w.person(), in("openai", "sk-first-0123456789", one))
	require.NoError(t, err)
	_, err = w.pool.Deposit(t.Context(), w.person(), in("openai", "sk-second-0123456789", one))
	refused(t, fault.KeyAlreadyDeposited, err)
}

func TestARepeatedDepositGetsTheFirstAnswer(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	w.up.AddKey("sk-again-0123456789", "2000")
	input := in("openai", "sk-again-0123456789", 2000*one)
	input.IdempotencyKey = ptr("abc")
	var wg sync.WaitGroup
	got := make([]*pool.DepositResult, 10)
	for i := range got {
		wg.Go(func() {
			var err error
			got[i], err = w.pool.Deposit(t.Context(), bob, input)
			require.NoError(t, err)
		})
	}
	wg.Wait()
	for _, g := range got {
		require.Equal(t, got[0].Resource.ID, g.Resource.ID)
		require.Equal(t, []any{money.Credits(200 * one), money.Credits(1000 * one), money.Credits(800 * one), int64(1)},
			[]any{g.Fee, g.Credited, g.Vesting, g.TransactionSeq})
	}
	calls := w.up.Totals()
	_, err := w.pool.Deposit(t.Context(), bob, input)
	require.NoError(t, err)
	require.Equal(t, calls, w.up.Totals(), "the record answers, not the provider")

	input.Quota--
	_, err = w.pool.Deposit(t.Context(), bob, input)
	refused(t, fault.IdempotencyConflict, err)
	require.Equal(t, 1, w.count(`SELECT seq FROM ledger_head`))
}

func TestARefusedDepositFreesItsIdempotencyKey(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	input := in("openai", "sk-later-0123456789", one)
	input.IdempotencyKey = ptr("abc")
	_, err := w.pool.Deposit(t.Context(), bob, input)
	refused(t, fault.KeyRejected, err)
	w.up.AddKey("sk-later-0123456789", "1")
	_, err = w.pool.Deposit(t.Context(), bob, input)
	require.NoError(t, err)
}

func TestAFrozenPersonCannotDeposit(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	bob.Frozen = true
	_, err := w.pool.Deposit(t.Context(), bob, in("openai", "sk-bob-0123456789", one))
	refused(t, fault.Forbidden, err)
	_, err = w.pool.Deposit(t.Context(), nil, in("openai", "sk-bob-0123456789", one))
	refused(t, fault.Unauthenticated, err)
}

func TestRefusedKeysAreLimitedPerPerson(t *testing.T) {
	w := newWorld(t)
	mallory, bob := w.person(), w.person()
	for i := range 30 {
		_, err := w.pool.Deposit(t.Context(), mallory, in("openai", "sk-guess-00000"+strconv.Itoa(i), one))
		refused(t, fault.KeyRejected, err)
	}
	w.up.AddKey("sk-good-0123456789", "1")
	_, err := w.pool.Deposit(t.Context(), mallory, in("openai", "sk-good-0123456789", one))
	require.Equal(t, 120, requireCode(t, fault.RateLimited, err).Details["retryAfterSeconds"])
	_, err = w.pool.Deposit(t.Context(), bob, in("openai", "sk-good-0123456789", one))
	require.NoError(t, err)
	w.clock.Advance(61 * time.Minute)
	w.up.AddKey("sk-fine-0123456789", "1")
	_, err = w.pool.Deposit(t.Context(), mallory, in("openai", "sk-fine-0123456789", one))
	require.NoError(t, err)
}

func TestAPlatformKeyIsCreditedToNobody(t *testing.T) {
	w := newWorld(t)
	admin, bob := w.person(access.Admin), w.person()
	w.up.AddKey("sk-backup-0123456789", "100")
	input := in("custom", "sk-backup-0123456789", 50*one)
	input.Backup, input.BaseURL = true, ptr("https://llm.example.com/v1/")
	_, err := w.pool.AddPlatformResource(t.Context(), bob, input)
	refused(t, fault.Forbidden, err)
	for _, address := range []string{"http://llm.example.com", "https://169.254.169.254", "https://metadata.google.internal", "https://u@example.com", ""} {
		bad := input
		bad.BaseURL = &address
		_, err := w.pool.AddPlatformResource(t.Context(), admin, bad)
		require.Equal(t, "input.baseUrl", requireCode(t, fault.BadUserInput, err).Field)
	}
	elsewhere := input
	elsewhere.Provider = "azure"
	_, err = w.pool.AddPlatformResource(t.Context(), admin, elsewhere)
	require.Equal(t, "input.baseUrl", requireCode(t, fault.BadUserInput, err).Field, "no host of Azure's")
	r, err := w.pool.AddPlatformResource(t.Context(), admin, input)
	require.NoError(t, err)
	require.Nil(t, r.OwnerID)
	require.True(t, r.Backup)
	require.Equal(t, "https://llm.example.com/v1", r.BaseURL)
	require.Zero(t, w.wallet(admin))
	require.Zero(t, w.count(`SELECT count(*) FROM users WHERE contributor`))
	keys, err := w.pool.Keys(t.Context(), "gpt-4")
	require.NoError(t, err)
	require.True(t, keys[0].Platform)
	require.Equal(t, "llm.example.com", keys[0].Host)
	w.sound()
}

func TestADepositOfAClientWhoLeftIsAllOrNothing(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	w.up.AddKey("sk-slow-0123456789", "10")
	w.up.Script("sk-slow-0123456789", sandbox.Fault{Kind: sandbox.Slow, On: "models", Delay: 5 * time.Second})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := w.pool.Deposit(ctx, bob, in("openai", "sk-slow-0123456789", one))
	require.True(t, errors.Is(err, context.DeadlineExceeded), "%v", err)
	require.Zero(t, w.count(`SELECT (SELECT count(*) FROM pool_resources) + (SELECT seq FROM ledger_head)`))
	require.Equal(t, 1, w.count(`SELECT count(*) FROM audit_events WHERE detail->>'reason' = 'GIVEN_UP'`))
}

func TestAGrantIsDoneOncePerIdempotencyKey(t *testing.T) {
	w := newWorld(t)
	admin, tom := w.person(access.Admin), w.person()
	var wg sync.WaitGroup
	seqs := make([]int64, 10)
	for i := range seqs {
		wg.Go(func() {
			var err error
			seqs[i], err = w.pool.Grant(t.Context(), admin, tom.ID, 50*one, "welcome", ptr("g1"))
			require.NoError(t, err)
		})
	}
	wg.Wait()
	for _, s := range seqs {
		require.Equal(t, int64(1), s)
	}
	require.Equal(t, ledger.WalletState{Available: 50 * one}, w.wallet(tom))
	_, err := w.pool.Grant(t.Context(), admin, tom.ID, 51*one, "welcome", ptr("g1"))
	refused(t, fault.IdempotencyConflict, err)
	_, err = w.pool.Grant(t.Context(), tom, tom.ID, one, "me", nil)
	refused(t, fault.Forbidden, err)
	_, err = w.pool.Grant(t.Context(), admin, "usr_nobody", one, "x", nil)
	refused(t, fault.NotFound, err)
	_, err = w.pool.Grant(t.Context(), admin, tom.ID, 0, "x", nil)
	require.Equal(t, "amount", requireCode(t, fault.BadUserInput, err).Field)
}

func TestADepositThatTheLedgerRefusesLeavesNothing(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	w.grant(bob, one)
	_, err := w.db.Exec(`UPDATE ledger_accounts SET frozen = true WHERE id = 'wallet:' || $1`, bob.ID)
	require.NoError(t, err)
	w.up.AddKey("sk-bob-0123456789", "10")
	_, err = w.pool.Deposit(t.Context(), bob, in("openai", "sk-bob-0123456789", one))
	refused(t, fault.Conflict, err)
	require.Zero(t, w.count(`SELECT (SELECT count(*) FROM pool_resources) + (SELECT count(*) FROM secrets)`))
}
