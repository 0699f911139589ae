package gateway_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/poolresource"
	"github.com/resourcepool/resourcepool/ent/usagelog"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/gateway"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
	"github.com/resourcepool/resourcepool/server/vault"
)

const one = money.One

var source = ids.System()

// world is a gateway with everything real around it.
type world struct {
	t        testing.TB
	url      string // of the database
	db       *sql.DB
	ent      *ent.Client
	up       *upstreamtest.Upstream
	calls    *provider.Client
	ledger   *ledger.Ledger
	vault    *vault.Vault
	pool     *pool.Service
	prices   *pool.Prices
	settings *pool.SettingsStore
	policy   *access.Policy
	admin    *access.Actor
	gw       *gateway.Gateway
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return joined(t, dbtest.URL(t), upstreamtest.New(t))
}

// joinedTo is another server on the database of w.
func joinedTo(w *world) *world {
	w.t.Helper()
	return joined(w.t, w.url, w.up)
}

// joined is one server on a database that others may share.
func joined(t testing.TB, url string, up *upstreamtest.Upstream) *world {
	t.Helper()
	ctx := t.Context()
	db := dbtest.Open(t, url)
	client := database.Ent(db)
	log := slog.New(slog.DiscardHandler)
	l := ledger.New(ledger.Options{DB: dbtest.Open(t, url), Batches: dbtest.Writer(t, url), Ent: client, Clock: clock.System, Rand: rand.Reader, IDs: source, Log: log})
	run(t, l)
	calls, err := provider.New(provider.Options{URLs: up.URLs("openai", "deepseek", "groq", "anthropic", "gemini", "xai", "openrouter")})
	require.NoError(t, err)
	t.Cleanup(calls.Close)
	v, err := vault.Open(ctx, client, make([]byte, 32), clock.System, rand.Reader)
	require.NoError(t, err)
	policy, err := access.New()
	require.NoError(t, err)
	settings, err := pool.NewSettings(ctx, pool.SettingsDeps{Ent: client, Policy: policy, Clock: clock.System, IDs: source}, pool.StandardDefaults())
	require.NoError(t, err)
	w := &world{t: t, policy: policy, url: url, db: db, ent: client, up: up, calls: calls, ledger: l, vault: v, settings: settings}
	w.pool = pool.New(pool.Deps{
		Ent: client, Ledger: l, Vault: v, Provider: calls, Policy: policy, Settings: settings, Clock: clock.System, IDs: source, Log: log,
	})
	w.prices = pool.NewPrices(pool.PricesDeps{
		Ent: client, Catalogue: provider.Models(), Settings: settings, Keys: w.pool, Policy: policy, Clock: clock.System, IDs: source,
	})
	w.admin = w.person(access.Admin)
	w.restart()
	// The worked example: $10 and $30 per million tokens, 0 and 10 000 Credits.
	w.price("gpt-4", "10", "30", "0", "10000", "0")
	return w
}

// restart gives the world a gateway without memory.
func (w *world) restart(observers ...func(gateway.Ended)) {
	var observe func(gateway.Ended)
	for _, o := range observers {
		observe = o
	}
	w.gw = gateway.New(gateway.Deps{
		Ledger: w.ledger, Pool: w.pool, Prices: w.prices, Settings: w.settings, Vault: w.vault, Upstream: w.calls, Ent: w.ent,
		Clock: clock.System, IDs: source, Log: slog.New(slog.DiscardHandler), Policy: w.policy, Observe: observe,
	})
}

func run(t testing.TB, l *ledger.Ledger) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- l.Run(ctx, ready) }()
	select {
	case <-ready:
	case err := <-done:
		require.NoError(t, err)
	}
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
}

func credits(t testing.TB, s string) money.Credits {
	t.Helper()
	c, err := money.Parse[money.Credits](s)
	require.NoError(t, err)
	return c
}

func usd(t testing.TB, s string) money.USD {
	t.Helper()
	u, err := money.Parse[money.USD](s)
	require.NoError(t, err)
	return u
}

func (w *world) price(model, inCost, outCost, inPrice, outPrice, minimum string) {
	w.t.Helper()
	w.exec(`INSERT INTO model_prices VALUES ($1, $2, $3, $4, $5, now()) ON CONFLICT DO NOTHING`,
		string(source.New(ids.Model)), model, credits(w.t, inPrice), credits(w.t, outPrice), credits(w.t, minimum))
	for _, at := range []string{"openai", "deepseek"} {
		w.exec(`INSERT INTO model_costs VALUES ($1, $2, $3, $4, $4, $5, now()) ON CONFLICT DO NOTHING`,
			string(source.New(ids.Model)), model, at, usd(w.t, inCost), usd(w.t, outCost))
	}
	w.prices.Invalidate()
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	_, err := w.db.ExecContext(w.t.Context(), query, args...)
	require.NoError(w.t, err)
}

// person signs somebody up.
func (w *world) person(roles ...access.Role) *access.Actor {
	w.t.Helper()
	id := source.New(ids.User)
	err := w.ent.User.Create().SetID(id).SetEmail(string(id) + "@example.org").SetDisplayName("P").SetPasswordHash("x").
		SetCreatedAt(clock.System.Now()).Exec(w.t.Context())
	require.NoError(w.t, err)
	return &access.Actor{ID: id, Roles: append([]access.Role{access.User}, roles...), Fresh: true}
}

