package pool

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/vault"
)

// What a SUSPENDED resource's owner reads.
const (
	reasonUnreadable = "the stored key can't be read"
	reasonRejected   = "the provider does not accept the key"
	reasonEmpty      = "the provider reports no quota left"
)

// Verify tests the key of a resource again and refreshes its models. One SUSPENDED by its PROVIDER that passes becomes
// ACTIVE; a key that the provider refuses, or on which nothing is left, is SUSPENDED by PROVIDER, which the resource that
// is returned says. It returns CONFLICT in any other state, PROVIDER_UNREACHABLE, NOT_FOUND, FORBIDDEN or UNAUTHENTICATED.
func (s *Service) Verify(ctx context.Context, actor *access.Actor, id ids.ID) (*ent.PoolResource, error) {
	r, err := s.mine(ctx, actor, "verify", id)
	if err != nil {
		return nil, err
	}
	if !stateOf(r).in(testable) {
		return nil, wrongState(r, "verified")
	}
	key, err := s.vault.Key(ctx, ref(r), vault.ForVerify)
	if errors.Is(err, vault.ErrUnreadable) {
		if _, err := s.move(ctx, s.unreadable(id, stateOf(r).status, r.VerifiedAt)); err != nil {
			return nil, err
		}
		return s.resource(ctx, id)
	}
	if err != nil {
		return nil, err
	}
	v, err := s.provider.Verify(ctx, target(r), key, provider.VerifyOptions{})
	switch fault.CodeOf(err) {
	case "":
	case fault.KeyRejected:
		return s.failed(ctx, r, actor.ID, reasonRejected, alertRejected)
	case fault.DeclaredQuotaTooHigh:
		return s.failed(ctx, r, actor.ID, reasonEmpty, alertEmpty)
	default:
		return nil, err
	}
	if v.Balance != nil && *v.Balance == 0 {
		return s.failed(ctx, r, actor.ID, reasonEmpty, alertEmpty)
	}
	event := s.event(actor.ID, actionVerified, id, map[string]any{"from": string(r.Status)})
	return s.change(ctx, "verified", move{
		id: id, event: event,
		from: []condition{inState([]state{stateOf(r)}), hasKey(r.Fingerprint)},
		set:  append(repaired(r), toVerified(v.Models, event.At)),
		then: []step{graceStops(id, event.At), s.settled(alertRejected, id), s.settled(alertEmpty, id), seeEmpty(id), awake(id)},
	})
}

// repaired lets a resource that its provider had stopped serve again, without what was held against its key.
func repaired(r *ent.PoolResource) []setter {
	if stateOf(r) != (state{Suspended, ByProvider}) {
		return nil
	}
	return []setter{toStatus(Active), forgiven}
}

// failed suspends a resource whose key failed a test. When it fails again the time of its first suspension stands, from
// which the owner's grace counts.
func (s *Service) failed(ctx context.Context, r *ent.PoolResource, actor ids.ID, reason, alert string) (*ent.PoolResource, error) {
	return s.change(ctx, "verified", s.suspension(r.ID, actor, reason, alert, stateOf(r).status, inState(testable), hasKey(r.Fingerprint)))
}

// suspension is the move that a provider's refusal brings. It applies to the key that was refused, not to one that was put
// in or passed a test meanwhile.
func (s *Service) suspension(id, actor ids.ID, reason, alert string, was Status, from ...condition) move {
	event := s.event(actor, actionFailed, id, map[string]any{"from": string(was), "reason": reason})
	return move{
		id: id, event: event,
		from: from, set: []setter{toSuspended(ByProvider, reason)},
		then: []step{graceRuns(id, event.At), s.alert(alert, id, "A key was suspended: "+reason+".")},
	}
}

// Rotate replaces the key of a resource by another of the same provider account, verified like a deposit of what is left.
// One SUSPENDED by its PROVIDER becomes ACTIVE. It returns what Verify and Deposit return.
func (s *Service) Rotate(ctx context.Context, actor *access.Actor, id ids.ID, apiKey vault.Secret) (*ent.PoolResource, error) {
	r, err := s.mine(ctx, actor, "rotate", id)
	if err != nil {
		return nil, err
	}
	key, err := vault.ParseKey("apiKey", apiKey.Reveal())
	if err != nil {
		return nil, err
	}
	if len(key.Reveal()) < leastKey {
		return nil, fault.Invalid("apiKey", "this is too short for a key")
	}
	if !stateOf(r).in(testable) {
		return nil, wrongState(r, "given another key")
	}
	done, err := s.attempt(ctx, actor.ID)
	if err != nil {
		return nil, err
	}
	out, err := s.rotate(ctx, actor, r, key)
	done(s.fingerprint(target(r), key), err)
	return out, err
}

