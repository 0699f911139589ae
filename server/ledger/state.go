package ledger

import (
	"fmt"
	"math"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// State is what a batch has locked and decides on. What is absent is zero.
type State struct {
	accounts map[AccountID]*account
	budgets  map[ids.ID]*budget
	terms    map[ids.ID]*terms // by resource
	holds    map[ids.ID]*hold
	hot      map[AccountID]int64 // what the batch adds to the platform's accounts
}

func newState() *State {
	return &State{
		accounts: map[AccountID]*account{}, budgets: map[ids.ID]*budget{}, terms: map[ids.ID]*terms{},
		holds: map[ids.ID]*hold{}, hot: map[AccountID]int64{},
	}
}

type account struct {
	id AccountID
	accountRow
	loaded accountRow // as the database has it
	stored bool       // it is there at all
}

type accountRow struct {
	balance, held   int64
	frozen, closing bool
}

func (a *account) available() int64 { return a.balance - a.held }
func (a *account) now() Balance     { return Balance{Balance: a.balance, Held: a.held} }

type budget struct {
	budgetRow
	loaded budgetRow
}

type budgetRow struct {
	limited     bool
	limit       money.Credits
	spent, held money.Credits
	period      Period
	since       time.Time // when the period began that spent counts from; in UTC, zero where there is none
}

func (b *budget) left() money.Credits { return b.limit - b.spent - b.held }

// terms are what a deposit promised and how much of it use has proven.
type terms struct {
	resource, user ids.ID
	termsRow
	loaded termsRow
	stored bool
}

type termsRow struct {
	confirmed bool
	quota     money.USD
	fee       money.Credits
	paid      money.Credits
	vesting   money.Credits
	served    money.USD
	vested    money.Credits
	withdrawn money.USD
	feeUndone money.Credits
	reserved  money.Credits
}

// proven is what use by others is worth in Credits: (1 − fee rate) for every dollar.
func (t *terms) proven() (money.Credits, error) {
	return money.MulDivFloor(money.Credits(t.served), int64(t.quota)-int64(t.fee), int64(t.quota))
}

// share returns what taking q more of the quota back undoes: its part of the fee, rounded against the user over all
// withdrawals together, and the Credits that were booked for it.
func (t *terms) share(q money.USD) (fee, credits money.Credits, err error) {
	total, err := money.MulDivFloor(t.fee, int64(t.withdrawn+q), int64(t.quota))
	if err != nil {
		return 0, 0, err
	}
	fee = total - t.feeUndone
	return fee, money.Credits(q) - fee, nil
}

type hold struct {
	id        ids.ID
	user      ids.ID
	credits   money.Credits
	resource  ids.ID
	owner     ids.ID
	usd       money.USD
	token     ids.ID
	operation string
	ttl       time.Duration
	fate      holdFate
}

type holdFate int

const (
	holdKept holdFate = iota
	holdMade
	holdMoved
	holdResolved
)

// Entry is one line of a transaction.
type Entry struct {
	Account AccountID
	Amount  int64
	// After is the account's balance after the entry; unknown for the platform's accounts.
	After int64
}

// draft is a transaction that Apply decided and the batch will number and chain.
type draft struct {
	kind                         Kind
	memo                         string
	actor, user, resource, usage ids.ID
	entries                      []Entry
}

// scope is one operation's hold on the state: everything it changes is undone when it is refused.
type scope struct {
	*State
	out    Outcome
	drafts []draft
	usage  *Usage
	cost   money.USD // of the usage
	served served
	key    string // the operation key of the hold that this resolves
	// ends says that what is booked follows from a hold, or corrects. It is booked on accounts that are frozen, too: a hold that
	// nobody could resolve would keep its amounts for ever, and what a provider took is gone whoever froze what.
	ends bool

	accountsBefore []saved[account]
	budgetsBefore  []saved[budget]
	termsBefore    []saved[terms]
	holdsBefore    []saved[hold]
	hotBefore      []hotBefore
	termsMade      []ids.ID
}

// served is what a contributor's key served to others.
type served struct {
	resource ids.ID
	cost     money.USD
}

type saved[T any] struct {
	at  *T
	was T
}

type hotBefore struct {
	id  AccountID
	was int64
}

// peek returns an account to read.
func (s *scope) peek(id AccountID) *account {
	a := s.accounts[id]
	if a == nil {
		a = &account{id: id}
		s.accounts[id] = a
	}
	return a
}

// account returns an account to change.
func (s *scope) account(id AccountID) *account {
	a := s.peek(id)
	s.accountsBefore = append(s.accountsBefore, saved[account]{a, *a})
	return a
}

func (s *scope) budget(token ids.ID) *budget {
	b := s.budgets[token]
	if b != nil {
		s.budgetsBefore = append(s.budgetsBefore, saved[budget]{b, *b})
	}
	return b
}

func (s *scope) term(resource ids.ID) *terms {
	t := s.terms[resource]
	if t != nil {
		s.termsBefore = append(s.termsBefore, saved[terms]{t, *t})
	}
	return t
}

// live returns a hold to resolve or move, or ErrHoldGone.
func (s *scope) live(id ids.ID) (*hold, error) {
	h := s.holds[id]
	if h == nil || h.fate == holdResolved {
		return nil, ErrHoldGone
	}
	s.holdsBefore = append(s.holdsBefore, saved[hold]{h, *h})
	return h, nil
}

// reserve changes what is held of an account by d.
func (s *scope) reserve(id AccountID, d int64) error {
	a := s.account(id)
	held := a.held + d
	if held < 0 || held > a.balance && d > 0 {
		return fmt.Errorf("ledger: %s can't hold %d of %d", id, held, a.balance)
	}
	a.held = held
	return nil
}

// book adds a transaction and moves its accounts. It refuses what does not balance, overflows, or takes an account below
// its minimum; callers have decided before that it will not.
func (s *scope) book(d draft) error {
	var credit, usd int64
	kept := d.entries[:0]
	for _, e := range d.entries {
		if e.Amount == 0 {
			continue
		}
		sum := &credit
		if e.Account.Asset() == USD {
			sum = &usd
		}
		var err error
		if *sum, err = money.Add(*sum, e.Amount); err != nil {
			return err
		}
		if e.After, err = s.move(e.Account, e.Amount); err != nil {
			return err
		}
		kept = append(kept, e)
	}
	if credit != 0 || usd != 0 {
		return fmt.Errorf("ledger: a %s does not balance: %d Credits, %d USD", d.kind, credit, usd)
	}
	d.entries = kept
	s.drafts = append(s.drafts, d)
	return nil
}

func (s *scope) move(id AccountID, amount int64) (after int64, err error) {
	if id.Hot() {
		s.hotBefore = append(s.hotBefore, hotBefore{id, s.hot[id]})
		s.hot[id], err = money.Add(s.hot[id], amount)
		return 0, err
	}
	a := s.account(id)
	if a.frozen && !s.ends {
		return 0, ErrFrozen
	}
	after, err = money.Add(a.balance, amount)
	if after == math.MinInt64 { // what is owed is a balance with its sign turned
		err = money.ErrOverflow
	}
	if err != nil {
		return 0, err
	}
	minimum, maximum := id.bounds()
	if minimum != nil && amount < 0 && after-a.held < *minimum || maximum != nil && after > *maximum {
		return 0, fmt.Errorf("ledger: %s can't go to %d with %d held", id, after, a.held)
	}
	a.balance = after
	return after, nil
}

func (s *scope) undo() {
	restore(s.accountsBefore)
	restore(s.budgetsBefore)
	restore(s.termsBefore)
	restore(s.holdsBefore)
	for i := len(s.hotBefore) - 1; i >= 0; i-- {
		s.hot[s.hotBefore[i].id] = s.hotBefore[i].was
	}
	for _, resource := range s.termsMade {
		delete(s.terms, resource)
	}
}

func restore[T any](before []saved[T]) {
	for i := len(before) - 1; i >= 0; i-- {
		*before[i].at = before[i].was
	}
}

// largest returns the largest n in 1..most for which fits is true, 0 where it is for none. fits must not become true again
// once it is false.
func largest(most int64, fits func(n int64) bool) int64 {
	if most < 1 || !fits(1) {
		return 0
	}
	low, high := int64(1), most
	for low < high {
		mid := low + (high-low+1)/2
		if fits(mid) {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return low
}
