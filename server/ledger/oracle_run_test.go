package ledger

import (
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/money"
)

// because is what an operation was refused for, in the oracle's words.
func because(err error) string {
	var f *fault.Error
	if errors.As(err, &f) && errors.Is(f, ErrInsufficientCredits) {
		if owed, ok := f.Details["owed"].(string); ok {
			n, err := money.Parse[money.Credits](owed)
			return fmt.Sprint("credits owed ", int64(n), map[bool]string{true: " unreadable"}[err != nil])
		}
		if limit, ok := f.Details["limit"].(string); ok {
			return "credits " + limit
		}
		return "credits"
	}
	for word, is := range map[string]error{"frozen": ErrFrozen, "quota": ErrNoQuota, "gone": ErrHoldGone, "nothing": ErrNothing, "closing": ErrClosing, "overflow": money.ErrOverflow} {
		if errors.Is(err, is) {
			return word
		}
	}
	if strings.HasSuffix(err.Error(), "is impossible") || strings.HasSuffix(err.Error(), "can't be settled") {
		return "impossible"
	}
	return err.Error()
}

type same struct{ err error }

func (s *same) number(what string, got int64, want *big.Int) {
	if s.err == nil && (!want.IsInt64() || want.Int64() != got) {
		s.err = fmt.Errorf("%s is %d, not %s", what, got, want)
	}
}

func (s *same) fact(what string, ok bool) {
	if s.err == nil && !ok {
		s.err = errors.New(what)
	}
}

// check compares a decision with the oracle's ruling and, where the state is the one after it, everything in it.
func (w *world) check(s *step, d *decision, r *ruling, all bool) error {
	var is same
	if d.err != nil {
		why := because(d.err)
		is.fact(fmt.Sprintf("refused for %q, not for %q", why, r.refused), slices.Contains(strings.Split(r.refused, "|"), why))
		is.fact("a refusal books", d.drafts == nil && d.usage == nil && d.served.cost == 0)
		w.counts[stepNames[s.kind]+" "+strings.TrimRight(why, " 0123456789")]++
	} else {
		is.fact(fmt.Sprintf("not refused for %q", r.refused), r.refused == "")
		w.counts[stepNames[s.kind]+map[bool]string{true: " late"}[d.out.Late]]++
		w.sameOutcome(&is, d, r)
		is.fact("the usage is not the one given", (d.usage != nil) == (s.kind == stepSettle))
	}
	if is.err == nil && all {
		w.sameState(&is)
		w.invariants(&is)
	}
	return is.err
}

func (w *world) sameOutcome(is *same, d *decision, r *ruling) {
	out := d.out
	is.number("chosen", int64(out.Chosen), big.NewInt(int64(r.chosen)))
	is.number("output cap", out.OutputCap, r.outputCap)
	is.number("charged", int64(out.Charged), r.charged)
	is.number("credited", int64(out.Credited), r.credited)
	is.number("fee", int64(out.Fee), r.fee)
	is.number("vesting", int64(out.Vesting), r.vesting)
	is.number("taken", int64(out.Taken), r.taken)
	is.fact("late is not as it was", out.Late == r.late)
	for _, b := range []struct {
		what string
		got  Balance
		want kept
	}{{"wallet", out.Wallet, w.oracle.at(r.wallet)}, {"resource", out.Resource, w.oracle.at(r.resource)}} {
		is.number("outcome's "+b.what, b.got.Balance, b.want.balance)
		is.number("outcome's "+b.what+" held", b.got.Held, b.want.held)
	}
	is.fact("other transactions", slices.EqualFunc(d.drafts, r.kinds, func(d draft, k Kind) bool { return d.kind == k }))
	var entries []Entry
	for _, draft := range d.drafts {
		sums := map[Asset]int64{}
		for _, e := range draft.entries {
			sums[e.Account.Asset()] += e.Amount
		}
		is.fact("a transaction does not balance", sums[Credit] == 0 && sums[USD] == 0)
		entries = append(entries, draft.entries...)
	}
	last := map[AccountID]int64{}
	for _, m := range r.moves {
		i := slices.IndexFunc(entries, func(e Entry) bool { return e.Account == m.account && big.NewInt(e.Amount).Cmp(m.amount) == 0 })
		if i < 0 {
			is.fact(fmt.Sprintf("%s on %s is not booked", m.amount, m.account), false)
			return
		}
		last[m.account] = entries[i].After
		entries = slices.Delete(entries, i, i+1)
	}
	is.fact(fmt.Sprintf("too much is booked: %v", entries), len(entries) == 0)
	for id, after := range last {
		if !platformAccounts[id] {
			is.number("after the last entry "+string(id), after, w.oracle.at(id).balance)
		}
	}
	if d.served.cost > 0 {
		is.fact("served by another key", d.served.resource == r.paysFor)
		cost := big.NewInt(int64(d.served.cost))
		if before := w.served[r.paysFor]; before != nil {
			cost = plus(before, cost)
		}
		w.served[r.paysFor] = cost
	}
}