func (s *Service) rotate(ctx context.Context, actor *access.Actor, r *ent.PoolResource, key vault.Secret) (*ent.PoolResource, error) {
	fingerprint := s.fingerprint(target(r), key)
	taken, err := s.taken(ctx, fingerprint, r.ID)
	if err != nil {
		return nil, err
	}
	if taken {
		return nil, errAlreadyThere
	}
	left, err := s.left(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	v, err := s.test(ctx, target(r), key, left, ownerOf(r), &teller{clock: s.clock})
	if err != nil {
		return nil, err
	}
	if r.AccountHash != nil && v.account != nil && !bytes.Equal(*r.AccountHash, v.account) {
		return nil, fault.New(fault.KeyRejected, "this key belongs to another account of the provider")
	}
	event := s.event(actor.ID, actionRotated, r.ID, map[string]any{"from": string(r.Status), "key": vault.Mask(key)})
	out, err := s.change(ctx, "given another key", move{
		id: r.ID, event: event,
		from: []condition{inState([]state{stateOf(r)}), hasKey(r.Fingerprint)},
		set:  append(repaired(r), toKey(fingerprint, vault.Mask(key), v.account), toVerified(v.models, event.At)),
		then: []step{
			graceStops(r.ID, event.At), s.settled(alertRejected, r.ID), s.settled(alertEmpty, r.ID), seeEmpty(r.ID), awake(r.ID),
			s.replaceKey(ref(r), key),
		},
	})
	s.vault.Forget(r.ID)
	return out, err
}

// ProviderRejected is told by who made a call with the key that its provider refuses it (Dead, confirmed) or that nothing
// is left on it (Empty). The resource is SUSPENDED by PROVIDER, unless its key was replaced or passed a test since.
// Other classes change nothing.
func (s *Service) ProviderRejected(ctx context.Context, key *Key, class provider.Class) error {
	reason, alert := reasonRejected, alertRejected
	switch class {
	case provider.Dead:
	case provider.Empty:
		reason, alert = reasonEmpty, alertEmpty
	default:
		return nil
	}
	// Of many requests that find out at once the first one suspends.
	_, err := s.move(ctx, s.suspension(key.ID, "", reason, alert, key.Status, inState(refusable), lastVerified(key.VerifiedAt)))
	return err
}

// KeyUnreadable is told by who could not open a stored key (vault.ErrUnreadable): its row, or what it is bound to, was
// changed behind our back. The resource is SUSPENDED by MONITOR until an admin looks.
func (s *Service) KeyUnreadable(ctx context.Context, key *Key) error {
	_, err := s.move(ctx, s.unreadable(key.ID, key.Status, key.VerifiedAt))
	return err
}

func (s *Service) unreadable(id ids.ID, was Status, verified *time.Time) move {
	event := s.event("", actionUnreadable, id, map[string]any{"from": string(was)})
	return move{
		id: id, event: event,
		from: []condition{inState(testable), lastVerified(verified)}, set: []setter{toSuspended(ByMonitor, reasonUnreadable)},
		then: []step{graceStops(id, event.At), s.alert(alertUnreadable, id, "A stored key does not open as that of its resource, provider and host.")},
	}
}

// leastLeft is what a key must have left, once a hold was refused for want of its quota, to go on.
const leastLeft money.USD = money.One / 100

// MarkDepleted is told by who was refused a hold for want of this key's quota. Where less than $0.01 is left the resource
// is DEPLETED; else nothing changes.
func (s *Service) MarkDepleted(ctx context.Context, resource ids.ID) error {
	_, err := s.move(ctx, move{
		id: resource, event: s.event("", actionDepleted, resource, nil),
		from: []condition{inState(active), leftBelow(resource, leastLeft)}, set: []setter{toStatus(Depleted)},
	})
	return err
}
