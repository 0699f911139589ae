package pool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/vault"
)

// DepositResult is what a deposit or a withdrawal came to; for a withdrawal the amounts are negative.
type DepositResult struct {
	Resource       *ent.PoolResource
	Fee            money.Credits
	Credited       money.Credits // what became available
	Vesting        money.Credits
	TransactionSeq int64
}

const (
	actionDeposited = "resource.deposit"
	actionRefused   = "deposit.refused"
	depositPurpose  = "deposit"
)

// Deposit tests a key with its provider, encrypts it, books it and credits its owner, all or nothing. The same idempotency
// key with the same input gets the first answer again.
//
// It returns BAD_USER_INPUT for each argument at fault, FORBIDDEN or UNAUTHENTICATED, RATE_LIMITED after too many refused
// keys, KEY_ALREADY_DEPOSITED, KEY_REJECTED, DECLARED_QUOTA_TOO_HIGH with actualQuota, PROVIDER_UNREACHABLE,
// IDEMPOTENCY_CONFLICT, OVERLOADED or an internal error.
func (s *Service) Deposit(ctx context.Context, actor *access.Actor, in DepositInput) (*DepositResult, error) {
	if err := s.policy.Check(actor, "call", "Mutation.deposit", ""); err != nil {
		return nil, err
	}
	return s.takeIn(ctx, actor, in, actor.ID)
}

// AddPlatformResource takes in a key that the platform itself brings: verified and booked like a deposit, and credited to
// nobody. It returns what Deposit returns.
func (s *Service) AddPlatformResource(ctx context.Context, actor *access.Actor, in DepositInput) (*ent.PoolResource, error) {
	if err := s.policy.Check(actor, "call", "Mutation.addPlatformResource", ""); err != nil {
		return nil, err
	}
	r, err := s.takeIn(ctx, actor, in, "")
	if err != nil {
		return nil, err
	}
	return r.Resource, nil
}

// DepositSteps returns the steps of the actor's deposit with that progress id, as they happen. It may be called before the
// deposit or up to a minute after it; the channel is closed after BOOKED or the first step that fails.
func (s *Service) DepositSteps(ctx context.Context, actor *access.Actor, progressID string) (<-chan DepositStep, error) {
	if err := s.policy.Check(actor, "call", "Subscription.depositProgress", ""); err != nil {
		return nil, err
	}
	if !validProgressID(progressID) {
		return nil, fault.Invalid("id", "this is not an id")
	}
	return s.progress.follow(ctx, actor.ID, progressID)
}

// takeIn brings in a key for an owner, "" for the platform.
func (s *Service) takeIn(ctx context.Context, actor *access.Actor, in DepositInput, owner ids.ID) (*DepositResult, error) {
	tell := &teller{clock: s.clock}
	if in.ProgressID != nil && validProgressID(*in.ProgressID) {
		tell.to = s.progress.begin(actor.ID, *in.ProgressID)
	}
	r, err := s.deposit(ctx, actor, in, owner, tell)
	if err != nil {
		tell.failed(err)
		return nil, err
	}
	tell.booked()
	return r, nil
}

func (s *Service) deposit(ctx context.Context, actor *access.Actor, in DepositInput, owner ids.ID, tell *teller) (*DepositResult, error) {
	t, err := in.validate(s.clock.Now(), owner == "")
	if err != nil {
		return nil, err
	}
	scope := "deposit"
	if owner == "" {
		scope = "platform-deposit"
	}
	op := s.operationKey(scope, actor.ID, t)
	if r, err := s.repeated(ctx, actor.ID, op); r != nil || err != nil {
		return r, err
	}
	done, err := s.attempt(ctx, actor.ID)
	if err != nil {
		return nil, err
	}
	r, err := s.admit(ctx, actor, t, owner, op, tell)
	if errors.Is(err, errAlreadyThere) {
		// It may be this very deposit that is there, sent twice.
		if r, replayed := s.repeated(ctx, actor.ID, op); r != nil || replayed != nil {
			done(nil, nil)
			return r, replayed
		}
	}
	done(s.fingerprint(t.target, t.key), err)
	return r, err
}

