package checkpoint_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/resourcepool/resourcepool/server/checkpoint"
)

// root computes the root of a size from the transactions, with tlog's own storage of all hashes.
func (w *world) root(size int64) tlog.Hash {
	w.t.Helper()
	var all []tlog.Hash
	read := tlog.HashReaderFunc(func(list []int64) (out []tlog.Hash, err error) {
		for _, i := range list {
			out = append(out, all[i])
		}
		return out, nil
	})
	rows, err := w.db.Query(`SELECT seq, leaf FROM ledger_transactions WHERE seq <= $1 ORDER BY seq`, size)
	require.NoError(w.t, err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var seq int64
		var leaf []byte
		require.NoError(w.t, rows.Scan(&seq, &leaf))
		hashes, err := tlog.StoredHashes(seq-1, leaf, read)
		require.NoError(w.t, err)
		all = append(all, hashes...)
	}
	require.NoError(w.t, rows.Err())
	root, err := tlog.TreeHash(size, read)
	require.NoError(w.t, err)
	return root
}

// tree is what ledger_tree has.
func (w *world) tree() (hashes []string) {
	w.t.Helper()
	rows, err := w.db.Query(`SELECT format('%s %s %s', level, n, encode(hash, 'hex')) FROM ledger_tree ORDER BY level, n`)
	require.NoError(w.t, err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var s string
		require.NoError(w.t, rows.Scan(&s))
		hashes = append(hashes, s)
	}
	require.NoError(w.t, rows.Err())
	return hashes
}

// TestWhatIsInTheTreeIsNotSigned lets somebody who can write ledger_tree put there what they like: the root that is signed is
// that of the transactions all the same, and the tree is put right.
func TestWhatIsInTheTreeIsNotSigned(t *testing.T) {
	for name, plant := range map[string]string{
		"Ahead":       `INSERT INTO ledger_tree SELECT 1, n, sha256(n::text::bytea) FROM generate_series(1, 2) n`,
		"AheadOfAll":  `INSERT INTO ledger_tree SELECT level, n, sha256('x') FROM generate_series(1, 2) level, generate_series(1, 2) n`,
		"WithGap":     `INSERT INTO ledger_tree VALUES (1, 2, sha256('x'))`,
		"Edited":      `UPDATE ledger_tree SET hash = sha256(hash)`,
		"EditedAhead": `UPDATE ledger_tree SET hash = sha256(hash); INSERT INTO ledger_tree VALUES (1, 1, sha256('x'))`,
		"Short":       `UPDATE ledger_tree SET hash = 'x'`,
		"Emptied":     `DELETE FROM ledger_tree`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.sign(300)
			w.exec(plant)
			c := w.sign(468)
			require.Equal(t, int64(768), c.Size)
			require.Equal(t, w.root(768), c.Root)
			require.Empty(t, w.alerts())
			w.exec(`DELETE FROM ledger_tree WHERE level > 1 OR n > 2`) // what lies beyond the log is reached later
			healed := w.tree()
			w.exec(`DELETE FROM ledger_tree`)
			require.NoError(t, w.keeper.Round(t.Context()))
			require.Equal(t, w.tree(), healed)
			require.Len(t, healed, 3)
		})
	}
}

// TestInventedLeavesAreNotSigned plants the subtree that comes next, before there is a transaction of it: nothing that was
// signed before contradicts it.
func TestInventedLeavesAreNotSigned(t *testing.T) {
	w := newWorld(t)
	w.sign(512)
	w.exec(`INSERT INTO ledger_tree VALUES (1, 2, sha256('invented'))`)
	c := w.sign(256)
	require.Equal(t, w.root(768), c.Root)
	require.Empty(t, w.alerts())
}

func TestTheFirstCheckpointIsOfTheTransactions(t *testing.T) {
	w := newWorld(t)
	w.exec(`INSERT INTO ledger_tree VALUES (1, 0, sha256('x'))`)
	require.Equal(t, w.sign(300).Root, w.root(300))
}

// slow is a place that something happens at before it answers.
type slow struct {
	checkpoint.Place
	beforeList, beforeWrite func()
}

func (s slow) List(ctx context.Context, after string) ([]string, error) {
	s.beforeList()
	return s.Place.List(ctx, after)
}

func (s slow) Write(ctx context.Context, name string, content []byte) error {
	s.beforeWrite()
	return s.Place.Write(ctx, name, content)
}

func TestASlowServerNeitherAccusesTheBooksNorUnpublishes(t *testing.T) {
	nothing := func() {}
	for name, own := range map[string]bool{"OnePlace": false, "APlaceEach": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.sign(10)
			fast := w.keeper
			if own {
				w.dir = filepath.Join(t.TempDir(), "own")
			}
			overtake := func() {
				w.book(5)
				w.clock.Advance(time.Minute)
				require.NoError(t, fast.Round(t.Context()))
			}
			require.NoError(t, w.newKeeper(slow{w.place(), overtake, nothing}, w.key).Round(t.Context()))
			require.Equal(t, int64(15), w.publishedSize())
			w.book(5)
			w.clock.Advance(time.Minute)
			k := w.newKeeper(slow{w.place(), nothing, overtake}, w.key)
			require.NoError(t, k.Round(t.Context()))
			require.Equal(t, int64(20), k.Newest().Size)
			require.Equal(t, int64(25), w.publishedSize(), "the newer one stays")
			require.Empty(t, w.alerts())
		})
	}
}

// publishedSize is the size of the note that proofs are made with.
func (w *world) publishedSize() int64 {
	w.t.Helper()
	var note string
	require.NoError(w.t, w.db.QueryRow(`SELECT note FROM ledger_checkpoint`).Scan(&note))
	c, err := checkpoint.Open([]byte(note), w.key.Verifiers())
	require.NoError(w.t, err)
	return c.Size
}

func TestAForeignNoteIsReplacedWhateverItsSize(t *testing.T) {
	w := newWorld(t)
	w.sign(10)
	forged, err := newKey(t).Sign(checkpoint.Checkpoint{Size: 1000, At: w.clock.Now()})
	require.NoError(t, err)
	w.exec(`UPDATE ledger_checkpoint SET size = 1000, note = $1`, string(forged))
	require.NoError(t, w.keeper.Round(t.Context()))
	require.Equal(t, int64(10), w.publishedSize())
	w.exec(`UPDATE ledger_checkpoint SET size = 1000`)
	w.sign(1)
	require.Equal(t, int64(11), w.publishedSize())
}
