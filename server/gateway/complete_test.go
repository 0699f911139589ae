package gateway_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent/poolresource"
	"github.com/resourcepool/resourcepool/server/gateway"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/routing"
)

const (
	first  = "sk-first-0123456789abcdef"
	second = "sk-second-0123456789abcdef"
	third  = "sk-third-0123456789abcdef"
	fourth = "sk-fourth-0123456789abcdef"
)

func TestTheWorkedExampleIsExact(t *testing.T) {
	w := newWorld(t)
	key := w.key(first, "1000", false)
	tom, alice := w.consumer("50"), w.consumer("50")

	w.up.NextUsage(first, 2000, 1000)
	r, err := w.gw.Complete(t.Context(), tom, ask("gpt-4"))
	require.NoError(t, err)
	require.Equal(t, credits(t, "10"), r.CreditsCharged)
	require.Equal(t, int64(2000), r.Completion.PromptTokens)
	require.Equal(t, int64(1000), r.Completion.CompletionTokens)
	require.Equal(t, gateway.FinishStop, r.Completion.FinishReason)
	require.NotEmpty(t, r.Completion.Content)
	require.Equal(t, "40", w.available(tom))
	require.Equal(t, "999.95", w.left(key))
	row := w.log()
	require.Equal(t, r.UsageID, row.ID)
	require.Equal(t, usd(t, "0.05"), row.CostAmount)
	require.Equal(t, "only_candidate", row.RoutingReason)
	require.Equal(t, usd(t, "10"), row.InputCost)
	require.Equal(t, credits(t, "10000"), row.OutputPrice)
	require.Equal(t, int64(1), row.Attempts)
	require.False(t, row.Estimated || row.Clamped)

	w.up.NextUsage(first, 1500, 500)
	_, err = w.gw.Complete(t.Context(), alice, ask("gpt-4"))
	require.NoError(t, err)
	require.Equal(t, "45", w.available(alice))
	require.Equal(t, "999.92", w.left(key))

	backup := w.key(second, "5000", true)
	_, err = w.pool.Pause(t.Context(), w.admin, key)
	require.NoError(t, err)
	w.up.NextUsage(second, 5500, 1500)
	_, err = w.gw.Complete(t.Context(), w.consumer("50"), ask("gpt-4"))
	require.NoError(t, err)
	require.Equal(t, "4999.9", w.left(backup))
	require.Equal(t, string(routing.FallbackToBackup), w.log().RoutingReason)
	require.Equal(t, 3, w.count(`SELECT count(*) FROM routing_decisions`))

	health := w.row(key)
	require.Equal(t, int64(2), health.TotalRequests)
	require.Equal(t, int64(2), health.SuccessfulRequests)
	require.NotNil(t, health.TokenLatencyMs)
	require.NotNil(t, health.LastUsedAt)
	w.sound()
}

func TestAKeyThatReachesZeroIsDepletedAndReplaced(t *testing.T) {
	w := newWorld(t)
	small, large := w.key(first, "0.05", false), w.key(second, "50", true)
	tom := w.consumer("100")
	w.up.SetQuota(first, usd(t, "100")) // its test spent some of what was declared
	w.up.NextUsage(first, 2000, 1000)
	_, err := w.gw.Complete(t.Context(), tom, capped(ask("gpt-4"), 1000))
	require.NoError(t, err)
	require.Equal(t, "0", w.left(small))
	require.Equal(t, poolresource.StatusDEPLETED, w.row(small).Status)
	_, err = w.gw.Complete(t.Context(), tom, capped(ask("gpt-4"), 1000))
	require.NoError(t, err)
	require.Equal(t, large, w.log().ResourceID)
	w.sound()
}

