package ledger

import (
	"fmt"
	"maps"
	"math/big"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// world is a database of maps under Apply, and an oracle beside it.
type world struct {
	accounts map[AccountID]accountRow
	budgets  map[ids.ID]budgetRow
	terms    map[ids.ID]terms
	holds    map[ids.ID]hold
	total    map[AccountID]*big.Int // of the platform's accounts
	state    *State                 // of the batch under way
	served   map[ids.ID]*big.Int    // by it
	oracle   *oracle
	counts   map[string]int // of operations, by kind and what became of them
	now      time.Time
}

func newWorld(counts map[string]int) *world {
	w := &world{
		accounts: map[AccountID]accountRow{}, terms: map[ids.ID]terms{}, holds: map[ids.ID]hold{}, total: map[AccountID]*big.Int{}, served: map[ids.ID]*big.Int{}, counts: counts,
		budgets: map[ids.ID]budgetRow{
			"tok_limited": {limited: true, limit: 40}, "tok_tight": {limited: true, limit: 9}, "tok_unlimited": {}, "tok_daily": {limited: true, limit: 30, period: Day},
		},
		now: time.Date(2026, 2, 27, 0, 0, 0, 0, time.UTC),
		oracle: &oracle{accounts: map[AccountID]kept{}, moved: map[AccountID]*big.Int{}, served: map[ids.ID]*big.Int{}, budgets: map[ids.ID]keptBudget{},
			deposits: map[ids.ID]keptDeposit{}, holds: map[ids.ID]keptHold{}},
	}
	for id, b := range w.budgets {
		k := keptBudget{spent: nothing, held: nothing, perDay: b.period == Day}
		if b.limited {
			k.limit = big.NewInt(int64(b.limit))
		}
		w.oracle.budgets[id] = k
	}
	return w
}

// load is what the writer does before a batch: it reads what the operations name, and nothing else.
func (w *world) load(operations []Operation) {
	s, t := newState(), newTouched()
	for _, op := range operations {
		op.touch(t)
	}
	for id := range t.holds {
		if h, ok := w.holds[id]; ok {
			s.holds[id] = &h
			t.account(Wallet(h.user), Quota(h.resource))
			t.budget(h.token)
		}
	}
	for id := range maps.Clone(t.accounts) {
		if w.accounts[id].closing {
			t.terms[id.Owner()] = struct{}{}
			if d, ok := w.terms[id.Owner()]; ok {
				t.account(Wallet(d.user), Vesting(d.user), Debt(d.user))
			}
		}
	}
	for id := range t.accounts {
		if row, ok := w.accounts[id]; ok {
			s.accounts[id] = &account{id: id, accountRow: row, loaded: row, stored: true}
		}
	}
	for id := range t.budgets {
		if row, ok := w.budgets[id]; ok {
			s.budgets[id] = &budget{budgetRow: row, loaded: row}
			s.budgets[id].renew(w.now)
		}
	}
	for id, d := range w.terms {
		_, byResource := t.terms[id]
		_, byUser := t.users[d.user]
		if byResource || byUser {
			d.loaded, d.stored = d.termsRow, true
			s.terms[id] = &d
		}
	}
	w.state = s
}

// commit is what the writer does after a batch, and what the database does: it refuses a sum that there is no number for,
// and with it the batch.
func (w *world) commit(before *oracle) {
	s, served := w.state, w.served
	w.state, w.served = nil, map[ids.ID]*big.Int{}
	for id, d := range s.hot {
		if !plus(w.sum(id), big.NewInt(d)).IsInt64() {
			w.oracle = before
			return
		}
	}
	for id, cost := range served {
		if !plus(big.NewInt(int64(w.terms[id].served)), cost).IsInt64() {
			w.oracle = before
			return
		}
	}
	for id, a := range s.accounts {
		w.accounts[id] = a.accountRow
	}
	for id, b := range s.budgets {
		w.budgets[id] = b.budgetRow
	}
	for id, d := range s.terms {
		w.terms[id] = *d
	}
	for id, h := range s.holds {
		_, stored := w.holds[id]
		switch h.fate { // a row that is there is changed, one that is not is made
		case holdResolved:
			delete(w.holds, id)
		case holdMade, holdMoved:
			if row := *h; stored == (h.fate == holdMoved) {
				row.fate = holdKept
				w.holds[id] = row
			}
		}
	}
	for id, d := range s.hot {
		w.total[id] = plus(w.sum(id), big.NewInt(d))
	}
	for id, cost := range served {
		if d, ok := w.terms[id]; ok {
			d.served += money.USD(cost.Int64())
			w.terms[id] = d
		}
	}
	w.oracle.settled()
}

func (w *world) sum(id AccountID) *big.Int {
	if t := w.total[id]; t != nil {
		return t
	}
	return nothing
}

// befall does what happens to the books between two batches, to both.
func (w *world) befall(s *step) {
	set := func(id AccountID, change func(*accountRow)) {
		row := w.accounts[id]
		change(&row)
		w.accounts[id] = row
		w.oracle.accounts[id] = kept{balance: big.NewInt(row.balance), held: big.NewInt(row.held), frozen: row.frozen, closing: row.closing}
	}
	switch s.kind {
	case stepFreeze:
		set(s.account, func(a *accountRow) { a.frozen = true })
	case stepLater:
		w.now = w.now.Add(time.Duration(s.amount) * time.Hour)
		w.oracle.pass(int(s.amount))
	case stepThaw:
		set(s.account, func(a *accountRow) { a.frozen = false })
	case stepOwe:
		debt, issued := Debt(s.user), plus(w.sum(Issued), big.NewInt(s.amount))
		if minus(big.NewInt(s.amount), big.NewInt(w.accounts[debt].balance)).IsInt64() && issued.IsInt64() {
			set(debt, func(a *accountRow) { a.balance -= s.amount })
			w.total[Issued] = issued
		}
	case stepUnready:
		if d, ok := w.terms[s.resource]; ok {
			set(Wallet(d.user), func(a *accountRow) { a.held -= int64(d.reserved) })
			d.reserved = 0
			w.terms[s.resource] = d
			k := w.oracle.deposits[s.resource]
			k.reserved = nothing
			w.oracle.deposits[s.resource] = k
		}
	}
}

// tell lives through a story and returns the first difference between Apply and the oracle.
func (w *world) tell(steps []step) error {
	var batch []*step
	together := false
	for i := range steps {
		s := &steps[i]
		if s.kind.operation() {
			batch = append(batch, s)
			continue
		}
		if err := w.run(batch, together); err != nil {
			return err
		}
		batch, together = nil, s.kind == stepTogether
		w.befall(s)
	}
	return w.run(batch, together)
}

func (w *world) run(batch []*step, together bool) error {
	if len(batch) == 0 {
		return nil
	}
	operations := make([]Operation, len(batch))
	for i, s := range batch {
		operations[i] = s.asked()
	}
	before := w.oracle.copy()
	w.load(operations)
	var decided []decision
	if together {
		decided = Apply(w.state, operations)
	}
	for i, s := range batch {
		if !together {
			decided = append(decided, Apply(w.state, operations[i:i+1])...)
		}
		r := w.oracle.rule(s)
		if err := w.check(s, &decided[i], &r, !together || i == len(batch)-1); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	w.commit(before)
	return nil
}
