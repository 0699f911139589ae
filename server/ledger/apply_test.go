package ledger

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

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
	require.Equal(t, money.Credits(800), do(&Vest{Resource: "res_1", Owner: "usr_o"}).out.Credited) // of 890, 90 for the 100 that are held
	left := money.Credits(s.accounts[Wallet("usr_o")].available())
	do(&Deposit{Resource: "res_2", Owner: "", Quota: 100_000})
	do(&Hold{ID: "hld_3", User: "usr_o", OutputCap: 1, Credits: credits(left), Candidates: []Reserve{{Resource: "res_2", USD: usd(1)}}})
	do(&Settle{Hold: "hld_3", Charge: left, Cost: 1, Usage: &Usage{ID: "use", Resource: "res_2", User: "usr_o"}})
	do(&Release{Hold: "hld_2"})
	require.Zero(t, s.accounts[Quota("res_1")].now())
	require.Zero(t, s.accounts[Debt("usr_o")].balance)
	require.Zero(t, s.accounts[Wallet("usr_o")].held)
}

// Rows that no operation leaves behind are refused, not worked with: whoever wrote them, it does not spread.
func TestRowsThatCannotBeAreRefused(t *testing.T) {
	row := func(id AccountID, balance, held int64, closing bool) func(*State) {
		return func(s *State) {
			s.accounts[id] = &account{id: id, accountRow: accountRow{balance: balance, held: held, closing: closing}, stored: true}
		}
	}
	deposited := func(quota money.USD, served money.USD) func(*State) {
		return func(s *State) {
			s.terms["res_1"] = &terms{resource: "res_1", user: "usr_1", termsRow: termsRow{quota: quota, fee: 1, paid: 9, vesting: 5, served: served, reserved: 5}}
		}
	}
	taken := func(s *State) {
		s.holds["hld_1"] = &hold{id: "hld_1", user: "usr_2", credits: 10, resource: "res_1", usd: 10}
	}
	another := []Reserve{{Resource: "res_2", USD: func(int64) (money.USD, error) { return 1, nil }}}
	settle := &Settle{Hold: "hld_1", Charge: 1, Cost: 1, Usage: &Usage{Resource: "res_1"}}
	release, move, withdraw := &Release{Hold: "hld_1"}, &Move{Hold: "hld_1", OutputCap: 1, Candidates: another}, &Withdraw{Resource: "res_1", Owner: "usr_1"}
	for name, c := range map[string]struct {
		rows []func(*State)
		op   Operation
		says string
	}{
		"SettleCreditsNotHeld":  {[]func(*State){taken, row(Wallet("usr_2"), 50, 9, false), row(Quota("res_1"), 50, 10, false)}, settle, "can't hold -1"},
		"SettleQuotaNotHeld":    {[]func(*State){taken, row(Wallet("usr_2"), 50, 10, false), row(Quota("res_1"), 50, 9, false)}, settle, "can't hold -1"},
		"ReleaseCreditsNotHeld": {[]func(*State){taken, row(Wallet("usr_2"), 50, 9, false), row(Quota("res_1"), 50, 10, false)}, release, "can't hold -1"},
		"ReleaseQuotaNotHeld":   {[]func(*State){taken, row(Wallet("usr_2"), 50, 10, false), row(Quota("res_1"), 50, 9, false)}, release, "can't hold -1"},
		"MoveQuotaNotHeld":      {[]func(*State){taken, row(Quota("res_1"), 50, 9, false), row(Quota("res_2"), 50, 0, false)}, move, "can't hold -1"},
		"GaveBackOfNoQuota": {[]func(*State){taken, deposited(0, 0), row(Wallet("usr_2"), 50, 10, false), row(Quota("res_1"), 10, 10, true)}, release,
			"is negative"},
		"SettledOfNoQuota": {[]func(*State){taken, deposited(0, 0), row(Wallet("usr_2"), 50, 10, false), row(Quota("res_1"), 10, 10, true)}, settle,
			"is negative"},
		"GaveBackNotReserved": {[]func(*State){taken, deposited(20, 0), row(Wallet("usr_2"), 50, 10, false), row(Quota("res_1"), 10, 10, true), row(Wallet("usr_1"), 9, 1, false), row(Vesting("usr_1"), 5, 0, false)},
			release, "can't hold"},
		"VestingOfNoQuota":     {[]func(*State){deposited(0, 0), row(Vesting("usr_1"), 5, 0, false)}, &Vest{Resource: "res_1", Owner: "usr_1"}, "is negative"},
		"VestingOfHeldTooMuch": {[]func(*State){deposited(5, -1), row(Quota("res_1"), 9, 9, true)}, &Vest{Resource: "res_1", Owner: "usr_1"}, "is negative"},
		"VestingNotThere":      {[]func(*State){deposited(20, 10), row(Vesting("usr_1"), 4, 0, false)}, &Vest{Resource: "res_1", Owner: "usr_1"}, "can't go to -1"},
		"WithdrawalOfNoQuota":  {[]func(*State){deposited(0, 0), row(Quota("res_1"), 9, 0, false)}, withdraw, "is negative"},
		"DepositBesideNoQuota": {[]func(*State){deposited(0, 0)}, &Deposit{Resource: "res_3", Owner: "usr_1", Quota: 10, Fee: 1, TrustLimit: 10}, "is negative"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newState()
			for _, put := range c.rows {
				put(s)
			}
			before := map[AccountID]accountRow{}
			for id, a := range s.accounts {
				before[id] = a.accountRow
			}
			d := Apply(s, []Operation{c.op})[0]
			require.ErrorContains(t, d.err, c.says)
			for id, was := range before {
				require.Equal(t, was, s.accounts[id].accountRow, "%s", id)
			}
		})
	}
}

