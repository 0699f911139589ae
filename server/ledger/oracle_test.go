package ledger

import (
	"math/big"
	"strings"

	"github.com/resourcepool/resourcepool/server/ids"
)

// oracle keeps the books as the design says, in the plainest way, so that Apply can be compared with it: amounts of any
// size, one straight function for an operation, and a copy of everything thrown away where the operation is refused. It
// shares the names of accounts with Apply and no rule. What it does not know of is concurrency, and speed.
type oracle struct {
	accounts map[AccountID]kept
	moved    map[AccountID]*big.Int // by this batch, of the platform's accounts
	served   map[ids.ID]*big.Int    // by this batch, which counts from the next one on
	budgets  map[ids.ID]keptBudget
	deposits map[ids.ID]keptDeposit
	holds    map[ids.ID]keptHold
	hours    int // since a midnight
}

// Amounts are never changed in place, so that a shallow copy is a copy.
type kept struct {
	balance, held   *big.Int
	frozen, closing bool
}

type keptBudget struct {
	limit, spent, held *big.Int // no limit: nil
	perDay             bool
}

type keptDeposit struct {
	user                                                                      ids.ID
	confirmed                                                                 bool
	quota, fee, paid, vesting, served, vested, withdrawn, feeUndone, reserved *big.Int
}

type keptHold struct {
	user, token, resource, owner ids.ID
	credits, usd                 *big.Int
}

// ruling is what the oracle makes of an operation.
type ruling struct {
	refused                                string // "", or the reasons that hold, each of which would do, joined by |
	chosen                                 int
	outputCap                              *big.Int
	late                                   bool
	ends                                   bool // what was reserved before may be resolved on accounts that were frozen since
	charged, credited, fee, vesting, taken *big.Int
	wallet, resource                       AccountID // whose balances the outcome shows
	kinds                                  []Kind
	moves                                  []move
	paysFor                                ids.ID // the resource whose use proves what its owner declared
}

type move struct {
	account AccountID
	amount  *big.Int
}

var nothing = big.NewInt(0)

func plus(a, b *big.Int) *big.Int  { return new(big.Int).Add(a, b) }
func minus(a, b *big.Int) *big.Int { return new(big.Int).Sub(a, b) }
func neg(a *big.Int) *big.Int      { return new(big.Int).Neg(a) }
func above(a, b *big.Int) bool     { return a.Cmp(b) > 0 }

func least(a, b *big.Int) *big.Int {
	if above(a, b) {
		return b
	}
	return a
}

func most(a, b *big.Int) *big.Int {
	if above(a, b) {
		return a
	}
	return b
}

func (k kept) available() *big.Int { return minus(k.balance, k.held) }

func (o *oracle) at(id AccountID) kept {
	if k, ok := o.accounts[id]; ok {
		return k
	}
	return kept{balance: nothing, held: nothing}
}

// reserve changes what is held of an account.
func (o *oracle) reserve(id AccountID, more *big.Int) {
	k := o.at(id)
	k.held = plus(k.held, more)
	o.accounts[id] = k
}

var platformAccounts = map[AccountID]bool{Issued: true, Revenue: true, Fees: true, Loss: true, Supply: true, Spent: true}

// book moves amounts. It is refused where an account is frozen, unless it ends what was reserved before, or would count more than there are numbers for.
func (o *oracle) book(r *ruling, kind Kind, moves ...move) string {
	var why []string
	r.kinds = append(r.kinds, kind)
	for _, m := range moves {
		if m.amount.Sign() == 0 {
			continue
		}
		r.moves = append(r.moves, m)
		if platformAccounts[m.account] {
			sum := m.amount
			if before := o.moved[m.account]; before != nil {
				sum = plus(before, sum)
			}
			o.moved[m.account] = sum
			if !sum.IsInt64() {
				why = append(why, "overflow")
			}
			continue
		}
		k := o.at(m.account)
		k.balance = plus(k.balance, m.amount)
		o.accounts[m.account] = k
		if k.frozen && !r.ends {
			why = append(why, "frozen")
		}
		if !k.balance.IsInt64() || !neg(k.balance).IsInt64() {
			why = append(why, "overflow")
		}
	}
	return strings.Join(why, "|")
}

// credit is how Credits reach a user: what they owe is repaid first.
func (o *oracle) credit(user ids.ID, c *big.Int) []move {
	repaid := least(c, neg(o.at(Debt(user)).balance))
	return []move{{Wallet(user), minus(c, repaid)}, {Debt(user), repaid}}
}

// serves reports whether the key takes new requests and has the quota for so many tokens.
func (o *oracle) serves(c candidate, tokens *big.Int) bool {
	k := o.at(Quota(c.resource))
	return !k.frozen && !k.closing && !above(c.cost.of(tokens), k.available())
}

