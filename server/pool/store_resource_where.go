package pool

import (
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/poolresource"
	"github.com/resourcepool/resourcepool/ent/predicate"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// condition is what must hold of a resource's row for a move.
type condition = predicate.PoolResource

func inState(states []state) condition {
	is := make([]condition, len(states))
	for i, s := range states {
		is[i] = poolresource.StatusEQ(poolresource.Status(s.status))
		if s.by != "" {
			is[i] = poolresource.And(is[i], poolresource.SuspendedByEQ(poolresource.SuspendedBy(s.by)))
		}
	}
	return poolresource.Or(is...)
}

// hasKey holds where the key is still the one with that fingerprint.
func hasKey(fingerprint []byte) condition { return poolresource.Fingerprint(fingerprint) }

// lastVerified holds where the key has passed no test since.
func lastVerified(at *time.Time) condition {
	if at == nil {
		return poolresource.VerifiedAtIsNil()
	}
	return poolresource.VerifiedAtEQ(*at)
}

// leftBelow holds where less than least is left of the quota.
func leftBelow(id ids.ID, least money.USD) condition {
	return func(s *sql.Selector) {
		accounts := sql.Table("ledger_accounts")
		s.Where(sql.Exists(sql.Select(accounts.C("id")).From(accounts).
			Where(sql.And(sql.EQ(accounts.C("id"), "resource:"+string(id)), sql.LT(accounts.C("balance"), int64(least))))))
	}
}

func dueBy(t time.Time) condition { return poolresource.ExpiresAtLTE(t) }

// setter is what a move writes.
type setter func(u *ent.PoolResourceUpdate)

func toStatus(s Status) setter {
	return func(u *ent.PoolResourceUpdate) {
		u.SetStatus(poolresource.Status(s)).ClearStatusReason().ClearSuspendedBy()
	}
}

func toSuspended(by Suspender, reason string) setter {
	return func(u *ent.PoolResourceUpdate) {
		u.SetStatus(poolresource.StatusSUSPENDED).SetStatusReason(reason).SetSuspendedBy(poolresource.SuspendedBy(by))
	}
}

// toForfeited ends a resource for a reason.
func toForfeited(reason string) setter {
	return func(u *ent.PoolResourceUpdate) {
		u.SetStatus(poolresource.StatusDEPLETED).SetStatusReason(reason).ClearSuspendedBy()
	}
}

func toVerified(models []string, at time.Time) setter {
	return func(u *ent.PoolResourceUpdate) { u.SetModels(models).SetVerifiedAt(at) }
}

func toKey(fingerprint []byte, masked string, account []byte) setter {
	return func(u *ent.PoolResourceUpdate) {
		u.SetFingerprint(fingerprint).SetMaskedKey(masked)
		if account != nil {
			u.SetAccountHash(account)
		}
	}
}

func toLimits(l KeyLimits) setter {
	return func(u *ent.PoolResourceUpdate) {
		u.SetMaxConcurrency(l.Concurrency).SetMaxRequestsPerMinute(l.RequestsPerMinute).SetMaxTokensPerMinute(l.TokensPerMinute)
	}
}

// forgiven drops what was held against a key.
func forgiven(u *ent.PoolResourceUpdate) { u.SetFailuresInARow(0).ClearCoolingUntil() }