// consumer is somebody with Credits.
func (w *world) consumer(c string) *access.Actor {
	w.t.Helper()
	a := w.person()
	_, err := w.ledger.Do(w.t.Context(), ledger.Request{Op: &ledger.Grant{User: a.ID, Amount: credits(w.t, c), Memo: "test"}})
	require.NoError(w.t, err)
	return a
}

// key puts a platform key into the pool. Backups serve last, which lets a test say which of two keys is first.
func (w *world) key(name, quota string, backup bool) ids.ID {
	w.t.Helper()
	return w.keyAt("openai", name, quota, backup)
}

func (w *world) keyAt(at, name, quota string, backup bool) ids.ID {
	w.t.Helper()
	w.up.AddKey(name, quota)
	r, err := w.pool.AddPlatformResource(w.t.Context(), w.admin, pool.DepositInput{
		Provider: at, APIKey: vault.NewSecret(name), Quota: usd(w.t, quota), Backup: backup,
	})
	require.NoError(w.t, err)
	return r.ID
}

func (w *world) row(id ids.ID) *ent.PoolResource {
	w.t.Helper()
	r, err := w.ent.PoolResource.Get(w.t.Context(), id)
	require.NoError(w.t, err)
	return r
}

func (w *world) left(id ids.ID) string {
	w.t.Helper()
	q, err := w.ledger.Quotas(w.t.Context(), id)
	require.NoError(w.t, err)
	require.Zero(w.t, q[id].Held)
	return money.USD(q[id].Balance).String()
}

// available is what a consumer has left, with nothing held.
func (w *world) available(a *access.Actor) string {
	w.t.Helper()
	s, err := w.ledger.Wallet(w.t.Context(), a.ID)
	require.NoError(w.t, err)
	require.Zero(w.t, s.Held, "nothing is held any more")
	return s.Available.String()
}

// log is the newest row of the usage log.
func (w *world) log() *ent.UsageLog {
	w.t.Helper()
	row, err := w.ent.UsageLog.Query().Order(ent.Desc(usagelog.FieldID)).First(context.Background())
	require.NoError(w.t, err)
	return row
}

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
	require.Zero(w.t, w.count(`SELECT count(*) FROM ledger_holds`))
}

func ask(model string) gateway.Input {
	return gateway.Input{Model: model, Messages: []gateway.Message{{Role: gateway.User, Content: "How deep is the sea?"}}}
}

func with(in gateway.Input, key string) gateway.Input {
	in.IdempotencyKey = &key
	return in
}

func capped(in gateway.Input, n int) gateway.Input {
	in.MaxTokens = &n
	return in
}

func requireCode(t testing.TB, want fault.Code, err error) *fault.Error {
	t.Helper()
	require.Equal(t, want, fault.CodeOf(err), "%v", err)
	f, _ := fault.As(err)
	return f
}

func soon(t testing.TB, what string, f func() bool) {
	t.Helper()
	require.Eventually(t, f, 10*time.Second, 5*time.Millisecond, what)
}

type poolRow = ent.PoolResource

// try asks either way; the text of a stream must be that of its result.
func (w *world) try(a *access.Actor, in gateway.Input, streamed bool) (*gateway.Result, error) {
	w.t.Helper()
	if !streamed {
		return w.gw.Complete(w.t.Context(), a, in)
	}
	chunks, err := w.gw.Stream(w.t.Context(), a, in)
	if err != nil {
		return nil, err
	}
	text := ""
	for c := range chunks {
		text += c.Text
		if c.Done {
			if c.Result != nil {
				require.Equal(w.t, c.Result.Completion.Content, text)
			}
			return c.Result, c.Err
		}
	}
	require.Fail(w.t, "the stream ended without a last chunk")
	return nil, nil
}

func (w *world) complete(a *access.Actor, in gateway.Input, streamed bool) *gateway.Result {
	w.t.Helper()
	r, err := w.try(a, in, streamed)
	require.NoError(w.t, err)
	return r
}

func (w *world) decision(usage ids.ID) (text string) {
	w.t.Helper()
	require.NoError(w.t, w.db.QueryRowContext(w.t.Context(), `SELECT decision::text FROM routing_decisions WHERE usage_id = $1`, string(usage)).Scan(&text))
	return text
}

func (w *world) rotate(key ids.ID, name string) {
	w.t.Helper()
	w.up.AddKey(name, "1000")
	_, err := w.pool.Rotate(w.t.Context(), w.admin, key, vault.NewSecret(name))
	require.NoError(w.t, err)
}

// pause takes keys out of service.
func (w *world) pause(keys ...ids.ID) {
	w.t.Helper()
	for _, k := range keys {
		if w.row(k).Status == poolresource.StatusACTIVE {
			_, err := w.pool.Pause(context.Background(), w.admin, k)
			require.NoError(w.t, err)
		}
	}
}

// keyFor puts a platform key into the pool that the upstream knows already.
func (w *world) keyFor(name, quota string) ids.ID {
	w.t.Helper()
	r, err := w.pool.AddPlatformResource(w.t.Context(), w.admin, pool.DepositInput{
		Provider: "openai", APIKey: vault.NewSecret(name), Quota: usd(w.t, quota),
	})
	require.NoError(w.t, err)
	return r.ID
}
