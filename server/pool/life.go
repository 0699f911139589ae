package pool

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
)

// What is done to a resource, as the audit log names it.
const (
	actionPaused     = "resource.pause"
	actionResumed    = "resource.resume"
	actionSuspended  = "resource.suspend"
	actionLifted     = "resource.lift"
	actionUnreadable = "resource.unreadable"
	actionLimited    = "resource.limit"
	actionVerified   = "resource.verify"
	actionFailed     = "resource.fail"
	actionRotated    = "resource.rotate"
	actionWithdrawn  = "resource.withdraw"
	actionErased     = "resource.erase"
	actionDepleted   = "resource.deplete"
	actionExpired    = "resource.expire"
	actionForfeited  = "resource.forfeit"
	actionClawedBack = "resource.clawback"
)

// The alerts about a resource.
const (
	alertRejected   = "resource.rejected"   // the provider refuses the key
	alertEmpty      = "resource.empty"      // the provider reports no quota left
	alertUnreadable = "resource.unreadable" // the stored key does not open
	alertExpired    = "resource.expired"
	alertForfeited  = "resource.forfeited" // not repaired in time
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
		from: []condition{inState(active)}, set: []setter{toStatus(Paused)},
	})
}

// Resume lets a PAUSED resource serve again. An admin lifts the suspension by an admin or the monitor with it: the resource is then as it was
// before, PAUSED or ACTIVE. It returns what Pause returns.
func (s *Service) Resume(ctx context.Context, actor *access.Actor, id ids.ID) (*ent.PoolResource, error) {
	r, err := s.mine(ctx, actor, "resume", id)
	if err != nil {
		return nil, err
	}
	m := move{
		id: id, event: s.event(actor.ID, actionResumed, id, nil),
		from: []condition{inState(paused)}, set: []setter{toStatus(Active)}, then: []step{seeEmpty(id)},
	}
	// Who may suspend may lift.
	if stateOf(r).in(lifted) && s.policy.Can(actor, "suspend", "PoolResource", ownerOf(r)) {
		m.event.Action = actionLifted
		m.from = []condition{inState([]state{stateOf(r)})}
		m.then = append(m.then, pauseAgain(id))
	}
	return s.change(ctx, "resumed", m)
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
	was := stateOf(r)
	if !was.in(stoppable) {
		return nil, wrongState(r, "suspended")
	}
	event := s.event(actor.ID, actionSuspended, id, map[string]any{"from": string(was.status), "reason": reason})
	event.Reason = reason
	return s.change(ctx, "suspended", move{
		id: id, event: event,
		from: []condition{inState([]state{was})}, set: []setter{toSuspended(ByAdmin, reason)}, then: []step{graceStops(id, event.At)},
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
	return fault.New(fault.Conflict, "a key that is %s can't be %s", stateOf(r), participle)
}
