package acceptance

import (
	"database/sql"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/s3mem"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/programtest"
)

// books are those of a test, for who can write them past every guard.
type books struct {
	t  *testing.T
	db *sql.DB
}

func (b books) exec(query string, args ...any) {
	b.t.Helper()
	_, err := b.db.Exec(query, args...)
	require.NoError(b.t, err)
}

// rewrite changes the memo of a transaction and seals it and all after it anew, as the program would have: leaves, chain and
// head are in order again.
func (b books) rewrite(from int64, memo string) {
	b.t.Helper()
	b.exec(`ALTER TABLE ledger_transactions_0 DISABLE TRIGGER ALL`)
	b.exec(`UPDATE ledger_transactions SET memo = $2 WHERE seq = $1`, from, memo)
	var prev, hash ledger.Digest
	var head int64
	require.NoError(b.t, b.db.QueryRow(`SELECT seq FROM ledger_head`).Scan(&head))
	for seq := from; seq <= head; seq++ {
		var h ledger.Header
		var actor, resource ids.ID
		var text string
		var salts, before []byte
		require.NoError(b.t, b.db.QueryRow(`SELECT seq, created_at, kind, actor_id, user_id, resource_id, usage_id, memo, memo_salt, previous_hash FROM ledger_transactions WHERE seq = $1`, seq).
			Scan(&h.Seq, &h.At, &h.Kind, &actor, &h.User, &resource, &h.Usage, &text, &salts, &before))
		if seq == from {
			copy(prev[:], before)
		}
		h.Memo, h.Origin = ledger.MemoCommitment(salts[:16], text), ledger.OriginCommitment(salts[16:], actor, resource)
		leaf := h.Leaf(b.commitments(seq))
		hash = ledger.Chained(prev, leaf)
		b.exec(`UPDATE ledger_transactions SET leaf = $2, previous_hash = $3, hash = $4 WHERE seq = $1`, seq, leaf[:], prev[:], hash[:])
		prev = hash
	}
	b.exec(`UPDATE ledger_head SET hash = $1`, hash[:])
}

func (b books) commitments(seq int64) (out []ledger.Digest) {
	b.t.Helper()
	rows, err := b.db.Query(`SELECT account_id, amount, salt FROM ledger_entries WHERE seq = $1 ORDER BY n`, seq)
	require.NoError(b.t, err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var account ledger.AccountID
		var amount int64
		var salt []byte
		require.NoError(b.t, rows.Scan(&account, &amount, &salt))
		out = append(out, ledger.Commitment(salt, account, amount))
	}
	require.NoError(b.t, rows.Err())
	return out
}

// kept are the tables of the ledger at a time, to go back to.
var keptTables = []string{"ledger_transactions", "ledger_entries", "ledger_accounts", "ledger_head", "ledger_tree", "ledger_checkpoint"}

func (b books) keep() {
	for _, table := range keptTables {
		b.exec(`CREATE TABLE ` + pq.QuoteIdentifier("kept_"+table) + ` AS SELECT * FROM ` + table)
	}
}

func (b books) restore() {
	b.exec(`ALTER TABLE ledger_transactions_0 DISABLE TRIGGER ALL; ALTER TABLE ledger_entries_0 DISABLE TRIGGER ALL`)
	for _, table := range keptTables {
		b.exec(`DELETE FROM ` + table)
		b.exec(`INSERT INTO ` + table + ` SELECT * FROM ` + pq.QuoteIdentifier("kept_"+table))
	}
}