// Where no key has the quota for the whole answer, the one that affords most is held, and of equals the preferred one.
func TestOfKeysThatAffordTheSameTheFirstIsHeld(t *testing.T) {
	s := newState()
	var candidates []Reserve
	for _, id := range []ids.ID{"res_1", "res_2", "res_3"} {
		Apply(s, []Operation{&Deposit{Resource: id, Quota: map[ids.ID]money.USD{"res_1": 20, "res_2": 30, "res_3": 30}[id]}})
		candidates = append(candidates, Reserve{Resource: id, USD: func(n int64) (money.USD, error) { return money.USD(n), nil }})
	}
	Apply(s, []Operation{&Grant{User: "usr_1", Amount: 100}})
	d := Apply(s, []Operation{&Hold{ID: "hld_1", User: "usr_1", OutputCap: 50, Elastic: true, Credits: func(n int64) (money.Credits, error) { return money.Credits(n), nil }, Candidates: candidates}})[0]
	require.NoError(t, d.err)
	require.Equal(t, 1, d.out.Chosen)
	require.Equal(t, int64(30), d.out.OutputCap)
}

// A hold ends whatever the account says that it is on: also where a correction left less than is held.
func TestAHoldEndsOnAnAccountThatHoldsTooMuch(t *testing.T) {
	s := newState()
	s.accounts[Wallet("usr_1")] = &account{id: Wallet("usr_1"), accountRow: accountRow{balance: 10, held: 20}, stored: true}
	s.accounts[Quota("res_1")] = &account{id: Quota("res_1"), accountRow: accountRow{balance: 10, held: 20}, stored: true}
	s.holds["hld_1"] = &hold{id: "hld_1", user: "usr_1", credits: 5, resource: "res_1", usd: 5}
	s.holds["hld_2"] = &hold{id: "hld_2", user: "usr_1", resource: "res_1"}
	for _, d := range Apply(s, []Operation{&Release{Hold: "hld_1"}, &Release{Hold: "hld_2"}}) {
		require.NoError(t, d.err)
	}
	require.Equal(t, int64(15), s.accounts[Wallet("usr_1")].held)
}

func TestOnlyWhatBalancesIsBooked(t *testing.T) {
	for _, entries := range [][]Entry{
		{{Account: Issued, Amount: -1}, {Account: Wallet("usr_1"), Amount: 2}},
		{{Account: Supply, Amount: -1}, {Account: Quota("res_1"), Amount: 2}},
		{{Account: Supply, Amount: -1}, {Account: Wallet("usr_1"), Amount: 1}},
	} {
		s := &scope{State: newState()}
		require.ErrorContains(t, s.book(draft{kind: KindGrant, entries: entries}), "does not balance")
		require.Empty(t, s.drafts)
	}
}

