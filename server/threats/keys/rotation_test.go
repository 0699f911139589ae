package keys

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/transittest"
)

// load is clients who ask without a pause, of keys that are in no server's memory.
type load struct {
	asked, failed atomic.Int64
	first         atomic.Pointer[error]
	stop          chan struct{}
	all           sync.WaitGroup
}

func (l *load) failure() error {
	if err := l.first.Load(); err != nil {
		return *err
	}
	return nil
}

// loop does something until the load is stopped.
func (l *load) loop(do func(i int) error) {
	l.all.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-l.stop:
				return
			default:
			}
			if err := do(i); err != nil {
				l.failed.Add(1)
				l.first.CompareAndSwap(nil, &err)
			}
			l.asked.Add(1)
		}
	})
}

func (s stage) load(db *sql.DB, list []string, servers ...*programtest.Program) *load {
	l := &load{stop: make(chan struct{})}
	for _, at := range servers {
		for range 3 {
			tom := s.tom.At(at)
			l.loop(func(int) error {
				_, err := tom.Do(programtest.Complete, programtest.Ask("gpt-4", nil))
				return err
			})
		}
		admin := s.admin.At(at)
		l.loop(func(i int) error {
			time.Sleep(50 * time.Millisecond)
			key := fmt.Sprintf("sk-made-%s-%d", at.URL[len("http://"):], i)
			s.up.AddKey(key, "1000")
			_, err := admin.Do(programtest.AddPlatformResource, vars{"i": vars{"provider": "openai", "apiKey": key, "quota": "1000", "label": "l"}})
			return err
		})
	}
	l.loop(func(int) error { // has the servers forget every key that they have opened
		time.Sleep(20 * time.Millisecond)
		for _, id := range list {
			if _, err := db.Exec(`INSERT INTO changes (kind, ref) VALUES ('resource', $1)`, id); err != nil {
				return err
			}
		}
		return nil
	})
	return l
}

