package checkpoint_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/resourcepool/resourcepool/server/checkpoint"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
)

var source = ids.System()

// world is a ledger whose checkpoints are kept in a folder.
type world struct {
	t      *testing.T
	db     *sql.DB
	ledger *ledger.Ledger
	key    checkpoint.Key
	dir    string
	clock  *clock.Fake
	keeper *checkpoint.Keeper
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: filepath.Join(t.TempDir(), "checkpoints"), key: newKey(t), clock: clock.NewFake(time.Now())}
	url := dbtest.URL(t)
	w.db = dbtest.Open(t, url)
	w.ledger = ledger.New(ledger.Options{
		DB: w.db, Batches: dbtest.Writer(t, url), Ent: database.Ent(w.db), Clock: clock.System, Rand: rand.Reader, IDs: source, Log: slog.New(slog.DiscardHandler),
	})
	ctx, stop := context.WithCancel(t.Context())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- w.ledger.Run(ctx, ready) }()
	<-ready
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
	})
	w.keeper = w.newKeeper(w.place(), w.key)
	return w
}

func newKey(t *testing.T) checkpoint.Key {
	t.Helper()
	text, err := checkpoint.MakeKey(rand.Reader)
	require.NoError(t, err)
	k, err := checkpoint.ParseKey(text)
	require.NoError(t, err)
	return k
}

func (w *world) place() checkpoint.Place {
	p, err := checkpoint.OpenPlace(w.dir, w.clock)
	require.NoError(w.t, err)
	return p
}

func (w *world) newKeeper(p checkpoint.Place, k checkpoint.Key) *checkpoint.Keeper {
	return checkpoint.NewKeeper(checkpoint.Deps{DB: w.db, Leases: w.ledger, Key: k, Place: p, Clock: w.clock, IDs: source, Log: slog.New(slog.DiscardHandler)})
}

// book adds n transactions.
func (w *world) book(n int) {
	w.t.Helper()
	var all sync.WaitGroup
	errs := make(chan error, n)
	for range n {
		all.Go(func() {
			_, err := w.ledger.Do(w.t.Context(), ledger.Request{Op: &ledger.Grant{User: source.New(ids.User), Amount: money.One, Memo: "for the test"}})
			errs <- err
		})
	}
	all.Wait()
	for range n {
		require.NoError(w.t, <-errs)
	}
}

// sign books n transactions and signs them.
func (w *world) sign(n int) checkpoint.Checkpoint {
	w.t.Helper()
	w.book(n)
	w.clock.Advance(time.Minute)
	require.NoError(w.t, w.keeper.Round(w.t.Context()))
	return *w.keeper.Newest()
}

func (w *world) names() []string {
	names, err := w.place().List(w.t.Context(), "")
	require.NoError(w.t, err)
	return names
}

// tamper does what only the owner of the tables can.
func (w *world) tamper(query string, args ...any) {
	w.t.Helper()
	w.exec(`ALTER TABLE ledger_entries_0 DISABLE TRIGGER ALL; ALTER TABLE ledger_transactions_0 DISABLE TRIGGER ALL`)
	w.exec(query, args...)
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	_, err := w.db.ExecContext(w.t.Context(), query, args...)
	require.NoError(w.t, err)
}

// rechain rewrites the transaction k, and all hashes from there on, so that the books are in order again.
func (w *world) rechain(k int64) {
	w.t.Helper()
	w.tamper(`UPDATE ledger_transactions SET leaf = sha256(leaf) WHERE seq = $1`, k)
	w.tamper(`DO $$ DECLARE r record; h bytea; BEGIN
		SELECT previous_hash INTO h FROM ledger_transactions WHERE seq = ` + strconv.FormatInt(k, 10) + `;
		FOR r IN SELECT seq, leaf FROM ledger_transactions WHERE seq >= ` + strconv.FormatInt(k, 10) + ` ORDER BY seq LOOP
			UPDATE ledger_transactions SET previous_hash = h, hash = sha256(h || r.leaf) WHERE seq = r.seq;
			h := sha256(h || r.leaf);
		END LOOP;
		UPDATE ledger_head SET hash = h;
	END $$`)
}

func (w *world) alerts() (messages []string) {
	w.t.Helper()
	list, err := database.Ent(w.db).Alert.Query().All(w.t.Context())
	require.NoError(w.t, err)
	for _, a := range list {
		require.Equal(w.t, checkpoint.AlertContradiction, a.Kind)
		if a.ResolvedAt == nil {
			messages = append(messages, a.Message)
		}
	}
	return messages
}

