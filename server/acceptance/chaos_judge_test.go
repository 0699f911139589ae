package acceptance

import (
	"database/sql"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/money"
)

// quiesce waits until nothing is under way, ends all servers as an operator does, which must go well, and starts them again.
func (c *chaos) quiesce() {
	c.held("with all servers up")
	var ends sync.WaitGroup
	for _, n := range c.nodes {
		ends.Go(func() {
			if err := n.end(syscall.SIGTERM, comesBack); err != nil {
				c.book.complain("%s ended with %v", n.name, err)
			}
			c.again(n, 0)
		})
	}
	ends.Wait()
	c.held("after a restart")
	if open := c.number(c.database(), `SELECT count(*) FROM ledger_operations WHERE NOT done`); open > 0 {
		c.book.complain("%d operation keys are claimed for ever", open)
	}
}

// held waits until nothing is held any more: those of lost servers come free when their leases have run out.
func (c *chaos) held(when string) {
	db := c.database()
	for end := time.Now().Add(45 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		holds := c.number(db, `SELECT count(*) FROM ledger_holds`)
		if holds == 0 {
			return
		}
		if time.Now().After(end) {
			c.book.complain("%d holds are left %s", holds, when)
			return
		}
	}
}

func (c *chaos) database() *sql.DB {
	db, err := database.Open(c.ground.cluster.OwnerURL(), 2)
	require.NoError(c.t, err)
	c.t.Cleanup(func() { _ = db.Close() })
	return db
}

// resolve asks again for all of which somebody is not sure, and for some of what was answered.
func (c *chaos) resolve() {
	c.stop = make(chan struct{})
	c.up.Hook(nil, nil)
	late := time.AfterFunc(time.Minute, func() { close(c.stop) })
	defer late.Stop()
	entries := c.book.where(func(e *entry) bool { return e.id != "" && e.unknown > 0 && len(e.acks) == 0 })
	answered := c.book.where(func(e *entry) bool {
		return e.kind == "complete" && e.id != "" && len(e.acks) > 0 && e.acks[0].amount > 0
	})
	rand.Shuffle(len(answered), func(i, j int) { answered[i], answered[j] = answered[j], answered[i] })
	answered = answered[:min(len(answered), 300)]
	queue := make(chan func(*worker))
	var workers sync.WaitGroup
	for i := range 8 {
		w := &worker{chaos: c, rng: rand.New(rand.NewPCG(c.seed, uint64(1000+i))), name: "resolver", n: i}
		workers.Go(func() {
			for f := range queue {
				f(w)
			}
		})
	}
	for _, e := range entries {
		queue <- func(w *worker) { w.try(e) }
	}
	for _, e := range answered {
		queue <- func(w *worker) {
			w.replay(e, w.pick())
		}
	}
	close(queue)
	workers.Wait()
	for _, e := range entries {
		if len(e.acks) == 0 && e.refusal == "" {
			c.book.complain("nobody says what became of %v", e)
		}
	}
}

func (c *chaos) number(db *sql.DB, query string) (n int64) {
	require.NoError(c.t, db.QueryRowContext(c.t.Context(), query).Scan(&n))
	return n
}

// numbers reads rows of a name and a number.
func (c *chaos) numbers(db *sql.DB, query string) map[string]int64 {
	rows, err := db.QueryContext(c.t.Context(), query)
	require.NoError(c.t, err)
	defer func() { _ = rows.Close() }()
	out := map[string]int64{}
	for rows.Next() {
		var name string
		var n int64
		require.NoError(c.t, rows.Scan(&name, &n))
		out[name] = n
	}
	require.NoError(c.t, rows.Err())
	return out
}

// judge compares the books with the journal.
func (c *chaos) judge() {
	if out, err := c.nodes[0].p.Command("verify-ledger"); err != nil {
		c.book.complain("verify-ledger: %v\n%s", err, out)
	}
	db := c.database()
	if n := c.number(db, `SELECT count(*) FROM (SELECT usage_id FROM ledger_transactions WHERE kind = 'USAGE' GROUP BY usage_id HAVING count(*) > 1) x`); n > 0 {
		c.book.complain("%d requests are booked twice", n)
	}
	late := c.number(db, `SELECT count(*) FROM usage_logs WHERE status = 'SUCCEEDED' AND credits_charged = 0`)
	c.t.Logf("%d transactions; %d requests outlived their holds and were free", c.number(db, `SELECT seq FROM ledger_head`), late)
	if late > 0 && !c.long {
		c.book.complain("%d requests were free, though no server was away for as long as its lease", late)
	}
	c.judgeRequests(db)
	c.judgeGrants(db)
	c.judgeKeys(db)
	c.judgeWallets(db)
}

// judgeRequests wants one row and charge for each answer, none for a refusal, at most one for what nobody knows.
func (c *chaos) judgeRequests(db *sql.DB) {
	charged := c.numbers(db, `SELECT id, credits_charged FROM usage_logs`)
	user := map[string]string{}
	for name, who := range c.people {
		user[who.ID] = name
	}
	acked := map[string]bool{}
	unknown := map[string]int{}
	for _, e := range c.book.where(func(e *entry) bool { return e.kind == "complete" }) {
		if e.id == "" {
			unknown[e.by] += e.unknown
		}
		for _, a := range e.acks {
			acked[a.ref] = true
			if got, ok := charged[a.ref]; !ok || got != a.amount {
				c.book.complain("%v: the log says %v, %d", e, ok, got)
			}
		}
	}
	rows, err := db.QueryContext(c.t.Context(), `SELECT id, user_id FROM usage_logs WHERE credits_charged > 0`)
	require.NoError(c.t, err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, by string
		require.NoError(c.t, rows.Scan(&id, &by))
		if acked[id] {
			continue
		}
		if unknown[user[by]]--; unknown[user[by]] < 0 {
			c.book.complain("%s paid for %s, which nobody answered", user[by], id)
		}
	}
	require.NoError(c.t, rows.Err())
}

