package pool

import (
	"entgo.io/ent/dialect/sql"

	"github.com/resourcepool/resourcepool/ent/poolresource"
	"github.com/resourcepool/resourcepool/ent/predicate"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// living are the states that an end may follow.
var living = []poolresource.Status{poolresource.StatusACTIVE, poolresource.StatusPAUSED, poolresource.StatusSUSPENDED}

func isStatus(s ...poolresource.Status) predicate.PoolResource { return poolresource.StatusIn(s...) }

func suspendedBy(by poolresource.SuspendedBy) predicate.PoolResource {
	return poolresource.And(poolresource.StatusEQ(poolresource.StatusSUSPENDED), poolresource.SuspendedByEQ(by))
}

// testable are the states from which a key may be tested again or replaced.
func testable() predicate.PoolResource {
	return poolresource.Or(
		isStatus(poolresource.StatusACTIVE, poolresource.StatusPAUSED), suspendedBy(poolresource.SuspendedByPROVIDER))
}

// leftBelow holds where less than least is left of the quota.
func leftBelow(id ids.ID, least money.USD) predicate.PoolResource {
	return func(s *sql.Selector) {
		accounts := sql.Table("ledger_accounts")
		s.Where(sql.Exists(sql.Select(accounts.C("id")).From(accounts).
			Where(sql.And(sql.EQ(accounts.C("id"), "resource:"+string(id)), sql.LT(accounts.C("balance"), int64(least))))))
	}
}
