package pool_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/sandbox"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
	"github.com/resourcepool/resourcepool/server/vault"
)

const one = money.One

var source = ids.System()

// world is a pool with everything real around it.
type world struct {
	t      *testing.T
	url    string
	db     *sql.DB
	ent    *ent.Client
	up     *upstreamtest.Upstream
	clock  *clock.Fake
	ledger *ledger.Ledger
	vault  *vault.Vault
	deps   pool.Deps
	pool   *pool.Service
}

// fixed are settings that no test changes.
type fixed struct{}

func (fixed) Current(context.Context) (*ent.Setting, error) {
	return &ent.Setting{DepositFeeRate: one / 10, UnconfirmedTrustLimit: 1000 * one, ClawbackGraceHours: 72}, nil
}

func newWorld(t *testing.T) *world {
	t.Helper()
	address := dbtest.URL(t)
	db := dbtest.Open(t, address)
	client := database.Ent(db)
	log := slog.New(slog.DiscardHandler)
	now := clock.NewFake(clock.System.Now().Truncate(time.Microsecond))
	l := ledger.New(ledger.Options{DB: db, Batches: dbtest.Writer(t, address), Ent: client, Clock: clock.System, Rand: rand.Reader, IDs: source, Log: log})
	run(t, func(ctx context.Context, ready chan<- struct{}) error { return l.Run(ctx, ready) })
	up := upstreamtest.New(t)
	calls, err := provider.New(provider.Options{URLs: up.URLs("openai", "deepseek", "custom")})
	require.NoError(t, err)
	t.Cleanup(calls.Close)
	v, err := vault.Open(t.Context(), client, make([]byte, 32), now, rand.Reader)
	require.NoError(t, err)
	policy, err := access.New()
	require.NoError(t, err)
	w := &world{t: t, url: address, db: db, ent: client, up: up, clock: now, ledger: l, vault: v}
	w.deps = pool.Deps{
		Ent: client, Ledger: l, Vault: v, Provider: calls, Policy: policy, Settings: fixed{}, Clock: now,
		IDs: ids.NewSource(now, rand.Reader), Log: log,
	}
	w.pool = w.another()
	return w
}

// another is the pool of another server on the same database.
func (w *world) another() *pool.Service { return pool.New(w.deps) }

// run runs a service until the test ends.
func run(t *testing.T, service func(ctx context.Context, ready chan<- struct{}) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- service(ctx, ready) }()
	select {
	case <-ready:
	case err := <-done:
		require.NoError(t, err)
	}
	t.Cleanup(sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-done)
	}))
}

// person signs somebody up.
func (w *world) person(roles ...access.Role) *access.Actor {
	w.t.Helper()
	id := source.New(ids.User)
	err := w.ent.User.Create().SetID(id).SetEmail(string(id) + "@example.org").SetDisplayName("P").SetPasswordHash("x").
		SetCreatedAt(w.clock.Now()).Exec(w.t.Context())
	require.NoError(w.t, err)
	return &access.Actor{ID: id, Roles: append([]access.Role{access.User}, roles...), Fresh: true}
}

func in(provider, key string, quota money.USD) pool.DepositInput {
	return pool.DepositInput{Provider: provider, APIKey: vault.NewSecret(key), Quota: quota}
}

// deposit puts a key of $1000 that the upstream knows into the pool.
func (w *world) deposit(owner *access.Actor, key string) *ent.PoolResource {
	w.t.Helper()
	w.up.AddKey(key, "1000")
	r, err := w.pool.Deposit(w.t.Context(), owner, in("openai", key, 1000*one))
	require.NoError(w.t, err)
	return r.Resource
}

func (w *world) wallet(a *access.Actor) ledger.WalletState {
	w.t.Helper()
	s, err := w.ledger.Wallet(w.t.Context(), a.ID)
	require.NoError(w.t, err)
	return s
}

func (w *world) status(id ids.ID) string {
	w.t.Helper()
	r := w.row(id)
	if r.SuspendedBy != nil {
		return string(r.Status) + " by " + string(*r.SuspendedBy)
	}
	return string(r.Status)
}

func (w *world) row(id ids.ID) *ent.PoolResource {
	w.t.Helper()
	r, err := w.ent.PoolResource.Get(w.t.Context(), id)
	require.NoError(w.t, err)
	return r
}

// count returns what a query of one number says.
func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	require.NoError(w.t, w.db.QueryRowContext(w.t.Context(), query, args...).Scan(&n))
	return n
}

// sound checks the books.
func (w *world) sound() {
	w.t.Helper()
	r, err := ledger.Verify(w.t.Context(), w.db, ledger.VerifyOptions{Now: clock.System.Now()})
	require.NoError(w.t, err)
	require.True(w.t, r.Clean(), "%v", r.Findings)
}

// hold reserves usd on a resource for a consumer with plenty.
func (w *world) hold(consumer *access.Actor, r *ent.PoolResource, usd money.USD) ids.ID {
	w.t.Helper()
	id := source.New(ids.Hold)
	var owner ids.ID
	if r.OwnerID != nil {
		owner = *r.OwnerID
	}
	_, err := w.ledger.Do(w.t.Context(), ledger.Request{Op: &ledger.Hold{
		ID: id, User: consumer.ID, OutputCap: 1, TTL: time.Minute,
		Credits:    func(int64) (money.Credits, error) { return 1, nil },
		Candidates: []ledger.Reserve{{Resource: r.ID, Owner: owner, USD: func(int64) (money.USD, error) { return usd, nil }}},
	}})
	require.NoError(w.t, err)
	return id
}

func (w *world) grant(to *access.Actor, c money.Credits) {
	w.t.Helper()
	_, err := w.ledger.Do(w.t.Context(), ledger.Request{Op: &ledger.Grant{User: to.ID, Amount: c, Memo: "test"}})
	require.NoError(w.t, err)
}

// refused requires that err is a fault of the code.
func refused(t *testing.T, want fault.Code, err error) {
	t.Helper()
	require.Equal(t, want, fault.CodeOf(err), "%v", err)
}

// requireCode is refused that returns the fault.
func requireCode(t *testing.T, want fault.Code, err error) *fault.Error {
	t.Helper()
	refused(t, want, err)
	f, _ := fault.As(err)
	return f
}

func ptr[T any](v T) *T { return &v }

var (
	unauthorized = sandbox.Fault{Kind: sandbox.Unauthorized, On: "any", Count: 10}
	noQuota      = sandbox.Fault{Kind: sandbox.InsufficientQuota, On: "chat"}
	broken       = sandbox.Fault{Kind: sandbox.ServerError, On: "any", Count: 10}
)

func (w *world) headSeq() int64 { return int64(w.count(`SELECT seq FROM ledger_head`)) }

func moneyOf(usd int64) money.USD { return money.USD(usd * one) }

func usage(consumer *access.Actor, r *ent.PoolResource) *ledger.Usage {
	u := &ledger.Usage{
		ID: source.New(ids.Usage), CreatedAt: clock.System.Now(), Succeeded: true, Model: "gpt-4", Provider: r.Provider,
		User: consumer.ID, Resource: r.ID, Attempts: 1,
	}
	if r.OwnerID != nil {
		u.Owner = *r.OwnerID
	}
	return u
}