// refuses wants a round to sign nothing and to say why, in an alert too.
func (w *world) refuses(k *checkpoint.Keeper, why string) {
	w.t.Helper()
	before := w.names()
	var c *checkpoint.Contradiction
	require.ErrorAs(w.t, k.Round(w.t.Context()), &c)
	require.Contains(w.t, c.Why, why)
	require.Equal(w.t, before, w.names())
	require.Equal(w.t, []string{c.Why}, w.alerts())
}

func TestACheckpointIsSignedWhenTheLogGrew(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.keeper.Round(t.Context()))
	require.Empty(t, w.names(), "an empty log has nothing to sign")
	first := w.sign(3)
	require.Equal(t, int64(3), first.Size)
	w.clock.Advance(time.Minute)
	require.NoError(t, w.keeper.Round(t.Context()))
	require.Len(t, w.names(), 1, "nothing was booked since")
	second := w.sign(600)
	require.Equal(t, int64(603), second.Size)
	require.Len(t, w.names(), 2)
	require.Empty(t, w.alerts())

	signed, err := w.place().Read(t.Context(), w.names()[1])
	require.NoError(t, err)
	opened, err := checkpoint.Open(signed, w.key.Verifiers())
	require.NoError(t, err)
	require.Equal(t, second.Root, opened.Root)
	require.Equal(t, w.key.Public()[:len(opened.Origin)], opened.Origin)
	require.Equal(t, w.root(603), opened.Root)
	var hash []byte
	require.NoError(t, w.db.QueryRow(`SELECT hash FROM ledger_transactions WHERE seq = 603`).Scan(&hash))
	require.Equal(t, hash, opened.Head[:])
	for i := range signed {
		changed := slices.Clone(signed)
		changed[i] ^= 1
		_, err := checkpoint.Open(changed, w.key.Verifiers())
		require.Error(t, err, "byte %d", i)
	}
	require.ErrorContains(t, w.place().Write(t.Context(), w.names()[0], []byte("other")), "exist")
	files, err := os.ReadDir(w.dir)
	require.NoError(t, err)
	require.Len(t, files, 2, "nothing is left of the writing")
}

func TestOnlyOneSpellingOfACheckpointIsRead(t *testing.T) {
	text, err := checkpoint.MakeKey(rand.Reader)
	require.NoError(t, err)
	key, err := checkpoint.ParseKey(text)
	require.NoError(t, err)
	signer, err := note.NewSigner(text)
	require.NoError(t, err)
	hash := strings.Repeat("A", 43) + "="
	good := signer.Name() + "\n7\n" + hash + "\n" + hash + "\n2026-01-01T00:00:00Z\n"
	for change, ok := range map[[2]string]bool{
		{"", ""}: true, {"\n7\n", "\n07\n"}: false, {"\n7\n", "\n-7\n"}: false, {"\n7\n", "\n0\n"}: false, {"\n7\n", "\n+7\n"}: false, {"00Z", "00+00:00"}: false,
		{"00Z", "00.0Z"}: false, {"A=", "B="}: false, {"00Z\n", "00Z\nmore\n"}: false, {signer.Name(), "another"}: false,
	} {
		signed, err := note.Sign(&note.Note{Text: strings.Replace(good, change[0], change[1], 1)}, signer)
		require.NoError(t, err)
		c, err := checkpoint.Open(signed, key.Verifiers())
		require.Equal(t, ok, err == nil, "%q", change)
		if ok {
			require.Equal(t, int64(7), c.Size)
		}
	}
}

