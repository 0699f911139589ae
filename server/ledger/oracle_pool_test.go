package ledger

import (
	"maps"
	"math/big"

	"github.com/resourcepool/resourcepool/server/ids"
)

func (o *oracle) copy() *oracle {
	return &oracle{accounts: maps.Clone(o.accounts), moved: maps.Clone(o.moved), served: maps.Clone(o.served), budgets: maps.Clone(o.budgets), hours: o.hours,
		deposits: maps.Clone(o.deposits), holds: maps.Clone(o.holds)}
}

// rule decides a step; a refused one leaves the oracle as it was.
func (o *oracle) rule(s *step) ruling {
	next := o.copy()
	r := ruling{outputCap: nothing, charged: nothing, credited: nothing, fee: nothing, vesting: nothing, taken: nothing}
	switch s.kind {
	case stepHold:
		r.refused = next.hold(s, &r)
	case stepMove:
		r.refused = next.move(s, &r)
	case stepSettle:
		r.refused = next.settle(s, &r)
	case stepRelease:
		r.refused = next.release(s, &r)
	case stepDeposit:
		r.refused = next.deposit(s, &r)
	case stepVest:
		r.refused = next.vest(s, &r)
	case stepWithdraw:
		r.refused = next.withdraw(s, &r)
	case stepClawback:
		r.refused = next.clawback(s, &r)
	case stepGrant:
		r.refused = next.grant(s, &r)
	}
	if r.refused == "" {
		*o = *next
	}
	return r
}

// earned is what use has proven: (1 − fee rate) Credits for every dollar, rounded down.
func (d keptDeposit) earned() *big.Int {
	product := new(big.Int).Mul(d.served, minus(d.quota, d.fee))
	return product.Quo(product, d.quota)
}

// undoes returns what taking q more out of the pool undoes: of the fee, whose share of all that was taken out is rounded
// down, and of the Credits booked for it.
func (d keptDeposit) undoes(q *big.Int) (fee, credits *big.Int) {
	share := new(big.Int).Mul(d.fee, plus(d.withdrawn, q))
	fee = minus(share.Quo(share, d.quota), d.feeUndone)
	return fee, minus(q, fee)
}

func (o *oracle) deposit(s *step, r *ruling) string {
	quota, fee := big.NewInt(s.amount), big.NewInt(s.other)
	if quota.Sign() <= 0 || fee.Sign() < 0 || above(fee, quota) {
		return "impossible"
	}
	r.resource = Quota(s.resource)
	moves := []move{{Supply, neg(quota)}, {r.resource, quota}}
	if s.owner == "" {
		return o.book(r, KindDeposit, moves...)
	}
	credits := minus(quota, fee)
	paid := credits
	if !s.confirmed {
		trust := big.NewInt(s.trust)
		for _, d := range o.deposits {
			if d.user == s.owner && !d.confirmed {
				trust = minus(trust, most(nothing, minus(d.paid, d.earned())))
			}
		}
		paid = least(credits, most(nothing, trust))
	}
	moves = append(moves, move{Issued, neg(quota)}, move{Fees, fee}, move{Vesting(s.owner), minus(credits, paid)})
	moves = append(moves, o.credit(s.owner, paid)...)
	o.deposits[s.resource] = keptDeposit{user: s.owner, confirmed: s.confirmed, quota: quota, fee: fee, paid: paid, vesting: minus(credits, paid),
		served: nothing, vested: nothing, withdrawn: nothing, feeUndone: nothing, reserved: nothing}
	r.credited, r.vesting, r.fee, r.wallet = paid, minus(credits, paid), fee, Wallet(s.owner)
	return o.book(r, KindDeposit, moves...)
}

func (o *oracle) vest(s *step, r *ruling) string {
	d, ok := o.deposits[s.resource]
	if !ok {
		return "nothing"
	}
	free := d.vesting
	if k := o.at(Quota(s.resource)); k.closing { // what is held of it will come back and be taken out of the vesting first
		_, credits := d.undoes(k.held)
		free = minus(free, most(nothing, minus(credits, d.reserved)))
	}
	v := least(free, minus(d.earned(), d.vested))
	if v.Sign() <= 0 {
		return "nothing"
	}
	d.vesting, d.vested, d.paid = minus(d.vesting, v), plus(d.vested, v), plus(d.paid, v)
	o.deposits[s.resource] = d
	r.credited, r.wallet = v, Wallet(d.user)
	return o.book(r, KindVest, append(o.credit(d.user, v), move{Vesting(d.user), neg(v)})...)
}

