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
	"github.com/resourcepool/resourcepool/server/programtest"
)

const ownsItsTables = "owner of its tables"

func TestAServerSaysWhereItsRoleMayDoTooMuch(t *testing.T) {
	database := dbtest.URL(t)
	two := programtest.Launch(t, programtest.Settings(t, database))
	require.NotContains(t, two.Out.String(), ownsItsTables)
	one := programtest.Launch(t, programtest.Settings(t, database, "DATABASE_URL="+database))
	require.Contains(t, one.Out.String(), ownsItsTables)
}

func TestThePrivatePostgresHasARoleForTheServer(t *testing.T) {
	p := programtest.Launch(t, []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "POOL_DATA_DIR=" + t.TempDir(), "POOL_LISTEN=" + programtest.FreeAddress(t),
		"POOL_ADMIN_EMAIL=" + programtest.AdminEmail, "POOL_ADMIN_PASSWORD=" + programtest.AdminPassword,
	})
	require.NotContains(t, p.Out.String(), ownsItsTables)
	p.Admin().Grant(p.Person("tom"), "7")
	address, err := postgres.Running(p.DataDir + "/postgres")
	require.NoError(t, err)
	db := dbtest.Open(t, address)
	for _, statement := range []string{`UPDATE ledger_entries SET amount = 0`, `DELETE FROM ledger_transactions`, `TRUNCATE usage_logs`, `ALTER TABLE ledger_entries DISABLE TRIGGER ALL`} {
		_, err := db.ExecContext(t.Context(), statement)
		require.ErrorContains(t, err, "(42501)", statement)
	}
	p.Verified()
}

func TestAnAuditorNeedsNoMoreThanToRead(t *testing.T) {
	database := dbtest.URL(t)
	p := programtest.Launch(t, programtest.Settings(t, database))
	p.Admin().Grant(p.Person("tom"), "7")

	db, role := dbtest.Open(t, database), "auditor"+strconv.Itoa(os.Getpid())
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
	out, err := programtest.Run(auditor, "verify-ledger")
	require.NoError(t, err, out)
	require.Contains(t, out, "1 transactions")

	_, err = db.ExecContext(t.Context(), `ALTER TABLE ledger_entries_0 DISABLE TRIGGER USER; UPDATE ledger_entries SET amount = amount + 1`)
	require.NoError(t, err)
	out, err = programtest.Run(auditor, "verify-ledger")
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
			out, err := programtest.Run([]string{"PATH=" + os.Getenv("PATH"), "POOL_DATA_DIR=" + dir}, args...)
			require.Error(t, err)
			require.Contains(t, out, "there is no database in POOL_DATA_DIR ("+dir+"); run `serve` or `migrate` first")
			made, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Empty(t, made)
			out, err = programtest.Run([]string{"DATABASE_URL=" + dbtest.Empty(t), "POOL_DATA_DIR=" + dir}, args...)
			require.Error(t, err)
			require.Contains(t, out, "run `migrate` first")
		})
	}
}

func TestAServerRunsWithoutTheOwnersRoleOnceMigrated(t *testing.T) {
	database := dbtest.URL(t)
	env := programtest.Settings(t, database)
	out, err := programtest.Run(slices.DeleteFunc(slices.Clone(env), func(e string) bool { return strings.HasPrefix(e, "POOL_MASTER_KEY=") }), "migrate")
	require.NoError(t, err, out)
	p := programtest.Launch(t, slices.DeleteFunc(env, func(e string) bool { return strings.HasPrefix(e, "MIGRATE_DATABASE_URL=") }))
	require.NotContains(t, p.Out.String(), ownsItsTables)
	p.Admin().Grant(p.Person("tom"), "7")
	p.Verified()
}
