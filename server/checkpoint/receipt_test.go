package checkpoint_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/checkpoint"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
)

// market is a ledger with a charge of tom's, served by bob's key, at seq, and the deposit and grant before it.
type market struct {
	*world
	bob, tom, eve, admin *access.Actor
	key                  ids.ID
	deposit, grant, seq  int64
	withdrawal           int64 // of bob's key, by an admin
	proofs               *checkpoint.Proofs
}

func newMarket(t *testing.T) *market {
	t.Helper()
	m := &market{world: newWorld(t)}
	for _, p := range []**access.Actor{&m.bob, &m.tom, &m.eve, &m.admin} {
		*p = &access.Actor{ID: source.New(ids.User), Roles: []access.Role{access.User}}
	}
	m.admin.Roles = append(m.admin.Roles, access.Admin)
	m.key = source.New(ids.Resource)
	m.exec(`INSERT INTO users (id, email, display_name, password_hash, created_at) VALUES ($1, 'bob@example.org', 'Bob', 'x', now())`, m.bob.ID)
	m.exec(`INSERT INTO pool_resources (id, owner_id, provider, label, masked_key, fingerprint, models, original_quota, quota_confirmed, status, created_at)
		VALUES ($1, $2, 'openai', 'l', 'sk-…', 'f', '[]', 1, true, 'ACTIVE', now())`, m.key, m.bob.ID)
	do := func(op ledger.Operation) ledger.Outcome {
		out, err := m.ledger.Do(t.Context(), ledger.Request{Op: op})
		require.NoError(t, err)
		return out
	}
	m.deposit = do(&ledger.Deposit{Resource: m.key, Owner: m.bob.ID, Actor: m.bob.ID, Quota: 100 * money.One, Fee: 10 * money.One, TrustLimit: 1000 * money.One, Memo: "Deposit: bob's"}).Seq
	m.grant = do(&ledger.Grant{User: m.tom.ID, Actor: m.admin.ID, Amount: 100 * money.One, Memo: "welcome"}).Seq
	hold := source.New(ids.Hold)
	do(&ledger.Hold{
		ID: hold, User: m.tom.ID, OutputCap: 100, TTL: time.Minute, Credits: func(int64) (money.Credits, error) { return 7 * money.One, nil },
		Candidates: []ledger.Reserve{{Resource: m.key, Owner: m.bob.ID, USD: func(int64) (money.USD, error) { return 3 * money.One, nil }}},
	})
	m.seq = do(&ledger.Settle{Hold: hold, Charge: 6*money.One + 1, Cost: 2*money.One + 3, Usage: &ledger.Usage{
		ID: source.New(ids.Usage), CreatedAt: clock.System.Now(), Succeeded: true, Model: "gpt-4", Provider: "openai", User: m.tom.ID, Resource: m.key, Owner: m.bob.ID, Attempts: 1,
	}}).Seq
	m.withdrawal = do(&ledger.Withdraw{Resource: m.key, Owner: m.bob.ID, Actor: m.admin.ID, Memo: "taken back"}).Seq
	policy, err := access.New()
	require.NoError(t, err)
	m.proofs = checkpoint.NewProofs(checkpoint.ProofsDeps{DB: m.db, Policy: policy, Keys: m.world.key.Verifiers()})
	return m
}

func (m *market) receipt(a *access.Actor, seq int64) *checkpoint.Receipt {
	m.t.Helper()
	r, err := m.proofs.Receipt(m.t.Context(), a, seq)
	require.NoError(m.t, err)
	return r
}

// read takes a receipt through its JSON.
func read(t *testing.T, text []byte) *checkpoint.Receipt {
	t.Helper()
	r, err := checkpoint.ReadReceipt(bytes.NewReader(text))
	require.NoError(t, err)
	return r
}

