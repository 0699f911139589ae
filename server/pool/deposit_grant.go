package pool

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
)

const (
	actionGranted = "credits.grant"
	maxGrant      = 1_000_000_000 * money.One
	maxMemo       = 200 // runes
)

// Grant credits a user by an admin's word, and returns the transaction that did. The same idempotency key with the same
// input grants once. It returns BAD_USER_INPUT, NOT_FOUND for the user, FORBIDDEN, UNAUTHENTICATED, IDEMPOTENCY_CONFLICT
// or OVERLOADED.
func (s *Service) Grant(ctx context.Context, actor *access.Actor, user ids.ID, amount money.Credits, memo string, idempotencyKey *string) (seq int64, err error) {
	if err := s.policy.Check(actor, "call", "Mutation.grantCredits", ""); err != nil {
		return 0, err
	}
	memo = strings.TrimSpace(memo)
	if err := validGrant(amount, memo, idempotencyKey); err != nil {
		return 0, err
	}
	known, err := s.userExists(ctx, user)
	if err != nil {
		return 0, err
	}
	if !known {
		return 0, fault.New(fault.NotFound, "there is no such user")
	}
	var op *ledger.Key
	if idempotencyKey != nil {
		input, _ := json.Marshal(map[string]any{"user": user, "amount": amount, "memo": memo}) // of plain values: can't fail
		op = &ledger.Key{Name: "grant:" + string(actor.ID) + ":" + *idempotencyKey, InputHash: s.vault.Hash("input", input)}
	}
	event := s.event(actor.ID, actionGranted, user, nil)
	answer, err := s.sealReceipt(ctx, actor.ID, op, receipt{Audit: event.ID})
	if err != nil {
		return 0, err
	}
	request := ledger.Request{
		Op:     &ledger.Grant{User: user, Actor: actor.ID, Amount: amount, Memo: memo},
		Caller: string(actor.ID), Key: op, Answer: answer,
		Records: func(o ledger.Outcome) []ledger.Row {
			e := event
			e.Reason = memo
			e.Detail = map[string]any{"amount": money.Format(amount), "credited": money.Format(o.Credited), "seq": o.Seq}
			return []ledger.Row{AuditRow(ctx, e)}
		},
	}
	ctx = context.WithoutCancel(ctx)
	out, err := s.ledger.Do(ctx, request)
	for waited := time.Duration(0); errors.Is(err, ledger.ErrPending) && waited < awaitMost; waited += awaitEvery {
		time.Sleep(awaitEvery) // the first one with this key is being booked: this one is answered by its record
		out, err = s.ledger.Do(ctx, request)
	}
	switch {
	case errors.Is(err, ledger.ErrPending):
		return 0, errStillRunning
	case err != nil:
		return 0, err
	case !out.Replayed:
		return out.Seq, nil
	}
	rec, err := s.openReceipt(ctx, actor.ID, out.Answer)
	if err != nil {
		return 0, err
	}
	b, err := s.booked(ctx, rec.Audit)
	return b.Seq, err
}

func validGrant(amount money.Credits, memo string, idempotencyKey *string) error {
	var errs []error
	if amount <= 0 || amount > maxGrant {
		errs = append(errs, fault.Invalid("amount", "an amount is above 0 and at most %s Credits", money.Format(money.Credits(maxGrant))))
	}
	if memo == "" || !clean(memo) || utf8.RuneCountInString(memo) > maxMemo {
		errs = append(errs, fault.Invalid("memo", "a memo is plain text of 1 to %d characters", maxMemo))
	}
	if idempotencyKey != nil && !validCallerKey(*idempotencyKey) {
		errs = append(errs, fault.Invalid("idempotencyKey", "an idempotency key is plain text of 1 to %d bytes", maxCallerKey))
	}
	return errors.Join(errs...)
}
