package feed_test

import (
	"context"
	"database/sql"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/feed"
	"github.com/resourcepool/resourcepool/server/ids"
)

var made = ids.System()

// books is a stand-in for the ledger's writers: it books under the lock of ledger_head, as they do.
type books struct {
	url string
	db  *sql.DB
}

func newBooks(t *testing.T) *books {
	t.Helper()
	url := dbtest.URL(t)
	db := dbtest.Open(t, url)
	for _, cut := range [][3]string{
		{"ledger_transactions", "0", "1000000"}, {"ledger_entries", "0", "1000000"}, {"usage_logs", "use_", "use_~"},
	} {
		_, err := db.Exec(`SELECT ledger_cut($1, '0', $2, $3)`, cut[0], cut[1], cut[2])
		require.NoError(t, err)
	}
	return &books{url: url, db: db}
}

// batch books n transactions that each move a wallet and a key.
func (b *books) batch(t testing.TB, n int, user, resource, usage ids.ID) {
	t.Helper()
	tx, err := b.db.Begin()
	require.NoError(t, err)
	defer func() { _ = tx.Rollback() }()
	var head int64
	require.NoError(t, tx.QueryRow(`SELECT seq FROM ledger_head FOR UPDATE`).Scan(&head))
	_, err = tx.Exec(`INSERT INTO ledger_transactions
		SELECT $1::bigint + g, 'USAGE', now(), 'memo', '', '', $3, $4, $5, '', '', '' FROM generate_series(1, $2::int) g`,
		head, n, user, resource, usage)
	require.NoError(t, err)
	_, err = tx.Exec(`INSERT INTO ledger_entries
		SELECT $1::bigint + g, e.n, e.account, e.amount, e.after, ''
		FROM generate_series(1, $2::int) g, (VALUES (0, 'wallet:' || $3::text, -5, 95::bigint), (1, 'platform.revenue', 5, null),
			(2, 'resource:' || $4::text, -7, 93), (3, 'provider.spent', 7, null)) AS e (n, account, amount, after)`,
		head, n, user, resource)
	require.NoError(t, err)
	_, err = tx.Exec(`UPDATE ledger_head SET seq = seq + $1, at = now()`, n)
	require.NoError(t, err)
	require.NoError(t, tx.Commit())
}

func (b *books) notify(t testing.TB) {
	t.Helper()
	_, err := b.db.Exec(`SELECT pg_notify('ledger', '')`)
	require.NoError(t, err)
}

func (b *books) head(t testing.TB) (seq int64) {
	t.Helper()
	require.NoError(t, b.db.QueryRow(`SELECT seq FROM ledger_head`).Scan(&seq))
	return seq
}

func (b *books) usage(t testing.TB, id, user, resource ids.ID) {
	t.Helper()
	_, err := b.db.Exec(`INSERT INTO usage_logs VALUES ($1, now(), 'SUCCEEDED', 'gpt-4', 'openai', $2, '', $3, '',
		1, 0, 0, 1, 0, 10, 5, 7, 0, 0, 0, 0, 0, 0, 'only_candidate', 1, '', false, false, false, 1)`, id, user, resource)
	require.NoError(t, err)
}

func (b *books) user(t testing.TB) ids.ID {
	t.Helper()
	id := made.New(ids.User)
	_, err := b.db.Exec(`INSERT INTO users (id, email, display_name, password_hash, created_at) VALUES ($1, $2, 'Bob', '', now())`, id, id)
	require.NoError(t, err)
	return id
}

func (b *books) resource(t testing.TB, owner ids.ID) ids.ID {
	t.Helper()
	id := made.New(ids.Resource)
	_, err := b.db.Exec(`INSERT INTO pool_resources (id, owner_id, provider, label, masked_key, fingerprint, models, original_quota, quota_confirmed, status, created_at)
		VALUES ($1, NULLIF($2, ''), 'openai', '', '', $3, '[]', 0, false, 'ACTIVE', now())`, id, owner, []byte(id))
	require.NoError(t, err)
	return id
}

func (b *books) change(t testing.TB, kind, ref string) {
	t.Helper()
	_, err := b.db.Exec(`INSERT INTO changes (kind, ref) VALUES ($1, $2)`, kind, ref)
	require.NoError(t, err)
}

// hub starts a hub on the books, with a pool of its own like another server. It is stopped, and waited for, by the test's
// end or by the function returned.
func (b *books) hub(t *testing.T, hooks ...func(*feed.Hub)) (*feed.Hub, func()) {
	t.Helper()
	h := feed.New(feed.Deps{
		Client: database.Ent(dbtest.Open(t, b.url)), Database: b.url, Clock: clock.System,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	for _, hook := range hooks {
		hook(h)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			require.NoError(t, err)
		case <-time.After(10 * time.Second):
			t.Error("the hub did not stop")
		}
	}
	t.Cleanup(stop)
	return h, stop
}

// next reads an event, or fails.
func next[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v, ok := <-c:
		if !ok {
			t.Fatal("the channel is closed")
		}
		return v
	case <-time.After(10 * time.Second):
		t.Fatal("nothing came")
	}
	panic("unreachable")
}

func quiet[T any](t testing.TB, c <-chan T, d time.Duration) {
	t.Helper()
	select {
	case v, ok := <-c:
		t.Fatalf("got %v (open: %t), want nothing", v, ok)
	case <-time.After(d):
	}
}
