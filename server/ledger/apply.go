package ledger

import (
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// touched collects what a batch has to lock before it decides.
type touched struct {
	holds    map[ids.ID]struct{} // whose accounts and budgets are locked with them
	accounts map[AccountID]struct{}
	budgets  map[ids.ID]struct{}
	terms    map[ids.ID]struct{} // by resource
	users    map[ids.ID]struct{} // all terms of whose
}

func newTouched() *touched {
	return &touched{
		holds: map[ids.ID]struct{}{}, accounts: map[AccountID]struct{}{}, budgets: map[ids.ID]struct{}{},
		terms: map[ids.ID]struct{}{}, users: map[ids.ID]struct{}{},
	}
}

func (t *touched) account(ids ...AccountID) {
	for _, id := range ids {
		t.accounts[id] = struct{}{}
	}
}

func (t *touched) budget(token ids.ID) {
	if token != "" {
		t.budgets[token] = struct{}{}
	}
}

// decision is what Apply made of an operation.
type decision struct {
	err    error
	out    Outcome
	drafts []draft
	usage  *Usage
	cost   money.USD // of the usage
	served served
	key    string // of the hold that was resolved: to be finished or freed
}

// Apply decides the operations in their order. It is pure: it reads and changes state alone, a refused operation leaves no
// trace in it, and the same state and operations give the same decisions.
func Apply(state *State, operations []Operation) []decision {
	decided := make([]decision, len(operations))
	for i, op := range operations {
		s := &scope{State: state}
		if err := op.apply(s); err != nil {
			s.undo()
			decided[i] = decision{err: err}
			continue
		}
		decided[i] = decision{out: s.out, drafts: s.drafts, usage: s.usage, cost: s.cost, served: s.served, key: s.key}
	}
	return decided
}
