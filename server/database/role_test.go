package database_test

import (
	"database/sql"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/ids"
)

// as returns the address under another role.
func as(t *testing.T, address, role, password string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	u.User = url.UserPassword(role, password)
	return u.String()
}

// newRole returns a name that no role of the test's Postgres has; roles are shared by its databases.
func newRole() string { return strings.ToLower(string(ids.System().New(ids.User))) }

func run(t *testing.T, db *sql.DB, query string) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), query)
	require.NoError(t, err)
}

func TestAServersRole(t *testing.T) {
	owner := dbtest.Empty(t)
	role := newRole()
	app := as(t, owner, role, "pass ' word")
	require.NoError(t, database.MigrateFor(t.Context(), owner, app))
	ownerDB, db := dbtest.Open(t, owner), dbtest.Open(t, app)
	t.Cleanup(func() { _, _ = ownerDB.Exec(`DROP OWNED BY ` + role + `; DROP ROLE ` + role) })
	refused := func(t *testing.T, query string) {
		t.Helper()
		_, err := db.ExecContext(t.Context(), query)
		require.ErrorContains(t, err, "42501", query)
	}

	t.Run("is made with its password, which no statement has", func(t *testing.T) {
		var secret string
		require.NoError(t, db.QueryRowContext(t.Context(), `SELECT current_user`).Scan(&secret))
		require.Equal(t, role, secret)
	})
	t.Run("may add to logs and nothing else", func(t *testing.T) {
		for _, table := range []string{"ledger_transactions", "ledger_entries", "usage_logs", "ledger_verifications", "audit_events", "routing_decisions"} {
			run(t, db, `SELECT count(*) FROM `+table)
			refused(t, `DELETE FROM `+table)
			refused(t, `TRUNCATE `+table)
			refused(t, `ALTER TABLE `+table+` DISABLE TRIGGER ALL`)
			refused(t, `DROP TABLE `+table)
		}
		refused(t, `UPDATE ledger_entries SET amount = 0`)
		refused(t, `UPDATE usage_logs SET credits_charged = 0`)
		run(t, db, `INSERT INTO audit_events (id, at, action, subject) VALUES ('a', now(), 'a', 'a')`)
	})
	t.Run("writes the rows of other tables", func(t *testing.T) {
		run(t, db, `INSERT INTO rests VALUES ('r', '', 'w', now(), 1); UPDATE rests SET failures = 2; DELETE FROM rests`)
		run(t, db, `INSERT INTO model_aliases VALUES ('a', 'm', now()); UPDATE model_aliases SET model = 'n'; DELETE FROM model_aliases`)
		run(t, db, `UPDATE ledger_accounts SET held = held; INSERT INTO changes (kind, ref) VALUES ('user', 'x'); DELETE FROM changes`)
		refused(t, `TRUNCATE ledger_accounts`)
	})
	t.Run("defines nothing and reads only what the migrations recorded", func(t *testing.T) {
		refused(t, `CREATE TABLE mine (n int)`)
		refused(t, `CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'`)
		refused(t, `SET session_replication_role = replica`)
		refused(t, `DELETE FROM schema_migrations`)
	})
	t.Run("has the rights on a later table after the next run, and no more than them", func(t *testing.T) {
		run(t, ownerDB, `CREATE TABLE later (n int); INSERT INTO later VALUES (1); GRANT TRUNCATE ON later TO `+role+`; GRANT UPDATE ON ledger_entries TO `+role)
		require.NoError(t, database.MigrateFor(t.Context(), owner, app))
		run(t, db, `UPDATE later SET n = 2`)
		refused(t, `TRUNCATE later`)
		refused(t, `UPDATE ledger_entries SET amount = 0`)
	})
	t.Run("is not too much", func(t *testing.T) {
		text, err := database.TooMuch(t.Context(), db)
		require.NoError(t, err)
		require.Empty(t, text)
		text, err = database.TooMuch(t.Context(), ownerDB)
		require.NoError(t, err)
		require.Contains(t, text, "owner of its tables")
	})
}

func TestARoleThatMayNotBeMadeSaysWhatToDo(t *testing.T) {
	admin := dbtest.Open(t, dbtest.Empty(t))
	address := dbtest.Empty(t)
	weak := newRole()
	run(t, admin, `CREATE ROLE `+weak+` LOGIN PASSWORD 'weak'`)
	t.Cleanup(func() { _, _ = admin.Exec(`DROP ROLE ` + weak) })
	err := database.MigrateFor(t.Context(), as(t, address, weak, "weak"), as(t, address, newRole(), "hunter2"))
	require.ErrorContains(t, err, "CREATE ROLE")
	require.ErrorContains(t, err, "MIGRATE_DATABASE_URL")
	require.NotContains(t, err.Error(), "hunter2")
}

// A database that one role made and ran is taken over by the next run with two.
func TestTheOwnerTakesOverWhatTheServersRoleOwns(t *testing.T) {
	owner := dbtest.Empty(t)
	ownerDB := dbtest.Open(t, owner)
	role := newRole()
	run(t, ownerDB, `CREATE ROLE `+role+` LOGIN PASSWORD 'x'; GRANT CREATE ON SCHEMA public TO `+role)
	t.Cleanup(func() { _, _ = ownerDB.Exec(`DROP OWNED BY ` + role + `; DROP ROLE ` + role) })
	app := as(t, owner, role, "x")
	require.NoError(t, database.Migrate(t.Context(), app))
	db := dbtest.Open(t, app)
	text, err := database.TooMuch(t.Context(), db)
	require.NoError(t, err)
	require.NotEmpty(t, text)

	err = database.MigrateFor(t.Context(), owner, app)
	require.ErrorContains(t, err, "can't be taken over")
	run(t, ownerDB, `GRANT `+role+` TO CURRENT_USER`)
	require.NoError(t, database.MigrateFor(t.Context(), owner, app))
	_, err = db.ExecContext(t.Context(), `ALTER TABLE ledger_entries DISABLE TRIGGER ALL`)
	require.ErrorContains(t, err, "must be owner")
	text, err = database.TooMuch(t.Context(), db)
	require.NoError(t, err)
	require.Empty(t, text)
}
