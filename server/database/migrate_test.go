package database_test

import (
	"crypto/sha256"
	"database/sql"
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/resourcepool/resourcepool/ent/migrate/migrations"
	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/dbtest"
)

func empty(t *testing.T) (string, *sql.DB) {
	t.Helper()
	address := dbtest.Empty(t)
	return address, dbtest.Open(t, address)
}

// history builds a folder of migrations with the right list of checksums.
func history(files map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	list := ""
	for name, body := range files {
		out[name] = &fstest.MapFile{Data: []byte(body)}
		list += fmt.Sprintf("%x  %s\n", sha256.Sum256([]byte(body)), name)
	}
	out[migrations.Checksums] = &fstest.MapFile{Data: []byte(list)}
	return out
}

func count(t *testing.T, db *sql.DB, query string) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRowContext(t.Context(), query).Scan(&n))
	return n
}

func TestMigrate(t *testing.T) {
	const one, two = "-- +goose Up\nCREATE TABLE one (id int);\n", "-- +goose Up\nCREATE TABLE two (id int);\n"

	t.Run("servers that start at once apply each file once", func(t *testing.T) {
		address, db := empty(t)
		var g errgroup.Group
		for range 6 {
			g.Go(func() error { return database.Migrate(t.Context(), address) })
		}
		require.NoError(t, g.Wait())
		sums, err := database.Checksums(migrations.FS)
		require.NoError(t, err)
		require.Equal(t, len(sums), count(t, db, "SELECT count(*) FROM schema_migration_checksums"))
	})
	t.Run("a second start changes nothing", func(t *testing.T) {
		address, db := empty(t)
		files := history(map[string]string{"00001_one.sql": one})
		require.NoError(t, database.MigrateFrom(t.Context(), address, files))
		require.NoError(t, database.MigrateFrom(t.Context(), address, files))
		require.Equal(t, 1, count(t, db, "SELECT count(*) FROM schema_migration_checksums"))
	})
	t.Run("a newer file is applied on top", func(t *testing.T) {
		address, db := empty(t)
		require.NoError(t, database.MigrateFrom(t.Context(), address, history(map[string]string{"00001_one.sql": one})))
		require.NoError(t, database.MigrateFrom(t.Context(), address, history(map[string]string{"00001_one.sql": one, "00002_two.sql": two})))
		require.Equal(t, 0, count(t, db, "SELECT count(*) FROM two"))
	})
	t.Run("an older program accepts a newer database", func(t *testing.T) {
		address, _ := empty(t)
		require.NoError(t, database.MigrateFrom(t.Context(), address, history(map[string]string{"00001_one.sql": one, "00002_two.sql": two})))
		require.NoError(t, database.MigrateFrom(t.Context(), address, history(map[string]string{"00001_one.sql": one})))
	})
	t.Run("an applied file that changed is refused and nothing is applied", func(t *testing.T) {
		address, db := empty(t)
		require.NoError(t, database.MigrateFrom(t.Context(), address, history(map[string]string{"00001_one.sql": one})))
		err := database.MigrateFrom(t.Context(), address, history(map[string]string{"00001_one.sql": one + "-- edited\n", "00002_two.sql": two}))
		require.ErrorContains(t, err, "00001_one.sql was applied to this database and has changed since")
		require.Equal(t, 0, count(t, db, "SELECT count(*) FROM pg_class WHERE relname = 'two'"))
	})
	t.Run("a failed file leaves no trace and can be corrected", func(t *testing.T) {
		address, db := empty(t)
		broken := history(map[string]string{"00001_one.sql": one, "00002_two.sql": two + "SELECT 1/0;\n"})
		require.Error(t, database.MigrateFrom(t.Context(), address, broken))
		require.Equal(t, 0, count(t, db, "SELECT count(*) FROM pg_class WHERE relname = 'two'"))
		require.NoError(t, database.MigrateFrom(t.Context(), address, history(map[string]string{"00001_one.sql": one, "00002_two.sql": two})))
	})
}

func TestChecksums(t *testing.T) {
	t.Run("of this program's files are current", func(t *testing.T) {
		_, err := database.Checksums(migrations.FS)
		require.NoError(t, err)
	})
	t.Run("a file that is not listed is named", func(t *testing.T) {
		files := history(map[string]string{"00001_one.sql": "SELECT 1;"})
		files["00002_two.sql"] = &fstest.MapFile{Data: []byte("SELECT 2;")}
		_, err := database.Checksums(files)
		require.ErrorContains(t, err, "00002_two.sql differs from checksums.txt")
	})
	t.Run("a listed file that is missing is named", func(t *testing.T) {
		files := history(map[string]string{"00001_one.sql": "SELECT 1;", "00002_two.sql": "SELECT 2;"})
		delete(files, "00002_two.sql")
		_, err := database.Checksums(files)
		require.ErrorContains(t, err, "00002_two.sql is listed in checksums.txt but missing")
	})
}
