package mail_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/mail"
	"github.com/resourcepool/resourcepool/server/mailbox"
	"github.com/resourcepool/resourcepool/server/vault"
)

type fixture struct {
	db     *sql.DB
	client *ent.Client
	clock  *clock.Fake
	logged *buffer
	outbox *mail.Outbox
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) { b.mu.Lock(); defer b.mu.Unlock(); return b.b.Write(p) }
func (b *buffer) String() string              { b.mu.Lock(); defer b.mu.Unlock(); return b.b.String() }

// setUp returns an outbox whose mails go to the address.
func setUp(t *testing.T, address string) fixture {
	t.Helper()
	f := fixture{db: dbtest.New(t), clock: clock.NewFake(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)), logged: &buffer{}}
	f.client = database.Ent(f.db)
	v, err := vault.Open(t.Context(), f.client, make([]byte, 32), f.clock, rand.Reader)
	require.NoError(t, err)
	server, err := mail.ParseURL("smtp://" + address + "?from=Pool+%3Cpool@example.org%3E")
	require.NoError(t, err)
	f.outbox = mail.New(mail.Deps{
		Client: f.client, Server: server, Sealer: v, Clock: f.clock, IDs: ids.NewSource(f.clock, rand.Reader),
		Log: slog.New(slog.NewTextHandler(f.logged, nil)),
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = f.outbox.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	return f
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return l
}

func open(t *testing.T, mails net.Listener) *mailbox.Mailbox {
	t.Helper()
	var box mailbox.Mailbox
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = box.Serve(ctx, mails, listen(t)) }()
	t.Cleanup(func() { stop(); <-ended })
	return &box
}

func (f fixture) waiting(t *testing.T) (n int) {
	t.Helper()
	require.NoError(t, f.db.QueryRowContext(t.Context(), `SELECT count(*) FROM mails`).Scan(&n))
	return n
}

var hello = mail.Message{To: "tom@example.org", Subject: "确认 your address", Text: "Open https://pool.example.org/verify?token=canary\n\n你好"}

func TestAMailIsSentOnceItsTransactionIsCommitted(t *testing.T) {
	l := listen(t)
	box := open(t, l)
	f := setUp(t, l.Addr().String())

	tx, err := f.client.Tx(t.Context())
	require.NoError(t, err)
	require.NoError(t, f.outbox.Put(t.Context(), tx.Client(), hello))
	require.NoError(t, tx.Rollback())

	tx, err = f.client.Tx(t.Context())
	require.NoError(t, err)
	require.NoError(t, f.outbox.Put(t.Context(), tx.Client(), hello))
	assert.Empty(t, box.All())
	require.NoError(t, tx.Commit())
	var readable int
	require.NoError(t, f.db.QueryRowContext(t.Context(), `SELECT count(*) FROM mails WHERE position('canary'::bytea in sealed) > 0`).Scan(&readable))
	assert.Zero(t, readable, "the link would sign in whoever reads the database")
	f.outbox.Wake()

	require.Eventually(t, func() bool { return len(box.All()) > 0 }, 5*time.Second, 10*time.Millisecond)
	got := box.All()
	require.Len(t, got, 1)
	assert.Equal(t, []string{"tom@example.org"}, got[0].To)
	assert.Equal(t, hello.Subject, got[0].Subject)
	assert.Equal(t, hello.Text, strings.TrimSpace(got[0].Text))
	assert.Equal(t, []string{"https://pool.example.org/verify?token=canary"}, got[0].Links())
	assert.Contains(t, got[0].From, "pool@example.org")
	require.Eventually(t, func() bool { return f.waiting(t) == 0 }, 5*time.Second, 10*time.Millisecond)
}

func TestAMailWaitsForAMailServerThatIsDown(t *testing.T) {
	l := listen(t)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	f := setUp(t, address)
	require.NoError(t, f.outbox.Put(t.Context(), f.client, hello))
	f.outbox.Wake()
	require.Eventually(t, func() bool { return strings.Contains(f.logged.String(), "not sent yet") }, 5*time.Second, 10*time.Millisecond)
	assert.NotContains(t, f.logged.String(), "canary")

	l, err := net.Listen("tcp", address)
	require.NoError(t, err)
	box := open(t, l)
	f.outbox.Wake()
	time.Sleep(50 * time.Millisecond)
	assert.Empty(t, box.All(), "it was just tried")
	require.Eventually(t, func() bool {
		f.clock.Advance(time.Minute)
		f.outbox.Wake()
		return len(box.All()) == 1
	}, 5*time.Second, 50*time.Millisecond)
}

func TestAMailIsGivenUpAfterADay(t *testing.T) {
	l := listen(t)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	f := setUp(t, address)
	require.NoError(t, f.outbox.Put(t.Context(), f.client, hello))
	require.Eventually(t, func() bool {
		f.clock.Advance(6 * time.Hour)
		f.outbox.Wake()
		return f.waiting(t) == 0
	}, 5*time.Second, 20*time.Millisecond)
	assert.Contains(t, f.logged.String(), "given up")
}

func TestURL(t *testing.T) {
	for _, bad := range []string{"", "pool@example.org", "http://host", "smtp://", "smtp://host", "smtp://host:99999?from=a@b.c", "smtp://user:canary@host?from=canary", "smtp://user:canary@ho st"} {
		_, err := mail.ParseURL(bad)
		require.Error(t, err, bad)
		assert.NotContains(t, err.Error(), "canary")
	}
	for text, host := range map[string]string{
		"smtp://pool%40example.org:secret@mail.example.org": "mail.example.org:587", "smtps://mail.example.org?from=a@b.c": "mail.example.org:465",
		"smtp://127.0.0.1:2525?from=a@b.c": "127.0.0.1:2525",
	} {
		s, err := mail.ParseURL(text)
		require.NoError(t, err, text)
		assert.Equal(t, host, s.Host())
	}
}

// A mail server without TLS that is not the loopback's gets neither password nor mail.
func TestNothingGoesInTheClear(t *testing.T) {
	addresses, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, a := range addresses {
		ip := a.(*net.IPNet).IP
		if ip.IsLoopback() || ip.To4() == nil {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort(ip.String(), "0"))
		require.NoError(t, err)
		box := open(t, l)
		f := setUp(t, l.Addr().String())
		require.NoError(t, f.outbox.Put(t.Context(), f.client, hello))
		f.outbox.Wake()
		require.Eventually(t, func() bool { return strings.Contains(f.logged.String(), "STARTTLS") }, 10*time.Second, 10*time.Millisecond)
		assert.Empty(t, box.All())
		return
	}
	t.Skip("this machine has no address but the loopback's")
}