// TestVerifyLedgerFindsWhatCheckpointsContradict changes the books so that they are in order by themselves; who kept the
// checkpoints finds it.
func TestVerifyLedgerFindsWhatCheckpointsContradict(t *testing.T) {
	for name, c := range map[string]struct {
		tamper func(b books)
		says   []string
	}{
		"Nothing":     {func(books) {}, nil},
		"ChainedAnew": {func(b books) { b.rewrite(4, "another reason") }, []string{"it was rewritten and chained anew", "the first bad transaction is one of #4 to #6"}},
		"TheFirst":    {func(b books) { b.rewrite(1, "another reason") }, []string{"the first bad transaction is one of #1 to #3"}},
		"NotSigned":   {func(b books) { b.rewrite(10, "another reason") }, nil}, // nobody has signed it yet
		"RolledBack":  {func(b books) { b.restore() }, []string{"9 transactions were signed", "the log has 6 in a row", "the first bad transaction is one of #7 to #9"}},
		"Truncated": {func(b books) {
			b.exec(`ALTER TABLE ledger_transactions_0 DISABLE TRIGGER ALL; ALTER TABLE ledger_entries_0 DISABLE TRIGGER ALL; DELETE FROM ledger_entries WHERE seq > 7;
				DELETE FROM ledger_transactions WHERE seq > 7; UPDATE ledger_head SET seq = 7, hash = (SELECT hash FROM ledger_transactions WHERE seq = 7);
				UPDATE ledger_accounts a SET balance = coalesce((SELECT sum(amount) FROM ledger_entries e WHERE e.account_id = a.id), 0)`)
		}, []string{"the log has 7 in a row", "the first bad transaction is one of #7 to #9"}},
	} {
		t.Run(name, func(t *testing.T) {
			database, dir := dbtest.URL(t), filepath.Join(t.TempDir(), "kept")
			p := programtest.Launch(t, programtest.Settings(t, database, "POOL_CHECKPOINTS="+dir))
			b := books{t, dbtest.Open(t, database)}
			admin, tom := p.Admin(), p.Person("tom")
			for range 3 {
				for range 3 {
					admin.Grant(tom, "1")
				}
				signed(p, dir, 1)
				if len(checkpoints(p, dir)) == 2 {
					b.keep()
				}
			}
			admin.Grant(tom, "1")
			p.Kill(syscall.SIGTERM)
			c.tamper(b)
			auditor := []string{"DATABASE_URL=" + database, "POOL_DATA_DIR=" + t.TempDir()}
			out, err := programtest.Run(auditor, "verify-ledger")
			require.NoError(t, err, out)
			require.Contains(t, out, "no checkpoints to compare with")
			out, err = programtest.Run(auditor, "verify-ledger", "--checkpoints", dir, "--key", filepath.Join(p.DataDir, "signing.pub"))
			if c.says == nil {
				require.NoError(t, err, out)
				require.Contains(t, out, "checkpoints that agree: 3, the newest of #9")
				p.Verified() // against those that its settings name
				return
			}
			require.Error(t, err, out)
			for _, s := range c.says {
				require.Contains(t, out, s)
			}
			own, err := p.Command("verify-ledger")
			require.Error(t, err, own)
			require.Equal(t, out, own)
			p.Start() // what is there already is not signed
			require.Eventually(t, func() bool { return strings.Contains(p.Out.String(), "none was signed") }, 10*time.Second, 20*time.Millisecond)
			require.Len(t, checkpoints(p, dir), 3)
		})
	}
}

func TestCheckpointsGoToABucket(t *testing.T) {
	backend := s3mem.New()
	require.NoError(t, backend.CreateBucket(t.Context(), "proofs"))
	store := httptest.NewServer(gofakes3.New(backend, gofakes3.WithV4Auth(map[string]string{"AKIA": "canary/secret"})).Server())
	t.Cleanup(store.Close)
	place := "s3://AKIA:canary%2Fsecret@" + strings.TrimPrefix(store.URL, "http://") + "/proofs/ledger?insecure=1"
	p := programtest.Serve(t, "POOL_CHECKPOINTS="+place)
	admin, tom := p.Admin(), p.Person("tom")
	admin.Grant(tom, "1")
	p.Kill(syscall.SIGTERM)
	p.Start()
	require.Eventually(t, func() bool { status, _, _ := get(tom, "/receipts/1"); return status == http.StatusOK }, 20*time.Second, 50*time.Millisecond)
	require.NoDirExists(t, filepath.Join(p.DataDir, "checkpoints"))
	out, err := p.Command("verify-ledger")
	require.NoError(t, err, out)
	require.Contains(t, out, "checkpoints that agree: 1, the newest of #1")

	b := books{t, dbtest.Open(t, programtest.Variable(p.Env, "MIGRATE_DATABASE_URL"))}
	b.rewrite(1, "another reason")
	out, err = p.Command("verify-ledger", "--checkpoints", place, "--key", filepath.Join(p.DataDir, "signing.pub"))
	require.Error(t, err)
	require.Contains(t, out, "the first bad transaction is #1\n")
	wrong := strings.Replace(place, "canary", "canary2", 1)
	denied, err := p.Command("verify-ledger", "--checkpoints", wrong)
	require.Error(t, err)
	require.Contains(t, denied, "403")
	malformed, err := p.Command("verify-ledger", "--checkpoints", strings.Replace(place, "%2F", "/", 1))
	require.Error(t, err)
	bad := programtest.FailsToStart(t, programtest.Settings(t, programtest.Variable(p.Env, "MIGRATE_DATABASE_URL"), "POOL_SIGNING_KEY=PRIVATE+KEY+canary", "POOL_CHECKPOINTS=s3://AKIA:canary@host"))
	require.Contains(t, bad, "POOL_SIGNING_KEY: ")
	require.Contains(t, bad, "POOL_CHECKPOINTS: ")
	require.NotContains(t, p.Out.String()+out+denied+malformed+bad, "canary")
}