func TestNothingIsSignedThatContradictsTheNewestCheckpoint(t *testing.T) {
	for name, c := range map[string]struct {
		tamper func(w *world)
		why    string
	}{
		"RolledBack": {func(w *world) {
			w.tamper(`DELETE FROM ledger_transactions WHERE seq > 290; DELETE FROM ledger_entries WHERE seq > 290;
				UPDATE ledger_head SET seq = 290, hash = (SELECT hash FROM ledger_transactions WHERE seq = 290)`)
		}, "rolled back: it has 290 transactions, 300 were signed"},
		"RolledBackAndGrown": {func(w *world) {
			w.tamper(`DELETE FROM ledger_transactions WHERE seq > 290; DELETE FROM ledger_entries WHERE seq > 290;
				UPDATE ledger_head SET seq = 290, hash = (SELECT hash FROM ledger_transactions WHERE seq = 290)`)
			w.book(20)
		}, "the chain was rewritten: the hash of #300"},
		"ChainedAnew":      {func(w *world) { w.rechain(280) }, "the chain was rewritten: the hash of #300"},
		"ChainedAnewEarly": {func(w *world) { w.rechain(5) }, "the chain was rewritten: the hash of #300"},
		"LeafEdited":       {func(w *world) { w.tamper(`UPDATE ledger_transactions SET leaf = sha256(leaf) WHERE seq = 290`) }, "the leaves up to #300"},
		"LeafEditedAfter": {func(w *world) {
			w.book(20)
			w.tamper(`UPDATE ledger_transactions SET leaf = sha256(leaf) WHERE seq = 310`)
		}, "the chain is broken: the hash of #310"},
		"CutAfter": {func(w *world) {
			w.book(20)
			w.tamper(`DELETE FROM ledger_entries WHERE seq = 310; DELETE FROM ledger_transactions WHERE seq = 310`)
		}, "transaction #310 is missing"},
		"TreeEmptiedAndLeaf": {func(w *world) {
			w.exec(`DELETE FROM ledger_tree`)
			w.tamper(`UPDATE ledger_transactions SET leaf = sha256(leaf) WHERE seq = 2`)
		}, "the leaves up to #300"},
		"HeadEdited": {func(w *world) { w.exec(`UPDATE ledger_head SET hash = sha256(hash)`) }, "the head is not that of the last transaction, #300"},
		"CheckpointForged": {func(w *world) {
			signed, err := newKey(w.t).Sign(checkpoint.Checkpoint{Size: 310, At: w.clock.Now()})
			require.NoError(w.t, err)
			require.NoError(w.t, w.place().Write(w.t.Context(), "000000000000310-20260101T000000Z.txt", signed))
		}, "is not to be trusted: the checkpoint is signed by another key"},
		"CheckpointRenamed": {func(w *world) {
			signed, err := w.place().Read(w.t.Context(), w.names()[0])
			require.NoError(w.t, err)
			require.NoError(w.t, w.place().Write(w.t.Context(), "000000000000310-20260101T000000Z.txt", signed))
		}, "its size is not that in its name"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.sign(100)
			w.sign(200)
			c.tamper(w)
			w.refuses(w.keeper, c.why)
		})
	}
}

func TestNothingIsSignedWhenTheNewestCheckpointIsGone(t *testing.T) {
	w := newWorld(t)
	w.sign(10)
	require.NoError(t, os.RemoveAll(w.dir))
	w.book(1)
	w.refuses(w.keeper, "is gone from")
}

func TestAnAlertEndsWithItsCause(t *testing.T) {
	w := newWorld(t)
	w.sign(10)
	w.exec(`UPDATE ledger_head SET seq = 9`)
	w.refuses(w.keeper, "rolled back")
	w.exec(`UPDATE ledger_head SET seq = 10`)
	require.NoError(t, w.keeper.Round(t.Context()))
	require.Empty(t, w.alerts())
}

func TestAnotherServerGoesOnWhereOneStopped(t *testing.T) {
	w := newWorld(t)
	w.sign(10)
	next := w.newKeeper(w.place(), w.key)
	w.book(5)
	require.NoError(t, next.Round(t.Context()))
	require.Equal(t, int64(15), next.Newest().Size)
	w.exec(`UPDATE ledger_leases SET server_id = 'srv_other', until = clock_timestamp() + interval '1 minute' WHERE job = 'checkpoints'`)
	w.book(5)
	require.NoError(t, w.keeper.Round(t.Context()))
	require.Equal(t, int64(15), w.keeper.Newest().Size, "it does not sign, and knows what the other signed")
	require.Len(t, w.names(), 2)

	// A server with a folder of its own begins there, and still holds the books to what was signed.
	w.exec(`UPDATE ledger_leases SET until = clock_timestamp() - interval '1 minute'`)
	w.exec(`DELETE FROM ledger_leases`)
	w.dir = filepath.Join(t.TempDir(), "own")
	own := w.newKeeper(w.place(), w.key)
	w.rechain(3)
	w.refuses(own, "the hash of #15")
}
