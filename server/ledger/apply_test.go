package ledger

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// invariants must hold after every operation, whatever was asked.
func invariants(t require.TestingT, s *State, booked map[AccountID]int64) {
	held := map[AccountID]int64{}
	tokens := map[ids.ID]money.Credits{}
	for _, h := range s.holds {
		if h.fate == holdResolved {
			continue
		}
		held[Wallet(h.user)] += int64(h.credits)
		held[Quota(h.resource)] += int64(h.usd)
		tokens[h.token] += h.credits
	}
	for _, d := range s.terms {
		held[Wallet(d.user)] += int64(d.reserved)
		require.GreaterOrEqual(t, d.vesting, money.Credits(0))
		require.LessOrEqual(t, d.withdrawn, d.quota)
	}
	sums := map[Asset]int64{}
	for id, a := range s.accounts {
		require.Equal(t, booked[id], a.balance, "%s is the sum of its entries", id)
		require.Equal(t, held[id], a.held, "%s holds what its holds say", id)
		minimum, maximum := id.bounds()
		if minimum != nil {
			require.GreaterOrEqual(t, a.available(), *minimum, "%s", id)
		}
		if maximum != nil {
			require.LessOrEqual(t, a.balance, *maximum, "%s", id)
		}
		sums[id.Asset()] += a.balance
	}
	for id, delta := range s.hot {
		require.Equal(t, booked[id], delta, "%s is the sum of its entries", id)
		sums[id.Asset()] += delta
	}
	require.Zero(t, sums[Credit])
	require.Zero(t, sums[USD])
	for id, b := range s.budgets {
		require.Equal(t, tokens[id], b.held, "token %s", id)
		if b.limited {
			require.LessOrEqual(t, b.spent+b.held, b.limit, "token %s", id)
		}
	}
}

// FuzzApply and TestApplyKeepsTheInvariants run operations drawn at random on few people and keys, so that they meet.
func applyAtRandom(t *rapid.T) {
	s, booked := newState(), map[AccountID]int64{}
	s.budgets["tok"] = &budget{budgetRow: budgetRow{limited: true, limit: 40}}
	var holds []ids.ID
	resources := map[ids.ID]ids.ID{}
	id := func(prefix string, label string) ids.ID {
		return ids.ID(fmt.Sprintf("%s_%d", prefix, rapid.IntRange(0, 2).Draw(t, label)))
	}
	amount := func(label string) int64 { return rapid.Int64Range(0, 60).Draw(t, label) }
	steps := rapid.IntRange(1, 60).Draw(t, "steps")
	for n := range steps {
		var op Operation
		switch rapid.IntRange(0, 8).Draw(t, "kind") {
		case 0:
			op = &Grant{User: id("usr", "user"), Amount: money.Credits(1 + amount("credits"))}
		case 1:
			res, owner := ids.ID(fmt.Sprintf("res_%d", n)), id("usr", "owner")
			if rapid.Bool().Draw(t, "platform") {
				owner = ""
			}
			resources[res] = owner
			q := 1 + amount("quota")
			op = &Deposit{Resource: res, Owner: owner, Quota: money.USD(q), Fee: money.Credits(q / 10), Confirmed: rapid.Bool().Draw(t, "confirmed"), TrustLimit: 30}
		case 2, 3, 4:
			h := ids.ID(fmt.Sprintf("hld_%d", n))
			holds = append(holds, h)
			op = &Hold{ID: h, User: id("usr", "user"), Token: rapid.SampledFrom([]ids.ID{"", "tok"}).Draw(t, "token"), OutputCap: 1 + amount("cap"),
				Elastic: rapid.Bool().Draw(t, "elastic"), TTL: time.Minute, Credits: func(n int64) (money.Credits, error) { return money.Credits(n), nil }, Candidates: candidates(t, resources)}
		case 5:
			if h, ok := any1(t, holds); ok {
				op = &Move{Hold: h, OutputCap: 1 + amount("cap"), Candidates: candidates(t, resources)}
			}
		case 6:
			if h, ok := any1(t, holds); ok {
				res := rapid.SampledFrom(append(sortedKeys(resources), "res_x")).Draw(t, "res")
				op = &Settle{Hold: h, Charge: money.Credits(amount("charge")), Cost: money.USD(amount("cost")), Usage: &Usage{ID: "use", Resource: res, Owner: resources[res], User: id("usr", "user")}}
			}
		case 7:
			if h, ok := any1(t, holds); ok {
				op = &Release{Hold: h}
			}
		case 8:
			if res, ok := any1(t, sortedKeys(resources)); ok {
				op = &Withdraw{Resource: res, Owner: resources[res]}
				if rapid.Bool().Draw(t, "vest") {
					op = &Vest{Resource: res, Owner: resources[res]}
				}
			}
		}
		if op == nil {
			continue
		}
		live := resolves(s, op)
		for _, d := range Apply(s, []Operation{op}) {
			if live {
				require.NoError(t, d.err, "a hold can always be resolved")
			}
			for _, b := range d.drafts {
				for _, e := range b.entries {
					booked[e.Account] += e.Amount
					if !e.Account.Hot() {
						require.Equal(t, booked[e.Account], e.After)
					}
				}
			}
			if d.served.cost > 0 {
				s.terms[d.served.resource].served += d.served.cost
			}
		}
		invariants(t, s, booked)
	}
}