// Row 28: the master key changes while servers serve, and what was destroyed does not come back with an old copy.
func TestRow28_RotationAndShredding(t *testing.T) {
	t.Parallel()
	s := begin(t)
	db := s.Database()
	second := programtest.Launch(t, programtest.Settings(t, programtest.Variable(s.Env, "MIGRATE_DATABASE_URL"), "POOL_PROVIDER_URLS="+s.up.ProviderURLs("openai", "custom")))
	bob := s.Person("bob")
	gone := bob.Deposit(s.up, "sk-gone-0123456789", "1000")
	var list []string
	for i := range 5 {
		list = append(list, s.admin.Platform(s.up, fmt.Sprintf("sk-stays-%d-0123456789", i), "1000", false))
	}
	// The copy of the database that somebody has.
	var keyID string
	var wrapped, ciphertext []byte
	copied := db.QueryRowContext(t.Context(), `SELECT key_id, wrapped_key, ciphertext FROM secrets WHERE resource_id = $1`, gone)
	require.NoError(t, copied.Scan(&keyID, &wrapped, &ciphertext))

	l := s.load(db, append(list, gone), s.Program, second)
	require.Eventually(t, func() bool { return l.asked.Load() > 50 }, 20*time.Second, 10*time.Millisecond)
	next := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{8}, 32))
	rotating := append(append([]string{}, s.Env...), "POOL_NEW_MASTER_KEY="+next)
	before := l.asked.Load()
	said, err := programtest.Run(rotating, "rotate-master-key", "--overlap=2s")
	during := l.asked.Load() - before
	time.Sleep(300 * time.Millisecond) // and a little under the new key alone
	close(l.stop)
	l.all.Wait()
	require.NoError(t, err, said)
	require.Zero(t, l.failed.Load(), "calls failed, of %d: %v", l.asked.Load(), l.failure())
	require.Greater(t, during, int64(50), "calls while it rotated")
	var behind int
	require.NoError(t, db.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM secrets WHERE key_id = $1) + (SELECT count(*) FROM user_keys WHERE key_id = $1)`, keyID).Scan(&behind))
	require.Zero(t, behind)
	again, err := programtest.Run(rotating, "rotate-master-key")
	require.NoError(t, err, again)
	require.Contains(t, again, "in force already")

	second.Kill(9)
	refused := programtest.FailsToStart(t, second.Env)
	require.Contains(t, refused, "the master key was rotated")
	second.Env = append(second.Env, "POOL_MASTER_KEY="+next)
	second.Start()
	s.tom.At(second).Must(programtest.Complete, programtest.Ask("gpt-4", nil))

	// The owner takes the key back; then the copy is put back.
	bob.Must(`mutation($id: ID!) { withdrawResource(id: $id) { resource { status } } }`, vars{"id": gone})
	require.Eventually(t, func() bool {
		var n int
		require.NoError(t, db.QueryRowContext(t.Context(), `SELECT count(*) FROM secrets WHERE resource_id = $1`, gone).Scan(&n))
		return n == 0
	}, 20*time.Second, 20*time.Millisecond, "its data key is not destroyed")
	restore := `INSERT INTO secrets (resource_id, key_id, wrapped_key, ciphertext, created_at) VALUES ($1, $2, $3, $4, now())`
	_, err = db.ExecContext(t.Context(), restore, gone, keyID, wrapped, ciphertext)
	require.ErrorContains(t, err, "retired", "the database takes nothing under a retired key")
	s.Exec(db, `ALTER TABLE secrets DISABLE TRIGGER master_key_in_force`)
	s.Exec(db, restore, gone, keyID, wrapped, ciphertext)
	s.Exec(db, `UPDATE pool_resources SET status = 'ACTIVE' WHERE id = $1`, gone)
	s.Changed(db, "resource", gone)
	for _, at := range []*programtest.Program{s.Program, second} {
		refused := func() bool {
			_, err := bob.At(at).Do(`mutation($id: ID!) { verifyResource(id: $id) { status } }`, vars{"id": gone})
			return err != nil
		}
		require.Eventually(t, refused, 2*time.Second, 50*time.Millisecond, "from when it has heard that the key was destroyed")
		used, _ := s.up.Key("sk-gone-0123456789")
		require.True(t, refused())
		after, _ := s.up.Key("sk-gone-0123456789")
		require.Equal(t, used.Calls, after.Calls, "calls with the key that was destroyed")
	}
	s.Exec(db, `DELETE FROM secrets WHERE resource_id = $1`, gone)
	s.tom.Must(programtest.Complete, programtest.Ask("gpt-4", nil))
}

// The program with a master key that a key service wraps.
func TestTheMasterKeyOfAKeyService(t *testing.T) {
	t.Parallel()
	service := transittest.New(t)
	s := begin(t, "POOL_MASTER_KEY=", "POOL_MASTER_KEY_URL="+service.URL, "POOL_MASTER_KEY_TOKEN_FILE="+service.TokenFile)
	s.admin.Platform(s.up, "sk-wrapped-0123456789", "1000", false)
	s.tom.Must(programtest.Complete, programtest.Ask("gpt-4", nil))
	said, err := s.Command("rotate-master-key", "--overlap=0s")
	require.NoError(t, err, said)
	s.Kill(9)
	s.Start()
	s.tom.Must(programtest.Complete, programtest.Ask("gpt-4", nil))

	s.Kill(9)
	service.Renew(t, "hvs.other")
	env := append(append([]string{}, s.Env...), "POOL_MASTER_KEY_TOKEN_FILE="+service.TokenFile+".missing")
	require.Contains(t, programtest.FailsToStart(t, env), "POOL_MASTER_KEY_TOKEN_FILE")
	env = append(append([]string{}, s.Env...), "POOL_MASTER_KEY="+programtest.MasterKey, "POOL_MASTER_KEY_URL=")
	require.Contains(t, programtest.FailsToStart(t, env), "POOL_MASTER_KEY")
}
