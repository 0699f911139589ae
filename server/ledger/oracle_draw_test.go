package ledger

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// step is something that happens in a story: an operation, or what befalls the books between two batches.
type step struct {
	kind                               stepKind
	hold, user, token, resource, owner ids.ID
	amount, other, trust               int64 // Settle: charge and cost; Deposit: quota, fee and trust limit
	outputCap                          int64
	elastic, confirmed                 bool
	price                              tariff
	candidates                         []candidate
	account                            AccountID
}

type stepKind int

const (
	stepHold stepKind = iota
	stepMove
	stepSettle
	stepRelease
	stepDeposit
	stepVest
	stepWithdraw
	stepClawback
	stepGrant
	stepCommit   // the batch ends
	stepTogether // the next batch is handed to Apply in one piece
	stepFreeze   // an account, by a check that failed
	stepThaw
	stepOwe     // a user comes to owe, as a claw-back makes them
	stepUnready // what was reserved for a withdrawal is no longer there
	stepLater   // hours go by
)

var stepNames = []string{"Hold", "Move", "Settle", "Release", "Deposit", "Vest", "Withdraw", "Clawback", "Grant", "Commit", "Together", "Freeze", "Thaw", "Owe", "Unready", "Later"}

func (k stepKind) operation() bool { return k <= stepGrant }

func (s *step) String() string {
	type fields step
	return fmt.Sprintf("%s %+v", stepNames[s.kind], fields(*s))
}

type candidate struct {
	resource, owner ids.ID
	cost            tariff
}

// tariff is a price that grows with the tokens.
type tariff struct{ base, each int64 }

func (l tariff) of(tokens *big.Int) *big.Int {
	return plus(big.NewInt(l.base), new(big.Int).Mul(big.NewInt(l.each), tokens))
}

// affords returns for how many tokens, at most, the funds are enough.
func (l tariff) affords(funds, most *big.Int) *big.Int {
	rest := minus(funds, big.NewInt(l.base))
	switch {
	case rest.Sign() < 0:
		return nothing
	case l.each == 0:
		return most
	}
	return least(most, rest.Quo(rest, big.NewInt(l.each)))
}

func at[A money.Amount](l tariff) func(int64) (A, error) {
	return func(tokens int64) (A, error) {
		if l.each > 0 && tokens > (math.MaxInt64-l.base)/l.each {
			return 0, money.ErrOverflow
		}
		return A(l.base + l.each*tokens), nil
	}
}

// asked is the step as Apply takes it.
func (s *step) asked() Operation {
	var reserves []Reserve
	for _, c := range s.candidates {
		reserves = append(reserves, Reserve{Resource: c.resource, Owner: c.owner, USD: at[money.USD](c.cost)})
	}
	switch s.kind {
	case stepHold:
		return &Hold{ID: s.hold, User: s.user, Token: s.token, OutputCap: s.outputCap, Elastic: s.elastic, Credits: at[money.Credits](s.price), Candidates: reserves, TTL: time.Minute}
	case stepMove:
		return &Move{Hold: s.hold, OutputCap: s.outputCap, Candidates: reserves}
	case stepSettle:
		return &Settle{Hold: s.hold, Charge: money.Credits(s.amount), Cost: money.USD(s.other), Usage: &Usage{ID: "use", User: s.user, Resource: s.resource, Owner: s.owner}}
	case stepRelease:
		return &Release{Hold: s.hold}
	case stepDeposit:
		return &Deposit{Resource: s.resource, Owner: s.owner, Quota: money.USD(s.amount), Fee: money.Credits(s.other), Confirmed: s.confirmed, TrustLimit: money.Credits(s.trust)}
	case stepVest:
		return &Vest{Resource: s.resource, Owner: s.owner}
	case stepWithdraw:
		return &Withdraw{Resource: s.resource, Owner: s.owner}
	case stepClawback:
		return &Clawback{Resource: s.resource, Owner: s.owner}
	case stepGrant:
		return &Grant{User: s.user, Amount: money.Credits(s.amount)}
	}
	return nil
}

// choices is where a story comes from: a random source, or the bytes of the fuzzer. choose returns 0 ≤ n < of.
type choices interface {
	choose(of int) int
	left() bool
}

type dice struct{ *rand.Rand }

func (d dice) choose(of int) int { return d.IntN(of) }
func (d dice) left() bool        { return true }

type tape struct{ rest []byte }

func (t *tape) left() bool { return len(t.rest) > 0 }

func (t *tape) choose(of int) int {
	if len(t.rest) == 0 {
		return 0
	}
	b := t.rest[0]
	t.rest = t.rest[1:]
	return int(b) % of
}

const longestStory = 70

var (
	people = []ids.ID{"usr_0", "usr_1", "usr_2"}
	tokens = []ids.ID{"", "", "", "tok_limited", "tok_tight", "tok_unlimited", "tok_daily", "tok_daily", "tok_unheard_of"}
	keys   = names("res")
	holds  = names("hld")
)

func names(prefix string) []ids.ID {
	out := make([]ids.ID, longestStory)
	for i := range out {
		out[i] = ids.ID(fmt.Sprintf("%s_%d", prefix, i))
	}
	return out
}