func (o *oracle) grant(s *step, r *ruling) string {
	amount := big.NewInt(s.amount)
	if amount.Sign() <= 0 {
		return "impossible"
	}
	r.credited, r.wallet = amount, Wallet(s.user)
	return o.book(r, KindGrant, append(o.credit(s.user, amount), move{Issued, neg(amount)})...)
}

func (o *oracle) withdraw(s *step, r *ruling) string {
	r.wallet, r.resource = Wallet(s.owner), Quota(s.resource)
	k := o.at(r.resource)
	if k.closing {
		return "closing"
	}
	if k.frozen || o.at(Wallet(s.owner)).frozen || o.at(Vesting(s.owner)).frozen {
		return "frozen"
	}
	k.closing = true
	o.accounts[r.resource] = k
	r.taken = k.available()
	if why := o.takeOut(r, KindWithdrawal, s.resource, r.taken, false); why != "" {
		return why
	}
	d, ok := o.deposits[s.resource]
	if !ok {
		return ""
	}
	// What requests in flight may give back must still be there then.
	_, credits := d.undoes(k.held)
	need := most(nothing, minus(credits, d.vesting))
	if above(need, o.at(Wallet(d.user)).available()) {
		return "credits"
	}
	o.reserve(Wallet(d.user), need)
	d.reserved = need
	o.deposits[s.resource] = d
	return ""
}

// clawback takes what is left and not held, from whoever has it or owes it.
func (o *oracle) clawback(s *step, r *ruling) string {
	r.wallet, r.resource = Wallet(s.owner), Quota(s.resource)
	k := o.at(r.resource)
	if k.closing || k.available().Sign() == 0 {
		return "nothing"
	}
	r.taken = k.available()
	return o.takeOut(r, KindClawback, s.resource, r.taken, true)
}

// gaveBack is what a hold leaves of a key's quota: it stays in the pool, unless the key was withdrawn meanwhile.
func (o *oracle) gaveBack(r *ruling, resource ids.ID, q *big.Int) string {
	k := o.at(Quota(resource))
	if !k.closing {
		return ""
	}
	if q.Sign() > 0 {
		if why := o.takeOut(r, KindWithdrawal, resource, q, true); why != "" {
			return why
		}
	}
	if d, ok := o.deposits[resource]; ok && k.held.Sign() == 0 {
		o.reserve(Wallet(d.user), neg(d.reserved))
		d.reserved = nothing
		o.deposits[resource] = d
	}
	return ""
}

// takeOut takes quota out of the pool and the Credits that were booked for it from its owner: vesting first, then what is
// reserved for it, then the wallet. What is not there refuses it, or is owed.
func (o *oracle) takeOut(r *ruling, kind Kind, resource ids.ID, q *big.Int, mayOwe bool) string {
	moves := []move{{Quota(resource), neg(q)}, {Supply, q}}
	d, ok := o.deposits[resource]
	if !ok {
		return o.book(r, kind, moves...)
	}
	fee, credits := d.undoes(q)
	promised := least(credits, d.vesting)
	rest := minus(credits, promised)
	reserved := least(rest, d.reserved)
	o.reserve(Wallet(d.user), neg(reserved))
	owed := most(nothing, minus(rest, o.at(Wallet(d.user)).available()))
	if owed.Sign() > 0 && !mayOwe {
		return "credits"
	}
	d.vesting, d.reserved, d.paid = minus(d.vesting, promised), minus(d.reserved, reserved), minus(d.paid, rest)
	d.withdrawn, d.feeUndone = plus(d.withdrawn, q), plus(d.feeUndone, fee)
	o.deposits[resource] = d
	r.fee, r.credited, r.vesting = minus(r.fee, fee), minus(r.credited, rest), minus(r.vesting, promised)
	return o.book(r, kind, append(moves, move{Vesting(d.user), neg(promised)}, move{Wallet(d.user), minus(owed, rest)},
		move{Debt(d.user), neg(owed)}, move{Fees, neg(fee)}, move{Issued, q})...)
}
