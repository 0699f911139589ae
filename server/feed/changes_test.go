package feed_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/feed"
)

func told(c chan<- string) func(*feed.Hub) {
	return func(h *feed.Hub) { h.OnChange(func(kind, ref string) { c <- kind + " " + ref }) }
}

func TestEveryServerIsToldOfEveryChangeOnce(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	one, two := make(chan string, 100), make(chan string, 100)
	b.hub(t, told(one))
	b.hub(t, told(two))
	for _, c := range []chan string{one, two} {
		require.Equal(t, "* ", next(t, c), "what was cached before is forgotten")
	}
	b.change(t, feed.Prices, "gpt-4")
	b.change(t, feed.Settings, "")
	for _, c := range []chan string{one, two} {
		require.Equal(t, "prices gpt-4", next(t, c))
		require.Equal(t, "settings ", next(t, c))
		quiet(t, c, 250*time.Millisecond)
	}
}

func TestChangeThatCommitsAfterAYoungerOneIsToldToo(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	c := make(chan string, 100)
	b.hub(t, told(c))
	require.Equal(t, "* ", next(t, c))

	elder, err := b.db.BeginTx(context.Background(), nil)
	require.NoError(t, err)
	_, err = elder.Exec(`INSERT INTO changes (kind, ref) VALUES ('user', 'elder')`)
	require.NoError(t, err)
	b.change(t, feed.User, "younger")
	require.Equal(t, "user younger", next(t, c), "nobody waits for a transaction that stays open")
	quiet(t, c, 250*time.Millisecond)
	require.NoError(t, elder.Commit())
	require.Equal(t, "user elder", next(t, c))
	b.change(t, feed.User, "youngest")
	require.Equal(t, "user youngest", next(t, c))
	quiet(t, c, 250*time.Millisecond)
}

// Who lost a right by the change must not be shown what came after it.
func TestAChangeIsToldBeforeWhatWasBookedAfterIt(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	c := make(chan string, 100)
	h, _ := b.hub(t, told(c))
	require.Equal(t, "* ", next(t, c))
	user, resource := b.user(t), b.resource(t, "")
	sub, err := h.Transactions(t.Context(), nil)
	require.NoError(t, err)
	for range 30 {
		b.change(t, feed.User, "demoted")
		b.batch(t, 1, user, resource, "")
		h.Poke()
		next(t, sub.C)
		select {
		case got := <-c:
			require.Equal(t, "user demoted", got)
		default:
			require.Fail(t, "the event is here, and the change is not")
		}
	}
}

func TestHubStartsWhenPostgresAnswersAgain(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	_, err := b.db.Exec(`ALTER TABLE ledger_head RENAME TO away`)
	require.NoError(t, err)
	c := make(chan string, 100)
	h, _ := b.hub(t, told(c))
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = h.Transactions(ctx, nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	_, err = b.db.Exec(`ALTER TABLE away RENAME TO ledger_head`)
	require.NoError(t, err)
	require.Equal(t, "* ", next(t, c))
}
