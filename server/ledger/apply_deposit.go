package ledger

import (
	"fmt"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

func (o *Deposit) holdID() ids.ID { return "" }

func (o *Deposit) touch(t *touched) {
	t.account(Quota(o.Resource))
	if o.Owner != "" {
		t.account(Wallet(o.Owner), Vesting(o.Owner), Debt(o.Owner))
		t.users[o.Owner] = struct{}{}
	}
}

func (o *Deposit) apply(s *scope) error {
	if o.Quota <= 0 || o.Fee < 0 || int64(o.Fee) > int64(o.Quota) {
		return fmt.Errorf("ledger: a deposit of %s with a fee of %s is impossible", o.Quota, o.Fee)
	}
	d := draft{kind: KindDeposit, memo: o.Memo, actor: o.Actor, user: o.Owner, resource: o.Resource}
	d.entries = []Entry{{Account: Supply, Amount: -int64(o.Quota)}, {Account: Quota(o.Resource), Amount: int64(o.Quota)}}
	if o.Owner != "" {
		credits := money.Credits(o.Quota) - o.Fee
		room, err := s.trustLeft(o.Owner, o.TrustLimit)
		if err != nil {
			return err
		}
		paid := credits
		if !o.Confirmed {
			paid = min(credits, room)
		}
		d.entries = append(d.entries, Entry{Account: Issued, Amount: -int64(o.Quota)}, Entry{Account: Fees, Amount: int64(o.Fee)},
			Entry{Account: Vesting(o.Owner), Amount: int64(credits - paid)})
		d.entries = append(d.entries, s.credit(o.Owner, paid)...)
		s.addTerms(&terms{resource: o.Resource, user: o.Owner, termsRow: termsRow{
			confirmed: o.Confirmed, quota: o.Quota, fee: o.Fee, paid: paid, vesting: credits - paid,
		}})
		s.out.Credited, s.out.Vesting, s.out.Fee = paid, credits-paid, o.Fee
	}
	if err := s.book(d); err != nil {
		return err
	}
	s.out.Resource = s.peek(Quota(o.Resource)).now()
	s.out.Wallet = s.peek(Wallet(o.Owner)).now()
	return nil
}

// trustLeft returns how many Credits a contributor may still have at once for quota that is only declared.
func (s *scope) trustLeft(user ids.ID, limit money.Credits) (money.Credits, error) {
	used := money.Credits(0)
	for _, t := range s.terms {
		if t.user != user || t.confirmed {
			continue
		}
		proven, err := t.proven()
		if err != nil {
			return 0, err
		}
		if used, err = money.Add(used, max(0, t.paid-proven)); err != nil {
			return 0, err
		}
	}
	return max(0, limit-used), nil
}

// credit returns the entries that give a user Credits: a debt is repaid first.
func (s *scope) credit(user ids.ID, c money.Credits) []Entry {
	repaid := min(int64(c), -s.peek(Debt(user)).balance)
	return []Entry{{Account: Wallet(user), Amount: int64(c) - repaid}, {Account: Debt(user), Amount: repaid}}
}

func (s *scope) addTerms(t *terms) {
	s.terms[t.resource] = t
	s.termsMade = append(s.termsMade, t.resource)
}

func (o *Vest) holdID() ids.ID { return "" }

func (o *Vest) touch(t *touched) {
	t.account(Quota(o.Resource), Wallet(o.Owner), Vesting(o.Owner), Debt(o.Owner))
	t.terms[o.Resource] = struct{}{}
}

func (o *Vest) apply(s *scope) error {
	t := s.term(o.Resource)
	if t == nil {
		return ErrNothing
	}
	proven, err := t.proven()
	if err != nil {
		return err
	}
	free, err := s.unneeded(t)
	if err != nil {
		return err
	}
	v := min(free, proven-t.vested)
	if v <= 0 {
		return ErrNothing
	}
	t.vesting -= v
	t.vested += v
	t.paid += v
	d := draft{kind: KindVest, memo: "Proven by use", user: o.Owner, resource: o.Resource}
	d.entries = append([]Entry{{Account: Vesting(o.Owner), Amount: -int64(v)}}, s.credit(o.Owner, v)...)
	s.out.Credited = v
	if err := s.book(d); err != nil {
		return err
	}
	s.out.Wallet = s.peek(Wallet(o.Owner)).now()
	return nil
}

// unneeded returns what of a key's vesting a withdrawal under way does not count on for what is still held.
func (s *scope) unneeded(t *terms) (money.Credits, error) {
	a := s.peek(Quota(t.resource))
	if !a.closing || a.held == 0 {
		return t.vesting, nil
	}
	_, credits, err := t.share(money.USD(a.held))
	return t.vesting - max(0, credits-t.reserved), err
}

func (o *Grant) holdID() ids.ID { return "" }

func (o *Grant) touch(t *touched) { t.account(Wallet(o.User), Debt(o.User)) }

func (o *Grant) apply(s *scope) error {
	if o.Amount <= 0 {
		return fmt.Errorf("ledger: a grant of %s is impossible", o.Amount)
	}
	d := draft{kind: KindGrant, memo: o.Memo, actor: o.Actor, user: o.User}
	d.entries = append([]Entry{{Account: Issued, Amount: -int64(o.Amount)}}, s.credit(o.User, o.Amount)...)
	if err := s.book(d); err != nil {
		return err
	}
	s.out.Credited = o.Amount
	s.out.Wallet = s.peek(Wallet(o.User)).now()
	return nil
}

func (o *Withdraw) holdID() ids.ID { return "" }

func (o *Withdraw) touch(t *touched) {
	t.account(Quota(o.Resource))
	if o.Owner != "" {
		t.account(Wallet(o.Owner), Vesting(o.Owner), Debt(o.Owner))
		t.terms[o.Resource] = struct{}{}
	}
}

func (o *Withdraw) apply(s *scope) error {
	a := s.account(Quota(o.Resource))
	if a.closing {
		return ErrClosing
	}
	if a.frozen || s.peek(Wallet(o.Owner)).frozen || s.peek(Vesting(o.Owner)).frozen {
		return ErrFrozen // also where all of it is held and nothing would move now
	}
	a.closing = true
	left, held := money.USD(a.available()), money.USD(a.held)
	if err := s.takeOut(draft{kind: KindWithdrawal, memo: o.Memo, actor: o.Actor, resource: o.Resource}, left, false); err != nil {
		return err
	}
	s.out.Taken = left
	if t := s.term(o.Resource); t != nil && held > 0 {
		_, credits, err := t.share(held)
		if err != nil {
			return err
		}
		rest := max(0, credits-t.vesting)
		if int64(rest) > s.peek(Wallet(o.Owner)).available() {
			return ErrInsufficientCredits
		}
		if err := s.reserve(Wallet(o.Owner), int64(rest)); err != nil {
			return err
		}
		t.reserved = rest
	}
	s.out.Resource = s.peek(Quota(o.Resource)).now()
	s.out.Wallet = s.peek(Wallet(o.Owner)).now()
	return nil
}

// takeBack books what a hold gave back to a key that was withdrawn meanwhile; with the last hold, what was reserved for
// that on the owner's wallet is free again.
func (s *scope) takeBack(resource ids.ID, q money.USD) error {
	a := s.peek(Quota(resource))
	if !a.closing {
		return nil
	}
	if q > 0 {
		d := draft{kind: KindWithdrawal, memo: "Withdrawn: what a request gave back", resource: resource}
		if err := s.takeOut(d, q, true); err != nil {
			return err
		}
	}
	t := s.term(resource)
	if t == nil || a.held > 0 || t.reserved == 0 {
		return nil
	}
	rest := t.reserved
	t.reserved = 0
	return s.reserve(Wallet(t.user), -int64(rest))
}

func (o *Clawback) holdID() ids.ID { return "" }

func (o *Clawback) touch(t *touched) { (&Withdraw{Resource: o.Resource, Owner: o.Owner}).touch(t) }

func (o *Clawback) apply(s *scope) error {
	a := s.peek(Quota(o.Resource))
	left := money.USD(a.available())
	if a.closing || left == 0 {
		return ErrNothing
	}
	if err := s.takeOut(draft{kind: KindClawback, memo: o.Memo, resource: o.Resource}, left, true); err != nil {
		return err
	}
	s.out.Taken = left
	s.out.Resource = a.now()
	s.out.Wallet = s.peek(Wallet(o.Owner)).now()
	return nil
}

// takeOut takes q of a key's quota out of the pool, and the Credits that were booked for it from its owner: vesting first,
// then what is reserved for it, then the wallet. Where they are spent it is refused or, for what nothing may keep from
// ending, becomes a debt.
func (s *scope) takeOut(d draft, q money.USD, mayOwe bool) error {
	d.entries = []Entry{{Account: Quota(d.resource), Amount: -int64(q)}, {Account: Supply, Amount: int64(q)}}
	t := s.term(d.resource)
	if t == nil {
		return s.book(d)
	}
	fee, credits, err := t.share(q)
	if err != nil {
		return err
	}
	unvested := min(credits, t.vesting)
	wallet := credits - unvested
	reserved := min(wallet, t.reserved)
	owed := max(0, wallet-reserved-money.Credits(s.peek(Wallet(t.user)).available()))
	if owed > 0 && !mayOwe {
		return ErrInsufficientCredits
	}
	if err := s.reserve(Wallet(t.user), -int64(reserved)); err != nil {
		return err
	}
	t.vesting -= unvested
	t.reserved -= reserved
	t.paid -= wallet
	t.withdrawn += q
	t.feeUndone += fee
	d.user = t.user
	d.entries = append(d.entries, Entry{Account: Vesting(t.user), Amount: -int64(unvested)}, Entry{Account: Wallet(t.user), Amount: -int64(wallet - owed)}, Entry{Account: Debt(t.user), Amount: -int64(owed)},
		Entry{Account: Fees, Amount: -int64(fee)}, Entry{Account: Issued, Amount: int64(q)})
	s.out.Fee, s.out.Credited, s.out.Vesting = s.out.Fee-fee, s.out.Credited-wallet, s.out.Vesting-unvested
	return s.book(d)
}
