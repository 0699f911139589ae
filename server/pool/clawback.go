package pool

import (
	"context"
	"errors"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
)

// reasonForfeited is what the owner of a resource that was not repaired in time reads.
const reasonForfeited = "it was not repaired in time; what was left on it was taken back"

// EndOverdue ends the resources that are past their time and those that were not repaired in time, and takes back what is
// left on them.
func (s *Service) EndOverdue(ctx context.Context) error {
	return errors.Join(s.Expire(ctx), s.Forfeit(ctx), s.ClawBack(ctx))
}

// Expire ends the resources that are past their time.
func (s *Service) Expire(ctx context.Context) error {
	return s.end(ctx, []condition{dueBy(s.clock.Now()), inState(living)}, func(id ids.ID) move {
		return move{
			event: s.event("", actionExpired, id, nil), set: []setter{toStatus(Expired)},
			then: []step{s.alert(alertExpired, id, "A key has expired.")},
		}
	})
}

// Forfeit ends the resources whose keys their providers refuse and whose owners have not repaired them within the grace
// period. A test that fails again does not restart it, and one that passes stops it until the key is refused again: it
// starts anew only once the key has served a request. What an admin or the monitor suspended is nobody's to repair, and for
// the platform's own keys nobody was credited: those stay.
func (s *Service) Forfeit(ctx context.Context) error {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	late := []condition{inState(refused), credited, suspendedFor(s.clock.Now(), graceOf(set))}
	return s.end(ctx, late, func(id ids.ID) move {
		return move{
			event: s.event("", actionForfeited, id, nil), set: []setter{toForfeited(reasonForfeited)},
			then: []step{s.alert(alertForfeited, id, "A key was not repaired in time. What was left on it was taken back.")},
		}
	})
}

// RepairBy returns until when the owner of a resource has to repair it, nil where there is nothing to repair.
func (s *Service) RepairBy(ctx context.Context, r *ent.PoolResource) (*time.Time, error) {
	if !stateOf(r).in(refused) || r.SuspendedAt == nil || r.OwnerID == nil {
		return nil, nil //nolint:nilnil // "never" is no error
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	by := r.SuspendedAt.Add(graceOf(set) - time.Duration(r.GraceUsedMs)*time.Millisecond)
	return &by, nil
}

func graceOf(set *ent.Setting) time.Duration {
	return time.Duration(set.ClawbackGraceHours) * time.Hour
}

// end makes a move of every resource for which the conditions hold.
func (s *Service) end(ctx context.Context, due []condition, by func(ids.ID) move) error {
	for {
		found, err := s.some(ctx, endBatch, due)
		if err != nil {
			return err
		}
		for _, id := range found {
			m := by(id)
			m.id, m.from = id, due
			if _, err := s.move(ctx, m); err != nil {
				return err
			}
		}
		if len(found) < endBatch {
			return nil
		}
	}
}

// ClawBack takes back what is left on resources that expired or were forfeited, and the Credits that were booked for it.
// What is still held follows when it is given back.
func (s *Service) ClawBack(ctx context.Context) error {
	over, err := s.leftOver(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, r := range over {
		event := s.event("", actionClawedBack, r.id, nil)
		_, err := s.ledger.Do(ctx, ledger.Request{
			Op:     &ledger.Clawback{Resource: r.id, Owner: r.owner, Memo: "Claw-back: " + r.label},
			Caller: jobCaller,
			Records: func(o ledger.Outcome) []ledger.Row {
				e := event
				e.Detail = map[string]any{
					"taken": money.Format(o.Taken), "fee": money.Format(o.Fee), "credited": money.Format(o.Credited),
					"vesting": money.Format(o.Vesting), "seq": o.Seq,
				}
				return []ledger.Row{AuditRow(ctx, e), ChangeRow(journal.Resource, string(r.id))}
			},
		})
		switch {
		case errors.Is(err, ledger.ErrOverloaded), errors.Is(err, ledger.ErrClosed), ctx.Err() != nil:
			return errors.Join(append(errs, err)...) // the rest would fare the same
		case errors.Is(err, ledger.ErrNothing), errors.Is(err, ledger.ErrFrozen):
		case err != nil:
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