func TestAReceiptOpensWhatItsHolderMaySee(t *testing.T) {
	m := newMarket(t)
	_, err := m.proofs.Receipt(t.Context(), m.tom, m.seq)
	require.ErrorIs(t, err, checkpoint.ErrNotYet)
	m.sign(300)

	for _, c := range []struct {
		name  string
		who   *access.Actor
		seq   int64
		shows []string
		hides []string
	}{
		{"the consumer of a charge", m.tom, m.seq, []string{"wallet:" + string(m.tom.ID), "-6.000000001", "gpt-4"}, []string{string(m.key), string(m.bob.ID), "platform.", "provider.", "2.000000003"}},
		{"an admin", m.admin, m.seq, []string{string(m.key), "platform.revenue", "provider.spent", "-2.000000003"}, nil},
		{"a contributor", m.bob, m.deposit, []string{string(m.key), "resource:" + string(m.key), `"100"`, "wallet:" + string(m.bob.ID), `"90"`}, []string{"platform.", "provider."}},
		{"a contributor whose key an admin withdrew", m.bob, m.withdrawal, []string{"taken back", "resource:" + string(m.key)}, []string{string(m.admin.ID)}},
		{"whom an admin gave Credits", m.tom, m.grant, []string{"welcome", `"100"`}, []string{string(m.admin.ID), "platform."}},
	} {
		text := m.receipt(c.who, c.seq).JSON()
		r := read(t, text)
		covered, err := r.Verify(m.world.key.Verifiers())
		require.NoError(t, err, c.name)
		require.Equal(t, m.keeper.Newest().Root, covered.Root)
		for _, s := range c.shows {
			require.Contains(t, string(text), s, c.name)
			require.Contains(t, r.Text(covered), strings.Trim(s, `"`), c.name)
		}
		for _, s := range c.hides {
			require.NotContains(t, string(text), s, c.name)
			require.NotContains(t, r.Text(covered), s, c.name)
		}
	}

	m.book(1)
	_, err = m.proofs.Receipt(t.Context(), m.admin, m.keeper.Newest().Size+1)
	require.ErrorIs(t, err, checkpoint.ErrNotYet)
	for _, c := range []struct {
		who *access.Actor
		seq int64
	}{{m.bob, m.seq}, {m.eve, m.seq}, {m.eve, m.deposit}, {m.tom, m.deposit}, {nil, m.seq}, {m.tom, 0}, {m.tom, 1 << 40}, {m.admin, 1 << 40}} {
		_, err := m.proofs.Receipt(t.Context(), c.who, c.seq)
		require.ErrorIs(t, err, checkpoint.ErrNotFound)
	}
}