func (c *chaos) judgeGrants(db *sql.DB) {
	booked := c.numbers(db, `SELECT memo, count(*) FROM ledger_transactions WHERE kind = 'GRANT' GROUP BY memo`)
	for _, e := range c.book.where(func(e *entry) bool { return e.kind == "grant" }) {
		least := int64(len(e.acks))
		most := least
		if e.id == "" {
			most += int64(e.unknown)
		}
		if e.booked = booked[e.memo]; e.booked < least || e.booked > most {
			c.book.complain("%v is booked %d times", e, e.booked)
		}
	}
}

// paidByKeys is what requests took from each key. What a late settlement finds withdrawn, the platform bears.
const paidByKeys = `SELECT substr(account_id, length('resource:') + 1), -sum(amount)::bigint FROM ledger_entries JOIN ledger_transactions USING (seq)
	WHERE kind = 'USAGE' AND account_id LIKE 'resource:%' GROUP BY 1`

// judgeKeys wants each deposit booked once, each key in the pool once, and its quota to be what was deposited less what
// requests took and what was withdrawn. No key is charged for what the provider did not see.
func (c *chaos) judgeKeys(db *sql.DB) {
	deposited := c.numbers(db, `SELECT resource_id, count(*) FROM ledger_transactions WHERE kind = 'DEPOSIT' GROUP BY resource_id`)
	balance := c.numbers(db, `SELECT id, balance FROM ledger_accounts`)
	cost := c.numbers(db, paidByKeys)
	reported := c.numbers(db, `SELECT resource_id, sum(cost_amount)::bigint FROM usage_logs WHERE NOT estimated GROUP BY resource_id`)
	if n := c.number(db, `SELECT count(*) FROM (SELECT fingerprint FROM pool_resources WHERE status NOT IN ('WITHDRAWN', 'DEPLETED', 'EXPIRED')
		GROUP BY fingerprint HAVING count(*) > 1) x`); n > 0 {
		c.book.complain("%d keys are in the pool twice", n)
	}
	gone := map[string]bool{}
	for _, e := range c.book.where(func(e *entry) bool { return e.kind == "withdraw" && len(e.acks) > 0 }) {
		gone[e.acks[0].ref] = true
	}
	status := map[string]string{}
	for name, n := range c.numbers(db, `SELECT id || ' ' || status, original_quota FROM pool_resources WHERE owner_id IS NOT NULL`) {
		id, s, _ := strings.Cut(name, " ")
		status[id] = s
		if deposited[id] != 1 {
			c.book.complain("%s of %d is in the pool and was booked %d times", id, n, deposited[id])
		}
	}
	used := map[string]int64{}
	for _, e := range c.book.where(func(e *entry) bool { return e.kind == "deposit" && len(e.acks) > 0 }) {
		id := e.acks[0].ref
		if _, ok := status[id]; !ok {
			c.book.complain("%v is not in the pool", e)
		}
		left := e.amount - cost[id]
		if gone[id] {
			left = 0
		}
		if balance["resource:"+id] != left || gone[id] != (status[id] == "WITHDRAWN") {
			c.book.complain("%v: %s with %d left, not %d", e, status[id], balance["resource:"+id], left)
		}
		delete(status, id)
		used[e.key] += reported[id]
	}
	for id, s := range status {
		c.book.complain("%s is in the pool, %s, and nobody was told", id, s)
	}
	for key, n := range used {
		if seen := int64(c.up.Used(key)); n > seen {
			c.book.complain("%s is charged %d, the provider saw %d", key, n, seen)
		}
	}
}

// judgeWallets adds up what each person was told.
func (c *chaos) judgeWallets(db *sql.DB) {
	want := map[string]int64{}
	slack := map[string]int64{} // what unknown requests may have cost
	cost := c.numbers(db, paidByKeys)
	for _, e := range c.book.where(func(e *entry) bool { return true }) {
		switch {
		case e.kind == "complete":
			for _, a := range e.acks {
				want[e.by] -= a.amount
			}
			if e.id == "" {
				slack[e.by] += int64(e.unknown) * money.One
			}
		case e.kind == "grant":
			want[e.key] += e.amount * e.booked
		case len(e.acks) == 0:
		case e.kind == "deposit":
			want[e.by] += e.acks[0].amount
		case e.kind == "withdraw":
			d := e.of
			fee := d.amount - d.acks[0].amount
			taken := d.amount - cost[d.acks[0].ref]
			undone, err := money.MulDivFloor(money.Credits(fee), taken, d.amount)
			require.NoError(c.t, err)
			want[e.by] -= taken - int64(undone)
		}
	}
	balance := c.numbers(db, `SELECT id, balance FROM ledger_accounts`)
	for name, who := range c.people {
		if got := balance["wallet:"+who.ID]; got > want[name] || got < want[name]-slack[name] {
			c.book.complain("the wallet of %s has %d, its journal adds up to %d (unknown: %d)", name, got, want[name], slack[name])
		}
	}
}
