package pool

import (
	"context"
	"errors"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
)

// Withdraw takes a key and what is left on it out of the pool: the Credits booked for it are debited, and its share of the
// fee is undone. Requests in flight end as they would; what their holds give back is booked with them, and the key is
// erased with the last of them.
//
// It returns INSUFFICIENT_CREDITS where the Credits are spent, CONFLICT where the key was withdrawn before, NOT_FOUND,
// FORBIDDEN or UNAUTHENTICATED.
func (s *Service) Withdraw(ctx context.Context, actor *access.Actor, id ids.ID) (*DepositResult, error) {
	r, err := s.mine(ctx, actor, "withdraw", id)
	if err != nil {
		return nil, err
	}
	if stateOf(r).status == Withdrawn {
		return nil, wrongState(r, "withdrawn")
	}
	event := s.event(actor.ID, actionWithdrawn, id, nil)
	ctx = context.WithoutCancel(ctx)
	out, err := s.ledger.Do(ctx, ledger.Request{
		Op:     &ledger.Withdraw{Resource: id, Owner: ownerOf(r), Actor: actor.ID, Memo: "Withdrawal: " + r.Label},
		Caller: string(actor.ID),
		Records: func(o ledger.Outcome) []ledger.Row {
			e := event
			e.Detail = map[string]any{
				"from": string(r.Status), "taken": money.Format(o.Taken), "fee": money.Format(o.Fee),
				"credited": money.Format(o.Credited), "vesting": money.Format(o.Vesting), "seq": o.Seq,
			}
			return []ledger.Row{withdrawnRow(id, event.At), AuditRow(ctx, e), ChangeRow(journal.Resource, string(id))}
		},
	})
	if errors.Is(err, ledger.ErrClosing) {
		if r, err = s.resource(ctx, id); err != nil {
			return nil, err
		}
		return nil, wrongState(r, "withdrawn")
	}
	if err != nil {
		return nil, err
	}
	s.keys.renew()
	if out.Resource.Held == 0 {
		// The job does it where this fails: the withdrawal stands.
		if err := s.erase(ctx, id); err != nil {
			s.log.ErrorContext(ctx, "pool: the key of a withdrawn resource is erased later", "resource", id, "err", err)
		}
	}
	if r, err = s.resource(ctx, id); err != nil {
		return nil, err
	}
	return &DepositResult{Resource: r, Fee: out.Fee, Credited: out.Credited, Vesting: out.Vesting, TransactionSeq: out.Seq}, nil
}