// teller draws a story of few people and keys, so that they meet: amounts of like sizes, holds resolved again and again.
type teller struct {
	choices
	huge    bool // amounts at the end of what there are numbers for
	icy     bool // accounts are frozen
	indebts bool // people come to owe
	owners  []ids.ID
	holds   int
	open    []ids.ID
	steps   int
}

func story(c choices) []step {
	t := &teller{choices: c}
	t.huge, t.icy, t.indebts = c.choose(6) == 1, c.choose(3) == 1, c.choose(3) == 1
	var steps []step
	for len(steps) < longestStory && c.left() {
		steps = append(steps, t.next())
		if c.choose(3) == 0 {
			steps = append(steps, step{kind: stepCommit})
		}
		if c.choose(12) == 1 {
			steps = append(steps, step{kind: stepTogether})
		}
	}
	return steps
}

func (t *teller) amount() int64 {
	if !t.huge || t.choose(3) == 0 {
		return int64(t.choose(61))
	}
	return []int64{math.MaxInt64, math.MaxInt64 - 1, math.MaxInt64 / 2, math.MaxInt64/2 + 1, math.MaxInt64 / 3, 1 << 62, 1<<62 + 1, math.MaxInt64 - 60}[t.choose(8)]
}

func (t *teller) one(of []ids.ID) ids.ID { return of[t.choose(len(of))] }

// key names one of the latest keys, or one that nobody has.
func (t *teller) key(s *step) {
	s.resource = "res_unheard_of"
	if n := len(t.owners); n > 0 && t.choose(20) != 1 {
		i := max(0, n-1-t.choose(4))
		s.resource, s.owner = keys[i], t.owners[i]
	}
}

func (t *teller) tariff() tariff {
	if t.huge && t.choose(4) == 1 {
		return tariff{base: t.amount()}
	}
	return tariff{base: int64(t.choose(6)), each: int64(t.choose(5) / 2)}
}

func (t *teller) tokens() int64 {
	if t.choose(12) == 1 {
		return math.MaxInt64 - int64(t.choose(2))
	}
	return 1 + int64(t.choose(20))
}

func (t *teller) reserves() []candidate {
	var out []candidate
	for range min(len(t.owners), 1+t.choose(3)) {
		i := max(0, len(t.owners)-1-t.choose(4))
		out = append(out, candidate{keys[i], t.owners[i], t.tariff()})
	}
	return out
}

// held names a hold: mostly one that may be open, else any that was ever asked for. resolves says that it will be over.
func (t *teller) held(resolves bool) ids.ID {
	if len(t.open) == 0 || t.choose(5) == 0 {
		return holds[t.choose(t.holds+1)]
	}
	i := t.choose(len(t.open))
	h := t.open[i]
	if resolves {
		t.open = slices.Delete(t.open, i, i+1)
	}
	return h
}

func (t *teller) next() step {
	var s step
	n := t.choose(44)
	if t.steps++; t.steps < 7 { // something to begin with
		n %= 7
	}
	switch {
	case n < 3 || len(t.owners) == 0 && n < 12:
		s = step{kind: stepDeposit, resource: keys[len(t.owners)], owner: t.one(append(people, "")), amount: t.amount(), trust: 30, confirmed: t.choose(3) == 0}
		s.other = s.amount / 10
		if fees := []int64{0, s.amount, s.amount / 3, 1, s.amount + 1, -1}; t.choose(4) == 0 {
			s.other = fees[t.choose(len(fees))]
		}
		if t.huge && t.choose(2) == 0 {
			s.trust = math.MaxInt64 - 1
		}
		t.owners = append(t.owners, s.owner)
	case n < 7:
		s = step{kind: stepGrant, user: t.one(people), amount: t.amount() - int64(t.choose(2))}
	case n < 19:
		s = step{kind: stepHold, hold: holds[t.holds], user: t.one(people), token: t.one(tokens), outputCap: t.tokens(), elastic: t.choose(2) == 0, price: t.tariff(), candidates: t.reserves()}
		t.open = append(t.open, s.hold)
		t.holds++
	case n < 22:
		s = step{kind: stepMove, hold: t.held(false), outputCap: t.tokens(), candidates: t.reserves()}
	case n < 28:
		s = step{kind: stepSettle, hold: t.held(true), user: t.one(people), amount: t.amount(), other: t.amount()}
		t.key(&s)
		if t.choose(60) == 1 {
			s.amount = -s.amount
		}
		if t.choose(60) == 1 {
			s.other = -1
		}
	case n < 31:
		s = step{kind: stepRelease, hold: t.held(true)}
	case n < 33:
		s = step{kind: stepWithdraw}
		t.key(&s)
		if t.choose(3) == 1 {
			s.kind = stepClawback
		}
	case n < 36:
		s = step{kind: stepVest}
		t.key(&s)
	case n >= 42:
		s = step{kind: stepLater, amount: int64(1 + t.choose(30))}
	case n < 37 && t.indebts:
		s = step{kind: stepOwe, user: t.one(people), amount: t.amount()}
	case n < 38 && t.indebts:
		s = step{kind: stepUnready}
		t.key(&s)
	case t.icy:
		t.key(&s)
		user := t.one(people)
		s.kind, s.account = []stepKind{stepFreeze, stepThaw}[t.choose(2)], []AccountID{Wallet(user), Quota(s.resource), Quota(s.resource), Vesting(user), Debt(user)}[t.choose(5)]
	default:
		s = step{kind: stepCommit}
	}
	return s
}
