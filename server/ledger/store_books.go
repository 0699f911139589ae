package ledger

import (
	"maps"
	"slices"
	"strings"
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
	hot, delta := texts(8), ints(8)
	for _, id := range slices.Sorted(maps.Keys(b.state.hot)) {
		if d := b.state.hot[id]; d != 0 {
			hot.text(string(id))
			delta.int(d)
		}
	}
	if hot.n > 0 {
		s.add(`UPDATE ledger_accounts a SET balance = a.balance + u.delta FROM unnest($1::text[], $2::bigint[]) AS u (id, delta) WHERE a.id = u.id`, hot, delta)
	}
	n := len(b.links)
	seqs, kinds, memos, salts := ints(n), texts(n), texts(n), bytes(n)
	actors, users, resources, usages := texts(n), texts(n), texts(n), texts(n)
	leaves, prevs, hashes := bytes(n), bytes(n), bytes(n)
	entrySeqs, entryNs, amounts, after := ints(4*n), ints(4*n), ints(4*n), ints(4*n)
	accounts, entrySalts := texts(4*n), bytes(4*n)
	for i := range b.links {
		l := &b.links[i]
		seqs.int(l.seq)
		kinds.text(string(l.kind))
		memos.text(l.memo)
		salts.bytes(l.opening())
		actors.text(string(l.actor))
		users.text(string(l.user))
		resources.text(string(l.resource))
		usages.text(string(l.usage))
		leaves.bytes(l.leaf[:])
		prevs.bytes(l.prev[:])
		hashes.bytes(l.hash[:])
		for k, e := range l.entries {
			entrySeqs.int(l.seq)
			entryNs.int(int64(k))
			accounts.text(string(e.Account))
			amounts.int(e.Amount)
			entrySalts.bytes(l.entrySalt(k))
			if e.Account.Hot() {
				after.null()
			} else {
				after.int(e.After)
			}
		}
	}
	s.add(`INSERT INTO ledger_transactions (created_at, seq, kind, memo, memo_salt, actor_id, user_id, resource_id, usage_id, leaf, previous_hash, hash)
		SELECT $1::timestamptz, * FROM unnest($2::bigint[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bytea[], $11::bytea[], $12::bytea[])`,
		b.head.at, seqs, kinds, memos, salts, actors, users, resources, usages, leaves, prevs, hashes)
	if entrySeqs.n > 0 {
		s.add(`INSERT INTO ledger_entries (seq, n, account_id, amount, balance_after, salt)
			SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bytea[])`,
			entrySeqs, entryNs, accounts, amounts, after, entrySalts)
	}
}

func writeUsageRollups(s *statement, r *rollups) {
	keys := slices.SortedFunc(maps.Keys(r.usage), func(a, b usageKey) int {
		if c := a.hour.Compare(b.hour); c != 0 {
			return c
		}
		return strings.Compare(string(a.user)+string(a.resource)+a.model, string(b.user)+string(b.resource)+b.model)
	})
	n := len(keys)
	hours, users, resources, owners, providers, models := times(n), texts(n), texts(n), texts(n), texts(n), texts(n)
	requests, failed, prompt, completion := ints(n), ints(n), ints(n), ints(n)
	latency, credits, cost := ints(n), ints(n), ints(n)
	for _, k := range keys {
		u := r.usage[k]
		hours.time(k.hour)
		users.text(string(k.user))
		resources.text(string(k.resource))
		owners.text(string(u.owner))
		providers.text(u.provider)
		models.text(k.model)
		requests.int(u.requests)
		failed.int(u.failed)
		prompt.int(u.prompt)
		completion.int(u.completion)
		latency.int(u.latencyMs)
		credits.int(int64(u.credits))
		cost.int(int64(u.cost))
	}
	s.add(`INSERT INTO usage_rollups AS t (hour, user_id, resource_id, owner_id, provider, model, requests, failed, prompt_tokens, completion_tokens, latency_ms, credits_charged, cost_amount)
		SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[])
		ON CONFLICT (hour, user_id, resource_id, model) DO UPDATE SET requests = t.requests + excluded.requests, failed = t.failed + excluded.failed,
			prompt_tokens = t.prompt_tokens + excluded.prompt_tokens, completion_tokens = t.completion_tokens + excluded.completion_tokens,
			latency_ms = t.latency_ms + excluded.latency_ms, credits_charged = t.credits_charged + excluded.credits_charged, cost_amount = t.cost_amount + excluded.cost_amount`,
		hours, users, resources, owners, providers, models, requests, failed, prompt, completion, latency, credits, cost)
	s.add(`UPDATE pool_totals SET requests = requests + $1::bigint, succeeded = succeeded + $2::bigint, credits_charged = credits_charged + $3::bigint,
		provider_cost = provider_cost + $4::bigint WHERE id = 1`, r.totals.requests, r.totals.succeeded, int64(r.totals.credits), int64(r.totals.cost))
}

func writeOwnerRollups(s *statement, r *rollups) {
	if len(r.owners) > 0 {
		n := len(r.owners)
		owners, contributed, consumed, issued, revenue, requests := texts(n), ints(n), ints(n), ints(n), ints(n), ints(n)
		for _, id := range slices.Sorted(maps.Keys(r.owners)) {
			o := r.owners[id]
			owners.text(string(id))
			contributed.int(int64(o.contributed))
			consumed.int(int64(o.consumed))
			issued.int(int64(o.issued))
			revenue.int(int64(o.revenue))
			requests.int(o.requests)
		}
		s.add(`INSERT INTO pool_ledgers AS t (owner_id, contributed, consumed, credits_issued, revenue, requests)
			SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
			ON CONFLICT (owner_id) DO UPDATE SET contributed = t.contributed + excluded.contributed, consumed = t.consumed + excluded.consumed,
				credits_issued = t.credits_issued + excluded.credits_issued, revenue = t.revenue + excluded.revenue, requests = t.requests + excluded.requests`,
			owners, contributed, consumed, issued, revenue, requests)
	}
	if len(r.served) > 0 {
		resources, cost := texts(len(r.served)), ints(len(r.served))
		for _, id := range slices.Sorted(maps.Keys(r.served)) {
			resources.text(string(id))
			cost.int(int64(r.served[id]))
		}
		s.add(`UPDATE ledger_deposits d SET served = d.served + u.cost FROM unnest($1::text[], $2::bigint[]) AS u (id, cost) WHERE d.resource_id = u.id`,
			resources, cost)
	}
}
