package checkpoint_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/checkpoint"
	"github.com/resourcepool/resourcepool/server/ledger"
)

// audit replays the books and compares them with the checkpoints.
func (w *world) audit() *checkpoint.Result {
	w.t.Helper()
	a, err := checkpoint.NewAudit(w.t.Context(), w.place(), w.key.Verifiers())
	require.NoError(w.t, err)
	_, err = ledger.Verify(w.t.Context(), w.db, ledger.VerifyOptions{Now: w.clock.Now(), Watch: a.Watch})
	require.NoError(w.t, err)
	r, err := a.Result(w.t.Context())
	require.NoError(w.t, err)
	return r
}

func TestAnAuditNamesTheRangeOfTheFirstBadTransaction(t *testing.T) {
	for name, c := range map[string]struct {
		tamper   func(w *world)
		from, to int64
		says     string
	}{
		"Nothing":      {func(*world) {}, 0, 0, ""},
		"Rechained":    {func(w *world) { w.rechain(60) }, 51, 100, "rewritten and chained anew"},
		"RechainedAll": {func(w *world) { w.rechain(1) }, 1, 50, "rewritten and chained anew"},
		"LeafAlone":    {func(w *world) { w.tamper(`UPDATE ledger_transactions SET leaf = sha256(leaf) WHERE seq = 101`) }, 101, 300, "the leaves up to #300"},
		"HashAlone":    {func(w *world) { w.tamper(`UPDATE ledger_transactions SET hash = sha256(hash) WHERE seq = 100`) }, 51, 100, "the hash of #100"},
		"TailCut":      {func(w *world) { w.tamper(`DELETE FROM ledger_transactions WHERE seq >= 300`) }, 101, 300, "300 transactions were signed"},
		"MiddleCut":    {func(w *world) { w.tamper(`DELETE FROM ledger_transactions WHERE seq = 70`) }, 51, 100, "the log has 69 in a row"},
		"Emptied":      {func(w *world) { w.tamper(`DELETE FROM ledger_transactions`) }, 1, 50, "the log has 0 in a row"},
		"Unsigned":     {func(w *world) { w.rechain(305) }, 0, 0, ""},
		"TreeEdited":   {func(w *world) { w.exec(`UPDATE ledger_tree SET hash = sha256(hash)`) }, 0, 0, ""}, // it is not believed
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for _, n := range []int{50, 50, 200} {
				w.sign(n)
			}
			w.book(10)
			c.tamper(w)
			r := w.audit()
			require.Equal(t, 3, r.Checkpoints)
			from, to, ok := r.Range()
			if c.to == 0 {
				require.True(t, r.Clean(), "%v", r.Findings)
				require.False(t, ok)
				require.Equal(t, int64(300), r.Agreed)
				return
			}
			require.True(t, ok)
			require.Equal(t, []int64{c.from, c.to}, []int64{from, to}, "%v", r.Findings)
			require.Contains(t, r.Findings[0], c.says)
		})
	}
}

func TestAnAuditBelievesNoCheckpointThatIsNotTheKeys(t *testing.T) {
	w := newWorld(t)
	w.sign(5)
	first := filepath.Join(w.dir, w.names()[0])
	text, err := os.ReadFile(first)
	require.NoError(t, err)
	w.sign(5)

	forged, err := newKey(t).Sign(*w.keeper.Newest())
	require.NoError(t, err)
	for name, content := range map[string][]byte{"forged": forged, "empty": nil, "of another size": mustRead(t, filepath.Join(w.dir, w.names()[1]))} {
		require.NoError(t, os.WriteFile(first, content, 0o600))
		r := w.audit()
		require.Len(t, r.Findings, 1, name)
		require.Equal(t, int64(10), r.Agreed, name)
	}
	require.NoError(t, os.WriteFile(first, text, 0o600))
	require.True(t, w.audit().Clean())

	require.NoError(t, os.RemoveAll(w.dir))
	_, err = checkpoint.NewAudit(t.Context(), w.place(), w.key.Verifiers())
	require.ErrorContains(t, err, "there are no checkpoints in")
}

func mustRead(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	return b
}