// TestEveryChangeOfAReceiptIsFound changes each byte of each value in it, and whole values.
func TestEveryChangeOfAReceiptIsFound(t *testing.T) {
	m := newMarket(t)
	m.sign(300)
	text := m.receipt(m.tom, m.seq).JSON()
	keys := m.world.key.Verifiers()
	bad := func(changed []byte, what string) {
		t.Helper()
		if bytes.Equal(changed, text) {
			return
		}
		r, err := checkpoint.ReadReceipt(bytes.NewReader(changed))
		if err == nil {
			_, err = r.Verify(keys)
		}
		require.Error(t, err, what)
		require.NotContains(t, err.Error(), "%!")
	}
	changes := 0
	eachValue(gjson.ParseBytes(text), func(v gjson.Result, path string) {
		for i := v.Index; i < v.Index+len(v.Raw); i++ {
			for _, flip := range []byte{1, 2, 0x20} {
				changed := bytes.Clone(text)
				changed[i] ^= flip
				bad(changed, fmt.Sprintf("%s: byte %d of %s, ^%d", path, i-v.Index, v.Raw, flip))
				changes++
			}
		}
		bad([]byte(string(text[:v.Index])+`""`+string(text[v.Index+len(v.Raw):])), path+" emptied")
	})
	require.Greater(t, changes, 3000)

	// What is whole and of another place.
	other := m.receipt(m.tom, m.grant)
	for what, change := range map[string]func(r *checkpoint.Receipt){
		"another's proof":   func(r *checkpoint.Receipt) { r.Proof = other.Proof },
		"another's entries": func(r *checkpoint.Receipt) { r.Transaction.Entries = other.Transaction.Entries },
		"an entry left out": func(r *checkpoint.Receipt) { r.Transaction.Entries = r.Transaction.Entries[1:] },
		"an entry twice": func(r *checkpoint.Receipt) {
			r.Transaction.Entries = append(r.Transaction.Entries, r.Transaction.Entries[0])
		},
		"entries in disorder": func(r *checkpoint.Receipt) { e := r.Transaction.Entries; e[0], e[1] = e[1], e[0] },
		"a path cut":          func(r *checkpoint.Receipt) { r.Proof.Path = r.Proof.Path[1:] },
		"a path made longer":  func(r *checkpoint.Receipt) { r.Proof.Path = append(r.Proof.Path, r.Proof.Path[0]) },
		"opened and shut":     func(r *checkpoint.Receipt) { r.Transaction.Memo.Commitment = r.Proof.Leaf },
		"a claim on what is shut": func(r *checkpoint.Receipt) {
			for i := range r.Transaction.Entries {
				if e := &r.Transaction.Entries[i]; e.Commitment != "" {
					e.Account, e.Asset, e.Amount = ledger.Revenue, ledger.Credit, "1"
				}
			}
		},
		"an origin claimed":     func(r *checkpoint.Receipt) { r.Transaction.Origin.Resource = "res_other" },
		"a checkpoint unsigned": func(r *checkpoint.Receipt) { r.Checkpoint, _, _ = strings.Cut(r.Checkpoint, "\n\n") },
		"the same amount, otherwise": func(r *checkpoint.Receipt) {
			for i := range r.Transaction.Entries {
				if a := &r.Transaction.Entries[i].Amount; *a != "" {
					*a = "-06.000000001"
				}
			}
		},
	} {
		r := read(t, text)
		change(r)
		bad(r.JSON(), what)
	}
	bad(append(bytes.Clone(text), "{}"...), "something behind it")
	bad([]byte(strings.Replace(string(text), `"seq"`, `"more": 1, "seq"`, 1)), "a field more")
	_, err := read(t, text).Verify(newKey(t).Verifiers())
	require.ErrorContains(t, err, "signed by another key")
}

// eachValue calls f with each text and number in v.
func eachValue(v gjson.Result, f func(gjson.Result, string)) {
	var walk func(v gjson.Result, base int, path string)
	walk = func(v gjson.Result, base int, path string) {
		if v.Type != gjson.JSON {
			v.Index += base
			f(v, path)
			return
		}
		v.ForEach(func(k, child gjson.Result) bool {
			walk(child, 0, path+"."+k.String())
			return true
		})
	}
	walk(v, 0, "")
}

func TestNoReceiptIsMadeOfBooksThatWereChanged(t *testing.T) {
	for name, tamper := range map[string]string{
		"Entry": `UPDATE ledger_entries SET amount = amount * 2 WHERE seq = $1`,
		"Leaf":  `UPDATE ledger_transactions SET leaf = sha256(leaf) WHERE seq = $1`,
		"Memo":  `UPDATE ledger_transactions SET memo = 'nothing' WHERE seq = $1`,
		"Note":  `UPDATE ledger_checkpoint SET note = reverse(note) WHERE $1 > 0`,
	} {
		t.Run(name, func(t *testing.T) {
			m := newMarket(t)
			m.sign(3)
			m.receipt(m.tom, m.seq)
			m.tamper(tamper, m.seq)
			_, err := m.proofs.Receipt(t.Context(), m.tom, m.seq)
			require.Error(t, err)
			require.NotErrorIs(t, err, checkpoint.ErrNotFound)
		})
	}
}

func TestTheJSONOfAReceipt(t *testing.T) {
	m := newMarket(t)
	m.sign(1)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(m.receipt(m.tom, m.seq).JSON(), &fields))
	require.Equal(t, "resourcepool receipt v1", fields["receipt"])
	require.ElementsMatch(t, []string{"receipt", "transaction", "proof", "checkpoint"}, keysOf(fields))
	require.ElementsMatch(t, []string{"seq", "time", "kind", "user", "usage", "origin", "memo", "entries"}, keysOf(fields["transaction"].(map[string]any)))
	require.ElementsMatch(t, []string{"leaf", "index", "size", "path"}, keysOf(fields["proof"].(map[string]any)))
}

func keysOf(m map[string]any) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}