func TestADebtCanAlwaysBeRepaid(t *testing.T) {
	s := &scope{State: newState()}
	s.accounts[Debt("usr_1")] = &account{id: Debt("usr_1"), accountRow: accountRow{balance: math.MinInt64 + 2}}
	_, err := s.move(Debt("usr_1"), -1)
	require.NoError(t, err)
	_, err = s.move(Debt("usr_1"), -1)
	require.ErrorIs(t, err, money.ErrOverflow, "no amount would be enough")
}

// What is reserved on the wallet of a withdrawn key's owner for requests in flight need not be kept of the vesting too.
func TestVestingKeepsWhatIsNotReservedOtherwise(t *testing.T) {
	s := newState()
	do := func(op Operation) decision {
		d := Apply(s, []Operation{op})[0]
		require.NoError(t, d.err)
		if d.served.cost > 0 {
			s.terms[d.served.resource].served += d.served.cost
		}
		return d
	}
	hold := func(id ids.ID, q money.USD) Operation {
		return &Hold{ID: id, User: "usr_c", OutputCap: 1, Credits: func(int64) (money.Credits, error) { return 1, nil },
			Candidates: []Reserve{{Resource: "res_1", Owner: "usr_o", USD: func(int64) (money.USD, error) { return q, nil }}}}
	}
	do(&Deposit{Resource: "res_1", Owner: "usr_o", Quota: 100, TrustLimit: 30}) // 30 at once, 70 vest
	do(&Grant{User: "usr_c", Amount: 10})
	do(hold("hld_1", 50))
	do(hold("hld_2", 40))
	do(&Withdraw{Resource: "res_1", Owner: "usr_o"}) // 10 of the vesting; of the 90 in flight, 60 are vesting and 30 are reserved
	require.Equal(t, Balance{Balance: 30, Held: 30}, s.accounts[Wallet("usr_o")].now())
	do(&Settle{Hold: "hld_1", Charge: 1, Cost: 50, Usage: &Usage{ID: "use", Resource: "res_1", Owner: "usr_o", User: "usr_c"}})
	require.Equal(t, money.Credits(50), do(&Vest{Resource: "res_1", Owner: "usr_o"}).out.Credited) // 40 may come back: 30 reserved, 10 vesting
	do(&Release{Hold: "hld_2"})
	require.Equal(t, Balance{Balance: 50}, s.accounts[Wallet("usr_o")].now())
	require.Zero(t, s.accounts[Vesting("usr_o")].balance)
}

// Should what was set aside for it be gone, a stranger's request ends all the same, and the key's owner owes the rest.
func TestWhatIsNotThereWhenAHoldGivesBackIsOwed(t *testing.T) {
	s := newState()
	for id, row := range map[AccountID]accountRow{
		Quota("res_1"): {balance: 10, held: 10, closing: true}, Wallet("usr_o"): {balance: 2}, Vesting("usr_o"): {balance: 3}, Wallet("usr_c"): {balance: 1, held: 1},
	} {
		s.accounts[id] = &account{id: id, accountRow: row, stored: true}
	}
	s.terms["res_1"] = &terms{resource: "res_1", user: "usr_o", termsRow: termsRow{quota: 20, paid: 17, vesting: 3, withdrawn: 10}}
	s.holds["hld_1"] = &hold{id: "hld_1", user: "usr_c", credits: 1, resource: "res_1", owner: "usr_o", usd: 10}
	d := Apply(s, []Operation{&Release{Hold: "hld_1"}})[0]
	require.NoError(t, d.err)
	for id, balance := range map[AccountID]int64{Quota("res_1"): 0, Wallet("usr_o"): 0, Vesting("usr_o"): 0, Debt("usr_o"): -5, Wallet("usr_c"): 1} {
		require.Equal(t, balance, s.accounts[id].balance, "%s", id)
	}
}