func candidates(t *rapid.T, resources map[ids.ID]ids.ID) []Reserve {
	var out []Reserve
	for _, r := range sortedKeys(resources) {
		if rapid.Bool().Draw(t, "candidate") {
			out = append(out, Reserve{Resource: r, Owner: resources[r], USD: func(n int64) (money.USD, error) { return money.USD(n / 2), nil }})
		}
	}
	return out
}

func sortedKeys(m map[ids.ID]ids.ID) []ids.ID {
	set := map[ids.ID]struct{}{}
	for k := range m {
		set[k] = struct{}{}
	}
	var out []ids.ID
	for _, k := range sorted(set) {
		out = append(out, ids.ID(k))
	}
	return out
}

func any1(t *rapid.T, of []ids.ID) (ids.ID, bool) {
	if len(of) == 0 {
		return "", false
	}
	return rapid.SampledFrom(of).Draw(t, "which"), true
}

func TestApplyKeepsTheInvariants(t *testing.T) { rapid.Check(t, applyAtRandom) }

func FuzzApply(f *testing.F) { f.Fuzz(rapid.MakeFuzz(applyAtRandom)) }

func TestARefusedOperationLeavesNoTrace(t *testing.T) {
	s := newState()
	Apply(s, []Operation{&Deposit{Resource: "res_1", Owner: "usr_1", Quota: 100, Fee: 10, TrustLimit: 1000}})
	before := *s.accounts[Wallet("usr_1")]
	decided := Apply(s, []Operation{
		&Hold{ID: "hld_1", User: "usr_1", OutputCap: 1, Credits: func(int64) (money.Credits, error) { return 91, nil }},
		&Grant{User: "usr_1", Amount: -1},
	})
	require.ErrorIs(t, decided[0].err, ErrInsufficientCredits)
	require.Error(t, decided[1].err)
	require.Equal(t, before, *s.accounts[Wallet("usr_1")])
	require.Empty(t, s.holds)
}

func TestADebtIsRepaidFirstAndBlocksSpending(t *testing.T) {
	s := newState()
	s.accounts[Debt("usr_1")] = &account{id: Debt("usr_1"), accountRow: accountRow{balance: -30}, stored: true}
	spend := &Hold{ID: "hld_1", User: "usr_1", OutputCap: 1, Credits: func(int64) (money.Credits, error) { return 1, nil },
		Candidates: []Reserve{{Resource: "res_1", USD: func(int64) (money.USD, error) { return 0, nil }}}}
	decided := Apply(s, []Operation{&Grant{User: "usr_1", Amount: 20}, spend, &Grant{User: "usr_1", Amount: 20}, spend})
	require.NoError(t, decided[0].err)
	require.ErrorIs(t, decided[1].err, ErrInsufficientCredits)
	require.NoError(t, decided[3].err)
	require.Equal(t, int64(10), s.accounts[Wallet("usr_1")].balance)
	require.Zero(t, s.accounts[Debt("usr_1")].balance)
}