func TestAKeyWithNextToNothingLeftIsDepletedOnceAHoldIsRefused(t *testing.T) {
	w := newWorld(t)
	dust := w.key(first, "0.009", false)
	large := w.key(second, "50", true)
	_, err := w.gw.Complete(t.Context(), w.consumer("100"), capped(ask("gpt-4"), 1000))
	require.NoError(t, err)
	require.Equal(t, large, w.log().ResourceID)
	soon(t, "the key is DEPLETED", func() bool { return w.row(dust).Status == poolresource.StatusDEPLETED })
}

func TestTheOutputCapFitsTheFunds(t *testing.T) {
	w := newWorld(t)
	w.key(first, "1000", false)
	w.up.SetLength(5000)
	tom := w.consumer("2") // 200 tokens
	r, err := w.gw.Complete(t.Context(), tom, ask("gpt-4"))
	require.NoError(t, err)
	require.Equal(t, int64(200), r.Completion.CompletionTokens)
	require.Equal(t, gateway.FinishLength, r.Completion.FinishReason)
	require.Len(t, w.up.Calls(`"max_tokens":200,`), 1)
	require.Equal(t, "0", w.available(tom))
	w.sound()
}

func TestTheOutputCapFitsTheQuotaOfTheBestKey(t *testing.T) {
	w := newWorld(t)
	w.key(first, "0.05", false)
	w.up.SetQuota(first, usd(t, "100"))
	w.up.SetLength(5000)
	r, err := w.gw.Complete(t.Context(), w.consumer("100"), ask("gpt-4"))
	require.NoError(t, err)
	require.Less(t, r.Completion.CompletionTokens, int64(1667), "0.05 / 30 × 10⁶, less the prompt")
	require.Greater(t, r.Completion.CompletionTokens, int64(1600))
	w.sound()
}

func TestTheDefaultCapIsSent(t *testing.T) {
	w := newWorld(t)
	w.key(first, "1000", false)
	_, err := w.gw.Complete(t.Context(), w.consumer("100"), ask("gpt-4"))
	require.NoError(t, err)
	require.Len(t, w.up.Calls(`"max_tokens":4096,`), 1)
}

func TestTheMinimumIsCharged(t *testing.T) {
	w := newWorld(t)
	w.key(first, "1000", false)
	w.price("gpt-4o", "1", "1", "1", "1", "0.5")
	tom := w.consumer("2")
	r, err := w.gw.Complete(t.Context(), tom, ask("gpt-4o"))
	require.NoError(t, err)
	require.Equal(t, credits(t, "0.5"), r.CreditsCharged)
	require.Equal(t, "1.5", w.available(tom))
}

// The snapshot that routing goes by may be older than the books.
func TestTheNextKeyIsHeldWhereTheBooksHaveLessThanRoutingKnew(t *testing.T) {
	w := newWorld(t)
	full, next := w.key(first, "100", false), w.key(second, "50", false)
	other := w.consumer("1")
	d, err := w.gw.Preview(t.Context(), w.admin, ask("gpt-4"))
	require.NoError(t, err)
	require.Equal(t, []ids.ID{full, next}, d.Order)
	hold := source.New(ids.Hold)
	_, err = w.ledger.Do(t.Context(), ledger.Request{Op: &ledger.Hold{
		ID: hold, User: other.ID, OutputCap: 1, TTL: time.Minute,
		Credits:    func(int64) (money.Credits, error) { return 1, nil },
		Candidates: []ledger.Reserve{{Resource: full, USD: func(int64) (money.USD, error) { return usd(t, "99.99"), nil }}},
	}})
	require.NoError(t, err)
	w.complete(w.consumer("50"), capped(ask("gpt-4"), 1000), false)
	row := w.log()
	require.Equal(t, next, row.ResourceID)
	require.Equal(t, string(routing.OnlyCandidate), row.RoutingReason)
	require.Contains(t, w.decision(row.ID), `"too_little_quota": 1`)
	require.Equal(t, poolresource.StatusACTIVE, w.row(full).Status)
	_, err = w.ledger.Do(t.Context(), ledger.Request{Op: &ledger.Release{Hold: hold}})
	require.NoError(t, err)
	w.sound()
}
