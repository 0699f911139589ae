package pool

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/limit"
	"github.com/resourcepool/resourcepool/server/origin"
)

// Refused keys are counted of a person and of an address: a deposit tells whether a key is good, and whether the pool has it.
var (
	refusedOfPerson  = limit.Rule{Name: "deposit.person", Burst: 30, Wait: 2 * time.Minute, Forget: 2 * time.Minute}
	refusedOfAddress = limit.Rule{Name: "deposit.address", Burst: 60, Wait: time.Minute, Forget: time.Minute}
)

// attempt counts a key as refused, so that those that run at once can't pass the limit together. The caller says how it went
// by calling done with the key's fingerprint and the error, nil where it came in. It returns RATE_LIMITED with
// retryAfterSeconds.
func (s *Service) attempt(ctx context.Context, user ids.ID) (done func(fingerprint []byte, err error), err error) {
	counts := []limit.Count{refusedOfPerson.Of(string(user))}
	if ip := origin.From(ctx).IP; ip != "" {
		counts = append(counts, refusedOfAddress.Of(limit.Network(ip)))
	}
	taken, err := s.throttle.Take(ctx, counts...)
	if err != nil {
		return nil, err
	}
	return func(fingerprint []byte, err error) {
		reason, counted := refusal(err)
		if !counted {
			if err := taken.GiveBack(ctx); err != nil {
				s.log.ErrorContext(ctx, "pool: a key that came in counts as refused", "user", user, "err", err)
			}
			return
		}
		// Its fingerprint and the reason, nothing else of it.
		e := s.event(user, actionRefused, user, map[string]any{"fingerprint": hex.EncodeToString(fingerprint), "reason": reason})
		if err := s.audit(context.WithoutCancel(ctx), e); err != nil {
			s.log.ErrorContext(ctx, "pool: a refused key was not recorded", "user", user, "reason", reason, "err", err)
		}
	}, nil
}

// refusal tells what the key or its provider is the reason of, or who sent it and left, from what the server is.
func refusal(err error) (reason string, counted bool) {
	switch code := fault.CodeOf(err); {
	case err == nil:
		return "", false
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "GIVEN_UP", true
	case code == fault.KeyRejected, code == fault.KeyAlreadyDeposited, code == fault.DeclaredQuotaTooHigh,
		code == fault.ProviderUnreachable, code == fault.BadUserInput:
		return string(code), true
	}
	return "", false
}
