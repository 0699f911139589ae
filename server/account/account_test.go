package account_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/account"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
	"github.com/resourcepool/resourcepool/server/mail"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/vault"
)

const password = "correct horse battery"

// budgets does what the ledger does: one row, in the caller's transaction.
type budgets struct{}

func (budgets) OpenBudget(ctx context.Context, tx journal.Execer, token ids.ID, limit *money.Credits, period string) error {
	var spendLimit any
	if limit != nil {
		spendLimit = int64(*limit)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO ledger_budgets (token_id, spend_limit, period) VALUES ($1, $2, $3)`, string(token), spendLimit, period)
	return err
}

type fixture struct {
	*account.Service
	db    *sql.DB
	clock *clock.Fake
	other *account.Service // a second server on the same database
	mails *postbox
}

// postbox is an outbox that holds what was put in, once its transaction stands.
type postbox struct {
	mu   sync.Mutex
	sent []mail.Message
}

func (b *postbox) Put(ctx context.Context, tx journal.Execer, m mail.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent = append(b.sent, m)
	return nil
}

func (b *postbox) Wake() {}

// last returns the last mail to an address, and the secret of the link in it.
func (b *postbox) last(t *testing.T, to string) (mail.Message, string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range slices.Backward(b.sent) {
		if m.To == to {
			_, secret, _ := strings.Cut(m.Text, "token=")
			secret, _, _ = strings.Cut(secret, "\n")
			return m, secret
		}
	}
	t.Fatalf("no mail was sent to %s", to)
	return mail.Message{}, ""
}

func (b *postbox) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.sent)
}

// withMail has mails sent.
func withMail(d *account.Deps) { d.Mailer = &postbox{} }

func setUp(t testing.TB, change ...func(*account.Deps)) fixture {
	t.Helper()
	f := fixture{db: dbtest.New(t), clock: clock.NewFake(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))}
	policy, err := access.New()
	require.NoError(t, err)
	client := database.Ent(f.db)
	v, err := vault.Open(t.Context(), client, make([]byte, 32), f.clock, rand.Reader)
	require.NoError(t, err)
	d := account.Deps{
		Client: client, Clock: f.clock, Random: rand.Reader, IDs: ids.NewSource(f.clock, rand.Reader), Policy: policy, Keys: v,
		Budgets: budgets{}, Log: slog.New(slog.DiscardHandler), SignUp: account.Open,
		PublicURL: &url.URL{Scheme: "https", Host: "pool.example.org"}, Origins: []string{"https://app.example.org"},
	}
	for _, c := range change {
		c(&d)
	}
	f.mails, _ = d.Mailer.(*postbox)
	f.Service, f.other = account.New(d), account.New(d)
	f.HashCheaply()
	f.other.HashCheaply()
	return f
}

// person signs somebody up and returns them as an actor.
func (f fixture) person(t testing.TB, email string) (*access.Actor, string) {
	t.Helper()
	_, login, err := f.SignUp(t.Context(), account.SignUpInput{Email: email, Password: password, DisplayName: "Some Body", IP: "192.0.2.1"})
	require.NoError(t, err)
	actor, err := f.ActorBySession(t.Context(), login.Secret)
	require.NoError(t, err)
	require.NotNil(t, actor)
	return actor, login.Secret
}

func (f fixture) admin(t *testing.T, email string) *access.Actor {
	t.Helper()
	a, secret := f.person(t, email)
	_, err := f.db.ExecContext(t.Context(), `UPDATE users SET admin = true WHERE id = $1`, string(a.ID))
	require.NoError(t, err)
	f.Invalidate(a.ID)
	a, err = f.ActorBySession(t.Context(), secret)
	require.NoError(t, err)
	return a
}

func (f fixture) count(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, f.db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+query, args...).Scan(&n))
	return n
}

func (f fixture) signIn(t *testing.T, email, password, ip string) (*ent.User, account.Login, error) {
	t.Helper()
	return f.SignIn(t.Context(), account.SignInInput{Email: email, Password: password, IP: ip})
}

func assertInvalid(t *testing.T, field string, err error, why ...any) {
	t.Helper()
	got, ok := fault.As(err)
	if assert.True(t, ok, "%v %v", err, why) {
		assert.Equal(t, fault.BadUserInput, got.Code)
		assert.Equal(t, field, got.Field)
	}
}

func assertCode(t *testing.T, want fault.Code, err error) {
	t.Helper()
	assert.Equal(t, want, fault.CodeOf(err), "%v", err)
}

func ptr[T any](v T) *T { return &v }
