package pool

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/poolresource"
	"github.com/resourcepool/resourcepool/ent/predicate"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
)

// What is done to a resource, as the audit log names it.
const (
	actionPaused    = "resource.pause"
	actionResumed   = "resource.resume"
	actionSuspended = "resource.suspend"
	actionLifted    = "resource.lift"
	actionVerified  = "resource.verify"
	actionFailed    = "resource.fail"
	actionRotated   = "resource.rotate"
	actionWithdrawn = "resource.withdraw"
	actionErased    = "resource.erase"
	actionDepleted  = "resource.deplete"
	actionExpired   = "resource.expire"
)

// The alerts about a resource.
const (
	alertRejected = "resource.rejected" // the provider refuses the key
	alertEmpty    = "resource.empty"    // the provider reports no quota left
	alertExpired  = "resource.expired"
)

const maxReason = 200 // runes

// mine returns a resource on which the actor may do the action. One that the actor may not even see is NOT_FOUND, like one
// that is not there.
func (s *Service) mine(ctx context.Context, actor *access.Actor, action string, id ids.ID) (*ent.PoolResource, error) {
	if !actor.SignedIn() {
		return nil, s.policy.Check(actor, action, "PoolResource", "")
	}
	r, err := s.resource(ctx, id)
	if err != nil {
		return nil, err
	}
	if !s.policy.Can(actor, "read", "PoolResource", ownerOf(r)) {
		return nil, errUnknownResource
	}
	return r, s.policy.Check(actor, action, "PoolResource", ownerOf(r))
}

// Pause stops an ACTIVE resource from serving; requests in flight end as they would. It returns CONFLICT from any other
// state, NOT_FOUND, FORBIDDEN or UNAUTHENTICATED.
func (s *Service) Pause(ctx context.Context, actor *access.Actor, id ids.ID) (*ent.PoolResource, error) {
	if _, err := s.mine(ctx, actor, "pause", id); err != nil {
		return nil, err
	}
	return s.change(ctx, "paused", move{
		id: id, event: s.event(actor.ID, actionPaused, id, nil),
		from: []predicate.PoolResource{isStatus(poolresource.StatusACTIVE)},
		set:  func(u *ent.PoolResourceUpdate) { u.SetStatus(poolresource.StatusPAUSED) },
	})
}

// Resume lets a PAUSED resource serve again. An admin lifts an admin's suspension with it: the resource is then as it was
// before, PAUSED or ACTIVE. It returns what Pause returns.
func (s *Service) Resume(ctx context.Context, actor *access.Actor, id ids.ID) (*ent.PoolResource, error) {
	r, err := s.mine(ctx, actor, "resume", id)
	if err != nil {
		return nil, err
	}
	m := move{
		id: id, event: s.event(actor.ID, actionResumed, id, nil),
		from: []predicate.PoolResource{isStatus(poolresource.StatusPAUSED)},
		set:  func(u *ent.PoolResourceUpdate) { u.SetStatus(poolresource.StatusACTIVE) },
	}
	then := []step{func(ctx context.Context, tx *ent.Client) error { return emptied(ctx, tx, id) }}
	// Who may suspend may lift.
	if suspendedByAdmin(r) && s.policy.Can(actor, "suspend", "PoolResource", ownerOf(r)) {
		m.event.Action = actionLifted
		m.from = []predicate.PoolResource{suspendedBy(poolresource.SuspendedByADMIN)}
		m.set = func(u *ent.PoolResourceUpdate) {
			u.SetStatus(poolresource.StatusACTIVE).ClearStatusReason().ClearSuspendedBy()
		}
		then = append(then, func(ctx context.Context, tx *ent.Client) error { return pauseAgain(ctx, tx, id) })
	}
	m.then = all(then...)
	return s.change(ctx, "resumed", m)
}

func suspendedByAdmin(r *ent.PoolResource) bool {
	return r.Status == poolresource.StatusSUSPENDED && r.SuspendedBy != nil && *r.SuspendedBy == poolresource.SuspendedByADMIN
}

// Suspend stops a resource until an admin lifts it. It returns CONFLICT where its life is over or an admin suspended it
// before, and BAD_USER_INPUT for the reason.
func (s *Service) Suspend(ctx context.Context, actor *access.Actor, id ids.ID, reason string) (*ent.PoolResource, error) {
	r, err := s.mine(ctx, actor, "suspend", id)
	if err != nil {
		return nil, err
	}
	reason = strings.TrimSpace(reason)
	if reason == "" || !clean(reason) || utf8.RuneCountInString(reason) > maxReason {
		return nil, fault.Invalid("reason", "a reason is plain text of 1 to %d characters", maxReason)
	}
	return s.change(ctx, "suspended", move{
		id: id, event: s.event(actor.ID, actionSuspended, id, map[string]any{"from": string(r.Status), "reason": reason}),
		from: []predicate.PoolResource{
			poolresource.StatusEQ(r.Status), isStatus(living...), poolresource.Not(suspendedBy(poolresource.SuspendedByADMIN)),
		},
		set: func(u *ent.PoolResourceUpdate) {
			u.SetStatus(poolresource.StatusSUSPENDED).SetStatusReason(reason).SetSuspendedBy(poolresource.SuspendedByADMIN)
		},
	})
}

// change makes a move and returns the resource after it, CONFLICT where its state does not allow the move.
func (s *Service) change(ctx context.Context, participle string, m move) (*ent.PoolResource, error) {
	moved, err := s.move(ctx, m)
	if err != nil {
		return nil, err
	}
	r, err := s.resource(ctx, m.id)
	if err != nil {
		return nil, err
	}
	if !moved {
		return nil, wrongState(r, participle)
	}
	return r, nil
}

// wrongState says why a resource can't be moved.
func wrongState(r *ent.PoolResource, participle string) error {
	state := string(r.Status)
	if r.SuspendedBy != nil {
		state += " by " + string(*r.SuspendedBy)
	}
	return fault.New(fault.Conflict, "a key that is %s can't be %s", state, participle)
}

// all does steps in their order.
func all(steps ...step) step {
	return func(ctx context.Context, tx *ent.Client) error {
		for _, do := range steps {
			if err := do(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	}
}