// admit tests the key and books it.
func (s *Service) admit(ctx context.Context, actor *access.Actor, t terms, owner ids.ID, op *ledger.Key, tell *teller) (*DepositResult, error) {
	fingerprint := s.fingerprint(t.target, t.key)
	taken, err := s.taken(ctx, fingerprint, "")
	if err != nil {
		return nil, err
	}
	if taken {
		return nil, errAlreadyThere
	}
	v, err := s.test(ctx, t.target, t.key, t.Quota, owner, tell)
	if err != nil {
		return nil, err
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	now := s.clock.Now()
	id := s.ids.New(ids.Resource)
	sealed, err := s.vault.Seal(vault.Ref{Resource: id, Provider: t.target.Provider, Host: provider.Host(t.target)}, t.key)
	if err != nil {
		return nil, err
	}
	d := &ledger.Deposit{
		Resource: id, Owner: owner, Actor: actor.ID, Quota: t.Quota, Confirmed: v.confirmed,
		TrustLimit: money.Credits(set.UnconfirmedTrustLimit), Memo: "Deposit: " + t.label,
	}
	if owner != "" {
		if d.Fee, err = money.MulDivCeil(money.Credits(t.Quota), set.DepositFeeRate, money.One); err != nil {
			return nil, err
		}
	}
	guards := []ledger.Row{
		resourceRow(newResource{
			id: id, owner: owner, provider: t.target.Provider, baseURL: t.target.BaseURL, label: t.label, maskedKey: vault.Mask(t.key),
			fingerprint: fingerprint, accountHash: v.account, models: v.models, quota: int64(t.Quota), confirmed: v.confirmed,
			backup: t.Backup, acceptedTerms: t.AcceptedTerms, expiresAt: t.ExpiresAt, at: now,
		}),
		secretRow(id, sealed.KeyID, sealed.WrappedKey, sealed.Ciphertext, now),
	}
	tell.booking()
	return s.book(ctx, actor, d, op, guards)
}

// receipt is what is recorded under an operation key: where to find what the operation came to.
type receipt struct {
	Resource ids.ID `json:"resource,omitempty"`
	Audit    ids.ID `json:"audit"`
}

// book commits a deposit with all that stands or falls with it.
func (s *Service) book(ctx context.Context, actor *access.Actor, d *ledger.Deposit, op *ledger.Key, guards []ledger.Row) (*DepositResult, error) {
	event := s.event(actor.ID, actionDeposited, d.Resource, nil)
	answer, err := s.sealReceipt(ctx, actor.ID, op, receipt{Resource: d.Resource, Audit: event.ID})
	if err != nil {
		return nil, err
	}
	// Whether it was booked must be known even when the client is gone.
	ctx = context.WithoutCancel(ctx)
	out, err := s.ledger.Do(ctx, ledger.Request{
		Op: d, Caller: string(actor.ID), Key: op, Answer: answer, Guards: guards,
		Records: func(o ledger.Outcome) []ledger.Row {
			e := event
			e.Detail = map[string]any{
				"fee": money.Format(o.Fee), "credited": money.Format(o.Credited), "vesting": money.Format(o.Vesting), "seq": o.Seq,
				"quota": money.Format(d.Quota), "confirmed": d.Confirmed,
			}
			rows := []ledger.Row{AuditRow(ctx, e), ChangeRow(journal.Resource, string(d.Resource))}
			if d.Owner != "" {
				rows = append(rows, contributorRow(d.Owner), ChangeRow(journal.User, string(d.Owner)))
			}
			return rows
		},
	})
	var refused *ledger.GuardError
	switch {
	case errors.As(err, &refused):
		return nil, errAlreadyThere.Because(err)
	case errors.Is(err, ledger.ErrPending) && op != nil:
		return s.awaited(ctx, actor.ID, op)
	case err != nil:
		return nil, err
	case out.Replayed:
		return s.fromReceipt(ctx, actor.ID, out.Answer)
	}
	s.keys.renew()
	r, err := s.resource(ctx, d.Resource)
	if err != nil {
		return nil, err
	}
	return &DepositResult{Resource: r, Fee: out.Fee, Credited: out.Credited, Vesting: out.Vesting, TransactionSeq: out.Seq}, nil
}

// verdict is what a test found out.
type verdict struct {
	models    []string
	confirmed bool
	account   []byte // nil where unknown
}

// test has the provider judge the key, compares its balance with the quota, and sees that nobody but its owner owes for the
// provider's account.
func (s *Service) test(ctx context.Context, t provider.Target, key vault.Secret, quota money.USD, owner ids.ID, tell *teller) (verdict, error) {
	v, err := s.provider.Verify(ctx, t, key, provider.VerifyOptions{Progress: tell.verified})
	if f, ok := fault.As(err); ok && f.Field != "" {
		return verdict{}, f.In("input")
	}
	if err != nil {
		return verdict{}, err
	}
	for _, most := range []*money.USD{v.Balance, v.Ceiling} {
		if most != nil && *most < quota {
			return verdict{}, fault.New(fault.DeclaredQuotaTooHigh, "the provider reports %s USD, less than the quota", *most).
				With("actualQuota", money.Format(*most))
		}
	}
	tell.covered()
	out := verdict{models: v.Models, confirmed: v.Balance != nil}
	if v.Account == "" {
		return out, nil
	}
	out.account = s.vault.AccountHash(realm(t), v.Account)
	owed, err := s.owedFor(ctx, t.Provider, out.account, owner)
	if err == nil && owed {
		err = errAlreadyThere
	}
	return out, err
}

// repeated returns the answer that is recorded under an operation key, nil where none is. While the first deposit with
// that key is being booked it waits.
func (s *Service) repeated(ctx context.Context, by ids.ID, op *ledger.Key) (*DepositResult, error) {
	if op == nil {
		return nil, nil //nolint:nilnil // "not there" is no error
	}
	answer, found, err := s.ledger.Recorded(ctx, *op)
	switch {
	case errors.Is(err, ledger.ErrPending):
		return s.awaited(ctx, by, op)
	case err != nil || !found:
		return nil, err
	}
	return s.fromReceipt(ctx, by, answer)
}

const (
	awaitMost  = 30 * time.Second
	awaitEvery = 50 * time.Millisecond
)

// awaited waits for the first operation with the same key. It returns CONFLICT with retryAfterSeconds where that takes too
// long or ended without an answer.
func (s *Service) awaited(ctx context.Context, by ids.ID, op *ledger.Key) (*DepositResult, error) {
	ctx, cancel := context.WithTimeout(ctx, awaitMost)
	defer cancel()
	for {
		answer, found, err := s.ledger.Recorded(ctx, *op)
		switch {
		case found:
			return s.fromReceipt(ctx, by, answer)
		case err == nil:
			return nil, errStillRunning
		case !errors.Is(err, ledger.ErrPending) && ctx.Err() == nil:
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, errStillRunning
		case <-time.After(awaitEvery):
		}
	}
}

var errStillRunning = fault.New(fault.Conflict, "an operation with this idempotency key is still running").With("retryAfterSeconds", 1)

// sealReceipt encrypts a receipt under the key of who did it.
func (s *Service) sealReceipt(ctx context.Context, by ids.ID, op *ledger.Key, r receipt) ([]byte, error) {
	if op == nil {
		return nil, nil
	}
	plain, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("pool: receipt: %w", err)
	}
	return s.vault.SealFor(ctx, by, depositPurpose, plain)
}

func (s *Service) openReceipt(ctx context.Context, by ids.ID, answer []byte) (r receipt, err error) {
	plain, err := s.vault.OpenFor(ctx, by, depositPurpose, answer)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(plain, &r); err != nil {
		return r, fmt.Errorf("pool: receipt: %w", err)
	}
	return r, nil
}

// fromReceipt rebuilds a deposit's answer from what the audit log says that it came to.
func (s *Service) fromReceipt(ctx context.Context, by ids.ID, answer []byte) (*DepositResult, error) {
	rec, err := s.openReceipt(ctx, by, answer)
	if err != nil {
		return nil, err
	}
	r, err := s.resource(ctx, rec.Resource)
	if err != nil {
		return nil, err
	}
	b, err := s.booked(ctx, rec.Audit)
	if err != nil {
		return nil, err
	}
	return &DepositResult{Resource: r, Fee: b.Fee, Credited: b.Credited, Vesting: b.Vesting, TransactionSeq: b.Seq}, nil
}
