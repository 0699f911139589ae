package gateway_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/gateway"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/routing"
)

func TestWhoMayNotAskIsRefused(t *testing.T) {
	w := newWorld(t)
	w.key(first, "1000", false)
	for _, streamed := range []bool{false, true} {
		_, err := w.try(nil, ask("gpt-4"), streamed)
		requireCode(t, fault.Unauthenticated, err)
		frozen := w.consumer("50")
		frozen.Frozen = true
		_, err = w.try(frozen, ask("gpt-4"), streamed)
		requireCode(t, fault.Forbidden, err)
		_, err = w.gw.Estimate(t.Context(), frozen, ask("gpt-4"))
		require.NoError(t, err, "FROZEN people read")
		narrow := w.consumer("50")
		narrow.TokenModels = []string{"gpt-4o"}
		_, err = w.try(narrow, ask("gpt-4"), streamed)
		requireCode(t, fault.Forbidden, err)
		narrow.TokenModels = []string{"gpt-4"}
		w.complete(narrow, ask("gpt-4"), streamed)
		in := ask("gpt-4")
		in.Messages[0].Content = ""
		_, err = w.try(w.consumer("50"), in, streamed)
		require.Equal(t, "input.messages[0].content", requireCode(t, fault.BadUserInput, err).Field)
	}
}

func TestATokensBudgetBindsAndCounts(t *testing.T) {
	w := newWorld(t)
	w.key(first, "1000", false)
	tom := w.consumer("50")
	tom.TokenID = source.New(ids.Token)
	limit := credits(t, "15")
	require.NoError(t, w.ledger.OpenBudget(t.Context(), w.db, tom.TokenID, &limit, ""))
	w.up.NextUsage(first, 2000, 1000)
	w.complete(tom, capped(ask("gpt-4"), 1000), false)
	_, err := w.gw.Complete(t.Context(), tom, capped(ask("gpt-4"), 1000))
	require.Equal(t, "token", requireCode(t, fault.InsufficientCredits, err).Details["limit"])
	b, err := w.ledger.Budgets(t.Context(), tom.TokenID)
	require.NoError(t, err)
	require.Equal(t, credits(t, "10"), b[tom.TokenID].Spent)
	require.Zero(t, b[tom.TokenID].Held)
	require.Equal(t, tom.TokenID, w.log().TokenID)
	w.sound()
}

func TestAnEstimateIsWhatWouldBeHeld(t *testing.T) {
	w := newWorld(t)
	w.price("gpt-4o", "10", "30", "1000", "10000", "0")
	w.key(first, "1000", false)
	tom := w.consumer("50")
	e, err := w.gw.Estimate(t.Context(), tom, capped(ask("gpt-4o"), 1000))
	require.NoError(t, err)
	bound := int64(len(ask("").Messages[0].Content)) + 32
	require.Equal(t, bound*1000*1000+1000*10000*1000, int64(e.Maximum))
	require.Positive(t, e.Expected)
	require.Less(t, e.Expected, e.Maximum)
	require.Less(t, e.PromptTokens, bound)
	_, err = w.gw.Estimate(t.Context(), tom, ask("nothing-like-it"))
	requireCode(t, fault.ModelNotFound, err)
	require.Equal(t, "50", w.available(tom))
}

func TestAPreviewDecidesLikeARequestAndSendsNothing(t *testing.T) {
	w := newWorld(t)
	main := w.key(first, "1000", false)
	backup := w.key(second, "1000", true)
	w.up.AddKey(third, "5", "gpt-4o")
	lacking := w.keyFor(third, "5")
	paused := w.key(fourth, "10", false)
	w.pause(paused)
	before := w.up.Totals()
	d, err := w.gw.Preview(t.Context(), w.admin, ask("gpt-4"))
	require.NoError(t, err)
	require.Equal(t, []ids.ID{main, backup}, d.Order)
	require.Equal(t, routing.OnlyCandidate, d.Reason)
	require.Equal(t, routing.NotActive, d.Candidates[2].Excluded)
	require.Equal(t, before, w.up.Totals())
	w.complete(w.consumer("50"), ask("gpt-4"), false)
	record := w.decision(w.log().ID)
	require.Contains(t, record, `"wrong_model": 1`)
	require.Contains(t, record, `"not_active": 1`)
	require.NotContains(t, record, string(lacking))
}

func TestPromptsAndKeysStayOutOfTheDatabase(t *testing.T) {
	w := newWorld(t)
	w.key(first, "1000", false)
	in := with(ask("gpt-4"), "k")
	in.Messages[0].Content = "CANARY-prompt"
	r := w.complete(w.consumer("50"), in, false)
	for _, secret := range []string{"CANARY", first, strings.Fields(r.Completion.Content)[0] + " " + strings.Fields(r.Completion.Content)[1]} {
		for _, table := range []string{"usage_logs", "routing_decisions", "ledger_operations", "ledger_transactions", "pool_resources", "secrets"} {
			require.Zero(t, w.count(`SELECT count(*) FROM `+table+` x WHERE x::text LIKE '%' || $1 || '%'
				OR x::text LIKE '%' || encode($1::bytea, 'hex') || '%'`, secret), "%s in %s", secret, table)
		}
	}
}

func TestEveryEndIsObserved(t *testing.T) {
	w := newWorld(t)
	w.key(first, "1000", false)
	var mu sync.Mutex
	var seen []fault.Code
	w.restart(func(e gateway.Ended) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, e.Code)
	})
	tom := w.consumer("50")
	for _, streamed := range []bool{false, true} {
		w.complete(tom, ask("gpt-4"), streamed)
		_, _ = w.try(tom, ask("gpt-unknown"), streamed)
	}
	_, _ = w.try(nil, ask("gpt-4"), true)
	require.NoError(t, w.gw.Drain(t.Context()))
	require.Equal(t, []fault.Code{"", fault.ModelNotFound, "", fault.ModelNotFound, fault.Unauthenticated}, seen)
}
