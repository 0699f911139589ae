package keys

import (
	"bytes"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/programtest"
)

// Row 27: at rest there is nothing to read and nothing to swap.
func TestRow27_KeyAtRest(t *testing.T) {
	t.Parallel()
	s := begin(t)
	db := s.Database()
	secret, label := canary(), canary()
	var keys, list []string
	for _, name := range []string{"a", "b"} {
		key := "sk-" + secret + "-" + name
		s.up.AddKey(key, "1000")
		r := s.admin.Must(programtest.AddPlatformResource, vars{"i": vars{"provider": "openai", "apiKey": key, "quota": "1000", "label": label}})
		keys, list = append(keys, key), append(list, r.Get("addPlatformResource.id").String())
	}
	s.tom.Must(programtest.Complete, programtest.Ask("gpt-4", nil))

	require.NotEmpty(t, s.Holding(db, label), "the tables are searched")
	require.Empty(t, s.Holding(db, secret))
	dir := flushed(t)
	require.NotEmpty(t, filesWith(t, s, dir, label), "the files of the database and its log are searched")
	require.Empty(t, filesWith(t, s, dir, secret))

	s.Exec(db, `UPDATE secrets s SET wrapped_key = o.wrapped_key, ciphertext = o.ciphertext
		FROM secrets o WHERE s.resource_id = ANY (ARRAY[$1, $2]) AND o.resource_id = ANY (ARRAY[$1, $2]) AND o.resource_id <> s.resource_id`, list[0], list[1])
	for _, id := range list {
		s.Changed(db, "resource", id)
	}
	for _, id := range list {
		s.stopped(id)
	}
	before := s.up.Chats(keys[0]) + s.up.Chats(keys[1])
	s.tom.Refused("NO_RESOURCE_AVAILABLE", programtest.Complete, programtest.Ask("gpt-4", nil))
	require.Equal(t, before, s.up.Chats(keys[0])+s.up.Chats(keys[1]), "calls with a key out of another's row")
}

// flushed has Postgres write everything into its files, and returns their folder.
func flushed(t *testing.T) (dir string) {
	t.Helper()
	super := dbtest.Open(t, os.Getenv(dbtest.Variable))
	_, err := super.ExecContext(t.Context(), `CHECKPOINT`)
	require.NoError(t, err)
	var pid int
	require.NoError(t, super.QueryRowContext(t.Context(), `SELECT pg_backend_pid()`).Scan(&pid))
	dir, err = filepath.EvalSymlinks(filepath.Join("/proc", strconv.Itoa(pid), "cwd")) // where Postgres works is where its data is
	require.NoError(t, err)
	return dir
}

// filesWith returns the files that have a text: those of the program's database, of the cluster and of its log.
func filesWith(t *testing.T, s stage, dir, text string) (found []string) {
	t.Helper()
	var oid int64
	require.NoError(t, s.Database().QueryRowContext(t.Context(), `SELECT oid FROM pg_database WHERE datname = current_database()`).Scan(&oid))
	ours := filepath.Join(dir, "base", strconv.FormatInt(oid, 10))
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		switch {
		case os.IsNotExist(err):
			return nil // Postgres removes files while we look
		case err != nil:
			return err
		case e.IsDir() && filepath.Dir(name) == filepath.Join(dir, "base") && name != ours:
			return fs.SkipDir // another test's
		case !e.Type().IsRegular():
			return nil
		}
		content, err := os.ReadFile(name)
		if os.IsNotExist(err) {
			return nil
		}
		for _, form := range []string{text, hex.EncodeToString([]byte(text)), strings.ToUpper(text)} {
			if bytes.Contains(content, []byte(form)) {
				found = append(found, name)
			}
		}
		return err
	})
	require.NoError(t, err)
	return found
}
