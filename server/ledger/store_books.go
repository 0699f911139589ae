package ledger

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lib/pq"
)

// writeBooks writes what stands under the lock of the head: the hot accounts, transactions, entries, usage logs, roll-ups.
func (w *writer) writeBooks(s *statement, b *batchRun) {
	if len(b.links) > 0 {
		w.writeLinks(s, b)
	}
	if len(b.usages) > 0 {
		writeUsages(s, b.usages)
		writeUsageRollups(s, b.rollups)
	}
	writeOwnerRollups(s, b.rollups)
}

func (w *writer) writeLinks(s *statement, b *batchRun) {
	s.add(`UPDATE ledger_head SET seq = $1::bigint, hash = $2::bytea, at = $3::timestamptz WHERE id = 1`, b.head.seq, b.head.hash[:], b.head.at)
	var hot []string
	var delta []int64
	for _, id := range slices.Sorted(maps.Keys(b.state.hot)) {
		if d := b.state.hot[id]; d != 0 {
			hot, delta = append(hot, string(id)), append(delta, d)
		}
	}
	if hot != nil {
		s.add(`UPDATE ledger_accounts a SET balance = a.balance + u.delta FROM unnest($1::text[], $2::bigint[]) AS u (id, delta) WHERE a.id = u.id`,
			pq.Array(hot), pq.Array(delta))
	}
	n := len(b.links)
	seqs, kinds, memos := make([]int64, n), make([]string, n), make([]string, n)
	actors, users, resources, usages := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	salts, leaves, prevs, hashes := make(pq.ByteaArray, n), make(pq.ByteaArray, n), make(pq.ByteaArray, n), make(pq.ByteaArray, n)
	var entrySeqs, entryNs, amounts []int64
	var accounts []string
	var after []any
	var entrySalts pq.ByteaArray
	for i := range b.links {
		l := &b.links[i]
		seqs[i], kinds[i], memos[i], salts[i] = l.seq, string(l.kind), l.memo, l.opening()
		actors[i], users[i], resources[i], usages[i] = string(l.actor), string(l.user), string(l.resource), string(l.usage)
		leaves[i], prevs[i], hashes[i] = l.leaf[:], l.prev[:], l.hash[:]
		for k, e := range l.entries {
			entrySeqs, entryNs, amounts = append(entrySeqs, l.seq), append(entryNs, int64(k)), append(amounts, e.Amount)
			accounts, entrySalts = append(accounts, string(e.Account)), append(entrySalts, l.entrySalt(k))
			if e.Account.Hot() {
				after = append(after, nil)
			} else {
				after = append(after, e.After)
			}
		}
	}
	s.add(`INSERT INTO ledger_transactions (created_at, seq, kind, memo, memo_salt, actor_id, user_id, resource_id, usage_id, leaf, previous_hash, hash)
		SELECT $1::timestamptz, * FROM unnest($2::bigint[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bytea[], $11::bytea[], $12::bytea[])`,
		b.head.at, pq.Array(seqs), pq.Array(kinds), pq.Array(memos), salts, pq.Array(actors), pq.Array(users), pq.Array(resources), pq.Array(usages), leaves, prevs, hashes)
	if entrySeqs != nil {
		s.add(`INSERT INTO ledger_entries (seq, n, account_id, amount, balance_after, salt)
			SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::text[], $4::bigint[], $5::bigint[], $6::bytea[])`,
			pq.Array(entrySeqs), pq.Array(entryNs), pq.Array(accounts), pq.Array(amounts), pq.Array(after), entrySalts)
	}
}

func writeUsageRollups(s *statement, r *rollups) {
	keys := slices.SortedFunc(maps.Keys(r.usage), func(a, b usageKey) int {
		if c := a.hour.Compare(b.hour); c != 0 {
			return c
		}
		return strings.Compare(string(a.user)+string(a.resource)+a.model, string(b.user)+string(b.resource)+b.model)
	})
	var hours, users, resources, owners, providers, models []string
	var requests, failed, prompt, completion, latency, credits, cost []int64
	for _, k := range keys {
		u := r.usage[k]
		hours, users, resources, owners = append(hours, k.hour.Format(time.RFC3339)), append(users, string(k.user)), append(resources, string(k.resource)), append(owners, string(u.owner))
		providers, models = append(providers, u.provider), append(models, k.model)
		requests, failed, prompt, completion = append(requests, u.requests), append(failed, u.failed), append(prompt, u.prompt), append(completion, u.completion)
		latency, credits, cost = append(latency, u.latencyMs), append(credits, int64(u.credits)), append(cost, int64(u.cost))
	}
	s.add(`INSERT INTO usage_rollups AS t (hour, user_id, resource_id, owner_id, provider, model, requests, failed, prompt_tokens, completion_tokens, latency_ms, credits_charged, cost_amount)
		SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[])
		ON CONFLICT (hour, user_id, resource_id, model) DO UPDATE SET requests = t.requests + excluded.requests, failed = t.failed + excluded.failed,
			prompt_tokens = t.prompt_tokens + excluded.prompt_tokens, completion_tokens = t.completion_tokens + excluded.completion_tokens,
			latency_ms = t.latency_ms + excluded.latency_ms, credits_charged = t.credits_charged + excluded.credits_charged, cost_amount = t.cost_amount + excluded.cost_amount`,
		pq.Array(hours), pq.Array(users), pq.Array(resources), pq.Array(owners), pq.Array(providers), pq.Array(models), pq.Array(requests), pq.Array(failed),
		pq.Array(prompt), pq.Array(completion), pq.Array(latency), pq.Array(credits), pq.Array(cost))
	s.add(`UPDATE pool_totals SET requests = requests + $1::bigint, succeeded = succeeded + $2::bigint, credits_charged = credits_charged + $3::bigint,
		provider_cost = provider_cost + $4::bigint WHERE id = 1`, r.totals.requests, r.totals.succeeded, int64(r.totals.credits), int64(r.totals.cost))
}

func writeOwnerRollups(s *statement, r *rollups) {
	if len(r.owners) > 0 {
		var owners []string
		var contributed, consumed, issued, revenue, requests []int64
		for _, id := range slices.Sorted(maps.Keys(r.owners)) {
			o := r.owners[id]
			owners, contributed, consumed = append(owners, string(id)), append(contributed, int64(o.contributed)), append(consumed, int64(o.consumed))
			issued, revenue, requests = append(issued, int64(o.issued)), append(revenue, int64(o.revenue)), append(requests, o.requests)
		}
		s.add(`INSERT INTO pool_ledgers AS t (owner_id, contributed, consumed, credits_issued, revenue, requests)
			SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
			ON CONFLICT (owner_id) DO UPDATE SET contributed = t.contributed + excluded.contributed, consumed = t.consumed + excluded.consumed,
				credits_issued = t.credits_issued + excluded.credits_issued, revenue = t.revenue + excluded.revenue, requests = t.requests + excluded.requests`,
			pq.Array(owners), pq.Array(contributed), pq.Array(consumed), pq.Array(issued), pq.Array(revenue), pq.Array(requests))
	}
	if len(r.served) > 0 {
		var resources []string
		var cost []int64
		for _, id := range slices.Sorted(maps.Keys(r.served)) {
			resources, cost = append(resources, string(id)), append(cost, int64(r.served[id]))
		}
		s.add(`UPDATE ledger_deposits d SET served = d.served + u.cost FROM unnest($1::text[], $2::bigint[]) AS u (id, cost) WHERE d.resource_id = u.id`,
			pq.Array(resources), pq.Array(cost))
	}
}