func (w *world) account(id AccountID) accountRow {
	if a := w.state.accounts[id]; a != nil {
		return a.accountRow
	}
	return w.accounts[id]
}

func (w *world) sameState(is *same) {
	for id, want := range w.oracle.accounts {
		got := w.account(id)
		is.number(string(id), got.balance, want.balance)
		is.number(string(id)+" held", got.held, want.held)
		is.fact(string(id)+" is frozen or closing otherwise", got.frozen == want.frozen && got.closing == want.closing)
	}
	for id, a := range w.state.accounts {
		_, known := w.oracle.accounts[id]
		is.fact(string(id)+" was touched", known || a.accountRow == accountRow{})
	}
	for id, got := range w.state.hot {
		want := w.oracle.moved[id]
		if want == nil {
			want = nothing
		}
		is.number(string(id), got, want)
	}
	for id, want := range w.oracle.budgets {
		got := w.budgets[id]
		if b := w.state.budgets[id]; b != nil {
			got = b.budgetRow
		}
		got.renew(w.now)
		is.number("spent of "+string(id), int64(got.spent), want.spent)
		is.number("held of "+string(id), int64(got.held), want.held)
	}
	w.sameTerms(is)
	for id, want := range w.oracle.holds {
		got, ok := w.holds[id]
		if h := w.state.holds[id]; h != nil {
			got, ok = *h, h.fate != holdResolved
		}
		is.fact(string(id)+" is not as it was taken", ok && got.user == want.user && got.token == want.token && got.resource == want.resource && got.owner == want.owner)
		is.number(string(id)+" credits", int64(got.credits), want.credits)
		is.number(string(id)+" usd", int64(got.usd), want.usd)
	}
	for id, h := range w.state.holds {
		_, known := w.oracle.holds[id]
		is.fact(string(id)+" is still there", known == (h.fate != holdResolved))
	}
}

func (w *world) sameTerms(is *same) {
	for id, want := range w.oracle.deposits {
		got := w.terms[id]
		if d := w.state.terms[id]; d != nil {
			got = *d
		}
		is.fact("the terms of "+string(id)+" are somebody else's", got.user == want.user && got.resource == id && got.confirmed == want.confirmed)
		is.number("quota of "+string(id), int64(got.quota), want.quota)
		is.number("fee of "+string(id), int64(got.fee), want.fee)
		is.number("paid for "+string(id), int64(got.paid), want.paid)
		is.number("vesting of "+string(id), int64(got.vesting), want.vesting)
		is.number("served by "+string(id), int64(got.served), want.served)
		is.number("vested of "+string(id), int64(got.vested), want.vested)
		is.number("withdrawn of "+string(id), int64(got.withdrawn), want.withdrawn)
		is.number("fee undone of "+string(id), int64(got.feeUndone), want.feeUndone)
		is.number("reserved for "+string(id), int64(got.reserved), want.reserved)
	}
	for id := range w.state.terms {
		_, known := w.oracle.deposits[id]
		is.fact(string(id)+" has terms", known)
	}
}

