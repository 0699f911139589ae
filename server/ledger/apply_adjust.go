package ledger

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// mostReason bounds a reason, in characters.
const mostReason = 500

// CheckReason returns what is wrong with the reason that a person gives for what is done to the books.
func CheckReason(reason string) error {
	if strings.TrimSpace(reason) == "" || utf8.RuneCountInString(reason) > mostReason {
		return fault.Invalid("reason", "a reason has 1 to %d characters", mostReason)
	}
	return nil
}

// Adjust books what a person says that a transaction got wrong, as an ADJUSTMENT whose memo names it. The log of requests and
// what is kept of it tell what was measured and stay as they are.
//
// It is refused where its entries do not balance, where an account is unknown or comes twice, and where an account would go
// beyond its bounds. Vesting accounts go by the terms of deposits, which a correction does not know. A frozen account is
// corrected all the same: it is frozen until somebody does.
type Adjust struct {
	Actor    ids.ID
	Corrects int64 // the sequence of the transaction
	Reason   string
	Entries  []Entry
}

// Memo is what the transaction says of itself.
func (o *Adjust) Memo() string { return fmt.Sprintf("Corrects #%d: %s", o.Corrects, o.Reason) }

// Validate returns what is wrong with the correction in itself.
func (o *Adjust) Validate() error {
	switch {
	case o.Corrects <= 0:
		return fault.Invalid("transaction", "which transaction is corrected is missing")
	case CheckReason(o.Reason) != nil:
		return CheckReason(o.Reason)
	case o.Actor == "":
		return fault.Invalid("actor", "who corrects is missing")
	case len(o.Entries) < 2:
		return fault.Invalid("entry", "a correction has at least two entries")
	}
	sums, seen := map[Asset]int64{}, map[AccountID]bool{}
	for _, e := range o.Entries {
		if err := e.Account.correctable(); err != nil {
			return err
		}
		if seen[e.Account] || e.Amount == 0 {
			return fault.Invalid("entry", "%s comes twice or moves nothing", e.Account)
		}
		seen[e.Account] = true
		var err error
		if sums[e.Account.Asset()], err = money.Add(sums[e.Account.Asset()], e.Amount); err != nil {
			return err
		}
	}
	for _, asset := range []Asset{Credit, USD} {
		if sums[asset] != 0 {
			return fault.Invalid("entry", "the entries in %s add up to %s, not to 0", asset, money.Format(money.Credits(sums[asset])))
		}
	}
	return nil
}

// correctable returns why no correction moves an account of this name.
func (a AccountID) correctable() error {
	kind, owner, owned := strings.Cut(string(a), ":")
	switch {
	case !owned && slices.Contains(hotAccounts, a):
	case owned && kind+":" == quotaOf && ids.ID(owner).Kind() == ids.Resource:
	case owned && (kind+":" == walletOf || kind+":" == debtOf) && ids.ID(owner).Kind() == ids.User:
	case owned && kind+":" == vestOf:
		return fault.Invalid("entry", "%s follows the terms of deposits and is not corrected by itself", a)
	default:
		return fault.Invalid("entry", "there is no account %s", a)
	}
	return nil
}

func (o *Adjust) holdID() ids.ID { return "" }

func (o *Adjust) touch(t *touched) {
	for _, e := range o.Entries {
		if !e.Account.Hot() {
			t.account(e.Account)
		}
	}
}

func (o *Adjust) apply(s *scope) error {
	if err := o.Validate(); err != nil {
		return err
	}
	s.ends = true
	d := draft{kind: KindAdjustment, memo: o.Memo(), actor: o.Actor, entries: slices.Clone(o.Entries)}
	var users, resources []ids.ID
	for _, e := range o.Entries {
		if e.Account.Hot() {
			continue
		}
		a := s.peek(e.Account)
		switch {
		case !a.stored:
			return fault.Invalid("entry", "there is no account %s", e.Account)
		case a.closing && e.Amount > 0:
			return fault.Invalid("entry", "%s was withdrawn: nothing is added to it", e.Account)
		}
		if after, err := money.Add(a.balance, e.Amount); err != nil || outOfBounds(a, after) {
			return fault.Invalid("entry", "%s has %s, of which %s are held", e.Account, money.Format(money.Credits(a.balance)), money.Format(money.Credits(a.held)))
		}
		if owner := e.Account.Owner(); owner.Kind() == ids.User && !slices.Contains(users, owner) {
			users = append(users, owner)
		} else if owner.Kind() == ids.Resource {
			resources = append(resources, owner)
		}
	}
	// The lists of a person and of a key have what is theirs alone.
	if len(users) == 1 {
		d.user = users[0]
	}
	if len(resources) == 1 {
		d.resource = resources[0]
	}
	return s.book(d)
}

func outOfBounds(a *account, after int64) bool {
	minimum, maximum := a.id.bounds()
	return minimum != nil && after-a.held < *minimum || maximum != nil && after > *maximum
}