func (o *oracle) hold(s *step, r *ruling) string {
	wallet, owed := o.at(Wallet(s.user)), neg(o.at(Debt(s.user)).balance)
	if wallet.frozen {
		return "frozen"
	}
	if owed.Sign() > 0 {
		return "credits owed " + owed.String()
	}
	funds, short := wallet.available(), "credits"
	budget, has := o.budgets[s.token]
	if has && budget.limit != nil {
		if left := minus(minus(budget.limit, budget.spent), budget.held); above(funds, left) {
			funds, short = left, "credits token"
		}
	}
	tokens := big.NewInt(s.outputCap)
	if above(s.price.of(tokens), funds) {
		if s.elastic {
			tokens = s.price.affords(funds, tokens)
		}
		if !s.elastic || tokens.Sign() == 0 {
			return short
		}
	}
	chosen, outputCap := -1, tokens
	for i, c := range s.candidates {
		if chosen < 0 && o.serves(c, tokens) {
			chosen = i
		}
	}
	if chosen < 0 && s.elastic { // the key that affords most, if that makes an answer
		outputCap = nothing
		for i, c := range s.candidates {
			k := o.at(Quota(c.resource))
			if n := c.cost.affords(k.available(), tokens); !k.frozen && !k.closing && above(n, outputCap) {
				chosen, outputCap = i, n
			}
		}
		if above(least(big.NewInt(16), tokens), outputCap) {
			chosen = -1
		}
	}
	if chosen < 0 {
		return "quota"
	}
	c := s.candidates[chosen]
	h := keptHold{user: s.user, token: s.token, resource: c.resource, owner: c.owner, credits: s.price.of(outputCap), usd: c.cost.of(outputCap)}
	o.reserve(Wallet(s.user), h.credits)
	o.reserve(Quota(c.resource), h.usd)
	if has {
		if budget.held = plus(budget.held, h.credits); !budget.held.IsInt64() {
			return "overflow"
		}
		o.budgets[s.token] = budget
	}
	o.holds[s.hold] = h
	r.chosen, r.outputCap, r.wallet, r.resource = chosen, outputCap, Wallet(s.user), Quota(c.resource)
	return ""
}

func (o *oracle) move(s *step, r *ruling) string {
	r.ends = true
	h, ok := o.holds[s.hold]
	if !ok {
		return "gone"
	}
	tokens := big.NewInt(s.outputCap)
	for i, c := range s.candidates {
		if !o.serves(c, tokens) {
			continue
		}
		o.reserve(Quota(h.resource), neg(h.usd))
		if why := o.gaveBack(r, h.resource, h.usd); why != "" {
			return why
		}
		h.resource, h.owner, h.usd = c.resource, c.owner, c.cost.of(tokens)
		o.reserve(Quota(h.resource), h.usd)
		o.holds[s.hold] = h
		r.chosen, r.outputCap, r.resource = i, tokens, Quota(h.resource)
		return ""
	}
	return "quota"
}

// end takes a hold off all that it was on.
func (o *oracle) end(id ids.ID) keptHold {
	h := o.holds[id]
	delete(o.holds, id)
	o.reserve(Wallet(h.user), neg(h.credits))
	o.reserve(Quota(h.resource), neg(h.usd))
	if b, ok := o.budgets[h.token]; ok {
		b.held = minus(b.held, h.credits)
		o.budgets[h.token] = b
	}
	return h
}

func (o *oracle) release(s *step, r *ruling) string {
	r.ends = true
	if _, ok := o.holds[s.hold]; !ok {
		return "gone"
	}
	h := o.end(s.hold)
	r.wallet, r.resource = Wallet(h.user), Quota(h.resource)
	return o.gaveBack(r, h.resource, h.usd)
}

func (o *oracle) settle(s *step, r *ruling) string {
	r.ends = true
	charge, cost := big.NewInt(s.amount), big.NewInt(s.other)
	if charge.Sign() < 0 || cost.Sign() < 0 {
		return "impossible"
	}
	if _, ok := o.holds[s.hold]; !ok {
		return o.settleLate(s, r, cost)
	}
	h := o.end(s.hold)
	paid := least(charge, o.at(Wallet(h.user)).available())
	if b, ok := o.budgets[h.token]; ok {
		if b.limit != nil {
			paid = least(paid, minus(minus(b.limit, b.spent), b.held))
		}
		if b.spent = plus(b.spent, paid); !b.spent.IsInt64() {
			return "overflow"
		}
		o.budgets[h.token] = b
	}
	taken := least(cost, o.at(Quota(h.resource)).available())
	if why := o.book(r, KindUsage, move{Wallet(h.user), neg(paid)}, move{Loss, minus(paid, charge)}, move{Revenue, charge},
		move{Quota(h.resource), neg(taken)}, move{Supply, minus(taken, cost)}, move{Spent, cost}); why != "" {
		return why
	}
	o.prove(r, h.resource, h.owner, h.user, cost)
	r.charged, r.wallet, r.resource = paid, Wallet(h.user), Quota(h.resource)
	return o.gaveBack(r, h.resource, most(nothing, minus(h.usd, taken)))
}

// settleLate books what the provider took of a hold that is gone; nobody is charged.
func (o *oracle) settleLate(s *step, r *ruling, cost *big.Int) string {
	r.ends = true
	r.late, r.resource = true, Quota(s.resource)
	taken := least(cost, o.at(r.resource).available())
	o.prove(r, s.resource, s.owner, s.user, cost)
	return o.book(r, KindUsage, move{r.resource, neg(taken)}, move{Supply, minus(taken, cost)}, move{Spent, cost})
}

// pass lets time go by: what tokens spend in a day is counted anew after midnight.
func (o *oracle) pass(hours int) {
	if o.hours += hours; o.hours < 24 {
		return
	}
	o.hours %= 24
	for id, b := range o.budgets {
		if b.perDay {
			b.spent = nothing
			o.budgets[id] = b
		}
	}
}

// prove counts what a contributor's key served to others.
func (o *oracle) prove(r *ruling, resource, owner, consumer ids.ID, cost *big.Int) {
	if owner == "" || owner == consumer {
		return
	}
	if before := o.served[resource]; before != nil {
		cost = plus(before, cost)
	}
	o.served[resource], r.paysFor = cost, resource
}

// settled ends a batch: what was served counts.
func (o *oracle) settled() {
	for resource, cost := range o.served {
		if d, ok := o.deposits[resource]; ok {
			d.served = plus(d.served, cost)
			o.deposits[resource] = d
		}
	}
	clear(o.served)
	clear(o.moved)
}
