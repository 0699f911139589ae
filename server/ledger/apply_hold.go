package ledger

import (
	"fmt"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// leastElasticCap is the fewest output tokens that an elastic hold is shrunk to for want of a key's quota: a shorter answer
// helps nobody, another key may.
const leastElasticCap = 16

func (o *Hold) holdID() ids.ID { return "" }

func (o *Hold) touch(t *touched) {
	t.account(Wallet(o.User), Debt(o.User))
	for _, c := range o.Candidates {
		t.account(Quota(c.Resource))
	}
	t.budget(o.Token)
}

func (o *Hold) apply(s *scope) error {
	outputCap, err := o.affordable(s)
	if err != nil {
		return err
	}
	chosen, outputCap, err := o.choose(s, outputCap)
	if err != nil {
		return err
	}
	credits, err := o.Credits(outputCap)
	if err != nil {
		return err
	}
	usd, err := o.Candidates[chosen].USD(outputCap)
	if err != nil {
		return err
	}
	c := o.Candidates[chosen]
	if err := s.reserve(Wallet(o.User), int64(credits)); err != nil {
		return err
	}
	if err := s.reserve(Quota(c.Resource), int64(usd)); err != nil {
		return err
	}
	if b := s.budget(o.Token); b != nil {
		if b.held, err = money.Add(b.held, credits); err != nil {
			return err
		}
	}
	s.holds[o.ID] = &hold{
		id: o.ID, user: o.User, credits: credits, resource: c.Resource, owner: c.Owner, usd: usd, token: o.Token,
		operation: o.key, ttl: o.TTL, fate: holdMade,
	}
	s.out.Chosen, s.out.OutputCap = chosen, outputCap
	s.out.Wallet, s.out.Resource = s.peek(Wallet(o.User)).now(), s.peek(Quota(c.Resource)).now()
	return nil
}

// affordable returns the output cap that the consumer's funds allow.
func (o *Hold) affordable(s *scope) (int64, error) {
	wallet := s.peek(Wallet(o.User))
	if wallet.frozen {
		return 0, ErrFrozen
	}
	if owed := -s.peek(Debt(o.User)).balance; owed > 0 {
		return 0, ErrInsufficientCredits.With("owed", money.Format(money.Credits(owed)))
	}
	funds, refusal := money.Credits(wallet.available()), ErrInsufficientCredits
	if b := s.budgets[o.Token]; b != nil && b.limited && b.left() < funds {
		funds, refusal = b.left(), ErrInsufficientCredits.With("limit", "token")
	}
	fits := func(n int64) bool {
		credits, err := o.Credits(n)
		return err == nil && credits <= funds
	}
	if fits(o.OutputCap) {
		return o.OutputCap, nil
	}
	if o.Elastic {
		if n := largest(o.OutputCap, fits); n > 0 {
			return n, nil
		}
	}
	return 0, refusal
}

// choose returns the first candidate with the quota for the cap; an elastic hold falls back to the one that affords most.
func (o *Hold) choose(s *scope, outputCap int64) (chosen int, affords int64, err error) {
	if i, ok := firstWithQuota(s, o.Candidates, outputCap); ok {
		return i, outputCap, nil
	}
	if o.Elastic {
		for i, c := range o.Candidates {
			if n := largest(outputCap, func(n int64) bool { return c.fits(s, n) }); n > affords {
				chosen, affords = i, n
			}
		}
		if affords >= min(leastElasticCap, outputCap) {
			return chosen, affords, nil
		}
	}
	return 0, 0, ErrNoQuota
}

func firstWithQuota(s *scope, candidates []Reserve, outputCap int64) (int, bool) {
	for i, c := range candidates {
		if c.fits(s, outputCap) {
			return i, true
		}
	}
	return 0, false
}

func (c Reserve) fits(s *scope, outputCap int64) bool {
	a := s.peek(Quota(c.Resource))
	if a.frozen || a.closing {
		return false
	}
	usd, err := c.USD(outputCap)
	return err == nil && int64(usd) <= a.available()
}

func (o *Move) holdID() ids.ID { return o.Hold }

func (o *Move) touch(t *touched) {
	t.holds[o.Hold] = struct{}{}
	for _, c := range o.Candidates {
		t.account(Quota(c.Resource))
	}
}

func (o *Move) apply(s *scope) error {
	s.ends = true
	h, err := s.live(o.Hold)
	if err != nil {
		return err
	}
	chosen, ok := firstWithQuota(s, o.Candidates, o.OutputCap)
	if !ok {
		return ErrNoQuota
	}
	c := o.Candidates[chosen]
	usd, err := c.USD(o.OutputCap)
	if err != nil {
		return err
	}
	if err := s.returnQuota(h, h.usd); err != nil {
		return err
	}
	if err := s.reserve(Quota(c.Resource), int64(usd)); err != nil {
		return err
	}
	h.resource, h.owner, h.usd = c.Resource, c.Owner, usd
	if h.fate == holdKept {
		h.fate = holdMoved
	}
	s.out.Chosen, s.out.OutputCap = chosen, o.OutputCap
	s.out.Resource = s.peek(Quota(c.Resource)).now()
	return nil
}

func (o *Release) holdID() ids.ID { return o.Hold }

func (o *Release) touch(t *touched) { t.holds[o.Hold] = struct{}{} }

func (o *Release) apply(s *scope) error {
	s.ends = true
	h, err := s.live(o.Hold)
	if err != nil {
		return err
	}
	if err := s.unreserve(h); err != nil {
		return err
	}
	if err := s.returnQuota(h, h.usd); err != nil {
		return err
	}
	h.fate = holdResolved
	s.usage, s.key = o.Usage, h.operation
	s.out.Wallet, s.out.Resource = s.peek(Wallet(h.user)).now(), s.peek(Quota(h.resource)).now()
	return nil
}

func (o *Settle) holdID() ids.ID { return o.Hold }

func (o *Settle) touch(t *touched) {
	t.holds[o.Hold] = struct{}{}
	t.account(Quota(o.Usage.Resource)) // where the hold is gone, or an earlier operation of the batch resolves it
}

func (o *Settle) apply(s *scope) error {
	s.ends = true
	if o.Charge < 0 || o.Cost < 0 {
		return fmt.Errorf("ledger: a charge of %d and a cost of %d can't be settled", o.Charge, o.Cost)
	}
	h, err := s.live(o.Hold)
	if err != nil {
		return o.late(s)
	}
	if err := s.unreserve(h); err != nil {
		return err
	}
	if err := s.reserve(Quota(h.resource), -int64(h.usd)); err != nil {
		return err
	}
	paid := min(o.Charge, money.Credits(s.peek(Wallet(h.user)).available()))
	if b := s.budget(h.token); b != nil {
		if b.limited {
			paid = min(paid, b.left())
		}
		if b.spent, err = money.Add(b.spent, paid); err != nil {
			return err
		}
	}
	taken := s.spendable(h.resource, o.Cost)
	if err := s.book(o.draft(h.user, h.resource, paid, o.Charge-paid, taken)); err != nil {
		return err
	}
	s.serve(h.resource, h.owner, h.user, o.Cost)
	h.fate = holdResolved
	if err := s.takeBack(h.resource, money.USD(max(0, int64(h.usd-taken)))); err != nil {
		return err
	}
	o.finish(s, h.resource, paid)
	s.key = h.operation
	s.out.Wallet = s.peek(Wallet(h.user)).now()
	return nil
}

// late books what a provider took for a request whose hold is gone: the platform bears the charge.
func (o *Settle) late(s *scope) error {
	taken := s.spendable(o.Usage.Resource, o.Cost)
	if err := s.book(o.draft("", o.Usage.Resource, 0, 0, taken)); err != nil {
		return err
	}
	s.serve(o.Usage.Resource, o.Usage.Owner, o.Usage.User, o.Cost)
	s.out.Late = true
	o.finish(s, o.Usage.Resource, 0)
	return nil
}

func (o *Settle) draft(user, resource ids.ID, paid, lost money.Credits, taken money.USD) draft {
	d := draft{kind: KindUsage, memo: o.Usage.Model, user: o.Usage.User, resource: resource, usage: o.Usage.ID}
	if user != "" {
		d.entries = append(d.entries, Entry{Account: Wallet(user), Amount: -int64(paid)})
	}
	d.entries = append(d.entries,
		Entry{Account: Loss, Amount: -int64(lost)},
		Entry{Account: Revenue, Amount: int64(paid + lost)},
		Entry{Account: Quota(resource), Amount: -int64(taken)},
		Entry{Account: Supply, Amount: -int64(o.Cost - taken)},
		Entry{Account: Spent, Amount: int64(o.Cost)})
	return d
}

func (o *Settle) finish(s *scope, resource ids.ID, paid money.Credits) {
	s.usage, s.cost = o.Usage, o.Cost
	s.out.Charged = paid
	s.out.Resource = s.peek(Quota(resource)).now()
}

// spendable returns how much of want a key's quota can pay: up to what is available.
func (s *scope) spendable(resource ids.ID, want money.USD) money.USD {
	return min(want, money.USD(s.peek(Quota(resource)).available()))
}

// serve counts what a contributor's key served to others, which vesting goes by.
func (s *scope) serve(resource, owner, user ids.ID, cost money.USD) {
	if owner != "" && owner != user {
		s.served = served{resource, cost}
	}
}

// unreserve gives back a hold's Credits, to the wallet and to the token's budget.
func (s *scope) unreserve(h *hold) error {
	if b := s.budget(h.token); b != nil {
		b.held -= h.credits
	}
	return s.reserve(Wallet(h.user), -int64(h.credits))
}

// returnQuota gives back q of a hold's quota.
func (s *scope) returnQuota(h *hold, q money.USD) error {
	if err := s.reserve(Quota(h.resource), -int64(q)); err != nil {
		return err
	}
	return s.takeBack(h.resource, q)
}
