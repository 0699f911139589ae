package pool

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

type fixedSettings struct{ ent.Setting }

func (s fixedSettings) Current(context.Context) (*ent.Setting, error) { return &s.Setting, nil }

// trustOf is books that know how much of the trust limit people use.
type trustOf struct {
	books
	used map[ids.ID]money.Credits
}

func (t trustOf) TrustUsed(_ context.Context, user ids.ID) (money.Credits, error) {
	return t.used[user], nil
}

func TestQuote(t *testing.T) {
	q := &Service{
		settings: fixedSettings{ent.Setting{DepositFeeRate: money.One / 10, UnconfirmedTrustLimit: 1000 * money.One}},
		ledger:   trustOf{used: map[ids.ID]money.Credits{"usr_some": 400 * money.One, "usr_over": 1200 * money.One}},
	}
	for name, c := range map[string]struct {
		actor   *access.Actor
		quota   money.USD
		fee     money.Credits
		vesting money.Credits
	}{
		"a newcomer within the trust limit": {nil, 1000 * money.One, 100 * money.One, 0},
		"above it":                          {nil, 2000 * money.One, 200 * money.One, 800 * money.One},
		"who uses some of it":               {&access.Actor{ID: "usr_some"}, 1000 * money.One, 100 * money.One, 300 * money.One},
		"who uses more than it":             {&access.Actor{ID: "usr_over"}, 1000 * money.One, 100 * money.One, 900 * money.One},
		"a fee that is rounded up":          {nil, 1, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := q.Quote(t.Context(), c.actor, c.quota)
			require.NoError(t, err)
			want := Quote{Quota: c.quota, FeeRate: money.One / 10, Fee: c.fee, Credits: money.Credits(c.quota) - c.fee, Vesting: c.vesting}
			assert.Equal(t, want, *got)
		})
	}
	for _, quota := range []money.USD{0, -1, maxQuota + 1} {
		_, err := q.Quote(t.Context(), nil, quota)
		f, ok := fault.As(err)
		require.True(t, ok)
		assert.Equal(t, "quota", f.Field)
	}
}