// invariants are those of doc.go, whatever the rules are.
func (w *world) invariants(is *same) {
	held := map[AccountID]*big.Int{}
	hold := func(id AccountID, n *big.Int) {
		if before := held[id]; before != nil {
			n = plus(before, n)
		}
		held[id] = n
	}
	for _, h := range w.oracle.holds {
		hold(Wallet(h.user), h.credits)
		hold(Quota(h.resource), h.usd)
	}
	for id, d := range w.oracle.deposits {
		hold(Wallet(d.user), d.reserved)
		is.fact("the terms of "+string(id)+" are out of bounds", d.vesting.Sign() >= 0 && d.paid.Sign() >= 0 && !above(d.withdrawn, d.quota) && !above(d.feeUndone, d.fee))
	}
	sums := map[Asset]*big.Int{Credit: nothing, USD: nothing}
	for id := range w.oracle.accounts {
		a := w.account(id)
		want := held[id]
		if want == nil {
			want = nothing
		}
		is.number(string(id)+" held, to its holds,", a.held, want)
		if _, debt := strings.CutPrefix(string(id), "debt:"); debt {
			is.fact(string(id)+" is above 0", a.balance <= 0 && a.held == 0)
		} else {
			is.fact(string(id)+" is below 0", a.held >= 0 && a.balance >= a.held)
		}
		sums[id.Asset()] = plus(sums[id.Asset()], big.NewInt(a.balance))
	}
	for id := range platformAccounts {
		sums[id.Asset()] = plus(sums[id.Asset()], plus(w.sum(id), big.NewInt(w.state.hot[id])))
	}
	is.fact(fmt.Sprintf("the books do not balance: %v", sums), sums[Credit].Sign() == 0 && sums[USD].Sign() == 0)
	for id, b := range w.oracle.budgets {
		is.fact(string(id)+" is overspent", b.limit == nil || !above(plus(b.spent, b.held), b.limit))
	}
}

// shortest leaves out of a story what the difference does not need.
func shortest(steps []step) []step {
	for i := len(steps) - 1; i >= 0; i-- {
		shorter := slices.Delete(slices.Clone(steps), i, i+1)
		if newWorld(map[string]int{}).tell(shorter) != nil {
			steps = shorter
		}
	}
	return steps
}

// differ fails with the shortest story in which Apply and the oracle differ.
func differ(t *testing.T, steps []step, origin string) {
	t.Helper()
	steps = shortest(steps)
	var lines strings.Builder
	for i := range steps {
		fmt.Fprintln(&lines, steps[i].String())
	}
	t.Fatalf("%s: %v\n%s", origin, newWorld(map[string]int{}).tell(steps), lines.String())
}

// corners are what the stories must come to, or they prove nothing.
var corners = []string{
	"Hold", "Hold frozen", "Hold credits", "Hold credits owed", "Hold credits token", "Hold quota",
	"Move", "Move gone", "Move quota", "Release", "Release gone",
	"Settle", "Settle late", "Settle impossible", "Settle overflow",
	"Deposit", "Deposit impossible", "Deposit overflow", "Deposit frozen", "Vest", "Vest nothing",
	"Withdraw", "Withdraw credits", "Withdraw closing", "Withdraw frozen", "Clawback", "Clawback nothing", "Clawback frozen", "Grant", "Grant impossible", "Grant overflow", "Grant frozen",
}

// TestApplyAgreesWithTheOracle tells stories until ORACLE_OPERATIONS operations were compared, half of them the same each
// time and half drawn from ORACLE_SEED, or from a seed that is new each time.
func TestApplyAgreesWithTheOracle(t *testing.T) {
	setting := func(name string, otherwise uint64) uint64 {
		n, err := strconv.ParseUint(os.Getenv(name), 10, 64)
		if err != nil {
			return otherwise
		}
		return n
	}
	want, seed := int(setting("ORACLE_OPERATIONS", 50_000)), setting("ORACLE_SEED", rand.Uint64())
	counts, done := map[string]int{}, 0
	for n := uint64(0); done < want; n++ {
		from := seed
		if done < want/2 {
			from = 1
		}
		steps := story(dice{rand.New(rand.NewPCG(from, n))})
		if newWorld(counts).tell(steps) != nil {
			differ(t, steps, fmt.Sprintf("ORACLE_SEED=%d, story %d", from, n))
		}
		for i := range steps {
			if steps[i].kind.operation() {
				done++
			}
		}
	}
	t.Logf("%d operations agree, ORACLE_SEED=%d: %v", done, seed, counts)
	if want >= 1_000_000 {
		corners = append(corners, "Vest overflow")
	}
	for _, corner := range corners {
		require.Positive(t, counts[corner], "no story came to %q", corner)
	}
}

// FuzzApply lets the fuzzer tell the stories.
func FuzzApply(f *testing.F) {
	for seed := range uint64(20) {
		bytes := make([]byte, 600)
		_, _ = rand.NewChaCha8([32]byte{byte(seed)}).Read(bytes)
		f.Add(bytes)
	}
	f.Fuzz(func(t *testing.T, bytes []byte) {
		if steps := story(&tape{bytes}); newWorld(map[string]int{}).tell(steps) != nil {
			differ(t, steps, "fuzzed")
		}
	})
}
