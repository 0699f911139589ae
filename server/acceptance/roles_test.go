package acceptance

import (
	"context"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/postgres"
)

const ownsItsTables = "owner of its tables"

func TestAServerSaysWhereItsRoleMayDoTooMuch(t *testing.T) {
	database := dbtest.URL(t)
	two := launch(t, settings(t, database))
	require.NotContains(t, two.out.String(), ownsItsTables)
	one := launch(t, settings(t, database, "DATABASE_URL="+database))
	require.Contains(t, one.out.String(), ownsItsTables)
}

func TestThePrivatePostgresHasARoleForTheServer(t *testing.T) {
	p := launch(t, []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "POOL_DATA_DIR=" + t.TempDir(), "POOL_LISTEN=" + freeAddress(t),
		"POOL_ADMIN_EMAIL=" + adminEmail, "POOL_ADMIN_PASSWORD=" + adminPassword,
	})
	require.NotContains(t, p.out.String(), ownsItsTables)
	p.admin().grant(p.person("tom"), "7")
	address, err := postgres.Running(p.dataDir + "/postgres")
	require.NoError(t, err)
	db := dbtest.Open(t, address)
	for _, statement := range []string{`UPDATE ledger_entries SET amount = 0`, `DELETE FROM ledger_transactions`, `TRUNCATE usage_logs`, `ALTER TABLE ledger_entries DISABLE TRIGGER ALL`} {
		_, err := db.ExecContext(t.Context(), statement)
		require.ErrorContains(t, err, "(42501)", statement)
	}
	p.verified()
}

func TestAnAuditorNeedsNoMoreThanToRead(t *testing.T) {
	database := dbtest.URL(t)
	p := launch(t, settings(t, database))
	p.admin().grant(p.person("tom"), "7")
	out, err := runCommand(append(slices.DeleteFunc(slices.Clone(p.env), func(e string) bool { return strings.HasPrefix(e, "POOL_MASTER_KEY=") }),
		"POOL_LISTEN="+freeAddress(t)), "serve")
	require.Error(t, err)
	require.Contains(t, out, "POOL_MASTER_KEY: required with DATABASE_URL")

	db, role := dbtest.Open(t, database), "auditor"+strconv.FormatInt(port.Add(1), 10)
	for _, statement := range []string{"CREATE ROLE " + role + " LOGIN PASSWORD 'look'", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + role} {
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	t.Cleanup(func() {
		for _, statement := range []string{"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM " + role, "DROP ROLE " + role} {
			_, err := db.ExecContext(context.Background(), statement)
			require.NoError(t, err)
		}
	})
	address, err := url.Parse(database)
	require.NoError(t, err)
	address.User = url.UserPassword(role, "look")
	auditor := []string{"DATABASE_URL=" + address.String(), "POOL_DATA_DIR=" + t.TempDir()}
	out, err = runCommand(auditor, "verify-ledger")
	require.NoError(t, err, out)
	require.Contains(t, out, "1 transactions")

	_, err = db.ExecContext(t.Context(), `ALTER TABLE ledger_entries_0 DISABLE TRIGGER USER; UPDATE ledger_entries SET amount = amount + 1`)
	require.NoError(t, err)
	out, err = runCommand(auditor, "verify-ledger")
	require.Error(t, err)
	require.Contains(t, out, "the first bad transaction is #1")
}

func TestACommandThatReadsMakesNoDatabase(t *testing.T) {
	for name, args := range map[string][]string{
		"Verify": {"verify-ledger"}, "Freeze": {"ledger", "freeze", "wallet:x", "--reason=a look", "--actor=a@example.org"},
		"Correct": {"ledger", "correct", "--transaction=1", "--reverse", "--reason=x", "--actor=a@example.org", "--yes"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			out, err := runCommand([]string{"PATH=" + os.Getenv("PATH"), "POOL_DATA_DIR=" + dir}, args...)
			require.Error(t, err)
			require.Contains(t, out, "there is no database in POOL_DATA_DIR ("+dir+"); run `serve` or `migrate` first")
			made, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Empty(t, made)
			out, err = runCommand([]string{"DATABASE_URL=" + dbtest.Empty(t), "POOL_DATA_DIR=" + dir}, args...)
			require.Error(t, err)
			require.Contains(t, out, "run `migrate` first")
		})
	}
}

func TestAServerRunsWithoutTheOwnersRoleOnceMigrated(t *testing.T) {
	database := dbtest.URL(t)
	env := settings(t, database)
	out, err := runCommand(slices.DeleteFunc(slices.Clone(env), func(e string) bool { return strings.HasPrefix(e, "POOL_MASTER_KEY=") }), "migrate")
	require.NoError(t, err, out)
	p := launch(t, slices.DeleteFunc(env, func(e string) bool { return strings.HasPrefix(e, "MIGRATE_DATABASE_URL=") }))
	require.NotContains(t, p.out.String(), ownsItsTables)
	p.admin().grant(p.person("tom"), "7")
	p.verified()
}
