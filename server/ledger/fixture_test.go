package ledger_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
)

var source = ids.System()

const one = money.One

// testDB is a test's database: under the role that owns the tables, and under that of a server.
type testDB struct {
	*sql.DB
	app *sql.DB
	url string // of the server's role
}

func fresh(t testing.TB) testDB {
	t.Helper()
	url := dbtest.URL(t)
	app := dbtest.App(t, url)
	return testDB{dbtest.Open(t, url), dbtest.Open(t, app), app}
}

// start runs a ledger on the database until the test ends.
func start(t testing.TB, db testDB, identity string) (*ledger.Ledger, func()) {
	t.Helper()
	l := ledger.New(ledger.Options{
		DB: db.app, Batches: dbtest.Writer(t, db.url), Ent: database.Ent(db.app), Clock: clock.System, Rand: rand.Reader, IDs: source, Log: slog.New(slog.DiscardHandler), Identity: identity,
	})
	ctx, cancel := context.WithCancel(t.Context())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- l.Run(ctx, ready) }()
	select {
	case <-ready:
	case err := <-done:
		require.NoError(t, err)
	}
	stop := sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-done)
	})
	t.Cleanup(stop)
	return l, stop
}

func clean(t testing.TB, db testDB) *ledger.Report {
	t.Helper()
	r, err := ledger.Verify(t.Context(), db.DB, ledger.VerifyOptions{Now: clock.System.Now()})
	require.NoError(t, err)
	require.True(t, r.Clean(), "%v", r.Findings)
	return r
}

func do(t testing.TB, l *ledger.Ledger, op ledger.Operation) ledger.Outcome {
	t.Helper()
	out, err := l.Do(t.Context(), ledger.Request{Op: op})
	require.NoError(t, err)
	return out
}

func grant(t testing.TB, l *ledger.Ledger, user ids.ID, credits money.Credits) {
	t.Helper()
	do(t, l, &ledger.Grant{User: user, Amount: credits, Memo: "for the test"})
}

func deposit(t testing.TB, l *ledger.Ledger, owner ids.ID, quota money.USD) ids.ID {
	t.Helper()
	res := source.New(ids.Resource)
	do(t, l, &ledger.Deposit{Resource: res, Owner: owner, Quota: quota, Fee: money.Credits(quota / 10), TrustLimit: 1000 * one, Memo: "deposit"})
	return res
}

func hold(user, res, owner ids.ID, credits money.Credits, usd money.USD) *ledger.Hold {
	return &ledger.Hold{
		ID: source.New(ids.Hold), User: user, OutputCap: 100, TTL: time.Minute,
		Credits:    func(int64) (money.Credits, error) { return credits, nil },
		Candidates: []ledger.Reserve{{Resource: res, Owner: owner, USD: func(int64) (money.USD, error) { return usd, nil }}},
	}
}

func usage(user, res, owner ids.ID) *ledger.Usage {
	return &ledger.Usage{ID: source.New(ids.Usage), CreatedAt: clock.System.Now(), Succeeded: true, Model: "gpt-4", Provider: "openai", User: user, Resource: res, Owner: owner, PromptTokens: 2000, CompletionTokens: 1000, Attempts: 1, RoutingReason: "only_candidate"}
}

func wallet(t *testing.T, l *ledger.Ledger, user ids.ID) ledger.WalletState {
	t.Helper()
	w, err := l.Wallet(t.Context(), user)
	require.NoError(t, err)
	return w
}