func TestTheChainCoversEveryField(t *testing.T) {
	at := time.UnixMicro(1).UTC()
	base := func() link {
		return link{draft: draft{kind: KindGrant, memo: "m", actor: "a", user: "u", resource: "r", usage: "g", entries: []Entry{{Account: Issued, Amount: -1}, {Account: Wallet("u"), Amount: 1}}},
			seq: 1, at: at, salts: make([]byte, saltLen*4)}
	}
	sealed := base()
	sealed.seal(Digest{})
	for name, change := range map[string]func(*link){
		"seq": func(l *link) { l.seq++ }, "time": func(l *link) { l.at = at.Add(time.Microsecond) }, "kind": func(l *link) { l.kind = KindVest },
		"memo": func(l *link) { l.memo = "n" }, "actor": func(l *link) { l.actor = "b" }, "user": func(l *link) { l.user = "v" },
		"resource": func(l *link) { l.resource = "s" }, "usage": func(l *link) { l.usage = "h" }, "amount": func(l *link) { l.entries[0].Amount = -2 },
		"account": func(l *link) { l.entries[1].Account = Wallet("w") }, "order": func(l *link) { l.entries[0], l.entries[1] = l.entries[1], l.entries[0] },
		"salt": func(l *link) { l.salts[2*saltLen] = 1 }, "memo salt": func(l *link) { l.salts[0] = 1 }, "origin salt": func(l *link) { l.salts[saltLen] = 1 },
		"fields": func(l *link) { l.user, l.usage = "ug", "" }, "origin": func(l *link) { l.actor, l.resource = "ar", "" },
	} {
		l := base()
		change(&l)
		l.seal(Digest{})
		require.NotEqual(t, sealed.leaf, l.leaf, name)
		first, firstChanged := base(), base() // as the first ledgers sealed it, with no salt for the origin
		change(&firstChanged)
		first.salts, firstChanged.salts = slices.Delete(first.salts, saltLen, 2*saltLen), slices.Delete(firstChanged.salts, saltLen, 2*saltLen)
		first.seal(Digest{})
		firstChanged.seal(Digest{})
		require.NotEqual(t, sealed.leaf, first.leaf)
		if name != "origin salt" {
			require.NotEqual(t, first.leaf, firstChanged.leaf, name)
		}
	}
	follows := base()
	follows.seal(Digest{1})
	require.Equal(t, sealed.leaf, follows.leaf)
	require.NotEqual(t, sealed.hash, follows.hash)
}

// What the owner of a withdrawn key vests and spends meanwhile must not keep a stranger's request from ending.
func TestVestingAfterAWithdrawalLeavesWhatHoldsMayGiveBack(t *testing.T) {
	s := newState()
	usd := func(n money.USD) func(int64) (money.USD, error) {
		return func(int64) (money.USD, error) { return n, nil }
	}
	credits := func(n money.Credits) func(int64) (money.Credits, error) {
		return func(int64) (money.Credits, error) { return n, nil }
	}
	hold := func(id ids.ID, user ids.ID, c money.Credits, q money.USD) Operation {
		return &Hold{ID: id, User: user, OutputCap: 1, Credits: credits(c), Candidates: []Reserve{{Resource: "res_1", Owner: "usr_o", USD: usd(q)}}}
	}
	do := func(op Operation) decision {
		d := Apply(s, []Operation{op})[0]
		require.NoError(t, d.err)
		if d.served.cost > 0 {
			s.terms[d.served.resource].served += d.served.cost
		}
		return d
	}
	do(&Deposit{Resource: "res_1", Owner: "usr_o", Quota: 5000, Fee: 500, TrustLimit: 1000})
	do(&Grant{User: "usr_c", Amount: 10_000})
	do(hold("hld_1", "usr_c", 10, 2000))
	do(&Settle{Hold: "hld_1", Charge: 10, Cost: 2000, Usage: &Usage{ID: "use", Resource: "res_1", Owner: "usr_o", User: "usr_c"}})
	do(hold("hld_2", "usr_c", 10, 100))
	do(&Withdraw{Resource: "res_1", Owner: "usr_o"})
	Apply(s, []Operation{&Vest{Resource: "res_1", Owner: "usr_o"}})
	left := money.Credits(s.accounts[Wallet("usr_o")].available())
	do(&Deposit{Resource: "res_2", Owner: "", Quota: 100_000})
	do(&Hold{ID: "hld_3", User: "usr_o", OutputCap: 1, Credits: credits(left), Candidates: []Reserve{{Resource: "res_2", USD: usd(1)}}})
	do(&Settle{Hold: "hld_3", Charge: left, Cost: 1, Usage: &Usage{ID: "use", Resource: "res_2", User: "usr_o"}})
	do(&Release{Hold: "hld_2"})
	require.Zero(t, s.accounts[Quota("res_1")].now())
	require.Zero(t, s.accounts[Debt("usr_o")].balance)
	require.Zero(t, s.accounts[Wallet("usr_o")].held)
}

// resolves reports whether op ends a hold that is there.
func resolves(s *State, op Operation) bool {
	h := s.holds[op.holdID()]
	if _, moves := op.(*Move); moves || h == nil {
		return false
	}
	return h.fate != holdResolved
}
